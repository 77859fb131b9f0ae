"""Section 3.3: what a single question loses when only its target, or only its source, is another modality.

A trio is three rows of one pair block: a single row and its two conversions, with the source fixed or with the target
fixed. Only whole trios are compared, so that a single task and its conversions are always scored on the same blocks.
A drop with the target changed may be the new target's difficulty, one with the source changed the new source's; what
both settings lose, although one side stays as it was, is lost in between.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from rich.table import Table
from rich.text import Text

from crossomni.errors import DataError, RunError
from crossomni.evaluation.compare import (
    _check_same_rows,
    _Grid,
    _letters,
    _markdown,
    _names,
    _number,
    _probability,
    _without_nan,
)
from crossomni.evaluation.folder import RunFolder
from crossomni.records import Row
from crossomni.scoring import PairedDifference, details, paired
from crossomni.statistics import Estimate
from crossomni.tasks import CROSS_TASKS, TASKS, Modality, Task

Side = Literal["source", "target"]
SIDES: tuple[Side, ...] = get_args(Side)
Letters = Sequence[str | None]
MEAN = "mean of the runs"
LEGEND = (
    "Accuracy in percent. points: the conversion minus the single rows of the same blocks, paired, with its 95% interval "
    "by drawing clips. p: two-sided, by swapping single and converted answers clip by clip. Holm: p adjusted for the "
    "setting's conversions; averages are not adjusted. Chance is 25%."
)

_HEAD = ("", "blocks", "accuracy", "95% interval", "points", "95% interval", "p", "Holm")
_CHANGED = {"source": "target", "target": "source"}
_RIGHT = "A"  # what a right answer is marked with; a wrong one is None


@dataclass(frozen=True)
class Trio:
    """Places, among the rows, of a single row and of its two conversions, in the order of ``conversions``."""

    single: int
    converted: tuple[int, ...]

    @property
    def places(self) -> tuple[int, ...]:
        """All three."""
        return (self.single, *self.converted)


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """Which rows of a dataset can be compared, and which are left out."""

    trios: Mapping[tuple[Side, Modality], tuple[Trio, ...]]  # by what is fixed: never all empty
    count: int  # of pair ids
    whole: int  # pair ids with one row of each of the nine tasks
    clips: int  # of the rows in trios
    without_pair_id: int  # rows left out
    without_partner: int  # rows left out: of a block, and in no whole trio

    @property
    def said(self) -> str:
        """One line: how many blocks there are, and what is left out."""
        left = f"left out: {self.without_pair_id} rows without pair_id, {self.without_partner} without a partner"
        return f"{self.count} pair blocks on {self.clips} clips, {self.whole} with all nine tasks; {left}"


@dataclass(frozen=True, kw_only=True)
class Converted:
    """A conversion beside the single rows of the same blocks."""

    accuracy: Estimate  # percent
    change: Estimate  # points: the conversion minus the single rows
    p: float  # two-sided, by swapping single and converted answers clip by clip
    p_holm: float  # over the conversions of the setting, six where all are there; nan for an average


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """One modality that stays while the other side changes. Accuracies in percent."""

    blocks: int
    single: Estimate
    converted: Mapping[str, Converted]  # by task id, two
    average: Converted  # of the two


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Fixed source or fixed target. Averages weigh questions alike."""

    fixed: Mapping[str, Fixed]  # by modality; those of which there are trios
    single: Estimate
    average: Converted  # of all conversions


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
        drawn = [_table(grid) for grid in self._grids()]
        drawn[-1].caption, drawn[-1].caption_justify = Text(self.legend), "left"
        return tuple(drawn)

    def to_markdown(self) -> str:
        """The same tables in Markdown."""
        return "\n".join([*(_markdown(grid) for grid in self._grids()), f"{self.legend}\n"])

    def to_json(self) -> dict[str, Any]:
        """All figures, undrawn and unrounded; None where nothing is known."""
        counts = {f.name: getattr(self.blocks, f.name) for f in fields(Blocks) if f.name != "trios"}
        runs = [_without_nan(asdict(run)) for run in self.runs]
        return {"blocks": counts, "runs": runs, "mean": _without_nan(asdict(self.mean)) if self.mean else None}

    def _grids(self) -> Iterator[_Grid]:
        for scores in (*([self.mean] if self.mean else []), *self.runs):
            for side, setting in (("source", scores.source), ("target", scores.target)):
                if setting:
                    title = f"{scores.name}: fixed {side}, the {_CHANGED[side]} changes"
                    yield _Grid(title, _HEAD, tuple(_lines(setting)))


def conversions(side: Side, modality: Modality) -> tuple[Task, ...]:
    """The two cross tasks whose ``side`` is ``modality``.

    >>> [task.label for task in conversions("target", Modality.AUDIO)]
    ['Vi→Au', 'Te→Au']
    """
    return tuple(task for task in CROSS_TASKS if (task.source if side == "source" else task.target) is modality)


