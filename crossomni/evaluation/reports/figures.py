"""Pictures of scores as SVG text: accuracies with whiskers, and source by target."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from crossomni.pictures import COLOURS, INK, as_svg, new_figure
from crossomni.scoring import OPTIONS
from crossomni.statistics import Estimate
from crossomni.tasks import SINGLE_TASKS, TASKS, Modality, Task

CHANCE = 100 / OPTIONS
AVERAGES = ("single", "cross", "overall")

Scores = Mapping[str, Any]  # the metric's dict
Dots = Sequence[tuple[str, Sequence[Estimate]]]  # a run's name, and an estimate for each line


def estimate(scores: Scores, name: str) -> Estimate:
    """One of the metric's accuracies with its interval, in percent."""
    return Estimate(scores[name], scores[f"{name}_low"], scores[f"{name}_high"])


@as_svg
def dot_plot(runs: Sequence[tuple[str, Scores]]) -> Any:
    """Nine tasks and three averages down, percent across: a dot a run, its 95% interval, and the line of chance."""
    names = [*(task.id for task in TASKS), *AVERAGES]
    labels = [*(task.label for task in TASKS), *(name.title() for name in AVERAGES)]
    # A gap before the cross tasks and one before the averages.
    places = [place + 0.5 * (place >= len(SINGLE_TASKS)) + 0.5 * (place >= len(TASKS)) for place in range(len(names))]
    found = [(run, [estimate(scores, name) for name in names]) for run, scores in runs]
    return _draw_dots(found, labels, places, CHANCE)


@as_svg
def dots(runs: Dots, labels: Sequence[str], places: Sequence[float], chance: float) -> Any:
    """The same for lines of any names, each at its place."""
    return _draw_dots(runs, labels, places, chance)


def _draw_dots(runs: Dots, labels: Sequence[str], places: Sequence[float], chance: float) -> Any:
    figure = new_figure(9.4, 1.2 + len(labels) * (0.24 + 0.1 * len(runs)))
    axes = figure.add_subplot()
    axes.axvline(chance, color=INK, linewidth=1, linestyle=(0, (4, 3)), alpha=0.6)
    axes.annotate("chance", (chance, 1), xycoords=("data", "axes fraction"), xytext=(4, 2), textcoords="offset points")
    for number, (run, found) in enumerate(runs):
        shift = 0.7 * ((number + 0.5) / len(runs) - 0.5)
        # Rounding may put a bound a hair on the wrong side of 0 or 100.
        whiskers = [[max(0.0, e.value - e.low) for e in found], [max(0.0, e.high - e.value) for e in found]]
        axes.errorbar(
            [e.value for e in found],
            [place + shift for place in places],
            xerr=whiskers,
            fmt="o",
            markersize=5,
            elinewidth=1.6,
            clip_on=False,
            color=COLOURS[number % len(COLOURS)],
            label=run,
        )
    axes.set(xlim=(0, 100), xlabel="accuracy in percent, with 95% intervals", yticks=places, yticklabels=labels)
    axes.invert_yaxis()
    axes.grid(axis="x", color=INK, alpha=0.12)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    if len(runs) > 1:
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=4, frameon=False)
    return figure


@as_svg
def heat_map(run: str, scores: Scores) -> Any:
    """Accuracy in percent by the modality of the source (down) and of the target (across)."""
    figure = new_figure(3.05, 3.05)
    axes = figure.add_subplot()
    cells = [[estimate(scores, Task(source, target).id) for target in Modality] for source in Modality]
    axes.imshow([[cell.value for cell in row] for row in cells], cmap="cividis", vmin=0, vmax=100)
    for down, row in enumerate(cells):
        for across, cell in enumerate(row):
            said = "–" if math.isnan(cell.value) else f"{cell.value:.1f}\n{cell.low:.0f}–{cell.high:.0f}"
            ink = INK if math.isnan(cell.value) else "#111111" if cell.value > 55 else "#ffffff"
            axes.text(across, down, said, ha="center", va="center", color=ink)
    names = [modality.value for modality in Modality]
    axes.set(xticks=range(3), xticklabels=names, yticks=range(3), yticklabels=names, xlabel="target", ylabel="source")
    axes.set_title(run, fontsize=11)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure
