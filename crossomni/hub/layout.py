"""What lies in a dataset's folder: which tables belong to which split, and where the clips are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from crossomni.corpus import MEDIA_SUFFIXES
from crossomni.errors import DataError

Form = Literal["folder", "parquet", "annotations"]
_NOTES = ("clips.jsonl", "dropped.jsonl", "lineage.jsonl", "labels.jsonl")
_SHARD = re.compile(r"(?P<split>.+)-\d{5}-of-\d{5}\.parquet")
_MEDIA_TYPES = {".mp4": "video/mp4", ".mkv": "video/x-matroska", ".webm": "video/webm", ".mov": "video/quicktime"}


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The tables and clips of a folder, by paths relative to it."""

    folder: Path
    form: Form  # folder: clips beside their rows; parquet: clips within; annotations: rows alone, as JSON lines
    tables: Mapping[str, tuple[str, ...]]  # by split, train first
    media: Mapping[str, str]  # pattern of clips -> their media type

    @classmethod
    def of(cls, folder: Path) -> Layout:
        """What lies in ``folder``.

        Raises:
            DataError: when it holds no rows in a form that is known.
        """
        beside = {path.parent.name: (f"{path.parent.name}/{path.name}",) for path in folder.glob("*/metadata.parquet")}
        if beside:
            patterns = {
                f"{split}/videos/*{suffix}": _MEDIA_TYPES[suffix]
                for split in beside
                for suffix in MEDIA_SUFFIXES
                if any((folder / split / "videos").glob(f"*{suffix}"))
            }
            return cls(folder=folder, form="folder", tables=_in_order(beside), media=patterns)
        shards: dict[str, tuple[str, ...]] = {}
        for path in sorted(folder.glob("*/*.parquet")):
            if found := _SHARD.fullmatch(path.name):
                shards[found["split"]] = (*shards.get(found["split"], ()), path.relative_to(folder).as_posix())
        if shards:
            return cls(folder=folder, form="parquet", tables=_in_order(shards), media={})
        lines = {path.stem: (path.name,) for path in folder.glob("*.jsonl") if path.name not in _NOTES}
        if lines:
            return cls(folder=folder, form="annotations", tables=_in_order(lines), media={})
        raise DataError(
            f"{folder}: no <split>/metadata.parquet, no <configuration>/<split>-….parquet and no <split>.jsonl in it; "
            "wanted a dataset. Give a folder that crossomni build or crossomni export wrote."
        )


def _in_order(tables: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    first = ("train", "validation", "test")
    order = sorted(tables, key=lambda split: (first.index(split) if split in first else len(first), split))
    return {split: tables[split] for split in order}
