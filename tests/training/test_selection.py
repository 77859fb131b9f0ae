"""Which rows are trained on, and which are held out."""

from pathlib import Path

import pytest

from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.records import Row
from crossomni.training.config import SFTTraining
from crossomni.training.selection import clips_of, episode_of, hold_out, select
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
