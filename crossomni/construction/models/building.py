"""A build by models: several clips at once, each kept as soon as it is done, and gone on with after a kill."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from crossomni.chat.spending import Spent
from crossomni.construction.models.asking import Desk
from crossomni.construction.models.clip_work import Work, work_on
from crossomni.construction.models.items import Worked
from crossomni.construction.models.settings import BuildModels
from crossomni.errors import ChatError, InputError
from crossomni.ledger import Ledger, read_records

_FORM = 1  # of what is kept of a clip; another number makes all clips again
REPLIES, CLIPS = "replies.sqlite", "clips.jsonl"


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a run over clips came to."""

    worked: tuple[Worked, ...]  # in the order of the clips
    spent: Mapping[str, Spent]  # by role, in this run
    found: int  # clips that earlier runs had done


def work_through(
    models: BuildModels,
    works: Sequence[Work],
    folder: Path,
    on_clip: Callable[[Mapping[str, Spent]], object] = lambda spent: None,
) -> Done:
    """Put each clip through all stages, several at once.

    What is done is in ``folder``: ``clips.jsonl`` holds the clips, ``replies.sqlite`` every reply. A run that was
    killed goes on there, and loses the requests that were under way at the most.

    Args:
        on_clip: called after each clip with what was spent so far.

    Raises:
        InputError: when a model does not answer at all.
        RunError: when another process works in the folder, or it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with Ledger(folder / CLIPS) as ledger:
        wanted = {_key(models, work): work for work in works}
        known = _known(wanted, (record for record in ledger.records() if record.get("is_done")))
        todo = {key: work for key, work in wanted.items() if key not in known}
        made, spent = asyncio.run(_through(models, todo, folder / REPLIES, ledger, on_clip))
    worked = [made[key] if key in made else known[key] for key in wanted]
    return Done(worked=tuple(worked), spent=spent, found=len(known))


def recall(models: BuildModels, works: Sequence[Work], folders: Iterable[Path]) -> Done:
    """What runs in these folders came to, clip by clip; those to which a server did not reply as far as they came."""
    wanted = {_key(models, work): work for work in works}
    records = chain.from_iterable(read_records(folder / CLIPS) for folder in folders if (folder / CLIPS).exists())
    known = _known(wanted, records)
    return Done(worked=tuple(known[key] for key in wanted if key in known), spent={}, found=len(known))


def _known(wanted: Mapping[str, Work], records: Iterable[Mapping[str, Any]]) -> dict[str, Worked]:
    """By key; a later record stands for an earlier one."""
    found = {str(record["key"]): record for record in records if record.get("key") in wanted}
    return {key: Worked.from_json(record, wanted[key].clip) for key, record in found.items()}


async def _through(
    models: BuildModels,
    todo: Mapping[str, Work],
    cache: Path,
    ledger: Ledger,
    on_clip: Callable[[Mapping[str, Spent]], object],
) -> tuple[dict[str, Worked], Mapping[str, Spent]]:
    made: dict[str, Worked] = {}
    if not todo:
        return made, {}
    async with Desk(models, None) as fresh:
        await _check(fresh)
    async with Desk(models, cache) as desk:
        async for key, worked in _each(desk, todo):
            made[key] = worked
            # A clip to which a server did not reply is not done: the next run asks again.
            ledger.append({"key": key, "is_done": worked.is_done} | worked.to_json())
            on_clip(desk.spent)
        return made, desk.spent


async def _each(desk: Desk, todo: Mapping[str, Work]) -> AsyncIterator[tuple[str, Worked]]:
    """Each clip as it is done; only so many are under way, and hold their media, at once."""

    async def one(key: str, work: Work) -> tuple[str, Worked]:
        return key, await work_on(desk, work)

    waiting = iter(todo.items())
    under_way: set[asyncio.Task[tuple[str, Worked]]] = set()
    try:
        while True:
            while len(under_way) < desk.models.clips_at_once and (following := next(waiting, None)) is not None:
                under_way.add(asyncio.create_task(one(*following)))
            if not under_way:
                return
            done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield task.result()
    finally:
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def _check(desk: Desk) -> None:
    """Refuse before the first clip when a model is not there."""

    async def greet(role: str) -> None:
        try:
            await desk.chats[role].ask([{"role": "user", "content": "Output the word ready."}])
        except ChatError as error:
            raise InputError(f"--models: {role} does not answer: {error}") from error

    await asyncio.gather(*(greet(role) for role in desk.chats))


def _key(models: BuildModels, work: Work) -> str:
    """Changes with all that decides what comes of the clip."""
    told: list[Any] = [_FORM, models.fingerprint, asdict(work.clip), work.split, work.seed, work.blocks]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
