"""The board in Debian's Chromium: submit, see the row, sort, filter, open the details, compare two systems."""

import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crossomni.leaderboard.labels import Labels
from crossomni.leaderboard.receive import receive
from crossomni.leaderboard.store import Store
from tests.leaderboard.making import Made

pytestmark = pytest.mark.slow

NASTY = "<img src=x onerror='window.hacked = 1'> ${window.hacked = 2} {{7*7}} $x^2$"
SECONDS = 120  # that anything may take on a machine that is busy
AGAIN = 3  # seconds until a click whose effect does not show is repeated


def a_submission(labels: Labels, right: float, **about: Any) -> bytes:
    """An archive that answers this share of the rows right; the rest wrong."""
    rows = list(labels.rows.values())
    data = {"name": labels.data, "split": labels.split, "fingerprint": labels.fingerprint, "rows": len(rows)}
    made = Made.of(rows, data=data, fingerprints={"data": labels.fingerprint, "model": ""}, **about)
    for place, line in enumerate(made.lines):
        if place * 7 % 100 >= 100 * right:
            line["reply"] = "B" if line["reply"] == "A" else "A"
    return made.pack()


@pytest.fixture(scope="module")
def labels() -> Labels:
    """Those of the shipped playhouse, which every board knows."""
    return Labels.playhouse()


