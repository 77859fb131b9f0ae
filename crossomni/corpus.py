"""A dataset on disk: its rows, the files of their clips, and the truth where it is known.

Three forms are read: the set shipped in the package (``playhouse``), a data folder that ``crossomni.export`` wrote,
and annotations joined to the user's own media (``full``).
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from crossomni.errors import DataError, InputError, MediaError
from crossomni.media.probe import probe
from crossomni.notes import ClipNotes, json_lines, read_annotation, read_clips, read_object
from crossomni.records import Annotation, Clip, Row
from crossomni.tables import read_rows, row_of

logger = logging.getLogger(__name__)

SHIPPED = Path(__file__).resolve().parent / "shipped"
MEDIA_SUFFIXES = (".mp4", ".mkv", ".webm", ".mov")
_FIRST_SPLITS = ("train", "validation", "test")
_SHOWN = 10  # problems that an error's one line names


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Rows by split, clip by clip, beside the folder that holds their media."""

    folder: Path  # `row.video` is relative to it
    clips: Mapping[str, Clip]
    source: Mapping[str, Any]  # data.json: source, seed, version, fingerprint; empty where there is none
    rows_by_split: Mapping[str, tuple[Row, ...]]
    truth: Path  # <clip_id>.json where the truth of a clip is known
    # row id -> name of a grouping -> the row's value; of other benchmarks, which have no tasks
    groups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def open(cls, name_or_folder: str, annotations: Path | None = None, media: Path | None = None) -> Corpus:
        """Open ``playhouse``, a data folder, or ``full`` with its annotations and the user's media folder.

        Raises:
            DataError: when rows, clips or media are not what they should be; the message names file and line.
            InputError: when the arguments do not go together.
        """
        if name_or_folder == "full":
            return _open_full(cls, *_both(annotations, media))
        if annotations is not None or media is not None:
            raise InputError(f"{name_or_folder}: only 'full' takes annotations and media. Open 'full', or drop them.")
        return _open_folder(cls, _folder(name_or_folder).absolute())

    @staticmethod
    def problems(annotations: Path, media: Path) -> tuple[str, ...]:
        """What is missing below ``media`` or differs from the annotations, a line each; empty when all fits."""
        annotations, media = _both(annotations, media)
        clips, rows_by_split = _read_annotations(annotations)
        return _join(media, clips, _first_rows(rows_by_split)).problems

    @staticmethod
    def stamp(name: str, annotations: Path | None = None, media: Path | None = None) -> str:
        """64 hex digits that change with any file that ``open`` would read, without opening a row.

        Annotations count by content, media by place, size and time of change: cheap enough for every call.
        """
        digest = hashlib.sha256()
        for folder in _both(annotations, media) if name == "full" else (_folder(name),):
            for path in sorted(folder.absolute().rglob("*")):
                if path.suffix in (".jsonl", ".parquet"):
                    digest.update(f"{path}\t{file_sha256(path)}\n".encode())
                elif path.suffix.lower() in MEDIA_SUFFIXES and path.is_file():
                    state = path.stat()
                    digest.update(f"{path}\t{state.st_size}\t{state.st_mtime_ns}\n".encode())
        return digest.hexdigest()

    @property
    def splits(self) -> tuple[str, ...]:
        """The names of its splits, train first."""
        return tuple(self.rows_by_split)

    def rows(self, split: str) -> tuple[Row, ...]:
        """The rows of one split, clip by clip.

        Raises:
            InputError: for a split that is not there.
        """
        if split not in self.rows_by_split:
            # Beside the truth are the rows, also where the media are elsewhere.
            raise InputError(f"{self.truth.parent}: no split {split!r}. Splits are {', '.join(self.splits)}.")
        return self.rows_by_split[split]

    def media(self, row: Row) -> Path:
        """The file of the row's clip."""
        return self.folder / row.video

    def check_media(self, rows: Iterable[Row]) -> None:
        """Find out whether the files of these rows' clips are those that the data were made with, and can be used.

        It takes milliseconds a clip: what only decoding all of it would show is not found here.

        Raises:
            DataError: naming rows and files that are missing, have another hash, are cut short, or have no frames,
                no sound or no length.
        """
        faults = ((row, self._fault(row)) for row in _first_rows({"": rows}).values())
        wrong = [f"row {row.id!r}: {fault}" for row, fault in faults if fault]
        if wrong:
            more = f" And {len(wrong) - _SHOWN} more." if len(wrong) > _SHOWN else ""
            raise DataError(f"{' '.join(wrong[:_SHOWN])}{more}")

    def _fault(self, row: Row) -> str:
        """What is wrong with the file of the row's clip; empty text where nothing is."""
        path, wanted = self.media(row), self.clips[row.clip_id].sha256 if row.clip_id in self.clips else ""
        if not path.is_file():
            return f"{path} is missing. Bring it back."
        if wanted and file_sha256(path) != wanted:
            return f"{path} is not the file that clips.jsonl knows (another hash). Bring it back as it was."
        return _damage(path)

    def annotation(self, clip_id: str) -> Annotation | None:
        """What is truly in the clip, or None where nobody knows.

        Raises:
            InputError: for a clip that is not there, or when the truth's file is damaged.
        """
        if clip_id not in self.clips:
            raise InputError(f"{self.folder}: no clip {clip_id!r}. Give one that a row names.")
        path = self.truth / f"{clip_id}.json"
        return read_annotation(path) if path.is_file() else None

    @cached_property
    def fingerprint(self) -> str:
        """64 hex digits over every row and every clip's bytes."""
        return fingerprint(self.rows_by_split, self.clips)


