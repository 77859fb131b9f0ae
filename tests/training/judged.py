"""Rows, thoughts and judges for the tests of rewards."""

import asyncio
from dataclasses import replace
from functools import cache

from crossomni.corpus import Corpus
from crossomni.judging import Judged, LogicPoints
from crossomni.training.judges.protocol import Thought

GOOD = "The person in the red top wears round glasses, and the biography that tells of them is that of Ada."


@cache
def shipped_rows():
    """The rows of playhouse that have rationales."""
    return Corpus.open("playhouse").rows("train")


def row(**changes):
    """A vi-te row of playhouse, changed as told."""
    return replace(next(row for row in shipped_rows() if row.task.id == "vi-te"), **changes)


def thought(text=GOOD, **changes):
    """A thought about that row."""
    return Thought(row=row(**changes), thinking=text)


def columns(*rows, **changes):
    """The rows' columns as TRL hands them on."""
    every = [one.to_columns() for one in rows]
    return {name: [one[name] for one in every] for name in every[0]} | changes


def reply(letter="A", thinking=GOOD):
    """A reply of the trained form."""
    return f"<think>\n{thinking}\n</think>\n{letter}"


def scored(rubric, points):
    """A judgement with so many points."""
    if rubric == "context":
        return Judged(state="scored", points=points)
    return Judged(state="scored", points=LogicPoints(*(int(place < points) for place in range(3))))


class FakeJudge:
    """Gives what ``outcome(rubric, thought)`` says after some seconds, and keeps what it was asked."""

    name = "fake"

    def __init__(self, outcome=lambda rubric, thought: scored(rubric, 2), seconds=0.0):
        self.outcome, self.seconds = outcome, seconds
        self.asked = []
        self.cancelled = 0

    async def judge(self, rubric, thought):
        """Judge one thought."""
        self.asked.append((rubric, thought))
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        outcome = self.outcome(rubric, thought)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome
