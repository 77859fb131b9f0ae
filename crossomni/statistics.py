"""Intervals and tests for shares of right answers, clustered by clip.

Questions on one clip stand and fall together, so clips are drawn, not questions (Miller 2024, arXiv 2411.00640).
Shares are fractions in [0, 1] here; percent begins in ``crossomni.scoring``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
# Four clips give 35 different resamples, too few to read a 2.5% tail from; five give 126.
FEWEST_CLIPS = 5
_NO_SPREAD = 1e-12
_DRAWS_AT_ONCE = 2**21  # bounds the memory of a bootstrap at about 60 MB

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A value with its 95% interval; all three are nan where nothing is known."""

    value: float
    low: float
    high: float

    def scaled(self, factor: float, shift: float = 0.0) -> Estimate:
        """The estimate of ``factor * x + shift``, for a factor above 0."""
        return Estimate(*(factor * x + shift for x in (self.value, self.low, self.high)))


UNKNOWN = Estimate(math.nan, math.nan, math.nan)


def wilson(share: float, trials: float) -> Estimate:
    """A share of ``trials`` independent trials with its score interval; nan where nothing was tried.

    >>> round(wilson(0.5, 100).low, 3), round(wilson(0.5, 100).high, 3)
    (0.404, 0.596)
    """
    from statsmodels.stats.proportion import proportion_confint

    if not trials > 0 or math.isnan(share):
        return UNKNOWN
    low, high = proportion_confint(share * trials, trials, alpha=1 - LEVEL, method="wilson")
    return Estimate(share, max(0.0, float(low)), min(1.0, float(high)))


def mean(estimates: Sequence[Estimate]) -> Estimate:
    """The mean of independent estimates: their variances, recovered from the intervals, add.

    Recovering them (MOVER, Zou and Donner 2008) keeps a share of 0 or 1 from having no variance at all.
    """
    count = len(estimates)
    value = sum(e.value for e in estimates) / count
    below = math.sqrt(sum((e.value - e.low) ** 2 for e in estimates)) / count
    above = math.sqrt(sum((e.high - e.value) ** 2 for e in estimates)) / count
    return Estimate(value, value - below, value + above)


def difference(a: Estimate, b: Estimate, correlation: float = 0.0) -> Estimate:
    """``b - a`` of two shares, correlated where both come from the same questions (Newcombe 1998, method 10)."""
    value = b.value - a.value
    down, up = b.value - b.low, b.high - b.value
    a_down, a_up = a.value - a.low, a.high - a.value
    below = down**2 + a_up**2 - 2 * correlation * down * a_up
    above = up**2 + a_down**2 - 2 * correlation * up * a_down
    return Estimate(value, value - math.sqrt(max(below, 0.0)), value + math.sqrt(max(above, 0.0)))


def no_difference(questions: int) -> Estimate:
    """The difference of two shares that no question tells apart: 0, with how far it may yet be from it.

    Exactly the rule of three (Hanley and Lippman-Hand 1983, some 3 / n): did more than 1 - 0.05^(1 / n) of all
    questions tell them apart, n would hold one in 95 of 100 cases. Questions count here, not clips, as for McNemar:
    where clips do matter, so few of them say less.

    >>> round(no_difference(60).high, 3)
    0.049
    """
    bound = 1 - (1 - LEVEL) ** (1 / questions) if questions else math.nan
    return Estimate(0.0, -bound, bound) if questions else UNKNOWN