@pytest.fixture(scope="module")
def address(labels: Labels, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server in a process of its own, with three systems beside the paper's."""
    folder = tmp_path_factory.mktemp("board")
    systems = [("modest", 0.4, "default"), ("good", 0.9, "icl"), (NASTY, 0.6, "cot")]
    for name, right, prompt in systems:
        said = {"name": name, "submitter": name, "notes": name, "prompt": prompt}
        receive(a_submission(labels, right, **said), Store.open(folder), (labels,), now=datetime.now(UTC))
    command = [sys.executable, "-m", "crossomni", "leaderboard", "serve", str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        said = server.stdout.readline() if server.stdout else ""
        found = re.match(r"Open (http://127\.0\.0\.1:\d+/) in a browser", said)
        assert found, said + (server.stderr.read() if server.stderr else "")
        yield found[1]
        server.send_signal(signal.SIGINT)
        errors = server.communicate(timeout=SECONDS)[1]
        assert server.returncode == 130, errors
        assert "Traceback" not in errors


class Reader:
    """Somebody at the board, in a browser profile of their own."""

    def __init__(self, browser: Any, address: str) -> None:
        self.address = address
        self.context = browser.new_context(viewport={"width": 1280, "height": 860})
        self.page = self.context.new_page()
        self.page.set_default_timeout(1000 * SECONDS)
        self.asked: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(address)
        self.page.wait_for_selector("table.board")  # comes with the first answer: from now on clicks are heard

    @property
    def names(self) -> list[str]:
        """The systems in the order of the table."""
        return [str(text) for text in self.page.locator("table.board td.name a").all_inner_texts()]

    def until(self, holds: Callable[[], bool], does: Callable[[], None]) -> None:
        """Do something until its effect shows; a click may be lost while the page is still being put together."""
        for _ in range(SECONDS // AGAIN):
            does()
            for _ in range(AGAIN * 20):
                if holds():
                    return
                self.page.wait_for_timeout(50)
        raise AssertionError(f"nothing came of it; the table shows {self.names[:5]}")


@pytest.fixture
def reader(browser: Any, address: str) -> Iterator[Reader]:
    """At the board's first page."""
    one = Reader(browser, address)
    yield one
    one.context.close()


def test_a_heads_click_sorts_within_a_section(reader: Reader) -> None:
    """By overall at first; the paper's lines stay below, whatever they reach."""
    assert ["good", NASTY[:59], "modest"] == [name[:59] for name in reader.names[:3]]
    head = reader.page.locator("table.board th.c-overall")
    reader.until(lambda: head.get_attribute("aria-sort") == "ascending", head.locator("button").click)
    assert ["modest", NASTY[:59], "good"] == [name[:59] for name in reader.names[:3]]
    assert reader.page.locator("tbody.published tr[data-key]").count() > 30
    assert "Published in the paper" in reader.page.inner_text("tbody.published .section")


def test_filters_leave_out_what_does_not_fit(reader: Reader) -> None:
    """By text, and by a choice."""
    box = reader.page.locator("#text input, #text textarea")
    reader.until(lambda: reader.names == ["modest"], lambda: box.fill("modest"))
    reader.until(lambda: len(reader.names) > 40, lambda: box.fill(""))

    def choose() -> None:
        reader.page.click("#labels input")
        reader.page.click("#labels [role=option]:has-text('open')")

    reader.until(lambda: len(reader.names) == 3, choose)


def test_a_submission_is_seen(reader: Reader, labels: Labels, tmp_path: Path) -> None:
    """Its key comes back, its row is there, and its own page tells all; sent again it is refused with the reason."""
    archive = tmp_path / "best.zip"
    archive.write_bytes(a_submission(labels, 1.0, name="the best", submitter="Zoe"))

    def send() -> None:
        if not reader.page.locator("#file").is_visible():
            reader.page.click("button[role=tab]:has-text('Submit')")
        reader.page.set_input_files("#file input[type=file]", archive)
        reader.page.wait_for_selector("#file :text('best.zip')")
        reader.page.click("#send")

    def answered(*texts: str) -> Callable[[], bool]:
        return lambda: any(reader.page.locator(f"#answer :text('{text}')").count() for text in texts)

    # Where the first answer was long in coming, it was sent twice.
    reader.until(answered("Received as", "is there since"), send)
    reader.page.click("button[role=tab]:has-text('Board')")
    reader.page.wait_for_selector("table.board td.name a:has-text('the best')")
    assert reader.names[0] == "the best"
    reader.page.click("button[role=tab]:has-text('Submit')")
    reader.until(answered("is there since"), send)
    reader.page.click("button[role=tab]:has-text('Board')")
    reader.page.click("table.board td.name a:has-text('the best')")
    reader.page.wait_for_selector("h1:has-text('the best')")
    assert "Zoe" in reader.page.inner_text("body")
    assert "100.00" in reader.page.inner_text("table")
    assert re.search(r"/system/[0-9a-f]{64}$", reader.page.url)


def test_a_file_that_is_no_submission_is_refused(reader: Reader, tmp_path: Path) -> None:
    """With the reason, as text."""
    (tmp_path / "<b>x.zip").write_bytes(b"<img src=x onerror='window.hacked = 4'>")

    def send() -> None:
        if not reader.page.locator("#file").is_visible():
            reader.page.click("button[role=tab]:has-text('Submit')")
        reader.page.set_input_files("#file input[type=file]", tmp_path / "<b>x.zip")
        reader.page.wait_for_selector("#file :text('x')")
        reader.page.click("#send")

    reader.until(lambda: reader.page.locator("#answer .bad").count() == 1, send)
    assert "zip" in reader.page.inner_text("#answer .bad")
    assert reader.page.evaluate("window.hacked") is None


def test_two_systems_are_compared(reader: Reader) -> None:
    """Ticked in the table, wherever they stand after it was sorted; the page shows differences with intervals."""
    reader.page.check("tr:has-text('good') input[data-pick] >> nth=0")
    head = reader.page.locator("table.board th.c-name")
    reader.until(lambda: head.get_attribute("aria-sort") == "ascending", head.locator("button").click)
    assert reader.page.is_checked("tr:has-text('good') input[data-pick] >> nth=0")
    reader.page.check("tr:has-text('modest') input[data-pick] >> nth=0")
    reader.page.click("#picked a.go")
    reader.page.wait_for_selector("h1:has-text('Two systems')")
    told = reader.page.inner_text("table >> nth=0")
    assert re.search(
        r"Overall\s+\d+\.\d\d\s+[\d.]+ to [\d.]+\s+\d+\.\d\d\s+[\d.]+ to [\d.]+\s+[+-]\d+\.\d\d\s+[+-]", told
    )
    assert reader.page.locator("svg").count() == 1


def test_markup_does_not_run_and_nothing_is_asked_of_others(reader: Reader) -> None:
    """On the board, in its pictures, and on a system's own page."""
    for tab, there in (("Pictures", "#pictures svg"), ("About", "#about h3"), ("Board", "table.board")):
        click = reader.page.locator(f"button[role=tab]:has-text('{tab}')").click
        reader.until(lambda there=there: reader.page.locator(there).first.is_visible(), click)  # type: ignore[misc]
    reader.page.click("table.board td.name a:has-text('<img')")
    reader.page.wait_for_selector("h1")
    assert NASTY == reader.page.inner_text("h1")
    assert reader.page.evaluate("window.hacked") is None
    assert {url for url in reader.asked if not url.startswith((reader.address, "data:", "blob:"))} == set()


def test_no_file_of_the_machine_and_no_answer_is_served(address: str, labels: Labels) -> None:
    """Neither the store, nor a row's id, in anything that can be asked for."""
    for path in ("gradio_api/file=/etc/passwd", "system/..%2F..%2Fetc%2Fpasswd", "submissions"):
        with pytest.raises(urllib.error.HTTPError, match=r"40[345]"):
            urllib.request.urlopen(f"{address}{path}")
    with urllib.request.urlopen(f"{address}board.json") as reply:
        board = reply.read().decode()
    pages = [board]
    for key in [one["key"] for one in json.loads(board)["standings"] if one["labels"] != "published"]:
        with urllib.request.urlopen(f"{address}system/{key}") as reply:
            pages.append(reply.read().decode())
    for row_id in labels.rows:
        assert not any(row_id in page for page in pages)


def test_an_archive_can_be_posted(address: str, labels: Labels) -> None:
    """Without a browser: the key comes back, and the system is there."""
    data = a_submission(labels, 0.5, name="posted", submitter="Bo")
    with urllib.request.urlopen(urllib.request.Request(f"{address}submissions", data=data, method="POST")) as reply:
        key = json.loads(reply.read())["key"]
    with urllib.request.urlopen(f"{address}system/{key}.json") as reply:
        assert json.loads(reply.read())["name"] == "posted"
