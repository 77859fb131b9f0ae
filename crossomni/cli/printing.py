"""How commands print what they found: as tables, in Markdown, or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

import typer

if TYPE_CHECKING:
    from rich.table import Table

WIDTH = 100  # of tables where nobody looks: there rich assumes 80 columns and breaks what has room in these
Form = Annotated[Literal["table", "markdown", "json"], typer.Option("--as", help="How to print it.")]


class Told(Protocol):
    """Anything that can be printed in each form."""

    def tables(self) -> Sequence[Table]:
        """For the terminal."""

    def to_markdown(self) -> str:
        """The same in Markdown."""

    def to_json(self) -> dict[str, Any]:
        """All figures, undrawn and unrounded."""


def tell(found: Told, form: str) -> None:
    """Print it in the form that was asked for."""
    import json

    from rich.console import Console

    if form == "json":
        print(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
    elif form == "markdown":
        print(found.to_markdown())
    else:
        console = Console()
        (console if console.is_terminal else Console(width=WIDTH)).print(*found.tables(), sep="\n")
