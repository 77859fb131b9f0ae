"""The nouns of the project: frozen records, validated at birth.

Times are seconds from the start of the clip's file; intervals are half-open, ``[start, end)``.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeVar

from crossomni.errors import RecordError
from crossomni.tasks import Modality, Task

ReadState = Literal["read", "empty", "unread", "ambiguous"]
State = Literal["read", "empty", "unread", "ambiguous", "failed"]
READ_STATES: tuple[ReadState, ...] = ("read", "empty", "unread", "ambiguous")
STATES: tuple[State, ...] = (*READ_STATES, "failed")

_CLIP_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*")


def letters(count: int) -> tuple[str, ...]:
    """The option letters of a question with ``count`` options.

    >>> letters(4)
    ('A', 'B', 'C', 'D')
    """
    return tuple(string.ascii_uppercase[:count])


def check_clip_id(clip_id: str, where: str) -> str:
    """Return ``clip_id`` when it can be a file's stem inside a media folder, and nothing outside of it."""
    if not isinstance(clip_id, str) or not _CLIP_ID.fullmatch(clip_id) or ".." in clip_id:
        raise RecordError(
            f"{where}: clip id is {clip_id!r}; wanted letters, digits, '_', '-' and single dots, "
            "no folder and no '..'. Rename the clip."
        )
    return clip_id


def _check_span(start: float, end: float, where: str) -> None:
    if not (0 <= start < end < float("inf")):
        raise RecordError(f"{where}: the span is [{start}, {end}) s; wanted 0 <= start < end. Correct the times.")


@dataclass(frozen=True, kw_only=True)
class Line:
    """Something said, with its speaker (empty text where nobody is named)."""

    speaker: str
    text: str
    start_seconds: float
    end_seconds: float

    def __post_init__(self) -> None:
        _check_span(self.start_seconds, self.end_seconds, f"line {self.text!r}")


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A stretch of video with sound, split along subtitle lines."""

    id: str
    show: str
    episode: str
    start_seconds: float  # in the episode, where known; else 0
    end_seconds: float
    lines: tuple[Line, ...] = ()
    sha256: str = ""  # of the media file; empty where the media is not there

    def __post_init__(self) -> None:
        check_clip_id(self.id, f"clip {self.id!r}")
        _check_span(self.start_seconds, self.end_seconds, f"clip {self.id!r}")


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One thing that is so of a referent: where it is perceived, what kind it is, and its value in words."""

    modality: Modality
    kind: str
    value: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "modality", Modality(self.modality))
        if not self.kind or not self.value:
            raise RecordError(f"fact {self!r}: kind and value must not be empty.")


@dataclass(frozen=True, kw_only=True)
class Referent:
    """What questions are about, and the bridge between modalities (section 2.2.3)."""

    name: str
    facts: tuple[Fact, ...]  # what can be perceived of it, in each modality
    bridge: tuple[Fact, ...]  # the looks that its biography tells too: they join text to sight
    biography: str

    def fact(self, modality: Modality, kind: str) -> Fact | None:
        """The fact of this modality and kind, or None."""
        return next((f for f in self.facts if f.modality is modality and f.kind == kind), None)


