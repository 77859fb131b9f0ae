"""The one door to data by name: this project's own, or another benchmark's."""

from __future__ import annotations

from pathlib import Path

from crossomni.benchmarks.names import benchmark_of
from crossomni.corpus import Corpus


def open_corpus(
    data: str, annotations: str | Path | None = None, media: str | Path | None = None, *, rows_only: bool = False
) -> Corpus:
    """Open ``playhouse``, ``full``, a data folder, ``daily-omni``, ``worldsense`` or ``avut`` (or ``avut:partial``).

    Args:
        data: the name, or the folder.
        annotations: of ``full`` the folder of annotations, of a benchmark its published file or the folder with it.
        media: of ``full`` and of a benchmark the folder with the user's clips.
        rows_only: a benchmark does without media, for what looks at no clip.

    Raises:
        InputError: when the arguments do not go together.
        DataError: when rows, clips or media are not what they should be; the message names file and line, or item.
    """
    places = tuple(Path(place) if place is not None else None for place in (annotations, media))
    if benchmark_of(data) is None:
        return Corpus.open(data, *places)
    from crossomni.benchmarks.opening import open_benchmark

    return open_benchmark(data, *places, rows_only=rows_only)
