"""Parts of one film ask a question once."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from crossomni.construction.models.building import CLIPS, Done
from crossomni.construction.models.films import drop_between_parts
from crossomni.construction.models.items import Item, Worked
from crossomni.construction.models.keeping import Kept, places
from crossomni.ledger import Ledger
from crossomni.records import Clip, Line
from crossomni.tasks import Task
from crossomni.testing.chat_server import ChatServer
from tests.construction.models.conftest import asked_at

pytest.importorskip("sklearn")
LINES = (Line(speaker="Ann", text="Hi.", start_seconds=0, end_seconds=1),)
ITEM = Item(id="", task=Task.parse("au-vi"), name="Ann", stem="What colour is the coat of []?",
            clue="the person who shouts", answer="red", wrong=("blue", "green", "black"))  # fmt: skip


def part(name: str, *stems: str) -> Worked:
    """Of a film, with these questions."""
    clip = Clip(id=name, show="s", episode="s01e01", start_seconds=0, end_seconds=2, lines=LINES)
    items = tuple(replace(ITEM, id=f"{name}/{place}", stem=stem) for place, stem in enumerate(stems))
    return Worked(clip=clip, annotation=None, items=items, dropped=(), asked=())


def done(folder: Path, clips: Sequence[Worked]) -> Done:
    """Clips as a run leaves them."""
    with Ledger(folder / CLIPS) as ledger:
        for one in clips:
            ledger.append({"key": one.clip.id, "is_done": True} | one.to_json())
    found = places([folder / CLIPS], {one.clip.id: one for one in clips})
    return Done(worked=Kept((one.clip, found[one.clip.id]) for one in clips), spent={}, before={}, found=0)


def test_what_another_part_asks_is_dropped(tmp_path: Path) -> None:
    """The later one; what a model was asked about the others is in their trace, and asked once."""
    clips = [
        part("f_p01", ITEM.stem),
        part("f_p02", ITEM.stem, "Which colour has the scarf of []?"),
        part("g_p01", ITEM.stem),
    ]
    with ChatServer(lambda request: "no") as server:
        models = asked_at(server)
        found = drop_between_parts(models, done(tmp_path, clips), tmp_path)
        again = drop_between_parts(models, done(tmp_path / "again", clips), tmp_path)
        assert server.requests == 1
    assert [[item.id for item in one.items] for one in found.worked] == [["f_p01/0"], ["f_p02/1"], ["g_p01/0"]]
    assert [(drop.item, drop.reason) for one in found.worked for drop in one.dropped] == [
        ("f_p02/0", "asks the same as another")
    ]
    assert [[asked.prompt for asked in item.asked] for one in found.worked for item in one.items] == [[], ["same"], []]
    assert [*found.worked] == [*again.worked]
    assert found.spent["language"].replies == 1


def test_films_of_one_part_ask_nobody(tmp_path: Path) -> None:
    """No model has to be there."""
    with ChatServer(lambda request: "no") as server:
        models = asked_at(server)
    whole = done(tmp_path, [part("f_p01", ITEM.stem), part("g_p01", ITEM.stem)])
    assert drop_between_parts(models, whole, tmp_path) is whole
