"""What every judge of thinking is: something that gives points by a rubric, or says why it gives none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from crossomni.judging import Judged, LogicPoints
from crossomni.records import Row

RubricName = Literal["context", "logic"]
RUBRICS: tuple[RubricName, ...] = get_args(RubricName)
MOST_POINTS = {"context": 5, "logic": 3}  # Table 18


@dataclass(frozen=True, kw_only=True)
class Thought:
    """What a model thought about a row: the text of its think block."""

    row: Row
    thinking: str


class Judge(Protocol):
    """Gives points to thoughts.

    ``context``: 0, 1, 2, 4 or 5, how much of the row's rationale the thought covers. ``logic``: three points of 0 or
    1, whether the steps of the row's task are taken (both Table 18).
    """

    @property
    def name(self) -> str:
        """How logs and cards call it."""

    async def judge(self, rubric: RubricName, thought: Thought) -> Judged[int] | Judged[LogicPoints]:
        """Judge one thought. A judge that fails raises nothing: that is a state of what it returns."""
