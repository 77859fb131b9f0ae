"""Two runs on the same questions: how far one lies above the other, and how well that is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from crossomni.scoring import GROUPS, RESAMPLES, SEED, Bootstrap, Group, Marks, accuracy_of, check_lengths, mark
from crossomni.statistics import (
    UNKNOWN,
    Estimate,
    Floats,
    clustered,
    correlation,
    difference,
    holm,
    mcnemar,
    no_difference,
    resample_sums,
    swap_p,
    wilson,
)
from crossomni.tasks import TASKS, Task


@dataclass(frozen=True, kw_only=True)
class PairedDifference:
    """Run b against run a on the same questions. Accuracies in percent, the difference in points."""

    a: float
    b: float
    difference: Estimate  # b - a
    p: float  # two-sided, by swapping the runs' answers clip by clip
    p_holm: float  # over the nine tasks; nan for an average
    only_a: int  # questions that a alone got right
    only_b: int
    mcnemar: float  # exact p of only_a against only_b, clips ignored; nan for a macro average
    mcnemar_holm: float


def paired(
    letters_a: Sequence[str | None],
    letters_b: Sequence[str | None],
    references: Sequence[str],
    tasks: Sequence[str | Task] | None,
    clips: Sequence[str] | None = None,
    option_counts: Sequence[int] | None = None,
    *,
    resamples: int = RESAMPLES,
) -> dict[str, PairedDifference]:
    """Run b against run a, question by question, for each of ``GROUPS`` by name.

    Both runs are drawn together, clip by clip (question by question where no clips are given): the interval is a
    bootstrap's, p comes from swapping. Where no question is right in one run alone it is the rule of three's.

    Raises:
        InputError: as ``mark`` does; both runs answer the same rows in the same order.
    """
    check_lengths({"letters_a": letters_a, "letters_b": letters_b})
    a, b = (mark(letters, references, tasks, clips, option_counts) for letters in (letters_a, letters_b))
    nine = len(TASKS)
    sums = resample_sums(np.hstack([a.table(a.correct), b.table(b.correct), a.table()]), resamples, SEED)
    right_a, right_b, count = sums[:, :nine], sums[:, nine : 2 * nine], sums[:, 2 * nine :]
    boots = Bootstrap(a, right_a, count), Bootstrap(b, right_b, count)
    p_values = swap_p((b.table(b.correct) - a.table(a.correct)) @ _weights(a), resamples, SEED)
    found = {g.name: _paired_group(g, boots, float(p)) for g, p in zip(GROUPS, p_values, strict=True)}
    ids = [task.id for task in TASKS]
    p_holm = dict(zip(ids, holm([found[name].p for name in ids]), strict=True))
    mcnemar_holm = dict(zip(ids, holm([found[name].mcnemar for name in ids]), strict=True))
    return {
        name: replace(one, p_holm=p_holm.get(name, math.nan), mcnemar_holm=mcnemar_holm.get(name, math.nan))
        for name, one in found.items()
    }


def _weights(marks: Marks) -> Floats:
    """What one right answer of a task adds to each group's share: (9, groups); 0 where a group is unknown."""
    count = np.maximum(marks.table().sum(axis=0), 1)
    weights = np.zeros((len(TASKS), len(GROUPS)))
    for column, group in enumerate(GROUPS):
        tasks = group.columns
        weights[tasks, column] = 1 / (count[tasks] * len(tasks)) if group.macro else 1 / count[tasks].sum()
    return weights


_NOTHING = PairedDifference(
    a=math.nan,
    b=math.nan,
    difference=UNKNOWN,
    p=math.nan,
    p_holm=math.nan,
    only_a=0,
    only_b=0,
    mcnemar=math.nan,
    mcnemar_holm=math.nan,
)


def _paired_group(group: Group, boots: tuple[Bootstrap, Bootstrap], p: float) -> PairedDifference:
    """One group's difference, not yet adjusted for the family it belongs to."""
    marks_a, marks_b = (boot.marks for boot in boots)
    if not marks_a.knows(group):
        return _NOTHING
    members, clips = marks_a.members(group), marks_a.clips_holding(group)
    right_a, right_b = marks_a.correct[members], marks_b.correct[members]
    only_a, only_b = int(np.sum(right_a & ~right_b)), int(np.sum(right_b & ~right_a))
    share_a, share_b = (accuracy_of(boot.marks, group, boot) for boot in boots)
    draws = boots[1].shares(group) - boots[0].shares(group)
    step = clustered(share_b.value - share_a.value, draws, clips)
    if not only_a and not only_b:
        rows = [int(np.sum(marks_a.task == column)) for column in group.columns]
        step = no_difference(min(rows) * len(rows) if group.macro else sum(rows))
    elif step is None:
        trials_a, trials_b = wilson(share_a.value, clips), wilson(share_b.value, clips)
        step = difference(trials_a, trials_b, correlation(right_a, right_b))
    return PairedDifference(
        a=100 * share_a.value,
        b=100 * share_b.value,
        difference=step.scaled(100),
        p=math.nan if math.isnan(step.value) else p,
        p_holm=math.nan,
        only_a=only_a,
        only_b=only_b,
        mcnemar=math.nan if group.macro or not members.any() else mcnemar(only_a, only_b),
        mcnemar_holm=math.nan,
    )
