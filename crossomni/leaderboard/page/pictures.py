"""Pictures of the board, as SVG: nine tasks of one or two systems, of many systems, and the board over time."""

from __future__ import annotations

import math
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, ParamSpec

from crossomni.leaderboard.board import Standing
from crossomni.leaderboard.page.columns import CHANCE, FIGURES, estimate
from crossomni.pictures import COLOURS, INK, as_svg, new_figure
from crossomni.tasks import SINGLE_TASKS, TASKS

MOST_SYSTEMS = 40  # of a heat map that can be read
_PALEST = 10  # percent
_MOST_LETTERS = 34
_DRAWING = threading.Lock()  # matplotlib's style belongs to the process, and readers come in threads
_P = ParamSpec("_P")


def _alone(draw: Callable[_P, str]) -> Callable[_P, str]:
    """Draw one picture at a time, and without a word about letters that our own font lacks: the browser has its own."""

    def drawn(*args: _P.args, **kwargs: _P.kwargs) -> str:
        with _DRAWING, warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r"(Matplotlib currently does not support|Glyph \d+)")
            return draw(*args, **kwargs)

    return drawn


def named(text: str) -> str:
    """A name as it stands in a picture: on one line, no longer than its place, and only what can be drawn."""
    said = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
    return said if len(said) <= _MOST_LETTERS else f"{said[: _MOST_LETTERS - 1]}…"


@_alone
@as_svg
def radar(systems: Sequence[Standing]) -> Any:
    """Accuracy in percent of the nine tasks, going round; a ring for chance."""
    high = 4.9 + 0.26 * len(systems)
    figure = new_figure(5.4, high)
    figure.set_layout_engine("none")  # places are fixed, and finding them takes twice as long as drawing
    axes = figure.add_axes((0.12, (0.26 * len(systems) + 0.5) / high, 0.76, 4.1 / high), projection="polar")
    angles = [2 * math.pi * place / len(TASKS) for place in range(len(TASKS))]
    round_again = [*angles, angles[0]]
    axes.plot(_circle(), [CHANCE] * len(_circle()), color=INK, linewidth=1, linestyle=(0, (4, 3)), alpha=0.6)
    for number, system in enumerate(systems):
        values = [estimate(system, task.id).value for task in TASKS]
        colour = COLOURS[number % len(COLOURS)]
        axes.plot(round_again, [*values, values[0]], color=colour, linewidth=2, marker="o", markersize=4)
        axes.fill(round_again, [*values, values[0]], color=colour, alpha=0.12)
    axes.set(ylim=(0, 100), yticks=(25, 50, 75), xticks=angles)
    axes.set_xticklabels([task.label for task in TASKS])
    axes.set_yticklabels(("25, chance", "50", "75"), fontsize=8, alpha=0.75)
    axes.set_theta_zero_location("N")
    axes.set_theta_direction(-1)
    axes.set_rlabel_position(20)
    axes.tick_params(axis="x", pad=6)
    axes.grid(color=INK, alpha=0.15)
    axes.spines["polar"].set_alpha(0.3)
    # Names are drawn as they are: a dollar in one would be read as a formula.
    for number, system in enumerate(systems):
        below = f"● {named(system.name)}"
        figure.text(0.02, 0.26 * (len(systems) - number - 0.7) / high, below, parse_math=False,
                    color=COLOURS[number % len(COLOURS)], fontsize=12)  # fmt: skip
    return figure


def _circle() -> list[float]:
    return [2 * math.pi * step / 90 for step in range(91)]


