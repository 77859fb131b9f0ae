"""Accuracies of the nine tasks and their averages, with intervals: the one place where scores are made.

Letters in, percent out. A letter that is None (nothing could be read, or the row failed) counts as wrong.
Micro averages weigh questions alike, macro averages weigh tasks alike; the paper prints both (docs/published.md).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crossomni.errors import InputError
from crossomni.records import letters as option_letters
from crossomni.statistics import (
    UNKNOWN,
    Estimate,
    Floats,
    clustered,
    correlation,
    difference,
    holm,
    mcnemar,
    mean,
    no_difference,
    resample_sums,
    swap_p,
    wilson,
)
from crossomni.tasks import CROSS_TASKS, SINGLE_TASKS, TASKS, Modality, Task

OPTIONS = 4  # of every question with a task; chance is one in four
RESAMPLES = 10_000


@dataclass(frozen=True)
class Group:
    """Tasks that share one figure: a task alone, or an average."""

    name: str
    tasks: tuple[Task, ...]
    macro: bool = False

    @property
    def columns(self) -> list[int]:
        """Where its tasks stand in ``TASKS``."""
        return [TASKS.index(task) for task in self.tasks]


_AVERAGES = {"single": SINGLE_TASKS, "cross": CROSS_TASKS, "overall": TASKS}
# What the metric reports: the nine tasks, three micro averages, three macro averages.
GROUPS = (
    *(Group(task.id, (task,)) for task in TASKS),
    *(Group(name, tasks) for name, tasks in _AVERAGES.items()),
    *(Group(f"{name}_macro", tasks, macro=True) for name, tasks in _AVERAGES.items()),
)
# Figure 3: the two cross tasks that share a source, or a target, weighed alike.
_BY_SOURCE = tuple(Group(m.value, tuple(t for t in CROSS_TASKS if t.source is m), macro=True) for m in Modality)
_BY_TARGET = tuple(Group(m.value, tuple(t for t in CROSS_TASKS if t.target is m), macro=True) for m in Modality)


@dataclass(frozen=True, kw_only=True)
class Gap:
    """How far Cross lies below Single."""

    points: Estimate  # Single - Cross, in percentage points
    relative: Estimate  # (Single - Cross) / Single, in percent (section 4.2.1)


@dataclass(frozen=True, kw_only=True)
class Details:
    """What a report shows beside the metric. Estimates are in percent."""

    accuracy: Mapping[str, Estimate]  # by name of ``GROUPS``
    chance_corrected: Mapping[str, Estimate]  # 0 is chance, 100 is all right
    by_source: Mapping[str, Estimate]  # macro average of the two cross tasks from each modality
    by_target: Mapping[str, Estimate]
    gap: Gap  # of the micro averages
    gap_macro: Gap
    counts: Mapping[str, int]  # questions by task id
    states: Mapping[str, int]  # rows by what was read in the reply


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


@dataclass(frozen=True)
class Marks:
    """Checked rows: what is right, of which task, on which clip."""

    correct: NDArray[np.bool_]  # (rows,)
    read: NDArray[np.bool_]  # (rows,)
    task: NDArray[np.intp]  # (rows,) index into TASKS
    clip: NDArray[np.intp]  # (rows,) 0 to clips - 1; each row its own where no clips were given
    clustered: bool

    def table(self, hits: NDArray[np.bool_] | None = None) -> Floats:
        """How many rows (among ``hits``) each clip has of each task: (clips, 9)."""
        clips = int(self.clip.max(initial=-1)) + 1
        cells = self.clip * len(TASKS) + self.task
        counts = np.bincount(cells, weights=hits, minlength=clips * len(TASKS))
        return counts.reshape(clips, len(TASKS)).astype(np.float64)

    def members(self, group: Group) -> NDArray[np.bool_]:
        """Which rows belong to the group: (rows,)."""
        return np.isin(self.task, group.columns)

    def clips_holding(self, group: Group) -> int:
        """How many clips have a row of the group; for a macro average, of its rarest task."""
        held = self.table() > 0
        return int(
            held[:, group.columns].sum(axis=0).min() if group.macro else held[:, group.columns].any(axis=1).sum()
        )


def check_lengths(columns: Mapping[str, Sequence[object] | None]) -> None:
    """Refuse columns of unequal length; a column that is None was not given.

    Raises:
        InputError: naming the first position at which a column ends too early.
    """
    given = {name: len(column) for name, column in columns.items() if column is not None}
    short, long = min(given, key=given.__getitem__), max(given, key=given.__getitem__)
    if given[short] < given[long]:
        raise InputError(
            f"{short}[{given[short]}] is missing: {short} has {given[short]} values and {long} has {given[long]}. "
            "Give one value a row in each."
        )


def mark(
    letters: Sequence[str | None],
    references: Sequence[str],
    tasks: Sequence[str | Task],
    clips: Sequence[str] | None = None,
    option_counts: Sequence[int] | None = None,
) -> Marks:
    """Compare letters with references, row by row.

    Raises:
        InputError: for unequal lengths, and naming the position of an unknown task, a reference that letters no
            option (of four, unless ``option_counts`` says how many), a letter that is none, an empty clip.
    """
    columns = {"letters": letters, "references": references, "tasks": tasks, "clips": clips}
    check_lengths({**columns, "option_counts": option_counts})
    counts = [OPTIONS] * len(references) if option_counts is None else option_counts
    allowed = {count: option_letters(count) for count in set(counts)}
    for row, (reference, count) in enumerate(zip(references, counts, strict=True)):
        if reference not in allowed[count]:
            raise InputError(
                f"references[{row}] is {reference!r}; wanted one of {'/'.join(allowed[count])}. "
                "Give the letter of the right option."
            )
    alphabet = (None, *option_letters(26))
    for row, letter in enumerate(letters):
        if letter not in alphabet:
            raise InputError(f"letters[{row}] is {letter!r}; wanted a capital letter, or None where none was read.")
    return Marks(
        correct=np.array([x == y for x, y in zip(letters, references, strict=True)], dtype=bool),
        read=np.array([letter is not None for letter in letters], dtype=bool),
        task=_task_columns(tasks),
        clip=np.arange(len(letters)) if clips is None else _clip_numbers(clips),
        clustered=clips is not None,
    )


def _task_columns(tasks: Sequence[str | Task]) -> NDArray[np.intp]:
    columns: dict[str | Task, int] = {}
    for row, name in enumerate(tasks):
        if not isinstance(name, (str, Task)) or name not in columns:
            try:
                columns[name] = TASKS.index(name if isinstance(name, Task) else Task.parse(name))
            except InputError as error:
                raise InputError(f"tasks[{row}]: {error}") from error
    return np.array([columns[name] for name in tasks], dtype=np.intp)


def _clip_numbers(clips: Sequence[str]) -> NDArray[np.intp]:
    numbers: dict[str, int] = {}
    for row, clip in enumerate(clips):
        if not isinstance(clip, str) or not clip:
            raise InputError(f"clips[{row}] is {clip!r}; wanted the clip's id. Leave clips out where it is unknown.")
        numbers.setdefault(clip, len(numbers))
    return np.array([numbers[clip] for clip in clips], dtype=np.intp)


def _shares(right: Floats, count: Floats, group: Group) -> Floats:
    """The group's share of right answers, from sums by task (…, 9) → (…); nan where it has no question."""
    right, count = right[..., group.columns], count[..., group.columns]
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = (right / count).mean(axis=-1) if group.macro else right.sum(axis=-1) / count.sum(axis=-1)
    return np.asarray(shares, dtype=np.float64)


