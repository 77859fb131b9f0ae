"""Runs side by side: what Tables 6 to 10 print, and paired differences to the first run.

The runs must have answered the same rows of the same data; then a difference is known far better than either score.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from crossomni.errors import RunError
from crossomni.evaluation.folder import RunFolder
from crossomni.records import Row
from crossomni.scoring import GROUPS, PairedDifference, check_lengths, paired, score
from crossomni.statistics import relative_change
from crossomni.tasks import CROSS_TASKS, SINGLE_TASKS, TASKS, Task

_AVERAGES = {
    "single": "Single",
    "cross": "Cross",
    "overall": "Overall",
    "single_macro": "Single (macro)",
    "cross_macro": "Cross (macro)",
    "overall_macro": "Overall (macro)",
}
# Group -> the column's head; three narrow tables rather than one of fifteen columns.
_LABELS = {task.id: task.label for task in TASKS} | _AVERAGES
_TABLES = {
    "Averages": tuple(_AVERAGES),
    "Single tasks": tuple(task.id for task in SINGLE_TASKS),
    "Cross tasks": tuple(task.id for task in CROSS_TASKS),
}
_UNKNOWN = "–"
# What the figures are, in the reader's words; shown below the tables in every form but JSON.
_RELATIVE = "In brackets: the change in percent of {first}'s own accuracy, as Tables 6 to 10 of the paper print it."
_PAIRED = (
    "points: the difference in percentage points, with its interval by drawing clips. p: two-sided, by swapping the "
    "two runs' answers clip by clip. McNemar: exact, question by question, as if clips did not matter. Holm: the p "
    "before it, adjusted for the nine tasks; averages are not adjusted."
)


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


@dataclass(frozen=True)
class _Grid:
    """A table before it is drawn; a cell may have two lines."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two or more runs on the same rows."""

    runs: tuple[ComparedRun, ...]

    @property
    def legend(self) -> str:
        """What the figures are and how they were found, in a few sentences."""
        return f"{_RELATIVE.format(first=self.runs[0].name)} {_PAIRED}"

    def tables(self) -> tuple[Table, ...]:
        """Tables for the terminal: averages, single tasks, cross tasks, then each run against the first, explained."""
        drawn = []
        for grid in self._grids():
            # Text, since a run's name in brackets would be taken for markup.
            table = Table(title=Text(grid.title), title_justify="left", box=None, padding=(0, 1))
            for place, name in enumerate(grid.head):
                table.add_column(Text(name), justify="right" if place else "left", overflow="fold")
            for row in grid.rows:
                table.add_row(*map(Text, row))
            drawn.append(table)
        drawn[-1].caption, drawn[-1].caption_justify = Text(self.legend), "left"
        return tuple(drawn)

    def to_markdown(self) -> str:
        """The same tables in Markdown."""
        return "\n".join([*(_markdown(grid) for grid in self._grids()), f"{self.legend}\n"])

    def to_json(self) -> dict[str, Any]:
        """All figures, undrawn and unrounded; None where nothing is known."""
        return {"runs": [_without_nan(asdict(run)) for run in self.runs]}

    def _grids(self) -> Iterator[_Grid]:
        for title, groups in _TABLES.items():
            head = ("Run", *(_LABELS[group] for group in groups))
            rows = ((run.name, *(_accuracy_cell(run, group) for group in groups)) for run in self.runs)
            yield _Grid(f"{title}, % (change relative to {self.runs[0].name})", head, tuple(rows))
        for run in self.runs[1:]:
            head = ("", "points", "95% interval", "p", "Holm", "McNemar", "Holm")
            rows = ((_LABELS[group.name], *_paired_cells(run.paired[group.name])) for group in GROUPS)
            yield _Grid(f"{run.name} minus {self.runs[0].name}, paired", head, tuple(rows))


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
        _check_same_rows(folders[0], folder)
    _, rows = folders[0].open_data()
    for row in rows:
        if not row.answer:
            raise RunError(
                f"{folders[0].path}: row {row.id!r} has no answer to compare with: its labels are held back."
            )
    names = _names([folder.path for folder in folders])
    return compare_letters(
        [RunLetters(name, _letters(folder, rows)) for name, folder in zip(names, folders, strict=True)],
        references=[row.answer for row in rows],
        tasks=[row.task or "" for row in rows],
        clips=[row.clip_id for row in rows],
    )


