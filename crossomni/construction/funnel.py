"""What was dropped on the way from clips to rows, stage by stage: a table and a picture."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from crossomni.construction.drafts import Dropped
from crossomni.grids import Grid
from crossomni.pictures import COLOURS, new_figure

STAGES = ("source", "annotate", "check", "align", "write", "options", "verify", "rationale", "pairs")
_SHOWN = 24  # bars; rarer reasons are added up


@dataclass(frozen=True)
class Funnel:
    """How many items each stage dropped, and why."""

    dropped: tuple[Dropped, ...]
    rows: int  # that are left

    @property
    def counts(self) -> list[tuple[str, str, int]]:
        """(stage, reason, how many), in the order of the stages, the commonest reason first."""
        found = Counter((drop.stage, drop.reason) for drop in self.dropped)
        order = sorted(found.items(), key=lambda one: (_place(one[0][0]), -one[1], one[0][1]))
        return [(stage, reason, count) for (stage, reason), count in order]

    @property
    def grid(self) -> Grid:
        """A line for each stage and reason."""
        rows = [(stage, reason, f"{count:,}") for stage, reason, count in self.counts]
        return Grid("Dropped on the way", ("stage", "reason", "items"), (*rows, ("", "rows kept", f"{self.rows:,}")),
                    left=(0, 1))  # fmt: skip

    def figure(self) -> Any:
        """A bar for each reason, coloured by stage; the rows that are left at the bottom."""
        shown = self.counts
        if len(shown) > _SHOWN:
            rare = sorted(shown, key=lambda one: one[2])[: len(shown) - _SHOWN]
            shown = [one for one in shown if one not in rare]
            shown.append(("", f"{len(rare)} rarer reasons", sum(count for _, _, count in rare)))
        bars = [*shown, ("", "rows kept", self.rows)]
        figure = new_figure(8, 0.8 + 0.32 * len(bars))
        axes = figure.subplots()
        stages = [stage for stage in dict.fromkeys(stage for stage, _, _ in bars) if stage]
        colour = {stage: COLOURS[place % len(COLOURS)] for place, stage in enumerate(stages)} | {"": "#808080"}
        places = range(len(bars))
        axes.barh(places, [count for _, _, count in bars], color=[colour[stage] for stage, _, _ in bars])
        axes.set_yticks(places, [f"{stage}: {reason}" if stage else reason for stage, reason, _ in bars])
        for place, (_, _, count) in enumerate(bars):
            axes.annotate(f" {count:,}", (count, place), va="center")
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.set_xlabel("items")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.spines[["top", "right"]].set_visible(False)
        return figure


def _place(stage: str) -> int:
    return STAGES.index(stage) if stage in STAGES else len(STAGES)
