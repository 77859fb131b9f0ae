"""Whether a training moved anything: the first tenth of its steps against the last tenth.

A value of one step is a mean over that step's rows or completions; steps have rows of their own, and are taken as
independent draws within a tenth. Means have Student's interval, their difference Welch's (unequal variances).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from crossomni.statistics import LEVEL, UNKNOWN, Estimate
from crossomni.training.results.history import Step

_PARTS = 10


@dataclass(frozen=True)
class Tenths:
    """One name of the history: its mean in the first tenth and in the last, and their difference, with 95% intervals.

    Bounds are nan where a tenth has one step, or where its values are all alike.
    """

    name: str
    steps: int  # of one tenth
    first: Estimate
    last: Estimate
    change: Estimate  # last - first

    @property
    def clear(self) -> bool:
        """Whether the interval of the change leaves out 0."""
        return self.change.low > 0 or self.change.high < 0


def tenths(history: Sequence[Step], name: str) -> Tenths | None:
    """Compare both ends of what was logged under ``name``; None where fewer than two steps have a finite value."""
    found = [value for step in history if math.isfinite(value := step.values.get(name, math.nan))]
    if len(found) < 2:
        return None
    steps = max(1, len(found) // _PARTS)
    first, last = found[:steps], found[-steps:]
    return Tenths(name, steps, _mean(first), _mean(last), _change(first, last))


def _mean(values: Sequence[float]) -> Estimate:
    from scipy.stats import sem, t

    value = fmean(values)
    beside = float(sem(values) * t.ppf((1 + LEVEL) / 2, len(values) - 1)) if _varies(values) else math.nan
    return Estimate(value, value - beside, value + beside)


def _change(first: Sequence[float], last: Sequence[float]) -> Estimate:
    from scipy.stats import ttest_ind

    value = fmean(last) - fmean(first)
    if not (_varies(first) or _varies(last)) or len(first) < 2:
        return Estimate(value, UNKNOWN.low, UNKNOWN.high)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # one side may have no spread at all, which is no fault
        found = ttest_ind(last, first, equal_var=False).confidence_interval(LEVEL)
    return Estimate(value, float(found.low), float(found.high))


def _varies(values: Sequence[float]) -> bool:
    return len(values) > 1 and min(values) < max(values)
