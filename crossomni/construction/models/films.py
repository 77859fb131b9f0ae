"""What parts of one film have in common, once all of them are done: questions that ask the same are dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from crossomni.construction.drafts import Dropped
from crossomni.construction.models.asking import Asked, Desk
from crossomni.construction.models.building import REPLIES, Done
from crossomni.construction.models.costs import Bill, Progress, added
from crossomni.construction.models.items import Item, Worked
from crossomni.construction.models.keeping import Kept
from crossomni.construction.models.repeats import between_parts, film_of
from crossomni.construction.models.settings import BuildModels


@dataclass
class _Found:
    """What is to be changed of clips, and no more of them: it stays in memory."""

    dropped: dict[str, tuple[Dropped, ...]] = field(default_factory=dict)  # by clip
    asked: dict[str, tuple[Asked, ...]] = field(default_factory=dict)  # by item

    def note(self, before: Worked, after: Worked) -> None:
        """What differs."""
        if lost := after.dropped[len(before.dropped) :]:
            self.dropped[before.clip.id] = lost
        traces = {item.id: len(item.asked) for item in before.items}
        self.asked |= {one.id: one.asked[traces[one.id] :] for one in after.items if len(one.asked) > traces[one.id]}

    def change(self, one: Worked) -> Worked:
        """A clip with it."""
        lost = self.dropped.get(one.clip.id, ())
        gone = {drop.item for drop in lost}
        return replace(one, items=tuple(self._traced(item) for item in one.items if item.id not in gone),
                       dropped=(*one.dropped, *lost))  # fmt: skip

    def _traced(self, item: Item) -> Item:
        return replace(item, asked=(*item.asked, *self.asked[item.id])) if item.id in self.asked else item


def drop_between_parts(models: BuildModels, done: Done, folder: Path) -> Done:
    """The same, without questions that ask what another part of the same film is asked.

    Args:
        folder: where replies are kept, and what was spent.
    """
    films = [film for film in _films(done.worked) if len(film) > 1]
    if not films:
        return done
    found, spent = asyncio.run(_between(models, done.worked, films, folder / REPLIES))
    so_far = Progress.read(folder)
    replace(so_far, spent=added(so_far.spent, spent)).write(folder)
    return replace(done, worked=done.worked.changed(found.change), spent=added(done.spent, spent))


def _films(worked: Kept) -> Iterator[list[int]]:
    """Places of the parts of each film, which stand together."""
    names = [film_of(name) for name in worked.names]
    for _, film in groupby(range(len(names)), key=names.__getitem__):
        yield [*film]


async def _between(models: BuildModels, worked: Kept, films: Sequence[list[int]], cache: Path) -> tuple[_Found, Bill]:
    found = _Found()
    async with Desk(models, cache) as desk:
        for start in range(0, len(films), models.clips_at_once):
            before = [worked[place] for film in films[start : start + models.clips_at_once] for place in film]
            for one, after in zip(before, await between_parts(desk, before), strict=True):
                found.note(one, after)
        return found, desk.spent
