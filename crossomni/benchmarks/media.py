"""The clips of a benchmark among the user's files."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av

from crossomni.benchmarks.names import PARTIAL, Benchmark
from crossomni.corpus import MEDIA_SUFFIXES, file_sha256
from crossomni.errors import DataError, MediaError
from crossomni.media.clip import ClipFile
from crossomni.media.probe import probe
from crossomni.media.timeline import opened

logger = logging.getLogger(__name__)
_SHOWN = 10  # names that an error's one line tells


@dataclass(frozen=True, kw_only=True)
class Found:
    """A clip's file."""

    path: Path
    sha256: str
    seconds: float


def find_clips(
    folder: Path, wanted: Mapping[str, Sequence[str]], benchmark: Benchmark, *, partial: bool
) -> dict[str, Found]:
    """The file of each clip below ``folder``, however deep, by the clip's id; with ``partial`` of those that are there.

    ``wanted`` has for each clip the names, without ending, that its file may have; the first that is there counts.
    Two files of one name are one clip when their bytes are the same.

    Raises:
        DataError: when clips are missing (unless ``partial``, and some are there), there twice, damaged or silent
            films; it names the first ten and says what to do.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; wanted that of {benchmark.title}'s clips. Check the path.")
    stems = {stem for names in wanted.values() for stem in names}
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in MEDIA_SUFFIXES and path.stem in stems and path.is_file():
            files.setdefault(path.stem, []).append(path)
    paths = {clip: files[stem] for clip, names in wanted.items() for stem in names[::-1] if stem in files}
    missing = [clip for clip in wanted if clip not in paths]
    if missing and not (partial and paths):
        advice = f"Get them from {benchmark.link}" + (
            f", or ask only about those that are there: {benchmark.name}{PARTIAL}." if paths else "."
        )
        example = MEDIA_SUFFIXES[0]
        raise DataError(
            f"{folder}: {len(missing)} of {len(wanted)} clips of {benchmark.title} are missing: {_some(missing)}. "
            f"Looked for names such as {wanted[missing[0]][0]}{example}. {advice}"
        )
    logger.info("hashing %d clips below %s", len(paths), folder)
    with ThreadPoolExecutor() as pool:
        found = dict(zip(paths, pool.map(_one_of, paths.values()), strict=True))
    faults = [f"{clip}: {fault}" for clip, fault in found.items() if isinstance(fault, str)]
    if faults:
        raise DataError(f"{folder}: {len(faults)} of {len(found)} clips cannot be used: {_some(faults)}")
    return {clip: one for clip, one in found.items() if isinstance(one, Found)}


def _one_of(paths: Sequence[Path]) -> Found | str:
    """The clip, or why it cannot be used."""
    states = [path.stat() for path in paths]
    hashes = {_sha256(path, state.st_size, state.st_mtime_ns) for path, state in zip(paths, states, strict=True)}
    if len(hashes) > 1:
        return f"{' and '.join(map(str, paths))} differ, though they have one name. Keep one."
    try:
        probe(paths[0])
        return Found(path=paths[0], sha256=hashes.pop(), seconds=_seconds(paths[0]))
    except MediaError as error:
        return str(error)


@cache
def _sha256(path: Path, size: int, changed_ns: int) -> str:
    """A command opens its data more than once, and a benchmark has gigabytes."""
    return file_sha256(path)


def _seconds(path: Path) -> float:
    """A clip's length as its header tells it, else as its packets do."""
    with opened(path) as container:
        told = (container.duration or 0) / av.time_base
    return told if told > 0 else ClipFile(path).seconds


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