@dataclass(frozen=True, kw_only=True)
class Person(Referent):
    """Somebody in the clip: a look, a voice with lines, a biography."""

    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Thing(Referent):
    """Something in the clip: what it is (its name), how it looks, where it stands, a biography."""


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """All that is known of a clip: who and what is in it. Known truth for playhouse, models' word elsewhere."""

    clip: Clip
    persons: tuple[Person, ...]
    things: tuple[Thing, ...] = ()
    biography: str  # the text that a model is given: every person's and thing's, in an order that tells nothing

    @property
    def referents(self) -> tuple[Referent, ...]:
        """Persons, then things."""
        return (*self.persons, *self.things)

    def to_json(self) -> dict[str, Any]:
        """A plain dict for one JSON file."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Annotation:
        """Read what ``to_json`` wrote.

        Raises:
            RecordError: when a field is missing or not what its record demands.
        """
        try:
            return cls(
                clip=Clip(**{**data["clip"], "lines": _lines(data["clip"]["lines"])}),
                persons=tuple(Person(**{**_referent(p), "lines": _lines(p["lines"])}) for p in data["persons"]),
                things=tuple(Thing(**_referent(t)) for t in data["things"]),
                biography=data["biography"],
            )
        except (KeyError, TypeError) as error:
            raise RecordError(f"annotation: {type(error).__name__} {error}. Make the annotation again.") from error


def _lines(data: Any) -> tuple[Line, ...]:
    return tuple(Line(**line) for line in data)


def _referent(data: Mapping[str, Any]) -> dict[str, Any]:
    facts = {key: tuple(Fact(**fact) for fact in data[key]) for key in ("facts", "bridge")}
    return {**data, **facts}


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question with lettered options on one clip, of this benchmark or another (2 to 26 options, task or none)."""

    id: str
    clip_id: str
    question: str
    options: tuple[str, ...]
    answer: str  # a letter; empty text where labels are held back
    task: Task | None = None
    biography: str = ""
    video: str = ""  # the clip's media file, as the data names it

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", tuple(self.options))
        if isinstance(self.task, str):
            object.__setattr__(self, "task", Task.parse(self.task))
        if not isinstance(self.id, str) or not self.id.strip():
            raise RecordError(f"a row has the id {self.id!r}; wanted text that is not empty.")
        check_clip_id(self.clip_id, f"row {self.id!r}")
        if not isinstance(self.question, str) or not self.question.strip():
            raise RecordError(f"row {self.id!r}: the question is {self.question!r}; wanted text.")
        self._check_options()
        if self.answer != "" and self.answer not in self.letters:
            raise RecordError(
                f"row {self.id!r}: answer is {self.answer!r}, but its {len(self.options)} options are lettered "
                f"{'/'.join(self.letters)}. Store the letter, not the option's text."
            )

    def _check_options(self) -> None:
        low, high = self._option_bounds
        if not low <= len(self.options) <= high:
            wanted = str(low) if low == high else f"{low} to {high}"
            raise RecordError(f"row {self.id!r}: {len(self.options)} options came, {wanted} were wanted.")
        if not all(isinstance(option, str) and option.strip() for option in self.options):
            raise RecordError(f"row {self.id!r}: an option is empty or not text: {list(self.options)}.")
        if len({option.strip().casefold() for option in self.options}) < len(self.options):
            raise RecordError(f"row {self.id!r}: two options say the same: {list(self.options)}.")

    @property
    def _option_bounds(self) -> tuple[int, int]:
        return 2, 26

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters of its options."""
        return letters(len(self.options))


@dataclass(frozen=True, kw_only=True)
class Row(Question):
    """One row of a CrossOmni dataset: a task, four options, and in training a four-step rationale."""

    rationale: str = ""
    show: str = ""
    episode: str = ""
    start_seconds: float = 0.0
    end_seconds: float = 0.0
    pair_id: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.task is None:
            raise RecordError(f"row {self.id!r}: no task; wanted one of the nine. Give its source and target.")

    @property
    def _option_bounds(self) -> tuple[int, int]:
        return 4, 4

    def to_columns(self) -> dict[str, Any]:
        """The contract's columns that hold text and numbers, in their order (no ``video``, no ``audio``)."""
        assert self.task is not None
        values = {f.name: getattr(self, f.name) for f in fields(self)} | {
            "task": self.task.id,
            "source": self.task.source.value,
            "target": self.task.target.value,
            "options": list(self.options),
        }
        return {name: values[name] for name in TEXT_COLUMNS}

    @classmethod
    def from_columns(cls, columns: Mapping[str, Any], video: str = "") -> Row:
        """Read a row of the contract's columns; media columns are left alone.

        Raises:
            RecordError: naming the row and what is wrong with it.
        """
        missing = [name for name in TEXT_COLUMNS if name not in columns]
        if missing:
            raise RecordError(f"row {columns.get('id')!r}: columns are missing: {', '.join(missing)}.")
        task = Task.parse(columns["task"])
        if (columns["source"], columns["target"]) != (task.source.value, task.target.value):
            raise RecordError(
                f"row {columns['id']!r}: task {task.id} goes from {task.source} to {task.target}, "
                f"but source and target are {columns['source']!r} and {columns['target']!r}."
            )
        kept = {name: columns[name] for name in TEXT_COLUMNS if name not in ("task", "source", "target")}
        return cls(**kept, task=task, video=video)


