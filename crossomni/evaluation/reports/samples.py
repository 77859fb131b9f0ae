"""Rows to look at and listen to: frames and sound of their clips as data that one page can hold."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crossomni.errors import MediaError
from crossomni.media import ClipFile, track
from crossomni.records import Prediction, Row
from crossomni.tasks import TASKS

_FRAMES = 4
_WIDTH = 320  # pixels


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A row with what a person needs in order to answer it. Pictures and sound are ``data:`` addresses."""

    row: Row
    kind: str  # of a question without a task: what its report tells it by
    frames: tuple[tuple[float, str], ...]  # seconds, JPEG
    sound: str
    problem: str  # why there is nothing to see or hear; else empty text


def choose(
    rows: Sequence[Row], predictions: Mapping[str, Prediction], kinds: Mapping[str, str] | None = None
) -> Iterator[Row]:
    """One row of each task, right and wrong by turns where there are both, on different clips where there are.

    Where rows have no task, one of each kind, by row id, for the first nine kinds.
    """
    seen: set[str] = set()
    kinds = kinds or {}
    others = [kind for kind in dict.fromkeys(kinds.get(row.id) for row in rows if row.task is None) if kind]
    for place, task in enumerate([*TASKS, *others[: len(TASKS)]]):
        candidates = [row for row in rows if task in (row.task, kinds.get(row.id)) and row.id in predictions]
        if not candidates:
            continue
        want_right = place % 2 == 0
        chosen = min(
            candidates,
            key=lambda row: ((predictions[row.id].letter == row.answer) != want_right, row.clip_id in seen),
        )
        seen.add(chosen.clip_id)
        yield chosen


def sample(row: Row, path: Path, kind: str = "") -> Sample:
    """The row with four frames and the sound of its clip, or with the reason why they cannot be had."""
    clip = ClipFile(path)
    frames: tuple[tuple[float, str], ...] = ()
    sound = problem = ""
    try:
        frames = _frames(clip)
        sound = _data("audio/mp4", track(path, "audio"))
    except MediaError as error:
        problem = str(error)
    return Sample(row=row, kind=kind, frames=frames, sound=sound, problem=problem)


def _frames(clip: ClipFile) -> tuple[tuple[float, str], ...]:
    width, height = clip.size
    pictures = clip.frames(_FRAMES, (_WIDTH, max(2, round(height * _WIDTH / width))))
    return tuple((float(at), _jpeg(picture)) for at, picture in zip(clip.frame_times(_FRAMES), pictures, strict=True))


def _jpeg(frame: NDArray[np.uint8]) -> str:
    file = io.BytesIO()
    Image.fromarray(frame).save(file, "JPEG", quality=80)
    return _data("image/jpeg", file.getvalue())


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
