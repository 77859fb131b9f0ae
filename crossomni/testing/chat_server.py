"""A chat server that answers by a function, and misbehaves where it is told to. It runs in a thread, on this machine.

    with ChatServer(lambda request: "B") as server:
        config = ChatConfig(url=server.url, model="any")

After the ``with`` block nobody listens at ``server.url``: that is what a server looks like that is down.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Any, Literal, Self, get_args

from crossomni.errors import InputError

Manner = Literal["whole", "cut", "drip", "hang", "close"]
USAGE: Mapping[str, Any] = {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}
_PATH = "/v1/chat/completions"
_DRIP_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """One answer, right or wrong."""

    text: str | None = ""
    thinking: str = ""  # goes to the field reasoning_content
    finish: str = "stop"
    usage: Mapping[str, Any] | None = field(default_factory=lambda: dict(USAGE))
    body: str | bytes | None = None  # this as it is, in place of a chat reply
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0  # before the first byte
    manner: Manner = "whole"  # cut: closed in the middle; drip: a byte now and then, hang: nothing, both without end

    def __post_init__(self) -> None:
        if self.manner not in get_args(Manner):
            raise InputError(f"manner is {self.manner!r}; wanted one of {', '.join(get_args(Manner))}.")


HTML = Behaviour(body="<html><body><h1>Welcome to nginx!</h1></body></html>", headers={"Content-Type": "text/html"})
HALF_JSON = Behaviour(body='{"object": "chat.completion", "choices": [{"message": {"role": "assist')
SERVER_ERROR = Behaviour(status=500, body='{"error": {"message": "the engine is dead", "code": 500}}')
CLOSED = Behaviour(manner="close")
CUT = Behaviour(text="half an answer", manner="cut")
HANGING = Behaviour(manner="hang")
DRIPPING = Behaviour(text="drop by drop", manner="drip")


def rate_limited(retry_after: str = "") -> Behaviour:
    """429, with the header Retry-After where one is given."""
    headers = {"Retry-After": retry_after} if retry_after else {}
    return Behaviour(status=429, headers=headers, body='{"error": {"message": "too many requests"}}')


def in_turn(*answers: str | Behaviour) -> Callable[[dict[str, Any]], str | Behaviour]:
    """A reply function that gives each answer once, and the last one from then on."""
    turns = itertools.chain(answers[:-1], itertools.repeat(answers[-1]))
    return lambda request: next(turns)


class ChatServer:
    """A server of OpenAI's chat protocol, for as long as the ``with`` block lasts.

    Args:
        reply: what is answered to a request's JSON. It runs in the server's thread and must not block; an exception in
            it closes the connection.
        delay_seconds: how long each answer takes, beside its own delay.
    """

    def __init__(
        self, reply: Callable[[dict[str, Any]], str | Behaviour] = lambda request: "A", *, delay_seconds: float = 0.0
    ) -> None:
        self._reply = reply
        self._delay_seconds = delay_seconds
        self._now = 0
        self.url = ""  # ends with /v1
        self.requests = 0
        self.connections = 0
        self.most_at_once = 0  # requests that were being answered at the same moment
        self.last_request: dict[str, Any] = {}
        self.last_headers: dict[str, str] = {}  # their names in small letters

    def __enter__(self) -> Self:
        address: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, int]] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(address)), name="chat-server")
        self._thread.start()
        self._loop, self._stop, port = address.result()
        self.url = f"http://127.0.0.1:{port}/v1"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _run(self, address: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, int]]) -> None:
        stop = asyncio.Event()
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, backlog=1024)
        address.set_result((asyncio.get_running_loop(), stop, server.sockets[0].getsockname()[1]))
        await stop.wait()
        server.close()  # asyncio.run cancels the connections that are left

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._request(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has left
        finally:
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection stays open for another."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.requests += 1
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            behaviour = self._behaviour(head[0], headers, body)
            await asyncio.sleep(self._delay_seconds + behaviour.delay_seconds)
            return await self._answer(behaviour, reader, writer)
        finally:
            self._now -= 1

    def _behaviour(self, line: str, headers: dict[str, str], body: bytes) -> Behaviour:
        method, path, _ = line.split(" ")
        if (method, path) != ("POST", _PATH):
            return Behaviour(status=404, body=json.dumps({"error": {"message": f"nothing at {method} {path}"}}))
        self.last_headers, self.last_request = headers, json.loads(body)
        answer = self._reply(self.last_request)
        return Behaviour(text=answer) if isinstance(answer, str) else answer

    async def _answer(self, behaviour: Behaviour, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if behaviour.manner == "hang":
            await reader.read(1)  # until the client leaves
        if behaviour.manner in ("close", "hang"):
            return False
        head, body = self._head_and_body(behaviour)
        writer.write(head)
        if behaviour.manner == "cut":
            body = body[: len(body) // 2]
        if behaviour.manner == "drip":
            for byte in itertools.chain(body[:1], itertools.repeat(ord(" "))):
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(_DRIP_SECONDS)
        writer.write(body)
        await writer.drain()
        return behaviour.manner == "whole"

    def _head_and_body(self, behaviour: Behaviour) -> tuple[bytes, bytes]:
        body = behaviour.body if behaviour.body is not None else json.dumps(self._completion(behaviour))
        content = body.encode() if isinstance(body, str) else body
        headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), **behaviour.headers}
        if behaviour.manner == "drip":
            headers["Content-Length"] = str(1 << 30)
        reason = HTTPStatus(behaviour.status).phrase
        lines = [f"HTTP/1.1 {behaviour.status} {reason}", *(f"{name}: {value}" for name, value in headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"), content

    def _completion(self, behaviour: Behaviour) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": behaviour.text}
        if behaviour.thinking:
            message["reasoning_content"] = behaviour.thinking
        completion = {
            "id": f"chatcmpl-{self.requests}",
            "object": "chat.completion",
            "created": 0,
            "model": self.last_request.get("model", ""),
            "choices": [{"index": 0, "message": message, "finish_reason": behaviour.finish}],
        }
        return completion if behaviour.usage is None else {**completion, "usage": dict(behaviour.usage)}
