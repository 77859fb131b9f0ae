"""Write a dataset as a folder that plain ``load_dataset`` reads, or as Parquet with its media inside.

In the folder each video is stored once, however many rows ask about it, and its sound once more as a track of its own.
"""

from __future__ import annotations

import hmac
import json
import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Self

import pyarrow.parquet as pq

from crossomni.card import Listed, card, config_name
from crossomni.corpus import Corpus, arrange, file_sha256, fingerprint
from crossomni.errors import DataError, InputError
from crossomni.media import ClipFile, track
from crossomni.records import Annotation, Clip, Row
from crossomni.tables import BYTES_PER_FILE, BYTES_PER_GROUP, BYTES_PER_SOUND_GROUP, ROWS_PER_GROUP, schema, table

logger = logging.getLogger(__name__)

Splits = Mapping[str, Sequence[Row]]
Media = dict[str, Any]  # what stands in a media column: {"bytes": …, "path": …}, or a file's name


@dataclass(frozen=True, kw_only=True)
class Making:
    """What the making of the data told, beside its rows."""

    audit: str = ""  # tables in Markdown, for the card; empty where there was none
    dropped: Sequence[Mapping[str, Any]] | None = None  # the lines of dropped.jsonl
    lineage: Iterable[Mapping[str, Any]] | None = None  # the lines of lineage.jsonl: where each row comes from
    pictures: Mapping[str, bytes] = field(default_factory=dict)  # that the audit's text shows, by the file's name


def export(  # noqa: PLR0913 (a data folder has as many parts as it has)
    folder: Path,
    splits: Splits,
    clips: Mapping[str, Clip],
    media: Mapping[str, Path],
    *,
    truth: Mapping[str, Annotation] | None,
    source: Mapping[str, Any],
    hide_answers: bool = False,
    making: Making = Making(),
) -> Path:
    """Write rows and media as a data folder, all of it or nothing, and return the folder.

    A finished export of the same rows and media is left as it is. With ``hide_answers`` nothing that tells an answer
    is in the folder: answers, rationales and speakers are empty, truth, what was dropped and the seed stay out, rows
    and pairs have names that tell nothing, and rows of a clip stand in the order of these names. Laid apart in
    ``<folder>-labels`` are ``labels.jsonl`` (``id`` as in the folder, ``answer``, and ``row``, the id that it had),
    what was dropped, and ``data.json`` with the seed and the secret that the names are drawn with.

    Args:
        clips: by clip id; those that no row uses are left out.
        media: each clip's file, by clip id.
        source: what data.json and the card tell of the data: see ``crossomni.card.card``.
        making: what else is told; an audit, which is made from the answers, is not told where they are hidden.

    Raises:
        DataError: when rows or media are not what they should be; nothing is written then.
        InputError: when the folder is there and holds something else.
        MediaError: when a clip has no sound, or cannot be read.
    """
    rows = arrange(_numbered(splits), clips)
    used = _check_media(rows, clips, media)
    hidden, apart, dropped = _labels(folder), dict(source), making.dropped
    labels: list[dict[str, str]] = []
    if hide_answers:
        apart["secret"] = str(_about(hidden).get("secret", "")) or secrets.token_hex(32)
        rows, labels = _blinded(rows, apart["secret"])
        used = {name: _without_speakers(clip) for name, clip in used.items()}
        source = {key: value for key, value in source.items() if key != "seed"}
        truth, making = None, Making()
    mark = fingerprint(rows, used)
    if _about(folder).get("fingerprint") == mark and (hidden.is_dir() or not hide_answers):
        return folder
    with ExitStack() as stack:
        stage = stack.enter_context(staged(folder))
        if hide_answers:
            _write_apart(stack.enter_context(staged(hidden)), apart, labels, dropped)
        for name, split in rows.items():
            _write_split(stage / name, split, media)
        _write_truth(stage / "truth", truth or {}, used)
        home = {row.clip_id: name for name, split in rows.items() for row in split}
        _write_lines(stage / "clips.jsonl", [asdict(clip) | {"split": home[clip.id]} for clip in used.values()])
        listed = {name: _listed(stage, f"{name}/**", len(split)) for name, split in rows.items()}
        if making.dropped is not None:
            _write_lines(stage / "dropped.jsonl", making.dropped)
        if making.lineage is not None:
            _write_lines(stage / "lineage.jsonl", making.lineage)
        for name, picture in making.pictures.items():
            (stage / name).write_bytes(picture)
        _write_text(stage / "README.md", card(source, listed, hide_answers, making.audit))
        _write_about(stage, {**source, "fingerprint": mark})
    return folder


