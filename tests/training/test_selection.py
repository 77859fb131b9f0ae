"""Which rows are trained on, and which are held out."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.records import Row
from crossomni.training.config import GRPOTraining, SFTTraining
from crossomni.training.selection import Selection, clips_of, episode_of, hold_out, select
from tests.small_corpus import a_row


def rows(episodes: int = 10, each: int = 4) -> tuple[Row, ...]:
    """Two clips an episode."""
    return tuple(
        a_row(number, f"clip{episode}_{number % 2}", "train", episode=f"e{episode}")
        for episode in range(episodes)
        for number in range(each)
    )


def test_no_episode_is_on_both_sides() -> None:
    """Every row is on one side, in the order it came."""
    made = rows()
    trained, held = hold_out(made, 0.25, 0)
    assert not {*map(episode_of, trained)} & {*map(episode_of, held)}
    assert [*made] == sorted((*trained, *held), key=made.index)
    assert 12 == len(held)  # three episodes: two hold 8 of 40 rows, which is less than a quarter


@pytest.mark.parametrize("share", [0.001, 0.99])
def test_one_episode_at_least_is_held_out_and_one_is_trained_on(share: float) -> None:
    """However small or large the share."""
    trained, held = hold_out(rows(2), share, 0)
    assert (4, 4) == (len(trained), len(held))


def test_nothing_is_held_out_of_one_episode_or_for_no_share() -> None:
    """There is nothing to part."""
    assert () == hold_out(rows(1), 0.5, 0)[1]
    assert () == hold_out(rows(), 0, 0)[1]


def test_the_seed_decides_and_the_order_of_rows_does_not() -> None:
    """The same episodes from rows in any order; others by another seed."""
    made = rows()
    held = {row.id for row in hold_out(made, 0.2, 1)[1]}
    assert held == {row.id for row in hold_out(made[::-1], 0.2, 1)[1]}
    assert any(held != {row.id for row in hold_out(made, 0.2, seed)[1]} for seed in range(2, 6))


def test_a_share_that_is_none_is_refused() -> None:
    """All rows cannot be held out."""
    with pytest.raises(InputError, match="held_out is 1"):
        hold_out(rows(), 1, 0)


def test_rows_are_drawn_from_what_is_not_held_out() -> None:
    """As many are trained on as were asked for."""
    chosen = select(SFTTraining(model="m", out=Path("o"), rows=90, held_out=0.2), corpus := Corpus.open("playhouse"))
    assert 90 == len(chosen.trained)
    assert 0.2 * len(corpus.rows("train")) <= len(chosen.held_out)
    assert not {*clips_of(chosen.trained)} & {*clips_of(chosen.held_out)}


def test_more_rows_than_are_left_are_refused() -> None:
    """The line says how many are held out, and how many can be had."""
    with pytest.raises(InputError, match=r"--rows is 982; train has 180 rows, 20 of them held out. Take --rows 160"):
        select(SFTTraining(model="m", out=Path("o"), rows=982), Corpus.open("playhouse"))


def named(tmp_path: Path, text: str, **changes: Any) -> Selection:
    """What a training on a file of ids selects."""
    file = tmp_path / "ids.txt"
    file.write_text(text, encoding="utf-8")
    return select(SFTTraining(**{"model": "m", "out": Path("o"), "ids": file, **changes}), Corpus.open("playhouse"))


def lines(rows: Iterable[Row]) -> str:
    """Their ids, as crossomni sample writes them."""
    return "".join(f"{row.id}\n" for row in rows)


def test_rows_are_those_that_a_file_names(tmp_path: Path) -> None:
    """In the data's order; all of them, whatever is held out."""
    rows = Corpus.open("playhouse").rows("train")[3:9]
    found = named(tmp_path, f"\ufeff{lines(rows[::-1])}\r\n")
    assert rows == found.trained
    assert not {*map(episode_of, found.trained)} & {*map(episode_of, found.held_out)}
    assert () == found.notes


def test_a_files_rows_and_a_draw_hold_out_the_same(tmp_path: Path) -> None:
    """A training on the ids of crossomni sample --held-out is the one that draws them itself."""
    corpus = Corpus.open("playhouse")
    drawn = select(SFTTraining(model="m", out=Path("o"), rows=18, held_out=0.2, seed=3), corpus)
    found = named(tmp_path, lines(drawn.trained), held_out=0.2, seed=3)
    assert ({*drawn.trained}, drawn.held_out) == ({*found.trained}, found.held_out)


