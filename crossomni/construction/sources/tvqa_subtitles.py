"""TVQA's subtitles: who said what when, from ``<clip>.srt`` or from the release's file of JSON lines.

An ``.srt`` is in iso-8859-1 and names its speakers as ``(Name:)text``; a JSON line is one clip's
``{vid_name, sub: [{text, start, end}]}`` with ``Name : text``. Whatever is wrong is told, never mended in silence. Two
small things are mended by rule: a line that runs into the next by ``OVERLAP_SECONDS`` or less ends where the next
begins, and words that several people say in one cue have no speaker. Times are in whole milliseconds.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from crossomni.construction.sources.tvqa_faults import Fault, Reason
from crossomni.optional import need
from crossomni.records import Line

OVERLAP_SECONDS = 0.1

_NAME = re.compile(r"\(([^():]*):\s*\)\s*")
_TAG = re.compile(r"<(?!UNKNAME>)/?[A-Za-z][^<>]*>|\{\\[^{}]*\}")
_DASH = re.compile(r"\s*[-–](?!-)\s*(?=\D)")  # two dashes go on with a sentence; before a digit it is a minus
_NOBODY = {"", "unkname", "<unkname>", "unknown"}
_SEVERAL = re.compile(r"[&/,+]|\b(?:and|all|both|everybody|everyone|together)\b", re.IGNORECASE)
_WINDOWS_MARKS = re.compile(b"[\x80-\x9f]")  # no signs in iso-8859-1; quotes and dashes in Windows' code page 1252


@dataclass(frozen=True, kw_only=True)
class SubtitleSource:
    """Where one clip's subtitles are: a whole ``.srt``, or one line of a file of JSON lines."""

    path: Path
    offset: int | None = None  # of the JSON line's first byte


@dataclass(frozen=True, kw_only=True)
class Subtitles:
    """What is said in one clip, in the order of time, and what is wrong with it."""

    lines: tuple[Line, ...]
    faults: tuple[Fault, ...]


class _Cue(NamedTuple):
    start_seconds: float
    end_seconds: float
    speaker: str
    text: str
    is_of_several: bool


def read_subtitles(clip_id: str, source: SubtitleSource) -> Subtitles:
    """One clip's lines and their faults; a file that cannot be read is a fault too."""
    faults: list[Fault] = []
    try:
        content = _bytes(source)
        if source.offset is None:
            text, wrong = _decode(content)
            if wrong:
                faults.append(_fault(clip_id, "subtitles are not in iso-8859-1", f"{source.path.name} is in {wrong}"))
            cues = list(_srt_cues(text))
        else:
            cues = list(_json_cues(json.loads(content)))
    except (OSError, ValueError, RecursionError) as error:
        detail = f"{source.path.name}: {' '.join(str(error).split())[:120]}"
        return Subtitles(lines=(), faults=(*faults, _fault(clip_id, "the subtitles cannot be read", detail)))
    lines = tuple(_lines(clip_id, cues, faults))
    if not cues:
        faults.append(_fault(clip_id, "an empty subtitle file", source.path.name))
    elif not any(line.speaker for line in lines):
        # The transcripts that people made name who speaks (§2.2.1).
        faults.append(_fault(clip_id, "no speaker is named", source.path.name))
    return Subtitles(lines=lines, faults=tuple(faults))


def _fault(clip_id: str, reason: Reason, detail: str) -> Fault:
    return Fault(item=clip_id, reason=reason, detail=detail)


def _bytes(source: SubtitleSource) -> bytes:
    if source.offset is None:
        return source.path.read_bytes()
    with source.path.open("rb") as file:
        file.seek(source.offset)
        return file.readline()


