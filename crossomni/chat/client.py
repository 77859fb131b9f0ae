"""Asking a chat server: many requests at once, each tried until it brings a reply or a failure with a name."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import os
import queue
import random
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, aclosing, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from crossomni.chat.cache import ReplyCache
from crossomni.chat.config import ChatConfig
from crossomni.chat.parts import Messages
from crossomni.chat.replies import ChatReply, Failure, NotAReply
from crossomni.chat.spending import Spent
from crossomni.errors import ChatError, ChatState, InputError

if TYPE_CHECKING:
    from huggingface_hub import AsyncInferenceClient

K = TypeVar("K")
T = TypeVar("T")

# Connections of one client: huggingface_hub keeps 20 at most, and looks through all of them for each request.
_KEPT_OPEN = 8
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 60.0
_NO_KEY = "none"  # is sent where there is no key, for huggingface_hub would send the user's token of the Hub
_NO_OPTIONS = frozenset({"model", "messages", "max_tokens", "seed", "stream", "n"})
_ADVICE: Mapping[ChatState, str] = {
    "unreachable": "Start the server, or correct the url.",
    "timeout": "Give it longer (deadline_seconds), or ask fewer at once (at_once).",
    "rate-limited": "Ask later, or fewer at once (at_once).",
    "server-error": "Look into the server's log.",
    "refused": "Correct the request, the model's name or OPENAI_API_KEY.",
    "not-a-reply": "See that the url is a chat server's, and that the model answers in text.",
}


class Chat:
    """One model of one server, open as an async context manager.

    Args:
        config: which model, and how it is asked.
        cache: an SQLite file of replies that is read instead of asking the same again; several processes may use it
            at once. Failures are not in it. The same request under way twice is asked once.
        sleep: waits between tries, given seconds.

    Raises:
        InputError: at entering, when huggingface_hub is to stay offline or OPENAI_API_KEY cannot be a key.
        RunError: at entering, when the file of the cache is none, or is damaged.
    """

    def __init__(
        self,
        config: ChatConfig,
        cache: Path | None = None,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.config = config
        self._key = ""
        self._sleep = sleep
        self._cache_path = cache
        self._cache: ReplyCache | None = None
        self.spent = Spent()  # so far
        self.salt = secrets.token_hex(16)  # a text that no model can know; with a cache, the same whenever it is used
        self._under_way: dict[str, asyncio.Future[ChatReply | ChatError | None]] = {}  # None: it was cancelled
        self._tasks: set[asyncio.Task[Any]] = set()
        # One for each request that may be under way; the one put back last, whose connection is warm, is taken first.
        self._slots: asyncio.LifoQueue[AsyncInferenceClient] | None = None
        self._next_start = 0.0  # when the next request may begin, by the loop's clock; with ``per_minute``

    async def __aenter__(self) -> Self:
        from huggingface_hub import AsyncInferenceClient, is_offline_mode

        if is_offline_mode():
            raise InputError(
                f"{self.config.url}: HF_HUB_OFFLINE is set, with which huggingface_hub reaches no server, not even "
                "one on this machine. Set HF_HUB_OFFLINE=0 for this command."
            )
        self._key = _api_key()
        async with AsyncExitStack() as stack:
            if self._cache_path is not None:
                self._cache = stack.enter_context(ReplyCache(self._cache_path))
                self.salt = self._cache.salt
            clients: list[AsyncInferenceClient] = [
                await stack.enter_async_context(AsyncInferenceClient(base_url=self.config.url, api_key=self._key))
                for _ in range(math.ceil(self.config.at_once / _KEPT_OPEN))
            ]
            self._slots = asyncio.LifoQueue()
            for slot in reversed(range(self.config.at_once)):
                self._slots.put_nowait(clients[slot // _KEPT_OPEN])
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        async with self._stack:
            self._slots = None
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def ask(
        self, messages: Messages, *, sample: int = 0, temperature: float | None = None, **options: Any
    ) -> ChatReply:
        """Ask once; ``options`` are further fields of OpenAI's request, as ``response_format``.

        ``temperature`` goes before the configuration's. Where it is above 0, ``sample`` tells repeats apart: each has
        its own place in the cache and, where the configuration has a seed, its own seed (``seed + sample``).

        Raises:
            ChatError: when no reply came; its ``state`` says why.
            InputError: when an option belongs in the configuration.
        """
        outcome = await self._outcome(messages, sample, options, temperature)
        if isinstance(outcome, ChatError):
            raise outcome
        return outcome

    async def ask_all(
        self, requests: Iterable[tuple[K, Messages]], *, sample: int = 0, **options: Any
    ) -> AsyncGenerator[tuple[K, ChatReply | ChatError], None]:
        """Yield each request's key with its reply or failure as it comes, in any order.

        The next request is taken from ``requests`` only when there is room for it, and in a thread, so that making it
        (decoding media, say) may take its time. An exception of ``requests`` ends the round. A round that is left
        early cancels its requests; they have ended when the chat is closed.
        """

        async def outcome(key: K, messages: Messages) -> tuple[K, ChatReply | ChatError]:
            return key, await self._outcome(messages, sample, options)

        source, more = iter(requests), True
        taking: asyncio.Task[Any] | None = None
        asked: set[asyncio.Task[Any]] = set()
        try:
            while True:
                if more and taking is None and len(asked) < self.config.at_once:
                    taking = self._start(asyncio.to_thread(next, source, None))
                if not (under_way := asked | {taking} if taking else asked):
                    return
                done, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                if taking in done:
                    request, taking = taking.result(), None
                    if more := request is not None:
                        asked.add(self._start(outcome(*request)))
                for task in asked & done:
                    asked.remove(task)
                    yield task.result()
        finally:
            for task in filter(None, (taking, *asked)):
                task.cancel()

    def _start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """A task that ends with this chat at the latest."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _outcome(
        self, messages: Messages, sample: int, options: Mapping[str, Any], temperature: float | None = None
    ) -> ChatReply | ChatError:
        """From the cache, from the same request where it is under way, or from the server."""
        temperature = self.config.temperature if temperature is None else temperature
        sample = sample if temperature > 0 else 0
        body = self._body(sample, options, temperature)
        if self._cache is None:
            return await self._from_server(messages, body)
        digest = _digest([self.config.model, messages, body, sample])
        while (same := self._under_way.get(digest)) is not None:
            await asyncio.wait([same])
            if (outcome := same.result()) is not None:
                self.spent += Spent(cached=1)
                return outcome
        if (kept := self._cache.find(digest)) is not None:
            self.spent += Spent(cached=1)
            return kept
        same = self._under_way[digest] = asyncio.get_running_loop().create_future()
        outcome = None
        try:
            outcome = await self._from_server(messages, body)
            if isinstance(outcome, ChatReply):
                outcome = self._cache.keep(digest, self.config.model, outcome)
        finally:
            del self._under_way[digest]
            same.set_result(outcome)
        return outcome

    def _body(self, sample: int, options: Mapping[str, Any], temperature: float) -> dict[str, Any]:
        """The request's fields beside model and messages."""
        if wrong := sorted(_NO_OPTIONS & set(options)):
            raise InputError(f"option {wrong[0]!r} is none of a single request; see ChatConfig for what it is called.")
        body = {"max_tokens": self.config.most_new_tokens, "temperature": temperature, **options}
        return body if self.config.seed is None else {**body, "seed": self.config.seed + sample}

    async def _from_server(self, messages: Messages, body: Mapping[str, Any]) -> ChatReply | ChatError:
        outcome = await self._tried(messages, body)
        self.spent = self.spent.after(outcome)
        return outcome

    async def _tried(self, messages: Messages, body: Mapping[str, Any]) -> ChatReply | ChatError:
        """Try until there is a reply, a failure that will not pass, or no try left."""
        if self._slots is None:
            raise InputError("a Chat was asked that is not open. Use it so: async with Chat(config) as chat.")
        slots, tries = self._slots, 0
        client = await slots.get()
        try:
            while True:
                tries += 1
                await self._turn()
                outcome = await self._try(client, messages, body)
                if isinstance(outcome, ChatReply):
                    return outcome
                if not outcome.passing or tries == self.config.tries:
                    return self._error(outcome, tries)
                back_off = min(_FIRST_PAUSE_SECONDS * 2 ** (tries - 1), _LONGEST_PAUSE_SECONDS)
                await self._sleep(outcome.after_seconds + back_off * random.uniform(0.5, 1))
        finally:
            slots.put_nowait(client)

    async def _turn(self) -> None:
        """Wait until a request may begin: they are spread evenly over the minute."""
        if not self.config.per_minute:
            return
        now = asyncio.get_running_loop().time()
        start = max(now, self._next_start)
        self._next_start = start + 60 / self.config.per_minute
        await self._sleep(start - now)

    async def _try(
        self, client: AsyncInferenceClient, messages: Messages, body: Mapping[str, Any]
    ) -> ChatReply | Failure:
        from huggingface_hub.errors import HfHubHTTPError, HTTPError  # type: ignore[attr-defined]

        extra = {name: _AsItIs(value) if isinstance(value, dict) else value for name, value in body.items()}
        try:
            async with asyncio.timeout(self.config.deadline_seconds):
                return ChatReply.from_answer(
                    await client.chat_completion([dict(m) for m in messages], model=self.config.model, extra_body=extra)
                )
        except TimeoutError:
            what = f"no whole answer within {self.config.deadline_seconds:g} s"
            return Failure(state="timeout", what=what, passing=True)
        except HfHubHTTPError as error:
            return Failure.of_status(error.response.status_code, error.response.text, error.response.headers)
        except HTTPError as error:
            what = f"no connection, or one that was closed ({type(error).__name__}: {error})"
            return Failure(state="unreachable", what=what, passing=True)
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            # A web page, or half a reply: a proxy sends them while its server is starting.
            came = error.doc if isinstance(error, json.JSONDecodeError) else error.object
            return Failure(state="not-a-reply", what=f"answered with {came[:1000]!r}, which is no JSON", passing=True)
        except UnicodeEncodeError as error:
            return Failure(state="refused", what=f"the request is no text that can be sent: {error}", passing=False)
        except (ValueError, RecursionError) as error:
            why = error if isinstance(error, NotAReply) else "it has another form"
            return Failure(state="not-a-reply", what=f"answered with JSON that is no reply: {why}", passing=False)

    def _error(self, failure: Failure, tries: int) -> ChatError:
        what = failure.what.replace(self._key, "…") if self._key != _NO_KEY else failure.what
        what = " ".join("".join(sign if sign.isprintable() else " " for sign in what).split())
        what = what if len(what) <= 240 else f"{what[:240]}…"
        return ChatError(
            f"{self.config.url}, model {self.config.model}: {what}{f' ({tries} tries)' if tries > 1 else ''}; "
            f"wanted a chat reply. {_ADVICE[failure.state]}",
            failure.state,
        )


