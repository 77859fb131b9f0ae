"""The command that measures a judge before a model is trained against it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossomni.cli.options import some_path
from crossomni.cli.printing import Form, tell


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command()(judge)


def judge(
    judge: Annotated[str, typer.Option(help="offline (playhouse's truth), or a chat model: openai:NAME@URL.")],
    out: Annotated[Path | None, typer.Option(help="Write all figures to FILE.json too.", parser=some_path)] = None,
    data: Annotated[str, typer.Option(help="playhouse, or a data folder with known truth.")] = "playhouse",
    per_task: Annotated[int, typer.Option(min=1, help="Thoughts of each kind for each task.")] = 2,
    at_once: Annotated[int, typer.Option(min=1, help="Requests to the judge under way at the same time.")] = 64,
    cache: Annotated[Path | None, typer.Option(help="An SQLite file of its replies.", parser=some_path)] = None,
    prompt_price: Annotated[float, typer.Option(help="Of a million tokens that the judge reads.")] = 0.0,
    completion_price: Annotated[float, typer.Option(help="Of a million tokens that the judge writes.")] = 0.0,
    form: Form = "table",
) -> None:
    """Measure a judge of thinking on thoughts whose worth is known: agreement, injections, cost."""
    import json

    from tqdm import tqdm

    from crossomni.chat.spending import Price
    from crossomni.corpus import Corpus
    from crossomni.training.judges.canaries import check_answers
    from crossomni.training.judges.measure import measure_now
    from crossomni.training.judges.opening import open_judge
    from crossomni.training.judges.thoughts import benchmark

    corpus = Corpus.open(data)
    price = Price(prompt=prompt_price, completion=completion_price)
    opened = open_judge(judge, corpus, cache, at_once=at_once, price=price)
    thoughts = benchmark(corpus, per_task=per_task)
    with opened as asked, tqdm(desc="judging", unit="judgement", leave=False) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        check_answers(asked, corpus.rows("train"))
        found = measure_now(asked, thoughts, show)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(found.to_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    tell(found, form)
