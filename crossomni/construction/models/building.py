"""A build by models: several clips at once, each kept as soon as it is done, and gone on with after a kill."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crossomni.chat.client import Chat
from crossomni.construction.models.asking import Desk
from crossomni.construction.models.clip_work import Work, work_on
from crossomni.construction.models.costs import Bill, Progress, added
from crossomni.construction.models.items import Worked
from crossomni.construction.models.keeping import Kept, Place, places
from crossomni.construction.models.settings import BuildModels
from crossomni.errors import ChatError, InputError
from crossomni.ledger import Ledger

_FORM = 2  # of what is kept of a clip; another number makes all clips again
REPLIES, CLIPS = "replies.sqlite", "clips.jsonl"
OnProgress = Callable[[Progress], object]


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a run over clips came to."""

    worked: Kept  # in the order of the clips
    spent: Bill  # in this run
    before: Bill  # in earlier runs
    found: int  # clips that earlier runs had done


def work_through(
    models: BuildModels, works: Sequence[Work], folder: Path, on_progress: OnProgress = lambda progress: None
) -> Done:
    """Put each clip through all stages, several at once. Nothing of a clip stays in memory when it is done.

    What is done is in ``folder``: ``clips.jsonl`` holds the clips, ``replies.sqlite`` every reply, ``progress.json``
    what was spent. A run that was killed goes on there, and loses the requests that were under way at the most.

    Args:
        on_progress: called at the start and after each clip, with what this run has spent so far.

    Raises:
        InputError: when a model does not answer at all.
        RunError: when another process works in the folder, or it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    take_over(models, {folder: works}, folder)
    before = Progress.read(folder).spent
    with Ledger(folder / CLIPS) as ledger:
        wanted = _keys(models, works)
        kept = places([ledger.path], wanted)
        todo = {key: work for key, work in wanted.items() if key not in kept or not kept[key].is_done}
        run = _Run(ledger, kept, before, found=len(wanted) - len(todo), tell=on_progress)
        run.note({})
        spent = asyncio.run(_through(models, todo, folder / REPLIES, run)) if todo else {}
    return Done(worked=_shelf(wanted, kept), spent=spent, before=before, found=run.found)


def take_over(models: BuildModels, parts: Mapping[Path, Sequence[Work]], home: Path) -> None:
    """Copy what is done of these clips to where it is looked for, when the build had another number of shards before.

    Args:
        parts: the clips of each folder.
        home: of the build; it, and the shards' folders in it, are looked through.
    """
    wanted = {folder: _keys(models, works) for folder, works in parts.items()}
    lacking = {
        key: folder
        for folder, keys in wanted.items()
        for key in keys.keys() - {key for key, place in places([folder / CLIPS], keys).items() if place.is_done}
    }
    there = [home / CLIPS, *sorted(home.glob(f"shard_*/{CLIPS}"))]
    found: dict[Path, list[Place]] = {}
    for key, place in (places(there, lacking) if lacking else {}).items():
        if place.is_done:
            found.setdefault(lacking[key], []).append(place)
    for folder, several in found.items():
        folder.mkdir(parents=True, exist_ok=True)
        with Ledger(folder / CLIPS) as ledger:
            for place in several:
                ledger.append(place.read())


def recall(models: BuildModels, works: Sequence[Work], folders: Iterable[Path]) -> Done:
    """What runs in these folders came to, clip by clip; those to which a server did not reply as far as they came."""
    wanted = _keys(models, works)
    kept = places([folder / CLIPS for folder in folders], wanted)
    done = sum(place.is_done for place in kept.values())
    return Done(worked=_shelf(wanted, kept), spent={}, before={}, found=done)


def see_that_models_answer(models: BuildModels) -> None:
    """Ask each model for a word.

    Raises:
        InputError: naming the one that does not reply, in one line.
    """
    asyncio.run(_greet(models))


def _shelf(wanted: Mapping[str, Work], kept: Mapping[str, Place]) -> Kept:
    return Kept((work.clip, kept[key]) for key, work in wanted.items() if key in kept)


class _Run:
    """What is written down as clips are done."""

    def __init__(self, ledger: Ledger, kept: dict[str, Place], before: Bill, *, found: int, tell: OnProgress) -> None:
        self._ledger, self._kept, self._before, self._tell = ledger, kept, before, tell
        self.found = found
        self._made = 0

    def keep(self, key: str, worked: Worked, spent: Bill) -> None:
        """A clip, and what was spent so far."""
        offset = self._ledger.path.stat().st_size
        # A clip to which a server did not reply is not done: the next run asks again.
        record = {"key": key, "is_done": worked.is_done} | worked.to_json()
        self._ledger.append(record)
        self._kept[key] = Place.of(self._ledger.path, offset, record)
        self._made += 1
        self.note(spent)

    def note(self, spent: Bill) -> None:
        """Say how far it is, for whoever looks, and for the next run."""
        clips = self.found + self._made
        Progress(clips=clips, spent=added(self._before, spent)).write(self._ledger.path.parent)
        self._tell(Progress(clips=clips, spent=spent))


async def _through(models: BuildModels, todo: Mapping[str, Work], cache: Path, run: _Run) -> Bill:
    # As many threads as cores decode and measure. With more, all clips are decoded at once and none is ready early, and
    # requests wait for their turn of the interpreter.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(os.cpu_count()))
    await _greet(models)
    async with Desk(models, cache) as desk:
        try:
            async with aclosing(_each(desk, todo)) as clips:
                async for key, worked in clips:
                    run.keep(key, worked, desk.spent)
        finally:
            run.note(desk.spent)  # replies about clips that are not done are paid for, too
        return desk.spent


async def _each(desk: Desk, todo: Mapping[str, Work]) -> AsyncGenerator[tuple[str, Worked], None]:
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


async def _greet(models: BuildModels) -> None:
    """Refuse before the first clip when a model is not there. A model that has several roles is asked once."""
    roles: dict[tuple[str, str], str] = {}
    for role, one in models.endpoints.items():
        roles.setdefault((one.chat.url, one.chat.model), role)

    async def greet(chat: Chat, role: str) -> None:
        try:
            await chat.ask([{"role": "user", "content": "Output the word ready."}])
        except ChatError as error:
            raise InputError(f"--models: {role} does not answer: {error}") from error

    async with Desk(models, None) as desk:
        asked = [asyncio.create_task(greet(desk.chats[role], role)) for role in roles.values()]
        found = await asyncio.gather(*asked, return_exceptions=True)
    for failed in found:
        if failed is not None:
            raise failed


def _keys(models: BuildModels, works: Sequence[Work]) -> dict[str, Work]:
    """By keys that change with all that decides what comes of a clip."""
    asked = models.fingerprint
    found = {}
    for work in works:
        told: list[Any] = [_FORM, asked, asdict(work.clip), work.split, work.seed, work.blocks]
        found[hashlib.sha256(json.dumps(told).encode()).hexdigest()] = work
    return found
