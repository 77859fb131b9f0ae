"""The command that draws rows, as many of each modality as can be."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossomni.cli.options import some_path
from crossomni.cli.printing import Form, tell


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command()(sample)


def sample(
    out: Annotated[Path, typer.Option(help="The file of ids, one a line; - prints them.", parser=some_path)],
    data: Annotated[str, typer.Option(help="playhouse, a data folder, or full.")] = "playhouse",
    split: Annotated[str, typer.Option(help="The split that rows are drawn from.")] = "train",
    rows: Annotated[int, typer.Option(help="How many; 982 in the paper.")] = 982,
    held_out: Annotated[float, typer.Option(help="Hold out episodes first, as a training of this seed does.")] = 0.0,
    seed: Annotated[int, typer.Option(help="The same seed draws the same rows.")] = 0,
    annotations: Annotated[Path | None, typer.Option(help="Of full: the folder of annotations.")] = None,
    media: Annotated[Path | None, typer.Option(help="Of full: the folder of your media files.")] = None,
    form: Form = "table",
) -> None:
    """Draw rows such that each modality is source, and target, of as many as any other (B.2)."""
    from crossomni.corpus import Corpus
    from crossomni.training.sample import draw
    from crossomni.training.selection import hold_out

    there, _ = hold_out(Corpus.open(data, annotations, media).rows(split), held_out, seed)
    drawn = draw(there, rows, seed)
    ids = "".join(f"{row.id}\n" for row in drawn.rows)
    if str(out) == "-":
        # Ids alone, so that they can be piped; the figures are for those who keep them in a file.
        print(ids, end="")
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(ids, encoding="utf-8")
    tell(drawn, form)