def fingerprint(rows_by_split: Mapping[str, Iterable[Row]], clips: Mapping[str, Clip]) -> str:
    """SHA-256 over rows, in their order, and the SHA-256 of their clips."""
    digest = hashlib.sha256()
    for split, rows in sorted(rows_by_split.items()):
        for row in rows:
            # 0 and 0.0 are the same second, but not the same JSON.
            times = {"start_seconds": float(row.start_seconds), "end_seconds": float(row.end_seconds)}
            line = [split, row.to_columns() | times, clips[row.clip_id].sha256]
            digest.update(json.dumps(line, ensure_ascii=False).encode())
    return digest.hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hex, whatever its size."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def arrange(rows: Iterable[tuple[str, str, Row]], clips: Mapping[str, Clip]) -> dict[str, tuple[Row, ...]]:
    """Check what must hold between ``(where, split, row)``, and return the rows by split, clip by clip.

    Raises:
        DataError: two rows with one id, a rationale in test, an unknown clip, an episode in two splits, no rows,
            a split in which some rows have an answer and others none.
    """
    ids: dict[str, str] = {}
    homes: dict[str, tuple[str, str]] = {}
    found: dict[str, list[Row]] = {}
    for where, split, row in rows:
        if row.id in ids:
            raise DataError(f"{where}: the id {row.id!r} is also at {ids[row.id]}. Give each row an id of its own.")
        ids[row.id] = where
        if row.clip_id not in clips:
            raise DataError(f"{where}: row {row.id!r} is on clip {row.clip_id!r}, which no clip record has. Add it.")
        if split == "test" and row.rationale:
            raise DataError(f"{where}: row {row.id!r} has a rationale; in test it must be empty. Take it out.")
        episode = f"{row.show} {row.episode}" if row.episode else row.clip_id
        home, first = homes.setdefault(episode, (split, where))
        if home != split:
            raise DataError(
                f"{where}: episode {episode!r} is in {split}, and in {home} at {first}. Keep it in one split."
            )
        found.setdefault(split, []).append(row)
    if not found:
        raise DataError("the dataset has no rows; wanted at least one. Check what was dropped, and why.")
    for split, of_split in found.items():
        unlabelled = [row.id for row in of_split if not row.answer]
        if 0 < len(unlabelled) < len(of_split):
            raise DataError(
                f"{ids[unlabelled[0]]}: row {unlabelled[0]!r} has no answer, though other rows of {split} have one "
                f"({len(unlabelled)} of {len(of_split)} have none). Give it its letter, or hold all of them back."
            )
    order = sorted(found, key=lambda split: (_FIRST_SPLITS.index(split) if split in _FIRST_SPLITS else 9, split))
    return {split: _clip_by_clip(found[split]) for split in order}


