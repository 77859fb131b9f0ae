"""The command that places wrong answers: at the source, at the bridge, or at the target."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossomni.cli.printing import Form, tell
from crossomni.errors import InputError

if TYPE_CHECKING:
    from crossomni.evaluation.folder import RunFolder
    from crossomni.evaluation.reasoning.where import Where

Run = Annotated[Path, typer.Argument(help="A run's folder.")]
Judge = Annotated[str | None, typer.Option(help="A chat model that scores the reasoning: openai:NAME@URL.")]
Truth = Annotated[bool, typer.Option("--truth", help="Score it against the clips' truth instead (playhouse).")]
AtOnce = Annotated[int, typer.Option(help="Requests to the judge under way at the same time, at most.")]


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command()(locate)


def locate(run: Run, judge: Judge = None, truth: Truth = False, at_once: AtOnce = 64, form: Form = "table") -> None:
    """Say where a finished run's reasoning breaks: at the source, the bridge or the target. No model is needed.

    Scores go to logic.jsonl in the run's folder, and into its report; without --judge and --truth the ones that are
    there are shown.
    """
    import sys

    from tqdm import tqdm

    from crossomni.evaluation.folder import RunFolder
    from crossomni.evaluation.reasoning.localise import locate_by_judge, locate_by_truth, located
    from crossomni.evaluation.runs.runner import rescore
    from crossomni.judging import judge_config

    if judge is not None and truth:
        raise InputError("--judge and --truth: one of them came too many. Give either.")
    with tqdm(desc="reasoning", unit="reply", disable=None if judge or truth else True) as bar:

        def show(done: int, total: int) -> None:
            bar.total, bar.n = total, done
            bar.refresh()

        if judge is not None:
            found = locate_by_judge(run, judge_config(judge, at_once), show)
        else:
            found = locate_by_truth(run, show) if truth else located(run)
    if (judge is not None or truth) and RunFolder(run).report_path.exists():
        rescore(run)  # its report tells of it
    tell(found, form)
    if said := _without_reasoning(found, RunFolder(run)):
        print(said, file=sys.stderr if form != "table" else sys.stdout)


def _without_reasoning(found: Where, folder: RunFolder) -> str:
    """How many replies have no reasoning, and what brings it; empty text where all have some."""
    from crossomni.evaluation.reasoning.where import NO_REASONING
    from crossomni.ledger import read_records

    overall = found.tallies["overall"]
    none = sum(overall.count(side, [NO_REASONING]) for side in ("wrong", "right"))
    replies = overall.rows - overall.no_reply
    if not none:
        return ""
    empty = sum(record["state"] == "empty" for record in read_records(folder.predictions_path))
    counted = f"{none} of {replies} replies have no reasoning to look into, {empty} of them since they are empty."
    return counted + (" Ask with --prompt icl, or cot, for reasoning." if none == replies else "")
