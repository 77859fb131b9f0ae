"""What is answered beside the Gradio page: downloads, pages, submissions."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from crossomni.errors import DataError, InputError
from crossomni.leaderboard.board import standing_of
from crossomni.leaderboard.page.doors import Doors
from tests.leaderboard.page.boards import a_board, a_standing, published

ONE = a_standing(1)
BOARD = a_board(ONE, published(2, key="published/7/Qwen2.5-Omni-7B GRPO", name="Qwen2.5-Omni-7B GRPO"))


def submit(data: bytes) -> str:
    """Takes one archive, and fails by name."""
    if data == b"down":
        raise DataError("the chain is torn")
    if data != b"good":
        raise InputError("it is no zip. Send an archive.")
    return "k" * 64


@pytest.fixture(scope="module")
def client() -> Any:
    """The doors, without the page."""
    testclient, applications = (
        pytest.importorskip("starlette.testclient"),
        pytest.importorskip("starlette.applications"),
    )
    return testclient.TestClient(applications.Starlette(routes=Doors(lambda: BOARD, submit, 20).routes()))


def test_the_board_can_be_taken_as_json_and_csv(client: Any) -> None:
    """All of it; the JSON is a board again."""
    read = client.get("/board.json").json()
    assert BOARD.standings[0] == standing_of(read["standings"][0])
    lines = list(csv.DictReader(io.StringIO(client.get("/board.csv").text)))
    assert [one.name for one in BOARD.standings] == [line["name"] for line in lines]


def test_a_system_can_be_taken_as_json_and_csv(client: Any) -> None:
    """Itself alone."""
    assert ONE == standing_of(client.get(f"/system/{ONE.key}.json").json())
    lines = list(csv.DictReader(io.StringIO(client.get(f"/system/{ONE.key}.csv").text)))
    assert [ONE.key] == [line["key"] for line in lines]


def test_a_key_of_the_paper_is_an_address_too(client: Any) -> None:
    """It has slashes, dots and spaces."""
    page = client.get("/system/published/7/Qwen2.5-Omni-7B%20GRPO")
    assert page.status_code == 200
    assert "A line of the paper" in page.text


def test_plain_pages_let_nothing_run(client: Any) -> None:
    """By the browser's own rules, were markup ever to get through."""
    for path in (f"/system/{ONE.key}", f"/compare?a={ONE.key}&b={ONE.key}"):
        assert client.get(path).headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("path", ["/system/none", "/system/none.json", "/system/none.csv", "/compare?a=x", "/compare"])
def test_what_is_not_there_is_not_found(client: Any, path: str) -> None:
    """And says where to look."""
    answer = client.get(path)
    assert (answer.status_code, "board.csv" in answer.text) == (404, True)


def test_another_sites_page_cannot_submit(client: Any) -> None:
    """In the name of whoever reads it, from inside their network."""
    answer = client.post("/submissions", content=b"good", headers={"Sec-Fetch-Site": "cross-site"})
    assert (403, "another site's page") == (answer.status_code, answer.json()["reason"][:19])


def test_more_archives_than_there_is_room_for_are_sent_away() -> None:
    """Those that are on their way are held in memory; who comes later is told to come again."""
    doors, waits = Doors(lambda: BOARD, submit, 20), asyncio.Event()

    class Slow:
        headers: Mapping[str, str] = {}

        async def stream(self) -> AsyncIterator[bytes]:
            await waits.wait()
            yield b"good"

    async def crowd() -> list[int]:
        coming = [asyncio.ensure_future(doors.submission(Slow())) for _ in range(16)]
        await asyncio.sleep(0)
        late = await doors.submission(Slow())
        waits.set()
        return [late.status_code, *(one.status_code for one in await asyncio.gather(*coming))]

    assert [503, *[201] * 16] == asyncio.run(crowd())


@pytest.mark.parametrize(
    ("data", "status", "said"),
    [(b"good", 201, "k" * 64), (b"bad", 422, "it is no zip. Send an archive."), (b"x" * 21, 413, "more than 20 bytes"),
     (b"down", 503, "the chain is torn")],
)  # fmt: skip
def test_a_submission_is_answered_by_its_key_or_the_reason(client: Any, data: bytes, status: int, said: str) -> None:
    """And by a status of its own."""
    answer = client.post("/submissions", content=data)
    assert status == answer.status_code
    assert said in answer.text
