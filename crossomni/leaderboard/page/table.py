"""The board's table as HTML: all of it text, whatever names and notes hold."""

from __future__ import annotations

import math
from pathlib import Path
from urllib.parse import quote

from crossomni.leaderboard.board import Board, Standing
from crossomni.leaderboard.page.arranging import Section, Wish, arrange
from crossomni.leaderboard.page.columns import AVERAGES, CHANCE, COLUMNS, FIGURES, LABELS, estimate
from crossomni.pages import render
from crossomni.statistics import Estimate
from crossomni.tasks import CROSS_TASKS, SINGLE_TASKS

TEMPLATES = Path(__file__).parent / "templates"
_MOST_LETTERS = 60  # of a name in the table; its own page has all of it
SAYS = {
    "hidden": "Only the board has the answers.",
    "open": "The answers are public, so that a figure proves less.",
    "published": "As the paper prints them, from its own test split. They carry no receipts.",
}


def table_html(board: Board, wish: Wish) -> str:
    """What the board shows to somebody with this wish."""
    sections = arrange(board.standings, wish)
    return render(
        TEMPLATES / "table.html.j2",
        {"part": part, "title": title, "says": lambda section: SAYS[section.labels], "by": by, "address": address,
         "estimate": estimate, "interval": interval, "short": short},
        sections=sections,
        columns=tuple(COLUMNS.values()),
        figures=FIGURES,
        single=len(SINGLE_TASKS),
        cross=len(CROSS_TASKS),
        facts=len(COLUMNS) - len(FIGURES) - 2,
        wish=wish,
        direction="descending" if wish.downwards else "ascending",
        shown=sum(len(section.standings) for section in sections),
        all=len(board.standings),
        chance=f"{CHANCE:.0f}",
    )  # fmt: skip


def part(column: str) -> str:
    """Which part of the table a column belongs to; the first of a part is marked, for a line before it."""
    if column in AVERAGES:
        return "average"
    if column in FIGURES:
        return "task"
    return "fact"


def title(section: Section) -> str:
    """What a section holds."""
    count = len(section.standings)
    systems = f"{count} system{'s' * (count != 1)}"
    if section.labels == "published":
        return f"Published in the paper: {systems}"
    return f"{section.data}, {LABELS[section.labels]}: {systems}"


def by(standing: Standing) -> str:
    """Below a name: who submitted it, or where it is printed."""
    if standing.labels == "published":
        table = standing.key.split("/")[1] if standing.key.count("/") > 1 else ""
        return f"paper, Table {table}" if table.isdigit() else standing.submitter or "paper"
    return short(standing.submitter)


def address(key: str) -> str:
    """Where a system's own page is."""
    return f"/system/{quote(key)}"


def short(text: str) -> str:
    """A name that leaves room for others."""
    text = " ".join(text.split())
    return text if len(text) <= _MOST_LETTERS else f"{text[: _MOST_LETTERS - 1]}…"


def interval(found: Estimate) -> str:
    """In whole percent: the table compares at a glance, the system's page has a digit more."""
    if math.isnan(found.low) or math.isnan(found.high):
        return ""
    return f"{round(found.low)}{' to ' if found.low < 0 else '–'}{round(found.high)}"
