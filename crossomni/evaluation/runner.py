"""A run: one model is asked every question of a split once, and what it said is kept.

The ledger of predictions is the checkpoint: a run that was stopped at any moment goes on where it stopped.
"""

from __future__ import annotations

import logging
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from crossomni import __version__
from crossomni.corpus import Corpus
from crossomni.evaluation.asking import answer_clip
from crossomni.evaluation.config import SENSES, EvalConfig
from crossomni.evaluation.folder import RunFolder, open_corpus
from crossomni.evaluation.loading import load_model
from crossomni.evaluation.models import Ask, Model, load, model_fingerprint
from crossomni.evaluation.report import check_report, write_report
from crossomni.ledger import Ledger
from crossomni.media import ClipFile, FrameCache
from crossomni.prompts import compose, fingerprint
from crossomni.records import Prediction, Question, Row, by_clip
from crossomni.tasks import Modality

_log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]  # rows done, rows in all
_PACKAGES = ("torch", "transformers", "av", "numpy")


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """A finished run: its folder and what ``scores.json`` says; no scores where labels are held back."""

    folder: Path
    scores: Mapping[str, Any] | None


def evaluate(config: EvalConfig, *, progress: Progress = lambda done, total: None) -> RunSummary:
    """Run, or go on with, an evaluation; write its folder. Rows that failed before are asked again.

    Raises:
        InputError: for a configuration that cannot be; RunError when the folder is another run's, or is in use.
        DeafOrBlindError: when sound or sight was promised and did not reach the model; nothing is scored then.
    """
    check_report()
    corpus = open_corpus(config.data, config.annotations, config.media)
    rows = corpus.rows(config.split)[: config.limit]
    corpus.check_media(rows)
    model = load_model(config.model, corpus, answer_by=config.answer_by, seed=config.seed)
    about = _about(config, corpus, rows, model)  # before the folder: what is refused leaves nothing behind
    folder = RunFolder(config.out)
    folder.check(about)
    there = folder.predictions(rows).values()
    if sum(prediction.state != "failed" for prediction in there) < len(rows):
        load(model)  # before the folder is taken: weights that cannot be read leave nothing behind
    with Ledger(folder.predictions_path) as ledger:
        folder.claim(about)
        predictions = folder.put_failures_aside(ledger, folder.predictions(rows))
        progress(len(predictions), len(rows))
        for prediction in _answers(model, tuple(row for row in rows if row.id not in predictions), corpus, config):
            ledger.append(prediction.to_json())
            predictions[prediction.id] = prediction
            progress(len(predictions), len(rows))
        return finish(folder, rows, predictions)


def rescore(path: Path) -> RunSummary:
    """Make a run's scores and report again from its predictions; no model is needed.

    Raises:
        RunError: when the folder is no run's, or its data have changed.
    """
    check_report()
    folder = RunFolder(path)
    _, rows = folder.open_data()
    return finish(folder, rows, folder.predictions(rows))


def _answers(model: Model, rows: Sequence[Row], corpus: Corpus, config: EvalConfig) -> Iterator[Prediction]:
    """A prediction for each row, clip by clip."""
    left_out = {SENSES[name] for name in config.knock_out if name in SENSES}
    senses = frozenset(model.senses) - left_out
    cache = FrameCache.shared() if senses - {Modality.TEXT} else None
    for _, group in by_clip(tuple(rows)):
        clip = ClipFile(corpus.folder / group[0].video, cache) if cache else None
        asks = [_ask(question, clip, senses, config) for question in group]
        yield from answer_clip(model, asks)


def _ask(row: Question, clip: ClipFile | None, senses: frozenset[Modality], config: EvalConfig) -> Ask:
    question = replace(row, biography="") if "biography" in config.knock_out else row
    return Ask(
        question=question,
        prompt=compose(config.prompt, question, config.prompts),
        clip=clip,
        senses=senses,
    )


def _about(config: EvalConfig, corpus: Corpus, rows: Sequence[Row], model: Model) -> dict[str, Any]:
    lacking = {name for name, sense in SENSES.items() if sense not in model.senses}
    return {
        "configuration": config.to_json(),
        "model": model.name,
        "senses": sorted(model.senses),
        "knock_out": sorted(lacking | set(config.knock_out)),
        "fingerprints": {
            "data": corpus.fingerprint,
            "prompt": fingerprint(config.prompt, config.prompts),
            "model": model_fingerprint(model),
        },
        "rows": len(rows),
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """The versions that a reply may depend on."""
    found = {"crossomni": __version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def finish(folder: RunFolder, rows: Sequence[Row], predictions: Mapping[str, Prediction]) -> RunSummary:
    """Write scores and report; neither where the labels are held back."""
    if not all(row.answer for row in rows):
        _log.warning("%s: the data's labels are held back, so the run is not scored.", folder.path)
        return RunSummary(folder=folder.path, scores=None)
    scores = folder.write_scores(rows, predictions)
    write_report([folder.path], folder.report_path)
    return RunSummary(folder=folder.path, scores=scores)
