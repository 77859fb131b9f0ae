"""A page for each system, and one for two of them; plain pages, which need neither Gradio nor a script."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossomni.grids import UNKNOWN, number
from crossomni.leaderboard.board import Board, Standing
from crossomni.leaderboard.page import pictures
from crossomni.leaderboard.page.arranging import Wish, arrange
from crossomni.leaderboard.page.columns import (
    FIGURES,
    LABELS,
    estimate,
    frames_in_words,
    sound_in_words,
)
from crossomni.leaderboard.page.table import TEMPLATES, address, by, short, title
from crossomni.pages import render
from crossomni.statistics import Estimate, difference
from crossomni.tasks import TASKS

RECEIPTS: Mapping[str, str] = {"all": "receipts complete", "some": "some receipts", "none": "no receipts"}
_FILTERS = {"short": short, "address": address}
# Where a line is drawn above: the single tasks, and the cross tasks.
_FIRST = (TASKS[0].id, next(task.id for task in TASKS if task.is_cross))
_MACRO = {"overall_macro": "Overall, macro", "single_macro": "Single, macro",
          "cross_macro": "Cross, macro"}  # fmt: skip
UNPAIRED = (
    "Differences in points with 95% intervals, from the two intervals and as if each system had met questions of its "
    "own (Newcombe 1998). Where both answered the same questions, what they share is not used, so that the intervals "
    "are wider than those of a paired comparison; that one needs both runs' rows: crossomni compare RUN RUN. "
    "Bold is what the interval tells from 0, figure by figure: of nine tasks one may be so by chance."
)


@dataclass(frozen=True)
class Figure:
    """A line of a system's figures."""

    label: str
    value: str
    interval: str
    bar: (
        tuple[float, float | None, float | None] | None
    )  # percent: the value, where its interval begins, how long it is
    first: bool


@dataclass(frozen=True)
class Beside:
    """A line of two systems' figures."""

    label: str
    a: str
    a_interval: str
    b: str
    b_interval: str
    difference: str
    interval: str
    verdict: str  # css classes: what the interval of the difference tells
    first: bool


def system_page(board: Board, system: Standing) -> str:
    """All that the board knows of one system."""
    same = [one for one in board.standings if (one.data, one.labels) == (system.data, system.labels)]
    return render(
        TEMPLATES / "system.html.j2",
        _FILTERS,
        system=system,
        labels=LABELS,
        receipts=RECEIPTS,
        figures=_figures(system),
        rank=system.place,
        among=len(same),
        told=system.told,
        radar=_markup(pictures.radar((system,))),
        facts=_facts(system),
        more=_more(system),
        configuration=system.configuration,
        others=_choices(one for one in board.standings if one.key != system.key),
        address=address(system.key),
    )


def compare_page(board: Board, a: Standing, b: Standing) -> str:
    """Two systems beside each other, with the difference of each figure."""
    facts = [(name, of_a, of_b) for (name, of_a), (_, of_b) in zip(_facts(a), _facts(b), strict=True)]
    facts += _other_settings(a, b)
    return render(
        TEMPLATES / "compare.html.j2",
        _FILTERS,
        a=a,
        b=b,
        systems=_choices(board.standings),
        cautions=tuple(cautions(a, b)),
        lines=[_beside(a, b, name) for name in FIGURES],
        told=UNPAIRED,
        radar=_markup(pictures.radar((a, b))),
        facts=facts,
    )


def _markup(svg: str) -> Any:
    """A picture of our own, which is markup and not text; the names in it were escaped when it was drawn."""
    from markupsafe import Markup

    return Markup(svg)


def _figures(system: Standing) -> list[Figure]:
    lines = []
    for name, label in {**FIGURES, **_MACRO}.items():
        found = estimate(system, name)
        if name in _MACRO and math.isnan(found.value):
            continue
        bar = None
        if name != "gap" and not math.isnan(found.value):
            known = not math.isnan(found.low)
            bar = (found.value, found.low if known else None, found.high - found.low if known else None)
        first = name in (*_FIRST, next(iter(_MACRO)))
        lines.append(Figure(label, number(found.value, "{:.2f}"), spelled(found), bar, first))
    return lines


