"""The board is made anew when the store changed, and stays there when it cannot be."""

import threading

from crossomni.errors import InputError
from crossomni.leaderboard.board import Board
from crossomni.leaderboard.page.watch import Watch
from tests.leaderboard.page.boards import a_board, a_standing

SOON = 0.01
LONG = 30.0


class Shelf:
    """A store of numbers, and how often a board was made of it."""

    def __init__(self) -> None:
        self.there = [1]
        self.built = 0
        self.broken = False
        self.again = threading.Event()

    def look(self) -> object:
        """What is there."""
        return tuple(self.there)

    def build(self) -> Board:
        """A board of it."""
        self.built += 1
        if self.built > 1:
            self.again.set()
        if self.broken:
            raise InputError("the store cannot be reached")
        return a_board(*map(a_standing, self.there))


def test_a_board_is_built_once_until_something_comes() -> None:
    """Looking costs nothing."""
    shelf = Shelf()
    watch = Watch(shelf.look, shelf.build, every_seconds=LONG)
    first = watch.board
    assert first is watch.refresh()
    shelf.there.append(2)
    assert [1, 2] == [int(one.key, 16) for one in watch.refresh().standings]
    assert shelf.built == 2


def test_the_store_is_looked_at_now_and_then() -> None:
    """Whoever changed it."""
    shelf = Shelf()
    watch = Watch(shelf.look, shelf.build, every_seconds=SOON)
    watch.start()
    shelf.there.append(2)
    assert shelf.again.wait(LONG)
    watch.stop()
    assert len(watch.board.standings) == 2


def test_readers_keep_the_board_when_the_next_one_cannot_be_built() -> None:
    """And get the new one once it can."""
    shelf = Shelf()
    watch = Watch(shelf.look, shelf.build, every_seconds=SOON)
    shelf.there.append(2)
    shelf.broken = True
    watch.start()
    assert shelf.again.wait(LONG)
    assert len(watch.board.standings) == 1
    shelf.broken = False
    while len(watch.board.standings) == 1:
        shelf.again.wait(SOON)
    watch.stop()
