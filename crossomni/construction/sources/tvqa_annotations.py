"""The annotations of a copy of TVQA: which files hold subtitles, which hold questions, and of which clips."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crossomni.construction.sources.tvqa_faults import Fault, Noted
from crossomni.construction.sources.tvqa_media import walk
from crossomni.construction.sources.tvqa_names import episode_groups, is_clip_name
from crossomni.construction.sources.tvqa_questions import TvqaQuestion, try_questions
from crossomni.construction.sources.tvqa_subtitles import SubtitleSource


@dataclass(frozen=True)
class AnnotationIndex:
    """What was found below the annotations' folder."""

    subtitles: dict[str, list[SubtitleSource]] = field(default_factory=dict)  # by the clip's name, .srt first
    questions: list[Path] = field(default_factory=list)  # files of JSON lines
    faults: list[Fault] = field(default_factory=list)


def index_annotations(annotations: Path) -> AnnotationIndex:
    """Find subtitles and questions below a folder; where a clip has both an ``.srt`` and a JSON line, the first counts.

    What is in a file of JSON lines is told by its first line.
    """
    index = AnnotationIndex()
    paths = [folder / name for folder, files in walk(annotations) for name in files]
    for path in (path for path in paths if path.suffix.lower() == ".srt"):
        if is_clip_name(path.stem):
            index.subtitles.setdefault(path.stem, []).append(SubtitleSource(path=path))
        else:
            place = path.relative_to(annotations).as_posix()
            index.faults.append(Fault(item=place, reason="the name is not TVQA's", detail="subtitles"))
    with_srt = set(index.subtitles)
    for path in (path for path in paths if path.suffix.lower() == ".jsonl"):
        first = next((data for _, _, data in _objects(path)), {})
        place = path.relative_to(annotations).as_posix()
        if "sub" in first:
            _index_lines(path, place, with_srt, index)
        elif "qid" in first:
            index.questions.append(path)
        else:
            index.faults.append(Fault(item=place, reason="a file that is not TVQA's", detail="no qid and no sub in it"))
    return index


def _objects(path: Path) -> Iterator[tuple[int, int, Mapping[str, Any]]]:
    """Number, first byte and object of each line; an empty object for what is none."""
    offset = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                try:
                    data = json.loads(line)
                except (ValueError, RecursionError):
                    data = {}
                yield number, offset, data if isinstance(data, Mapping) else {}
            offset += len(line)


def _index_lines(path: Path, place: str, with_srt: set[str], index: AnnotationIndex) -> None:
    for number, offset, data in _objects(path):
        name = data.get("vid_name")
        if "sub" not in data or not isinstance(name, str):
            detail = "no vid_name and sub in it"
            index.faults.append(
                Fault(item=f"{place}, line {number}", reason="the subtitles cannot be read", detail=detail)
            )
        elif not is_clip_name(name):
            detail = f"vid_name is {name[:60]!r}"
            index.faults.append(Fault(item=f"{place}, line {number}", reason="the name is not TVQA's", detail=detail))
        elif name not in with_srt:
            index.subtitles.setdefault(name, []).append(SubtitleSource(path=path, offset=offset))


def question_faults(files: list[Path], annotations: Path, names: set[str]) -> Iterator[Fault]:
    """What is wrong with the questions: lines that are none, clips that are not there, episodes in several files.

    Args:
        names: of the clips of which there are media.
    """
    files_of: dict[str, set[str]] = {}  # by episode
    asked: dict[str, int] = {}  # by clip
    for path in files:
        place = path.relative_to(annotations).as_posix()
        for where, found in try_questions(path):
            if isinstance(found, TvqaQuestion):
                files_of.setdefault(found.name.episode, set()).add(place)
                asked[found.name.id] = asked.get(found.name.id, 0) + 1
            else:
                item = f"{place}, {where.rpartition(', ')[2]}"
                yield Fault(item=item, reason="a question that cannot be used", detail=str(found))
    for name in sorted(asked.keys() - names):
        yield Fault(item=name, reason="questions without a clip", detail=f"{asked[name]} of them")
    shared: dict[str, set[str]] = {}
    for episode, group in episode_groups(files_of).items():
        shared.setdefault(group, set()).update(files_of[episode])
    for group, places in sorted(shared.items()):
        if len(places) > 1:
            reason: Noted = "an episode is in several of TVQA's splits"
            yield Fault(item=group, reason=reason, detail=", ".join(sorted(places)))
