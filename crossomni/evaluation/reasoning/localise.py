"""Where runs failed: for each reply with a think block, the three points of the logic rubric, by a judge or by truth.

``logic.jsonl`` in the run's folder holds a line for each reply. It is the checkpoint, and all that ``where_it_failed``
needs beside the run's predictions: neither model, nor judge, nor clips are opened for it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from crossomni.answers import read_answer
from crossomni.chat import Chat, ChatConfig
from crossomni.corpus import Corpus
from crossomni.errors import InputError, ModelError, RecordError, RunError
from crossomni.evaluation.folder import RunFolder, records_by_row
from crossomni.evaluation.reasoning.against_truth import follow
from crossomni.evaluation.reasoning.where import Where
from crossomni.judging import JUDGE_STATES, Judged, LogicPoints, gate, judge_all, logic_fingerprint, logic_rubric
from crossomni.ledger import Ledger
from crossomni.records import Annotation, Person, Prediction, Row
from crossomni.tasks import Task
from crossomni.truth.meant import Meant, meant

LOGIC = "logic.jsonl"
_ENOUGH = 20  # failures in a row: a judge that is down
BY_TRUTH = "truth"
# Beside the judge's states: the row's clip has no truth, or truth does not say whom the question means.
NO_TRUTH = "no-truth"
_STATES = (*JUDGE_STATES, NO_TRUTH)

Progress = Callable[[int, int], None]  # replies done, replies in all


@dataclass(frozen=True, kw_only=True)
class Located:
    """One line of ``logic.jsonl``: what was found in a row's reasoning."""

    id: str
    by: str  # "truth", or the judge's name and its rubric's fingerprint
    reasoning: str  # 16 hex digits of the SHA-256 of what was judged
    state: str  # one of the judge's states, or "no-truth"
    points: LogicPoints | None  # None unless the state is "scored"
    reply: str = ""  # the judge's
    error: str = ""  # why the judge's server gave none
    left_out: int = 0  # characters that the judge was not shown
    matched: Mapping[str, str] = field(default_factory=dict)  # by truth: who was found in source, target and answer

    def __post_init__(self) -> None:
        if self.state not in _STATES or (self.points is None) == (self.state == "scored"):
            raise RecordError(f"row {self.id!r}: state {self.state!r} does not go with points {self.points!r}.")

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Located:
        """Read what was written with ``asdict``.

        Raises:
            RecordError: when a field is missing, unknown, or not what the record demands.
        """
        try:
            points = None if data["points"] is None else LogicPoints(**data["points"])
            return cls(**{**data, "points": points})
        except (KeyError, TypeError) as error:
            raise RecordError(f"row {data.get('id')!r}: {type(error).__name__} {error}.") from error


@dataclass(frozen=True)
class _Reasoned:
    """A row that has a reply, and the reasoning in it."""

    row: Row
    text: str

    @property
    def task(self) -> Task:
        assert self.row.task is not None  # a row has one
        return self.row.task

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def locate_by_judge(path: Path, config: ChatConfig, progress: Progress = lambda done, total: None) -> Where:
    """Have a judge score every reply of the run in ``path`` that has none of its scores yet.

    Replies on which the judge's server failed are judged again.

    Raises:
        RunError: when the folder holds no run, or another judge's scores.
        InputError: when labels are held back, or the questions have no task.
        ChatError: when the judge does not answer at all; ModelError when it fails many times in a row.
    """
    by = f"{config.model}, rubric {logic_fingerprint()[:12]}"

    def judged(due: Sequence[_Reasoned], corpus: Corpus) -> Iterator[Located]:
        if any(gate(one.text) is None for one in due):
            asyncio.run(_greet(config))
        failed = 0
        for one, found in judge_all(config, [(one, logic_rubric(one.task), one.text) for one in due]):
            yield _line(one, by, found)
            failed = failed + 1 if found.state == "failed" else 0
            if failed == _ENOUGH:
                raise ModelError(
                    f"{path}: the judge failed {failed} times in a row, the last with {found.error} "
                    "Mend it; the same command goes on from here and asks again."
                )

    return _locate(path, by, judged, progress)


def locate_by_truth(path: Path, progress: Progress = lambda done, total: None) -> Where:
    """The same without a judge, against the truth of the clips, where it is known (playhouse).

    Raises:
        RunError: when the folder holds no run, or a judge's scores.
        InputError: when labels are held back, the questions have no task, or no clip's truth is known.
    """
    masked = "names" in (RunFolder(path).about().get("knock_out") or ())

    def followed(due: Sequence[_Reasoned], corpus: Corpus) -> Iterator[Located]:
        truth = cache(corpus.annotation)
        if due and not any(truth(one.row.clip_id) for one in due):
            raise InputError(
                f"{corpus.folder}: the truth of no clip is known, as it is for playhouse. Give --judge openai:NAME@URL."
            )
        for one in due:
            yield _follow(one, truth(one.row.clip_id), masked)

    return _locate(path, BY_TRUTH, followed, progress)


