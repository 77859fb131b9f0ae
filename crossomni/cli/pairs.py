"""The command of section 3.3: single questions beside the same ones with another target, or another source."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

WIDTH = 100  # of the tables, in columns of a terminal

Runs = Annotated[list[Path], typer.Argument(help="Folders of runs on the same rows; several are averaged too.")]
Form = Annotated[Literal["table", "markdown", "json"], typer.Option("--as", help="How to print it.")]
Picture = Annotated[Path | None, typer.Option(help="Draw Figure 3 too: FILE.svg or FILE.png.")]


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command()(pairs)


def pairs(runs: Runs, form: Form = "table", out: Picture = None) -> None:
    """Say what single questions lose when only their target, or only their source, changes (section 3.3)."""
    import json
    import sys

    from rich.console import Console

    from crossomni.evaluation.pair_figures import check_format, write_picture
    from crossomni.evaluation.pairs import pairs as run

    if out is not None:
        check_format(out)
    found = run(runs)
    if form == "json":
        print(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
    elif form == "markdown":
        print(found.to_markdown())
    else:
        console = Console()
        # Where nobody looks at a terminal, rich assumes 80 columns and breaks what has room in WIDTH.
        (console if console.is_terminal else Console(width=WIDTH)).print(*found.tables(), sep="\n")
    if out is not None:
        print(write_picture(found, out), file=sys.stderr if form != "table" else sys.stdout)
