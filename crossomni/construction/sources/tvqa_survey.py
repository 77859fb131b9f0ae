"""A look through a copy of TVQA before anything runs: what can be used, and a table of all that is half there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from crossomni.construction.drafts import Dropped
from crossomni.construction.sources.remux import film_seconds, has_sound, sound_seconds
from crossomni.construction.sources.tvqa_annotations import AnnotationIndex, index_annotations, question_faults
from crossomni.construction.sources.tvqa_faults import FATAL, REASONS, Fault, Reason
from crossomni.construction.sources.tvqa_media import Film, FramesAndSound, MediaIndex, index_media
from crossomni.construction.sources.tvqa_names import ClipName, read_name
from crossomni.construction.sources.tvqa_subtitles import Subtitles, SubtitleSource, read_subtitles
from crossomni.errors import DataError, MediaError
from crossomni.grids import Grid
from crossomni.records import Clip

# Subtitles and media round their ends differently; a line that ends later than this behind the clip is another's.
BEYOND_SECONDS = 1.0
_SOUND_SLACK_SECONDS = 2.0
_EXAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class TvqaClip:
    """A clip of TVQA that can be used. Its subtitles stay on disk until they are wanted."""

    name: ClipName
    film: Film
    seconds: float
    subtitles: SubtitleSource

    @property
    def clip(self) -> Clip:
        """The whole clip with its lines; one that ends behind the clip ends with it."""
        return Clip(
            id=self.name.id,
            show=self.name.show,
            episode=self.name.episode,
            start_seconds=0.0,
            end_seconds=self.seconds,
            lines=tuple(
                replace(line, end_seconds=min(line.end_seconds, self.seconds))
                for line in read_subtitles(self.name.id, self.subtitles).lines
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What can be used of a copy of TVQA, and what is wrong with it."""

    kept: tuple[TvqaClip, ...]  # in the order of their names
    faults: tuple[Fault, ...]

    @cached_property
    def dropped(self) -> tuple[Dropped, ...]:
        """Each clip or file that goes no further, once, with the first reason."""
        first: dict[str, Fault] = {}
        for fault in self.faults:
            if fault.is_fatal:
                first.setdefault(fault.item, fault)
        return tuple(Dropped(stage="source", item=fault.item, reason=fault.reason) for fault in first.values())

    @property
    def grid(self) -> Grid:
        """A line for each reason that there is: of how many clips or files, whether they are dropped, the first few."""
        rows = []
        for reason in REASONS:
            found = [fault for fault in self.faults if fault.reason == reason]
            items = dict.fromkeys(fault.item for fault in found)
            shown = [f"{fault.item} ({fault.detail})" if fault.detail else fault.item for fault in found[:_EXAMPLES]]
            if found:
                fate = "dropped" if reason in FATAL else "told"
                rows.append(
                    (reason, str(len(items)), fate, "; ".join(shown) + ("; …" if len(found) > len(shown) else ""))
                )
        return Grid(
            title=f"TVQA: {len(self.kept)} clips can be used, {len(self.dropped)} clips or files cannot",
            head=("what is wrong", "how many", "and then", "for instance"),
            rows=tuple(rows),
            left=(0, 2, 3),
        )

    @property
    def table(self) -> str:
        """The grid as text, a line a reason."""
        lines = (self.grid.head, *self.grid.rows) if self.grid.rows else ()
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        texts = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
        return "\n".join([self.grid.title, *(text.rstrip() for text in texts)]) + "\n"


