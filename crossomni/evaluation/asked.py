"""What scores need of the rows that were asked, in the order in which ``crossomni.scoring`` takes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from crossomni.records import Row
from crossomni.scoring import chance_of
from crossomni.tasks import Task


class Asked(NamedTuple):
    """Columns, a value a row."""

    references: list[str]
    tasks: list[Task] | None  # None where the rows, of another benchmark, have no task
    clips: list[str]
    option_counts: list[int]

    @property
    def chance(self) -> float:
        """What picking at random gets right, in percent."""
        return 100 * chance_of(self.option_counts)


def asked_of(rows: Sequence[Row]) -> Asked:
    """The columns of these rows; none of them has a task, or each has."""
    tasks = [row.task for row in rows if row.task is not None]
    return Asked(
        references=[row.answer for row in rows],
        tasks=tasks if tasks or not rows else None,
        clips=[row.clip_id for row in rows],
        option_counts=[len(row.options) for row in rows],
    )
