"""How often a judge is asked, how much it reads and writes, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from crossomni.chat.spending import Spent
from crossomni.judging import context_rubric, logic_rubric
from crossomni.records import Row
from crossomni.training.config import GRPOTraining
from crossomni.training.planning.lengths import Lengths
from crossomni.training.planning.schedule import Schedule

_CHARACTERS = 4.0  # of English to a token; a judge's tokenizer is not at hand
_WRITTEN = 6  # tokens of a judge's reply: its form is one line of figures
_ROWS = 50
JUDGED = ("context", "logic")


@dataclass(frozen=True, kw_only=True)
class Asking:
    """What is asked of a judge, at most: gates refuse some thoughts, and a cache answers what was asked before."""

    rubrics: tuple[str, ...]
    calls: int
    read: int  # tokens, of all calls
    written: int
    cost: float | None  # None where no price was given
    how: str


def asking(config: Any, plan: Schedule, lengths: Lengths, rows: Sequence[Row]) -> Asking:
    """What ``config`` asks of its judge; nothing in SFT, without judged rewards, and of the offline judge."""
    rubrics = tuple(name for name in JUDGED if isinstance(config, GRPOTraining) and name in config.rewarded)
    if not rubrics or config.judge == "offline":
        why = "the offline judge answers from the truth" if rubrics else "no reward asks a judge"
        return Asking(rubrics=rubrics, calls=0, read=0, written=0, cost=0.0, how=why)
    calls = plan.completions * len(rubrics)
    some = rows[:: max(1, len(rows) // _ROWS)]
    told = fmean(_characters(row, rubric) for row in some for rubric in rubrics) / _CHARACTERS
    thought = min(lengths.reply, config.most_new_tokens)
    read, written = round(calls * (told + thought)), calls * _WRITTEN
    how = f"{plan.seen:,} prompts × {plan.rollouts} rollouts × {len(rubrics)} rubrics"
    if plan.twice:
        how += f"; {plan.twice} prompts twice in an epoch"
    cost = Spent(prompt_tokens=read, completion_tokens=written).cost(config.price) if config.judge_price else None
    return Asking(rubrics=rubrics, calls=calls, read=read, written=written, cost=cost, how=how)


def _characters(row: Row, rubric: str) -> int:
    """Of the judge's message, without the thought."""
    assert row.task is not None
    made = context_rubric(row.rationale) if rubric == "context" else logic_rubric(row.task)
    return sum(len(str(message["content"])) for message in made.messages(""))