def _decode(content: bytes) -> tuple[str, str]:
    """The text, and the name of its encoding where that is not iso-8859-1 (plain ASCII is both).

    Raises:
        UnicodeDecodeError: for a file that begins as UTF-16 and is none.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16"), "UTF-16"
    if content.isascii():
        return content.decode("ascii"), ""
    try:
        return content.decode("utf-8-sig"), "UTF-8"  # hardly any text in iso-8859-1 happens to be UTF-8
    except UnicodeDecodeError:
        pass
    if _WINDOWS_MARKS.search(content):
        return content.decode("cp1252", errors="replace"), "Windows-1252"
    return content.decode("iso-8859-1"), ""


def _srt_cues(text: str) -> Iterator[_Cue]:
    """Raises ValueError for what is no cue."""
    srt = need("srt", "reading TVQA's subtitles")
    try:
        found = list(srt.parse(text))
    except srt.SRTParseError as error:
        raise ValueError(str(error)) from error
    for cue in found:
        start, end = cue.start.total_seconds(), cue.end.total_seconds()
        yield _Cue(start, end, *_spoken(_TAG.sub("", cue.content)))


def _spoken(content: str) -> tuple[str, str, bool]:
    """The speaker of a cue, the words, and whether they are several people's."""
    found = list(_NAME.finditer(content))
    names = dict.fromkeys(_known(name[1]) for name in found)
    if found and _DASH.sub("", content[: found[0].start()], count=1).strip():
        names[""] = None  # somebody speaks before the first name
    lines = [line for line in _NAME.sub(" ", content).splitlines() if line.strip()]
    dashes = [number for number, line in enumerate(lines) if _DASH.match(line)]
    is_of_several = len(names) > 1 or bool(dashes[1:] or dashes[:1] > [0]) or any(map(_SEVERAL.search, names))
    words = " ".join(" ".join(_DASH.sub("", line, count=1) if _DASH.match(line) else line for line in lines).split())
    return "" if is_of_several else next(iter(names), ""), words, is_of_several


def _known(name: str) -> str:
    """The speaker's name, empty where it says that nobody knows."""
    name = " ".join(name.split())
    return "" if name.casefold() in _NOBODY else name


def _json_cues(data: Any) -> Iterator[_Cue]:
    """Raises ValueError for what is no line of subtitles."""
    entries = data.get("sub") if isinstance(data, Mapping) else None
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        raise ValueError("no list of subtitles under 'sub'")
    parted: list[tuple[float, float, str, str]] = []
    for number, entry in enumerate(entries, start=1):
        text, start, end = entry.get("text"), entry.get("start"), entry.get("end")
        if not isinstance(text, str) or not _is_time(start) or not _is_time(end):
            raise ValueError(f"entry {number} of 'sub' is {dict(entry)!r}; wanted text, start and end")
        name, colon, words = _TAG.sub("", text).partition(" : ")
        parted.append((start, end, _known(name), words) if colon else (start, end, "", name))
    # The release has taken the brackets of names away: a second name in a cue is told by being one elsewhere.
    names = {name for _, _, name, _ in parted if name} | {"UNKNAME", "<UNKNAME>"}
    for start, end, name, words in parted:
        others = [other for other in names - {name} if re.search(rf"(?<!\w){re.escape(other)} : ", words)]
        is_of_several = bool(others) or _SEVERAL.search(name) is not None
        yield _Cue(start, end, "" if is_of_several else name, " ".join(words.split()), is_of_several)


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def _lines(clip_id: str, cues: Iterable[_Cue], faults: list[Fault]) -> list[Line]:
    """The cues that have words, as lines; ``faults`` takes in what is wrong with them."""
    lines: list[Line] = []
    for number, cue in enumerate(cues, start=1):
        start, end = round(cue.start_seconds, 3), round(cue.end_seconds, 3)
        before = lines[-1] if lines else None
        if end <= start or (before and not _fits(before, start)):
            end_before = f", after a line until {before.end_seconds} s" if before else ""
            place = f"cue {number} goes from {start} to {end} s{end_before}"
            faults.append(_fault(clip_id, "times are discontinuous", place))
            continue
        if not cue.text:
            faults.append(_fault(clip_id, "a cue without words", f"cue {number}"))
            continue
        if cue.is_of_several:
            faults.append(_fault(clip_id, "two speakers at once", f"cue {number}: {cue.text[:60]}"))
        if before and before.end_seconds > start:
            lines[-1] = replace(before, end_seconds=start)
        lines.append(Line(speaker=cue.speaker, text=cue.text, start_seconds=start, end_seconds=end))
    return lines


def _fits(before: Line, start: float) -> bool:
    return before.start_seconds < start and before.end_seconds - start <= OVERLAP_SECONDS + 1e-9