def test_what_cannot_be_held_out_beside_a_files_rows_is_told(tmp_path: Path) -> None:
    """Where they are of all episodes, none is left to be watched."""
    found = named(tmp_path, lines(Corpus.open("playhouse").rows("train")))
    assert () == found.held_out
    (note,) = found.notes
    assert note.startswith("0 rows are held out, fewer than 5% of train")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"names no row; wanted an id a line"),
        ("\n \n", r"names no row"),
        ("{0}\n{1}\n{0}\n", r"line 3 has '.*' again, from line 1"),
        ("{0}\nnobody\nnothing\n", r"2 of 3 ids are of no row of train; 'nobody' is in none \(line 2\)"),
        ("{0}\n{other}\n", r"1 of 2 ids are of no row of train; '.*' is of test \(line 2\)"),
    ],
)
def test_ids_that_are_none_are_refused(text: str, said: str, tmp_path: Path) -> None:
    """In one line, with the place in the file."""
    corpus = Corpus.open("playhouse")
    first, second = corpus.rows("train")[:2]
    with pytest.raises(InputError, match=said) as told:
        named(tmp_path, text.format(first.id, second.id, other=corpus.rows("test")[0].id))
    assert "\n" not in str(told.value)


def test_a_file_of_ids_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """It is not there, or is no text."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name, said in (("none", "No such file"), ("binary", "no text in UTF-8")):
        with pytest.raises(InputError, match=f"cannot be read .*{said}"):
            select(SFTTraining(model="m", out=Path("o"), ids=tmp_path / name), Corpus.open("playhouse"))


def test_a_file_of_ids_and_a_number_of_rows_are_not_both_taken() -> None:
    """One of them would not be what was asked for; without either GRPO draws the paper's 982."""
    given: dict[str, Any] = {"model": "m", "out": Path("o")}
    with pytest.raises(InputError, match="wanted one of the two"):
        SFTTraining(**given, rows=3, ids=Path("ids.txt"))
    assert (982, None, None, 5) == tuple(
        GRPOTraining(**given, **more).drawn for more in ({}, {"ids": Path("i")}, {"rows": 0}, {"rows": 5})
    )
    assert (None, None) == (SFTTraining(**given).drawn, SFTTraining(**given, rows=0).drawn)


def test_rows_are_of_the_tasks_that_are_named() -> None:
    """Trained on and held out alike; all nine where none is named."""
    chosen = select(SFTTraining(model="m", out=Path("o"), tasks="au, vi-au", held_out=0.2), Corpus.open("playhouse"))
    assert {"au", "vi-au"} == {row.task.id for row in chosen.trained if row.task is not None}
    assert {"au", "vi-au"} == {row.task.id for row in chosen.held_out if row.task is not None}


def test_rows_are_those_whose_ids_are_of_the_pattern() -> None:
    """Beside the tasks, and held out alike; a pattern of none is refused."""
    given: dict[str, Any] = {"model": "m", "out": Path("o"), "tasks": "vi", "held_out": 0.2}
    chosen = select(SFTTraining(**given, only="*/vi/1/*"), Corpus.open("playhouse"))
    assert chosen.held_out
    assert all("/vi/1/" in row.id for row in chosen.rows)
    with pytest.raises(InputError, match=r"none of .* rows has an id of this pattern"):
        select(SFTTraining(**given, only="*/au/*"), Corpus.open("playhouse"))


@pytest.mark.parametrize(
    ("tasks", "said"), [("au,xx", "--tasks has 'xx'; wanted some of"), ("au,au", "au twice"), ("te,", "has ''")]
)
def test_tasks_that_are_not_there_are_refused(tasks: str, said: str) -> None:
    """In one line."""
    with pytest.raises(InputError, match=said):
        select(SFTTraining(model="m", out=Path("o"), tasks=tasks), Corpus.open("playhouse"))


def test_tasks_beside_ids_are_those_that_are_held_out(tmp_path: Path) -> None:
    """A file names the rows that are trained on, whatever their task."""
    te = [row for row in Corpus.open("playhouse").rows("train") if row.task is not None and row.task.id == "te"][:2]
    found = named(tmp_path, lines(te), tasks="au", held_out=0.2)
    assert (tuple(te), {"au"}) == (found.trained, {row.task.id for row in found.held_out if row.task is not None})
