"""Put questions to a model and keep a prediction for each, whatever happens to some of them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence

from crossomni.answers import read_answer
from crossomni.errors import DeafOrBlindError, ModelError, ProtocolError, RecordError
from crossomni.evaluation.models.protocol import ROW_FAILURES, Ask, Model, Said, check_receipt
from crossomni.records import Prediction, Question, Receipt

_log = logging.getLogger(__name__)
_SHOWN = 80  # characters of a strange value
_ENOUGH = 20  # failures in a row: a server that is down, a disk that is gone


def answer(model: Model, groups: Iterable[Sequence[Ask]]) -> Iterator[tuple[Ask, Prediction]]:
    """A prediction for each question of each group; a group holds the questions on one clip.

    Raises:
        ProtocolError: when the model breaks the protocol.
        DeafOrBlindError: when a promised sense did not reach it.
        ModelError: when many questions in a row have failed, each of them recorded; going on would only fail more.
    """
    failed = 0
    for ask, prediction in _streamed(model, groups) if hasattr(model, "answer_all") else _by_clip(model, groups):
        yield ask, prediction
        failed = failed + 1 if prediction.state == "failed" else 0
        if failed == _ENOUGH:
            raise ModelError(
                f"model {model.name}: {failed} questions in a row failed, the last with {prediction.error} "
                "Mend it; the same command goes on from here and asks them again."
            )


def _by_clip(model: Model, groups: Iterable[Sequence[Ask]]) -> Iterator[tuple[Ask, Prediction]]:
    for asks in groups:
        yield from zip(asks, answer_clip(model, asks), strict=True)


def _streamed(model: Model, groups: Iterable[Sequence[Ask]]) -> Iterator[tuple[Ask, Prediction]]:
    """The answers of a model that takes many clips at once, each question answered once."""
    due: dict[int, Ask] = {}

    def noted() -> Iterator[Sequence[Ask]]:
        for asks in groups:
            due.update((id(ask), ask) for ask in asks)
            yield asks

    assert hasattr(model, "answer_all")
    for pair in model.answer_all(noted()):
        if not isinstance(pair, tuple) or len(pair) != 2 or not isinstance(pair[0], Ask):
            raise ProtocolError(f"model {model.name}: answer_all() gave {shown(pair)}; wanted an Ask with its Said.")
        ask, outcome = pair
        if due.pop(id(ask), None) is None:
            raise ProtocolError(f"model {model.name}: row {ask.question.id!r} was answered twice, or never asked.")
        if isinstance(outcome, Said):
            check_receipt(ask, outcome)
            yield ask, predicted(ask.question, outcome.reply, outcome.receipt)
        elif isinstance(outcome, ROW_FAILURES) and not isinstance(outcome, DeafOrBlindError):
            yield ask, _failed(ask, outcome)
        elif isinstance(outcome, Exception):
            raise outcome
        else:
            raise ProtocolError(f"model {model.name}: row {ask.question.id!r} got {shown(outcome)}; wanted a Said.")
    if due:
        left = next(iter(due.values()))
        raise ProtocolError(f"model {model.name}: row {left.question.id!r} got no answer; wanted one for each.")


def answer_clip(model: Model, asks: Sequence[Ask]) -> Iterator[Prediction]:
    """Ask one clip's questions; a question that fails is recorded so, and those after it are asked again.

    Raises:
        ProtocolError: when the model breaks the protocol.
        DeafOrBlindError: when a promised sense did not reach it.
    """
    answers: Iterator[Said] | None = None
    for position, ask in enumerate(asks):
        try:
            answers = answers or _answers(model, asks[position:])
            said = next(answers)
        except DeafOrBlindError:
            raise
        except StopIteration:
            raise ProtocolError(
                f"model {model.name}: row {ask.question.id!r} got no answer; wanted one for each question, in order."
            ) from None
        except RecordError as error:
            raise ProtocolError(f"model {model.name}: row {ask.question.id!r}: {error}") from error
        except ROW_FAILURES as error:
            answers = None
            yield _failed(ask, error)
            continue
        if not isinstance(said, Said):
            raise ProtocolError(f"model {model.name}: row {ask.question.id!r} got {shown(said)}; wanted a Said.")
        check_receipt(ask, said)
        yield predicted(ask.question, said.reply, said.receipt)
    if answers is not None and (more := next(answers, None)) is not None:
        raise ProtocolError(
            f"model {model.name}: {shown(more)} came after the answer to the clip's last question "
            f"{asks[-1].question.id!r}; wanted one answer for each question, in order."
        )


def _answers(model: Model, asks: Sequence[Ask]) -> Iterator[Said]:
    came = model.answer(asks)
    if not isinstance(came, Iterable):
        raise ProtocolError(f"model {model.name}: answer() gave {shown(came)}; wanted an iterator of Said.")
    return iter(came)


def shown(value: object) -> str:
    """A value as an error's one line shows it."""
    text = " ".join(repr(value).split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def predicted(question: Question, reply: str, receipt: Receipt | None) -> Prediction:
    """A reply with what is read in it."""
    answer = read_answer(reply, question.options)
    return Prediction(
        id=question.id,
        task=question.task.id if question.task else "",
        clip_id=question.clip_id,
        state=answer.state,
        letter=answer.letter,
        reply=reply,
        receipt=receipt,
    )


def _failed(ask: Ask, error: BaseException) -> Prediction:
    named = f"{type(error).__name__}: {' '.join(str(error).split())}"
    _log.warning("row %s failed: %s", ask.question.id, named)
    return unanswered(ask.question, named)


def unanswered(question: Question, error: str) -> Prediction:
    """A question without a reply, and why."""
    return Prediction(
        id=question.id,
        task=question.task.id if question.task else "",
        clip_id=question.clip_id,
        state="failed",
        letter=None,
        reply="",
        receipt=None,
        error=error,
    )
