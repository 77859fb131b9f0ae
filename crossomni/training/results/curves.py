"""The curves of a training: which there are, and how they are drawn.

Where more than ``_MANY`` steps were logged, each curve is its running mean, thick, over its own values, thin.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from crossomni.pictures import COLOURS, INK, as_svg, new_figure, write_png
from crossomni.training.results.history import Step

_MANY = 120  # points of a curve, from which on single ones are no longer told apart
_DOTTED = 30  # points up to which each is marked
_WINDOWS = 40  # a running mean takes in one such part of the steps
_FEW = 6  # panels that stand in two columns; more stand in three
_WIDTH, _HEIGHT = 4.6, 2.75  # of one panel, in inches
_DOTS_PER_INCH = 130
# The training wing's own names, and TRL's for reward functions of the user's.
REWARD = re.compile(r"(?P<key>rewards?/(?P<name>.+))/(?P<what>mean|std|unscored|length_correlation)")
CANARY = re.compile(r"canary/(?P<rubric>.+)/(?P<kind>.+)")
CONTROL = "own-rationale"  # the canary that deserves all points
# What TRL calls the one function that joins all; it logs the same as "reward".
TOTAL = ("combined", "combined_reward")
HELD_OUT = re.compile(r"eval_(?:(?P<name>\w+?)_)?loss")
_ORDER = ("format", "accuracy", "context", "logic")  # rewards of the paper, before others
_SHARE = (-0.04, 1.04)  # of an axis from 0 to 1


@dataclass(frozen=True)
class Curve:
    """One line of a panel; nan where a step logged nothing."""

    label: str
    steps: tuple[int, ...]
    values: tuple[float, ...]
    low: tuple[float, ...] = ()  # a band around it, where there is one
    high: tuple[float, ...] = ()
    sparse: bool = False  # measured now and then: marks, joined by a thin line


@dataclass(frozen=True)
class Panel:
    """One picture: curves of one kind over the steps."""

    title: str
    curves: tuple[Curve, ...]
    limits: tuple[float, float] | None = None
    note: str = ""  # in a few words, how to read it
    line: float | None = None  # a dashed line across, such as a limit
    power: bool = False  # small numbers, told in powers of ten


def panels(history: Sequence[Step], most_unscored: float | None = None) -> tuple[Panel, ...]:
    """Every panel for which something was logged, in the order in which they are looked at.

    Args:
        history: as ``read_history`` gives it.
        most_unscored: the share at which the training stops, for the line across; None where there is no such limit.
    """
    pick = partial(_curve, history)
    names = {name for step in history for name in step.values}
    graded = "reward" in names
    rewards = reward_keys(history)
    held_out = [
        pick(name, f"held out, {found['name']}".replace("_", " ") if found["name"] else "held out", sparse=True)
        for name in sorted(names)
        if (found := HELD_OUT.fullmatch(name))
    ]
    unscored = [
        *(pick(f"{key}/unscored", name) for name, key in rewards.items()),
        pick("unscored", "all together"),
        pick("failed_rows", "rows that failed"),
    ]
    lengths = [pick(f"{key}/length_correlation", name) for name, key in rewards.items()]
    loss = Panel("Loss", (pick("loss", "training"), *held_out), note="GRPO: near 0 by its make" if graded else "")
    every = [
        *([] if graded else [loss]),
        Panel("Reward, all together", (_banded(pick, "reward", "reward_std"), pick("eval_reward", "held out", True))),
        *(
            Panel(
                f"Reward: {name.replace('_', ' ')}",
                (_banded(pick, f"{key}/mean", f"{key}/std", (0.0, 1.0)), pick(f"eval_{key}/mean", "held out", True)),
                _SHARE,
            )
            for name, key in rewards.items()
        ),
        Panel("Unscored completions, share", tuple(unscored), _SHARE, line=most_unscored),
        Panel("KL from the reference", (pick("kl", "KL"),), note="nats a token"),
        Panel(
            "Length of completions",
            (
                _between(pick, "completions/mean_length", "completions/min_length", "completions/max_length"),
            ),
            note="tokens, with the range",
        ),
        Panel("Completions cut off, share", (pick("completions/clipped_ratio", "cut off"),), _SHARE),
        *_canaries(pick, names),
        Panel("Thought's length and its score", tuple(lengths), (-1.05, 1.05), note="correlation", line=0.0),
        *([loss] if graded else []),
        Panel("Tokens guessed right, share",
              (pick("mean_token_accuracy", "training"), pick("eval_mean_token_accuracy", "held out", True)), _SHARE),
        Panel("Entropy", (pick("entropy", "entropy"),), note="nats a token"),
        Panel("Gradient's norm", (pick("grad_norm", "norm"),)),
        Panel("Learning rate", (pick("learning_rate", "learning rate"),), power=True),
    ]  # fmt: skip
    return tuple(_with_curves(every))


def reward_keys(history: Sequence[Step]) -> dict[str, str]:
    """The rewards that were logged, by name, with what their figures' names begin with: the paper's first."""
    names = {name for step in history for name in step.values}
    found = {match["name"]: match["key"] for name in sorted(names, reverse=True) if (match := REWARD.fullmatch(name))}
    order = sorted(found, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))
    return {name: found[name] for name in order if name not in TOTAL}


def write_curves(shown: Sequence[Panel], out: Path) -> Path:
    """Write all panels as one PNG on white; return its path.

    Raises:
        RunError: when it cannot be written.
    """
    return write_png(lambda: curves_figure(shown), out, _DOTS_PER_INCH)


def curves_figure(shown: Sequence[Panel]) -> Any:
    """All panels as one matplotlib figure: two columns, three where there are many."""
    columns = 2 if len(shown) <= _FEW else 3
    rows = max(1, math.ceil(len(shown) / columns))
    figure = new_figure(_WIDTH * columns, _HEIGHT * rows)
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.12)
    for number, panel in enumerate(shown, start=1):
        _draw(figure.add_subplot(rows, columns, number), panel)
    if not shown:
        figure.text(0.5, 0.5, "nothing was logged", ha="center")
    return figure


@as_svg
def panel_svg(panel: Panel) -> Any:
    """One panel as SVG, for a page."""
    figure = new_figure(_WIDTH, _HEIGHT)
    _draw(figure.add_subplot(), panel)
    return figure


def _canaries(pick: Callable[..., Curve], names: set[str]) -> Iterator[Panel]:
    """A panel for each rubric, a curve for each kind of thought; the control last."""
    found = sorted((match["rubric"], match["kind"] == CONTROL, match["kind"], name)
                   for name in names if (match := CANARY.fullmatch(name)))  # fmt: skip
    for rubric in sorted({rubric for rubric, *_ in found}):
        curves = [pick(name, kind.replace("-", " "), sparse=True) for other, _, kind, name in found if other == rubric]
        yield Panel(f"Judge's canaries: {rubric}", tuple(curves), _SHARE, note="wanted: own 1, else 0")


def _with_curves(found: Sequence[Panel]) -> Iterator[Panel]:
    """Only curves with a value, only panels with a curve."""
    for panel in found:
        curves = tuple(curve for curve in panel.curves if any(math.isfinite(value) for value in curve.values))
        if curves:
            yield Panel(panel.title, curves, panel.limits, panel.note, panel.line, panel.power)


def _curve(history: Sequence[Step], name: str, label: str, sparse: bool = False) -> Curve:
    logged = [step for step in history if name in step.values]
    return Curve(label, tuple(step.step for step in logged), tuple(step.values[name] for step in logged), sparse=sparse)


def _banded(
    pick: Callable[..., Curve], mean: str, spread: str, inside: tuple[float, float] = (-math.inf, math.inf)
) -> Curve:
    """A mean with its standard deviation on both sides, as far as there can be values."""
    middle, beside = pick(mean, "mean, ± spread"), pick(spread, "")
    by_step = dict(zip(beside.steps, beside.values, strict=True))
    if not by_step:
        return Curve("mean", middle.steps, middle.values)
    pairs = [(value, by_step.get(step, math.nan)) for step, value in zip(middle.steps, middle.values, strict=True)]
    return Curve(
        middle.label,
        middle.steps,
        middle.values,
        tuple(float(np.maximum(value - sd, inside[0])) for value, sd in pairs),
        tuple(float(np.minimum(value + sd, inside[1])) for value, sd in pairs),
    )


def _between(pick: Callable[..., Curve], mean: str, lowest: str, highest: str) -> Curve:
    middle, low, high = (pick(name, "mean") for name in (mean, lowest, highest))
    if low.steps != middle.steps or high.steps != middle.steps:
        return middle
    return Curve(middle.label, middle.steps, middle.values, low.values, high.values)


def _draw(axes: Any, panel: Panel) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_title(panel.title, loc="left", fontsize=11, fontweight="bold")
    if panel.note:
        axes.set_title(panel.note, loc="right", fontsize=9, alpha=0.75)
    if panel.line is not None:
        axes.axhline(panel.line, color=INK, linewidth=1, linestyle=(0, (4, 3)), alpha=0.6)
    for number, curve in enumerate(panel.curves):
        _draw_curve(axes, curve, (*COLOURS, INK)[number % (len(COLOURS) + 1)], "osD^vXP"[number % 7])
    if panel.limits:
        axes.set_ylim(*panel.limits)
    if panel.power:
        axes.ticklabel_format(axis="y", style="sci", scilimits=(0, 0), useMathText=True)
    steps = [step for curve in panel.curves for step in curve.steps]
    room = max(0.5, 0.02 * (max(steps) - min(steps)))
    axes.set_xlim(min(steps) - room, max(steps) + room)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.set_xlabel("step", loc="left", fontsize=9.5)
    axes.tick_params(labelsize=9.5)
    axes.grid(color=INK, alpha=0.1)
    axes.spines[["top", "right"]].set_visible(False)
    if len(panel.curves) > 1:
        many = len(panel.curves) > 3
        axes.legend(frameon=False, fontsize=8.5 if many else 9, ncols=2 if many else 1, loc="best", columnspacing=1,
                    handlelength=1.6)  # fmt: skip


def _draw_curve(axes: Any, curve: Curve, colour: str, mark: str) -> None:
    values = np.array(curve.values)
    if curve.sparse:
        axes.plot(curve.steps, values, marker=mark, linewidth=1, markersize=4.5, color=colour,
                  label=curve.label, zorder=3)  # fmt: skip
        return
    many = len(values) > _MANY
    smooth = _running(values) if many else values
    if curve.low:
        low, high = (_running(np.array(side)) if many else np.array(side) for side in (curve.low, curve.high))
        axes.fill_between(curve.steps, low, high, color=colour, alpha=0.17, linewidth=0)
    if many:
        axes.plot(curve.steps, values, linewidth=0.6, alpha=0.35, color=colour)
    marked = "o" if len(values) <= _DOTTED else ""
    axes.plot(curve.steps, smooth, marker=marked, linewidth=1.7, markersize=3.5, color=colour,
              label=curve.label)  # fmt: skip


def _running(values: Any) -> Any:
    """The mean over the steps around each, fewer at both ends; of those that are numbers."""
    width = max(3, len(values) // _WINDOWS) | 1
    kernel, known = np.ones(width), np.isfinite(values)
    total = np.convolve(np.where(known, values, 0.0), kernel, mode="same")
    count = np.convolve(known.astype(float), kernel, mode="same")
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
