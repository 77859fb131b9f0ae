"""Commands for weights that ``crossomni train`` made: merge them into their base, put them on the Hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossomni.cli.options import some_path
from crossomni.cli.telling import telling

Out = Annotated[Path, typer.Option(help="The training's folder, its --out.", parser=some_path)]
Base = Annotated[
    Path | None, typer.Option(help="Where the base's folder is now, if it has moved since.", parser=some_path)
]


def register(group: typer.Typer) -> None:
    """Add the commands to ``group``."""
    group.command("merge")(merge)
    group.command("push")(push)


def merge(
    out: Out,
    to: Annotated[
        Path | None, typer.Option(help="The merged thinker's folder; by default merged in --out.", parser=some_path)
    ] = None,
    base: Base = None,
) -> None:
    """Merge a trained adapter into its base: one folder that transformers and crossomni evaluate load without peft."""
    with telling():
        from crossomni.training.results.merge import merge as run

        merged = run(out, to, base=base)
    print(f"Merged: {merged}\nEvaluate: crossomni evaluate --model {merged} --out {out / 'run-merged'}")


def push(
    out: Out,
    repo: Annotated[str, typer.Option(help="The repository, OWNER/NAME; it is made where it is not there.")],
    private: Annotated[
        bool, typer.Option("--private/--public", help="Of a new repository: whether only its owner sees it.")
    ] = True,
    merged: Annotated[bool, typer.Option("--merged", help="The adapter merged into its base, not it alone.")] = False,
    base: Base = None,
    evaluation: Annotated[
        Path | None,
        typer.Option(help="A folder of crossomni evaluate, of these weights: its scores go along.", parser=some_path),
    ] = None,
    dataset: Annotated[
        str, typer.Option(help="The data's id on the Hub; .eval_results needs it, and an --evaluation on these data.")
    ] = "",
    licence: Annotated[str, typer.Option(help="The licence's id on the Hub, such as apache-2.0.")] = "",
    licence_name: Annotated[str, typer.Option(help="Of --licence other: its name.")] = "",
    licence_link: Annotated[str, typer.Option(help="Of --licence other: where it is written.")] = "",
    language: Annotated[str, typer.Option(help="The language of the rows.")] = "en",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write the card, say what would go, send nothing.")
    ] = False,
) -> None:
    """Put trained weights on the Hub, with a filled card, curves and scores. Rows, clips and judge's replies stay."""
    from crossomni.hub.repository import check_name
    from crossomni.hub.results import RESULTS

    with telling():
        from crossomni.training.results import publish
        from crossomni.training.results.merge import merge as run
        from crossomni.training.results.record import TrainingFolder

        check_name(repo)
        about = publish.About(
            name=repo.rpartition("/")[2],
            licence=licence,
            licence_name=licence_name,
            licence_link=licence_link,
            dataset=dataset,
            language=language,
        )
        weights = run(out, base=base) if merged else TrainingFolder(out).weights()
        if not dry_run:
            print(publish.push(weights, repo, private=private, about=about, evaluation=evaluation))
            return
        going = publish.prepare(weights, about=about, evaluation=evaluation)
    print(f"Would go to {repo} ({'private' if private else 'public'}, where it is not there yet), from {weights}:")
    for name in going:
        print(f"  {name}  {(weights / name).stat().st_size:,} bytes")
    print(f"The card: {weights / publish.CARD}")
    if RESULTS not in going:
        print(f"No {RESULTS}: it takes an --evaluation on the data that were trained on, and their --dataset.")