def _clip_by_clip(rows: list[Row]) -> tuple[Row, ...]:
    first = {clip_id: place for place, clip_id in enumerate(dict.fromkeys(row.clip_id for row in rows))}
    return tuple(sorted(rows, key=lambda row: first[row.clip_id]))


def _at_home(rows_by_split: dict[str, tuple[Row, ...]], notes: ClipNotes) -> dict[str, tuple[Row, ...]]:
    """The same rows, when none of them is on a clip that is noted for another split."""
    for split, rows in rows_by_split.items():
        for row in rows:
            noted = notes.splits.get(row.clip_id, split)
            if noted != split:
                raise DataError(
                    f"{notes.path}: clip {row.clip_id!r} is noted for the split {noted!r}, but row {row.id!r} of "
                    f"{split} asks about it. Correct the one or the other."
                )
    return rows_by_split


# --- a data folder ---


def _folder(name: str) -> Path:
    if not name.strip():
        raise InputError("the data's name is empty; wanted 'playhouse', 'full' or a data folder. Give one.")
    if name != "playhouse":
        return Path(name)
    if not SHIPPED.is_dir():
        raise DataError(f"{SHIPPED}: the shipped set is not there. Make it in the checkout: make shipped")
    return SHIPPED


def _open_folder(kind: type[Corpus], folder: Path) -> Corpus:
    paths = sorted(folder.glob("*/metadata.parquet"))
    if not paths:
        raise DataError(
            f"{folder}: no <split>/metadata.parquet below it, so it is no data folder. "
            "Give 'playhouse', 'full' with annotations and media, or a folder that `crossomni build` wrote."
        )
    notes = read_clips(folder / "clips.jsonl")
    rows_by_split = _at_home(arrange((found for path in paths for found in read_rows(path)), notes.clips), notes)
    for rows in rows_by_split.values():
        for video in {row.video for row in rows}:
            if not (folder / video).is_file():
                raise DataError(f"{folder / video}: the file is missing, though rows name it. Export the folder again.")
    source = read_object(folder / "data.json")
    return kind(folder=folder, clips=notes.clips, source=source, rows_by_split=rows_by_split, truth=folder / "truth")


# --- annotations and the user's media ---


def _both(annotations: Path | None, media: Path | None) -> tuple[Path, Path]:
    if annotations is None or media is None:
        absent = [name for name, path in (("annotations", annotations), ("media", media)) if path is None]
        raise InputError(
            f"full: {' and '.join(absent)} missing; wanted the annotations' folder and the folder of your media files. "
            f"Give load_dataset {' and '.join(f'{name}_dir=…' for name in absent)}, "
            f"a command {' and '.join(f'--{name} …' for name in absent)}."
        )
    for name, folder in (("annotations", Path(annotations)), ("media", Path(media))):
        if not folder.is_dir():
            raise DataError(f"{folder}: no such folder; wanted the folder of {name}. Check the path.")
    return Path(annotations).absolute(), Path(media).absolute()


def _open_full(kind: type[Corpus], annotations: Path, media: Path) -> Corpus:
    clips, rows_by_split = _read_annotations(annotations)
    joined = _join(media, clips, _first_rows(rows_by_split))
    if joined.problems:
        shown = "; ".join(joined.problems[:_SHOWN]) + ("; …" if len(joined.problems) > _SHOWN else "")
        raise DataError(
            f"{media}: {joined.missing} of {joined.wanted} clips missing, {joined.differing} differing, "
            f"{joined.damaged} damaged, {joined.twice} there twice: {shown}. "
            "Corpus.problems(annotations, media) lists them all."
        )
    rows_by_split = {
        split: tuple(replace(row, video=joined.videos[row.clip_id]) for row in rows)
        for split, rows in rows_by_split.items()
    }
    clips = {name: replace(clips[name], sha256=found) for name, found in joined.hashes.items()}
    return kind(folder=media, clips=clips, source={}, rows_by_split=rows_by_split, truth=annotations / "truth")


