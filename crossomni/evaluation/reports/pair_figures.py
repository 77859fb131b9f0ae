"""Figure 3: accuracies of single questions beside those of their conversions, with source or target fixed.

For the terminal's ``--out`` as a file, and for a report as the section of ``pairs.html.j2``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crossomni.errors import DataError, InputError
from crossomni.evaluation.reports.figures import CHANCE
from crossomni.evaluation.reports.pair_blocks import SIDES
from crossomni.evaluation.reports.pairs import Line, Pairs, Setting, pairs_of
from crossomni.pictures import COLOURS, INK, as_svg, new_figure, write_png
from crossomni.records import Prediction, Row
from crossomni.statistics import Estimate
from crossomni.tasks import Modality, Task

FORMATS = (".svg", ".png")
_SINGLE, _CONVERTED = COLOURS[0], COLOURS[1]
_TITLES = {"source": "(a) fixed source: the target changes", "target": "(b) fixed target: the source changes"}
_LEGEND = ("single task", "converted; points from the single task", "each run; the marks are the mean")
_BELOW = 0.3  # where a run's own dot stands, below that of the mean
_GAP = 0.6  # between two modalities, in lines
_DOTS_PER_INCH = 200
# A picture on its own has no page whose colour it could take: it follows the reader's paper.
_ON_ITS_OWN = "<style>svg{color:#1c1e21}@media (prefers-color-scheme:dark){svg{color:#e7e8ea}}</style>"


@dataclass(frozen=True)
class _Mark:
    """One task in one setting."""

    label: str
    accuracy: Estimate
    change: Estimate | None  # None for a single task
    place: float


@dataclass(frozen=True, kw_only=True)
class PageSection:
    """What ``pairs.html.j2`` shows: figures, or why there are none."""

    pairs: Pairs | None = None
    picture: str = ""
    problem: str = ""

    @property
    def lines(self) -> Iterator[tuple[str, tuple[Line, ...]]]:
        """By setting, ``"source"`` and ``"target"``, each line of the table with one cell a run."""
        assert self.pairs is not None
        for side in SIDES:
            settings = [getattr(run, side) for run in self.pairs.runs]
            if all(settings):
                yield from ((side, of_runs) for of_runs in zip(*(setting.lines for setting in settings), strict=True))


def page_section(rows: Sequence[Row], runs: Mapping[str, Mapping[str, Prediction]]) -> PageSection | None:
    """Section 3.3 for a report: predictions by row id, by the run's label; a missing row counts as wrong.

    None where no row has a pair_id.
    """
    if not any(row.pair_id for row in rows):
        return None
    letters = {
        label: [found[row.id].letter if row.id in found else None for row in rows] for label, found in runs.items()
    }
    try:
        pairs = pairs_of(rows, letters, "pair blocks")
    except DataError as error:
        return PageSection(problem=str(error))
    return PageSection(pairs=pairs, picture=pair_dots(pairs))


def write_picture(pairs: Pairs, out: Path) -> Path:
    """Write Figure 3 as SVG, which follows light or dark paper, or as PNG on white; return its path.

    Raises:
        InputError: for a file of another kind.
    """
    check_format(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".svg":
        start, inside, rest = pair_dots(pairs).partition(">")
        out.write_text(f"{start}{inside}{_ON_ITS_OWN}{rest}", encoding="utf-8")
    else:
        write_png(lambda: _panels(pairs), out, _DOTS_PER_INCH)
    return out


def check_format(out: Path) -> None:
    """Refuse a picture's name that says no format of ours.

    Raises:
        InputError: naming those that there are.
    """
    if out.suffix not in FORMATS:
        raise InputError(f"{out}: its name ends in {out.suffix!r}; wanted {' or '.join(FORMATS)}. Rename the picture.")


def _panels(pairs: Pairs) -> Any:
    """Two panels, (a) fixed source and (b) fixed target: for each modality its single task and its two conversions.

    Accuracies in percent with 95% intervals, of the mean where there are several runs, with a faint dot for each run.
    A line falls from each single task, and at the right stands how many points a conversion lies from it.
    """
    figure = new_figure(9.4, 4.3)
    figure.get_layout_engine().set(wspace=0.07)
    for number, (side, title) in enumerate(_TITLES.items(), start=1):
        axes = figure.add_subplot(1, len(_TITLES), number)
        axes.set_title(title, fontsize=11, loc="left", pad=20)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.set(xlim=(0, 100), xlabel="accuracy in percent, with 95% intervals", yticks=[])
        setting: Setting | None = getattr(pairs.shown, side)
        if setting is None:
            axes.text(50, 0.5, "no such blocks", ha="center")
            continue
        for run in pairs.runs if pairs.mean else ():
            own = [replace(mark, place=mark.place + _BELOW) for mark in _marks(getattr(run, side))]
            _draw(axes, own, fmt="o", color=INK, alpha=0.45, markersize=3.5, markeredgewidth=0, label=_LEGEND[-1])
        _panel(axes, list(_marks(setting)))
    # One entry of each kind, the single task's first.
    found = [axes.get_legend_handles_labels() for axes in figure.axes]
    entries = {label: handle for handles, labels in found for handle, label in zip(handles, labels, strict=True)}
    shown = [label for label in _LEGEND if label in entries]
    figure.legend([entries[label] for label in shown], shown, loc="outside lower center", ncols=3, frameon=False)
    return figure


pair_dots = as_svg(_panels)


def _marks(setting: Setting) -> Iterator[_Mark]:
    place = 0.0
    for modality, one in setting.fixed.items():
        yield _Mark(Task.parse(Modality(modality).short).label, one.single, None, place)
        for number, (name, converted) in enumerate(one.converted.items(), start=1):
            yield _Mark(Task.parse(name).label, converted.accuracy, converted.change, place + number)
        place += len(one.converted) + 1 + _GAP


def _panel(axes: Any, marks: Sequence[_Mark]) -> None:
    single = [mark for mark in marks if mark.change is None]
    places = [mark.place for mark in single]
    axes.axvline(CHANCE, color=INK, linewidth=1, linestyle=(0, (4, 3)), alpha=0.6)
    axes.annotate("chance", (CHANCE, 1), xycoords=("data", "axes fraction"), xytext=(4, 2), textcoords="offset points")
    axes.vlines([mark.accuracy.value for mark in single], places, [p + 2.4 for p in places], color=_SINGLE, linewidth=1)
    styles = ((single, "s", _SINGLE), ([mark for mark in marks if mark.change is not None], "o", _CONVERTED))
    for (found, shape, colour), label in zip(styles, _LEGEND, strict=False):
        _draw(axes, found, whiskers=True, fmt=shape, color=colour, markersize=6, elinewidth=1.8, label=label)
    beside = {"textcoords": "offset points", "ha": "right", "va": "center"}
    axes.annotate("points", (1, 1), xycoords="axes fraction", xytext=(36, 6), **beside)
    for mark in marks:
        if mark.change is not None and not math.isnan(mark.change.value):
            said = f"{mark.change.value:+.1f}".replace("-", "−")
            axes.annotate(said, (1, mark.place), xycoords=("axes fraction", "data"), xytext=(36, 0), **beside)
    axes.set(yticks=[mark.place for mark in marks], yticklabels=[mark.label for mark in marks])
    axes.invert_yaxis()
    axes.grid(axis="x", color=INK, alpha=0.12)


def _draw(axes: Any, marks: Sequence[_Mark], *, whiskers: bool = False, **style: Any) -> None:
    found = [mark.accuracy for mark in marks]
    # Rounding may put a bound a hair on the wrong side of its value.
    bounds = [[max(0.0, e.value - e.low) for e in found], [max(0.0, e.high - e.value) for e in found]]
    places = [mark.place for mark in marks]
    axes.errorbar([e.value for e in found], places, xerr=bounds if whiskers else None, clip_on=False, **style)
