"""Section 3.3: what a single question loses when only its target, or only its source, is another modality.

A single task and its two conversions are always scored on the same pair blocks (``pair_blocks``). Where the source is
fixed a drop is not that of the source's difficulty, where the target is fixed not that of the target's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossomni.errors import RunError
from crossomni.evaluation.folder import RunFolder, run_names
from crossomni.evaluation.reports.pair_blocks import SIDES, Blocks, Side, Trio, conversions, find_blocks
from crossomni.grids import Grid, markdown, number, probability, tables, without_nan
from crossomni.pairing import PairedDifference, paired
from crossomni.records import Row
from crossomni.scoring import details
from crossomni.statistics import Estimate
from crossomni.tasks import Modality, Task

if TYPE_CHECKING:
    from rich.table import Table

Letters = Sequence[str | None]
MEAN = "mean of the runs"
LEGEND = (
    "Accuracy in percent; chance is 25. points: the conversion minus the single rows of the same blocks, paired, with "
    "the 95% interval by drawing clips. p: two-sided, by swapping single and converted answers clip by clip. Holm: p "
    "adjusted for the setting's nine differences, All changed aside."
)

_HEAD = ("", "blocks", "accuracy", "95% interval", "points", "95% interval", "p", "Holm")
_CHANGED = {"source": "target", "target": "source"}
_RIGHT = "A"  # what a right answer is marked with; a wrong one is None


@dataclass(frozen=True, kw_only=True)
class Converted:
    """A conversion beside the single rows of the same blocks."""

    accuracy: Estimate  # percent
    change: Estimate  # points: the conversion minus the single rows
    p: float  # two-sided, by swapping single and converted answers clip by clip
    p_holm: float  # over the setting's nine: six conversions, three averages of both; nan for the average of all


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """One modality that stays while the other side changes. Accuracies in percent."""

    blocks: int
    single: Estimate
    converted: Mapping[str, Converted]  # by task id, two
    average: Converted  # of the two


@dataclass(frozen=True)
class Line:
    """One line of a setting's table."""

    label: str
    blocks: int
    accuracy: Estimate
    converted: Converted | None  # None for single rows


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Fixed source or fixed target. Averages weigh questions alike."""

    fixed: Mapping[str, Fixed]  # by modality; those of which there are trios
    single: Estimate
    average: Converted  # of all conversions

    @property
    def lines(self) -> tuple[Line, ...]:
        """For each modality its single task, the conversions and their average; then the averages of all."""
        return tuple(self._lines())

    def _lines(self) -> Iterator[Line]:
        for modality, one in self.fixed.items():
            label = Task.parse(Modality(modality).short).label
            yield Line(label, one.blocks, one.single, None)
            for name, converted in one.converted.items():
                yield Line(Task.parse(name).label, one.blocks, converted.accuracy, converted)
            yield Line(f"{label}, both changed", one.blocks, one.average.accuracy, one.average)
        blocks = sum(one.blocks for one in self.fixed.values())
        yield Line("All single", blocks, self.single, None)
        yield Line("All changed", blocks, self.average.accuracy, self.average)


@dataclass(frozen=True, kw_only=True)
class PairScores:
    """One run, or the mean of several, in both settings; None for a setting of which there are no trios."""

    name: str
    source: Setting | None
    target: Setting | None


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Section 3.3 for one run or more on the same rows."""

    blocks: Blocks
    runs: tuple[PairScores, ...]
    mean: PairScores | None  # of the runs, drawn together clip by clip; None for one run

    @property
    def shown(self) -> PairScores:
        """What a picture is about: the mean where there are several runs."""
        return self.mean or self.runs[0]

    @property
    def legend(self) -> str:
        """What is compared, what is left out, and what the figures are."""
        return f"{self.blocks.said}. {LEGEND}"

    def tables(self) -> tuple[Table, ...]:
        """Tables for the terminal, 100 columns wide at most: fixed source and fixed target of the mean and each run."""
        return tables(self._grids(), self.legend)

    def to_markdown(self) -> str:
        """The same tables in Markdown."""
        return markdown(self._grids(), f"{self.legend}\n")

    def to_json(self) -> dict[str, Any]:
        """All figures, undrawn and unrounded; None where nothing is known."""
        counts = {f.name: getattr(self.blocks, f.name) for f in fields(Blocks) if f.name != "trios"}
        runs = [without_nan(asdict(run)) for run in self.runs]
        return {"blocks": counts, "runs": runs, "mean": without_nan(asdict(self.mean)) if self.mean else None}

    def _grids(self) -> Iterator[Grid]:
        for scores in (*([self.mean] if self.mean else []), *self.runs):
            for side, setting in (("source", scores.source), ("target", scores.target)):
                if setting:
                    title = f"{scores.name}: fixed {side}, the {_CHANGED[side]} changes"
                    yield Grid(title, _HEAD, tuple(map(_cells, setting.lines)))


