"""Subtitle-aligned clips (section 2.2.1): a clip of TVQA is cut in the pauses between its lines, never through one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from crossomni.errors import InputError
from crossomni.records import Clip, Line

MIN_SECONDS, MAX_SECONDS = 15.0, 30.0


class _Cost(NamedTuple):
    """What speaks against a way to cut, in milliseconds, the gravest first; sums are compared."""

    too_long: int
    too_short: int
    parts: int
    minus_pauses: int  # of two ways with as many parts, the one that cuts in the longer pauses


def split_clip(clip: Clip, *, min_seconds: float = MIN_SECONDS, max_seconds: float = MAX_SECONDS) -> tuple[Clip, ...]:
    """Parts ``<clip>_p01``, ``_p02``, … with lines from their own start, and their place in the clip.

    Cuts are in the middle of pauses. No part is longer than ``max_seconds``, but for one whose single line is; as
    little as can be is shorter than ``min_seconds``; among such ways there are as few parts as possible. Stillness
    that has no room in a part is in none. All lines are kept, each in one part; a clip without lines has no parts.
    Times are rounded to milliseconds.

    Raises:
        InputError: when the bounds are none, or lines overlap, are not in order, or reach beyond the clip.
    """
    if not 0 < min_seconds <= max_seconds:
        raise InputError(f"parts of {min_seconds} to {max_seconds} s; wanted 0 < shortest <= longest.")
    lines = clip.lines
    if not lines:
        return ()
    starts = [_ms(line.start_seconds) for line in lines]
    ends = [_ms(line.end_seconds) for line in lines]
    length = _ms(clip.end_seconds - clip.start_seconds)
    edges = [0, *(time for pair in zip(starts, ends, strict=True) for time in pair), length]
    if any(before > after for before, after in pairwise(edges)):
        raise InputError(f"clip {clip.id!r}: its lines overlap or reach beyond its {length / 1000} s; wanted each "
                         "behind the one before it. Correct the times.")  # fmt: skip
    cuts = [0, *((end + start) // 2 for end, start in zip(ends, starts[1:], strict=False)), length]
    groups = _groups(cuts, starts, ends, _ms(min_seconds), _ms(max_seconds))
    spans = [_span(cuts, starts, ends, group, _ms(max_seconds)) for group in groups]
    return tuple(
        _part(clip, number, span, lines[first:last])
        for number, (span, (first, last)) in enumerate(zip(spans, groups, strict=True), start=1)
    )


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


_Group = tuple[int, int]  # lines [first, last)


def _span(cuts: Sequence[int], starts: Sequence[int], ends: Sequence[int], group: _Group, longest: int) -> _Group:
    """Where a part goes, in milliseconds: from cut to cut, less what is too long of the stillness at its ends."""
    first, last = group
    room, core = (cuts[first], cuts[last]), (starts[first], ends[last - 1])
    if room[1] - room[0] <= longest:
        return room
    still = max(0, longest - (core[1] - core[0]))  # how much stillness there may be
    before, behind = core[0] - room[0], room[1] - core[1]
    kept = min(before, max(still // 2, still - behind))  # as much at either end, where there is as much
    return core[0] - kept, core[1] + still - kept


def _groups(
    cuts: Sequence[int], starts: Sequence[int], ends: Sequence[int], shortest: int, longest: int
) -> list[_Group]:
    """The cheapest way to part the lines, by the cheapest ways to part the first of them."""
    best: list[tuple[_Cost, int]] = [(_Cost(0, 0, 0, 0), 0)]  # of the first n lines: the cost, the last part's first
    for last in range(1, len(starts) + 1):
        ways: list[tuple[_Cost, int]] = []
        for first in reversed(range(last)):
            if starts[first] + 2 * longest < ends[last - 1] and ways:
                break  # far too long, and what begins before is longer still
            start, end = _span(cuts, starts, ends, (first, last), longest)
            too_long, too_short = max(0, end - start - longest), max(0, shortest - (end - start))
            pause = starts[last] - ends[last - 1] if last < len(starts) else 0
            cost = _Cost(too_long, too_short, 1, -pause)
            ways.append((_Cost(*map(sum, zip(best[first][0], cost, strict=True))), first))
        best.append(min(ways))
    groups, last = [], len(starts)
    while last:
        groups.append((best[last][1], last))
        last = best[last][1]
    return groups[::-1]


def _part(clip: Clip, number: int, span: _Group, lines: Sequence[Line]) -> Clip:
    start, end = span
    return replace(
        clip,
        id=f"{clip.id}_p{number:02}",
        start_seconds=clip.start_seconds + start / 1000,
        end_seconds=clip.start_seconds + end / 1000,
        lines=tuple(
            replace(
                line,
                start_seconds=(_ms(line.start_seconds) - start) / 1000,
                end_seconds=(_ms(line.end_seconds) - start) / 1000,
            )
            for line in lines
        ),
        sha256="",
    )
