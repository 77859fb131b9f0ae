"""Rows as Arrow tables, with the features that ``datasets`` reads from a schema, and back from columns to rows.

The contract's columns are spelled once, here; the builder, the exports and the card take them from here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from crossomni.errors import DataError, InputError
from crossomni.records import COLUMNS, TEXT_COLUMNS, Row

SAMPLE_RATE_HZ = 16_000
# A row group holds whole clips and stays below both bounds: readers hold one group at a time, and Parquet stores
# what repeats once a group.
ROWS_PER_GROUP = 1_000
BYTES_PER_GROUP = 256_000_000
BYTES_PER_SOUND_GROUP = 32_000_000  # where videos are files of their own: sound is light, and a group is memory
BYTES_PER_FILE = 1_000_000_000  # of media, in files for the Hub's viewer

_MEDIA = pa.struct({"bytes": pa.binary(), "path": pa.string()})
_STRING = {"dtype": "string", "_type": "Value"}
_DOUBLE = {"dtype": "float64", "_type": "Value"}
# Column -> its Arrow type, and the feature that `datasets` makes of it; every other column is text.
_KINDS: dict[str, tuple[pa.DataType, dict[str, Any]]] = {
    "video": (_MEDIA, {"_type": "Video"}),
    "audio": (_MEDIA, {"sampling_rate": SAMPLE_RATE_HZ, "_type": "Audio"}),
    "options": (pa.list_(pa.string()), {"feature": _STRING, "_type": "List"}),
    "start_seconds": (pa.float64(), _DOUBLE),
    "end_seconds": (pa.float64(), _DOUBLE),
}


def features(video: str = "video") -> dict[str, dict[str, Any]]:
    """Each column's feature in the contract's order, as ``datasets`` writes it in JSON.

    ``video="file_name"`` names the file in text, which is what ``datasets`` wants of a folder of media.
    """
    names = (video if name == "video" else name for name in COLUMNS)
    return {name: _KINDS.get(name, (pa.string(), _STRING))[1] for name in names}


def schema(video: str = "video") -> pa.Schema:
    """The columns as Arrow types, with their features where ``datasets`` looks for them."""
    found = features(video)
    return pa.schema(
        [(name, _KINDS[name][0] if name in _KINDS else pa.string()) for name in found],
        metadata={"huggingface": json.dumps({"info": {"features": found}})},
    )


def table(rows: Sequence[Row], media: Mapping[str, Sequence[Any]]) -> pa.Table:
    """One Arrow table of ``rows``; ``media`` brings the columns ``video`` (or ``file_name``) and ``audio``."""
    video = "video" if "video" in media else "file_name"
    texts = [row.to_columns() for row in rows]
    wanted = schema(video)
    columns = {name: media[name] if name in media else [text[name] for text in texts] for name in wanted.names}
    return pa.table(columns, schema=wanted)


# --- back to rows ---


def _is_seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _is_text(value: Any) -> bool:
    """Whether it is text, and whole: JSON can escape half of a pair of surrogates, which no file of text can hold."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_name(value: Any) -> bool:
    return _is_text(value) and value.splitlines() in ([], [value])


def _are_options(value: Any) -> bool:
    """What is in the list the row itself checks, all but halves of characters."""
    return isinstance(value, list) and all(_is_text(option) for option in value if isinstance(option, str))


_Check = tuple[Callable[[Any], bool], str]
_TEXT: _Check = (_is_text, "text in whole characters")
_NAME: _Check = (_is_name, "text on one line")
_SECONDS: _Check = (_is_seconds, "a number of seconds")
# What a field of a row, a clip or a line may hold; every other holds text.
_CHECKS: dict[str, _Check] = {
    "id": _NAME,
    "pair_id": _NAME,
    "start_seconds": _SECONDS,
    "end_seconds": _SECONDS,
    "options": (_are_options, "a list of texts"),
    "lines": (lambda value: isinstance(value, list), "a list of lines"),
}


def check_fields(data: Mapping[str, Any], names: Iterable[str], where: str) -> None:
    """Refuse a field, among ``names``, that is there and holds something else than it should.

    Raises:
        DataError: naming the place, the field, what came and what was wanted.
    """
    for name in names:
        fits, wanted = _CHECKS.get(name, _TEXT)
        if name in data and not fits(data[name]):
            raise DataError(f"{where}: {name} is {data[name]!r}; wanted {wanted}.")


def row_of(columns: Mapping[str, Any], where: str, video: str = "") -> Row:
    """A row from the contract's columns; ``where`` is the place that an error names.

    Raises:
        DataError: when a column is missing, or what it holds is not what the row demands.
    """
    check_fields(columns, TEXT_COLUMNS, where)
    try:
        row = Row.from_columns(columns, video=video)
    except InputError as error:
        raise DataError(f"{where}: {error}") from error
    if not 0 <= row.start_seconds <= row.end_seconds:
        raise DataError(
            f"{where}: row {row.id!r} goes from {row.start_seconds} to {row.end_seconds} s; "
            "wanted 0 <= start_seconds <= end_seconds. Correct the times."
        )
    return row


def read_rows(path: Path) -> Iterator[tuple[str, str, Row]]:
    """Each row of ``<split>/metadata.parquet`` with its place and its split; no media are read.

    Raises:
        DataError: when the file is no Parquet, lacks a column, or a row is wrong or names another clip's file.
    """
    split, wanted = path.parent.name, ("file_name", *TEXT_COLUMNS)
    try:
        missing = [name for name in wanted if name not in pq.read_schema(path).names]
        if missing:
            raise DataError(f"{path}: columns are missing: {', '.join(missing)}. Export the folder again.")
        # Only these columns: the sound's bytes are in the same file and stay there.
        records = pq.read_table(path, columns=list(wanted)).to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path}: cannot be read as Parquet ({error}). Export the folder again.") from error
    for number, columns in enumerate(records, start=1):
        where = f"{path}, row {number}"
        name = columns["file_name"]
        if not isinstance(name, str) or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise DataError(f"{where}: file_name is {name!r}; wanted a path below {path.parent}, without '..'.")
        row = row_of(columns, where, f"{split}/{name}")
        if PurePosixPath(name).stem != row.clip_id:
            raise DataError(
                f"{where}: row {row.id!r} is on clip {row.clip_id!r}, but its file_name is {name!r}; "
                "wanted the clip's own file. Export the folder again."
            )
        yield where, split, row
