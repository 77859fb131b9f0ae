"""A benchmark as a corpus: its published file and the user's clips, joined by the clips' names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from crossomni.benchmarks import avut, daily_omni, worldsense
from crossomni.benchmarks.items import Item, Published
from crossomni.benchmarks.media import Found, find_clips
from crossomni.benchmarks.names import DATA_NAMES, PARTIAL, Benchmark, benchmark_of
from crossomni.corpus import Corpus, arrange, file_sha256
from crossomni.errors import DataError, InputError, RecordError
from crossomni.records import Clip, check_clip_id

SPLIT = "test"
_READERS: Mapping[str, Callable[[Path], Iterator[Published]]] = {
    "daily-omni": daily_omni.items,
    "worldsense": worldsense.items,
    "avut": avut.items,
}


def open_benchmark(data: str, annotations: Path | None, media: Path | None, *, rows_only: bool = False) -> Corpus:
    """Open ``daily-omni``, ``worldsense`` or ``avut``, or with ``:partial`` the part of it whose clips are there.

    Args:
        data: one of ``DATA_NAMES``.
        annotations: the published file, or the folder that holds it; by default it is looked for in ``media``.
        media: the folder with the clips, however deep.
        rows_only: media may be None, for what looks at no clip; annotations are then needed.

    Raises:
        InputError: for another name, or when media, or annotations and media, are not given.
        DataError: when the file is not of the published form, by item; when clips are missing, damaged or silent films.
    """
    benchmark = benchmark_of(data)
    if benchmark is None:
        raise InputError(f"{data!r} is no benchmark; wanted one of {', '.join(DATA_NAMES)}.")
    if media is None and (annotations is None or not rows_only):
        raise InputError(
            f"{data}: no media came; wanted the folder of {benchmark.title}'s clips, from {benchmark.link}. "
            f"Give --media FOLDER (and --annotations FILE where {benchmark.file} is not in it)."
        )
    path = _file(benchmark, annotations or media)
    items = list(_READERS[benchmark.name](path))
    asked = [item for item in items if not item.fault]
    if not asked:
        raise DataError(f"{path}: none of its {len(items)} items can be asked ({items[0].fault}, for one).")
    for item in asked:
        _clip_id(benchmark, item)
    wanted = {item.video: item.stems for item in asked}
    found = find_clips(media, wanted, benchmark, partial=data.endswith(PARTIAL)) if media is not None else {}
    without = [item for item in asked if item.video not in found] if media is not None else []
    asked = [item for item in asked if item.video in found] if media is not None else asked
    clips = {clip.id: clip for clip in (_clip(benchmark, item, found.get(item.video)) for item in asked)}
    rows = [(item.where, SPLIT, _row(benchmark, item, media, found.get(item.video))) for item in asked]
    return Corpus(
        folder=media.absolute() if media is not None else path.parent.absolute(),
        clips=clips,
        source={
            "source": benchmark.name,
            "benchmark": _about(benchmark, path, items, without),
            "clips": "there" if media is not None else "not looked for",
        },
        rows_by_split=arrange(rows, clips),
        truth=path.parent.absolute() / f"{benchmark.name}-truth",  # nobody knows it
        groups={item.id: item.groups for item in asked},
    )


def _file(benchmark: Benchmark, place: Path | None) -> Path:
    assert place is not None  # one of the two was given
    path = place / benchmark.file if place.is_dir() else place
    if not path.is_file():
        raise DataError(
            f"{path}: no such file; wanted {benchmark.title}'s annotations, {benchmark.file} from {benchmark.link}. "
            "Put it into the media folder, or give --annotations FILE."
        )
    return path


def _clip_id(benchmark: Benchmark, item: Published) -> str:
    # Ids of YouTube may begin with "-" or "_", which a clip's may not.
    if not item.video:
        raise DataError(f"{item.where}: names no clip; wanted its id or its file. Give the published file.")
    try:
        return check_clip_id(f"{benchmark.name}.{item.video}", item.where)
    except RecordError as error:
        raise DataError(str(error)) from error


def _clip(benchmark: Benchmark, item: Published, found: Found | None) -> Clip:
    return Clip(
        id=_clip_id(benchmark, item),
        show=benchmark.title,
        episode=item.video,
        start_seconds=0.0,
        end_seconds=found.seconds if found else 1.0,  # of a clip that is not looked at, and never shown
        sha256=found.sha256 if found else "",
    )


def _row(benchmark: Benchmark, item: Published, media: Path | None, found: Found | None) -> Item:
    try:
        return Item(
            id=item.id,
            clip_id=_clip_id(benchmark, item),
            question=item.question,
            options=item.options,
            answer=item.answer,
            video=found.path.relative_to(media).as_posix() if found and media else "",
            show=benchmark.title,
            episode=item.video,  # a video is its own: nothing is known of what belongs together
        )
    except RecordError as error:
        raise DataError(f"{item.where}: {error}") from error


def _about(
    benchmark: Benchmark, path: Path, items: Sequence[Published], without: Sequence[Published]
) -> dict[str, Any]:
    """What a run's ``run.json`` says of it."""
    sha256 = file_sha256(path)
    known = {"": "not known", sha256: "yes"}.get(benchmark.sha256, "no")
    return {
        "title": benchmark.title,
        "licence": benchmark.licence,
        "link": benchmark.link,
        "annotations": {"file": path.name, "sha256": sha256, "as published": known},
        "published": benchmark.items,
        "items": len(items),
        "left_out": [f"{item.where.removeprefix(f'{path}, ')}: {item.fault}" for item in items if item.fault],
        "without_clip": len(without),
    }
