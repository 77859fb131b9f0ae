"""A board in a repository of the Hub, against a small stand-in of its HTTP interface."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from huggingface_hub import HfApi

from crossomni.errors import InputError
from crossomni.leaderboard.board import build_board
from crossomni.leaderboard.chain import verify
from crossomni.leaderboard.hub import propose
from crossomni.leaderboard.receive import receive, take_in_waiting
from crossomni.leaderboard.store import Filed, Store
from crossomni.testing.hub_server import HubServer
from tests.leaderboard.making import NOW, Made, some_labels, some_rows

ROWS = some_rows(9)
LABELS = [some_labels(ROWS)]
REPOSITORY = ("owner/board", "dataset")
PLACE = "hf://datasets/owner/board"


@pytest.fixture
def hub(quiet: None) -> Iterator[HubServer]:
    """The stand-in, with an empty repository."""
    with HubServer(token="hf_me") as server:
        HfApi(endpoint=server.url, token=server.token).create_repo(REPOSITORY[0], repo_type=REPOSITORY[1])
        yield server


def store_of(hub: HubServer, place: str = PLACE) -> Store:
    """The board there, as its keeper opens it."""
    return Store.open(place, endpoint=hub.url, token=hub.token, skip_instance_cache=True)


def made(name: str = "one") -> bytes:
    """An archive of its own."""
    return Made.of(ROWS, name=name).pack()


def proposed(hub: HubServer, data: bytes, place: str = PLACE, **options) -> str:
    """The address of the pull request."""
    return propose(data, place, **({"now": NOW, "endpoint": hub.url, "token": hub.token} | options))


def test_a_submission_is_a_pull_request(hub: HubServer) -> None:
    """It adds one file, and nothing is on the board before its keeper merges it."""
    assert f"{hub.url}/datasets/owner/board/discussions/1" == proposed(hub, made())
    assert {} == hub.files(*REPOSITORY)
    assert {f"submissions/{Filed.of(made(), NOW).name}": made()} == hub.files(*REPOSITORY, "refs/pr/1")
    assert not store_of(hub).exists()


def test_a_board_below_a_folder(hub: HubServer) -> None:
    """A board need not be at the top of its repository."""
    proposed(hub, made(), f"{PLACE}/boards/plays")
    hub.merge(*REPOSITORY, 1)
    assert 1 == len(store_of(hub, f"{PLACE}/boards/plays").listed()[0])


def test_merged_requests_make_the_board_and_are_taken_in(hub: HubServer) -> None:
    """Two that waited at once are both shown; the keeper takes them into the chain, which is kept there too."""
    for number in range(2):
        proposed(hub, made(f"name {number}"), now=NOW + timedelta(seconds=number))
    hub.merge(*REPOSITORY, 2)
    hub.merge(*REPOSITORY, 1)
    store = store_of(hub)
    board = build_board(store, LABELS)
    assert ["name 0", "name 1"] == [one.name for one in board.standings if one.labels == "hidden"]
    assert [] == take_in_waiting(store, LABELS, verify(store).waiting, now=NOW)
    assert (2, ()) == (len(verify(store_of(hub)).links), verify(store_of(hub)).faults)


def test_a_keeper_receives_there_as_in_a_folder(hub: HubServer) -> None:
    """The same code commits to the repository."""
    store = store_of(hub)
    key = receive(made(), store, LABELS, now=NOW)
    assert [f"submissions/20261123T120000000000Z-{key}.zip", "chain.jsonl"] == list(hub.files(*REPOSITORY))
    with pytest.raises(InputError, match="needs no second sending"):
        receive(made(), store_of(hub), LABELS, now=NOW)


def test_a_bad_submission_is_not_sent(hub: HubServer) -> None:
    """What the board would refuse is refused here."""
    with pytest.raises(InputError, match="no zip archive"):
        proposed(hub, b"no zip")
    assert ["main"] == list(hub.repository(*REPOSITORY).branches)


def test_a_hub_that_refuses(hub: HubServer) -> None:
    """Who has no right to propose is told so in one line."""
    with pytest.raises(InputError, match=r"the Hub refused it \(401: Invalid username"):
        proposed(hub, made(), token="wrong")


@pytest.mark.slow  # huggingface_hub tries for 23 s
def test_a_hub_that_is_not_there(hub: HubServer) -> None:
    """Where nobody listens nothing was sent, and the line says so."""
    with pytest.raises(InputError, match="the Hub was not reached"):
        proposed(hub, made(), endpoint="http://127.0.0.1:9")


@pytest.mark.parametrize(
    "place", ["hf://owner/board", "hf://datasets/owner", "hf://models/a/b", "hf://datasets/a/b@main"]
)
def test_a_place_that_is_no_repository(place: str) -> None:
    """Only a dataset repository has a board."""
    with pytest.raises(InputError, match="wanted hf://datasets/OWNER/NAME"):
        propose(made(), place, now=NOW)
