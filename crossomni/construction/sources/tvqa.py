"""A user's own copy of TVQA as subtitle-aligned clips: the first stage of construction (section 2.2.1)."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from crossomni.construction.drafts import Dropped
from crossomni.construction.sources.remux import cut
from crossomni.construction.sources.tvqa_faults import Reason
from crossomni.construction.sources.tvqa_media import Film, FramesAndSound
from crossomni.construction.sources.tvqa_split import MAX_SECONDS, MIN_SECONDS, split_clip
from crossomni.construction.sources.tvqa_survey import Survey, TvqaClip, survey
from crossomni.errors import MediaError
from crossomni.ledger import write_json
from crossomni.media.cache import file_sha256
from crossomni.records import Clip

logger = logging.getLogger(__name__)


class Tvqa:
    """Media and annotations of TVQA, as the release has them or with videos in the place of frames and sound.

    Args:
        min_seconds: how long a subtitle-aligned clip should be at least; shorter where its clip leaves no other way.
        max_seconds: how long it may be; longer only where a single line is.
    """

    def __init__(
        self,
        media: Path,
        annotations: Path,
        *,
        min_seconds: float = MIN_SECONDS,
        max_seconds: float = MAX_SECONDS,
    ) -> None:
        self.media = media
        self.annotations = annotations
        self.min_seconds = min_seconds
        self.max_seconds = max_seconds

    def survey(self) -> Survey:
        """What can be used and what is wrong; looked through once.

        Raises:
            DataError: when a folder is not there, or has nothing of TVQA's in it.
        """
        return self._survey

    @cached_property
    def _survey(self) -> Survey:
        return survey(self.media, self.annotations)

    def clips(self, work: Path) -> Iterator[tuple[Clip, Path] | Dropped]:
        """Every subtitle-aligned clip with its file ``<id>.mp4`` in ``work``; only what is missing there is made.

        What the survey has dropped is not told again: a ``Dropped`` is a clip whose media turned out to be damaged.

        Raises:
            RunError: when ``work`` cannot be written.
        """
        for source in self.survey().kept:
            yield from self.parts(source, work)

    def parts(self, source: TvqaClip, work: Path) -> Iterator[tuple[Clip, Path] | Dropped]:
        """The subtitle-aligned clips of one clip, as ``clips`` gives them: several processes may share ``work``."""
        for part in split_clip(source.clip, min_seconds=self.min_seconds, max_seconds=self.max_seconds):
            path = work / f"{part.id}.mp4"
            try:
                yield replace(part, sha256=_made(source.film, part, path)), path
            except MediaError as error:
                reason: Reason = "the media cannot be used"
                logger.warning("%s: %s", part.id, error)
                yield Dropped(stage="source", item=part.id, reason=reason)


def _made(film: Film, part: Clip, path: Path) -> str:
    """The SHA-256 of the part's file, which is made unless it is there, of this film and with these ends.

    Beside it lies a note of what it was made of, written last.
    """
    note = path.with_suffix(".json")
    wanted = {"start_seconds": part.start_seconds, "end_seconds": part.end_seconds, "film": _state(film)}
    there = _read(note)
    if path.is_file() and there == {**wanted, "bytes": path.stat().st_size, "sha256": there.get("sha256")}:
        return str(there["sha256"])
    cut(film, part.start_seconds, part.end_seconds, path)
    sha256 = file_sha256(path)
    write_json(note, {**wanted, "bytes": path.stat().st_size, "sha256": sha256})
    return sha256


def _read(note: Path) -> dict[str, Any]:
    """The note, empty where there is none or it is damaged: then the file is made again."""
    try:
        data = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _state(film: Film) -> list[list[int]]:
    """Sizes and times of change, which tell another film from the one that a file was made of."""
    paths = [film.frames.folder, film.sound] if isinstance(film, FramesAndSound) else [film]
    try:
        return [[state.st_size, state.st_mtime_ns] for state in (path.stat() for path in paths)]
    except OSError as error:
        raise MediaError(f"{error.filename}: is gone since the survey ({error.strerror}). Bring it back.") from error