def find_blocks(rows: Sequence[Row], where: str) -> Blocks:
    """Find the whole trios among ``rows``; ``where`` is the place that an error names.

    A trio is whole when its block has exactly one row of each of its three tasks.

    Raises:
        DataError: no row has a pair_id, a block is on several clips, or no trio is whole.
    """
    blocks: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        if row.pair_id:
            blocks.setdefault(row.pair_id, []).append(place)
    if not blocks:
        raise DataError(
            f"{where}: none of the {len(rows)} rows has a pair_id; wanted rows in pair blocks. "
            "Build a set that has them: crossomni build --pairs 150 --out FOLDER."
        )
    for name, block in blocks.items():
        if len(clips := sorted({rows[place].clip_id for place in block})) > 1:
            raise DataError(
                f"{where}: pair block {name!r} is on the clips {', '.join(clips)}; wanted one clip a block. "
                "Give rows about another clip a pair_id of their own."
            )
    trios = {
        (side, modality): tuple(
            trio for block in blocks.values() if (trio := _trio(rows, block, side, modality)) is not None
        )
        for side in SIDES
        for modality in Modality
    }
    used = {place for found in trios.values() for trio in found for place in trio.places}
    if not used:
        raise DataError(
            f"{where}: none of the {len(blocks)} pair blocks has a single row with both its conversions. "
            "Take more rows, or build a set: crossomni build --pairs 150 --out FOLDER."
        )
    in_blocks = sum(map(len, blocks.values()))
    return Blocks(
        trios=trios,
        count=len(blocks),
        whole=sum(Counter(rows[p].task for p in block) == Counter(TASKS) for block in blocks.values()),
        clips=len({rows[place].clip_id for place in used}),
        without_pair_id=len(rows) - in_blocks,
        without_partner=in_blocks - len(used),
    )


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
        _check_same_rows(folders[0], folder)
    _, rows = folders[0].open_data()
    for row in rows:
        if not row.answer:
            raise RunError(f"{folders[0].path}: row {row.id!r} has no answer to score with: its labels are held back.")
    names = _names([folder.path for folder in folders])
    letters = {name: _letters(folder, rows) for name, folder in zip(names, folders, strict=True)}
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


def _trio(rows: Sequence[Row], block: Sequence[int], side: Side, modality: Modality) -> Trio | None:
    tasks = (Task(modality, modality), *conversions(side, modality))
    places = [[place for place in block if rows[place].task == task] for task in tasks]
    if any(len(found) != 1 for found in places):
        return None
    single, *converted = (found[0] for found in places)
    return Trio(single, tuple(converted))


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
        """Conversions against their single rows, by the conversion's task id; all of them under ``cross``."""
        singles, converted = zip(*((trio.single, other) for trio in trios for other in trio.converted), strict=True)
        return paired(self._right(singles), self._right(converted), *self._about(converted))

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
            average=_converted(average, marked.changes(found)["cross"]),
        )
    return Setting(fixed=fixed, single=accuracy["single"], average=_converted(accuracy["cross"], changes["cross"]))


def _converted(accuracy: Estimate, change: PairedDifference) -> Converted:
    return Converted(accuracy=accuracy, change=change.difference, p=change.p, p_holm=change.p_holm)


# --- tables ---


def _lines(setting: Setting) -> Iterator[tuple[str, ...]]:
    for modality, one in setting.fixed.items():
        label, blocks = Task.parse(Modality(modality).short).label, str(one.blocks)
        yield (label, blocks, *_interval(one.single, ""), *[""] * 4)
        for name, converted in one.converted.items():
            yield (Task.parse(name).label, blocks, *_cells(converted))
        yield (f"{label}, both changed", blocks, *_cells(one.average))
    total = str(sum(one.blocks for one in setting.fixed.values()))
    yield ("All single", total, *_interval(setting.single, ""), *[""] * 4)
    yield ("All changed", total, *_cells(setting.average))


def _cells(one: Converted) -> tuple[str, ...]:
    return (*_interval(one.accuracy, ""), *_interval(one.change, "+"), _probability(one.p), _probability(one.p_holm))


def _interval(found: Estimate, sign: str) -> tuple[str, str]:
    known = not math.isnan(found.low)
    bounds = f"{found.low:{sign}.1f} to {found.high:{sign}.1f}" if known else _number(found.low, "")
    return _number(found.value, f"{{:{sign}.1f}}"), bounds


def _table(grid: _Grid) -> Table:
    table = Table(title=Text(grid.title), title_justify="left", box=None, padding=(0, 1))
    for place, name in enumerate(grid.head):
        table.add_column(Text(name), justify="right" if place else "left", overflow="fold")
    for row in grid.rows:
        table.add_row(*map(Text, row))
    return table
