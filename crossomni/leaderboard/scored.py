"""Submissions scored again: replies are read and compared with the board's labels, and with nothing else.

What a submitter says of letters, states or scores is never used; where it differs from what is found, the entry tells.
What leaves this module are sums over hundreds of rows: nothing of a single row, and nothing that names an answer.
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from crossomni import __version__
from crossomni.answers import read_answer
from crossomni.errors import CrossOmniError, DataError, InputError, RecordError, RunError
from crossomni.leaderboard.archive import LIMITS, Limits
from crossomni.leaderboard.configuration import told
from crossomni.leaderboard.entries import Entry, Refused
from crossomni.leaderboard.labels import Labels, labels_for
from crossomni.leaderboard.schema import shorten
from crossomni.leaderboard.store import Filed, Store
from crossomni.leaderboard.submission import Submission, unpack
from crossomni.ledger import write_json
from crossomni.notes import read_object
from crossomni.records import Answer, Row
from crossomni.scoring import details

_log = logging.getLogger(__name__)

_FORM = 2  # of a cached entry
_SAME = 0.005  # percent: scores that differ by less were rounded
_SHORT = 48  # characters of a reply that is worth remembering
_FEW = 24  # files for which a second process does not pay
_STAMPS = ("size", "mtime", "ino", "created", "ETag", "etag", "blob_id", "last_modified")


def score_all(store: Store, labels: Sequence[Labels], cache: Path | None, processes: int = 1) -> list[Entry | Refused]:
    """Each file of the store as an entry, or refused; the oldest first. Holds one submission at a time a process."""
    listed, strangers = store.listed()
    found: dict[str, Entry | Refused] = {}
    todo: list[Filed] = []
    kept = _Cache.of(cache, labels)
    stamps = {filed: _stamp(info) for filed, info in listed.items()}
    for filed in listed:
        known = kept.load(filed, stamps[filed]) if kept else None
        if known is None:
            todo.append(filed)
        else:
            found[filed.name] = known
    for filed, one in zip(todo, _score_files(store, labels, todo, processes), strict=True):
        found[filed.name] = one
        if kept:
            kept.save(filed, stamps[filed], one)
    odd = [Refused(file=shorten(name)[1:-1], reason=_STRANGER) for name in strangers]
    return [*_once_each(found[filed.name] for filed in listed), *odd]


_STRANGER = (
    "is no submission's file: wanted <time>-<sha256>.zip. "
    "Send a run with `crossomni leaderboard submit`, which names it."
)


def _once_each(found: Iterable[Entry | Refused]) -> Iterator[Entry | Refused]:
    """The same bytes under two names count once, as they came first."""
    seen: set[str] = set()
    for one in found:
        if isinstance(one, Entry) and one.key in seen:
            file = f"{one.at} {one.key[:12]}….zip"
            yield Refused(file=file, reason="the same submission came before, under another time. Take this one out.")
            continue
        if isinstance(one, Entry):
            seen.add(one.key)
        yield one


def _score_files(
    store: Store, labels: Sequence[Labels], todo: Sequence[Filed], processes: int
) -> Iterator[Entry | Refused]:
    if processes < 2 or len(todo) < _FEW or not store.is_shared:
        yield from map(partial(_score_file, store, labels), todo)
        return
    with ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=_begin, initargs=(store, tuple(labels))
    ) as pool:
        yield from pool.map(_score_here, todo, chunksize=8)


_OF_THIS_PROCESS: list[Any] = []


def _begin(store: Store, labels: Sequence[Labels]) -> None:
    _OF_THIS_PROCESS[:] = [store, labels]


def _score_here(filed: Filed) -> Entry | Refused:
    store, labels = _OF_THIS_PROCESS
    return _score_file(store, labels, filed)


def _score_file(store: Store, labels: Sequence[Labels], filed: Filed) -> Entry | Refused:
    try:
        return entry_of(filed, unpack(store.read(filed), limits_for(labels)), labels)
    except CrossOmniError as error:
        return Refused(file=filed.name, reason=" ".join(str(error).split()))


def entry_of(filed: Filed, submission: Submission, labels: Sequence[Labels]) -> Entry:
    """A submission scored by the board's labels.

    Raises:
        InputError: when it is on other data, or its ids are not those of the data's rows.
    """
    about = submission.about
    truth = check_rows(submission, labels)
    scores, states = _scores(submission, truth)
    return Entry(
        key=filed.key,
        name=about.name,
        submitter=about.submitter,
        link=about.link,
        notes=about.notes,
        model=about.model,
        at=filed.iso,
        data=truth.data,
        labels=truth.kind,
        prompt=about.prompt,
        frames=submission.frames,
        sound=submission.sound,
        knock_out=tuple(about.knock_out),
        receipts=submission.receipts,
        scores=scores,
        told=(*_claims(about.claimed, scores), *states),
        configuration=told(about),
    )


def limits_for(labels: Sequence[Labels]) -> Limits:
    """No more rows are read than the largest of the board's sets has."""
    return replace(LIMITS, rows=min(LIMITS.rows, max((len(one.rows) for one in labels), default=LIMITS.rows)))


