"""What is kept of a board is never given for another one."""

import threading

from crossomni.leaderboard.board import Board
from crossomni.leaderboard.page.kept import Kept, Latest, remembered
from tests.leaderboard.page.boards import a_board, a_standing

LONG = 30.0


def test_a_new_board_takes_the_old_ones_place() -> None:
    """Also where it has the same standings: what it refused may differ."""
    boards = [a_board(a_standing(1)), a_board(a_standing(1))]
    shown: list[Board] = [boards[0]]
    latest = Latest(lambda: shown[-1])
    first = latest()
    assert first is latest()
    shown.append(boards[1])
    assert boards[1] is latest().board


def test_a_result_is_made_once_for_a_board() -> None:
    """And again for the next one, whose results alone are kept."""
    made: list[tuple[Kept, object]] = []
    get = remembered(8, lambda kept, name: made.append((kept, name)) or len(made))
    old, new = Kept(a_board(a_standing(1))), Kept(a_board(a_standing(2)))
    assert [1, 1, 2] == [get(old, "a"), get(old, "a"), get(old, "b")]
    assert [3, 3] == [get(new, "a"), get(new, "a")]
    assert get(old, "a") == 4


def test_readers_who_come_at_once_do_not_all_make_it() -> None:
    """The others wait for the first one's."""
    made, all_there = [], threading.Barrier(8)
    get = remembered(8, lambda kept: made.append(kept) or "page")
    kept = Kept(a_board(a_standing(1)))

    def read() -> None:
        all_there.wait(LONG)
        get(kept)

    readers = [threading.Thread(target=read) for _ in range(8)]
    for one in readers:
        one.start()
    for one in readers:
        one.join()
    assert [kept] == made
