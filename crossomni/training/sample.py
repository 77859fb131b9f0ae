"""So many rows, as many of each modality as can be (B.2: 982 instances balanced across modalities).

A row counts for a modality as its source, and for one as its target; for a single task both are the same. The nine
tasks get quotas such that the three counts by source, and the three by target, are as even as the supply allows
(least sum of squares); among such quotas the tasks' own counts are the most even. Where every task has enough rows, all
nine counts differ by one at most, and so do the counts by source and by target. Where a task runs out, other tasks of
its modalities make up for it as far as they can, and the sample says so.

Within a task rows are taken from the clips that have given the fewest rows so far; what is left open is drawn by a hash
of seed and row id, so that the order in which rows come is of no matter.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from crossomni.errors import InputError
from crossomni.grids import Grid
from crossomni.records import Row
from crossomni.tasks import TASKS, Modality, Task

if TYPE_CHECKING:
    from rich.table import Table

Quotas = dict[Task, int]

# Any first part of this order has each source, and each target, as often as any other, within one.
_ORDER = tuple(
    Task(source, (*Modality,)[(place + step) % len(Modality)])
    for step in range(len(Modality))
    for place, source in enumerate(Modality)
)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The rows that were drawn, clip by clip, beside how many there were."""

    rows: tuple[Row, ...]
    supply: Mapping[Task, int]  # rows of each task that could be drawn

    @property
    def counts(self) -> dict[Task, int]:
        """Rows of each task."""
        found = Counter(row.task for row in self.rows)
        return {task: found[task] for task in TASKS}

    @property
    def notes(self) -> tuple[str, ...]:
        """Which tasks ran out, in one sentence; empty where the nine differ by one at most."""
        counts = self.counts
        if max(counts.values()) - min(counts.values()) <= 1:
            return ()
        short = [task for task, count in counts.items() if count == self.supply[task] < max(counts.values())]
        told = ", ".join(f"{task} ({self.supply[task]})" for task in short)
        return (f"Not all tasks have rows enough: all rows are taken of {told}; other tasks make up for them.",)

    def tables(self) -> tuple[Table, ...]:
        """Counts by task, and by modality, for the terminal."""
        *grids, last = self._grids()
        return (*(grid.table() for grid in grids), last.table(" ".join(self.notes)))

    def to_markdown(self) -> str:
        """The same in Markdown."""
        return "\n".join([*(grid.markdown() for grid in self._grids()), *self.notes])

    def to_json(self) -> dict[str, Any]:
        """All counts."""
        modalities = {str(modality): self._of(modality) for modality in Modality}
        return {
            "rows": len(self.rows),
            "clips": self._clips,
            "tasks": {task.id: count for task, count in self.counts.items()},
            "modalities": {
                name: dict(zip(("source", "target"), pair, strict=True)) for name, pair in modalities.items()
            },
            "notes": list(self.notes),
        }

    @property
    def _clips(self) -> int:
        return len({row.clip_id for row in self.rows})

    def _of(self, modality: Modality) -> tuple[int, int]:
        """How many rows have the modality as their source, and how many as their target."""
        counts = self.counts.items()
        return (
            sum(count for task, count in counts if task.source is modality),
            sum(count for task, count in counts if task.target is modality),
        )

    def _grids(self) -> tuple[Grid, Grid]:
        tasks = tuple((task.label, str(count), str(self.supply[task])) for task, count in self.counts.items())
        modalities = tuple((str(modality), *map(str, self._of(modality))) for modality in Modality)
        total = ("all", str(len(self.rows)), str(sum(self.supply.values())))
        return (
            Grid(f"{len(self.rows)} rows on {self._clips} clips", ("task", "drawn", "there"), (*tasks, total)),
            Grid("by modality", ("modality", "as source", "as target"), modalities),
        )


def balanced(rows: Iterable[Row], count: int, seed: int) -> tuple[Row, ...]:
    """``count`` of the rows, balanced as this module says, clip by clip.

    Raises:
        InputError: when there are not so many.
    """
    return draw(rows, count, seed).rows


