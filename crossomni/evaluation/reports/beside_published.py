"""Runs beside a line of the paper: how far each accuracy lies from the printed one, and how well that is known.

The two are independent samples of questions, so nothing is paired: the interval of a difference joins the two intervals
(``statistics.difference``). The run's are those of its ``scores.json``, clustered by clip. A printed accuracy is given
Wilson's on the number of questions of which it is a fraction; which of them share a clip is not printed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossomni.errors import InputError, RunError
from crossomni.evaluation.folder import RunFolder, run_names
from crossomni.evaluation.reports.compare import LABELS, Comparison, compare
from crossomni.grids import Grid, number, without_nan
from crossomni.published import AVERAGE, CROSS_COUNTS, QUESTION_COUNTS, PublishedRow, micro, table
from crossomni.scoring import GROUPS, Group
from crossomni.statistics import Estimate, difference, mean, wilson

if TYPE_CHECKING:
    from rich.table import Table

# Prompt -> the table that prints the nine tasks of every model under it.
PRINTED_IN: Mapping[str, int] = {"default": 5, "cot": 11, "icl": 12}


@dataclass(frozen=True, kw_only=True)
class Beside:
    """One figure of both sides: accuracies in percent, the difference in points."""

    own: Estimate
    published: Estimate
    difference: Estimate  # own - published


@dataclass(frozen=True, kw_only=True)
class RunBeside:
    """One run beside one line of the paper."""

    run: str
    data: str  # as the run's configuration names it
    rows: int
    system: str  # as the table prints it
    prompt: str  # of the line: one of PRINTED_IN
    figures: Mapping[str, Beside]  # by name of ``scoring.GROUPS``

    @property
    def legend(self) -> str:
        """What must be known to read the figures."""
        number = PRINTED_IN[self.prompt]
        averages = (
            "Single, Cross and Overall are micro averages as printed; the macro averages are"
            if number == 5
            else "Overall is a micro average as printed; Single, Cross and the macro averages are"
        )
        return (
            f"{self.system}: Table {number} of arXiv 2604.05522, prompt {self.prompt}. The run's {self.rows} rows, of "
            f"{self.data}, are others than the paper's unless the data are the paper's own. The published numbers have "
            "no receipts, and which questions share a clip is not published: their intervals take questions as "
            f"independent. {averages} recomputed from the printed task accuracies. A micro average weighs tasks by "
            "each side's own number of questions, a macro average weighs them alike."
        )

    def grid(self) -> Grid:
        """The table before it is drawn."""
        head = ("", self.run, self.system, "points", "95% interval")
        return Grid(f"{self.run} minus {self.system} as published, prompt {self.prompt}", head, tuple(self._rows()))

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for name, one in self.figures.items():
            step = one.difference
            known = not math.isnan(step.low)
            yield (
                LABELS[name],
                *(number(side.value, "{:.2f}") for side in (one.own, one.published)),
                number(step.value, "{:+.2f}"),
                f"{step.low:+.2f} to {step.high:+.2f}" if known else number(math.nan, ""),
            )


@dataclass(frozen=True, kw_only=True)
class BesidePublished:
    """Runs beside the paper's numbers and, where there are several, beside each other."""

    comparison: Comparison | None  # None for one run
    runs: tuple[RunBeside, ...]

    def tables(self) -> tuple[Table, ...]:
        """Tables for the terminal: those of the comparison, then one for each run, explained."""
        return (
            *(self.comparison.tables() if self.comparison else ()),
            *(one.grid().table(one.legend) for one in self.runs),
        )

    def to_markdown(self) -> str:
        """The same tables in Markdown."""
        own = [f"{one.grid().markdown()}\n{one.legend}\n" for one in self.runs]
        return "\n".join([*([self.comparison.to_markdown()] if self.comparison else []), *own])

    def to_json(self) -> dict[str, Any]:
        """All figures, undrawn and unrounded; None where nothing is known."""
        own = [without_nan(asdict(one)) | {"legend": one.legend} for one in self.runs]
        return (self.comparison.to_json() if self.comparison else {}) | {"published": own}