def where_it_failed(folder: RunFolder, rows: Sequence[Row], predictions: Mapping[str, Prediction]) -> Where | None:
    """What ``logic.jsonl`` says of a run, or None where there is none or it has no line yet.

    Raises:
        RunError: when the file is damaged or of another run.
    """
    path = folder.path / LOGIC
    lines = _read(path, rows) if path.exists() else {}
    if not lines:
        return None
    reasoned = {one.row.id: one for one in _reasoned(rows, predictions)}
    fresh = {key: line for key, line in lines.items() if key in reasoned and line.reasoning == reasoned[key].digest}
    return Where.count(
        by=next(iter(lines.values())).by,
        rows=rows,
        letters={key: prediction.letter for key, prediction in predictions.items() if key in reasoned},
        found={key: (line.state, line.points) for key, line in fresh.items()},
    )


def located(path: Path) -> Where:
    """What is known of the run in ``path``; nobody is asked.

    Raises:
        RunError: when the run's reasoning has not been looked at.
    """
    folder = RunFolder(path)
    _, rows = folder.open_data()
    found = where_it_failed(folder, rows, folder.predictions(rows))
    if found is None:
        raise RunError(f"{path}: no {LOGIC} in it. Give --judge openai:NAME@URL or, on playhouse, --truth.")
    return found


def _locate(
    path: Path, by: str, find: Callable[[Sequence[_Reasoned], Corpus], Iterable[Located]], progress: Progress
) -> Where:
    folder = RunFolder(path)
    corpus, rows = folder.open_data()
    if not all(row.answer for row in rows):
        raise InputError(f"{path}: the labels are held back, so that nobody knows which answers are wrong.")
    if any(row.task is None for row in rows):
        raise InputError(
            f"{path}: its questions have no task, and the steps looked for lead from a task's source to its target."
        )
    predictions = folder.predictions(rows)
    reasoned = _reasoned(rows, predictions)
    with Ledger(path / LOGIC) as ledger:
        kept = _kept(ledger, rows, by, {one.row.id: one.digest for one in reasoned})
        due = [one for one in reasoned if one.row.id not in kept]
        done = len(kept)
        progress(done, len(reasoned))
        for line in find(due, corpus):
            ledger.append(asdict(line))
            done += 1
            progress(done, len(reasoned))
    return where_it_failed(folder, rows, predictions) or Where.count(by=by, rows=rows, letters={}, found={})


def _kept(ledger: Ledger, rows: Sequence[Row], by: str, digests: Mapping[str, str]) -> set[str]:
    """The rows that need not be looked at again; lines that failed, or are about another reply, are taken out."""
    lines = _read(ledger.path, rows)
    others = {line.by for line in lines.values()} - {by}
    if others:
        raise RunError(
            f"{ledger.path}: is by {others.pop()}, now {by} was asked for. Move the file away, or ask the same again."
        )
    kept = {key: one for key, one in lines.items() if one.state != "failed" and digests.get(key) == one.reasoning}
    if len(kept) < len(lines):
        ledger.replace(asdict(line) for line in kept.values())
    return set(kept)


def _read(path: Path, rows: Sequence[Row]) -> dict[str, Located]:
    return records_by_row(path, rows, Located.from_json)


def _reasoned(rows: Sequence[Row], predictions: Mapping[str, Prediction]) -> list[_Reasoned]:
    """Rows with a reply, whatever is in it."""
    found = ((row, predictions.get(row.id)) for row in rows)
    return [
        _Reasoned(row, read_answer(said.reply, row.options).thinking)
        for row, said in found
        if said is not None and said.state != "failed"
    ]


def _follow(one: _Reasoned, truth: Annotation | None, masked: bool) -> Located:
    """What truth says of a reasoning path. With ``masked`` names, people are called as the run called them."""
    if refused := gate(one.text):
        return _line(one, BY_TRUTH, Judged(state=refused))
    about = meant(one.row, truth) if truth is not None else None
    if about is None:
        return Located(id=one.row.id, by=BY_TRUTH, reasoning=one.digest, state=NO_TRUTH, points=None)
    if masked:
        about = _masked(about)
    found = follow(one.text, one.row, about)
    matched = {"source": found.source, "target": found.target, "answer": found.answer}
    return replace(_line(one, BY_TRUTH, Judged(state="scored", points=found.points)), matched=matched)


def _masked(about: Meant) -> Meant:
    """People under the numbers that ``controls.mask_names`` gave them."""
    numbered = enumerate(about.peers, start=1)
    peers = (replace(one, name=f"Person {n}") if isinstance(one, Person) else one for n, one in numbered)
    return replace(about, peers=tuple(peers))


def _line(one: _Reasoned, by: str, judged: Judged[LogicPoints]) -> Located:
    told = {f.name: getattr(judged, f.name) for f in fields(judged)}
    return Located(id=one.row.id, by=by, reasoning=one.digest, **told)


async def _greet(config: ChatConfig) -> None:
    """Find out whether the judge answers at all, before every row waits for it in vain."""
    async with Chat(config) as chat:
        await chat.ask([{"role": "user", "content": "Say yes."}])
