"""The command about the paper's systems: their weights, and how each is run here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from crossomni.cli.printing import WIDTH, Form

if TYPE_CHECKING:
    from rich.table import Table

    from crossomni.evaluation.models.roster import System

Name = Annotated[str | None, typer.Argument(help="One system, by its name in Table 5 or its checkpoint; all without.")]

# Heading -> attribute of a system.
_CELLS: Mapping[str, str] = {
    "system": "name",
    "checkpoint": "checkpoint",
    "way": "way",
    "frames": "frames",
    "sound": "sound",
    "licence": "licence",
    "by us": "run_by_us",
}
_CAPTION = (
    "by us: whether this project has run it; else all that is said is from papers and code.\n"
    "crossomni models NAME shows one in full"
)
_FACTS: Mapping[str, str] = {
    "Base model (Table 4)": "base",
    "Procedure (Table 4)": "procedure",
    "Checkpoint": "checkpoint",
    "Way": "way",
    "Server": "server",
    "Code that comes with the weights": "remote_code",
    "Frames": "frames",
    "Sampling rate": "sampling_rate",
    "Packing": "packing",
    "Longest sound": "longest_sound",
    "Licence of the weights": "licence",
    "Parameters": "parameters",
    "By us": "run_by_us",
}


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command()(models)


def models(name: Name = None, form: Form = "table") -> None:
    """List the paper's thirteen systems, or show one in full: weights, licence, what it takes, and its commands."""
    import json

    from crossomni.evaluation.models.roster import system, systems

    one = None if name is None else system(name)
    if form == "json":
        found = one.to_json() if one else [each.to_json() for each in systems()]
        print(json.dumps(found, indent=2, ensure_ascii=False))
    elif one:
        print("\n".join(_in_full(one)))
    elif form == "markdown":
        print("\n".join(_markdown(systems())))
    else:
        from rich.console import Console

        console = Console()
        # Where nobody looks at a terminal, rich assumes 80 columns and breaks what has room in WIDTH.
        (console if console.is_terminal else Console(width=WIDTH)).print(_table(systems()))


def _row(one: System) -> list[str]:
    return [str(getattr(one, attribute)) for attribute in _CELLS.values()]


def _table(systems: Sequence[System]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, padding=(0, 0, 0, 1), caption=_CAPTION)
    name, checkpoint, *others = _CELLS
    # Name and checkpoint share a column, so that no checkpoint is broken: it is there to be copied.
    table.add_column(f"{name}\n{checkpoint}", no_wrap=True)
    for heading in others:
        table.add_column(heading, overflow="fold", min_width=13 if heading == "licence" else None)
    for one in systems:
        title, where, *cells = map(escape, _row(one))
        table.add_row(f"[bold]{title}[/bold]\n{where}", *cells)
    return table


def _markdown(systems: Sequence[System]) -> list[str]:
    rows = [list(_CELLS), ["---"] * len(_CELLS), *map(_row, systems)]
    return [f"| {' | '.join(cells)} |" for cells in rows]


def _in_full(one: System) -> list[str]:
    """One system as Markdown, which a terminal shows as well."""
    scores = ", ".join(f"{name} {one.published_scores[name]:.2f}" for name in ("single", "cross", "overall"))
    lines = [f"# {one.name}", "", f"- Published (Table 5, percent): {scores}"]
    for label, attribute in _FACTS.items():
        if value := getattr(one, attribute):
            where = one.source.get(attribute)
            lines.append(f"- {label}: {value}" + (f" [{where}]" if where else ""))
    lines += [f"- Run: {run}" for run in one.runs] + [f"- {note}" for note in one.notes]
    for way, commands in one.commands.items():
        lines += ["", f"## {way}", "", *(f"    {command}" for command in commands)]
    return lines
