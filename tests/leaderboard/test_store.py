"""Submissions in a folder and in a store of objects, received one by one and at once."""

import multiprocessing
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from crossomni.errors import InputError
from crossomni.leaderboard.board import build_board
from crossomni.leaderboard.chain import verify
from crossomni.leaderboard.receive import receive
from crossomni.leaderboard.store import Filed, Store
from tests.leaderboard.making import NOW, Made, some_labels, some_rows

ROWS = some_rows(9)
LABELS = [some_labels(ROWS)]


def made(name: str, submitter: str = "Ann") -> bytes:
    """An archive of its own."""
    return Made.of(ROWS, name=name, submitter=submitter).pack()


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An empty store, of each kind."""
    return Store.open(tmp_path / "board" if request.param == "folder" else f"memory://{uuid4().hex}/board")


def test_is_stored_under_time_and_hash(store: Store) -> None:
    """A submission's file is named by when it came and what its bytes hash to, and holds these bytes."""
    data = made("one")
    key = receive(data, store, LABELS, now=NOW)
    (filed,) = store.listed()[0]
    assert (f"20261123T120000000000Z-{key}.zip", data) == (filed.name, store.read(filed))


def test_the_same_board_from_each_kind_of_store(store: Store) -> None:
    """The board hangs on what is in the store, not on where it is."""
    for number in range(2):
        receive(made(f"name {number}"), store, LABELS, now=NOW + timedelta(seconds=number))
    board = build_board(store, LABELS)
    assert ["name 0", "name 1"] == [one.name for one in board.standings if one.labels == "hidden"]
    assert verify(store).head == board.head != ""


def test_the_same_bytes_twice(store: Store) -> None:
    """The same submission is taken once."""
    receive(made("one"), store, LABELS, now=NOW)
    with pytest.raises(InputError, match="there since 2026-11-23T12:00:00Z"):
        receive(made("one"), store, LABELS, now=NOW + timedelta(days=3))


def test_five_a_day(store: Store) -> None:
    """The sixth of one submitter on a day is refused, however the name is written; not on the next day."""
    for number in range(5):
        receive(made(f"name {number}"), store, LABELS, now=NOW)
    for who in ("Ann", "ann", "Ａｎｎ"):
        with pytest.raises(InputError, match="5 a day are taken"):
            receive(made("sixth", who), store, LABELS, now=NOW + timedelta(hours=11))
    receive(made("sixth", "Bo"), store, LABELS, now=NOW)
    receive(made("sixth"), store, LABELS, now=NOW + timedelta(hours=12))
    assert 7 == len(store.listed()[0])


def test_the_limit_can_be_set(store: Store) -> None:
    """A keeper may take fewer."""
    receive(made("one"), store, LABELS, now=NOW, a_day=1)
    with pytest.raises(InputError, match="1 a day are taken"):
        receive(made("two"), store, LABELS, now=NOW, a_day=1)


def test_without_labels_rows_are_left_for_the_board(store: Store) -> None:
    """Who has no labels can submit; the board, which has them, refuses what is on other data."""
    receive(made("one"), store, None, now=NOW)
    board = build_board(store, [some_labels(ROWS, fingerprint="6" * 64)])
    assert ["the board has labels of plays" in one.reason for one in board.refused] == [True]


def test_a_half_written_file_is_invisible(tmp_path: Path) -> None:
    """While a file is being written it has a name that nobody reads; one cut short under its own name is not shown."""
    store, data = Store.open(tmp_path), made("one")
    (tmp_path / "submissions").mkdir()
    (tmp_path / "submissions" / ".abc.part").write_bytes(data[:100])
    assert ({}, []) == store.listed()
    (tmp_path / "submissions" / Filed.of(data, NOW).name).write_bytes(data[:100])
    (refused,) = build_board(store, LABELS).refused
    assert "cut short, or changed" in refused.reason


def test_no_part_is_left_when_writing_fails(tmp_path: Path) -> None:
    """Where a file cannot be renamed nothing of it stays."""
    store, data = Store.open(tmp_path), made("one")
    (tmp_path / "submissions" / Filed.of(data, NOW).name / "in the way").mkdir(parents=True)
    with pytest.raises((OSError, InputError)):
        store.put(Filed.of(data, NOW), data)
    assert [Filed.of(data, NOW).name] == [path.name for path in (tmp_path / "submissions").iterdir()]


def test_strangers_are_told(tmp_path: Path) -> None:
    """A file of another name, a link and a folder are no submissions, and the board says so."""
    store, data = Store.open(tmp_path), made("one")
    receive(data, store, LABELS, now=NOW)
    folder = tmp_path / "submissions"
    (folder / "notes.txt").write_text("x", encoding="utf-8")
    (folder / Filed.of(data, NOW + timedelta(1)).name).symlink_to(next(folder.glob("*.zip")))
    (folder / Filed.of(data, NOW + timedelta(2)).name).mkdir()
    board = build_board(store, LABELS)
    assert 3 == len(board.refused)
    assert all("no submission's file" in one.reason for one in board.refused)
    assert 1 == sum(one.labels == "hidden" for one in board.standings)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    """A file that links to one elsewhere is not read."""
    data = made("one")
    elsewhere = tmp_path / "elsewhere.zip"
    elsewhere.write_bytes(data)
    (tmp_path / "board" / "submissions").mkdir(parents=True)
    (tmp_path / "board" / "submissions" / Filed.of(data, NOW).name).symlink_to(elsewhere)
    assert not [one for one in build_board(Store.open(tmp_path / "board"), LABELS).standings if one.labels == "hidden"]


def _send(place: str, number: int) -> None:
    store = Store.open(place)
    for part in range(3):
        receive(made(f"name {number} {part}", f"somebody {number}"), store, LABELS, now=NOW)


def test_many_at_once_never_collide(tmp_path: Path) -> None:
    """Four processes that submit at the same time: every submission is there, and the chain holds."""
    context = multiprocessing.get_context("fork")
    senders = [context.Process(target=_send, args=(str(tmp_path), number)) for number in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    found = verify(Store.open(tmp_path))
    assert (12, (), ()) == (len(found.links), found.faults, found.waiting)


@pytest.mark.parametrize("place", ["", "  ", "nowhere://x"])
def test_a_place_that_is_none(place: str) -> None:
    """A place of no known kind is refused by name."""
    with pytest.raises(InputError, match=r"wanted a folder|Give a folder"):
        Store.open(place)


def test_a_place_that_is_not_reached_is_refused() -> None:
    """In one line, with what a place may be."""
    with pytest.raises(InputError, match=r"refused\. Give a folder, or hf://"):
        Store.open("ftp://127.0.0.1:9/board")
