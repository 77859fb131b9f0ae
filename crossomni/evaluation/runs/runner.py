"""Runs: a model is asked every question of a split once, and what it said is kept.

The ledger of predictions is the checkpoint: a run that was stopped at any moment goes on where it stopped. Several
runs of one model go through the clips together, so that what is computed of a clip serves all of them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossomni.breakdown import Groups
from crossomni.corpus import Corpus
from crossomni.errors import InputError, KnockOutError
from crossomni.evaluation.config import SENSES, EvalConfig
from crossomni.evaluation.folder import RunFolder
from crossomni.evaluation.models.loading import load_model
from crossomni.evaluation.models.protocol import Ask, Model, load
from crossomni.evaluation.reports.report import check_report, write_report
from crossomni.evaluation.runs.asking import answer
from crossomni.evaluation.runs.preflight import check_senses
from crossomni.evaluation.runs.run import Run
from crossomni.evaluation.runs.study import StudyConfig
from crossomni.evaluation.shards import Shard
from crossomni.media import FrameCache
from crossomni.opening import open_corpus
from crossomni.records import Prediction, Row, by_clip
from crossomni.tasks import Modality

_log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]  # rows done, rows in all
# In what runs that are asked together may differ; all else belongs to the model or to the rows.
_OWN = {"out", "prompt", "prompts", "shots", "knock_out", "rotation", "repeat"}


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
    if not isinstance(config, StudyConfig):
        summaries = evaluate_all([config], progress=progress)
    else:
        summaries = evaluate_all([config.plain], config.beside(), preflight=config.preflight, progress=progress)
    return summaries[0] if summaries else RunSummary(folder=config.out, scores=None)


def evaluate_all(
    configs: Sequence[EvalConfig],
    where_possible: Iterable[EvalConfig] = (),
    *,
    preflight: int = 0,
    progress: Progress = lambda done, total: None,
) -> tuple[RunSummary, ...]:
    """Several runs of one model on the same rows, clip by clip, each into its own folder.

    The runs of ``where_possible`` are left out, with a warning, where the data or the model's senses do not allow
    their knock-out. With ``preflight`` so many clips show first that sound and sight move the model. Of several
    processes each takes its share of the clips, and the first one gathers, scores and returns the summaries.

    Raises:
        InputError: also when they differ in what belongs to the model or to the rows; else as ``evaluate`` does.
    """
    check_report()
    config = configs[0]
    where_possible = tuple(where_possible)
    _check_together([*configs, *where_possible])
    corpus = open_corpus(config.data, config.annotations, config.media)
    rows = corpus.rows(config.split)[: config.limit]
    corpus.check_media(rows)
    model = load_model(config, corpus)
    # Before any folder is made: what is refused leaves nothing behind.
    runs = [Run(one, corpus, rows, model) for one in configs]
    runs += _possible(where_possible, corpus, rows, model)
    if not all(run.finished for run in runs):
        load(model)
    shard = Shard.of_this_process()
    moved = None
    if preflight and shard.is_main and not runs[0].finished:
        moved = check_senses(model, runs[0], corpus, preflight)
    with ExitStack() as held:
        if shard.is_main:
            for run in runs:
                held.enter_context(run.open())
            if moved is not None:
                runs[0].folder.write_preflight(moved)
        shard.wait()
        if not shard.is_main:
            for run in runs:
                held.enter_context(run.join(shard))
        _answer(model, runs, list(_own_rows(rows, shard)), progress)
        shard.wait()
        if not shard.is_main:
            return ()
        for run in runs:
            run.gather()
        # The last first, since a run's report tells of the runs inside its folder.
        return tuple(reversed([finish(run.folder, rows, run.predictions, corpus.groups) for run in reversed(runs)]))


def _answer(model: Model, runs: Sequence[Run], rows: Sequence[Row], progress: Progress) -> None:
    """Ask what is left of the rows that belong to this process."""
    by_origin = {run.origin: run for run in runs}
    total = len(rows) * len(runs)
    done = sum(row.id in run.predictions for run in runs for row in rows)
    progress(done, total)
    for ask, prediction in answer(model, _groups(runs, rows, model)):
        assert isinstance(ask.origin, str)
        by_origin[ask.origin].keep(prediction)
        done += 1
        progress(done, total)


def _own_rows(rows: Sequence[Row], shard: Shard) -> Iterator[Row]:
    for _, of_clip in shard.share(by_clip(rows)):
        yield from of_clip


def rescore(path: Path) -> RunSummary:
    """Make a run's scores and report again from its predictions; no model is needed.

    Raises:
        RunError: when the folder is no run's, or its data have changed.
    """
    check_report()
    folder = RunFolder(path)
    corpus, rows = folder.open_data()
    return finish(folder, rows, folder.predictions(rows), corpus.groups)


def finish(folder: RunFolder, rows: Sequence[Row], predictions: Mapping[str, Prediction], groups: Groups) -> RunSummary:
    """Write scores and report; neither where the labels are held back."""
    if not all(row.answer for row in rows):
        _log.warning("%s: the data's labels are held back, so the run is not scored.", folder.path)
        return RunSummary(folder=folder.path, scores=None)
    scores = folder.write_scores(rows, predictions, groups)
    write_report([folder.path], folder.report_path)
    return RunSummary(folder=folder.path, scores=scores)


def _groups(runs: Sequence[Run], rows: Sequence[Row], model: Model) -> Iterator[list[Ask]]:
    """What is still to be asked: one group for each clip and each way of showing it."""
    cache = FrameCache.shared() if frozenset(model.senses) - {Modality.TEXT} else None
    for _, of_clip in by_clip(rows):
        for media in dict.fromkeys(run.media for run in runs):
            group = [ask for run in runs if run.media == media for ask in run.asks(of_clip, cache)]
            if group:
                yield group


def _possible(configs: Iterable[EvalConfig], corpus: Corpus, rows: Sequence[Row], model: Model) -> Iterator[Run]:
    """The runs whose knock-out touches a sense that the model has, and that the data allow."""
    for config in configs:
        touched = {sense for name, sense in SENSES.items() for out in config.knock_out if out.startswith(name)}
        if not touched <= frozenset(model.senses):
            continue
        try:
            yield Run(config, corpus, rows, model)
        except KnockOutError as error:
            _log.warning("left out: %s", error)


def _check_together(configs: Sequence[EvalConfig]) -> None:
    first = configs[0].to_json()
    for config in configs[1:]:
        differs = [name for name, value in config.to_json().items() if name not in _OWN and value != first[name]]
        if differs:
            raise InputError(f"runs asked together differ in {', '.join(differs)}. Make them one after the other.")
    folders = [config.out for config in configs]
    if len(set(folders)) < len(folders):
        raise InputError("runs asked together share a folder. Give each its own.")
