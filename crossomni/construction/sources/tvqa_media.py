"""The media of a copy of TVQA: one walk through the folder finds each clip's video, or its frames and its sound.

The release has no videos: frames as JPEG, 3 a second, numbered from 00001 in a folder called as the clip
(``frames_hq/friends_frames/<clip>/``), and sound as ``audios/friends/friends_audios/<clip>.mp3``. Any folders may stand
above them. Names in annotations are looked up in what the walk found, so that none leads out of the folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from crossomni.construction.sources.tvqa_names import is_clip_name
from crossomni.errors import DataError

VIDEO_SUFFIXES = (".mp4", ".mkv", ".webm", ".mov")
_SOUND_SUFFIX = ".mp3"
_FRAME = re.compile(r"([0-9]+)\.jpe?g", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Frames:
    """A folder of numbered pictures."""

    folder: Path
    count: int
    missing: int | None  # the first number that lacks between others; None where none does

    def paths(self) -> tuple[Path, ...]:
        """The pictures in the order of their numbers; the folder is read again."""
        found = {int(match[1]): path for path in self.folder.iterdir() if (match := _FRAME.fullmatch(path.name))}
        return tuple(found[number] for number in sorted(found))


@dataclass(frozen=True, kw_only=True)
class FramesAndSound:
    """A clip as the release has it: pictures, and sound in a file of its own."""

    frames: Frames
    sound: Path


Film = Path | FramesAndSound  # a video with its sound, or its parts


@dataclass(frozen=True)
class MediaIndex:
    """What was found below the media folder, by the clip's name; strangers are paths below it."""

    videos: dict[str, list[Path]] = field(default_factory=dict)
    frames: dict[str, list[Frames]] = field(default_factory=dict)
    sounds: dict[str, list[Path]] = field(default_factory=dict)
    strangers: list[str] = field(default_factory=list)  # media whose name is not TVQA's

    @property
    def names(self) -> set[str]:
        """All clips of which anything is there."""
        return {*self.videos, *self.frames, *self.sounds}


def index_media(media: Path) -> MediaIndex:
    """Find every clip's media below a folder, links followed; nothing is opened."""
    index = MediaIndex()
    for folder, files in walk(media):
        numbers = []
        for name in files:
            stem, suffix = os.path.splitext(name)
            if match := _FRAME.fullmatch(name):
                numbers.append(int(match[1]))
                continue
            kind = index.sounds if suffix.lower() == _SOUND_SUFFIX else index.videos
            if kind is index.videos and suffix.lower() not in VIDEO_SUFFIXES:
                continue  # a picture of another kind, a note: nobody's media
            if is_clip_name(stem):
                kind.setdefault(stem, []).append(folder / name)
            else:
                index.strangers.append((folder / name).relative_to(media).as_posix())
        if numbers and is_clip_name(folder.name):
            index.frames.setdefault(folder.name, []).append(_frames(folder, numbers))
        elif numbers:
            index.strangers.append(folder.relative_to(media).as_posix())
    return index


def walk(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Every folder below ``root`` with the names of its files, both in order; hidden ones are left out.

    Links to folders are followed, since people keep media on other disks, but no folder is entered twice.

    Raises:
        DataError: for a folder that cannot be read.
    """
    seen: set[str] = set()
    for folder, below, files in os.walk(root, followlinks=True, onerror=_refuse):
        here = os.path.realpath(folder)
        below[:] = [] if here in seen else sorted(name for name in below if not name.startswith("."))
        if here not in seen:
            seen.add(here)
            yield Path(folder), sorted(name for name in files if not name.startswith("."))


def _refuse(error: OSError) -> None:
    raise DataError(f"{error.filename}: cannot be read ({error.strerror}). Give leave to read it.") from error


def _frames(folder: Path, numbers: list[int]) -> Frames:
    found = set(numbers)
    first = min(1, min(found))  # some tools count from 0
    missing = next((number for number in range(first, max(found)) if number not in found), None)
    return Frames(folder=folder, count=len(found), missing=missing)
