"""The paper's systems on a board: Tables 5, 11, 12 and 7, as printed, marked "published".

They carry no receipts. Their intervals are Wilson's, from the counts of questions that the printed accuracies are
fractions of (docs/published.md); which questions share a clip is not known, so that they are on the narrow side.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cache

from crossomni.leaderboard.entries import Entry
from crossomni.published import AVERAGE, CROSS_COUNTS, QUESTION_COUNTS, PublishedRow, macro, micro, table
from crossomni.statistics import Estimate, difference, wilson
from crossomni.tasks import CROSS_TASKS, SINGLE_TASKS, TASKS

DATA = "full"
LINK = "https://arxiv.org/abs/2604.05522"
_SINGLE_COUNTS = {task.id: QUESTION_COUNTS[task.id] for task in SINGLE_TASKS}
_COUNTS = {
    **QUESTION_COUNTS,
    "single": sum(_SINGLE_COUNTS.values()),
    "cross": sum(CROSS_COUNTS.values()),
    "overall": sum(QUESTION_COUNTS.values()),
}
_PROMPTS = {"Default": "default", "CoT": "cot", "ICL": "icl"}
_NOTES = (
    "Table {number} of the paper, as printed: no replies, no receipts. Intervals are Wilson's, from the counts of "
    "questions, without regard to clips.{made}{trained}"
)


@cache
def published_entries() -> tuple[Entry, ...]:
    """Each system of Tables 5, 11, 12 and 7; what Table 7 prints again of the others is there once."""
    return tuple(_entries())


def _entries() -> Iterator[Entry]:
    seen: set[tuple[str, str]] = set()
    for number in (5, 11, 12, 7):
        for row in table(number).rows:
            if row.model != AVERAGE and (row.model, row.method) not in seen:
                seen.add((row.model, row.method))
                yield _entry(number, row)


def _entry(number: int, row: PublishedRow) -> Entry:
    averages = {"single": micro(row.scores, _SINGLE_COUNTS), "cross": micro(row.scores, CROSS_COUNTS)}
    made = "" if "single" in row.scores else " Single and Cross are averages of the printed tasks, by questions."
    trained = "" if row.method in _PROMPTS else f" After the paper's {row.method}."
    system = row.model if row.method in _PROMPTS else f"{row.model} {row.method}"
    return Entry(
        key=f"published/{number}/{system}",
        name=system,
        submitter="the paper",
        link=LINK,
        notes=_NOTES.format(number=number, made=made, trained=trained),
        model=row.model,
        at="",
        data=DATA,
        labels="published",
        prompt=_PROMPTS.get(row.method, "default"),
        frames=None,
        sound=None,
        knock_out=(),
        receipts="none",
        scores=_scores(averages | dict(row.scores)),
    )


def _scores(printed: Mapping[str, float]) -> dict[str, float]:
    estimates = {name: wilson(printed[name] / 100, count) for name, count in _COUNTS.items()}
    found: dict[str, float] = {}
    for name in (*(task.id for task in TASKS), "single", "cross", "overall"):
        found |= _flat(name, estimates[name].scaled(100))
    for name, tasks in (("single_macro", SINGLE_TASKS), ("cross_macro", CROSS_TASKS), ("overall_macro", TASKS)):
        found |= _flat(name, Estimate(macro(printed, tasks), math.nan, math.nan))
    gap = difference(estimates["cross"], estimates["single"]).scaled(100)
    relative = 100 * (printed["single"] - printed["cross"]) / printed["single"]
    return found | {"unread": math.nan, "n": _COUNTS["overall"]} | _flat("gap", gap) | {"gap_relative": relative}


def _flat(name: str, estimate: Estimate) -> dict[str, float]:
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
