"""Runs side by side: what Tables 6 to 10 print, and paired differences to the first run.

The runs must have answered the same rows of the same data; then a difference is known far better than either score.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossomni.errors import RunError
from crossomni.evaluation.asked import asked_of
from crossomni.evaluation.folder import RunFolder, run_names
from crossomni.grids import UNKNOWN, Grid, markdown, number, probability, tables, without_nan
from crossomni.pairing import PairedDifference, paired
from crossomni.scoring import ALL, GROUPS, check_lengths, score
from crossomni.statistics import relative_change
from crossomni.tasks import CROSS_TASKS, SINGLE_TASKS, TASKS, Task

if TYPE_CHECKING:
    from rich.table import Table

_AVERAGES = {
    "single": "Single",
    "cross": "Cross",
    "overall": "Overall",
    "single_macro": "Single (macro)",
    "cross_macro": "Cross (macro)",
    "overall_macro": "Overall (macro)",
}
LABELS = {task.id: task.label for task in TASKS} | _AVERAGES  # of the metric's groups

# Three narrow tables rather than one of fifteen columns.
_TABLES = {
    "Averages": tuple(_AVERAGES),
    "Single tasks": tuple(task.id for task in SINGLE_TASKS),
    "Cross tasks": tuple(task.id for task in CROSS_TASKS),
}
# What the figures are, in the reader's words; shown below the tables in every form but JSON.
_RELATIVE = "In brackets: the change in percent of {first}'s own accuracy, as Tables 6 to 10 of the paper print it."
_PAIRED = (
    "points: the difference in percentage points, with its interval by drawing clips (by the rule of three, question "
    "by question, where no question is right in one run alone). p: two-sided, by swapping the "
    "two runs' answers clip by clip. McNemar: exact, question by question, as if clips did not matter. Holm: the p "
    "before it, adjusted for the nine tasks; averages are not adjusted."
)
_PAIRED_OVERALL = f"{_PAIRED.partition(' Holm: ')[0]} Holm: nothing to adjust for, with one figure."


@dataclass(frozen=True)
class RunLetters:
    """What one run answered, row by row; None where nothing was read or the row failed."""

    name: str
    letters: tuple[str | None, ...]


@dataclass(frozen=True, kw_only=True)
class ComparedRun:
    """One run's scores, and how they stand to the first run's."""

    name: str
    scores: Mapping[str, float]  # the metric's dict, percent
    change: Mapping[str, float]  # by group, in percent of the first run's accuracy; empty for the first
    paired: Mapping[str, PairedDifference]  # by group, this run minus the first; empty for the first


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two or more runs on the same rows."""

    runs: tuple[ComparedRun, ...]
    tasked: bool = True  # where not, only the average over all questions is known

    @property
    def legend(self) -> str:
        """What the figures are and how they were found, in a few sentences."""
        return f"{_RELATIVE.format(first=self.runs[0].name)} {_PAIRED if self.tasked else _PAIRED_OVERALL}"

    def tables(self) -> tuple[Table, ...]:
        """Tables for the terminal: averages, single tasks, cross tasks, then each run against the first, explained."""
        return tables(self._grids(), self.legend)

    def to_markdown(self) -> str:
        """The same tables in Markdown."""
        return markdown(self._grids(), f"{self.legend}\n")

    def to_json(self) -> dict[str, Any]:
        """All figures, undrawn and unrounded; None where nothing is known."""
        return {"runs": [without_nan(asdict(run)) for run in self.runs]}

    def _grids(self) -> Iterator[Grid]:
        for title, groups in (_TABLES if self.tasked else {"Accuracy": (ALL,)}).items():
            head = ("Run", *(LABELS[group] for group in groups))
            rows = ((run.name, *(_accuracy_cell(run, group) for group in groups)) for run in self.runs)
            yield Grid(f"{title}, % (change relative to {self.runs[0].name})", head, tuple(rows))
        for run in self.runs[1:]:
            head = ("", "points", "95% interval", "p", "Holm", "McNemar", "Holm")
            names = [group.name for group in GROUPS] if self.tasked else [ALL]
            rows = ((LABELS[name], *_paired_cells(run.paired[name])) for name in names)
            yield Grid(f"{run.name} minus {self.runs[0].name}, paired", head, tuple(rows))


def compare(run_folders: Sequence[Path]) -> Comparison:
    """Compare runs by their folders, against the first; the references come from the data they were made on.

    Raises:
        RunError: fewer than two folders, a damaged or unfinished one, runs on different rows, data that changed since.
        DataError: when the data cannot be opened.
    """
    folders = [RunFolder(Path(folder)) for folder in run_folders]
    if len(folders) < 2:
        raise RunError(f"compare: {len(folders)} run came, two or more were wanted. Give their folders.")
    for folder in folders[1:]:
        folder.check_same_rows(folders[0])
    _, rows = folders[0].open_data()
    for row in rows:
        if not row.answer:
            raise RunError(
                f"{folders[0].path}: row {row.id!r} has no answer to compare with: its labels are held back."
            )
    names = run_names([folder.path for folder in folders])
    return compare_letters(
        [RunLetters(name, folder.letters(rows)) for name, folder in zip(names, folders, strict=True)],
        *asked_of(rows),
    )


def compare_letters(
    runs: Sequence[RunLetters],
    references: Sequence[str],
    tasks: Sequence[str | Task] | None,
    clips: Sequence[str] | None = None,
    option_counts: Sequence[int] | None = None,
) -> Comparison:
    """Compare what runs answered on the same rows, against the first.

    Raises:
        InputError: for unequal lengths, and as ``scoring.score`` does.
    """
    for run in runs:
        check_lengths({"references": references, f"letters of {run.name}": run.letters})
    first, *others = runs
    asked = (references, tasks, clips, option_counts)
    base = score(first.letters, *asked)
    compared = [ComparedRun(name=first.name, scores=base, change={}, paired={})]
    for run in others:
        scores = score(run.letters, *asked)
        compared.append(
            ComparedRun(
                name=run.name,
                scores=scores,
                change={group.name: relative_change(scores[group.name], base[group.name]) for group in GROUPS},
                paired=paired(first.letters, run.letters, *asked),
            )
        )
    return Comparison(runs=tuple(compared), tasked=tasks is not None)


# --- cells ---


def _accuracy_cell(run: ComparedRun, group: str) -> str:
    accuracy = number(run.scores[group], "{:.2f}")
    return f"{accuracy}\n({number(run.change[group], '{:+.2f}%')})" if run.change else accuracy


def _paired_cells(one: PairedDifference) -> tuple[str, ...]:
    step = one.difference
    interval = f"{step.low:+.2f} to {step.high:+.2f}" if not math.isnan(step.low) else UNKNOWN
    tests = (one.p, one.p_holm, one.mcnemar, one.mcnemar_holm)
    return (number(step.value, "{:+.2f}"), interval, *(probability(p) for p in tests))
