"""A dataset of a few rows on tiny real clips, and its annotations as files."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from crossomni.export import export
from crossomni.records import Annotation, Clip, Row
from crossomni.tasks import TASKS
from crossomni.testing import write_clip

SOURCE = {"source": "playhouse", "seed": 7, "version": "0.1.0"}


@dataclass
class Small:
    """What ``export`` takes, to be changed at will before it is written."""

    clips: dict[str, Clip] = field(default_factory=dict)
    media: dict[str, Path] = field(default_factory=dict)
    splits: dict[str, list[Row]] = field(default_factory=dict)
    truth: dict[str, Annotation] = field(default_factory=dict)

    def export(self, folder: Path, **changes) -> Path:
        """Write the data folder."""
        arguments = {"truth": self.truth, "source": SOURCE} | changes
        return export(folder, self.splits, self.clips, self.media, **arguments)

    def annotate(self, folder: Path) -> Path:
        """Write the folder of annotations that ``full`` takes."""
        folder.mkdir(parents=True, exist_ok=True)
        for split, rows in self.splits.items():
            write_lines(folder / f"{split}.jsonl", [row.to_columns() for row in rows])
        write_lines(folder / "clips.jsonl", [asdict(clip) for clip in self.clips.values()])
        return folder


def write_lines(path: Path, lines: list[dict]) -> None:
    """Write JSON lines."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def a_row(number: int, clip_id: str, split: str, **changes) -> Row:
    """A row that is right, but for what ``changes`` says."""
    fields = {
        "id": f"{split}-{clip_id}-{number}",
        "clip_id": clip_id,
        "task": TASKS[number % len(TASKS)],
        "question": f"Who plays part {number}?",
        "options": ("Ada", "Bo", "Cy", "Di"),
        "answer": "ABCD"[number % 4],
        "biography": f"Ada was born near {clip_id}.",
        "rationale": "1. 2. 3. 4." if split == "train" else "",
        "show": "play",
        "episode": clip_id,
        "start_seconds": 0,
        "end_seconds": 1,
    }
    return Row(**(fields | changes))


def small(folder: Path, rows: int = 3) -> Small:
    """Two training clips and one test clip, a second each, ``rows`` rows a clip."""
    made = Small()
    folder.mkdir(parents=True, exist_ok=True)
    for number, split in enumerate(("train", "train", "test")):
        clip_id = f"play{number}"
        made.media[clip_id] = write_clip(folder / f"{clip_id}.mp4", seconds=1 + number / 12, size=(64, 48))
        made.clips[clip_id] = Clip(id=clip_id, show="play", episode=clip_id, start_seconds=0, end_seconds=1)
        made.truth[clip_id] = Annotation(clip=made.clips[clip_id], persons=(), biography="Ada.")
        made.splits.setdefault(split, []).extend(a_row(place, clip_id, split) for place in range(rows))
    return made