def spelled(found: Estimate, form: str = "{:.1f}") -> str:
    """An interval, or nothing where none is known."""
    if math.isnan(found.low) or math.isnan(found.high):
        return ""
    return f"{form.format(found.low)} to {form.format(found.high)}"


def _beside(a: Standing, b: Standing, name: str) -> Beside:
    of_a, of_b = estimate(a, name), estimate(b, name)
    apart = difference(of_a, of_b)
    known = not math.isnan(apart.low)
    told = known and (apart.low > 0 or apart.high < 0)
    better = apart.value < 0 if name == "gap" else apart.value > 0
    return Beside(
        label=FIGURES[name],
        a=number(of_a.value, "{:.2f}"),
        a_interval=spelled(of_a),
        b=number(of_b.value, "{:.2f}"),
        b_interval=spelled(of_b),
        difference=number(apart.value, "{:+.2f}"),
        interval=spelled(apart, "{:+.1f}"),
        verdict=f"apart {'up' if better else 'down'}" if told else "",
        first=name in _FIRST,
    )


def cautions(a: Standing, b: Standing) -> Iterable[str]:
    """Why the two should not be compared as they stand."""
    if a.key == b.key:
        yield "This is one system twice. Choose another one."
    elif "published" in (a.labels, b.labels) and a.labels != b.labels:
        yield (
            "One of them is printed in the paper, on the paper's own questions; the other one was scored here, on "
            "others. A difference says as much of the questions as of the systems."
        )
    elif a.data != b.data:
        yield f"They answered different questions: {a.data} and {b.data}. A difference says as much of these."
    elif a.labels != b.labels:
        yield "One of them could have looked at the answers: its labels are open."
    if a.knock_out != b.knock_out:
        yield "They were not given the same senses: see what each went without."


def _facts(system: Standing) -> list[tuple[str, str]]:
    """What a reader should know of how the replies were made; every system has the same lines."""
    return [
        ("Model", system.model or UNKNOWN),
        ("Submitted by", by(system) if system.labels == "published" else system.submitter or UNKNOWN),
        ("Submitted at (UTC)", system.at or UNKNOWN),
        ("Data", system.data),
        ("Labels", LABELS[system.labels]),
        ("Prompt", system.prompt),
        ("Frames a clip", frames_in_words(system)),
        ("Sound", sound_in_words(system)),
        ("Receipts", RECEIPTS[system.receipts]),
        ("Went without", ", ".join(system.knock_out) or "nothing"),
    ]


def _more(system: Standing) -> list[tuple[str, str]]:
    """What the submitter said, as text, and how the submission is known."""
    said = [("Link", system.link), ("Notes", system.notes), ("Key", system.key)]
    counts = [("Questions", system.scores.get("n", math.nan), "{:,.0f}"),
              ("Replies that could not be read", system.scores.get("unread", math.nan), "{:.2f}%")]  # fmt: skip
    numbers = [(name, form.format(value)) for name, value, form in counts if not math.isnan(value)]
    return [(name, text) for name, text in (*said, *numbers) if text]


def _other_settings(a: Standing, b: Standing) -> Iterable[tuple[str, str, str]]:
    """Where two configurations part; nothing where one of them is not known."""
    if not a.configuration or not b.configuration:
        return
    for name in dict.fromkeys((*a.configuration, *b.configuration)):
        of_a, of_b = (one.configuration.get(name, UNKNOWN) for one in (a, b))
        if of_a != of_b:
            yield name, of_a, of_b


def _choices(standings: Iterable[Standing]) -> list[tuple[str, Sequence[tuple[str, str]]]]:
    """Systems to choose from, by section, the best first."""
    return [
        (title(section), [(one.key, _choice(one)) for one in section.standings])
        for section in arrange(standings, Wish())
    ]


def _choice(standing: Standing) -> str:
    who = by(standing)
    return f"{short(standing.name)} ({', '.join(part for part in (who, standing.prompt) if part)})"
