"""A dataset on disk: its rows, the files of their clips, and the truth where it is known.

Three forms are read: the set shipped in the package (``playhouse``), a data folder that ``crossomni.export`` wrote,
and annotations joined to the user's own media (``full``).
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crossomni.errors import DataError, InputError, RecordError
from crossomni.records import TEXT_COLUMNS, Annotation, Clip, Line, Row

logger = logging.getLogger(__name__)

SHIPPED = Path(__file__).resolve().parent / "shipped"
MEDIA_SUFFIXES = (".mp4", ".mkv", ".webm", ".mov")
_FIRST_SPLITS = ("train", "validation", "test")
_NUMBER = (int | float, "a number of seconds")
_KINDS = {"options": (list, "a list of texts"), "start_seconds": _NUMBER, "end_seconds": _NUMBER}
_SHOWN = 10  # problems that an error's one line names


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Rows by split, clip by clip, beside the folder that holds their media."""

    folder: Path  # `row.video` is relative to it
    clips: Mapping[str, Clip]
    source: Mapping[str, Any]  # data.json: source, seed, version, fingerprint; empty where there is none
    rows_by_split: Mapping[str, tuple[Row, ...]]
    truth: Path  # <clip_id>.json where the truth of a clip is known

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
        return _join(media, _used(rows_by_split, clips)).problems

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
            raise InputError(f"{self.folder}: no split {split!r}. Splits are {', '.join(self.splits)}.")
        return self.rows_by_split[split]

    def media(self, row: Row) -> Path:
        """The file of the row's clip."""
        return self.folder / row.video

    def check_media(self, rows: Iterable[Row]) -> None:
        """Find out whether the files of these rows' clips are those that the data were made with.

        Raises:
            DataError: naming the files that are missing or have another hash; a damaged file is one of them.
        """
        wrong = []
        for row in {row.clip_id: row for row in rows}.values():
            path, wanted = self.media(row), self.clips[row.clip_id].sha256 if row.clip_id in self.clips else ""
            if not path.is_file():
                wrong.append(f"{path} is missing")
            elif wanted and file_sha256(path) != wanted:
                wrong.append(f"{path} is not the file that clips.jsonl knows (another hash)")
        if wrong:
            more = f", and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
            raise DataError(f"{'; '.join(wrong[:_SHOWN])}{more}. Bring the clips back as they were.")

    def annotation(self, clip_id: str) -> Annotation | None:
        """What is truly in the clip, or None where nobody knows.

        Raises:
            InputError: for a clip that is not there, or when the truth's file is damaged.
        """
        if clip_id not in self.clips:
            raise InputError(f"{self.folder}: no clip {clip_id!r}. Give one that a row names.")
        path = self.truth / f"{clip_id}.json"
        return Annotation.from_json(_read_json(_read_text(path), str(path))) if path.is_file() else None

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
        DataError: two rows with one id, a rationale in test, an unknown clip, an episode in two splits, no rows.
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
    order = sorted(found, key=lambda split: (_FIRST_SPLITS.index(split) if split in _FIRST_SPLITS else 9, split))
    return {split: _clip_by_clip(found[split]) for split in order}


def _clip_by_clip(rows: list[Row]) -> tuple[Row, ...]:
    first = {clip_id: place for place, clip_id in enumerate(dict.fromkeys(row.clip_id for row in rows))}
    return tuple(sorted(rows, key=lambda row: first[row.clip_id]))


# --- a data folder ---


def _folder(name: str) -> Path:
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
    clips = _read_clips(folder / "clips.jsonl")
    rows_by_split = arrange((found for path in paths for found in _parquet_rows(path)), clips)
    for rows in rows_by_split.values():
        for video in {row.video for row in rows}:
            if not (folder / video).is_file():
                raise DataError(f"{folder / video}: the file is missing, though rows name it. Export the folder again.")
    source = _read_json(_read_text(folder / "data.json"), str(folder / "data.json"))
    return kind(folder=folder, clips=clips, source=source, rows_by_split=rows_by_split, truth=folder / "truth")


def _parquet_rows(path: Path) -> Iterator[tuple[str, str, Row]]:
    split = path.parent.name
    try:
        # Only these columns: the sound's bytes are in the same file and stay there.
        records = pq.read_table(path, columns=["file_name", *TEXT_COLUMNS]).to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: cannot be read as Parquet ({error}). Export the folder again.") from error
    for number, columns in enumerate(records, start=1):
        where = f"{path}, row {number}"
        name = columns.get("file_name")
        if not isinstance(name, str) or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise DataError(f"{where}: file_name is {name!r}; wanted a path below {path.parent}, without '..'.")
        yield where, split, _row(columns, where, f"{split}/{name}")


# --- annotations and the user's media ---


def _both(annotations: Path | None, media: Path | None) -> tuple[Path, Path]:
    if annotations is None or media is None:
        absent = " and ".join(name for name, path in (("annotations", annotations), ("media", media)) if path is None)
        raise InputError(f"full: {absent} missing; wanted the annotations' folder and the folder of your media files.")
    for name, folder in (("annotations", Path(annotations)), ("media", Path(media))):
        if not folder.is_dir():
            raise DataError(f"{folder}: no such folder; wanted the folder of {name}. Check the path.")
    return Path(annotations).absolute(), Path(media).absolute()