def check_rows(submission: Submission, labels: Sequence[Labels]) -> Labels:
    """The labels that a submission is about, when it has a reply to each of their rows and to no other.

    Raises:
        InputError: naming the first id that is missing or unknown.
    """
    about = submission.about.data
    truth = labels_for(about.fingerprint, about.split, labels)
    ids = {line.id for line in submission.replies}
    unknown = [line.id for line in submission.replies if line.id not in truth.rows]
    if unknown:
        raise InputError(
            f"replies.jsonl: {len(unknown)} ids are no rows of {truth.data}, {shorten(unknown[0])} for one. "
            "Submit a run on the board's data."
        )
    missing = [row_id for row_id in truth.rows if row_id not in ids]
    if missing:
        raise InputError(
            f"replies.jsonl: {len(missing)} of {len(truth.rows)} rows of {truth.data} have no reply, "
            f"{shorten(missing[0])} for one. Evaluate all rows, without --limit, and submit again."
        )
    return truth


def _scores(submission: Submission, truth: Labels) -> tuple[dict[str, float], tuple[str, ...]]:
    """The metric's flat dict with the gap, and what is told of states that are not those found."""
    rows: list[Row] = [truth.rows[line.id] for line in submission.replies]
    answers = [_read(line.reply, row.options) for line, row in zip(submission.replies, rows, strict=True)]
    order = {row_id: place for place, row_id in enumerate(truth.rows)}
    places = sorted(range(len(rows)), key=lambda place: order[rows[place].id])  # a bootstrap hangs on the order
    found = details(
        [answers[place].letter for place in places],
        [rows[place].answer for place in places],
        [rows[place].task or "" for place in places],
        [rows[place].clip_id for place in places],
    )
    flat: dict[str, float] = {}
    for name, estimate in (*found.accuracy.items(), ("gap", found.gap.points)):
        flat |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    unread = sum(answer.letter is None for answer in answers)
    flat |= {"gap_relative": found.gap.relative.value, "unread": 100 * unread / len(rows), "n": len(rows)}
    others = sum(line.state != answer.state for line, answer in zip(submission.replies, answers, strict=True))
    said = f"{others} replies are read otherwise than the submission says" if others else ""
    return flat, (said,) if said else ()


def _claims(claimed: Mapping[str, float | None], found: Mapping[str, float]) -> Iterator[str]:
    value = claimed.get("overall")
    if value is not None and not abs(value - found["overall"]) < _SAME:
        yield f"claimed {value:.2f} overall, found {found['overall']:.2f}"


def _read(reply: str, options: tuple[str, ...]) -> Answer:
    """What ``read_answer`` reads, but for the thinking, which nobody asks for here."""
    if reply.startswith("<think>") and reply.count("<") == 2 and "◁" not in reply:
        _, ended, said = reply.partition("</think>")
        reply = said.strip() if ended else reply  # one block, closed once: what stands behind it is all that is said
    return _read_short(reply, options) if len(reply) <= _SHORT else read_answer(reply, options)


@lru_cache(maxsize=2**15)
def _read_short(reply: str, options: tuple[str, ...]) -> Answer:
    """Models say the same letter to the same row again and again."""
    return read_answer(reply, options)


# --- what was scored before ---


def _stamp(info: Mapping[str, Any]) -> str:
    """What changes with a file's bytes, by what its file system says: they are read again when it does."""
    return repr([str(info.get(name, "")) for name in _STAMPS])


@dataclass(frozen=True)
class _Cache:
    """What files came to, by their hash and the labels: a folder on the board's side."""

    folder: Path
    mark: str

    @classmethod
    def of(cls, folder: Path | None, labels: Sequence[Labels]) -> _Cache | None:
        """The cache for these labels, None where there is no folder."""
        if folder is None:
            return None
        marks = [_FORM, __version__, *sorted(f"{one.data} {one.kind} {one.mark}" for one in labels)]
        return cls(Path(folder), hashlib.sha256(repr(marks).encode()).hexdigest()[:32])

    def _path(self, filed: Filed) -> Path:
        return self.folder / self.mark / f"{filed.name}.json"

    def load(self, filed: Filed, stamp: str) -> Entry | Refused | None:
        """What the file came to, None where it is not known or the file has another stamp since."""
        path = self._path(filed)
        if not path.is_file():
            return None
        try:
            data = read_object(path)
            if data["stamp"] != stamp:
                return None
            return Refused(**data["refused"]) if "refused" in data else _entry(data["entry"])
        except (DataError, KeyError, TypeError, RecordError):
            return None  # damaged: made again

    def save(self, filed: Filed, stamp: str, one: Entry | Refused) -> None:
        """Keep it; a disk that cannot be written costs time, never a board."""
        if isinstance(one, Entry):
            data: dict[str, Any] = {"stamp": stamp, "entry": one.to_json()}
        else:
            data = {"stamp": stamp, "refused": {"file": one.file, "reason": one.reason}}
        try:
            write_json(self._path(filed), data)
        except RunError as error:
            _log.warning("%s", error)


def _entry(data: Mapping[str, Any]) -> Entry:
    entry = Entry(**data)
    if not all(isinstance(value, int | float) for value in entry.scores.values()):
        raise RecordError(f"entry {entry.name!r}: a score is no number.")
    return replace(entry, scores={name: math.nan if value is None else value for name, value in entry.scores.items()})
