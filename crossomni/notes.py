"""What people and builds note in JSON: clips, rows and truth, read back with the place of whatever is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from crossomni.errors import DataError, RecordError
from crossomni.records import Annotation, Clip, Line
from crossomni.tables import check_fields

_Record = TypeVar("_Record", Clip, Line)


@dataclass(frozen=True, kw_only=True)
class ClipNotes:
    """The lines of a ``clips.jsonl``."""

    path: Path
    clips: dict[str, Clip]  # by clip id
    splits: dict[str, str]  # clip id -> the split that its line names; those that name none are left out


def read_clips(path: Path) -> ClipNotes:
    """Every clip of a file of JSON lines.

    Raises:
        DataError: naming file, line and field, when one is not what a clip demands, or a clip is there twice.
    """
    notes = ClipNotes(path=path, clips={}, splits={})
    for where, data in json_lines(path):
        check_fields(data, ("lines", "split"), where)
        lines = tuple(
            _record(Line, line, f"{where}, lines[{number}]") for number, line in enumerate(data.get("lines", ()))
        )
        clip = _record(Clip, {key: value for key, value in data.items() if key != "split"}, where, lines=lines)
        if clip.id in notes.clips:
            raise DataError(f"{where}: clip {clip.id!r} is there twice. Keep one.")
        notes.clips[clip.id] = replace(clip, sha256=clip.sha256.lower())
        if "split" in data:
            notes.splits[clip.id] = data["split"]
    return notes


def read_annotation(path: Path) -> Annotation:
    """What is truly in a clip, from its file.

    Raises:
        DataError: naming the file, when it cannot be read or does not hold an annotation.
    """
    try:
        return Annotation.from_json(read_object(path))
    except RecordError as error:
        raise DataError(f"{path}: {error}") from error


def read_object(path: Path) -> dict[str, Any]:
    """The one object of a JSON file.

    Raises:
        DataError: naming the file, when it cannot be read or holds something else.
    """
    return _object(_text(path), str(path))


def json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each object of a file of JSON lines, with its place: ``"<file>, line <number>"``; empty lines are passed over.

    Raises:
        DataError: naming file and line, when it cannot be read or holds something else.
    """
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if line.strip():
            yield f"{path}, line {number}", _object(line, f"{path}, line {number}")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")  # some editors write a mark before the first character
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error}). Give the file, in UTF-8.") from error


def _object(text: str, where: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:  # the second where brackets stand in brackets by the thousand
        raise DataError(f"{where}: not JSON ({error}). Write one object.") from error
    if not isinstance(data, dict):
        raise DataError(f"{where}: {type(data).__name__} came, one JSON object was wanted.")
    return data


def _record(kind: type[_Record], data: Any, where: str, **ready: Any) -> _Record:
    """A record from one JSON object; ``ready`` brings fields that are records already."""
    if not isinstance(data, dict):
        raise DataError(f"{where}: {data!r} came; wanted one JSON object.")
    needed = {field.name: field.default is MISSING for field in fields(kind)}
    missing = [name for name, demanded in needed.items() if demanded and name not in data]
    unknown = [name for name in data if name not in needed]
    for names, what in ((missing, "missing"), (unknown, "unknown")):
        if names:
            raise DataError(f"{where}: fields are {what}: {', '.join(names)}. Wanted {', '.join(needed)}.")
    check_fields(data, needed, where)
    try:
        return kind(**(data | ready))
    except RecordError as error:
        raise DataError(f"{where}: {error}") from error
