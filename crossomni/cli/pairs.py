"""The command of section 3.3: single questions beside the same ones with another target, or another source."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossomni.cli.printing import Form, tell

Runs = Annotated[list[Path], typer.Argument(help="Folders of runs on the same rows; several are averaged too.")]
Picture = Annotated[Path | None, typer.Option(help="Draw Figure 3 too: FILE.svg or FILE.png.")]


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command()(pairs)


def pairs(runs: Runs, form: Form = "table", out: Picture = None) -> None:
    """Say what single questions lose when only their target, or only their source, changes (section 3.3)."""
    import sys

    from crossomni.evaluation.reports.pair_figures import check_format, write_picture
    from crossomni.evaluation.reports.pairs import pairs as run

    if out is not None:
        check_format(out)
    found = run(runs)
    tell(found, form)
    if out is not None:
        print(write_picture(found, out), file=sys.stderr if form != "table" else sys.stdout)
