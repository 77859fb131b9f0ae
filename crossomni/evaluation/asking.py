"""Put questions to a model and keep a prediction for each, whatever happens to some of them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence

from crossomni.answers import read_answer
from crossomni.errors import DeafOrBlindError, ProtocolError, RecordError
from crossomni.evaluation.models import ROW_FAILURES, Ask, Model, Said, check_receipt
from crossomni.records import Prediction, Question, Receipt

_log = logging.getLogger(__name__)
_SHOWN = 80  # characters of a strange value


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
            failure = _failed(ask, error)
            _log.warning("row %s failed: %s", failure.id, failure.error)
            yield failure
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
    question = ask.question
    return Prediction(
        id=question.id,
        task=question.task.id if question.task else "",
        clip_id=question.clip_id,
        state="failed",
        letter=None,
        reply="",
        receipt=None,
        error=f"{type(error).__name__}: {' '.join(str(error).split())}",
    )