def _open_full(kind: type[Corpus], annotations: Path, media: Path) -> Corpus:
    clips, rows_by_split = _read_annotations(annotations)
    used = _used(rows_by_split, clips)
    joined = _join(media, used)
    if joined.problems:
        shown = "; ".join(joined.problems[:_SHOWN]) + ("; …" if len(joined.problems) > _SHOWN else "")
        raise DataError(
            f"{media}: {joined.missing} of {len(used)} clips missing, {joined.differing} differing, "
            f"{joined.twice} there twice: {shown}. Corpus.problems(annotations, media) lists them all."
        )
    rows_by_split = {
        split: tuple(replace(row, video=joined.videos[row.clip_id]) for row in rows)
        for split, rows in rows_by_split.items()
    }
    clips = {clip.id: replace(clip, sha256=joined.hashes[clip.id]) for clip in used}
    return kind(folder=media, clips=clips, source={}, rows_by_split=rows_by_split, truth=annotations / "truth")


def _read_annotations(folder: Path) -> tuple[dict[str, Clip], dict[str, tuple[Row, ...]]]:
    paths = sorted(path for path in folder.glob("*.jsonl") if path.name != "clips.jsonl")
    if not paths:
        raise DataError(f"{folder}: no <split>.jsonl in it; wanted one file of rows a split, and clips.jsonl.")
    clips = _read_clips(folder / "clips.jsonl")
    rows = ((where, path.stem, _row(data, where)) for path in paths for where, data in _json_lines(path))
    return clips, arrange(rows, clips)


def _used(rows_by_split: Mapping[str, tuple[Row, ...]], clips: Mapping[str, Clip]) -> list[Clip]:
    return [clips[name] for name in dict.fromkeys(row.clip_id for rows in rows_by_split.values() for row in rows)]


@dataclass(frozen=True, kw_only=True)
class _Joined:
    """Clips matched to files: what was found, and what stands against it."""

    videos: Mapping[str, str]  # clip id -> path below the media folder
    hashes: Mapping[str, str]  # clip id -> SHA-256 of that file
    missing: int
    twice: int
    differing: int
    problems: tuple[str, ...]


def _join(media: Path, clips: list[Clip]) -> _Joined:
    files: dict[str, list[Path]] = {clip.id: [] for clip in clips}
    for path in sorted(media.rglob("*")):
        if path.suffix.lower() in MEDIA_SUFFIXES and path.stem in files and path.is_file():
            files[path.stem].append(path)
    missing = [f"{name}: no file {name}{'|'.join(MEDIA_SUFFIXES)}" for name, paths in files.items() if not paths]
    twice = [f"{name}: {', '.join(map(str, paths))}" for name, paths in files.items() if len(paths) > 1]
    single = {name: paths[0] for name, paths in files.items() if len(paths) == 1}
    logger.info("hashing %d media files below %s", len(single), media)
    with ThreadPoolExecutor() as pool:
        hashes = dict(zip(single, pool.map(file_sha256, single.values()), strict=True))
    differing = [
        f"{single[clip.id]}: sha256 {hashes[clip.id][:12]}…, annotated {clip.sha256[:12]}…"
        for clip in clips
        if clip.id in hashes and clip.sha256 not in ("", hashes[clip.id])
    ]
    return _Joined(
        videos={name: path.relative_to(media).as_posix() for name, path in single.items()},
        hashes=hashes,
        missing=len(missing),
        twice=len(twice),
        differing=len(differing),
        problems=(*missing, *differing, *twice),
    )


# --- lines of JSON ---


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error}). Give the file, in UTF-8.") from error


def _read_json(text: str, where: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"{where}: not JSON ({error}). Write one object.") from error
    if not isinstance(data, dict):
        raise DataError(f"{where}: {type(data).__name__} came, one JSON object was wanted.")
    return data


def _json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(_read_text(path).split("\n"), start=1):
        if line.strip():
            yield f"{path}, line {number}", _read_json(line, f"{path}, line {number}")


def _read_clips(path: Path) -> dict[str, Clip]:
    clips: dict[str, Clip] = {}
    for where, data in _json_lines(path):
        fields = {name: value for name, value in data.items() if name != "split"}
        try:
            clip = Clip(**(fields | {"lines": tuple(Line(**line) for line in fields.get("lines", ()))}))
        except (TypeError, RecordError) as error:
            raise DataError(f"{where}: {error} Wanted the fields of a clip.") from error
        if clip.id in clips:
            raise DataError(f"{where}: clip {clip.id!r} is there twice. Keep one.")
        clips[clip.id] = clip
    return clips


def _row(columns: Mapping[str, Any], where: str, video: str = "") -> Row:
    for name in TEXT_COLUMNS:
        kind, wanted = _KINDS.get(name, (str, "text"))
        if name in columns and not isinstance(columns[name], kind):
            raise DataError(f"{where}: {name} is {columns[name]!r}; wanted {wanted}.")
    try:
        return Row.from_columns(columns, video=video)
    except InputError as error:
        raise DataError(f"{where}: {error}") from error
