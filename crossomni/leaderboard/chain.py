"""The chain over a store's files: who audits a board sees that a file was changed, removed, or put in between.

``chain.jsonl`` has a line for each submission that was taken in, in the order of taking in::

    {"number": 3, "file": "<time>-<sha256>.zip", "size": 41022, "taken": "<time>", "previous": "<hash>", "hash": …}

``hash`` is the SHA-256 of the line without it, in canonical JSON, and ``previous`` the hash of the line before (64
zeros at first). So no line can be changed, taken out or put in without all hashes after it changing, and the last one,
the *head*, stands for everything before it: a board shows its head, and who noted an older head (``verify --head``) can
see that the chain still goes through it. That is what a chain cut off at its end, or made anew as a whole, cannot do.

Submitters do not link their files to each other, since two that submit at once, or wait as pull requests for days,
could not know of each other. The keeper's side takes in instead: ``receive`` does it with every submission to a folder,
and ``verify --take-in`` with files that came another way (a merged pull request). One side writes at a time
(``Store.held``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from crossomni.errors import DataError, InputError
from crossomni.leaderboard.entries import Refused
from crossomni.leaderboard.store import CHAIN, Filed, Store

_FIRST = "0" * 64
_FIELDS = {"number": int, "file": str, "size": int, "taken": str, "previous": str, "hash": str}
_LONGEST_LINE = 2_000


@dataclass(frozen=True, kw_only=True)
class Link:
    """One line of the chain."""

    number: int  # from 1 on
    file: str
    size: int  # of the file, in bytes
    taken: str  # when it was taken in, ISO, UTC
    previous: str
    hash: str

    @classmethod
    def after(cls, last: Link | None, filed: Filed, size: int, now: datetime) -> Link:
        """The line that follows ``last``."""
        fields = {
            "number": last.number + 1 if last else 1,
            "file": filed.name,
            "size": size,
            "taken": now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "previous": last.hash if last else _FIRST,
        }
        return cls(**fields, hash=_hash(fields))  # type: ignore[arg-type]

    @classmethod
    def read(cls, line: bytes, number: int) -> Link:
        """Line ``number`` of the chain, when it is whole and its hash its own.

        Raises:
            DataError: naming the line.
        """
        where = f"{CHAIN}, line {number}"
        try:
            data = json.loads(line) if len(line) <= _LONGEST_LINE else None
        except (ValueError, RecursionError) as error:
            raise DataError(f"{where}: is torn or no JSON. Bring the chain back from a copy.") from error
        if not isinstance(data, dict) or {name: type(value) for name, value in data.items()} != _FIELDS:
            raise DataError(f"{where}: is not a line of the chain. Bring the chain back from a copy.")
        if Filed.read(data["file"]) is None:
            raise DataError(f"{where}: names no submission's file. Bring the chain back from a copy.")
        if data["hash"] != _hash({name: value for name, value in data.items() if name != "hash"}):
            raise DataError(f"{where}: was changed: its hash is another. Bring the chain back from a copy.")
        return cls(**data)

    def to_line(self) -> bytes:
        """The line."""
        return (json.dumps({name: getattr(self, name) for name in _FIELDS}) + "\n").encode()


def _hash(fields: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def read_chain(text: bytes) -> tuple[Link, ...]:
    """Every line, each following from the one before.

    Raises:
        DataError: naming the first line that was changed, removed or put in.
    """
    links: list[Link] = []
    if text and not text.endswith(b"\n"):
        raise DataError(f"{CHAIN}: its last line is torn. Bring the chain back from a copy.")
    for number, line in enumerate(text.splitlines(), start=1):
        link = Link.read(line, number)
        if link.number != number or link.previous != (links[-1].hash if links else _FIRST):
            raise DataError(
                f"{CHAIN}, line {number}: does not follow from the line before: lines were removed or put in. "
                "Bring the chain back from a copy."
            )
        links.append(link)
    return tuple(links)


def head(store: Store) -> str:
    """The chain's last hash; empty where nothing was taken in, or the chain is broken (``verify`` says how)."""
    try:
        links = read_chain(store.read_chain())
    except DataError:
        return ""
    return links[-1].hash if links else ""


def missing(store: Store) -> tuple[Refused, ...]:
    """What the chain took in and the store lacks; nothing where the chain is broken."""
    try:
        links = read_chain(store.read_chain())
    except DataError as error:
        return (Refused(file=CHAIN, reason=str(error)),)
    there = {filed.name for filed in store.listed()[0]}
    reason = "the chain took it in, and it is not there. Bring it back from a copy."
    return tuple(Refused(file=link.file, reason=reason) for link in links if link.file not in there)


def take_in(store: Store, filed: Filed, size: int, now: datetime) -> None:
    """Append a submission that lies in the store. Only within ``Store.held``.

    Raises:
        DataError: when the chain is broken.
    """

    def line(there: bytes) -> bytes:
        links = read_chain(there)
        return Link.after(links[-1] if links else None, filed, size, now).to_line()

    store.append_chain(line)


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What an audit found."""

    links: tuple[Link, ...]
    faults: tuple[str, ...]  # a line each: what was taken in was changed or removed, or the chain itself
    waiting: tuple[str, ...]  # files that nobody took in yet
    doubtful: tuple[str, ...]  # a line each: of what is not in the chain, what the keeper should look at

    @property
    def head(self) -> str:
        """The chain's last hash."""
        return self.links[-1].hash if self.links else ""


def verify(store: Store, known_head: str = "") -> Verified:
    """Read every file again and follow the chain.

    Args:
        known_head: a head that was noted earlier: the chain has to go through it.
    """
    faults: list[str] = []
    doubtful: list[str] = []
    links: Sequence[Link] = ()
    try:
        links = read_chain(store.read_chain())
    except DataError as error:
        faults.append(str(error))
    listed, strangers = store.listed()
    names = {filed.name: filed for filed in listed}
    chained = {link.file for link in links}
    for link in links:
        if link.file not in names:
            faults.append(f"{link.file}: line {link.number} of the chain took it in, and it was removed")
    for filed, name in ((filed, filed.name) for filed in listed):
        try:
            store.read(filed)
        except InputError as error:
            (faults if name in chained else doubtful).append(f"{name}: {error}")
    last = max((filed.at for filed in listed if filed.name in chained), default=None)
    waiting = [name for name in names if name not in chained]
    if known_head and known_head not in {link.hash for link in links}:
        faults.append(f"{CHAIN}: it does not go through the head {known_head[:12]}…: it was cut off or made anew")
    # A pull request that was merged late, or a file that somebody put in between.
    between = [name for name in waiting if last is not None and names[name].at < last]
    doubtful += [f"{name}: dated before the last that was taken in" for name in between]
    doubtful += [f"{name}: no submission's name" for name in strangers]
    return Verified(links=tuple(links), faults=tuple(faults), waiting=tuple(waiting), doubtful=tuple(doubtful))