def resample_sums(table: NDArray[Any], resamples: int, seed: int) -> Floats:
    """Column sums over clips drawn with replacement: ``table`` (clips, columns) → (resamples, columns).

    Sums of counts are whole numbers, hence exact: a seed gives one result, whatever the order of the clips.
    """
    profiles, copies = np.unique(table, axis=0, return_counts=True)
    clips = len(table)
    if not clips:
        return np.zeros((resamples, table.shape[1]))
    rng = np.random.default_rng(seed)
    # Clips with equal counts are interchangeable; where most are, drawing how often each kind comes is cheaper.
    few_kinds = len(profiles) * 4 < clips
    rows = profiles if few_kinds else np.repeat(profiles, copies, axis=0)
    rows = rows.astype(np.float64)
    sums = np.empty((resamples, rows.shape[1]))
    block = max(1, _DRAWS_AT_ONCE // len(rows))
    for first in range(0, resamples, block):
        size = min(block, resamples - first)
        draws = rng.multinomial(clips, copies / clips, size) if few_kinds else _times_drawn(rng, clips, size)
        sums[first : first + size] = draws.astype(np.float64) @ rows
    return sums


def _times_drawn(rng: np.random.Generator, clips: int, size: int) -> NDArray[np.intp]:
    """How often each clip comes in each of ``size`` resamples: (size, clips)."""
    drawn = rng.integers(0, clips, (size, clips), dtype=np.uint16 if clips <= 2**16 else np.int64)
    cells = drawn + np.arange(0, size * clips, clips)[:, None]
    return np.bincount(cells.ravel(), minlength=size * clips).reshape(size, clips)


def percentile_interval(draws: Floats) -> tuple[float, float]:
    """The middle 95% of the resamples that have a value; nan where none has."""
    known = draws[~np.isnan(draws)]
    if not known.size:
        return math.nan, math.nan
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def clustered(value: float, draws: Floats, clips: int) -> Estimate | None:
    """``value`` with its bootstrap interval over ``clips`` clips, or None where the bootstrap cannot speak.

    It cannot with fewer than five clips, nor where no resample differs (all right, all wrong, all alike).
    Below some twenty clips its intervals are still on the narrow side.
    """
    low, high = percentile_interval(draws)
    return Estimate(value, low, high) if clips >= FEWEST_CLIPS and high - low > _NO_SPREAD else None


def swap_p(by_clip: Floats, resamples: int, seed: int) -> Floats:
    """Two-sided p that differences of two runs, ``by_clip`` (clips, columns), sum to nothing: (columns,).

    If the runs were alike, each clip's answers might as well have been swapped between them: so they are, at random.
    Unlike a bootstrap's, this p does not become too small when there are few clips.
    """
    differing = by_clip[(by_clip != 0).any(axis=1)]
    differing = differing[np.lexsort(differing.T)]
    at_least = np.abs(differing.sum(axis=0)) - _NO_SPREAD
    as_far = np.zeros(by_clip.shape[1])
    rng = np.random.default_rng(seed)
    block = max(1, _DRAWS_AT_ONCE // max(1, len(differing)))
    for first in range(0, resamples, block):
        size = min(block, resamples - first)
        signs = 2.0 * rng.integers(0, 2, (size, len(differing)), dtype=np.int8) - 1
        as_far += (np.abs(signs @ differing) >= at_least).sum(axis=0)
    return (as_far + 1) / (resamples + 1)


def mcnemar(only_a: int, only_b: int) -> float:
    """Exact two-sided p from the questions that one side alone got right; it takes questions as independent.

    >>> mcnemar(1, 9)
    0.021484375
    """
    from scipy.stats import binomtest

    return float(binomtest(only_b, only_a + only_b).pvalue) if only_a + only_b else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjustment over a family; a p that is nan stays out of the family and stays nan.

    >>> holm([0.01, float("nan"), 0.04])
    [0.02, nan, 0.04]
    """
    from statsmodels.stats.multitest import multipletests

    known = [p for p in p_values if not math.isnan(p)]
    if not known:
        return list(p_values)
    adjusted = iter(multipletests(known, method="holm")[1])
    return [p if math.isnan(p) else float(next(adjusted)) for p in p_values]


def correlation(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """How far the same questions are right in both; 0 where one side never varies."""
    if a.size == 0 or a.all() or b.all() or not a.any() or not b.any():
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def relative_change(value: float, base: float) -> float:
    """Change in percent of ``base``, as Tables 6 to 10 print it; nan where the base is 0 or unknown.

    >>> round(relative_change(50.98, 42.12), 2)
    21.04
    """
    return 100 * (value - base) / base if base else math.nan
