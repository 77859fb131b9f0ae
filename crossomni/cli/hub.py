"""Commands about the Hub: a dataset, a run or a task folder in the form that others read, and a dataset sent there."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from crossomni.cli.data import Data, audited
from crossomni.cli.options import some_path
from crossomni.errors import InputError

if TYPE_CHECKING:
    from crossomni.corpus import Corpus
    from crossomni.hub.pushing import Plan

Out = Annotated[Path, typer.Option(help="The folder to write.", parser=some_path)]
_DEFAULT = "parquet"


class _ParquetByDefault(TyperGroup):
    """``export DATA`` is ``export parquet DATA``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Name the form where none is named."""
        named = bool(args) and (args[0] in self.commands or args[0] == "--help")
        return super().parse_args(ctx, args if named else [_DEFAULT, *args])


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(
        cls=_ParquetByDefault,
        help="Write a dataset, or a run's results, in the form that others read; as Parquet where no form is named. "
        "docs/hub.md tells of each.",
    )
    group.command(_DEFAULT)(for_viewer)
    group.command("annotations")(rows_alone)
    group.command("lmms-eval")(task_folder)
    group.command("eval-results")(results)
    app.add_typer(group, name="export")
    app.command("push")(push)


def _opened(data: str) -> Corpus:
    from crossomni.benchmarks.names import benchmark_of
    from crossomni.corpus import Corpus

    if benchmark_of(data) is not None:
        raise InputError(
            f"export {data}: is another benchmark, which its makers publish. Give playhouse or a data folder."
        )
    return Corpus.open(data)


def for_viewer(data: Data, out: Out) -> None:
    """Write a dataset as Parquet with its media inside, as the Hub's viewer wants it."""
    from crossomni.hub.folders import export_for_viewer

    corpus = _opened(data)
    print(export_for_viewer(corpus, out, _audit(corpus)))


def rows_alone(data: Data, out: Out) -> None:
    """Write a dataset's rows without its clips, as 'full' takes them: what may go where media may not."""
    from crossomni.hub.folders import export_annotations

    corpus = _opened(data)
    print(export_annotations(corpus, out, _audit(corpus)))


def task_folder(
    data: Data,
    out: Out,
    split: Annotated[str, typer.Option(help="The rows that are asked.")] = "test",
    prompt: Annotated[str, typer.Option(help="default, cot, icl, or one of your own.")] = "default",
    prompts: Annotated[Path | None, typer.Option(help="A folder of your own prompt files.", parser=some_path)] = None,
    most_new_tokens: Annotated[int, typer.Option(help="Of a reply, with its reasoning.", min=1)] = 1024,
) -> None:
    """Write a task folder for lmms-eval, with our prompts and our reading of replies."""
    from crossomni.hub.lmms_eval import GROUP, export_lmms_eval

    export_lmms_eval(_opened(data), out, split=split, prompt=prompt, prompts=prompts, most_new_tokens=most_new_tokens)
    print(f"{out}\nEvaluate: python -m lmms_eval --include_path {out} --tasks {GROUP} --model …")


def results(
    run: Annotated[Path, typer.Argument(help="The folder of crossomni evaluate.", parser=some_path, metavar="RUN")],
    out: Annotated[Path, typer.Option(help="A copy of the model's repository, or a new folder.", parser=some_path)],
    dataset: Annotated[str, typer.Option(help="The data's id on the Hub, OWNER/NAME.")],
    source: Annotated[str, typer.Option(help="An address where the run can be looked at.")] = "",
) -> None:
    """Write a run's scores for a model's repository on the Hub: .eval_results/crossomni.yaml."""
    from crossomni.hub.results import write_results

    print(write_results(run, out, dataset, source=source))


def push(
    data: Data,
    to: Annotated[str, typer.Option(help="The repository, OWNER/NAME; it is made where it is not there.")],
    private: Annotated[
        bool, typer.Option("--private/--public", help="Of a new repository: whether only its owner sees it.")
    ] = True,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go and what stays; send nothing.")] = False,
) -> None:
    """Put a dataset on the Hub. Clips whose licence forbids it stay. The same command goes on after a failure."""
    from crossomni.hub import pushing
    from crossomni.hub.repository import check_name

    check_name(to)
    if not dry_run:
        plan, address = pushing.push(data, to, private=private)
        print(f"{len(plan.going):,} files, {plan.bytes / 1e6:,.1f} MB: {address}")
        _tell_staying(plan)
        return
    with pushing.planned(data, to) as plan:
        print(f"Would go to datasets/{to} ({'private' if private else 'public'}, where it is not there yet):")
        for name, size in plan.going.items():
            print(f"  {name}  {size:,} bytes")
        print(f"{len(plan.going):,} files, {plan.bytes / 1e6:,.1f} MB")
        _tell_staying(plan)


def _tell_staying(plan: Plan) -> None:
    for why, count in Counter(plan.staying.values()).items():
        first = next(name for name, told in plan.staying.items() if told == why)
        print(f"{count:,} files stay ({first}{' and others' if count > 1 else ''}): {why}")


def _audit(corpus: Corpus) -> str:
    """The audit's tables for the card; none where the answers that it is made from are held back."""
    split = corpus.splits[-1]
    labelled = all(row.answer for row in corpus.rows(split))
    return audited(corpus.rows_by_split, split, corpus.annotation) if labelled else ""
