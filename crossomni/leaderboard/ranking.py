"""Places by interval overlap: a difference that the intervals do not show makes no place."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence

from crossomni.leaderboard.entries import Entry


def places(entries: Sequence[Entry]) -> list[tuple[int, int]]:
    """The best and the worst place of each entry among those on the same data with the same kind of labels.

    Those whose interval of ``overall`` lies wholly above an entry's are surely before it, those whose interval lies
    wholly below surely behind. One without an interval is taken for its value alone, one without a value shares the
    last places.
    """
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, entry in enumerate(entries):
        groups[entry.data, entry.labels].append(place)
    found: list[tuple[int, int]] = [(1, 1)] * len(entries)
    for members in groups.values():
        spans = [_span(entries[place]) for place in members]
        lows, highs = sorted(low for low, _ in spans), sorted(high for _, high in spans)
        for place, (low, high) in zip(members, spans, strict=True):
            above = len(spans) - bisect_right(lows, high)
            below = bisect_left(highs, low)
            found[place] = 1 + above, len(spans) - below
    return found


def _span(entry: Entry) -> tuple[float, float]:
    value = entry.scores.get("overall", math.nan)
    if math.isnan(value):
        return -math.inf, -math.inf
    low, high = (entry.scores.get(f"overall_{end}", math.nan) for end in ("low", "high"))
    return (value if math.isnan(low) else low), (value if math.isnan(high) else high)
