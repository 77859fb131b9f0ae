"""A chat model as the judge of thinking: the two rubrics of Table 18, asked in training.

What ``crossomni.judging`` does against gaming holds here too (the fence, the form of the reply, the length). On top:
the fence's mark is salted, for its writer is trained against this very judge; the server is told which replies are
points, where it takes that; and a reply that gives none is asked for again, by a draw of its own.
"""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

from crossomni.chat.client import Chat
from crossomni.chat.parts import Messages
from crossomni.chat.replies import ChatReply
from crossomni.chat.spending import FREE, Price, Spent
from crossomni.errors import ChatError, InputError, ProtocolError, RecordError
from crossomni.judging import Judged, LogicPoints, Rubric, context_rubric, logic_rubric, outcome_of
from crossomni.training.judges.protocol import Judge, RubricName, Thought

P = TypeVar("P")

Constrain = Literal["auto", "off"]
Ask = Callable[[Messages], str | Awaitable[str | None] | None]  # a prompt's messages to the reply; None: no reply

MORE_ASKED = 2
_DRAWN = 0.7  # the temperature of what is asked again: at 0 the same would be said


@dataclass(frozen=True, kw_only=True)
class JudgedAgain(Judged[P]):
    """What came of judging after replies that gave no points."""

    unread: tuple[str, ...] = ()  # those replies, in their order; of an unparsed judgement the last is ``reply``


class ChatJudge:
    """One model of one server as a judge, for as long as the ``chat`` is open, in the event loop that it is open in.

    Args:
        chat: its configuration's deadline and tries are those of one request.
        price: for ``cost``.
        more: how often a reply that gives no points is asked for again.
        patience_seconds: for one judgement, waiting for room and asking again included. Below the 600 s after which
            PyTorch gives up waiting for a process that judges.
        constrain: ``auto`` names the replies that are points in vLLM's ``structured_outputs``, and goes on without
            where the server refuses that field. Other servers ignore it. What is no points is none in any case.

    Points, unparsed and failed are told apart as in ``crossomni.judging``; a failure of the server raises nothing.
    """

    def __init__(
        self,
        chat: Chat,
        *,
        price: Price = FREE,
        more: int = MORE_ASKED,
        patience_seconds: float = 300.0,
        constrain: Constrain = "auto",
    ) -> None:
        if more < 0 or not 0 < patience_seconds < math.inf:
            raise InputError(
                f"judge: more is {more}, patience_seconds {patience_seconds}; wanted 0 or more, and more than 0."
            )
        if constrain not in get_args(Constrain):
            raise InputError(f"judge: constrain is {constrain!r}; wanted one of {', '.join(get_args(Constrain))}.")
        self._chat = chat
        self._price = price
        self._more = more
        self._patience = patience_seconds
        self._constrain = constrain == "auto"

    @property
    def name(self) -> str:
        """The model's."""
        return self._chat.config.model

    @property
    def spent(self) -> Spent:
        """Calls and tokens so far."""
        return self._chat.spent

    @property
    def cost(self) -> float:
        """Of what is spent, at the judge's price."""
        return self.spent.cost(self._price)

    async def judge(self, rubric: RubricName, thought: Thought) -> Judged[int] | Judged[LogicPoints]:
        """Judge one thought; no gate stands before it (see ``judges.gates``).

        Raises:
            RecordError: for context, when the row has no rationale.
        """
        if rubric == "context":
            return await self._patiently(_context(thought), thought.thinking)
        return await self._patiently(_logic(thought), thought.thinking)

    async def _patiently(self, rubric: Rubric[P], thinking: str) -> Judged[P]:
        try:
            async with asyncio.timeout(self._patience):
                return await self._judged(rubric, thinking)
        except TimeoutError:
            late = ChatError(f"judge {self.name}: no points within {self._patience:g} s.", "timeout")
            return outcome_of(rubric, thinking, late)

    async def _judged(self, rubric: Rubric[P], thinking: str) -> Judged[P]:
        messages = rubric.messages(thinking, self._chat.salt)
        unread: list[str] = []
        for number in range(1 + self._more):
            outcome = await self._said(messages, rubric, number)
            judged = outcome_of(rubric, thinking, outcome)
            if judged.state != "unparsed":
                break
            unread.append(judged.reply)
        if not unread:
            return judged
        return JudgedAgain(**{**vars(judged), "unread": tuple(unread)})

    async def _said(self, messages: Messages, rubric: Rubric[Any], number: int) -> ChatReply | ChatError:
        """The reply to the asking of this number, the first of which is 0."""
        how: dict[str, Any] = {}
        if number:
            how = {"sample": number, "temperature": max(_DRAWN, self._chat.config.temperature)}
        if self._constrain:
            try:
                return await self._chat.ask(messages, structured_outputs={"choice": [*rubric.replies]}, **how)
            except ChatError as error:
                if error.state != "refused":
                    return error
        try:
            reply = await self._chat.ask(messages, **how)
        except ChatError as error:
            return error
        self._constrain = False  # it refused the field, and only that
        return reply


class CalledJudge:
    """A function from a prompt's messages to the reply's text as a judge; it may be a coroutine function.

    One that is not runs in a thread, so that others can be asked meanwhile. A reply of None is a judge's failure; an
    exception of the function is the caller's, and passes through.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    @property
    def name(self) -> str:
        """The function's."""
        return str(getattr(self._ask, "__name__", type(self._ask).__name__))

    async def judge(self, rubric: RubricName, thought: Thought) -> Judged[int] | Judged[LogicPoints]:
        """Judge one thought; no gate stands before it (see ``judges.gates``).

        Raises:
            ProtocolError: when what the function gives is neither text nor None.
            RecordError: for context, when the row has no rationale.
        """
        if rubric == "context":
            return await self._judged(_context(thought), thought.thinking)
        return await self._judged(_logic(thought), thought.thinking)

    async def _judged(self, rubric: Rubric[P], thinking: str) -> Judged[P]:
        messages = rubric.messages(thinking)
        said = self._ask(messages) if _is_async(self._ask) else await asyncio.to_thread(self._ask, messages)
        if inspect.isawaitable(said):
            said = await said
        if said is None:
            return outcome_of(rubric, thinking, ChatError(f"judge {self.name}: gave no reply.", "not-a-reply"))
        if not isinstance(said, str):
            raise ProtocolError(f"judge {self.name}: gave {type(said).__name__}; wanted the reply's text, or None.")
        return outcome_of(rubric, thinking, ChatReply(text=said))


def as_judge(judge: Judge | Ask) -> Judge:
    """A judge as it is; a function from messages to a reply's text as one.

    Raises:
        ProtocolError: for anything else.
    """
    if callable(getattr(judge, "judge", None)):
        return judge  # type: ignore[return-value]
    if callable(judge):
        return CalledJudge(judge)
    raise ProtocolError(
        f"judge is {type(judge).__name__}; wanted an object with a coroutine method judge(rubric, thought), or a "
        "function from a prompt's messages to the reply's text."
    )


def _context(thought: Thought) -> Rubric[int]:
    if not thought.row.rationale.strip():
        raise RecordError(f"row {thought.row.id!r}: has no rationale, with which a judge of context compares.")
    return context_rubric(thought.row.rationale)


def _logic(thought: Thought) -> Rubric[LogicPoints]:
    assert thought.row.task is not None  # a row has one
    return logic_rubric(thought.row.task)


def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)