def draw(rows: Iterable[Row], count: int, seed: int) -> Sample:
    """``balanced``, with the figures.

    Raises:
        InputError: when there are not so many rows, or none is asked for.
    """
    pools: dict[Task, list[Row]] = {task: [] for task in TASKS}
    for row in rows:
        assert row.task is not None
        pools[row.task].append(row)
    supply = {task: len(pool) for task, pool in pools.items()}
    if not 1 <= count <= sum(supply.values()):
        raise InputError(
            f"--rows is {count}; wanted 1 to {sum(supply.values())}, the rows that there are. Ask for fewer, or bring "
            "more data."
        )
    taken: Counter[str] = Counter()
    drawn = [row for task, quota in quotas(supply, count).items() for row in _spread(pools[task], quota, seed, taken)]
    return Sample(rows=tuple(sorted(drawn, key=lambda row: (row.clip_id, row.id))), supply=supply)


def quotas(supply: Mapping[Task, int], count: int) -> Quotas:
    """How many rows of each task, as this module says; ``count`` is at most the sum of the supply."""
    given: Quotas = dict.fromkeys(_ORDER, 0)
    for _ in range(count):
        open_tasks = [task for task in _ORDER if given[task] < supply[task]]
        task = min(open_tasks, key=lambda task: _unevenness(given, {task: 1}))
        given[task] += 1
    while (better := _improved(given, supply)) is not None:
        given = better
    return given


def _unevenness(given: Quotas, change: Mapping[Task, int]) -> tuple[int, int]:
    """Sums of squares: of the counts by source and by target, then of the tasks' own."""
    sources: Counter[Modality] = Counter()
    targets: Counter[Modality] = Counter()
    own = 0
    for task, count in given.items():
        now = count + change.get(task, 0)
        sources[task.source] += now
        targets[task.target] += now
        own += now * now
    return sum(value * value for value in (*sources.values(), *targets.values())), own


def _improved(given: Quotas, supply: Mapping[Task, int]) -> Quotas | None:
    """The quotas after the best exchange of one row, or of two at once; None when no exchange makes them more even.

    One row after the other is not always enough: a task that runs out late has already been counted on.
    """
    moves = [
        (source, target)
        for source, target in product(_ORDER, repeat=2)
        if source is not target and given[source] and given[target] < supply[target]
    ]
    now = _unevenness(given, {})
    for size in (1, 2):
        changes = [change for picked in product(moves, repeat=size) if _fits(change := _sum(picked), given, supply)]
        best = min(changes, key=lambda change: _unevenness(given, change), default=None)
        if best is not None and _unevenness(given, best) < now:
            return {task: count + best.get(task, 0) for task, count in given.items()}
    return None


def _sum(moves: Sequence[tuple[Task, Task]]) -> dict[Task, int]:
    change: Counter[Task] = Counter()
    for source, target in moves:
        change[source] -= 1
        change[target] += 1
    return dict(change)


def _fits(change: Mapping[Task, int], given: Quotas, supply: Mapping[Task, int]) -> bool:
    return all(0 <= given[task] + step <= supply[task] for task, step in change.items())


def _spread(pool: Sequence[Row], count: int, seed: int, taken: Counter[str]) -> list[Row]:
    """``count`` rows, each from the clip that has given the fewest so far; ``taken`` counts on."""
    heap = [(taken[row.clip_id], hashlib.sha256(f"{seed} {row.id}".encode()).digest(), row.id, row) for row in pool]
    heapq.heapify(heap)
    drawn: list[Row] = []
    while len(drawn) < count:
        rank, order, name, row = heapq.heappop(heap)
        if rank < taken[row.clip_id]:  # its clip has given rows since it was put in
            heapq.heappush(heap, (taken[row.clip_id], order, name, row))
            continue
        taken[row.clip_id] += 1
        drawn.append(row)
    return drawn
