"""How far labels agree beyond chance: Cohen's and Fleiss' kappa, Krippendorff's alpha, each with its interval.

Where a coefficient has no value, it says why: one reviewer, nothing in common, no variation. A kappa is not 0 there,
though the formula may give 0: whoever says one thing of everything cannot show more than chance.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossomni.statistics import FEWEST_CLIPS, percentile_interval

_RESAMPLES = 300
_SEED = 0
Counts = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Coefficient:
    """A coefficient with its 95% interval (a bootstrap over clips), or why there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None
    items: int  # that it rests on
    why: str = ""  # where there is no value

    def __post_init__(self) -> None:
        assert (self.value is None) == bool(self.why)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What was said of one item: labels by reviewer, none of them missing."""

    clip_id: str
    labels: Mapping[str, str]


def cohen(items: Sequence[Judged], one: str, other: str) -> Coefficient:
    """Cohen's kappa (1960) of two reviewers, over the items that both labelled; statsmodels computes it."""
    both = [item for item in items if one in item.labels and other in item.labels]
    if not both:
        return Coefficient(value=None, items=0, why=f"{one} and {other} have no item in common")
    said = {who: {item.labels[who] for item in both} for who in (one, other)}
    for who, labels in said.items():
        if len(labels) == 1:
            return Coefficient(value=None, items=len(both), why=f"no variation: {who} said {labels.pop()!r} of all")
    values = sorted(said[one] | said[other])
    codes = np.array([[values.index(item.labels[who]) for who in (one, other)] for item in both])
    return _coefficient(lambda drawn: _cohen(drawn, len(values)), codes, both)


def fleiss(items: Sequence[Judged]) -> Coefficient:
    """Fleiss' kappa (1971) over the items that were labelled equally often; statsmodels computes it.

    It wants the same number of labels for each item: that number, two or more, which most items have.
    """
    times = Counter(len(item.labels) for item in items if len(item.labels) > 1)
    if not times:
        return Coefficient(value=None, items=0, why="no item was labelled by two reviewers")
    often = max(times, key=lambda count: (times[count], count))
    return _of_counts(_fleiss, [item for item in items if len(item.labels) == often])


def krippendorff(items: Sequence[Judged]) -> Coefficient:
    """Krippendorff's alpha for nominal labels over all items with two labels or more; labels may be missing."""
    paired = [item for item in items if len(item.labels) > 1]
    if not paired:
        return Coefficient(value=None, items=0, why="no item was labelled by two reviewers")
    return _of_counts(alpha_of_counts, paired)


def alpha_of_counts(counts: Counts) -> float:
    """Krippendorff's nominal alpha of (items, values) counts of labels, two or more an item; nan without variation.

    Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section D: observed over expected disagreement
    of pairs of labels, each item's pairs weighted by 1 / (its labels - 1).

    >>> alpha_of_counts(np.array([[2, 0], [0, 2], [1, 1]]))
    0.4444444444444444
    """
    of_item, of_value = counts.sum(axis=1), counts.sum(axis=0)
    total = int(of_value.sum())
    expected = (total * total - int((of_value**2).sum())) / (total - 1)
    observed = float(((of_item**2 - (counts**2).sum(axis=1)) / (of_item - 1)).sum())
    return 1 - observed / expected if expected else math.nan


def _cohen(codes: Counts, values: int) -> float:
    from statsmodels.stats.inter_rater import cohens_kappa

    table = np.bincount(codes[:, 0] * values + codes[:, 1], minlength=values * values).reshape(values, values)
    varied = (table.sum(axis=0) > 0).sum() > 1 and (table.sum(axis=1) > 0).sum() > 1
    return float(cohens_kappa(table, return_results=False)) if varied else math.nan


def _fleiss(counts: Counts) -> float:
    from statsmodels.stats.inter_rater import fleiss_kappa

    return float(fleiss_kappa(counts)) if (counts.sum(axis=0) > 0).sum() > 1 else math.nan


def _of_counts(function: Callable[[Counts], float], items: Sequence[Judged]) -> Coefficient:
    values = sorted({label for item in items for label in item.labels.values()})
    if len(values) == 1:
        why = f"no variation: all reviewers said {values[0]!r} of all"
        return Coefficient(value=None, items=len(items), why=why)
    counts = np.zeros((len(items), len(values)), dtype=np.int64)
    for place, item in enumerate(items):
        for label in item.labels.values():
            counts[place, values.index(label)] += 1
    return _coefficient(function, counts, items)


def _coefficient(function: Callable[[Any], float], rows: Counts, items: Sequence[Judged]) -> Coefficient:
    """The value over all rows, one an item, and its interval from clips drawn with replacement."""
    of_clip: dict[str, list[int]] = {}
    for place, item in enumerate(items):
        of_clip.setdefault(item.clip_id, []).append(place)
    low = high = math.nan
    if len(of_clip) >= FEWEST_CLIPS:
        places = [np.array(those) for those in of_clip.values()]
        rng = np.random.default_rng(_SEED)
        drawn = (rng.integers(0, len(places), len(places)) for _ in range(_RESAMPLES))
        low, high = percentile_interval(
            np.array([function(rows[np.concatenate([places[clip] for clip in clips])]) for clips in drawn])
        )
    known = high > low  # where all agree no resample differs, and the bootstrap has nothing to say
    return Coefficient(value=function(rows), low=low if known else None, high=high if known else None, items=len(items))
