"""From the name that a user gives to a judge that can be asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

from crossomni.chat.client import Chat
from crossomni.chat.config import ChatConfig
from crossomni.chat.spending import FREE, Price
from crossomni.corpus import Corpus
from crossomni.errors import InputError
from crossomni.judging import judge_config
from crossomni.training.judges.background import BackgroundJudge
from crossomni.training.judges.chat_judge import ChatJudge
from crossomni.training.judges.protocol import Judge

OFFLINE = "offline"
# A judgement is a line of three numbers at most. What is under a minute and three times tried ends below the judge's
# own patience, and that below the time for which other processes wait.
_REPLY_TOKENS, _TRIES, _DEADLINE_SECONDS = 16, 3, 60.0


@asynccontextmanager
async def chat_judge(
    config: ChatConfig,
    cache: Path | None = None,
    *,
    price: Price = FREE,
    patience_seconds: float = 300.0,
) -> AsyncIterator[ChatJudge]:
    """A chat model as a judge, open as an async context manager; ``cache`` as of ``Chat``."""
    async with Chat(config, cache) as chat:
        yield ChatJudge(chat, price=price, patience_seconds=patience_seconds)


def open_judge(
    spec: str,
    corpus: Corpus | None = None,
    cache: Path | None = None,
    *,
    at_once: int = 128,
    price: Price = FREE,
) -> BackgroundJudge:
    """The judge that ``spec`` names, to be used as a context manager; it can be asked from any thread and event loop.

    Args:
        spec: ``openai:NAME@URL``, or ``offline``: playhouse's own truth.
        corpus: whose rows are judged; ``offline`` needs it.
        cache: an SQLite file of the judge's replies; ``offline`` needs none.
        at_once: requests under way at the same time, at most, of this process.
        price: of a chat model's tokens.

    Raises:
        InputError: for a spec of another form, or ``offline`` without a corpus.
    """
    if spec == OFFLINE:
        if corpus is None:
            raise InputError("judge 'offline': no data came; it judges by the truth of their clips. Give the corpus.")
        from crossomni.training.judges.offline import OfflineJudge

        judge: Judge = OfflineJudge(corpus)
        return BackgroundJudge(nullcontext(judge))
    config = replace(
        judge_config(spec, at_once), tries=_TRIES, deadline_seconds=_DEADLINE_SECONDS, most_new_tokens=_REPLY_TOKENS
    )
    return BackgroundJudge(chat_judge(config, cache, price=price))
