"""Datasets as folders that can go to the Hub as they are: clips within Parquet, or rows alone.

Beside the tables lie the card, ``croissant.json``, ``eval.yaml`` and what ``data.json`` says of the source.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from crossomni.card import Listed, card
from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.export import export_parquet, staged
from crossomni.hub.benchmark import BENCHMARK, benchmark
from crossomni.hub.croissant import CROISSANT, croissant
from crossomni.hub.layout import Layout

SOURCE = "data.json"
_OF_THIS_MACHINE = ("media",)  # what data.json tells of folders


def export_for_viewer(corpus: Corpus, folder: Path, audit: str = "") -> Path:
    """Write Parquet with the media inside, as the Hub's viewer wants it, with all that lies beside it on the Hub.

    Raises:
        InputError: as ``export_parquet`` does.
    """
    with staged(folder) as stage:
        export_parquet(corpus, stage, audit)
        write_beside(stage, corpus.source)
    return folder


def export_annotations(corpus: Corpus, folder: Path, audit: str = "") -> Path:
    """Write rows without clips, as ``full`` takes them: a file of JSON lines a split, and ``clips.jsonl``.

    Of a clip its name, episode, times and hash are told. What is said in it stays out, as does all that was noted of it
    while the rows were made: it is the clip's own text.

    Args:
        audit: its tables in Markdown, for the card.

    Raises:
        InputError: when the folder is there and is not empty, or the corpus does not say where it comes from.
    """
    if not corpus.source:
        raise InputError(
            f"{corpus.folder}: no data.json tells its source; wanted a data folder. Give one that crossomni build made."
        )
    with staged(folder) as stage:
        for split, rows in corpus.rows_by_split.items():
            _write_lines(stage / f"{split}.jsonl", [row.to_columns() for row in rows])
        home = {row.clip_id: split for split, rows in corpus.rows_by_split.items() for row in rows}
        silent = [replace(clip, lines=()) for name, clip in corpus.clips.items() if name in home]
        _write_lines(stage / "clips.jsonl", [asdict(clip) | {"split": home[clip.id]} for clip in silent])
        listed = {
            split: Listed(rows=len(rows), bytes=(stage / f"{split}.jsonl").stat().st_size, files=f"{split}.jsonl")
            for split, rows in corpus.rows_by_split.items()
        }
        hidden = not any(row.answer for rows in corpus.rows_by_split.values() for row in rows)
        text = card(corpus.source, listed, hidden, audit, media=False)
        (stage / "README.md").write_text(text, encoding="utf-8")
        write_beside(stage, corpus.source)
    return folder


def write_beside(folder: Path, source: Mapping[str, Any], *, address: str = "", published: str = "") -> None:
    """Write ``croissant.json``, ``eval.yaml`` and ``data.json`` beside the tables of a folder.

    Args:
        folder: with its tables.
        source: what data.json says; what it tells of this machine is left out.
        address: where the dataset is shown, and
        published: the day on which it is, both for ``croissant.json``.
    """
    layout = Layout.of(folder)
    told = {key: value for key, value in source.items() if key not in _OF_THIS_MACHINE}
    split = "test" if "test" in layout.tables else list(layout.tables)[-1]
    texts = {
        CROISSANT: croissant(layout, source, address=address, published=published),
        BENCHMARK: benchmark(source, split),
        SOURCE: json.dumps(told, indent=2, ensure_ascii=False) + "\n",
    }
    for name, text in texts.items():
        path = folder / name
        path.unlink(missing_ok=True)  # what is there may be a link to another folder's
        path.write_text(text, encoding="utf-8")


def _write_lines(path: Path, lines: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
