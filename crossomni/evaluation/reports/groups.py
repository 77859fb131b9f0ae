"""Another benchmark's groupings, as a report and the terminal show them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crossomni.breakdown import Share
from crossomni.evaluation.reports.figures import dots, estimate
from crossomni.scoring import ALL
from crossomni.statistics import Estimate

if TYPE_CHECKING:
    from rich.table import Table

Scores = Mapping[str, Any]  # what ``scores.json`` says


@dataclass(frozen=True)
class Line:
    """One value of a grouping, with a share for each run."""

    label: str
    shares: tuple[Share, ...]


@dataclass(frozen=True)
class Breakdown:
    """The same groupings of one run or more."""

    runs: tuple[tuple[str, Scores], ...]

    @classmethod
    def of(cls, runs: Sequence[tuple[str, Scores]]) -> Breakdown | None:
        """None for runs whose questions have a task."""
        return cls(tuple(runs)) if all("groups" in scores for _, scores in runs) else None

    @property
    def said(self) -> str:
        """How many options there are, and what they are worth."""
        return f"Picking an option at random gets {self.runs[0][1]['chance']:.1f}% right."

    @property
    def tables(self) -> Iterator[tuple[str, tuple[Line, ...]]]:
        """All questions, then each grouping by name, with its lines."""
        yield "all questions", (Line("Overall", tuple(_overall(scores) for _, scores in self.runs)),)
        for name, values in self.runs[0][1]["groups"].items():
            yield (
                name,
                tuple(
                    Line(value, tuple(Share.from_json(scores["groups"][name][value]) for _, scores in self.runs))
                    for value in values
                ),
            )

    def dots(self) -> str:
        """A picture of all lines, with a gap before each grouping."""
        lines = [(number, line) for number, (_, found) in enumerate(self.tables) for line in found]
        places = [place + 0.5 * number for place, (number, _) in enumerate(lines)]
        found = [(run, [line.shares[place].accuracy for _, line in lines]) for place, (run, _) in enumerate(self.runs)]
        return dots(found, [line.label for _, line in lines], places, self.runs[0][1]["chance"])


def fill_by_group(table: Table, scores: Sequence[Scores], cell: Callable[[Estimate], str]) -> Table:
    """Fill a table whose columns are runs with a line for each value of each grouping, and with the average."""
    from rich.markup import escape

    shown = Breakdown(tuple(("", one) for one in scores))
    tables = dict(shown.tables)
    overall = tables.pop("all questions")
    for name, lines in tables.items():
        table.add_row(f"[bold]{name}[/bold]")
        for line in lines:
            cells = (cell(share.accuracy) for share in line.shares)
            table.add_row(f"  {escape(line.label)}", *cells, end_section=line is lines[-1])
    table.add_row("Overall", *(cell(share.accuracy) for share in overall[0].shares))
    table.columns[0].header = ""
    table.caption = f"accuracy in percent (95%); chance is {scores[0]['chance']:.1f}"
    return table


def _overall(scores: Scores) -> Share:
    return Share(accuracy=estimate(scores, ALL), n=int(scores["n"]), chance=scores["chance"])
