"""A dataset on the Hub: which of its files go, and the sending of them.

What goes is named in a list; all else stays. Where the clips' licence forbids to pass them on, the rows go alone, and
every file of them is looked at before: media are refused by name, by hash, and by being no text.
"""

from __future__ import annotations

import fnmatch
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crossomni.card import licence_of
from crossomni.corpus import MEDIA_SUFFIXES, SHIPPED, Corpus, file_sha256
from crossomni.errors import InputError
from crossomni.hub.benchmark import BENCHMARK
from crossomni.hub.croissant import CROISSANT
from crossomni.hub.folders import SOURCE, export_annotations, write_beside
from crossomni.hub.layout import Form, Layout
from crossomni.hub.licences import media_may_go
from crossomni.hub.repository import check_name, check_token, reaching
from crossomni.notes import json_lines, read_clips, read_object
from crossomni.records import TEXT_COLUMNS
from crossomni.tables import row_of

_TEXTS = ("README.md", "data.json", CROISSANT, BENCHMARK)
_PICTURES = ("*.svg", "*.png")  # that the card shows
# All that may go beside the tables, by the form of the folder.
_ALLOWED: Mapping[Form, tuple[str, ...]] = {
    "folder": (
        *(*_TEXTS, *_PICTURES, "clips.jsonl", "dropped.jsonl", "lineage.jsonl", "truth/*.json"),
        *(f"*/videos/*{suffix}" for suffix in MEDIA_SUFFIXES),
    ),
    "parquet": (*_TEXTS, *_PICTURES),
    "annotations": (*_TEXTS, "clips.jsonl"),
}
# Files that are media by their name, or that may hold them: pictures, subtitles, tables with bytes in them.
_MEDIA = (
    *(*MEDIA_SUFFIXES, ".avi", ".mpg", ".mpeg", ".ts", ".m4v", ".flv", ".wmv", ".mp3", ".m4a", ".aac", ".wav"),
    *(".flac", ".ogg", ".opus", ".jpg", ".jpeg", ".png", ".gif", ".webp", ".srt", ".vtt", ".parquet", ".arrow"),
)
_SHOWN = 5  # files that an error's one line names


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What would go to the Hub, and what would not."""

    folder: Path  # holds exactly what goes; it is there as long as the plan is
    going: Mapping[str, int]  # path in the repository -> bytes
    staying: Mapping[str, str]  # path in the data -> why it stays

    @property
    def bytes(self) -> int:
        """Of all that goes."""
        return sum(self.going.values())


@contextmanager
def planned(data: str, repo_id: str = "OWNER/NAME") -> Iterator[Plan]:
    """Lay out what goes of a dataset, in a folder of its own that vanishes afterwards; nothing large is copied.

    Args:
        data: ``playhouse``, a data folder, or a folder that ``crossomni export`` wrote.
        repo_id: where it goes: its address is told in ``croissant.json``.

    Raises:
        InputError: when the folder is no dataset, does not say where it comes from, or holds media that may not go.
    """
    folder = SHIPPED if data == "playhouse" else Path(data)
    layout = Layout.of(folder)
    if not (folder / SOURCE).is_file():
        raise InputError(
            f"{folder}: no data.json tells its source, so that its licence is not known. Give a folder that crossomni "
            "build or crossomni export wrote."
        )
    source = read_object(folder / SOURCE)
    if not isinstance(source.get("source"), str) or not source["source"].strip():
        raise InputError(f"{folder / SOURCE}: names no source; wanted playhouse, tvqa or the like. Build it again.")
    free = media_may_go(source)
    with tempfile.TemporaryDirectory(prefix="crossomni-push-") as temporary:
        stage = Path(temporary) / "data"
        if not free and layout.form == "folder":
            export_annotations(Corpus.open(data), stage)
            staying = dict.fromkeys(_files(folder), f"of clips under the licence {_named(source)}; the rows go alone")
            _refuse_media(stage, tuple(_files(stage)), source)
        else:
            going, staying = _sorted_out(layout)
            if not free:
                _refuse_media(folder, (*going, *staying), source)
                _refuse_other_text(layout)
            _link(folder, stage, going)
        address = f"https://huggingface.co/datasets/{repo_id}"
        write_beside(stage, source, address=address, published=f"{datetime.now(UTC):%Y-%m-%d}")
        sizes = {name: (stage / name).stat().st_size for name in _files(stage)}
        yield Plan(folder=stage, going=sizes, staying=staying)


def push(
    data: str, repo_id: str, *, private: bool = True, token: str | None = None, endpoint: str | None = None
) -> tuple[Plan, str]:
    """Put a dataset on the Hub; return what went and the last commit's address.

    Called again after a failure it goes on: the Hub has the files of the commits that were made, and takes no part of
    a large file twice.

    Args:
        data: as ``planned`` takes it.
        repo_id: ``OWNER/NAME``; it is made where it is not there.
        private: whether a repository that is made now is seen by its owner alone.
        token: with the right to write; the one of ``hf auth login`` by default.
        endpoint: the Hub's address; the usual one by default.

    Raises:
        InputError: when there is no token, it is refused, the Hub cannot be reached, or ``planned`` refuses.
    """
    from huggingface_hub import HfApi

    check_name(repo_id)
    check_token(repo_id, token)
    with planned(data, repo_id) as plan:
        api = HfApi(endpoint=endpoint, token=token)
        with reaching(f"push to {repo_id}", "what was sent is kept there, and the same command goes on"):
            api.create_repo(repo_id, repo_type="dataset", private=private, exist_ok=True)
            done = api.upload_folder(
                repo_id=repo_id,
                repo_type="dataset",
                folder_path=plan.folder,
                commit_message="Rows, card and what describes them",
            )
    return plan, str(done.commit_url)


def _files(folder: Path) -> Iterator[str]:
    """All files below a folder, sorted, by path."""
    yield from sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _sorted_out(layout: Layout) -> tuple[list[str], dict[str, str]]:
    """Which files of a folder go, and which stay and why."""
    tables = {path for paths in layout.tables.values() for path in paths}
    going, staying = [], {}
    for name in _files(layout.folder):
        if any((layout.folder / part).is_symlink() for part in (Path(name), *Path(name).parents)):
            staying[name] = "a link: what it leads to may be anything"
        elif name in tables or any(_fits(name, allowed) for allowed in _ALLOWED[layout.form]):
            going.append(name)
        else:
            staying[name] = "not on the list of what a dataset consists of"
    return going, staying


def _fits(name: str, pattern: str) -> bool:
    """Whether a path fits a pattern part by part; what begins with a dot fits none."""
    parts, wanted = name.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(
        fnmatch.fnmatchcase(part, want) and not part.startswith(".") for part, want in zip(parts, wanted, strict=True)
    )


def _link(folder: Path, stage: Path, names: Sequence[str]) -> None:
    """Lay the files of a folder out again, without copying them."""
    stage.mkdir(parents=True)
    for name in names:
        (stage / name).parent.mkdir(parents=True, exist_ok=True)
        os.symlink((folder / name).absolute(), stage / name)


# --- what may not go ---


def _refuse_media(folder: Path, names: Sequence[str], source: Mapping[str, Any]) -> None:
    """Refuse files that are, or may be, media under a licence that keeps them at home.

    Raises:
        InputError: naming them, and by what each was known.
    """
    notes = folder / "clips.jsonl"
    clips = read_clips(notes).clips.values() if notes.is_file() else ()
    hashes = {clip.sha256: clip.id for clip in clips if clip.sha256}
    faults = [f"{name} ({fault})" for name in names if (fault := _fault(folder / name, hashes))]
    if faults:
        shown = ", ".join(faults[:_SHOWN]) + (f", and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else "")
        raise InputError(
            f"{folder}: the licence of its clips ({_named(source)}) does not allow them to be passed on, and it holds "
            f"{shown}. Take them out, or write the rows alone: crossomni export annotations."
        )


def _refuse_other_text(layout: Layout) -> None:
    """Refuse what is text and yet the clips' own: lines that are no rows (subtitles, say), and what is said in a clip.

    Raises:
        InputError: naming the first.
    """
    for name in (name for names in layout.tables.values() for name in names):
        for where, line in json_lines(layout.folder / name):
            row_of(line, where)
            if more := sorted({*line} - {*TEXT_COLUMNS}):
                raise InputError(f"{where}: {more[0]!r} is no column of a row; only rows may go. Take it out.")
    notes = layout.folder / "clips.jsonl"
    clips = read_clips(notes).clips.values() if notes.is_file() else ()
    if told := next((clip.id for clip in clips if clip.lines), ""):
        raise InputError(
            f"{notes}: tells what is said in clip {told!r}, which is the clip's own text. Write the rows alone: "
            "crossomni export annotations."
        )


def _fault(path: Path, hashes: Mapping[str, str]) -> str:
    """By what a file is known as media, or as holding them; empty for one that is neither."""
    if path.suffix.lower() in _MEDIA:
        return f"{path.suffix} by its name"
    if hashes and (clip := hashes.get(file_sha256(path))):
        return f"the clip {clip} by its hash"
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return "no text, as rows are"
    return "no text, as rows are" if "\0" in text else ""


def _named(source: Mapping[str, Any]) -> str:
    return str(source.get("licence_name") or licence_of(source))
