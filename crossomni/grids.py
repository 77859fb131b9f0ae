"""Tables before they are drawn, for the terminal and in Markdown, and how figures are written. Light to import."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

UNKNOWN = "–"


@dataclass(frozen=True)
class Grid:
    """A table before it is drawn.

    The columns named in ``left`` hold words, the others figures. A cell may have two lines. Where the terminal is
    narrow, the first column is broken behind a space or a mark.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: tuple[int, ...] = (0,)

    def table(self, legend: str = "") -> Table:
        """For the terminal, with a legend below."""
        from rich.table import Table
        from rich.text import Text

        # Text, since a name in brackets would be taken for markup.
        table = Table(title=Text(self.title), title_justify="left", box=None, padding=(0, 1))
        for place, name in enumerate(self.head):
            table.add_column(Text(name), justify="left" if place in self.left else "right", overflow="fold")
        for row in self.rows:
            table.add_row(_Name(row[0]), *map(Text, row[1:]))
        if legend:
            table.caption, table.caption_justify = Text(legend), "left"
        return table

    def markdown(self) -> str:
        """In Markdown, a cell on one line."""
        rule = tuple("---" if place in self.left else "---:" for place in range(len(self.head)))
        lines = (self.head, rule, *self.rows)
        cells = (" | ".join(cell.replace("\n", " ").replace("|", "\\|") for cell in line) for line in lines)
        return "\n".join([f"**{self.title}**", "", *(f"| {line} |" for line in cells), ""])


@dataclass(frozen=True)
class _Name:
    """Text for a narrow column: broken behind a space or a mark (``qwen2.5-`` | ``omni-7b``), within a word at last."""

    text: str

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        from rich.cells import cell_len
        from rich.measure import Measurement

        return Measurement(max(map(cell_len, self._pieces), default=0), cell_len(self.text))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        from rich.cells import cell_len
        from rich.text import Text

        lines = [""]
        for piece in self._pieces:
            if lines[-1] and cell_len(f"{lines[-1]}{piece}".rstrip()) > options.max_width:
                lines.append("")
            lines[-1] += piece
        yield Text("\n".join(line.rstrip() for line in lines), overflow="fold")

    @property
    def _pieces(self) -> list[str]:
        return re.findall(r"[^\s\-_./]+[\s\-_./]*|[\s\-_./]+", self.text)


def tables(grids: Iterable[Grid], legend: str) -> tuple[Table, ...]:
    """For the terminal, the legend below the last one; there is at least one grid."""
    *first, last = grids
    return (*(grid.table() for grid in first), last.table(legend))


def markdown(grids: Iterable[Grid], legend: str) -> str:
    """In Markdown, the legend below the last one."""
    return "\n".join([*(grid.markdown() for grid in grids), legend])


def number(value: float, form: str) -> str:
    """A figure in its form, or a dash where nothing is known. What rounds to zero is not below it.

    >>> number(2.5, "{:+.2f}"), number(math.nan, "{:+.2f}"), number(-0.001, "{:.1f}")
    ('+2.50', '–', '0.0')
    """
    if math.isnan(value):
        return UNKNOWN
    text = form.format(value)
    return form.format(0.0) if math.isfinite(value) and not set(text) & set("123456789") else text


def probability(p: float) -> str:
    """A p-value.

    >>> probability(0.0004), probability(0.25)
    ('<0.001', '0.250')
    """
    return "<0.001" if p < 0.001 else number(p, "{:.3f}")


def without_nan(value: Any) -> Any:
    """For JSON, which has no nan: None in its place.

    >>> without_nan({"low": math.nan, "points": (1.0, math.nan)})
    {'low': None, 'points': [1.0, None]}
    """
    if isinstance(value, Mapping):
        return {key: without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value
