"""Models that reply as a test says, prompt by prompt."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from crossomni.construction.models.asking import Desk, Talk
from crossomni.testing.chat_server import Behaviour, ChatServer
from tests.construction.models.conftest import asked_at
from tests.construction.models.scripted import asked_for

Reply = str | Behaviour | Callable[[dict[str, str]], str | Behaviour]  # a function gets the prompt's fields


def said(replies: Mapping[str, Reply], act: Any, *, readers: bool = False, asked: Counter[str] | None = None) -> Any:
    """What comes of an act with a talk, where models reply so.

    Args:
        readers: whether there are two blind ones; else that gate is off.
        asked: counts the requests by their prompts.
    """

    def reply(request: dict[str, Any]) -> str | Behaviour:
        name, fields, _ = asked_for(request)
        if asked is not None:
            asked[name] += 1
        told = replies[name]
        return told(fields) if callable(told) else told

    async def run(server: ChatServer) -> Any:
        models = asked_at(server)
        async with Desk(models if readers else replace(models, readers=()), None) as desk:
            return await act(Talk(desk))

    with ChatServer(reply) as server:
        return asyncio.run(run(server))