def pairs(run_folders: Sequence[Path]) -> Pairs:
    """Section 3.3 from the folders of finished runs on the same rows. A failed row counts as wrong.

    Raises:
        RunError: no folder, a damaged or unfinished one, runs on different rows, labels that are held back.
        DataError: when the data cannot be opened, and as ``find_blocks`` does.
    """
    folders = [RunFolder(Path(folder)) for folder in run_folders]
    if not folders:
        raise RunError("pairs: no run was given; wanted at least one folder.")
    for folder in folders[1:]:
        folder.check_same_rows(folders[0])
    _, rows = folders[0].open_data()
    for row in rows:
        if not row.answer:
            raise RunError(f"{folders[0].path}: row {row.id!r} has no answer to score with: its labels are held back.")
    names = run_names([folder.path for folder in folders])
    letters = {name: folder.letters(rows) for name, folder in zip(names, folders, strict=True)}
    return pairs_of(rows, letters, str(folders[0].path))


def pairs_of(rows: Sequence[Row], runs: Mapping[str, Letters], where: str) -> Pairs:
    """Section 3.3 from what runs answered to ``rows``, by the run's name; None where nothing was read.

    Raises:
        DataError: as ``find_blocks`` does.
    """
    blocks = find_blocks(rows, where)
    scores = [_scores(name, blocks, rows, [letters]) for name, letters in runs.items()]
    mean = _scores(MEAN, blocks, rows, list(runs.values())) if len(runs) > 1 else None
    return Pairs(blocks=blocks, runs=tuple(scores), mean=mean)


# --- scores ---


@dataclass(frozen=True)
class _Marked:
    """Rows with what one run, or several one after the other, got right of them."""

    rows: Sequence[Row]
    runs: Sequence[Letters]

    def accuracies(self, places: Sequence[int]) -> Mapping[str, Estimate]:
        """By task id, ``single``, ``cross``, and the mean of the two cross tasks by ``source …`` and ``target …``."""
        found = details(self._right(places), *self._about(places))
        by_side = {"source": found.by_source, "target": found.by_target}
        sides = {f"{side} {name}": one for side, groups in by_side.items() for name, one in groups.items()}
        return {**found.accuracy, **sides}

    def changes(self, trios: Sequence[Trio]) -> Mapping[str, PairedDifference]:
        """Conversions minus their single rows, by the conversion's task id; both by the single's; all by ``cross``."""
        singles, converted = zip(*((trio.single, other) for trio in trios for other in trio.converted), strict=True)
        references, tasks, clips = self._about(converted)
        _, fixed, _ = self._about(singles)
        # Twice: under the conversion's own task, and under the single task, where both conversions are averaged.
        right = 2 * self._right(singles), 2 * self._right(converted)
        return paired(*right, 2 * references, [*tasks, *fixed], 2 * clips)

    def _right(self, places: Sequence[int]) -> list[str | None]:
        # Rows of a trio have answers of their own, so right and wrong are compared, not letters.
        return [
            _RIGHT if letters[place] == self.rows[place].answer else None for letters in self.runs for place in places
        ]

    def _about(self, places: Sequence[int]) -> tuple[list[str], list[str | Task], list[str]]:
        rows = [self.rows[place] for _ in self.runs for place in places]
        return [_RIGHT] * len(rows), [row.task or "" for row in rows], [row.clip_id for row in rows]


def _scores(name: str, blocks: Blocks, rows: Sequence[Row], runs: Sequence[Letters]) -> PairScores:
    marked = _Marked(rows, runs)
    source, target = (_setting(side, blocks, marked) for side in SIDES)
    return PairScores(name=name, source=source, target=target)


def _setting(side: Side, blocks: Blocks, marked: _Marked) -> Setting | None:
    trios = {modality: blocks.trios[side, modality] for modality in Modality if blocks.trios[side, modality]}
    if not trios:
        return None
    every = [trio for found in trios.values() for trio in found]
    accuracy = marked.accuracies([place for trio in every for place in trio.places])
    changes = marked.changes(every)
    fixed = {}
    for modality, found in trios.items():
        ids = [task.id for task in conversions(side, modality)]
        average = accuracy[f"{side} {modality}"]
        fixed[str(modality)] = Fixed(
            blocks=len(found),
            single=accuracy[modality.short],
            converted={name: _converted(accuracy[name], changes[name]) for name in ids},
            average=_converted(average, changes[modality.short]),
        )
    return Setting(fixed=fixed, single=accuracy["single"], average=_converted(accuracy["cross"], changes["cross"]))


def _converted(accuracy: Estimate, change: PairedDifference) -> Converted:
    return Converted(accuracy=accuracy, change=change.difference, p=change.p, p_holm=change.p_holm)


# --- tables ---


def _cells(line: Line) -> tuple[str, ...]:
    accuracy = (line.label, str(line.blocks), *_interval(line.accuracy, ""))
    if line.converted is None:
        return (*accuracy, *[""] * 4)
    tests = (probability(p) for p in (line.converted.p, line.converted.p_holm))
    return (*accuracy, *_interval(line.converted.change, "+"), *tests)


def _interval(found: Estimate, sign: str) -> tuple[str, str]:
    known = not math.isnan(found.low)
    bounds = f"{found.low:{sign}.1f} to {found.high:{sign}.1f}" if known else number(found.low, "")
    return number(found.value, f"{{:{sign}.1f}}"), bounds
