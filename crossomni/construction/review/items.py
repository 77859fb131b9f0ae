"""What a reviewer is asked, and the folder that a review lives in.

A review's folder holds ``review.json`` (how it was drawn), ``items.jsonl`` (what is asked), ``labels.jsonl`` (what
people said) and, when it was asked for, ``report.html``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args

from crossomni.errors import DataError, RecordError, RunError
from crossomni.ledger import Ledger, write_json
from crossomni.notes import json_lines, read_object
from crossomni.records import check_clip_id

Kind = Literal["voice", "description", "biography", "question"]
KINDS: tuple[Kind, ...] = get_args(Kind)
VOICE_LABELS = ("quality", "pitch", "emotion")  # what section 2.4 has people label again
CANNOT_TELL = "cannot tell"
CORRECT, NOT_CORRECT = "correct", "not correct"
NOTHING, SOMETHING = "nothing inappropriate", "inappropriate"
KEYS = "123456789abcdefghijklmnopqrstuvwxyz"  # on the page, a key for each choice; CANNOT_TELL has 0
MOST_CHOICES = len(KEYS)


@dataclass(frozen=True, kw_only=True)
class ReviewItem:
    """One thing that people label: a clip, what is to be judged, and the labels to choose from."""

    id: str
    kind: Kind
    aspect: str = ""  # of a voice: which label, as "pitch"; empty text for the other kinds
    clip_id: str
    video: str  # the clip's file, relative to the review's media folder
    about: str  # whom or what it is about, as a reviewer can find it in the clip
    claim: str  # what is to be judged; empty text for a voice, where the automatic label must not be seen
    asks: str  # what the reviewer is to do
    choices: tuple[str, ...]
    automatic: str  # the choice that the pipeline stands for; no reviewer sees it

    def __post_init__(self) -> None:
        object.__setattr__(self, "choices", tuple(self.choices))
        where = f"item {self.id!r}"
        for name in ("id", "aspect", "video", "about", "claim", "asks", "automatic"):
            if not isinstance(getattr(self, name), str):
                raise RecordError(f"{where}: {name} is {getattr(self, name)!r}; wanted text.")
        if not self.id.strip() or self.kind not in KINDS:
            raise RecordError(f"{where}: the kind is {self.kind!r}; wanted an id, and one of {', '.join(KINDS)}.")
        check_clip_id(self.clip_id, where)
        self._check_choices(where)
        path = PurePosixPath(self.video)
        if not self.video or path.is_absolute() or ".." in path.parts:
            raise RecordError(f"{where}: video is {self.video!r}; wanted a path inside the media folder, without '..'.")

    def _check_choices(self, where: str) -> None:
        choices = self.choices
        if not all(isinstance(choice, str) and choice.strip() for choice in choices) or len({*choices}) < len(choices):
            raise RecordError(f"{where}: choices are {list(choices)}; wanted texts that differ, none of them empty.")
        if not 3 <= len(choices) <= MOST_CHOICES + 1 or choices[-1] != CANNOT_TELL:
            raise RecordError(
                f"{where}: {len(choices)} choices came; wanted 2 to {MOST_CHOICES}, and {CANNOT_TELL!r} as the last."
            )
        if self.automatic not in choices[:-1]:
            raise RecordError(f"{where}: the pipeline's label is {self.automatic!r}; wanted one of {list(choices)}.")

    @property
    def subject(self) -> str:
        """What its figures stand under: ``"voice: pitch"``, ``"question"``."""
        return f"{self.kind}: {self.aspect}" if self.aspect else self.kind

    @classmethod
    def from_json(cls, data: Mapping[str, Any], where: str) -> ReviewItem:
        """Read a line of ``items.jsonl``.

        Raises:
            DataError: naming the place, when a field is missing, unknown, or not what the record demands.
        """
        known = {field.name: field.default is MISSING for field in fields(cls)}
        wrong = [name for name in data if name not in known]
        wrong += [name for name, demanded in known.items() if demanded and name not in data]
        if wrong or not isinstance(data.get("choices"), list):
            raise DataError(
                f"{where}: no review item ({', '.join(wrong) or 'choices'} missing, unknown or wrong). "
                "Draw the sample again: crossomni review sample"
            )
        try:
            return cls(**data)
        except RecordError as error:
            raise DataError(f"{where}: {error}") from error


class ReviewFolder:
    """A review on disk; what is in it is read when it is asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.items_path = path / "items.jsonl"
        self.labels_path = path / "labels.jsonl"
        self.about_path = path / "review.json"
        self.report_path = path / "report.html"

    @classmethod
    def open(cls, path: Path) -> ReviewFolder:
        """A folder that ``crossomni review sample`` wrote.

        Raises:
            DataError: when it is none.
        """
        folder = cls(path)
        if not folder.about_path.is_file() or not folder.items_path.is_file():
            raise DataError(
                f"{path}: no review.json and items.jsonl in it; wanted a folder that `crossomni review sample` wrote."
            )
        return folder

    @cached_property
    def items(self) -> dict[str, ReviewItem]:
        """Its items by id, in their order.

        Raises:
            DataError: naming the line that is no item, or whose id was there before.
        """
        found: dict[str, ReviewItem] = {}
        for where, data in json_lines(self.items_path):
            item = ReviewItem.from_json(data, where)
            if item.id in found:
                raise DataError(f"{where}: item {item.id!r} is there twice. Draw the sample again.")
            found[item.id] = item
        if not found:
            raise DataError(f"{self.items_path}: no items in it; wanted at least one. Draw the sample again.")
        return found

    @cached_property
    def about(self) -> dict[str, Any]:
        """``review.json``: data, seed, media, how many were asked for and drawn."""
        return read_object(self.about_path)

    def write(self, items: Iterable[ReviewItem], about: Mapping[str, Any]) -> bool:
        """Write a sample; False where this very one is there already.

        ``review.json`` comes last: a folder without it was not finished, and is written anew.

        Raises:
            RunError: when another sample is there, or it cannot be written.
        """
        if self.about_path.is_file():
            if self.about == dict(about):
                return False
            raise RunError(f"{self.path}: another sample is in it. Choose another folder; people's labels hang on it.")
        if self.labels_path.exists():
            raise RunError(f"{self.path}: labels of another sample are in it. Choose another folder.")
        with Ledger(self.items_path) as ledger:
            ledger.replace(asdict(item) for item in items)
        write_json(self.about_path, dict(about))
        return True

    def media(self, given: Path | None = None) -> Path:
        """The folder that clips are in: as it was when the sample was drawn, or ``given``.

        Raises:
            DataError: when it is not there, or a clip's file is not in it; the line names the first one.
        """
        folder = given if given is not None else Path(str(self.about.get("media", "")))
        if not folder.is_dir():
            raise DataError(f"{folder}: no such folder; wanted the clips' media. Give --media.")
        absent = [item.video for item in self.items.values() if not (folder / item.video).is_file()]
        if absent:
            raise DataError(
                f"{folder / absent[0]}: the file is missing, and those of {len(set(absent)) - 1} more clips. "
                "Bring them back, or give --media."
            )
        return folder
