"""Who audits a board sees that a file was changed, removed or put in between."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from crossomni.errors import DataError
from crossomni.leaderboard.board import build_board
from crossomni.leaderboard.chain import read_chain, verify
from crossomni.leaderboard.receive import receive, take_in_waiting
from crossomni.leaderboard.store import Filed, Store
from tests.leaderboard.making import NOW, Made, some_labels, some_rows

ROWS = some_rows(9)
LABELS = [some_labels(ROWS)]


def made(name: str) -> bytes:
    """An archive of its own."""
    return Made.of(ROWS, name=name).pack()


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A board with three submissions; tests take a copy."""
    folder = tmp_path_factory.mktemp("chain") / "board"
    for number in range(3):
        receive(made(f"name {number}"), Store.open(folder), LABELS, now=NOW + timedelta(minutes=number))
    return folder


@pytest.fixture
def board(three: Path, tmp_path: Path) -> Path:
    """A copy that may be spoiled."""
    return Path(shutil.copytree(three, tmp_path / "board"))


def files(board: Path) -> list[Path]:
    """Its submissions, the oldest first."""
    return sorted((board / "submissions").glob("*.zip"))


def faults(board: Path, head: str = "") -> tuple[str, ...]:
    """What an audit finds."""
    return verify(Store.open(board), head).faults


def test_nothing_is_found_where_nothing_was_done(board: Path) -> None:
    """A board that was left alone has three links and no fault."""
    found = verify(Store.open(board))
    assert (3, ()) == (len(found.links), found.faults)


def test_a_changed_file(board: Path) -> None:
    """One changed byte is found."""
    file = files(board)[1]
    data = bytearray(file.read_bytes())
    data[50] ^= 1
    file.chmod(0o644)
    file.write_bytes(data)
    assert "not those that its name tells" in faults(board)[0]


def test_a_removed_file(board: Path) -> None:
    """A submission that is gone is found, by the audit and on the board."""
    files(board)[1].unlink()
    assert "was removed" in faults(board)[0]
    assert ["is not there" in one.reason for one in build_board(Store.open(board), LABELS).refused] == [True]


def test_an_exchanged_file(board: Path) -> None:
    """Another submission in the place of one, under a name of its own, is found twice."""
    files(board)[1].unlink()
    data = made("exchanged")
    (board / "submissions" / Filed.of(data, NOW + timedelta(minutes=1)).name).write_bytes(data)
    found = verify(Store.open(board))
    assert (1, 1) == (len(found.faults), len(found.doubtful))


def test_a_bad_file_outside_the_chain_stops_no_audit(board: Path) -> None:
    """It is told; what waits beside it is taken in, also what was merged late."""
    store = Store.open(board)
    good, bad = made("late"), b"no zip"
    for data in (good, bad):
        (board / "submissions" / Filed.of(data, NOW + timedelta(seconds=30)).name).write_bytes(data)
    (board / "submissions" / Filed.of(bad, NOW + timedelta(hours=1)).name).write_bytes(b"cut")
    refused = take_in_waiting(store, LABELS, verify(store).waiting, now=NOW + timedelta(hours=3))
    found = verify(store)
    assert (2, 4, ()) == (len(refused), len(found.links), found.faults)
    assert any("not those that its name tells" in line for line in found.doubtful)


def test_a_file_put_in_between(board: Path) -> None:
    """A file dated before the last that was taken in, and not in the chain, is found."""
    data = made("late")
    (board / "submissions" / Filed.of(data, NOW + timedelta(seconds=30)).name).write_bytes(data)
    found = verify(Store.open(board))
    assert "dated before the last" in found.doubtful[0]
    assert () == found.faults


@pytest.mark.parametrize("line", [0, 1])
def test_a_line_taken_out_of_the_chain(board: Path, line: int) -> None:
    """A chain without one of its first lines does not follow."""
    lines = (board / "chain.jsonl").read_bytes().splitlines(keepends=True)
    del lines[line]
    (board / "chain.jsonl").write_bytes(b"".join(lines))
    assert "lines were removed or put in" in faults(board)[0]


def test_a_changed_line(board: Path) -> None:
    """A line with another time has another hash."""
    text = (board / "chain.jsonl").read_text(encoding="utf-8")
    (board / "chain.jsonl").write_text(text.replace("12:01:00Z", "12:00:30Z", 1), encoding="utf-8")
    assert "was changed" in faults(board)[0]


def test_a_chain_cut_off_at_its_end(board: Path) -> None:
    """It follows, and only who noted the head, and the files that are not in it, give it away."""
    head = verify(Store.open(board)).head
    lines = (board / "chain.jsonl").read_bytes().splitlines(keepends=True)
    (board / "chain.jsonl").write_bytes(b"".join(lines[:2]))
    files(board)[2].unlink()
    assert () == faults(board)
    assert "does not go through the head" in faults(board, head)[0]


def test_an_older_head_is_gone_through(board: Path) -> None:
    """A head that was noted before the board grew is still in the chain."""
    head = verify(Store.open(board)).head
    receive(made("four"), Store.open(board), LABELS, now=NOW + timedelta(minutes=9))
    assert () == faults(board, head)


def test_a_torn_line_stops_no_board(board: Path) -> None:
    """The board is shown without a head, and says what is wrong; nothing more is taken in."""
    with (board / "chain.jsonl").open("ab") as file:
        file.write(b'{"number": 4')
    made_board = build_board(Store.open(board), LABELS)
    assert ("", 3) == (made_board.head, sum(one.labels == "hidden" for one in made_board.standings))
    assert "torn" in made_board.refused[0].reason
    with pytest.raises(DataError, match="torn"):
        receive(made("five"), Store.open(board), LABELS, now=NOW)


def test_merged_files_are_taken_in(board: Path) -> None:
    """What came as a pull request waits, and is in the chain once it was taken in; what is no submission stays out."""
    store = Store.open(board)
    for place, data in enumerate((made("merged"), b"no zip")):
        (board / "submissions" / Filed.of(data, NOW + timedelta(hours=place + 1)).name).write_bytes(data)
    waiting = verify(store).waiting
    assert 2 == len(waiting)
    refused = take_in_waiting(store, LABELS, waiting, now=NOW + timedelta(hours=3))
    assert ["no zip archive" in line for line in refused] == [True]
    assert (4, 1) == (len(verify(store).links), len(verify(store).waiting))


@pytest.mark.parametrize(
    "line", [b"[]\n", b"{}\n", b"x\n", b"[" * 1900 + b"\n", b'{"number": ' + b"1" * 3000 + b"}\n"], ids=repr
)
def test_a_line_that_is_none(line: bytes) -> None:
    """Whatever stands in the chain's file, it is refused by its line."""
    with pytest.raises(DataError, match=r"chain\.jsonl, line 1"):
        read_chain(line)