@dataclass(frozen=True)
class _Bootstrap:
    """One bootstrap, from which every group reads its draws."""

    marks: Marks
    right: Floats  # (resamples, 9)
    count: Floats  # (resamples, 9)

    @classmethod
    def draw(cls, marks: Marks, resamples: int, seed: int) -> _Bootstrap:
        sums = resample_sums(np.hstack([marks.table(marks.correct), marks.table()]), resamples, seed)
        return cls(marks, sums[:, : len(TASKS)], sums[:, len(TASKS) :])

    def shares(self, group: Group) -> Floats:
        return _shares(self.right, self.count, group)


def _estimate(marks: Marks, group: Group, bootstrap: _Bootstrap | None) -> Estimate:
    """The group's accuracy as a fraction: clustered with a bootstrap, Wilson's interval without."""
    right, count = marks.table(marks.correct).sum(axis=0), marks.table().sum(axis=0)
    share = float(_shares(right, count, group))
    if math.isnan(share):
        return UNKNOWN
    if bootstrap is not None:
        clips = marks.clips_holding(group)
        # Where the bootstrap cannot speak, a clip is one trial: all its questions may stand and fall together.
        return clustered(share, bootstrap.shares(group), clips) or wilson(share, clips)
    if group.macro:
        return mean([wilson(float(right[c] / count[c]), float(count[c])) for c in group.columns])
    return wilson(share, float(count[group.columns].sum()))


def score(
    letters: Sequence[str | None],
    references: Sequence[str],
    tasks: Sequence[str | Task],
    clips: Sequence[str] | None = None,
    *,
    option_counts: Sequence[int] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, float]:
    """The metric's flat dict, in percent: each of ``GROUPS`` with ``_low`` and ``_high``, ``unread``, and ``n``.

    Intervals (95%) are percentiles of a bootstrap over clips; without clips they are Wilson's, and for a macro average
    the variances of its tasks add. A task without questions is nan, and so is a macro average that lacks a task.

    Raises:
        InputError: as ``mark`` does.

    >>> score(["A", None], ["A", "B"], ["au", "au"])["au"]
    50.0
    """
    marks = mark(letters, references, tasks, clips, option_counts)
    bootstrap = _Bootstrap.draw(marks, resamples, seed) if marks.clustered and len(letters) else None
    scores: dict[str, float] = {}
    for group in GROUPS:
        estimate = _estimate(marks, group, bootstrap).scaled(100)
        scores |= {group.name: estimate.value, f"{group.name}_low": estimate.low, f"{group.name}_high": estimate.high}
    unread = 100 * float(np.mean(~marks.read)) if len(letters) else math.nan
    return scores | {"unread": unread, "n": len(letters)}