_Q = TypeVar("_Q", bound=Question)

# The columns of the contract, in its order.
COLUMNS = (
    "id", "task", "source", "target", "video", "audio", "biography", "question", "options", "answer",
    "rationale", "clip_id", "show", "episode", "start_seconds", "end_seconds", "pair_id",
)  # fmt: skip
TEXT_COLUMNS = tuple(name for name in COLUMNS if name not in ("video", "audio"))


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What of a row really reached the model. None where the model's side does not report it."""

    frames: int | None
    audio_seconds: float | None
    video_tokens: int | None
    audio_tokens: int | None
    prompt_tokens: int | None

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            kind = (int, float) if f.name == "audio_seconds" else int
            if value is None or (isinstance(value, kind) and not isinstance(value, bool) and 0 <= value < math.inf):
                continue
            raise RecordError(
                f"receipt: {f.name} is {value!r}; wanted a number from 0 on, or None where it is not known."
            )

    @property
    def is_whole(self) -> bool:
        """Whether it is known how much of sight and of sound reached the model."""
        return self.video_tokens is not None and self.audio_tokens is not None

    @classmethod
    def text_only(cls, prompt_tokens: int | None) -> Receipt:
        """Nothing seen and nothing heard."""
        return cls(frames=0, audio_seconds=0.0, video_tokens=0, audio_tokens=0, prompt_tokens=prompt_tokens)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What we read in a reply. ``letter`` is None unless ``state`` is ``"read"``."""

    letter: str | None
    state: ReadState
    thinking: str = ""

    def __post_init__(self) -> None:
        if self.state not in READ_STATES or (self.letter is None) == (self.state == "read"):
            raise RecordError(f"answer: state {self.state!r} does not go with letter {self.letter!r}.")


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """One line of ``predictions.jsonl``: a row's reply and what was read in it, or the failure's name."""

    id: str
    task: str  # a task id; empty text for a question without a task
    clip_id: str
    state: State
    letter: str | None
    reply: str
    receipt: Receipt | None  # None for replies that were made elsewhere
    error: str = ""  # where state is "failed": the failure's name and text

    def __post_init__(self) -> None:
        for name in ("id", "task", "clip_id", "reply", "error"):
            if not isinstance(getattr(self, name), str):
                raise RecordError(f"prediction {self.id!r}: {name} is {getattr(self, name)!r}; wanted text.")
        if self.state not in STATES:
            raise RecordError(f"prediction {self.id!r}: state {self.state!r}; wanted one of {', '.join(STATES)}.")
        if (self.letter is None) == (self.state == "read"):
            raise RecordError(f"prediction {self.id!r}: state {self.state!r} does not go with letter {self.letter!r}.")
        if (self.state == "failed") != bool(self.error):
            raise RecordError(f"prediction {self.id!r}: a failure, and nothing else, carries an error's name.")

    def to_json(self) -> dict[str, Any]:
        """A plain dict for one line of JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Prediction:
        """Read what ``to_json`` wrote.

        Raises:
            RecordError: when a field is missing, unknown, or not what the record demands.
        """
        try:
            receipt = None if data["receipt"] is None else Receipt(**data["receipt"])
            return cls(**{**data, "receipt": receipt})
        except (KeyError, TypeError) as error:
            raise RecordError(f"prediction {data.get('id')!r}: {type(error).__name__} {error}.") from error


def by_clip(questions: Iterable[_Q]) -> Iterator[tuple[str, tuple[_Q, ...]]]:
    """Group questions by clip, clips in the order of their first question (rows are served clip by clip)."""
    groups: dict[str, list[_Q]] = {}
    for question in questions:
        groups.setdefault(question.clip_id, []).append(question)
    for clip_id, group in groups.items():
        yield clip_id, tuple(group)