def is_exported(folder: Path, source: Mapping[str, Any], *, hide_answers: bool = False) -> bool:
    """Whether ``folder`` is a finished export of this very ``source``, or free to become one.

    Raises:
        InputError: when it holds something else, or cannot be written: asked before hours of work.
    """
    told = _about(folder)
    if told and hide_answers:
        told |= _about(_labels(folder))  # the seed is there
    if {key: value for key, value in told.items() if key not in ("fingerprint", "secret")} == source:
        return True
    for place in (folder, _labels(folder))[: 1 + hide_answers]:
        _check_free(place)
    return False


def export_parquet(corpus: Corpus, folder: Path, audit: str = "") -> Path:
    """Write ``<configuration>/<split>-….parquet`` with the media inside and a card, as the Hub's viewer wants it.

    Args:
        audit: its tables in Markdown, for the card.

    Raises:
        InputError: when the folder is there and is not empty, or the corpus does not say where it comes from.
    """
    if not corpus.source:
        raise InputError(
            f"{corpus.folder}: no data.json tells its source. Export it as a folder first, then open that."
        )
    name = config_name(corpus.source)
    with staged(folder) as stage:
        (stage / name).mkdir(parents=True)
        for split in corpus.splits:
            shards = _shards(corpus, split)
            for number, shard in enumerate(shards):
                with _MediaTable(stage / name / f"{split}-{number:05}-of-{len(shards):05}.parquet", "video") as file:
                    for group in shard:
                        path = corpus.media(group[0])
                        video = {"bytes": path.read_bytes(), "path": path.name}
                        file.add(group, video, _sound_of(group[0].clip_id, path))
        rows = {split: corpus.rows(split) for split in corpus.splits}
        listed = {split: _listed(stage, f"{name}/{split}-*.parquet", len(found)) for split, found in rows.items()}
        hidden = not any(row.answer for found in rows.values() for row in found)
        _write_text(stage / "README.md", card(corpus.source, listed, hidden, audit))
    return folder


# --- holding back ---


def _blinded(splits: Splits, secret: str) -> tuple[dict[str, tuple[Row, ...]], list[dict[str, str]]]:
    """Rows that tell no answer, not by name and not by place, and the labels that belong to them."""
    names = {row.id: _blind(row.id, secret) for rows in splits.values() for row in rows}
    blinded = {
        split: tuple(
            replace(
                row,
                id=names[row.id],
                pair_id=row.pair_id and _blind(f"pair {row.pair_id}", secret),
                answer="",
                rationale="",
            )
            for of_clip in _clips_of(rows)
            for row in sorted(of_clip, key=lambda row: names[row.id])
        )
        for split, rows in splits.items()
    }
    labels = [{"id": names[row.id], "answer": row.answer, "row": row.id} for rows in splits.values() for row in rows]
    return blinded, labels


def _blind(name: str, secret: str) -> str:
    """16 hex digits that nobody can lead back to the name without the secret, nor make from the name."""
    return hmac.new(secret.encode(), name.encode(), "sha256").hexdigest()[:16]


def _without_speakers(clip: Clip) -> Clip:
    return replace(clip, lines=tuple(replace(line, speaker="") for line in clip.lines))


def _write_apart(
    folder: Path,
    about: Mapping[str, Any],
    labels: Sequence[Mapping[str, Any]],
    dropped: Sequence[Mapping[str, Any]] | None,
) -> None:
    _write_lines(folder / "labels.jsonl", labels)
    if dropped is not None:
        _write_lines(folder / "dropped.jsonl", dropped)
    _write_about(folder, about)


# --- checks ---


def _numbered(splits: Splits) -> Iterator[tuple[str, str, Row]]:
    for split, rows in splits.items():
        if not rows:
            raise DataError(f"split {split!r} has no rows; wanted at least one. Leave the split out.")
        for number, row in enumerate(rows, start=1):
            yield f"split {split}, row {number}", split, row


def _check_media(splits: Splits, clips: Mapping[str, Clip], media: Mapping[str, Path]) -> dict[str, Clip]:
    """The clips that rows use, with the hash of their files."""
    used: dict[str, Clip] = {}
    for name in dict.fromkeys(row.clip_id for rows in splits.values() for row in rows):
        if name not in media or not media[name].is_file():
            raise DataError(f"clip {name!r}: no media file at {media.get(name)}; rows ask about it. Give the file.")
        found, wanted = file_sha256(media[name]), clips[name].sha256
        if wanted.lower() not in ("", found):
            raise DataError(
                f"clip {name!r}: {media[name]} has sha256 {found[:12]}…, annotated {wanted[:12]}…. Give the right file."
            )
        ClipFile(media[name]).frame_times(1)  # a clip without frames, or cut short, is refused by name
        used[name] = replace(clips[name], sha256=found)
    return used


