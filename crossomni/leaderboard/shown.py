"""A board for the terminal: a table for each set of data and kind of labels, and what was refused."""

from __future__ import annotations

import math
from collections.abc import Sequence
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


def _grids(group: Sequence[Standing]) -> tuple[Grid, ...]:
    first = group[0]
    title = f"{first.data}: {_KINDS[first.labels]}"
    names = (
        "system",
        "place",
        "Overall",
        "Single",
        "Cross",
        "gap",
        *(task.label.replace("→", "→\n") for task in TASKS),
    )
    scores = Grid(title, names, tuple(_scores(one) for one in group))
    if first.labels == "published":
        return (scores,)
    about = ("system", "prompt", "frames", "sound", "receipts", "knock-outs", "submitter", "told")
    return scores, Grid("", about, tuple(_about(one) for one in group), left=(0, 1, 4, 5, 6, 7))


def _scores(one: Standing) -> tuple[str, ...]:
    low, high = (one.scores.get(f"overall_{end}", math.nan) for end in ("low", "high"))
    interval = "" if math.isnan(low) or one.labels == "published" else f"\n{low:.0f}–{high:.0f}"
    averages = [number(one.scores.get(name, math.nan), "{:.1f}") for name in ("overall", "single", "cross")]
    gap = number(one.scores.get("gap", math.nan), "{:+.1f}")
    tasks = (number(one.scores.get(task.id, math.nan), "{:.0f}") for task in TASKS)
    return _named(one), one.place, averages[0] + interval, *averages[1:], gap, *tasks


def _named(one: Entry) -> str:
    return f"{one.name} ({one.prompt})" if one.labels == "published" and one.prompt != "default" else one.name


def _about(one: Standing) -> tuple[str, ...]:
    sound = {True: "yes", False: "no", None: UNKNOWN}[one.sound]
    frames = UNKNOWN if one.frames is None else str(one.frames)
    knock_outs, who, told = ", ".join(one.knock_out) or "none", one.submitter or UNKNOWN, "; ".join(one.told)
    return one.name, one.prompt, frames, sound, one.receipts, knock_outs, who, told


def _refused(refused: Sequence[Refused]) -> Grid:
    return Grid("Not shown", ("file", "why"), tuple((one.file, one.reason) for one in refused), left=(0, 1))
