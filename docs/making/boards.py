"""Pictures of a board with made-up systems, for the page of the leaderboard, by Debian's Chromium.

    python -m docs.making.boards docs/images

draws ``board_table.png``, ``board_system.png`` and ``board_compare.png`` again. Nobody is named in them: systems are
called examples, and their replies are drawn at random, right as often as a share says.
"""

from __future__ import annotations

import random
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from crossomni.answers import read_answer
from crossomni.leaderboard.labels import Labels
from crossomni.leaderboard.page.app import serve
from crossomni.leaderboard.receive import receive
from crossomni.leaderboard.store import Store
from crossomni.leaderboard.submission import Words, pack
from crossomni.records import Prediction, Receipt

WIDTH, HEIGHT = 1280, 1000
FIRST = datetime(2026, 11, 2, 9, tzinfo=UTC)
VERSIONS = {"crossomni": "0.1.0", "python": "3.11.2", "torch": "2.13.0", "transformers": "5.23.0"}


@dataclass(frozen=True, kw_only=True)
class Example:
    """A made-up system."""

    name: str
    single: float  # how often it is right: within one modality
    cross: float  # from one to another
    prompt: str = "default"
    frames: int = 32
    knock_out: tuple[str, ...] = ()
    adapter: str | None = None


EXAMPLES = (
    Example(name="example 3B", single=0.55, cross=0.41, frames=16),
    Example(name="example 7B", single=0.65, cross=0.46),
    Example(name="example 7B, no sound", single=0.60, cross=0.34, knock_out=("sound",)),
    Example(name="example 7B, SFT", single=0.74, cross=0.62, adapter="sft"),
    Example(name="example 7B, GRPO", single=0.83, cross=0.78, adapter="grpo"),
    Example(name="example 30B", single=0.72, cross=0.66, prompt="cot", frames=64),
)


def archive(example: Example, labels: Labels) -> bytes:
    """A submission of its own."""
    rng = random.Random(example.name)

    def said(row_id: str) -> Prediction:
        row = labels.rows[row_id]
        share = example.cross if row.task is not None and row.task.is_cross else example.single
        letter = row.answer if rng.random() < share else rng.choice([one for one in "ABCD" if one != row.answer])
        heard = 0 if "sound" in example.knock_out else 260
        receipt = Receipt(
            frames=example.frames, audio_seconds=heard / 25, video_tokens=72 * example.frames, audio_tokens=heard,
            prompt_tokens=None,
        )  # fmt: skip
        read = read_answer(letter, row.options)
        return Prediction(
            id=row.id, task=row.task.id if row.task else "", clip_id=row.clip_id, letter=read.letter, reply=letter,
            state=read.state, receipt=receipt,
        )  # fmt: skip

    model = f"example/omni-{example.name.split()[1].strip(',')}"
    configuration = {
        "model": model, "data": labels.data, "split": labels.split, "prompt": example.prompt, "shots": 0, "rotation": 0,
        "adapter": example.adapter, "frames": example.frames, "pixels": 112_896, "packing": "interleaved",
        "order": "video-first", "temperature": 0.0, "most_new_tokens": 1024, "seed": 0,
    }  # fmt: skip
    run = {
        "configuration": configuration, "model": model, "knock_out": example.knock_out, "rows": len(labels.rows),
        "fingerprints": {"data": labels.fingerprint}, "versions": VERSIONS,
    }  # fmt: skip
    return pack(Words(name=example.name, submitter="example"), run, [said(row_id) for row_id in labels.rows], {})


def fill(folder: Path) -> tuple[Labels, ...]:
    """Put the examples into a board: all on labels that are held back here, two on open ones; return the labels."""
    shipped = Labels.playhouse()
    held = replace(shipped, data="plays", kind="hidden", fingerprint="0" * 64)
    store = Store.open(folder)
    sent = [*((example, held) for example in EXAMPLES), *((example, shipped) for example in EXAMPLES[:2])]
    for number, (example, labels) in enumerate(sent):
        receive(archive(example, labels), store, (held, shipped), now=FIRST + timedelta(days=number))
    return held, shipped


@contextmanager
def served(folder: Path, labels: tuple[Labels, ...]) -> Iterator[str]:
    """The board's address while it is served by a thread, which ends with the process."""
    ready, found = threading.Event(), []

    def tell(address: str) -> None:
        found.append(address)
        ready.set()

    threading.Thread(
        target=serve,
        args=(str(folder / "board"), labels, "127.0.0.1", 0, tell),
        kwargs={"cache": folder / "cache"},
        daemon=True,
    ).start()
    if not ready.wait(60):
        raise TimeoutError("the board was not served within a minute")
    yield found[0]


def draw(out: Path) -> None:
    """Write the three pictures."""
    from playwright.sync_api import sync_playwright

    with TemporaryDirectory() as folder:
        labels = fill(Path(folder) / "board")
        with served(Path(folder), labels) as address, sync_playwright() as driver:
            # Without its sandbox, which a container's root cannot have.
            browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            page.goto(address)
            page.wait_for_selector("table.board td.name a")
            page.wait_for_timeout(1000)
            page.screenshot(path=out / "board_table.png")
            pairs = page.locator("tbody.hidden [data-pick]")
            keys = [pairs.nth(place).get_attribute("data-pick") for place in range(4)]
            page.goto(f"{address}system/{keys[0]}")
            page.screenshot(path=out / "board_system.png", full_page=True)
            page.goto(f"{address}compare?a={keys[3]}&b={keys[0]}")
            page.screenshot(path=out / "board_compare.png", full_page=True)
            browser.close()
    for picture in ("table", "system", "compare"):
        _shrink(out / f"board_{picture}.png")


def _shrink(path: Path) -> None:
    """As many colours as a page has: a quarter of the bytes."""
    Image.open(path).convert("RGB").quantize(128).save(path, optimize=True)


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
