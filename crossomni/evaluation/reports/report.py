"""What runs scored, for the terminal and as one page that needs nothing beside it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from crossomni.corpus import Corpus
from crossomni.errors import RunError
from crossomni.evaluation.asked import asked_of
from crossomni.evaluation.folder import RunFolder
from crossomni.evaluation.reasoning.localise import where_it_failed
from crossomni.evaluation.reasoning.where import Where
from crossomni.evaluation.reports.figures import AVERAGES, CHANCE, dot_plot, estimate, heat_map
from crossomni.evaluation.reports.groups import Breakdown, fill_by_group
from crossomni.evaluation.reports.pair_figures import page_section
from crossomni.evaluation.reports.robustness import Beside
from crossomni.evaluation.reports.samples import Sample, choose, sample
from crossomni.grids import Grid, number
from crossomni.optional import need
from crossomni.pages import render, write_page
from crossomni.records import STATES, Prediction, Row
from crossomni.scoring import GROUPS, Details, details
from crossomni.statistics import Estimate
from crossomni.tasks import SINGLE_TASKS, TASKS

if TYPE_CHECKING:
    from rich.table import Table

_TEMPLATE = Path(__file__).parent / "templates/report.html.j2"
_RECEIPT = ("frames", "audio_seconds", "video_tokens", "audio_tokens", "prompt_tokens")
_FAILURES = 10  # that the page lists by name
_COLUMNS, _TASK, _CELL = 80, 9, 13  # of the terminal, of the column of tasks, of an accuracy with its interval
_QUANTISED = re.compile(r"\.(?:I?Q\d\w*|B?F16|F32)$")  # the end of a GGUF file's name: SmolLM2-135M-Instruct.Q4_1
# What a knock-out means for the model, in the order in which it is told.
_RECEIVED = {
    "sight": "saw nothing",
    "sight-swapped": "saw another clip",
    "sound": "heard nothing",
    "sound-muted": "heard silence",
    "sound-swapped": "heard another clip",
    "sound-shifted": "heard the sound half a clip late",
    "biography": "read no biography",
    "biography-shuffled": "read another clip's biographies",
    "names": "read numbers in the place of names",
}


def check_report() -> None:
    """Find out now, and not after hours of running, that a report can be made.

    Raises:
        MissingPackageError: when a package for it is not installed.
    """
    for package in ("jinja2", "matplotlib"):
        need(package, "the report")


@dataclass(frozen=True)
class Shown:
    """A run as the page shows it."""

    label: str
    folder: RunFolder
    about: Mapping[str, Any]
    scores: Mapping[str, Any]
    rows: Sequence[Row]
    predictions: Mapping[str, Prediction]

    @cached_property
    def details(self) -> Details:
        """Gap, chance-corrected accuracies, averages by source and by target."""
        found = [self.predictions.get(row.id) for row in self.rows]
        return details([prediction.letter if prediction else None for prediction in found], *asked_of(self.rows))

    @property
    def received(self) -> str:
        """In one sentence, what the model was given."""
        if self.about["senses"] is None:
            return "Replies made elsewhere: nothing is known of what reached the model."
        out = self.about["knock_out"]
        if self.scores["receipts"] != "all" and not {"sight", "sound"} <= set(out):
            known = "nothing" if self.scores["receipts"] == "none" else "not of every question"
            return f"Was given {self._given}; {known} is known of what reached the model (not reported)."
        if not out:
            return "Saw, heard and read."
        kind = "Text only" if {"sight", "sound"} <= set(out) else "Knock-out"
        return f"{kind}: {', '.join(words for name, words in _RECEIVED.items() if name in out)}."

    @cached_property
    def where(self) -> Where | None:
        """At which step the reasoning of its replies failed, where that was looked for."""
        return where_it_failed(self.folder, self.rows, self.predictions)

    @cached_property
    def beside(self) -> Beside:
        """What the runs inside the run's folder say about it."""
        return Beside(self.folder, self.rows)

    @property
    def _given(self) -> str:
        """What was sent to it."""
        parts = {"sight": "pictures", "sound": "sound", "biography": "biographies"}
        return ", ".join(words for name, words in parts.items() if name not in self.about["knock_out"])

    @property
    def receipt_means(self) -> dict[str, float]:
        """Mean of each count over the rows whose receipt tells it; nan where none does."""
        receipts = [p.receipt for p in self.predictions.values() if p.receipt is not None]
        told = {name: [x for r in receipts if (x := getattr(r, name)) is not None] for name in _RECEIPT}
        return {name: fmean(values) if values else math.nan for name, values in told.items()}

    @property
    def failures(self) -> list[Prediction]:
        """The first rows that failed."""
        return [p for p in self.predictions.values() if p.state == "failed"][:_FAILURES]


