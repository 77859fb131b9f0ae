"""Tables before they are drawn, for the terminal and in Markdown, and how figures are written in them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from crossomni.tasks import TASKS

UNKNOWN = "–"
AVERAGES = {
    "single": "Single",
    "cross": "Cross",
    "overall": "Overall",
    "single_macro": "Single (macro)",
    "cross_macro": "Cross (macro)",
    "overall_macro": "Overall (macro)",
}
LABELS = {task.id: task.label for task in TASKS} | AVERAGES  # of the metric's groups


@dataclass(frozen=True)
class _Name:
    """Text for a narrow column: broken behind a space or a mark (``qwen2.5-`` | ``omni-7b``), within a word at last."""

    text: str

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(max(map(cell_len, self._pieces), default=0), cell_len(self.text))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        lines = [""]
        for piece in self._pieces:
            if lines[-1] and cell_len(f"{lines[-1]}{piece}".rstrip()) > options.max_width:
                lines.append("")
            lines[-1] += piece
        yield Text("\n".join(line.rstrip() for line in lines), overflow="fold")

    @property
    def _pieces(self) -> list[str]:
        return re.findall(r"[^\s\-_./]+[\s\-_./]*|[\s\-_./]+", self.text)


@dataclass(frozen=True)
class Grid:
    """A table before it is drawn; a cell may have two lines."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def table(self, legend: str = "") -> Table:
        """For the terminal, with a legend below."""
        # Text, since a run's name in brackets would be taken for markup.
        table = Table(title=Text(self.title), title_justify="left", box=None, padding=(0, 1))
        for place, name in enumerate(self.head):
            table.add_column(Text(name), justify="right" if place else "left", overflow="fold")
        for row in self.rows:
            table.add_row(_Name(row[0]), *map(Text, row[1:]))
        if legend:
            table.caption, table.caption_justify = Text(legend), "left"
        return table

    def markdown(self) -> str:
        """In Markdown, a cell on one line."""
        lines = [self.head, ("---", *("---:" for _ in self.head[1:])), *self.rows]
        cells = (" | ".join(cell.replace("\n", " ").replace("|", "\\|") for cell in line) for line in lines)
        return "\n".join([f"**{self.title}**", "", *(f"| {line} |" for line in cells), ""])


def number(value: float, form: str) -> str:
    """A figure in its form, or a dash where nothing is known."""
    return UNKNOWN if math.isnan(value) else form.format(value)


def probability(p: float) -> str:
    """A p-value.

    >>> probability(0.0004), probability(0.25)
    ('<0.001', '0.250')
    """
    return "<0.001" if p < 0.001 else number(p, "{:.3f}")


def without_nan(value: Any) -> Any:
    """For JSON, which has no nan: None in its place."""
    if isinstance(value, dict):
        return {key: without_nan(inner) for key, inner in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value