def _about(folder: Path) -> dict[str, Any]:
    """What the data.json of a finished export says; nothing where there is none."""
    try:
        about = json.loads((folder / "data.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) else {}


def _labels(folder: Path) -> Path:
    """Where the labels lie that ``folder`` hides."""
    _check_name(folder)
    return folder.with_name(f"{folder.name}-labels")


def _check_name(folder: Path) -> None:
    if folder.name in ("", ".."):
        raise InputError(f"{folder}: it has no name of its own; wanted a new folder. Give one, as in data/plays.")


def _check_free(folder: Path) -> None:
    _check_name(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            f"{folder}: there already, and it holds something else. Give a new folder, or remove this one."
        )
    above = next(place for place in folder.absolute().parents if place.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise InputError(f"{folder}: cannot be written, since {above} takes no new folder. Choose another place.")


# --- writing ---


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A new folder beside ``folder`` that takes its name once all is written, and vanishes when anything fails.

    Raises:
        InputError: when ``folder`` is there and holds something, or cannot be written.
    """
    _check_free(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as temporary:
            stage = Path(temporary) / folder.name
            stage.mkdir()
            yield stage
            os.replace(stage, folder)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be written ({error}). Nothing of it was kept; make room or choose another."
        ) from error


class _MediaTable:
    """A Parquet file written clip by clip, in row groups that stay below the bounds of ``crossomni.tables``."""

    def __init__(self, path: Path, video: str) -> None:
        # One dictionary must hold a group's media, or Parquet stores them again for every row.
        self._file = pq.ParquetWriter(path, schema(video), dictionary_pagesize_limit=BYTES_PER_GROUP)
        self._video = video
        self._most_bytes = BYTES_PER_GROUP if video == "video" else BYTES_PER_SOUND_GROUP
        self._rows: list[tuple[Row, Any, Media]] = []
        self._bytes = 0  # counted a row, as a reader unfolds them

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error is None:
            self._flush()
        self._file.close()

    def add(self, clip: Sequence[Row], video: Any, sound: Media) -> None:
        """Add one clip's rows; a clip that alone passes a bound is split, and stored once in each part."""
        weight = len(sound["bytes"]) + (len(video["bytes"]) if isinstance(video, dict) else 0)
        if not self._fits(len(clip), weight):
            self._flush()
        for row in clip:
            if not self._fits(1, weight):
                self._flush()
            self._rows.append((row, video, sound))
            self._bytes += weight

    def _fits(self, rows: int, weight: int) -> bool:
        return len(self._rows) + rows <= ROWS_PER_GROUP and self._bytes + rows * weight <= self._most_bytes

    def _flush(self) -> None:
        if self._rows:
            rows, videos, sounds = zip(*self._rows, strict=True)
            self._file.write_table(table(rows, {self._video: videos, "audio": sounds}), row_group_size=len(rows))
            self._rows, self._bytes = [], 0


def _write_split(folder: Path, rows: Sequence[Row], media: Mapping[str, Path]) -> None:
    (folder / "videos").mkdir(parents=True)
    with _MediaTable(folder / "metadata.parquet", "file_name") as file:
        for group in _clips_of(rows):
            clip_id = group[0].clip_id
            name = f"videos/{clip_id}{media[clip_id].suffix.lower()}"
            shutil.copyfile(media[clip_id], folder / name)
            file.add(group, name, _sound_of(clip_id, media[clip_id]))
            logger.info("exported clip %s with %d rows", clip_id, len(group))


def _clips_of(rows: Sequence[Row]) -> Iterator[list[Row]]:
    for _, group in groupby(rows, key=lambda row: row.clip_id):
        yield list(group)


def _shards(corpus: Corpus, split: str) -> list[list[list[Row]]]:
    """The clips of a split, each with its rows, in parts whose media fit one file."""
    shards: list[list[list[Row]]] = []
    size = BYTES_PER_FILE
    for group in _clips_of(corpus.rows(split)):
        if size >= BYTES_PER_FILE:
            shards.append([])
            size = 0
        shards[-1].append(group)
        size += corpus.media(group[0]).stat().st_size
    return shards


def _sound_of(clip_id: str, path: Path) -> Media:
    return {"bytes": track(path, "audio"), "path": f"{clip_id}.m4a"}


def _listed(folder: Path, files: str, rows: int) -> Listed:
    size = sum(path.stat().st_size for path in folder.glob(files.replace("**", "**/*")) if path.is_file())
    return Listed(rows=rows, bytes=size, files=files)


def _write_truth(folder: Path, truth: Mapping[str, Annotation], names: Iterable[str]) -> None:
    for clip_id in names:
        if clip_id in truth:
            folder.mkdir(exist_ok=True)
            _write_text(folder / f"{clip_id}.json", json.dumps(truth[clip_id].to_json(), ensure_ascii=False))


def _write_about(folder: Path, about: Mapping[str, Any]) -> None:
    _write_text(folder / "data.json", json.dumps(about, indent=2, ensure_ascii=False))


def _write_lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
