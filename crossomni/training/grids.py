"""Tables before they are drawn, for the terminal and in Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Grid:
    """A table before it is drawn. The columns named in ``left`` hold words, the others figures."""

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
            table.add_row(*map(Text, row))
        if legend:
            table.caption, table.caption_justify = Text(legend), "left"
        return table

    def markdown(self) -> str:
        """In Markdown."""
        rule = tuple("---" if place in self.left else "---:" for place in range(len(self.head)))
        cells = (" | ".join(cell.replace("|", "\\|") for cell in line) for line in (self.head, rule, *self.rows))
        return "\n".join([f"**{self.title}**", "", *(f"| {line} |" for line in cells), ""])
