"""Reviews made by hand, with labels."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from crossomni.construction.review.items import CANNOT_TELL, CORRECT, NOT_CORRECT, ReviewFolder, ReviewItem
from crossomni.construction.review.labels import Label, Labels


def an_item(number: int, **changes: Any) -> ReviewItem:
    """A description that is right, but for what ``changes`` says."""
    fields = {
        "id": f"description/clip{number}/0",
        "kind": "description",
        "clip_id": f"clip{number}",
        "video": f"videos/clip{number}.mp4",
        "about": "Ada",
        "claim": "hair: brown",
        "asks": "Is it so?",
        "choices": (CORRECT, NOT_CORRECT, CANNOT_TELL),
        "automatic": CORRECT,
    }
    return ReviewItem(**(fields | changes))


def a_voice(number: int, pitch: str, **changes: Any) -> ReviewItem:
    """A voice that the pipeline takes for low or high."""
    fields = {
        "id": f"voice/clip{number}/0/pitch",
        "kind": "voice",
        "aspect": "pitch",
        "claim": "",
        "choices": ("high", "low", CANNOT_TELL),
        "automatic": pitch,
    }
    return an_item(number, **(fields | changes))


def a_review(folder: Path, *items: ReviewItem, media: Path | None = None) -> ReviewFolder:
    """These items in a folder."""
    review = ReviewFolder(folder)
    review.write(items, {"data": "made by hand", "seed": 1, "media": str(media or folder)})
    return ReviewFolder.open(folder)


def say(review: ReviewFolder, reviewer: str, **said: str) -> None:
    """Labels of a reviewer: ``item3="correct"`` is about the third item, counted from 0."""
    ids = list(review.items)
    Labels(review).add(Label.now(ids[int(item.removeprefix("item"))], reviewer, label) for item, label in said.items())


def lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def as_line(item: ReviewItem, **changes: Any) -> str:
    """An item as it stands in ``items.jsonl``, with changes."""
    return json.dumps(asdict(item) | changes) + "\n"
