"""What a board knows of one system before it is ranked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from sys import intern
from typing import Any, Literal, get_args

from crossomni.errors import RecordError

LabelKind = Literal["hidden", "open", "published"]
PromptKind = Literal["default", "cot", "icl", "own"]
Receipts = Literal["all", "some", "none"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One system on one set of data. Names, notes and links are plain text, whatever they hold."""

    key: str  # SHA-256 of the submission's file; "published/<table>/<system>" for the paper's rows
    name: str
    submitter: str
    link: str  # http(s), or empty
    notes: str
    model: str
    at: str  # ISO time in UTC; empty for the paper's rows
    data: str  # the name of the board's data: "playhouse"
    labels: str  # LabelKind
    prompt: str  # PromptKind
    frames: int | None  # of a clip, at most, that reached the model; None where it is not known
    sound: bool | None  # whether sound reached the model; None where it is not known
    knock_out: tuple[str, ...]
    receipts: str  # Receipts: for how many rows it is known what reached the model
    scores: Mapping[str, float]  # the metric's dict, and gap, gap_low, gap_high, gap_relative; percent and points
    told: tuple[str, ...] = ()  # what the board noticed: claimed scores that are not those found, say
    configuration: Mapping[str, str] = field(default_factory=dict)  # how the run was made, and with which versions

    def __post_init__(self) -> None:
        for name in ("knock_out", "told"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name in ("scores", "configuration"):  # a board of thousands has each of their names once in memory
            object.__setattr__(self, name, {intern(key): value for key, value in getattr(self, name).items()})
        for name, kind in (("labels", LabelKind), ("prompt", PromptKind), ("receipts", Receipts)):
            value, allowed = getattr(self, name), get_args(kind)
            if value not in allowed:
                raise RecordError(f"entry {self.name!r}: {name} is {value!r}; wanted one of {', '.join(allowed)}.")
        if not self.key or not self.name:
            raise RecordError(f"entry {self.name!r}: key and name must not be empty.")

    def to_json(self) -> dict[str, Any]:
        """A plain dict; nan stays nan."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A file of the store that is no submission, and why."""

    file: str
    reason: str
