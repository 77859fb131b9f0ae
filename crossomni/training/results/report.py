"""What a training did, as one page and one picture that need nothing beside them, and as a table for the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crossomni.pages import render, write_page
from crossomni.statistics import Estimate
from crossomni.training.results.curves import HELD_OUT, REWARD, TOTAL, panel_svg, panels, reward_keys, write_curves
from crossomni.training.results.history import Step, read_history
from crossomni.training.results.record import CALLED, TrainingFolder
from crossomni.training.results.tenths import Tenths, tenths

if TYPE_CHECKING:
    from rich.table import Table

_TEMPLATE = Path(__file__).parent / "templates/training.html.j2"
# What is compared at both ends, and how it is called; each reward and its unscored share come after the first.
_COMPARED = (
    ("reward", "reward, all together"),
    ("kl", "KL from the reference"),
    ("completions/mean_length", "tokens of a completion"),
    ("completions/clipped_ratio", "completions cut off, share"),
    ("loss", "loss"),
    ("mean_token_accuracy", "tokens guessed right, share"),
    ("grad_norm", "gradient's norm"),
)
_FIRST = 1


@dataclass(frozen=True)
class Look:
    """What held-out rows gave at the first look and at the last one."""

    called: str
    first_step: int
    last_step: int
    first: float
    last: float

    @property
    def change(self) -> float:
        """In percent of the first."""
        return 100 * (self.last - self.first) / self.first if self.first else math.nan


def write_report(folder: Path) -> Path:
    """Make ``curves.png`` and ``report.html`` of a training's folder from what lies in it; return the page's path.

    A training that was stopped has them of the steps that it took.

    Raises:
        RunError: when the folder is no training's, or a file is damaged or cannot be written.
        MissingPackageError: when a package for it is not installed.
    """
    there = TrainingFolder(folder)
    training, history = there.training(), read_history(there.history_path)
    shown = panels(history, training.configuration.get("most_unscored"))
    write_curves(shown, there.curves_path)
    page = render(
        _TEMPLATE,
        {"told": told, "span": span},
        training=training,
        title=f"{CALLED[training.kind]} of {training.model_name}",
        history=history,
        steps=history[-1].step if history else 0,
        banners=list(banners(history)),
        compared=compared(history),
        looks=looks(history),
        held_out=there.held_out(),
        pictures=[(panel.title, panel_svg(panel)) for panel in shown],
        ended={name: value for name, value in history[-1].values.items() if name.startswith("train_")}
        if history
        else {},
    )
    write_page(there.report_path, page, "Make room; the weights are kept.")
    return there.report_path


def compared(history: Sequence[Step]) -> list[tuple[str, Tenths]]:
    """First tenth against last tenth, of everything that tells whether something was learnt, with its name."""
    rewards = [(name.replace("_", " "), key) for name, key in reward_keys(history).items()]
    names = [
        *_COMPARED[:_FIRST],
        *((f"{key}/mean", f"reward: {name}") for name, key in rewards),
        ("unscored", "unscored, share"),
        *((f"{key}/unscored", f"unscored: {name}, share") for name, key in rewards),
        *((f"{key}/length_correlation", f"{name}: length and score, correlation") for name, key in rewards),
        *_COMPARED[_FIRST:],
    ]
    found = [(called, name, tenths(history, name)) for name, called in names]
    # That nothing of one reward was unscored need not be told for each.
    return [
        (called, ends)
        for called, name, ends in found
        if ends is not None and (not name.endswith("/unscored") or any(step.values.get(name) for step in history))
    ]


def looks(history: Sequence[Step]) -> list[Look]:
    """First against last look at held-out rows: losses, token accuracy, rewards."""
    names = sorted({name for step in history for name in step.values if name.startswith("eval_")})
    found = []
    for name in names:
        called = _held_out_name(name)
        if not called:
            continue
        seen = [(step.step, step.values[name]) for step in history if name in step.values]
        (first_step, first), (last_step, last) = seen[0], seen[-1]
        found.append(Look(called, first_step, last_step, first, last))
    return found


def banners(history: Sequence[Step]) -> Iterator[str]:
    """What has to be told first: nothing was logged, numbers that are none, a judge's alarms."""
    if not history:
        yield "No step was logged."
    for name in ("loss", "grad_norm"):
        broken = [step.step for step in history if not math.isfinite(step.values.get(name, 0.0))]
        if broken:
            yield f"{name} was no finite number at {len(broken)} steps, first at step {broken[0]}."
    alarms = [(step.step, step.values["canary/alarms"]) for step in history if step.values.get("canary/alarms")]
    if alarms:
        yield (
            f"The judge misjudged {sum(count for _, count in alarms):.0f} thoughts of known worth, first at step "
            f"{alarms[0][0]}: see its canaries."
        )


def tenths_table(folder: Path) -> Table:
    """First tenth against last tenth, for the terminal; it fits into 80 columns.

    Raises:
        RunError: when the history is damaged.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, padding=(0, 0, 0, 1), caption="means with 95% intervals; steps as independent")
    for column in ("", "first tenth", "last tenth", "change"):
        table.add_column(column, justify="right" if column else "left")
    for called, found in compared(read_history(TrainingFolder(folder).history_path)):
        table.add_row(
            called, told(found.first.value), told(found.last.value), f"{told(found.change.value)} {span(found.change)}"
        )
    return table


def told(value: float) -> str:
    """Three digits; a dash where nothing is known.

    >>> told(-0.012345), told(float("nan")), told(1234.5)
    ('−0.0123', '–', '1234')
    """
    if math.isnan(value):
        return "–"
    said = f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"
    return said.replace("-", "−")


def span(found: Estimate) -> str:
    """Its interval; empty where there is none.

    >>> span(Estimate(0.5, 0.25, 0.75))
    '[0.25, 0.75]'
    """
    return "" if math.isnan(found.low) else f"[{told(found.low)}, {told(found.high)}]"


def _held_out_name(name: str) -> str:
    """How a figure on held-out rows is called; empty for those that the page does not show."""
    if loss := HELD_OUT.fullmatch(name):
        return "loss" + (f", {loss['name']}".replace("_", " ") if loss["name"] else "")
    plain = name.removeprefix("eval_")
    reward = REWARD.fullmatch(plain)
    if reward and reward["what"] == "mean" and reward["name"] not in TOTAL:
        return f"reward: {reward['name']}".replace("_", " ")
    return {"reward": "reward, all together", "mean_token_accuracy": "tokens guessed right, share"}.get(plain, "")
