"""Taking a submission in: everything that can be refused is refused before a byte is stored."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from threading import BoundedSemaphore

from crossomni.errors import InputError
from crossomni.leaderboard.chain import take_in
from crossomni.leaderboard.labels import Labels
from crossomni.leaderboard.schema import shorten
from crossomni.leaderboard.scored import check_rows, limits_for
from crossomni.leaderboard.store import Filed, Store
from crossomni.leaderboard.submission import Submission, unpack

_CHECKS = BoundedSemaphore(2)  # an archive of the most bytes takes a gigabyte while it is read
A_DAY = 5  # submissions of one submitter in a day of UTC


def receive(data: bytes, store: Store, labels: Sequence[Labels] | None, *, now: datetime, a_day: int = A_DAY) -> str:
    """Check an archive, store it as a file that never changes, take it into the chain, and return its key.

    Who a submitter is, nobody proves: the limit a day keeps friends from filling a board by mistake, and makes trying
    out hidden labels slow for those who keep to one name. Submitters without a name count as one.

    Args:
        labels: of the board's data; None where the board's keeper alone has them: rows are then checked when the board
            is made.
        now: the time that the file gets.
        a_day: how many a submitter may send in a day.

    Raises:
        InputError: with one line that says what is wrong and what to do; nothing is stored then.
        DataError: when the store's chain is broken.
    """
    with _CHECKS:
        submitter = _checked(data, labels).about.submitter
    filed = Filed.of(data, now)
    with store.held():
        there = tuple(store.listed()[0])
        _check_new(there, filed)
        _check_day(store, there, filed, submitter, a_day)
        store.put(filed, data)
        take_in(store, filed, len(data), now)
    return filed.key


def take_in_waiting(store: Store, labels: Sequence[Labels] | None, names: Sequence[str], *, now: datetime) -> list[str]:
    """Take files of the store into the chain that came another way (a merged pull request), the oldest first.

    Returns what was refused, a line each; such a file stays where it is and out of the chain.
    """
    refused: list[str] = []
    with store.held():
        for filed in sorted(found for found in map(Filed.read, names) if found is not None):
            try:
                data = store.read(filed)
                _checked(data, labels)
            except InputError as error:
                refused.append(f"{filed.name}: {error}")
                continue
            take_in(store, filed, len(data), now)
    return refused


def _checked(data: bytes, labels: Sequence[Labels] | None) -> Submission:
    """An archive's submission, with a reply to each row of the board's data, where these are known."""
    if labels is None:
        return unpack(data)
    submission = unpack(data, limits_for(labels))
    check_rows(submission, labels)
    return submission


def _check_new(there: Sequence[Filed], filed: Filed) -> None:
    same = next((other for other in there if other.key == filed.key), None)
    if same is not None:
        raise InputError(f"this very submission is there since {same.iso}. It needs no second sending.")


def _check_day(store: Store, there: Sequence[Filed], filed: Filed, submitter: str, a_day: int) -> None:
    day = filed.at.astimezone(UTC).date()
    who = _same_name(submitter)
    count = sum(_submitter(store, other) == who for other in there if other.at.date() == day)
    if count >= a_day:
        name = shorten(submitter) if submitter else "without a submitter's name"
        raise InputError(
            f"{count} submissions of {name} came on {day} (UTC) already; {a_day} a day are taken. "
            f"Send it tomorrow{'' if submitter else ', or give --submitter'}."
        )


@lru_cache(maxsize=4096)
def _submitter_of(key: str, store: Store, filed: Filed) -> str:
    return _same_name(unpack(store.read(filed)).about.submitter)


def _submitter(store: Store, filed: Filed) -> str | None:
    """Whose a stored submission is, None where the file is damaged."""
    try:
        return _submitter_of(filed.key, store, filed)
    except InputError:
        return None


def _same_name(name: str) -> str:
    """One name however it is written: capitals, widths, spaces."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
