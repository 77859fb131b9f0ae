"""What a run asks, what a model says, and how a model is named.

A model is any object with ``name``, ``senses`` and ``answer``; ``examples/own_model.py`` is one in ten lines.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from crossomni.errors import DeafOrBlindError, MediaError, ModelError, RecordError
from crossomni.evaluation.config import KnockOut
from crossomni.media import ClipFile
from crossomni.records import Question, Receipt
from crossomni.tasks import Modality


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One question as it is put to a model. What is knocked out is not in it, nor is the right answer."""

    question: Question  # a run's has an empty ``answer``
    prompt: str  # the user's message: instruction, biography, question, lettered options
    clip: ClipFile | None  # None where neither sound nor sight is given
    senses: frozenset[Modality]  # what of the clip may be used
    seed: int = 0  # of a sampled reply
    frames: int | None = None  # of the clip, that the run asks for, at most; None where nobody says
    origin: object = None  # who asks


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a model said to one question, and what of the question reached it."""

    reply: str
    receipt: Receipt

    def __post_init__(self) -> None:
        if not isinstance(self.reply, str):
            raise RecordError(f"a reply is {self.reply!r}; wanted text, empty where the model said nothing.")
        if not isinstance(self.receipt, Receipt):
            raise RecordError(f"a reply's receipt is {self.receipt!r}; wanted a Receipt (Receipt.text_only, for one).")


class Model(Protocol):
    """Anything that answers questions."""

    @property
    def name(self) -> str:
        """How tables call it."""

    @property
    def senses(self) -> frozenset[Modality]:
        """What it takes; ``{Modality.TEXT}`` declares a model that neither sees nor hears."""

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """Answer questions on one clip, in their order.

        An exception of ``ROW_FAILURES`` fails the question that was due; the ones after it are asked again.
        """


class StreamingModel(Model, Protocol):
    """A model that is best asked about many clips at once: it decodes ahead, or puts many questions at a time."""

    def answer_all(self, groups: Iterable[Sequence[Ask]]) -> Iterator[tuple[Ask, Said | Exception]]:
        """Answer each question of each group (one clip's) once, in any order; an exception of ``ROW_FAILURES``
        in the place of an answer fails its question alone.

        Groups are made as they are asked for: take the next one only when there is room for it.
        """


class InOrder(ABC):
    """A base for streaming models: gives ``answer`` by means of ``answer_all``."""

    @abstractmethod
    def answer_all(self, groups: Iterable[Sequence[Ask]]) -> Iterator[tuple[Ask, Said | Exception]]:
        """As ``StreamingModel.answer_all``."""

    def answer(self, asks: Sequence[Ask]) -> Iterator[Said]:
        """Answer questions on one clip, in their order; the failure of one is raised in its turn."""
        found = {id(ask): outcome for ask, outcome in self.answer_all([asks])}
        for ask in asks:
            outcome = found[id(ask)]
            if isinstance(outcome, Exception):
                raise outcome
            yield outcome


# A row that fails so is recorded with the failure's name, and the run goes on. Anything else is a fault in the
# program and stops the run, which can be resumed.
ROW_FAILURES = (ModelError, MediaError, MemoryError, ConnectionError, TimeoutError)
_SPARE_SECONDS = 1.0  # of sound: another decoder may keep what is heard before the first frame and after the last


def model_fingerprint(model: Model) -> str:
    """What identifies a model's weights, where it says so (an attribute ``fingerprint``), else empty text."""
    return str(getattr(model, "fingerprint", ""))


def load(model: Model) -> None:
    """Read a model's weights, where it has a method ``load`` for it."""
    if hasattr(model, "load"):
        model.load()


def check_receipt(ask: Ask, said: Said) -> None:
    """Refuse an answer to which a sense that was promised did not contribute (no score without a receipt), or to
    which one did that was left out; and a receipt that cannot be true, since then those of other rows prove nothing.

    Counts that are None were not reported by the model's side and prove nothing; the scores say so.

    Raises:
        DeafOrBlindError: naming the row.
    """
    _check_senses(ask, said.receipt)
    _check_possible(ask, said.receipt)


def _check_senses(ask: Ask, receipt: Receipt) -> None:
    tokens = {Modality.AUDIO: receipt.audio_tokens, Modality.VISION: receipt.video_tokens}
    for sense, count in tokens.items():
        if count and (ask.clip is None or sense not in ask.senses):
            raise DeafOrBlindError(
                f"row {ask.question.id!r}: {count} {sense} tokens reached the model, though this sense is left out. "
                "Mend the model's input."
            )
    if ask.clip is None:
        return
    if Modality.AUDIO in ask.senses and 0 in (receipt.audio_tokens, receipt.audio_seconds) and _has_sound(ask.clip):
        raise DeafOrBlindError(_missing(ask, f"{ask.clip.path.name} has sound, but none", "sound"))
    if Modality.VISION in ask.senses and 0 in (receipt.video_tokens, receipt.frames):
        raise DeafOrBlindError(_missing(ask, f"no frame of {ask.clip.path.name}", "sight"))


def _check_possible(ask: Ask, receipt: Receipt) -> None:
    """Refuse more sound than the clip is long, more frames than were asked for, more tokens than the whole prompt."""
    row = f"row {ask.question.id!r}"
    heard, seen = receipt.audio_seconds, receipt.frames
    if heard and ask.clip is not None and heard > (length := _seconds(ask.clip)) + _SPARE_SECONDS:
        raise DeafOrBlindError(
            f"{row}: {heard:g} s of sound are in the receipt, and {ask.clip.path.name} is {length:g} s long. "
            "Mend how the model counts: seconds of the clip's sound, without what fills them up."
        )
    if seen and ask.frames is not None and seen > ask.frames:
        raise DeafOrBlindError(
            f"{row}: {seen} frames are in the receipt, and the run asks for {ask.frames} at most. "
            f"Give --frames {seen}, or have the model take ask.frames."
        )
    parts, whole = (receipt.video_tokens, receipt.audio_tokens), receipt.prompt_tokens
    if whole is not None and None not in parts and sum(part or 0 for part in parts) > whole:
        raise DeafOrBlindError(
            f"{row}: {parts[0]} video and {parts[1]} audio tokens are in the receipt, but {whole} in the whole prompt. "
            "Mend how the model counts: the prompt's tokens are all of them."
        )


def _missing(ask: Ask, what: str, knock_out: KnockOut) -> str:
    return (
        f"row {ask.question.id!r}: {what} reached the model. Mend the model's input, "
        f"or declare it: --knock-out {knock_out}."
    )


def _seconds(clip: ClipFile) -> float:
    """The clip's length; endless where it cannot be read, as it bounds nothing then."""
    try:
        return clip.seconds
    except MediaError:
        return math.inf


def _has_sound(clip: ClipFile) -> bool:
    try:
        clip.sound()
    except MediaError:
        return False
    return True
