"""Hostile submissions are refused, each with one line that its submitter can act on."""

import re
from functools import cache
from pathlib import Path

import pytest

from crossomni.errors import InputError
from crossomni.leaderboard.board import build_board
from crossomni.leaderboard.receive import receive
from crossomni.leaderboard.store import Filed, Store
from tests.leaderboard.hostile import KINDS, Kind
from tests.leaderboard.making import NOW, Made, some_labels

ACTS = re.compile(
    r"[.] (Make|Send|Shorten|Write|Take|Leave|Give|Submit|Evaluate|Run|Pack|Set|Name|Replies|A submission|Bring)\b"
)
GOOD = Made.of()


@cache
def _spoiled(kind: Kind) -> bytes:
    return kind.make(GOOD.copy())


def test_the_good_one_is_taken(tmp_path: Path) -> None:
    """The submission that all hostile ones are made from is taken."""
    key = receive(GOOD.pack(), Store.open(tmp_path), [some_labels()], now=NOW)
    assert [key] == [filed.key for filed in Store.open(tmp_path).listed()[0]]


def test_the_corpus_is_large() -> None:
    """There are at least forty kinds, each with its own bytes."""
    assert len(KINDS) >= 40
    assert len({_spoiled(kind) for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_is_refused(kind: Kind, tmp_path: Path) -> None:
    """The submission is refused in one plain line that says why and what to do, and nothing is stored."""
    with pytest.raises(InputError) as refused:
        receive(_spoiled(kind), Store.open(tmp_path / "board"), [some_labels()], now=NOW)
    line = str(refused.value)
    assert kind.reason in line
    assert line.isprintable()
    assert len(line) < 450
    assert ACTS.search(line)
    assert not (tmp_path / "board").exists()


def test_a_board_loads_whatever_lies_in_its_folder(tmp_path: Path) -> None:
    """All of them put into the folder by hand: the board shows the good one, and says why each other is not shown."""
    store = Store.open(tmp_path)
    receive(GOOD.pack(), store, [some_labels()], now=NOW)
    for kind in KINDS:
        if kind.name != "too_large_an_archive":
            data = _spoiled(kind)
            (tmp_path / "submissions" / Filed.of(data, NOW).name).write_bytes(data)
    board = build_board(store, [some_labels()])
    assert ["Ear and Eye"] == [one.name for one in board.standings if one.labels != "published"]
    assert len(KINDS) - 1 == len(board.refused)
    assert all(one.reason.isprintable() for one in board.refused)
