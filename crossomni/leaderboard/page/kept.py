"""The board as what caches go by: equal to itself alone, so that nothing of an old board is given for a new one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from crossomni.leaderboard.board import Board, Standing

_T = TypeVar("_T")


def remembered(size: int, make: Callable[..., _T]) -> Callable[..., _T]:
    """``make`` with its last results about one board kept; what is asked of another board takes their place.

    Its first argument is that board, as ``Kept``. One call runs at a time: readers who come at once do not all make the
    same.
    """
    found, one_at_a_time = lru_cache(maxsize=size)(make), threading.Lock()
    last: list[Kept] = []

    def get(kept: Kept, *asked: object) -> _T:
        with one_at_a_time:
            if last != [kept]:
                found.cache_clear()
                last[:] = [kept]
            return found(kept, *asked)

    return get


class Kept:
    """A board, and its systems by key."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self._by_key = {standing.key: standing for standing in board.standings}

    def one(self, key: str) -> Standing | None:
        """The system with this key."""
        return self._by_key.get(key)

    def alone(self, standing: Standing) -> Board:
        """A board of one system, for its own downloads."""
        return Board(standings=(standing,), refused=(), head=self.board.head)


class Latest:
    """Gives the same ``Kept`` as long as the board is the same one."""

    def __init__(self, board: Callable[[], Board]) -> None:
        self._board = board
        self._kept = Kept(board())

    def __call__(self) -> Kept:
        """The board as it is now."""
        board, kept = self._board(), self._kept
        if kept.board is not board:
            self._kept = kept = Kept(board)
        return kept