def survey(media: Path, annotations: Path) -> Survey:
    """Look through media and annotations: names, subtitles and headers are read, no picture is decoded but the first.

    Raises:
        DataError: when a folder is not there, or has nothing of TVQA's in it.
    """
    for folder, what in ((media, "media"), (annotations, "annotations")):
        if not folder.is_dir():
            raise DataError(f"{folder}: no such folder; wanted TVQA's {what}. Check the path.")
    found, noted = index_media(media), index_annotations(annotations)
    if not found.names and not found.strangers:
        raise DataError(f"{media}: no videos, frames or mp3 files below it; wanted TVQA's media. Check the path.")
    if not noted.subtitles and not noted.faults:
        raise DataError(f"{annotations}: no .srt files or subtitles in .jsonl below it; wanted TVQA's. Check the path.")
    strangers = [Fault(item=place, reason="the name is not TVQA's", detail="media") for place in found.strangers]
    # Threads, because most of it waits for the disk.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        examined = list(pool.map(partial(_examine, found, noted), sorted(found.names | noted.subtitles.keys())))
    return Survey(
        kept=tuple(clip for clip, _ in examined if clip is not None),
        faults=(
            *strangers,
            *noted.faults,
            *(fault for _, faults in examined for fault in faults),
            *question_faults(noted.questions, annotations, found.names),
        ),
    )


def _examine(found: MediaIndex, noted: AnnotationIndex, name: str) -> tuple[TvqaClip | None, list[Fault]]:
    """One clip, or None where it cannot be used, and all that is wrong with it."""
    film = _film(found, name)
    sources = noted.subtitles.get(name, [])
    faults = [film] if isinstance(film, Fault) else []
    if len(sources) != 1:
        there = ", ".join(str(source.path) for source in sources)
        faults.append(_fault(name, "the subtitles are there twice" if sources else "a clip without subtitles", there))
        return None, faults
    subtitles = read_subtitles(name, sources[0])
    faults.extend(subtitles.faults)
    if isinstance(film, Fault) or any(fault.is_fatal for fault in faults):
        return None, faults
    seconds = _seconds(film, name)
    if isinstance(seconds, Fault):
        return None, [*faults, seconds]
    faults.extend(_beyond(name, subtitles, seconds))
    clip = TvqaClip(name=read_name(name, "TVQA"), film=film, seconds=seconds, subtitles=sources[0])
    return (None if any(fault.is_fatal for fault in faults) else clip), faults


def _fault(name: str, reason: Reason, detail: str = "") -> Fault:
    return Fault(item=name, reason=reason, detail=detail)


def _film(found: MediaIndex, name: str) -> Film | Fault:
    """Where the clip's pictures and sound are; a video goes before frames."""
    videos, frames, sounds = found.videos.get(name, []), found.frames.get(name, []), found.sounds.get(name, [])
    if not videos and not frames and not sounds:
        return _fault(name, "subtitles without a clip")
    there = [*videos] or [*(one.folder for one in frames), *sounds]
    if len(videos) > 1 or (not videos and (len(frames) > 1 or len(sounds) > 1)):
        return _fault(name, "the clip is there twice", ", ".join(map(str, there)))
    if videos:
        return videos[0]
    if not sounds:
        return _fault(name, "frames without sound")
    if not frames:
        return _fault(name, "sound without frames")
    if frames[0].missing is not None:
        return _fault(name, "frame numbers have a gap", f"{frames[0].missing:05}.jpg is missing")
    return FramesAndSound(frames=frames[0], sound=sounds[0])


def _seconds(film: Film, name: str) -> float | Fault:
    """How long the clip is."""
    try:
        if isinstance(film, Path) and not has_sound(film):
            return _fault(name, "frames without sound", f"{film.name} has none")
        pictures = film_seconds(film)
        heard = sound_seconds(film.sound) if isinstance(film, FramesAndSound) else pictures
    except MediaError as error:
        return _fault(name, "the media cannot be used", str(error))
    if abs(heard - pictures) > _SOUND_SLACK_SECONDS:
        return _fault(name, "frames and sound differ in length", f"{pictures:.1f} s and {heard:.1f} s")
    return pictures


def _beyond(name: str, subtitles: Subtitles, seconds: float) -> Iterator[Fault]:
    for line in subtitles.lines:
        if line.start_seconds >= seconds or line.end_seconds > seconds + BEYOND_SECONDS:
            place = f"a line from {line.start_seconds} to {line.end_seconds} s, the clip has {seconds:.1f} s"
            yield _fault(name, "a time is beyond the clip", place)
            return
