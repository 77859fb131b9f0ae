"""Boards for tests of the page."""

import math
from typing import Any

from crossomni.leaderboard.board import Board, Standing
from crossomni.tasks import TASKS


def a_standing(number: int = 0, **changed: Any) -> Standing:
    """A system on hidden labels, a little better for a higher number."""
    scores: dict[str, float] = {"n": 2460.0, "unread": 0.5}
    for place, name in enumerate([*(task.id for task in TASKS), "overall", "single", "cross"]):
        value = 30.0 + number + place
        scores |= {name: value, f"{name}_low": value - 2, f"{name}_high": value + 2}
    scores |= {"gap": 1.0 - number, "gap_low": -2.0 - number, "gap_high": 4.0 - number}
    values: dict[str, Any] = {
        "key": f"{number:064x}",
        "name": f"system {number}",
        "submitter": "Ada",
        "link": "",
        "notes": "",
        "model": "org/model",
        "at": f"2026-11-{number % 28 + 1:02d}T12:00:00Z",
        "data": "play",
        "labels": "hidden",
        "prompt": "default",
        "frames": 32,
        "sound": True,
        "knock_out": (),
        "receipts": "all",
        "scores": scores,
        "rank": (1, 2),
    }
    return Standing(**(values | changed))


def published(number: int = 0, **changed: Any) -> Standing:
    """A line of the paper."""
    one = a_standing(number)
    values = {"key": f"published/5/model {number}", "name": f"model {number}", "submitter": "", "at": "",
              "data": "full", "labels": "published", "frames": None, "sound": None, "receipts": "none"}  # fmt: skip
    return a_standing(number, **({**values, "scores": dict(one.scores) | {"gap": math.nan}} | changed))


def a_board(*standings: Standing) -> Board:
    """A board with these systems."""
    return Board(standings=standings, refused=(), head="ab" * 32)
