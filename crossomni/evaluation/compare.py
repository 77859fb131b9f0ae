"""Runs side by side: what Tables 6 to 10 print, and paired differences to the first run.

The runs must have answered the same rows of the same data; then a difference is known far better than either score.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from crossomni.corpus import Corpus
from crossomni.errors import RecordError, RunError
from crossomni.records import Prediction, Row
from crossomni.scoring import GROUPS, PairedDifference, check_lengths, paired, relative_change, score
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


@dataclass(frozen=True, kw_only=True)
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

    def tables(self) -> tuple[Table, ...]:
        """Tables for the terminal: averages, single tasks, cross tasks, then each run against the first."""
        drawn = []
        for grid in self._grids():
            # Text, since a run's name in brackets would be taken for markup.
            table = Table(title=Text(grid.title), title_justify="left", box=None, padding=(0, 1))
            for place, name in enumerate(grid.head):
                table.add_column(Text(name), justify="right" if place else "left", overflow="fold")
            for row in grid.rows:
                table.add_row(*map(Text, row))
            drawn.append(table)
        return tuple(drawn)

    def to_markdown(self) -> str:
        """The same tables in Markdown."""
        return "\n".join(_markdown(grid) for grid in self._grids())

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
    """Compare runs by their folders, against the first; the references come from the data they name.

    Raises:
        RunError: fewer than two folders, a damaged one, runs on different data or rows, data that changed since.
        DataError: when the data cannot be opened.
    """
    folders = [Path(folder) for folder in run_folders]
    runs = [_Run.read(folder) for folder in folders]
    if len(runs) < 2:
        raise RunError(f"compare: {len(runs)} run came, two or more were wanted. Give their folders.")
    for run in runs[1:]:
        _check_same_rows(runs[0], run)
    rows = runs[0].rows()
    names = _names(folders)
    return compare_letters(
        [
            RunLetters(name=name, letters=tuple(run.letters[row.id] for row in rows))
            for name, run in zip(names, runs, strict=True)
        ],
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


@dataclass(frozen=True)
class _Run:
    """What is needed of a run's folder."""

    folder: Path
    data: Mapping[str, Any]  # run.json's "data": name, split, fingerprint, and for `full` annotations and media
    letters: Mapping[str, str | None]  # by row id

    @classmethod
    def read(cls, folder: Path) -> _Run:
        path = folder / "run.json"
        try:
            data = json.loads(path.read_text(encoding="utf-8"))["data"]
            missing = [key for key in ("name", "split", "fingerprint") if not isinstance(data[key], str)]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(
                f"{path}: cannot be read as a run ({type(error).__name__}: {error}). Give the folder that "
                "`crossomni evaluate --out` wrote."
            ) from error
        if missing:
            raise RunError(f"{path}: data.{missing[0]} is {data[missing[0]]!r}; wanted text. Make the run again.")
        return cls(folder, data, dict(_read_letters(folder / "predictions.jsonl")))

    def rows(self) -> tuple[Row, ...]:
        """The rows that it answered, in the data's order."""
        paths = {key: Path(self.data[key]) for key in ("annotations", "media") if self.data.get(key)}
        corpus = Corpus.open(self.data["name"], **paths)
        if corpus.fingerprint != self.data["fingerprint"]:
            raise RunError(
                f"{self.folder}: the data {self.data['name']!r} has changed since this run "
                f"({self.data['fingerprint'][:12]} then, {corpus.fingerprint[:12]} now). Run it again."
            )
        rows = tuple(row for row in corpus.rows(self.data["split"]) if row.id in self.letters)
        strange = self.letters.keys() - {row.id for row in rows}
        if strange:
            raise RunError(f"{self.folder}: row {min(strange)!r} is not in split {self.data['split']}. Run it again.")
        for row in rows:
            if not row.answer:
                raise RunError(
                    f"{self.folder}: row {row.id!r} has no answer to compare with: its labels are held back."
                )
        return rows


def _read_letters(path: Path) -> Iterator[tuple[str, str | None]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise RunError(f"{path}: cannot be read ({error}). Give the folder of a finished run.") from error
    seen: set[str] = set()
    for number, line in enumerate(lines, start=1):
        try:
            prediction = Prediction.from_json(json.loads(line))
        except (ValueError, AttributeError, RecordError) as error:
            raise RunError(
                f"{path}:{number}: no prediction ({error}). Resume the run to mend its last line."
            ) from error
        if prediction.id in seen:
            raise RunError(f"{path}:{number}: row {prediction.id!r} comes twice. Make the run again.")
        seen.add(prediction.id)
        yield prediction.id, prediction.letter


def _check_same_rows(first: _Run, other: _Run) -> None:
    for key in ("fingerprint", "split"):
        if first.data[key] != other.data[key]:
            raise RunError(
                f"{other.folder}: the {key} of its data is {other.data[key][:12]!r}, but {first.folder} has "
                f"{first.data[key][:12]!r}. Compare runs on the same data."
            )
    differing = first.letters.keys() ^ other.letters.keys()
    if differing:
        raise RunError(
            f"{other.folder}: {len(differing)} rows are in it or in {first.folder} alone, {min(differing)!r} for one. "
            "Compare runs on the same rows (finish the shorter one, or use the same limit)."
        )


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
