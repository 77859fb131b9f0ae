"""One clip through all stages: annotate, check, align, write, options, verify, rationale."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from crossomni.construction.drafts import Dropped
from crossomni.construction.models.annotating import annotate, give_biographies
from crossomni.construction.models.asking import Asked, Desk, Talk, Unanswered
from crossomni.construction.models.checking import check, join
from crossomni.construction.models.items import Item, Known, Worked
from crossomni.construction.models.repeats import without_repeats
from crossomni.construction.models.verifying import give_reasons, verify
from crossomni.construction.models.writing import give_options, write_block, write_questions
from crossomni.errors import MediaError
from crossomni.records import Clip, Line


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is to be done with a clip."""

    clip: Clip
    file: Path
    split: str
    seed: int
    blocks: bool = False  # pair blocks in place of a question of each task

    def to_json(self) -> dict[str, Any]:
        """A plain dict."""
        return asdict(self) | {"file": str(self.file)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Work:
        """Read what ``to_json`` wrote."""
        lines = tuple(Line(**line) for line in data["clip"]["lines"])
        return cls(**{**data, "clip": Clip(**{**data["clip"], "lines": lines}), "file": Path(data["file"])})

    @property
    def has_reasons(self) -> bool:
        """Rationales are for training (section 2.3)."""
        return self.split == "train"


async def work_on(desk: Desk, work: Work) -> Worked:
    """All that comes of a clip; whatever goes wrong with it is a drop with its reason."""
    talk, dropped = Talk(desk), list[Dropped]()
    known = await _known(talk, work, dropped)
    items = [] if known is None else await _items(desk, work, known, dropped)
    return Worked(
        clip=work.clip,
        annotation=None if known is None else known.annotation,
        items=tuple(items),
        dropped=tuple(dropped),
        asked=_in_order(talk.asked),
    )


async def _known(talk: Talk, work: Work, dropped: list[Dropped]) -> Known | None:
    clip = work.clip
    try:
        notes, lost = await annotate(talk, clip, work.file)
        dropped += lost
        checked = await check(talk, clip, notes)
        if isinstance(checked, Dropped):
            dropped.append(checked)
            return None
        biographies, lost = await give_biographies(talk, clip, checked)
    except Unanswered as error:
        dropped.append(Dropped(stage="annotate", item=clip.id, reason=f"description: {error.reason}"))
        return None
    except MediaError:
        dropped.append(Dropped(stage="annotate", item=clip.id, reason="the clip cannot be decoded"))
        return None
    known, without = join(clip, replace(checked, biographies=biographies))
    dropped += [*lost, *without]
    if isinstance(known, Dropped):
        dropped.append(known)
        return None
    return known


async def _items(desk: Desk, work: Work, known: Known, dropped: list[Dropped]) -> list[Item]:
    if work.blocks:
        places = range(len(known.annotation.persons))
        written = [
            item
            for block in await asyncio.gather(*(write_block(desk, known, place) for place in places))
            for item in block
        ]
    else:
        written = await write_questions(desk, known, work.seed)
    items = _kept(written, dropped)
    finished = await asyncio.gather(*(_finished(desk, work, known, item) for item in items))
    return _kept(await without_repeats(desk, _kept(finished, dropped)), dropped)


async def _finished(desk: Desk, work: Work, known: Known, item: Item) -> Item | Dropped:
    """The item with options, verified, and with reasons where they are wanted; its trace complete."""
    talk = Talk(desk)
    # Rows of a pair block have their options already: those that ask the same share them.
    made = item if item.wrong else await give_options(talk, item, known)
    if isinstance(made, Item):
        made = await verify(talk, made, known, work.seed)
    if isinstance(made, Item) and work.has_reasons:
        made = await give_reasons(talk, made, known)
    return replace(made, asked=(*item.asked, *_in_order(talk.asked))) if isinstance(made, Item) else made


def _kept(found: Sequence[Item | Dropped], dropped: list[Dropped]) -> list[Item]:
    dropped += [one for one in found if isinstance(one, Dropped)]
    return [one for one in found if isinstance(one, Item)]


def _in_order(asked: Sequence[Asked]) -> tuple[Asked, ...]:
    """Traces in an order that does not hang on which reply came first."""
    return tuple(sorted(asked, key=lambda one: (one.prompt, one.model, one.reply, one.verdict)))
