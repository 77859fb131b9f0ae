"""Clips that are done, read one by one."""

import gc
import weakref
from pathlib import Path

import pytest

from crossomni.construction.drafts import Dropped
from crossomni.construction.models.items import Worked
from crossomni.construction.models.keeping import Kept, places
from crossomni.errors import RunError
from crossomni.ledger import Ledger
from crossomni.records import Clip, Line

LINES = (Line(speaker="Ann", text="Hi.", start_seconds=0, end_seconds=1),)
CLIP = Clip(id="c", show="s", episode="s01e01", start_seconds=0, end_seconds=2, lines=LINES)


def worked(reason: str) -> Worked:
    """A clip that was dropped for this reason."""
    return Worked(
        clip=CLIP, annotation=None, items=(), dropped=(Dropped(stage="check", item="c", reason=reason),), asked=()
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Three records, two of the same clip."""
    with Ledger(tmp_path / "clips.jsonl") as ledger:
        for key, reason in (("a", "é"), ("b", "first"), ("b", "second")):
            ledger.append({"key": key, "is_done": reason != "first"} | worked(reason).to_json())
    return tmp_path / "clips.jsonl"


def test_the_later_record_stands(path: Path) -> None:
    """Each is read at its own place."""
    found = places([path], {"a": 1, "b": 1, "c": 1})
    kept = Kept((CLIP, found[key]) for key in ("b", "a"))
    assert [one.dropped[0].reason for one in kept] == ["second", "é"]
    assert [place.is_done for place in found.values()] == [True, True]
    assert kept.names == ("c", "c")
    assert kept.silent == ()


def test_a_torn_last_line_is_none(path: Path) -> None:
    """A kill left it."""
    with path.open("a") as file:
        file.write('{"key": "c", "is_do')
    assert set(places([path], {"a": 1, "b": 1, "c": 1})) == {"a", "b"}


def test_a_damaged_line_is_named(path: Path) -> None:
    """With its number."""
    path.write_text("{}\nnone\n")
    with pytest.raises(RunError, match="line 2"):
        places([path], {"a": 1})


def test_nothing_of_a_clip_stays(path: Path) -> None:
    """It is read again when it is asked for again."""
    found = places([path], {"a": 1})
    kept = Kept([(CLIP, found["a"])])
    seen = weakref.ref(kept[0].dropped[0])
    gc.collect()
    assert seen() is None
