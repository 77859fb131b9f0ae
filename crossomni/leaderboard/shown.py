"""A board for the terminal: a table for each set of data and kind of labels, and what was refused."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from crossomni.grids import UNKNOWN, Grid, number
from crossomni.grids import tables as drawn
from crossomni.leaderboard.board import Board, Refused, Standing
from crossomni.leaderboard.entries import Entry
from crossomni.tasks import TASKS

if TYPE_CHECKING:
    from rich.table import Table

_LEGEND = (
    "Accuracy in percent, the 95% interval of Overall below it; chance is 25. The board scored every reply itself.\n"
    "Place: the best and the worst that the intervals of Overall allow. Gap: Single - Cross, in points.\n"
    "Frames and sound as the receipts say; receipts: for how many rows it is known what reached the model."
)
_FILE = 35  # letters of a file's name: its time, and twelve of its hash
_KINDS = {
    "hidden": "labels that only the board has",
    "open": "open labels: anybody can look them up",
    "published": "as printed in the paper: no replies, no receipts, Wilson's intervals",
}


def tables(board: Board) -> tuple[Table, ...]:
    """For the terminal."""
    grids = [
        grid
        for _, group in groupby(board.standings, key=lambda one: (one.labels, one.data))
        for grid in _grids(tuple(group))
    ]
    if board.refused:
        grids.append(_refused(board.refused))
    head = f"\nHead of the chain: {board.head}" if board.head else ""
    return drawn(grids, _LEGEND + head)


def _grids(group: Sequence[Standing]) -> Iterator[Grid]:
    """Several narrow tables: a terminal of 80 columns shows each without breaking words."""
    first = group[0]
    title = f"{first.data}: {_KINDS[first.labels]}"
    yield Grid(title, ("system", "place", "Overall", "Single", "Cross", "gap"), tuple(map(_averages, group)))
    yield Grid("", ("system", *(task.label.replace("→", "→\n") for task in TASKS)), tuple(map(_tasks, group)))
    if first.labels == "published":
        return
    about = ("system", "prompt", "frames", "sound", "receipts", "without")
    yield Grid("", about, tuple(map(_about, group)), left=(0, 1, 4, 5))
    said = tuple((one.name, one.submitter or UNKNOWN, "\n".join(one.told)) for one in group)
    if any(who != UNKNOWN or told for _, who, told in said):
        yield Grid("", ("system", "submitter", "the board noticed"), said, left=(0, 1, 2))


def _averages(one: Standing) -> tuple[str, ...]:
    low, high = (one.scores.get(f"overall_{end}", math.nan) for end in ("low", "high"))
    interval = "" if math.isnan(low) or one.labels == "published" else f"\n{low:.0f}–{high:.0f}"
    averages = [number(one.scores.get(name, math.nan), "{:.1f}") for name in ("overall", "single", "cross")]
    gap = number(one.scores.get("gap", math.nan), "{:+.1f}")
    return _named(one), one.place, averages[0] + interval, *averages[1:], gap


def _tasks(one: Standing) -> tuple[str, ...]:
    return _named(one), *(number(one.scores.get(task.id, math.nan), "{:.0f}") for task in TASKS)


def _named(one: Entry) -> str:
    return f"{one.name} ({one.prompt})" if one.labels == "published" and one.prompt != "default" else one.name


def _about(one: Standing) -> tuple[str, ...]:
    sound = {True: "yes", False: "no", None: UNKNOWN}[one.sound]
    frames = UNKNOWN if one.frames is None else str(one.frames)
    return one.name, one.prompt, frames, sound, one.receipts, ", ".join(one.knock_out) or "nothing"


def _refused(refused: Sequence[Refused]) -> Grid:
    return Grid("Not shown", ("file", "why"), tuple((_short(one.file), one.reason) for one in refused), left=(0, 1))


def _short(file: str) -> str:
    """As much of a submission's file name as tells it from others."""
    return f"{file[:_FILE]}…" if len(file) > 2 * _FILE else file
