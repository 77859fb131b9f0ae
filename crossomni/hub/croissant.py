"""``croissant.json``: a dataset's files and columns as machines read them (MLCommons Croissant 1.1, JSON-LD).

https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html. Addresses of files are relative to this one, so that
the same text holds on a disk and on the Hub. Each split is a record set; clips are told as sets of files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from crossomni.card import MEANING, PAPER, config_name, licence_of
from crossomni.corpus import file_sha256
from crossomni.errors import InputError
from crossomni.hub.layout import Form, Layout
from crossomni.records import TEXT_COLUMNS

CROISSANT = "croissant.json"
_CONFORMS = "http://mlcommons.org/croissant/1.1"
_CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_CITE = (
    "@misc{crossomni, title = {CrossOmni: cross-modal coreference in Omni-LLMs}, "
    f"howpublished = {{{PAPER}}}, eprint = {{2604.05522}}, archivePrefix = {{arXiv}}}}"
)
_TYPES: Mapping[Form, str] = {
    "folder": "application/x-parquet",
    "parquet": "application/x-parquet",
    "annotations": "application/jsonlines",
}
_FILE = "file_name"  # the column that names a clip's file, in a folder


def croissant(layout: Layout, source: Mapping[str, Any], *, address: str = "", published: str = "") -> str:
    """The text of ``croissant.json`` for the tables and clips of a folder.

    Args:
        layout: what lies there; every table is read for its hash.
        source: what data.json says.
        address: where the dataset is shown, as ``https://huggingface.co/datasets/OWNER/NAME``; the paper's where empty.
        published: the day, as ``2026-01-31``; left out where empty, though the specification wants it.

    Raises:
        InputError: when the licence is ``other`` and has no address.
    """
    name = config_name(source)
    told = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": _CONFORMS,
        "name": f"crossomni-{name}",
        "description": (
            "Questions that ask to find somebody or something in one modality (sound, picture, text) and to answer "
            "from another: nine tasks, one for each pair of source and target."
        ),
        "license": _licence(source),
        "url": address or PAPER,
        "version": str(source.get("version", "0.0.0")),
        **({"datePublished": published} if published else {}),
        "citeAs": _CITE,
        "inLanguage": "en",
        "isLiveDataset": False,
        "keywords": ["coreference", "cross-modal", "video", "audio", "text", "multiple choice"],
        "creator": {"@type": "Organization", "name": "CrossOmni"},
        "distribution": [*_files(layout), *_sets(layout)],
        "recordSet": [_records(layout, split) for split in layout.tables],
    }
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _licence(source: Mapping[str, Any]) -> str:
    licence = licence_of(source)
    if licence != "other":
        return f"https://choosealicense.com/licenses/{licence}/"
    if not source.get("licence_link"):
        raise InputError(
            f"source {source['source']!r}: licence 'other' came without licence_link; wanted its address, where it "
            "is written. Add it to data.json."
        )
    return str(source["licence_link"])


def _files(layout: Layout) -> Iterator[dict[str, Any]]:
    for paths in layout.tables.values():
        for path in paths:
            file = layout.folder / path
            yield {
                "@type": "cr:FileObject",
                "@id": path,
                "name": path,
                "contentUrl": path,
                "contentSize": f"{file.stat().st_size} B",
                "encodingFormat": _TYPES[layout.form],
                "sha256": file_sha256(file),
            }


def _sets(layout: Layout) -> Iterator[dict[str, Any]]:
    for split, paths in layout.tables.items():
        if len(paths) > 1:
            pattern = f"{paths[0].rpartition('/')[0]}/{split}-*.parquet"
            yield _set(f"{split}-tables", pattern, _TYPES[layout.form], f"All tables of {split}.")
    for pattern, kind in layout.media.items():
        yield _set(pattern.replace("/*", ""), pattern, kind, "Clips, with their sound.")


def _set(name: str, pattern: str, kind: str, what: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": name,
        "name": name,
        "description": what,
        "encodingFormat": kind,
        "includes": pattern,
    }


def _records(layout: Layout, split: str) -> dict[str, Any]:
    paths = layout.tables[split]
    table = {"fileSet": {"@id": f"{split}-tables"}} if len(paths) > 1 else {"fileObject": {"@id": paths[0]}}
    columns = [_FILE, *TEXT_COLUMNS] if layout.form == "folder" else TEXT_COLUMNS
    return {
        "@type": "cr:RecordSet",
        "@id": split,
        "name": split,
        "description": f"The rows of the split {split}, a question each.",
        "key": {"@id": f"{split}/id"},
        "field": [_field(split, column, table) for column in columns],
    }


def _field(split: str, column: str, table: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"{split}/{column}",
        "name": column,
        "description": MEANING.get(column, "the clip's file, relative to the table"),
        "dataType": "sc:Float" if column.endswith("_seconds") else "sc:Text",
        "source": {**table, "extract": {"column": column}},
    }
    return told | ({"isArray": True, "arrayShape": "4"} if column == "options" else {})
