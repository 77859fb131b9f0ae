"""What people said: lines that are only added, from several people and several processes at once."""

from __future__ import annotations

import fcntl
import json
import os
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Self

from crossomni.construction.review.items import ReviewFolder
from crossomni.errors import DataError, InputError, RecordError, RunError
from crossomni.ledger import Ledger

PIPELINE = "the pipeline"  # in figures, beside reviewers
MOST_NAME = 80  # characters of a reviewer's name
_FIELDS = ("item", "reviewer", "label", "at", "through")


@dataclass(frozen=True, kw_only=True)
class Label:
    """One answer of one reviewer."""

    item: str  # an item's id
    reviewer: str
    label: str  # one of the item's choices
    at: str  # when, ISO 8601
    through: str  # "page", or "label-studio"

    def __post_init__(self) -> None:
        for name in _FIELDS:
            value = getattr(self, name)
            if not isinstance(value, str) or not value:
                raise RecordError(f"label of item {self.item!r}: {name} is {value!r}; wanted text.")

    @classmethod
    def now(cls, item: str, reviewer: str, label: str, through: str = "page") -> Self:
        """A label that was given this second."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(item=item, reviewer=reviewer, label=label, at=at, through=through)


def reviewer_name(typed: str) -> str:
    """The name that a reviewer goes by: blanks at the ends and in a row do not count.

    >>> reviewer_name("  Ada   Lovelace ")
    'Ada Lovelace'

    Raises:
        InputError: for an empty name, one of more than 80 characters, with characters that cannot be seen, or
            "the pipeline", which figures speak of beside reviewers.
    """
    name = " ".join(unicodedata.normalize("NFC", typed).split()) if isinstance(typed, str) else ""
    if not name or len(name) > MOST_NAME or not name.isprintable() or name.casefold() == PIPELINE:
        raise InputError(
            f"the reviewer's name is {str(typed)[:MOST_NAME]!r}; wanted 1 to {MOST_NAME} visible characters, "
            f"and not {PIPELINE!r}. Give one."
        )
    return name


class Labels:
    """The labels of one review, as they stand in its file at this moment, whoever wrote them.

    Threads of one process may share it; other processes may have one of their own on the same folder.
    """

    def __init__(self, folder: ReviewFolder) -> None:
        self._folder = folder
        self._path = folder.labels_path
        self._thread = threading.RLock()
        self._read_to, self._lines, self._inode = 0, 0, -1
        self._last: dict[tuple[str, str], Label] = {}  # by reviewer and item

    def add(self, labels: Iterable[Label]) -> None:
        """Write labels; when this returns, no kill of this process loses one of them.

        Several writers wait for each other: the file is held only while it is written.

        Raises:
            InputError: for an item that is not in the review, or a label that is none of its choices; then nothing
                is written.
            RunError: when it cannot be written.
        """
        given = list(labels)
        for label in given:
            self.check(label)
        with self._thread, self._turn(), Ledger(self._path) as ledger:
            for label in given:
                ledger.append(asdict(label))

    def check(self, label: Label) -> None:
        """Refuse a label that the review does not know.

        Raises:
            InputError: naming item and label.
        """
        item = self._folder.items.get(label.item)
        if item is None:
            raise InputError(f"{self._folder.path}: no item {label.item!r} in this review. Take its own items.")
        if label.label not in item.choices:
            raise InputError(
                f"item {label.item!r}: {label.label!r} came from {label.reviewer!r}; wanted one of "
                f"{', '.join(item.choices)}."
            )
        reviewer_name(label.reviewer)

    def last(self) -> Mapping[tuple[str, str], Label]:
        """By reviewer and item, what the reviewer said last.

        Raises:
            DataError: naming the line that is no label of this review.
        """
        with self._thread:
            for where, data in self._new_lines():
                label = _label(data, where)
                try:
                    self.check(label)
                except InputError as error:
                    raise DataError(f"{where}: {error}") from error
                self._last[label.reviewer, label.item] = label
            return dict(self._last)

    def of(self, reviewer: str) -> dict[str, str]:
        """By item, what this reviewer said last."""
        return {item: label.label for (who, item), label in self.last().items() if who == reviewer}

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait until no other process of this module writes."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            turn = os.open(self._path.with_name(f".{self._path.name}.turn"), os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise RunError(f"{self._path}: labels cannot be written ({error.strerror}). Mend the folder.") from error
        try:
            fcntl.flock(turn, fcntl.LOCK_EX)
            yield
        finally:
            os.close(turn)

    def _new_lines(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Whole lines that were not read before; a last line without its newline is still being written."""
        if not self._path.is_file():
            return
        with self._path.open("rb") as file:
            state = os.fstat(file.fileno())
            if state.st_ino != self._inode or state.st_size < self._read_to:
                self._read_to, self._lines, self._inode = 0, 0, state.st_ino
                self._last.clear()
            file.seek(self._read_to)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                where = f"{self._path}, line {self._lines + 1}"
                yield where, _object(line, where)
                self._read_to, self._lines = self._read_to + len(line), self._lines + 1


def _object(line: bytes, where: str) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: not JSON ({error}). Mend or remove the line.") from error
    if not isinstance(data, dict):
        raise DataError(f"{where}: {type(data).__name__} came, a label was wanted. Remove the line.")
    return data


def _label(data: dict[str, Any], where: str) -> Label:
    if set(data) != set(_FIELDS):
        raise DataError(f"{where}: fields are {', '.join(data)}; wanted {', '.join(_FIELDS)}. Mend or remove the line.")
    try:
        return Label(**data)
    except RecordError as error:
        raise DataError(f"{where}: {error}") from error