def compare_letters(
    runs: Sequence[RunLetters],
    references: Sequence[str],
    tasks: Sequence[str | Task],
    clips: Sequence[str] | None = None,
) -> Comparison:
    """Compare what runs answered on the same rows, against the first.

    Raises:
        InputError: for unequal lengths, and as ``scoring.score`` does.
    """
    for run in runs:
        check_lengths({"references": references, f"letters of {run.name}": run.letters})
    first, *others = runs
    base = score(first.letters, references, tasks, clips)
    compared = [ComparedRun(name=first.name, scores=base, change={}, paired={})]
    for run in others:
        scores = score(run.letters, references, tasks, clips)
        compared.append(
            ComparedRun(
                name=run.name,
                scores=scores,
                change={group.name: relative_change(scores[group.name], base[group.name]) for group in GROUPS},
                paired=paired(first.letters, run.letters, references, tasks, clips),
            )
        )
    return Comparison(runs=tuple(compared))


# --- a run's folder ---


def _letters(folder: RunFolder, rows: Sequence[Row]) -> tuple[str | None, ...]:
    """What the run answered to each row."""
    predictions = folder.predictions(rows)
    missing = [row.id for row in rows if row.id not in predictions]
    if missing:
        raise RunError(f"{folder.path}: {len(missing)} rows are missing, {missing[0]!r} for one. Finish the run first.")
    return tuple(predictions[row.id].letter for row in rows)


def _check_same_rows(first: RunFolder, other: RunFolder) -> None:
    for name, wanted in _rows_of(first).items():
        found = _rows_of(other)[name]
        if found != wanted:
            raise RunError(
                f"{other.path}: {name} is {found!r}, but {wanted!r} in {first.path}. Compare runs on the same rows."
            )


def _rows_of(folder: RunFolder) -> dict[str, Any]:
    """Which rows a run is about, by its ``run.json``."""
    about = folder.about()
    try:
        return {
            "the data's fingerprint": about["fingerprints"]["data"],
            "the split": about["configuration"]["split"],
            "the number of rows": about["rows"],
        }
    except (KeyError, TypeError) as error:
        raise RunError(f"{folder.path}: its run.json lacks {error}. Run again into another folder.") from error


def _names(folders: Sequence[Path]) -> list[str]:
    """The folders' own names, or their whole paths where two are named alike."""
    names = [folder.resolve().name for folder in folders]
    return names if len(set(names)) == len(names) else [str(folder) for folder in folders]


# --- cells ---


def _accuracy_cell(run: ComparedRun, group: str) -> str:
    accuracy = _number(run.scores[group], "{:.2f}")
    return f"{accuracy}\n({_number(run.change[group], '{:+.2f}%')})" if run.change else accuracy


def _paired_cells(one: PairedDifference) -> tuple[str, ...]:
    step = one.difference
    interval = f"{step.low:+.2f} to {step.high:+.2f}" if not math.isnan(step.low) else _UNKNOWN
    tests = (one.p, one.p_holm, one.mcnemar, one.mcnemar_holm)
    return (_number(step.value, "{:+.2f}"), interval, *(_probability(p) for p in tests))


def _number(value: float, form: str) -> str:
    return _UNKNOWN if math.isnan(value) else form.format(value)


def _probability(p: float) -> str:
    return "<0.001" if p < 0.001 else _number(p, "{:.3f}")


def _markdown(grid: _Grid) -> str:
    lines = [grid.head, ("---", *("---:" for _ in grid.head[1:])), *grid.rows]
    cells = (" | ".join(cell.replace("\n", " ").replace("|", "\\|") for cell in line) for line in lines)
    return "\n".join([f"**{grid.title}**", "", *(f"| {line} |" for line in cells), ""])


def _without_nan(value: Any) -> Any:
    """JSON has no nan."""
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value