def beside_published(run_folders: Sequence[Path], published: str) -> BesidePublished:
    """Set runs beside a system of the paper: ``qwen2.5-omni-7b``, or ``qwen2.5-omni-7b:icl``.

    The prompt after the colon (default, cot or icl) says which line; without it the run's own prompt does.

    Raises:
        InputError: for a system or a prompt that the paper does not print, with the nearest names.
        RunError: for a folder without scores, a run that is unfinished, one that does not say which of the three
            prompts it asked; and as ``compare`` does, where there are several runs.
    """
    folders = [RunFolder(Path(folder)) for folder in run_folders]
    system, _, prompt = published.partition(":")
    if prompt and prompt not in PRINTED_IN:
        raise InputError(f"published {published!r}: prompt {prompt!r} came; wanted one of {', '.join(PRINTED_IN)}.")
    names = run_names([folder.path for folder in folders])
    runs = tuple(
        _beside(name, folder, system, prompt or _prompt(folder, system))
        for name, folder in zip(names, folders, strict=True)
    )
    return BesidePublished(comparison=compare(run_folders) if len(folders) > 1 else None, runs=runs)


def published_accuracy(row: PublishedRow, group: Group) -> Estimate:
    """A printed accuracy, or one recomputed from those of the tasks, in percent with its interval."""
    if group.macro:
        shares = [wilson(row.scores[task.id] / 100, QUESTION_COUNTS[task.id]) for task in group.tasks]
        return mean(shares).scaled(100)
    counts = CROSS_COUNTS if group.name == "cross" else {task.id: QUESTION_COUNTS[task.id] for task in group.tasks}
    percent = row.scores[group.name] if group.name in row.scores else micro(row.scores, counts)
    return wilson(percent / 100, sum(counts.values())).scaled(100)


def _beside(name: str, folder: RunFolder, system: str, prompt: str) -> RunBeside:
    if "benchmark" in folder.about():
        raise InputError(
            f"{folder.path}: its questions have no task, and Tables 5, 11 and 12 are of tasks. "
            "Table 10 has the paper's figures on other benchmarks: docs/benchmarks.md."
        )
    row = _line(system, prompt)
    own = _own_accuracies(folder)
    figures = {}
    for group in GROUPS:
        printed = published_accuracy(row, group)
        step = difference(printed, own[group.name])
        figures[group.name] = Beside(own=own[group.name], published=printed, difference=step)
    about = _about(folder)
    return RunBeside(
        run=name,
        data=str(about["configuration"].get("data")),
        rows=about["rows"],
        system=row.model,
        prompt=prompt,
        figures=figures,
    )


def _line(system: str, prompt: str) -> PublishedRow:
    """The line of a system, whatever its capitals. The average of the models is no system."""
    number = PRINTED_IN[prompt]
    rows = {row.model.casefold(): row for row in table(number).rows if row.model != AVERAGE}
    if system.casefold() in rows:
        return rows[system.casefold()]
    nearest = get_close_matches(system.casefold(), rows, n=3, cutoff=0.4) or list(rows)
    raise InputError(
        f"published {system!r} is no system of Table {number} (prompt {prompt}). "
        f"Nearest: {', '.join(rows[name].model for name in nearest)}."
    )


def _prompt(folder: RunFolder, system: str) -> str:
    """Which of the three prompts the run asked; a prompt file of the user's own is none of them, whatever its name."""
    asked = _about(folder)["configuration"]
    prompt = asked.get("prompt")
    altered = asked.get("prompts") is not None or (asked.get("shots") and prompt != "icl")
    if prompt in PRINTED_IN and not altered:
        return str(prompt)
    said = "it does not say its prompt" if prompt is None else f"its prompt {prompt!r} is not as the paper's"
    raise RunError(
        f"{folder.path}: {said}, so no table follows from it. Say which line to take: "
        f"{', '.join(f'--published {system}:{name}' for name in PRINTED_IN)}."
    )


def _about(folder: RunFolder) -> dict[str, Any]:
    about = folder.about()
    if isinstance(about.get("rows"), int) and isinstance(about.get("configuration"), dict):
        return about
    raise RunError(f"{folder.path}: its run.json lacks rows or configuration. Run again into another folder.")


def _own_accuracies(folder: RunFolder) -> dict[str, Estimate]:
    scores = folder.scores()
    try:
        missing = scores["states"]["missing"]
        ends = [(group.name, group.name, f"{group.name}_low", f"{group.name}_high") for group in GROUPS]
        found = {name: Estimate(*(float(scores[key]) for key in keys)) for name, *keys in ends}
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(
            f"{folder.path}: its scores.json is damaged ({error}). Make it again: crossomni rescore."
        ) from error
    if missing:
        raise RunError(f"{folder.path}: {missing} rows are missing. Finish the run first.")
    return found
