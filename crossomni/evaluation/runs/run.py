"""One run under way: how its rows are asked, and where what was said is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from crossomni.corpus import Corpus
from crossomni.evaluation.config import SENSES, EvalConfig
from crossomni.evaluation.folder import RunFolder
from crossomni.evaluation.models.protocol import Ask, Model, model_fingerprint
from crossomni.evaluation.rotation import rotated, turned_back
from crossomni.evaluation.runs.controls import Controls
from crossomni.evaluation.runs.shots import Shots
from crossomni.evaluation.shards import Shard
from crossomni.ledger import Ledger
from crossomni.media import FrameCache
from crossomni.optional import installed_versions
from crossomni.prompts import compose, fingerprint
from crossomni.records import Prediction, Row
from crossomni.tasks import Modality

_PACKAGES = ("torch", "transformers", "av", "numpy", "peft", "huggingface_hub")


class Run:
    """A configuration with its rows, its folder and the predictions that are there so far.

    Raises:
        InputError: when a knock-out or the shots cannot be had from the data; RunError when the folder is another's.
    """

    def __init__(self, config: EvalConfig, corpus: Corpus, rows: Sequence[Row], model: Model) -> None:
        self.config = config
        self.rows = rows
        self._corpus = corpus
        self.folder = RunFolder(config.out)
        self.origin = str(config.out)  # what its questions say of who asks: a name, since a run knows the answers
        self._by_id = {row.id: row for row in rows}
        if hasattr(model, "check_knock_out"):
            model.check_knock_out(config.knock_out)
        self._controls = Controls(config.knock_out, corpus, rows)
        self._shots = Shots(config.shots, corpus, config.seed)
        self.senses = frozenset(model.senses) - self._controls.senses_left_out
        for row in {(row.task, row.episode): row for row in rows}.values():  # now, and not after hours of running
            compose(config.prompt, self._controls.question(row), config.prompts, self._shots.of(row))
        self._about = _about(config, corpus, rows, model)
        self.folder.check(self._about)
        self.predictions = self.folder.predictions(rows)
        self._ledger: Ledger | None = None

    @property
    def finished(self) -> bool:
        """Whether every row has been answered."""
        return sum(one.state != "failed" for one in self.predictions.values()) == len(self.rows)

    @property
    def media(self) -> tuple[str, ...]:
        """What is done to sound and sight: runs that agree in it can share what a model computes of a clip."""
        return tuple(sorted(name for name in self.config.knock_out if name.startswith(("sound", "sight"))))

    @contextmanager
    def open(self) -> Iterator[None]:
        """Hold the run's folder; rows that failed before are to be asked again."""
        with Ledger(self.folder.predictions_path) as self._ledger:
            self.folder.claim(self._about)
            if "benchmark" in self._about:
                self.folder.note_clips(self._corpus, self.rows)
            self.gather()
            self.predictions = self.folder.put_failures_aside(self._ledger, self.predictions)
            yield

    @contextmanager
    def join(self, shard: Shard) -> Iterator[None]:
        """Take part in a run that another process holds."""
        self.predictions = self.folder.predictions(self.rows)
        with Ledger(self.folder.shard_path(shard.name)) as self._ledger:
            yield

    def gather(self) -> None:
        """Take in what other processes found."""
        assert self._ledger is not None
        self.predictions = self.folder.gather(self._ledger, self.rows)

    def asks(self, rows: Sequence[Row], cache: FrameCache | None, *, again: bool = False) -> Iterator[Ask]:
        """The questions about one clip that are still to be asked, or all of them ``again``.

        They come without answers and rationales: whoever is asked cannot have looked.
        """
        due = [row for row in rows if again or row.id not in self.predictions]
        if not due:
            return
        clip = self._controls.clip(due[0], cache) if self.senses - {Modality.TEXT} else None
        for row in due:
            question = rotated(self._controls.question(_unanswered(row)), self.config.rotation)
            yield Ask(
                question=question,
                prompt=compose(self.config.prompt, question, self.config.prompts, self._shots.of(row)),
                clip=clip,
                senses=self.senses,
                seed=_seed(self.config, row),
                frames=self.config.frames,
                origin=self.origin,
            )

    def keep(self, prediction: Prediction) -> None:
        """Write a prediction down; its letter is that of the row's own order of options."""
        assert self._ledger is not None
        row = self._by_id[prediction.id]
        prediction = replace(prediction, letter=turned_back(prediction.letter, row, self.config.rotation))
        self._ledger.append(prediction.to_json())
        self.predictions[prediction.id] = prediction


def versions() -> dict[str, str]:
    """The versions that a reply may depend on."""
    return installed_versions(*_PACKAGES)


def benchmark_of(corpus: Corpus) -> dict[str, Any]:
    """What ``run.json`` says of another benchmark: title, licence, annotations, what was left out; else nothing."""
    return {"benchmark": corpus.source["benchmark"]} if "benchmark" in corpus.source else {}


def _unanswered(row: Row) -> Row:
    """The row as a model may see it."""
    return replace(row, answer="", rationale="")


def _seed(config: EvalConfig, row: Row) -> int:
    """The row's own seed, so that a reply does not hang on what was asked before it."""
    digest = hashlib.sha256(f"{config.seed} {config.repeat} {row.id}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


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
        "versions": versions() | ({"server": config.server} if config.server else {}),
        **benchmark_of(corpus),
    }