def summary_table(runs: Sequence[Path]) -> Table:
    """The nine tasks, Single, Cross and Overall down, a column a run: percent with its 95% interval.

    Five runs fit into 80 columns. Of another benchmark its own groupings are down.

    Raises:
        RunError: when a folder holds no scored run.
    """
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, padding=(0, 0, 0, 1), caption=f"accuracy in percent (95%); chance is {CHANCE:.0f}")
    table.add_column("task", no_wrap=True)
    scores = [RunFolder(run).whole_scores() for run in runs]
    for label, found in zip(_labels(runs), scores, strict=True):
        title = label if found["complete"] else f"{label} (not complete)"
        head = "\n".join(wrap(title, max(_CELL, (_COLUMNS - _TASK) // len(runs) - 1)))
        table.add_column(escape(head), justify="right", overflow="fold")
    if all("groups" in found for found in scores):
        return fill_by_group(table, scores, _cell)
    names = [*(task.id for task in TASKS), *AVERAGES]
    for name in names:
        table.add_row(
            _title(name),
            *(_cell(estimate(found, name)) for found in scores),
            end_section=name in (SINGLE_TASKS[-1].id, TASKS[-1].id),
        )
    return table


def _cell(found: Estimate) -> str:
    return f"{percent(found.value)} [dim]{_span(found):>6}[/dim]"


def beside_tables(run: Path) -> tuple[Table, ...]:
    """What the runs inside a run's folder say about it, in short: knock-outs, rotations, repeats; those that are there.

    Each fits into 80 columns.

    Raises:
        RunError: when a folder is damaged, or the run's data have changed.
    """
    folder = RunFolder(run)
    if not Beside(folder, ()).runs:
        return ()
    return tuple(grid.table() for grid in _grids(Beside(folder, folder.open_data()[1])))


def _grids(beside: Beside) -> Iterator[Grid]:
    if beside.knock_outs:
        found = beside.knock_outs.items()
        steps = tuple((name, *(_step(one[group].difference) for group in beside.shown)) for name, one in found)
        yield Grid("Knock-outs, points against the plain run (95%)", ("", *map(_title, beside.shown)), steps)
    if turned := beside.rotations:
        cells = (_with_span(turned.mean), percent(turned.worst), _with_span(turned.all_right), percent(turned.bias))
        title = "The four rotations of the options, % (95%)"
        yield Grid(title, ("", "mean", "worst", "right in all", "bias, points"), (("Overall", *cells),))
    if again := beside.repeats:
        told = (again.mean, again.between_repeats, again.between_clips)
        rows = tuple((_title(name), *(percent(each[name]) for each in told)) for name in beside.shown)
        yield Grid(f"{again.count} repeats, %", ("", "mean", "deviation between repeats", "error between clips"), rows)


def _step(found: Estimate) -> str:
    return f"{'+' if found.value > 0 else ''}{_with_span(found)}"


def _with_span(found: Estimate) -> str:
    span = _span(found)
    return f"{percent(found.value)} ({span})" if span else percent(found.value)


def percent(value: float) -> str:
    """One decimal; a dash where nothing is known.

    >>> percent(52.345), percent(float("nan"))
    ('52.3', '–')
    """
    return number(value, "{:.1f}").replace("-", "−")


def _span(found: Estimate) -> str:
    if math.isnan(found.low):
        return ""
    low, high = (f"{bound:.0f}".replace("-", "−") for bound in (found.low, found.high))
    return f"{low} to {high}" if found.low < 0 else f"{low}–{high}"


def write_report(runs: Sequence[Path], out: Path) -> Path:
    """Write one self-contained page on one run, or on several of the same data; return its path.

    Raises:
        RunError: when a folder holds no scored run, the runs are on different rows, or the page cannot be written.
        MissingPackageError: when a package for it is not installed.
    """
    if out.is_dir():
        raise RunError(f"{out}: is a folder; wanted a file to write. Give --out {out / 'report.html'}, say.")
    shown, corpus = _load(runs)
    kinds = {row_id: next(iter(values.values())) for row_id, values in corpus.groups.items() if values}
    samples = [
        sample(row, corpus.media(row), kinds.get(row.id, ""))
        for row in choose(shown[0].rows, shown[0].predictions, kinds)
    ]
    write_page(out, _render(shown, samples), "Make room, or choose another file; the runs are kept.")
    return out


def _load(runs: Sequence[Path]) -> tuple[list[Shown], Corpus]:
    if not runs:
        raise RunError("report: no run was given; wanted at least one folder.")
    corpus, rows = RunFolder(runs[0]).open_data()
    shown = []
    first = RunFolder(runs[0]).whole_about()
    for label, folder in zip(_labels(runs), map(RunFolder, runs), strict=True):
        about = folder.whole_about()
        same = [(a["fingerprints"]["data"], a["configuration"]["split"], a["rows"]) for a in (first, about)]
        if same[0] != same[1]:
            raise RunError(f"{folder.path}: is not on the same rows as {runs[0]}. Report it by itself.")
        shown.append(Shown(label, folder, about, folder.whole_scores(), rows, folder.predictions(rows)))
    return shown, corpus


def _labels(runs: Sequence[Path]) -> list[str]:
    """The models' names, without how weights are packed; where two runs share one, their folders' names beside them."""
    names = [_QUANTISED.sub("", RunFolder(run).whole_about()["model"]) for run in runs]
    return [name if names.count(name) == 1 else f"{name} ({run.name})" for name, run in zip(names, runs, strict=True)]


def _render(shown: Sequence[Shown], samples: Sequence[Sample]) -> str:
    named = [(run.label, run.scores) for run in shown]
    breakdown = Breakdown.of(named)
    return render(
        _TEMPLATE,
        {"percent": percent, "span": _span},
        runs=shown,
        title=shown[0].label if len(shown) == 1 else f"{len(shown)} runs side by side",
        received={said: [run.label for run in shown if run.received == said] for said in (r.received for r in shown)},
        rows=shown[0].rows,
        groups=[(group.name, _title(group.name)) for group in GROUPS],
        counts={task.id: shown[0].details.counts[task.id] for task in TASKS},
        dots=dot_plot(named) if breakdown is None else breakdown.dots(),
        maps=[] if breakdown is not None else [heat_map(label, scores) for label, scores in named],
        breakdown=breakdown,
        benchmark=shown[0].about.get("benchmark"),
        samples=samples,
        pairs=page_section(shown[0].rows, {run.label: run.predictions for run in shown}),
        states=(*STATES, "missing"),
        estimate=estimate,
        averages=AVERAGES,
        chance=CHANCE,
        zip=zip,
    )


def _title(name: str) -> str:
    labels = {task.id: task.label for task in TASKS}
    return labels.get(name) or name.replace("_macro", ", tasks alike").capitalize()