@_alone
@as_svg
def heat_map(systems: Sequence[Standing]) -> Any:
    """Accuracy in percent, a line a system and a column a task; at most ``MOST_SYSTEMS`` of them."""
    systems = systems[:MOST_SYSTEMS]
    names = [*(task.id for task in TASKS), "overall"]
    # A gap before the cross tasks and one before the average.
    places = [at + 0.35 * (at >= len(SINGLE_TASKS)) + 0.35 * (at >= len(TASKS)) for at in range(len(names))]
    figure = new_figure(9.6, 0.7 + 0.31 * len(systems))
    axes = figure.add_subplot()
    colours = _colours()
    for down, system in enumerate(systems):
        for place, name in zip(places, names, strict=True):
            value = estimate(system, name).value
            known = not math.isnan(value)
            fill = colours((value - _PALEST) / (100 - _PALEST)) if known else (0.5, 0.5, 0.5, 0.12)
            axes.fill_between([place - 0.49, place + 0.49], down - 0.47, down + 0.47, color=fill, linewidth=0)
            ink = INK if not known else "#111111" if value < 68 else "#ffffff"
            axes.text(place, down, f"{value:.1f}" if known else "–", ha="center", va="center", color=ink, fontsize=9)
    axes.set(
        xlim=(-0.55, places[-1] + 0.55), ylim=(len(systems) - 0.5, -0.5), xticks=places, yticks=range(len(systems))
    )
    axes.set_xticklabels([FIGURES[name] for name in names])
    axes.set_yticklabels(_apart(systems), parse_math=False, fontsize=9)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def _apart(systems: Sequence[Standing]) -> list[str]:
    """Names; those that several systems have get their prompt."""
    often = Counter(system.name for system in systems)
    return [named(one.name) + (f", {one.prompt}" if often[one.name] > 1 else "") for one in systems]


def _colours() -> Any:
    from matplotlib import colormaps

    return colormaps["YlGnBu"]  # for numbers to be read in it; told apart by colour-blind readers too


@_alone
@as_svg
def history(systems: Sequence[Standing]) -> Any:
    """Overall in percent by the day of submission, with intervals; a line for the best so far, within each data set."""
    figure = new_figure(9.6, 3.3)
    axes = figure.add_subplot()
    data = sorted({(system.data, system.labels) for system in systems})
    last = max(datetime.fromisoformat(system.at) for system in systems)
    for number, part in enumerate(data):
        inside = sorted((s for s in systems if (s.data, s.labels) == part), key=lambda system: system.at)
        times = [datetime.fromisoformat(system.at) for system in inside]
        found = [estimate(system, "overall") for system in inside]
        colour = COLOURS[number % len(COLOURS)]
        spread = [[_above_nought(e.value - e.low) for e in found], [_above_nought(e.high - e.value) for e in found]]
        label = f"{named(part[0])}, {part[1]} labels"
        axes.errorbar(times, [e.value for e in found], yerr=spread, fmt="o", markersize=4, elinewidth=1, alpha=0.75,
                      color=colour)  # fmt: skip
        best = _best_so_far([e.value for e in found])
        axes.step([*times, last], [*best, best[-1]], where="post", color=colour, linewidth=1.6)
        axes.text(1.01, 0.95 - 0.1 * number, label, transform=axes.transAxes, color=colour, parse_math=False,
                  va="top", fontsize=10)  # fmt: skip
    axes.axhline(CHANCE, color=INK, linewidth=1, linestyle=(0, (4, 3)), alpha=0.6)
    axes.set(ylim=(0, 100), ylabel="overall, percent")
    axes.grid(axis="y", color=INK, alpha=0.12)
    axes.spines[["top", "right"]].set_visible(False)
    _days(figure, axes)
    return figure


def _days(figure: Any, axes: Any) -> None:
    """Days below the picture, as few as have room."""
    from matplotlib import dates

    where = dates.AutoDateLocator(minticks=2, maxticks=7)
    axes.xaxis.set_major_locator(where)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(where))


def _above_nought(distance: float) -> float:
    """Rounding may put a bound a hair on the wrong side; where none is known there is no whisker."""
    return 0.0 if math.isnan(distance) else max(0.0, distance)


def _best_so_far(values: Sequence[float]) -> list[float]:
    best, so_far = -math.inf, []
    for value in values:
        best = best if math.isnan(value) else max(best, value)
        so_far.append(best if best > -math.inf else math.nan)
    return so_far
