"""Asking a stub server, for the tests of this folder."""

import asyncio

import pytest

from crossomni.chat import Chat, ChatConfig
from crossomni.errors import ChatError
from crossomni.testing.chat_server import ChatServer, in_turn

ASKED = [{"role": "user", "content": "Who speaks?"}]


class Pauses(list[float]):
    """Waits between tries: noted, not waited."""

    async def __call__(self, seconds):
        """Note it."""
        self.append(seconds)


def config_of(server, **changes):
    """A configuration with three tries."""
    return ChatConfig(**{"url": server.url, "model": "m", "tries": 3, "deadline_seconds": 20.0, **changes})


def ask(server, messages=ASKED, *, cache=None, pauses=None, options=None, **changes):
    """Ask one server once."""

    async def main():
        sleep = Pauses() if pauses is None else pauses
        async with Chat(config_of(server, **changes), cache, sleep=sleep) as chat:
            return await chat.ask(messages, **(options or {}))

    return asyncio.run(main())


def error_of(behaviour, **changes):
    """The failure that a server of this behaviour ends in, and how often it was asked."""
    with ChatServer(in_turn(behaviour)) as server, pytest.raises(ChatError) as caught:
        ask(server, **changes)
    return caught.value, server.requests
