"""Rows as Arrow tables, with the features that ``datasets`` reads from a schema.

The contract's columns are spelled once, here; the builder, the exports and the card take them from here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from crossomni.records import COLUMNS, Row

SAMPLE_RATE_HZ = 16_000
# A row group holds whole clips and stays below both bounds: readers hold one group at a time, and Parquet stores
# what repeats once a group.
ROWS_PER_GROUP = 1_000
BYTES_PER_GROUP = 256_000_000
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
