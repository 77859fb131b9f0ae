"""What a data folder tells of its making."""

from pathlib import Path

import pytest

from crossomni.construction.build import build_rows
from crossomni.construction.drafts import Dropped
from crossomni.construction.funnel import Funnel
from crossomni.construction.models.data_folder import put_in_place, told_in_card
from tests.construction.plays import annotations

pytest.importorskip("sklearn")


def test_the_card_counts_rows_by_task_and_drops_by_stage() -> None:
    """Of both splits; shortcuts are measured, and the picture is shown."""
    truth = {one.clip.id: one for one in annotations(4, seed=3)}
    built = build_rows([*truth.values()], test_share=0.5, seed=3)
    funnel = Funnel((Dropped(stage="verify", item="c/vi/1", reason="a wrong option is right"),), 40)
    told = told_in_card(built, funnel, truth.get)
    counts = [sum(str(row.task) == "au-vi" for row in rows) for rows in built.rows.values()]
    cells = [line.split(" | ")[4] for line in told.splitlines() if line.startswith(("| train |", "| test |"))]
    assert [str(count) for count in counts] == cells
    for part in ("Split `test`", "| verify | a wrong option is right | 1 |", "](funnel.png)"):
        assert part in told


def test_what_was_there_comes_back_when_the_new_one_cannot_take_its_place(tmp_path: Path) -> None:
    """And goes when it can."""
    place, new = tmp_path / "full", tmp_path / "work" / "new"
    for folder in (place, new.parent):
        folder.mkdir()
    (place / "earlier").touch()
    with pytest.raises(OSError, match="No such file"):
        put_in_place(new, place)
    assert [path.name for path in place.iterdir()] == ["earlier"]
    new.mkdir()
    (new / "later").touch()
    put_in_place(new, place)
    assert [path.name for path in place.iterdir()] == ["later"]