def ask_all(
    config: ChatConfig,
    requests: Iterable[tuple[K, Messages]],
    *,
    cache: Path | None = None,
    sample: int = 0,
    **options: Any,
) -> Generator[tuple[K, ChatReply | ChatError], None, None]:
    """``Chat.ask_all`` for callers without an event loop; it works in a thread, at most ``at_once`` replies ahead.

    Leaving early (a break, an exception, Ctrl-C) cancels what is under way and waits for its end.
    """
    ready: queue.SimpleQueue[tuple[K, ChatReply | ChatError] | None] = queue.SimpleQueue()
    room = asyncio.Semaphore(config.at_once)
    loop = asyncio.new_event_loop()

    async def deliver() -> None:
        async with Chat(config, cache) as chat, aclosing(chat.ask_all(requests, sample=sample, **options)) as replies:
            async for reply in replies:
                ready.put(reply)
                await room.acquire()

    def work() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(deliver())

    def tell(act: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the loop has ended by itself
            loop.call_soon_threadsafe(act)

    with ThreadPoolExecutor(1, "chat") as thread:
        working = thread.submit(work)
        working.add_done_callback(lambda _: ready.put(None))
        try:
            while (reply := ready.get()) is not None:
                tell(room.release)
                yield reply
            working.result()
        finally:
            tell(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])


class _AsItIs(dict[str, Any]):
    """A field that is sent as it is: huggingface_hub rewrites a response_format of the type json_schema to a form that
    only TGI reads, and vLLM would leave the schema out."""

    def get(self, key: str, default: Any = None) -> Any:
        return None if key == "type" else super().get(key, default)


def _api_key() -> str:
    key = os.environ.get("OPENAI_API_KEY", "").strip() or _NO_KEY
    if not key.isascii() or not key.isprintable():
        raise InputError("OPENAI_API_KEY holds signs that no key has; wanted letters and digits. Set it again.")
    return key


def _digest(request: Any) -> str:
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode("ascii")).hexdigest()
