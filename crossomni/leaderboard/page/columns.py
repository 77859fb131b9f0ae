"""The columns of the board's table: what each is called, sorts by, and says in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from crossomni.grids import UNKNOWN, number
from crossomni.leaderboard.board import Standing
from crossomni.scoring import OPTIONS
from crossomni.statistics import Estimate
from crossomni.tasks import TASKS

CHANCE = 100 / OPTIONS
Sortable = tuple[float | str, ...]

AVERAGES: Mapping[str, str] = {"overall": "Overall", "single": "Single", "cross": "Cross", "gap": "Gap"}
FIGURES: Mapping[str, str] = {**AVERAGES, **{task.id: task.label for task in TASKS}}
_TOLD = {
    "overall": "All questions, weighed alike; percent right",
    "single": "Questions within one modality; percent right",
    "cross": "Questions from one modality to another; percent right",
    "gap": "Single - Cross, in percentage points: what is lost on the way from one modality to another",
}
LABELS: Mapping[str, str] = {"hidden": "hidden labels", "open": "open labels", "published": "published"}


def estimate(standing: Standing, name: str) -> Estimate:
    """One figure with its interval, in percent (the gap: in points); nan where it is not known."""
    return Estimate(*(standing.scores.get(f"{name}{end}", math.nan) for end in ("", "_low", "_high")))


def sound_in_words(standing: Standing) -> str:
    """Whether the clips' sound was given."""
    return UNKNOWN if standing.sound is None else "yes" if standing.sound else "no"


def frames_in_words(standing: Standing) -> str:
    """Frames of a clip."""
    return UNKNOWN if standing.frames is None else str(standing.frames)


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of the table."""

    id: str
    head: str
    told: str  # on the head, for those who wait there with the mouse
    sortable: Callable[[Standing], Sortable | None]  # None: not known, and behind all others in both directions
    words: Callable[[Standing], str]
    downwards: bool = False  # what a first click wants: the highest first


def _figure(name: str) -> Column:
    def sortable(standing: Standing) -> Sortable | None:
        value = estimate(standing, name).value
        return None if math.isnan(value) else (value,)

    task = next((task for task in TASKS if task.id == name), None)
    told = _TOLD[name] if task is None else f"From {task.source} to {task.target}; percent right"
    if task is not None and not task.is_cross:
        told = f"Within {task.source}; percent right"
    return Column(
        id=name,
        head=FIGURES[name],
        told=f"{told}; below it the 95% interval",
        sortable=sortable,
        words=lambda standing: number(estimate(standing, name).value, "{:.1f}"),
        downwards=name != "gap",
    )


def _fact(value: int | bool | None) -> Sortable | None:
    return None if value is None else (value,)


_RECEIPTS = ("none", "some", "all")
COLUMNS: Mapping[str, Column] = {
    column.id: column
    for column in (
        Column(
            id="rank",
            head="Rank",
            told="The places that the interval of Overall allows, among systems on the same data and labels",
            sortable=lambda standing: standing.rank,
            words=lambda standing: standing.place,
        ),
        Column(
            id="name",
            head="System",
            told="Its name, and who submitted it",
            sortable=lambda standing: (standing.name.casefold(), standing.key),
            words=lambda standing: standing.name,
        ),
        *map(_figure, FIGURES),
        Column(
            id="prompt",
            head="Prompt",
            told="default, cot (chain of thought), icl (worked examples), own",
            sortable=lambda standing: (standing.prompt,),
            words=lambda standing: standing.prompt,
        ),
        Column(
            id="frames",
            head="Frames",
            told="Frames of each clip that were given",
            sortable=lambda standing: _fact(standing.frames),
            words=frames_in_words,
            downwards=True,
        ),
        Column(
            id="sound",
            head="Sound",
            told="Whether the clips' sound was given",
            sortable=lambda standing: _fact(standing.sound),
            words=sound_in_words,
            downwards=True,
        ),
        Column(
            id="receipts",
            head="Receipts",
            told="For which rows there is a receipt of what reached the model",
            sortable=lambda standing: (_RECEIPTS.index(standing.receipts),),
            words=lambda standing: standing.receipts,
            downwards=True,
        ),
        Column(
            id="knock_out",
            head="Without",
            told="What was taken from the model on purpose (knock-outs)",
            sortable=lambda standing: (", ".join(standing.knock_out),) if standing.knock_out else None,
            words=lambda standing: ", ".join(standing.knock_out),
        ),
        Column(
            id="at",
            head="Date",
            told="When it was submitted (UTC)",
            sortable=lambda standing: (standing.at,) if standing.at else None,
            words=lambda standing: standing.at[:10],
            downwards=True,
        ),
    )
}
