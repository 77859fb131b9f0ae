"""What is kept of clips that are done, read from its files clip by clip: thousands of them need no memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

from crossomni.construction.models.items import Worked
from crossomni.ledger import read_records
from crossomni.records import Annotation, Clip


@dataclass(frozen=True)
class Place:
    """Where a clip's record stands."""

    path: Path
    offset: int  # bytes
    is_done: bool  # False: a server did not reply, and the clip is asked about again
    has_annotation: bool

    @classmethod
    def of(cls, path: Path, offset: int, record: Mapping[str, Any]) -> Place:
        """Of a record that begins there."""
        return cls(path, offset, bool(record.get("is_done")), record.get("annotation") is not None)

    def read(self) -> dict[str, Any]:
        """The record."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            found: dict[str, Any] = json.loads(file.readline())
        return found


def places(paths: Iterable[Path], wanted: Mapping[str, object]) -> dict[str, Place]:
    """Where the records of these keys stand; a later one stands for an earlier one that is not done.

    Raises:
        RunError: for a line that is no record.
    """
    found: dict[str, Place] = {}
    for path in paths:
        if not path.exists():
            continue
        offset = 0
        with path.open("rb") as lines:
            for line, record in zip(lines, read_records(path), strict=False):  # a torn last line is none
                if (key := str(record.get("key"))) in wanted and not (key in found and found[key].is_done):
                    found[key] = Place.of(path, offset, record)
                offset += len(line)
    return found


class Kept(Sequence[Worked]):
    """Clips in order, each read from its file when it is asked for, and let go."""

    def __init__(
        self, found: Iterable[tuple[Clip, Place]], change: Callable[[Worked], Worked] = lambda worked: worked
    ) -> None:
        self._found = tuple(found)
        self._change = change

    @overload
    def __getitem__(self, place: int) -> Worked: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Worked]: ...
    def __getitem__(self, place: int | slice) -> Worked | Sequence[Worked]:
        if isinstance(place, slice):
            return Kept(self._found[place], self._change)
        clip, where = self._found[place]
        return self._change(Worked.from_json(where.read(), clip))

    def __len__(self) -> int:
        return len(self._found)

    def changed(self, change: Callable[[Worked], Worked]) -> Kept:
        """The same clips, each changed when it is read."""
        return Kept(self._found, change)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the clips."""
        return tuple(clip.id for clip, _ in self._found)

    @property
    def silent(self) -> tuple[str, ...]:
        """Clips that are not done, since a server did not reply."""
        return tuple(clip.id for clip, place in self._found if not place.is_done)

    @property
    def annotations(self) -> Annotations:
        """What is known of clips, by their ids."""
        return Annotations({clip.id: place for clip, place in self._found if place.has_annotation})


class Annotations(Mapping[str, Annotation]):
    """By clip id, each read when it is asked for."""

    def __init__(self, found: Mapping[str, Place]) -> None:
        self._found = found

    def __getitem__(self, name: str) -> Annotation:
        return Annotation.from_json(self._found[name].read()["annotation"])

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)