def _read_annotations(folder: Path) -> tuple[dict[str, Clip], dict[str, tuple[Row, ...]]]:
    paths = sorted(path for path in folder.glob("*.jsonl") if path.name != "clips.jsonl")
    if not paths:
        raise DataError(f"{folder}: no <split>.jsonl in it; wanted one file of rows a split, and clips.jsonl.")
    notes = read_clips(folder / "clips.jsonl")
    rows = [(where, path.stem, row_of(data, where)) for path in paths for where, data in json_lines(path)]
    split_of = {split for _, split, _ in rows}
    for path in paths:
        if path.stem not in split_of:
            raise DataError(f"{path}: no rows in it; wanted at least one. Fill the file, or take it away.")
    return notes.clips, _at_home(arrange(rows, notes.clips), notes)


def _first_rows(rows_by_split: Mapping[str, Iterable[Row]]) -> dict[str, Row]:
    """By clip, the first row that asks about it."""
    firsts: dict[str, Row] = {}
    for row in (row for rows in rows_by_split.values() for row in rows):
        firsts.setdefault(row.clip_id, row)
    return firsts


@dataclass(frozen=True, kw_only=True)
class _Joined:
    """Clips matched to files: what was found, and what stands against it."""

    videos: Mapping[str, str]  # clip id -> path below the media folder
    hashes: Mapping[str, str]  # clip id -> SHA-256 of that file
    wanted: int  # clips
    missing: int
    twice: int
    differing: int
    damaged: int
    problems: tuple[str, ...]


def _join(media: Path, clips: Mapping[str, Clip], rows: Mapping[str, Row]) -> _Joined:
    files: dict[str, list[Path]] = {name: [] for name in rows}
    for path in sorted(media.rglob("*")):
        if path.suffix.lower() in MEDIA_SUFFIXES and path.stem in files and path.is_file():
            files[path.stem].append(path)
    missing = {name: f"{name}: no file {name}{'|'.join(MEDIA_SUFFIXES)}" for name, paths in files.items() if not paths}
    twice = {name: f"{name}: {', '.join(map(str, paths))}" for name, paths in files.items() if len(paths) > 1}
    single = {name: paths[0] for name, paths in files.items() if len(paths) == 1}
    logger.info("hashing %d media files below %s", len(single), media)
    with ThreadPoolExecutor() as pool:
        hashes = dict(zip(single, pool.map(file_sha256, single.values()), strict=True))
    differing = {
        name: f"{single[name]}: sha256 {found[:12]}…, annotated {clips[name].sha256[:12]}…"
        for name, found in hashes.items()
        if clips[name].sha256 not in ("", found)
    }
    # The hash of a file says that it is whole; where none was annotated, the file itself is asked.
    asked = [clips[name] for name in single if not clips[name].sha256]
    damages = {clip.id: _damage(single[clip.id], clip.end_seconds - clip.start_seconds) for clip in asked}
    damaged = {name: damage.removesuffix(".") for name, damage in damages.items() if damage}
    return _Joined(
        videos={name: path.relative_to(media).as_posix() for name, path in single.items()},
        hashes=hashes,
        wanted=len(files),
        missing=len(missing),
        twice=len(twice),
        differing=len(differing),
        damaged=len(damaged),
        problems=tuple(
            f"{what} (row {rows[name].id!r})" for name, what in (missing | differing | damaged | twice).items()
        ),
    )


def _damage(path: Path, seconds: float = 0.0) -> str:
    """Why the clip cannot be used, or is shorter than ``seconds``; empty text where it can."""
    try:
        probe(path, seconds)
    except MediaError as error:
        return str(error)
    return ""
