"""The page in Debian's Chromium, on playhouse: people label, come back, change their minds, and nothing is lost."""

import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossomni.construction.review.items import ReviewFolder
from crossomni.construction.review.sample import Sizes, draw
from crossomni.corpus import Corpus
from tests.construction.review.reviews import a_review, lines

pytestmark = pytest.mark.slow

NASTY = "<img src=x onerror='window.hacked = 1'> **bold** ${window.hacked = 2} {{7 * 7}}"
SECONDS = 120  # that anything may take on a machine that is busy
PATIENCE = 15  # seconds until a click counts as lost


def playwright_timeout() -> type[Exception]:
    """What playwright raises when nothing came in time."""
    return pytest.importorskip("playwright.sync_api").TimeoutError  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ReviewFolder]]:
    """The address of a server in a process of its own, and its review: playhouse, and one item with markup."""
    corpus = Corpus.open("playhouse")
    items = draw(corpus, Sizes(voice=1, description=3, biography=3, question=3), seed=2).items
    nasty = replace(items[-1], id="question/nasty", about=NASTY, claim=NASTY, choices=(NASTY, "b", "cannot tell"),
                    automatic="b")  # fmt: skip
    review = a_review(tmp_path_factory.mktemp("review"), *items, nasty, media=corpus.folder)
    command = [sys.executable, "-m", "crossomni", "review", "serve", str(review.path), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        said = server.stdout.readline()
        found = re.match(r"Open (http://127\.0\.0\.1:\d+/) in a browser", said)
        assert found, said + server.stderr.read()
        yield found[1], review
        server.send_signal(signal.SIGINT)
        errors = server.communicate(timeout=SECONDS)[1]
        assert server.returncode == 130, errors
        assert "Traceback" not in errors


class Reviewer:
    """Somebody at the page, in a browser profile of their own."""

    def __init__(self, browser: Any, address: str, name: str) -> None:
        self.context = browser.new_context(viewport={"width": 1280, "height": 860})
        self.page = self.context.new_page()
        self.page.set_default_timeout(1000 * SECONDS)
        self.asked: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(address)
        self.page.wait_for_selector("#enter:visible")
        self.enter(name)

    def enter(self, name: str) -> None:
        """Give the name until it is taken: what is typed while the page still wakes up can be lost."""
        for _ in range(SECONDS // PATIENCE):
            if self.page.is_visible("#enter"):
                self.page.fill("#name input, #name textarea", name)
                self.page.click("#enter")
            try:
                self.page.wait_for_selector("button.choice:visible", timeout=1000 * PATIENCE)
            except playwright_timeout():
                continue
            return
        pytest.fail(f"{name} could not enter; the page says: {self.page.inner_text('body')}")

    def ready(self) -> None:
        """Wait until an item can be labelled."""
        self.page.wait_for_selector("button.choice:visible")

    @property
    def item(self) -> str:
        """The id of the item that is shown."""
        return str(self.page.input_value("#current input, #current textarea"))

    def show(self, kind: str) -> None:
        """Ask for one kind of items."""
        self.page.click("#kind input")
        self.page.click(f"#kind [role=option]:has-text('{kind}')")
        self.page.wait_for_function(
            "kind => document.querySelector('.subject')?.innerText.toLowerCase() == kind", arg=kind
        )

    def moves(self, what: Any, *arguments: Any) -> str:
        """Do something, and wait until another item is shown; returns the one before."""
        before = self.item
        what(*arguments)
        self.page.wait_for_function(
            "before => document.querySelector('#current input, #current textarea').value != before", arg=before
        )
        self.page.wait_for_timeout(400)  # longer than what counts as a double click
        return before


@pytest.fixture
def people(browser: Any, served: tuple[str, ReviewFolder]) -> Iterator[Any]:
    """Makes reviewers; their pages are closed in the end."""
    here: list[Reviewer] = []

    def come(name: str) -> Reviewer:
        here.append(Reviewer(browser, served[0], name))
        return here[-1]

    yield come
    for one in here:
        one.context.close()


def said(review: ReviewFolder, name: str) -> list[tuple[str, str]]:
    """Item and label of each line that a reviewer wrote."""
    return [(one["item"], one["label"]) for one in lines(review.labels_path) if one["reviewer"] == name]


def test_two_people_label_and_find_their_progress_again(people: Any, served: tuple[str, ReviewFolder]) -> None:
    """Labels are in the file when the next item is there; a reload knows name and progress; the clip can be played."""
    _, review = served
    ada, bo = people("Ada"), people("Bo")
    for one, place in ((ada, 0), (bo, 1)):
        for _ in range(2):
            item = one.moves(one.page.click, f"#choice-{place}")
            name = "Ada" if one is ada else "Bo"
            assert said(review, name)[-1] == (item, review.items[item].choices[place])
    assert [len(said(review, name)) for name in ("Ada", "Bo")] == [2, 2]
    there = ada.item
    ada.page.reload()
    ada.ready()
    assert there == ada.item
    assert re.search(r"Ada.*voice.*2 of \d+", ada.page.inner_text("#progress"), re.DOTALL)
    ada.page.wait_for_function("document.querySelector('#film video').readyState >= 2")
    length = ada.page.evaluate("document.querySelector('#film video').duration")
    assert length == pytest.approx(Corpus.open("playhouse").clips[review.items[there].clip_id].end_seconds, abs=0.2)


def test_keys_label_and_going_back_corrects(people: Any, served: tuple[str, ReviewFolder]) -> None:
    """1 takes the first choice, 0 cannot tell; the arrow goes back, shows the label, and another one counts then."""
    _, review = served
    cy = people("Cy")
    cy.show("biography")
    first = cy.moves(cy.page.keyboard.press, "1")
    cy.moves(cy.page.keyboard.press, "ArrowLeft")
    assert cy.item == first
    assert "primary" in cy.page.get_attribute("#choice-0", "class")
    cy.moves(cy.page.keyboard.press, "0")
    assert said(review, "Cy") == [(first, "nothing inappropriate"), (first, "cannot tell")]


def test_a_double_click_labels_one_item(people: Any, served: tuple[str, ReviewFolder]) -> None:
    """The second click is not about the item that nobody has looked at."""
    _, review = served
    di = people("Di")
    di.moves(di.page.dblclick, "#choice-0")
    assert len(said(review, "Di")) == 1


def test_markup_in_data_and_names_does_not_run(people: Any, served: tuple[str, ReviewFolder]) -> None:
    """Claim, choices and the reviewer's name are shown as they are; nothing was asked of another machine."""
    address, review = served
    name = "Eve <img src=x onerror='window.hacked = 3'>"
    eve = people(name)
    eve.show("question")
    while eve.item != "question/nasty":
        eve.moves(eve.page.keyboard.press, "ArrowRight")
    assert NASTY == eve.page.inner_text(".claim").strip()
    assert f"1   {NASTY}" == eve.page.inner_text("#choice-0").strip()
    assert name in eve.page.inner_text("#progress")
    eve.page.click("#choice-0")
    eve.page.wait_for_function("document.querySelector('#progress').innerText.includes('1 of 4')")
    assert said(review, name) == [("question/nasty", NASTY)]
    assert eve.page.evaluate("window.hacked") is None
    assert {url for url in eve.asked if not url.startswith((address, "data:", "blob:"))} == set()


def test_nothing_but_the_reviews_clips_is_served(served: tuple[str, ReviewFolder]) -> None:
    """A clip comes in parts, as players ask for it; other clips and files of the machine are refused."""
    address, review = served
    clip = next(iter(review.items.values())).clip_id
    asked = urllib.request.Request(f"{address}clip/{clip}", headers={"Range": "bytes=0-9"})
    with urllib.request.urlopen(asked) as reply:
        assert (reply.status, len(reply.read())) == (206, 10)
    other = next(
        name for name in Corpus.open("playhouse").clips if name not in {i.clip_id for i in review.items.values()}
    )
    for path in (f"clip/{other}", "clip/..%2F..%2Fsetup.cfg", "gradio_api/file=/etc/passwd",
                 f"gradio_api/file={review.labels_path}"):  # fmt: skip
        with pytest.raises(urllib.error.HTTPError, match=r"403|404"):
            urllib.request.urlopen(f"{address}{path}")


def test_a_label_that_is_not_saved_is_told(people: Any, served: tuple[str, ReviewFolder], tmp_path: Path) -> None:
    """The page stays at the item and says why; once the file can be written again, so it is."""
    _, review = served
    flo = people("Flo")
    before, kept = flo.item, tmp_path / "kept.jsonl"
    if review.labels_path.exists():
        review.labels_path.rename(kept)
    review.labels_path.mkdir()
    flo.page.click("#choice-0")
    flo.page.wait_for_selector("text=cannot be opened for writing")
    review.labels_path.rmdir()
    if kept.exists():
        kept.rename(review.labels_path)
    assert before == flo.item
    flo.page.wait_for_timeout(400)
    flo.moves(flo.page.click, "#choice-0")
    assert [item for item, _ in said(review, "Flo")] == [before]
