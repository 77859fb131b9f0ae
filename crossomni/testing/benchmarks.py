"""Small folders in the published shape of Daily-Omni, WorldSense and AVUT, made from playhouse's clips and questions.

Clips are those of the set in the package, under names such as YouTube gives; questions are its rows about sound and
picture, without biographies. What the real files are known to hold besides is in them too: letters before options,
items with three options, a category that is not given, two spellings of a file's name, a right option that is blank.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.records import Row, by_clip, letters

_TYPES = ("AV Event Alignment", "Comparative", "Context understanding", "Event Sequence", "Inference", "Reasoning")
_AVUT_TYPES = ("Audio Information Extraction", "Audio Content Counting", "Audio Character Matching")
_DOMAINS = ("Daily Life", "Sports", "Music")
_TASK_TYPES = ("Audio Recognition", "Causal Reasoning")


class BenchmarkFolder(NamedTuple):
    """What was written; ``source_of`` leads back to playhouse: item id -> row."""

    folder: Path  # give it to --media; the annotations are in it
    annotations: Path
    source_of: dict[str, Row]


def write_daily_omni(folder: Path, *, clips: int = 6, questions: int = 3) -> BenchmarkFolder:
    """``qa.json`` and ``Videos/<id>/<id>_video.mp4``; every fifth item names no category.

    Raises:
        InputError: for more clips, or more questions a clip, than the set has.
    """
    found: list[dict[str, Any]] = []
    source_of = {}
    for place, (video, path, rows) in enumerate(_taken(clips, questions)):
        _copy(path, folder / "Videos" / video / f"{video}_video.mp4")
        for row in rows:
            number = len(found) + 1
            found.append(
                {
                    "Question": row.question,
                    "Choice": _lettered(row.options),
                    "Answer": row.answer,
                    "video_id": video,
                    "Type": _TYPES[number % len(_TYPES)],
                    **({"content_parent_category": "Lifestyle"} if number % 5 else {}),
                    "content_fine_category": "Family",
                    "video_category": "Film & Animation",
                    "video_duration": ("30s", "60s")[place % 2],
                }
            )
            source_of[f"daily-omni-{number}"] = row
    return BenchmarkFolder(folder, _write(folder / "qa.json", found), source_of)


def write_worldsense(folder: Path, *, clips: int = 6, questions: int = 3) -> BenchmarkFolder:
    """``worldsense_qa.json`` and ``videos/<id>.mp4``; the last question of every clip has three options.

    Raises:
        InputError: as ``write_daily_omni`` does.
    """
    found: dict[str, Any] = {}
    source_of = {}
    for place, (video, path, rows) in enumerate(_taken(clips, questions)):
        _copy(path, folder / "videos" / f"{video}.mp4")
        found[video] = {
            "video_duration": 10,
            "duration": "<1min",
            "domain": _DOMAINS[place % len(_DOMAINS)],
            "sub_category": "Family",
            "audio_class": ["Speech"],
            "video_caption": "Four people in a room.",
        }
        for number, row in enumerate(rows):
            right = row.options[row.letters.index(row.answer)]
            wrong = [option for option in row.options if option != right]
            options = [option for option in row.options if number < questions - 1 or option != wrong[-1]]
            found[video][f"task{number}"] = {
                "task_domain": "Recognition" if number % 2 else "Reasoning",
                "task_type": _TASK_TYPES[number % len(_TASK_TYPES)],
                "question": row.question,
                "answer": letters(len(options))[options.index(right)],
                "candidates": _lettered(options),
            }
            source_of[f"worldsense-{video}-task{number}"] = row
    return BenchmarkFolder(folder, _write(folder / "worldsense_qa.json", found), source_of)


def write_avut(folder: Path, *, clips: int = 6, questions: int = 3) -> BenchmarkFolder:
    """``AV_Human_data.json`` and ``<id>.mp4`` or, every second one, ``<id>_fullsize.mp4``.

    The last item's right option is blank.

    Raises:
        InputError: as ``write_daily_omni`` does.
    """
    found: list[dict[str, Any]] = []
    source_of = {}
    for place, (video, path, rows) in enumerate(_taken(clips, questions)):
        _copy(path, folder / f"{video}{'_fullsize' if place % 2 else ''}.mp4")
        for row in rows:
            number = len(found) + 1
            found.append(
                {
                    "video_id": place,
                    "url": f"https://www.youtube.com/watch?v={video}",
                    "video_type": "film",
                    "task_type": _AVUT_TYPES[number % len(_AVUT_TYPES)],
                    "question": row.question,
                    **{f"option_{letter}": option for letter, option in zip(row.letters, row.options, strict=True)},
                    "answer": row.answer,
                    "video_path": f"data/{video}.mp4",
                    "QA_id": number,
                }
            )
            source_of[f"avut-{number}"] = row
    found[-1][f"option_{found[-1]['answer']}"] = ""
    return BenchmarkFolder(folder, _write(folder / "AV_Human_data.json", found), source_of)


def _taken(clips: int, questions: int) -> Iterator[tuple[str, Path, tuple[Row, ...]]]:
    """Clips under new names, with their files and questions."""
    corpus = Corpus.open("playhouse")
    heard_and_seen = [row for row in corpus.rows("test") if row.task is not None and "te" not in row.task.id.split("-")]
    found = list(by_clip(heard_and_seen))
    if not 1 <= clips <= len(found):
        raise InputError(f"clips is {clips}; wanted 1 to {len(found)}.")
    for place, (_, rows) in enumerate(found[:clips]):
        if not 1 <= questions <= len(rows):
            raise InputError(f"questions is {questions}; wanted 1 to {len(rows)} a clip.")
        # Ids of YouTube have eleven characters, and may begin with a dash or a line.
        yield f"{'-_a'[place % 3]}playhouse{chr(ord('A') + place % 26)}", corpus.media(rows[0]), rows[:questions]


def _lettered(options: tuple[str, ...] | list[str]) -> list[str]:
    return [f"{letter}. {option}" for letter, option in zip(letters(len(options)), options, strict=True)]


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _write(path: Path, data: Any) -> Path:
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")
    return path
