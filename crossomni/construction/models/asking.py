"""Asking models until they say something that can be read: each request has a prompt, a form, and leaves its trace."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from crossomni.chat.client import Chat
from crossomni.chat.parts import Part, text_part
from crossomni.chat.replies import ChatReply
from crossomni.chat.spending import Spent
from crossomni.construction.models.forms import FAILURE, Form, plain
from crossomni.construction.models.prompting import ROLES
from crossomni.construction.models.settings import BuildModels
from crossomni.errors import ChatError

logger = logging.getLogger(__name__)
T = TypeVar("T")
_AGAIN = "This reply is not in the form that was asked for. Reply again, in that form alone."
NO_REPLY = "no reply"
_SHOWN = 400  # signs of a reply that a trace keeps


class Unanswered(Exception):
    """No usable reply; ``reason`` is one of few, so that it can be counted. It ends the item, never the run."""

    def __init__(self, reason: str, prompt: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.prompt = prompt

    @property
    def told(self) -> str:
        """The reason with the prompt before it, for a stage that has several."""
        return f"{self.prompt}: {self.reason}"

    @property
    def is_silence(self) -> bool:
        """Whether a server did not reply."""
        return self.reason.startswith(NO_REPLY)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request's trace, for the lineage of what came of it."""

    prompt: str  # its name
    prompt_sha256: str
    role: str  # of the model
    model: str
    most_new_tokens: int
    temperature: float
    seed: int | None
    request_id: str  # the server's
    verdict: str  # "read", "failure", "unparsed", or the state of a request that brought no reply
    reply: str  # its beginning

    def to_json(self) -> dict[str, Any]:
        """A plain dict."""
        return asdict(self)


async def together(*waited: Awaitable[T]) -> list[T]:
    """All of these, at the same time. Where some fail, the first of them in this order is told, one without a reply
    before others: it must not hang on which reply comes first.

    Raises:
        Unanswered: as the first that failed did.
    """
    found = await asyncio.gather(*waited, return_exceptions=True)
    failed = [one for one in found if isinstance(one, BaseException)]
    silent = [one for one in failed if isinstance(one, Unanswered) and one.is_silence]
    for one in (*[one for one in failed if not isinstance(one, Unanswered)], *silent, *failed):
        raise one
    return [one for one in found if not isinstance(one, BaseException)]


class Desk:
    """The models of a build, open as an async context manager; replies are kept in one file.

    Args:
        cache: an SQLite file. The same request is made once, also when a build that was killed goes on.
    """

    def __init__(self, models: BuildModels, cache: Path | None) -> None:
        self.models = models
        self._cache = cache
        self._stack = AsyncExitStack()
        self.chats: dict[str, Chat] = {}
        self._told: set[tuple[str, str]] = set()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for role, endpoint in self.models.endpoints.items():
                self.chats[role] = await stack.enter_async_context(Chat(endpoint.chat, self._cache))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, traceback)

    @property
    def spent(self) -> dict[str, Spent]:
        """By role, so far."""
        return {role: chat.spent for role, chat in self.chats.items()}

    def tell(self, role: str, error: ChatError) -> None:
        """Log why a model did not reply, in the server's words: the first time for each role and kind of failure."""
        if (role, error.state) not in self._told:
            self._told.add((role, error.state))
            logger.warning("%s: %s More of the kind are counted, and not told one by one.", role, error)


@dataclass
class Talk:
    """The requests about one item, and their traces."""

    desk: Desk
    asked: list[Asked] = field(default_factory=list)

    async def ask(
        self, name: str, form: Form[T], fields: Mapping[str, str], media: Sequence[Part] = (), role: str = ""
    ) -> T:
        """Ask with a prompt until the reply is in its form, at most ``repeats`` times more.

        Raises:
            Unanswered: where the model says that it cannot, says nothing that can be read, or does not reply.
        """
        models = self.desk.models
        role = role or ROLES[name]
        text = models.prompts.text(name, fields)
        messages: list[dict[str, Any]] = [{"role": "user", "content": [*media, text_part(text)] if media else text}]
        for _ in range(models.repeats + 1):
            reply = await self._reply(name, role, messages)
            said = plain(reply.text)
            # A reply that was cut at most_new_tokens says less than it was to say.
            value = None if reply.finish == "length" else form(said)
            verdict = "unparsed" if value is None else "failure" if value == FAILURE else "read"
            self._note(name, role, verdict, said, reply.id)
            if value == FAILURE:
                raise Unanswered("the model says that it cannot", name)
            if value is not None:
                return value
            messages = [messages[0], {"role": "assistant", "content": said}, {"role": "user", "content": _AGAIN}]
        raise Unanswered("unparsed", name)

    async def _reply(self, name: str, role: str, messages: Sequence[Mapping[str, Any]]) -> ChatReply:
        try:
            return await self.desk.chats[role].ask(messages)
        except ChatError as error:
            self.desk.tell(role, error)
            self._note(name, role, error.state)
            raise Unanswered(f"{NO_REPLY}: {error.state}", name) from error

    def _note(self, name: str, role: str, verdict: str, said: str = "", request_id: str = "") -> None:
        chat = self.desk.models.endpoints[role].chat
        self.asked.append(
            Asked(
                prompt=name,
                prompt_sha256=self.desk.models.prompts.sha256(name),
                role=role,
                model=chat.model,
                most_new_tokens=chat.most_new_tokens,
                temperature=chat.temperature,
                seed=chat.seed,
                request_id=request_id,
                verdict=verdict,
                reply=said[:_SHOWN],
            )
        )
