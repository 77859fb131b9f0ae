"""Accuracies of the nine tasks and their averages, with intervals: the one place where scores are made.

Letters in, percent out. A letter that is None (nothing could be read, or the row failed) counts as wrong.
Micro averages weigh questions alike, macro averages weigh tasks alike; the paper prints both (docs/published.md).
Questions of other benchmarks have no task: where ``tasks`` is None only ``overall`` is known, over all questions.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossomni.errors import InputError
from crossomni.records import letters as option_letters
from crossomni.statistics import (
    UNKNOWN,
    Estimate,
    Floats,
    clustered,
    difference,
    mean,
    resample_sums,
    wilson,
)
from crossomni.tasks import CROSS_TASKS, SINGLE_TASKS, TASKS, Modality, Task

OPTIONS = 4  # of every question with a task; chance is one in four
RESAMPLES = 10_000
SEED = 0


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


ALL = "overall"
_AVERAGES = {"single": SINGLE_TASKS, "cross": CROSS_TASKS, ALL: TASKS}
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


@dataclass(frozen=True)
class Marks:
    """Checked rows: what is right, of which task, on which clip."""

    correct: NDArray[np.bool_]  # (rows,)
    read: NDArray[np.bool_]  # (rows,)
    task: NDArray[np.intp]  # (rows,) index into TASKS
    clip: NDArray[np.intp]  # (rows,) 0 to clips - 1; each row its own where no clips were given
    clustered: bool
    tasked: bool = True  # where not, all rows stand in the first column, and only the average over all means something

    def table(self, hits: NDArray[np.bool_] | None = None) -> Floats:
        """How many rows (among ``hits``) each clip has of each task: (clips, 9)."""
        clips = int(self.clip.max(initial=-1)) + 1
        cells = self.clip * len(TASKS) + self.task
        counts = np.bincount(cells, weights=hits, minlength=clips * len(TASKS))
        return counts.reshape(clips, len(TASKS)).astype(np.float64)

    def knows(self, group: Group) -> bool:
        """Whether the group means something for these rows."""
        return self.tasked or group.name == ALL

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
    tasks: Sequence[str | Task] | None,
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
        task=_task_columns(tasks) if tasks is not None else np.zeros(len(letters), dtype=np.intp),
        clip=np.arange(len(letters)) if clips is None else _clip_numbers(clips),
        clustered=clips is not None,
        tasked=tasks is not None,
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


def shares_of(right: Floats, count: Floats, group: Group) -> Floats:
    """The group's share of right answers, from sums by task (…, 9) → (…); nan where it has no question."""
    right, count = right[..., group.columns], count[..., group.columns]
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = (right / count).mean(axis=-1) if group.macro else right.sum(axis=-1) / count.sum(axis=-1)
    return np.asarray(shares, dtype=np.float64)


@dataclass(frozen=True)
class Bootstrap:
    """One bootstrap, from which every group reads its draws."""

    marks: Marks
    right: Floats  # (resamples, 9)
    count: Floats  # (resamples, 9)

    @classmethod
    def draw(cls, marks: Marks, resamples: int, seed: int) -> Bootstrap:
        """Draw clips with replacement."""
        sums = resample_sums(np.hstack([marks.table(marks.correct), marks.table()]), resamples, seed)
        return cls(marks, sums[:, : len(TASKS)], sums[:, len(TASKS) :])

    def shares(self, group: Group) -> Floats:
        """The group's share of right answers in each resample."""
        return shares_of(self.right, self.count, group)


def accuracy_of(marks: Marks, group: Group, bootstrap: Bootstrap | None) -> Estimate:
    """The group's accuracy as a fraction: clustered with a bootstrap, Wilson's interval without."""
    right, count = marks.table(marks.correct).sum(axis=0), marks.table().sum(axis=0)
    share = float(shares_of(right, count, group))
    if math.isnan(share) or not marks.knows(group):
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
    tasks: Sequence[str | Task] | None,
    clips: Sequence[str] | None = None,
    option_counts: Sequence[int] | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> dict[str, float]:
    """The metric's flat dict, in percent: each of ``GROUPS`` with ``_low`` and ``_high``, ``unread``, and ``n``.

    Intervals (95%) are percentiles of a bootstrap over clips; without clips they are Wilson's, and for a macro average
    the variances of its tasks add. A task without questions is nan, and so is a macro average that lacks a task; where
    ``tasks`` is None all but ``overall`` are.

    Raises:
        InputError: as ``mark`` does.

    >>> score(["A", None], ["A", "B"], ["au", "au"])["au"]
    50.0
    """
    marks = mark(letters, references, tasks, clips, option_counts)
    bootstrap = Bootstrap.draw(marks, resamples, seed) if marks.clustered and len(letters) else None
    scores: dict[str, float] = {}
    for group in GROUPS:
        estimate = accuracy_of(marks, group, bootstrap).scaled(100)
        scores |= {group.name: estimate.value, f"{group.name}_low": estimate.low, f"{group.name}_high": estimate.high}
    unread = 100 * float(np.mean(~marks.read)) if len(letters) else math.nan
    return scores | {"unread": unread, "n": len(letters)}


def details(
    letters: Sequence[str | None],
    references: Sequence[str],
    tasks: Sequence[str | Task] | None,
    clips: Sequence[str] | None = None,
    option_counts: Sequence[int] | None = None,
    *,
    states: Sequence[str] | None = None,
    resamples: int = RESAMPLES,
) -> Details:
    """What a report shows beside the metric; one bootstrap serves all of it.

    Without clips each question is drawn by itself. ``states`` says of each row what was read in its reply
    (``records.STATES``); without it a letter counts as read, None as unread.

    Raises:
        InputError: as ``mark`` does.
    """
    check_lengths({"letters": letters, "states": states})
    marks = mark(letters, references, tasks, clips, option_counts)
    bootstrap = Bootstrap.draw(marks, resamples, SEED)
    groups = (*GROUPS, *_BY_SOURCE, *_BY_TARGET)
    estimates = {group: accuracy_of(marks, group, bootstrap if marks.clustered else None) for group in groups}
    named = {group.name: group for group in GROUPS}
    chance = chance_of(option_counts) if option_counts else 1 / OPTIONS
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
        counts={task.id: int(marks.tasked and np.sum(marks.task == column)) for column, task in enumerate(TASKS)},
        states=dict(Counter(seen)),
    )


def chance_of(option_counts: Sequence[int]) -> float:
    """What picking at random gets right, as a fraction: the mean of one in so many options.

    >>> chance_of([4, 4, 2, 2])
    0.375
    """
    return float(np.mean([1 / count for count in option_counts]))


def _gap(single: Group, cross: Group, estimates: Mapping[Group, Estimate], bootstrap: Bootstrap) -> Gap:
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