def details(
    letters: Sequence[str | None],
    references: Sequence[str],
    tasks: Sequence[str | Task],
    clips: Sequence[str] | None = None,
    *,
    states: Sequence[str] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Details:
    """What a report shows beside the metric, for questions of four options; one bootstrap serves all of it.

    Without clips each question is drawn by itself. ``states`` says of each row what was read in its reply
    (``records.STATES``); without it a letter counts as read, None as unread.

    Raises:
        InputError: as ``mark`` does.
    """
    check_lengths({"letters": letters, "states": states})
    marks = mark(letters, references, tasks, clips)
    bootstrap = _Bootstrap.draw(marks, resamples, seed)
    groups = (*GROUPS, *_BY_SOURCE, *_BY_TARGET)
    estimates = {group: _estimate(marks, group, bootstrap if marks.clustered else None) for group in groups}
    named = {group.name: group for group in GROUPS}
    chance = 1 / OPTIONS
    seen = states if states is not None else ["read" if read else "unread" for read in marks.read]
    return Details(
        accuracy={group.name: estimates[group].scaled(100) for group in GROUPS},
        chance_corrected={
            group.name: estimates[group].scaled(100 / (1 - chance), -100 * chance / (1 - chance)) for group in GROUPS
        },
        by_source={group.name: estimates[group].scaled(100) for group in _BY_SOURCE},
        by_target={group.name: estimates[group].scaled(100) for group in _BY_TARGET},
        gap=_gap(named["single"], named["cross"], estimates, bootstrap),
        gap_macro=_gap(named["single_macro"], named["cross_macro"], estimates, bootstrap),
        counts={task.id: int(np.sum(marks.task == column)) for column, task in enumerate(TASKS)},
        states=dict(Counter(seen)),
    )


def _gap(single: Group, cross: Group, estimates: Mapping[Group, Estimate], bootstrap: _Bootstrap) -> Gap:
    points = difference(estimates[cross], estimates[single])
    clips = min(bootstrap.marks.clips_holding(group) for group in (single, cross))
    single_draws, cross_draws = bootstrap.shares(single), bootstrap.shares(cross)
    share = estimates[single].value
    relative = points.value / share if share > 0 else math.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        relative_draws = np.where(single_draws > 0, (single_draws - cross_draws) / single_draws, np.nan)
    unbounded = Estimate(relative, math.nan, math.nan)
    return Gap(
        points=(clustered(points.value, single_draws - cross_draws, clips) or points).scaled(100),
        relative=(clustered(relative, relative_draws, clips) or unbounded).scaled(100),
    )


def paired(
    letters_a: Sequence[str | None],
    letters_b: Sequence[str | None],
    references: Sequence[str],
    tasks: Sequence[str | Task],
    clips: Sequence[str] | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, PairedDifference]:
    """Run b against run a, question by question, for each of ``GROUPS`` by name.

    Both runs are drawn together, clip by clip (question by question where no clips are given): the interval is a
    bootstrap's, p comes from swapping. Where no question is right in one run alone it is the rule of three's.

    Raises:
        InputError: as ``mark`` does; both runs answer the same rows in the same order.
    """
    check_lengths({"letters_a": letters_a, "letters_b": letters_b})
    a, b = (mark(letters, references, tasks, clips) for letters in (letters_a, letters_b))
    nine = len(TASKS)
    sums = resample_sums(np.hstack([a.table(a.correct), b.table(b.correct), a.table()]), resamples, seed)
    right_a, right_b, count = sums[:, :nine], sums[:, nine : 2 * nine], sums[:, 2 * nine :]
    boots = _Bootstrap(a, right_a, count), _Bootstrap(b, right_b, count)
    p_values = swap_p((b.table(b.correct) - a.table(a.correct)) @ _weights(a), resamples, seed)
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


def _paired_group(group: Group, boots: tuple[_Bootstrap, _Bootstrap], p: float) -> PairedDifference:
    """One group's difference, not yet adjusted for the family it belongs to."""
    marks_a, marks_b = (boot.marks for boot in boots)
    members, clips = marks_a.members(group), marks_a.clips_holding(group)
    right_a, right_b = marks_a.correct[members], marks_b.correct[members]
    only_a, only_b = int(np.sum(right_a & ~right_b)), int(np.sum(right_b & ~right_a))
    share_a, share_b = (_estimate(boot.marks, group, boot) for boot in boots)
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
