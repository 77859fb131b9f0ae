"""Assemble: items of all clips into rows of both splits, each with its lineage."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any, NamedTuple

from crossomni.construction.build import Built
from crossomni.construction.drafts import Dropped
from crossomni.construction.models.items import Item, Worked
from crossomni.construction.models.lettering import Letters
from crossomni.construction.models.settings import BuildModels
from crossomni.errors import DataError
from crossomni.records import Clip, Row, letters
from crossomni.tasks import TASKS

_BROKEN = "a pair block that is not whole"


class _Home(NamedTuple):
    """What all rows of a clip have."""

    clip: Clip
    biography: str


def assemble(worked: Iterable[Worked], sides: Mapping[str, str], seed: int, pairs: int | None = None) -> Built:
    """Rows by split, clip by clip; letters are balanced within each task of a split.

    Args:
        sides: the split of each clip, by its id.
        pairs: how many whole pair blocks the test split is made of; the rest of it is dropped.

    Raises:
        DataError: when no row is left.
    """
    dropped: list[Dropped] = []
    items: dict[str, list[tuple[_Home, Item]]] = {split: [] for split in sorted(set(sides.values()), reverse=True)}
    clips = 0
    for clips, one in enumerate(worked, start=1):  # noqa: B007 (how many is told)
        dropped += one.dropped
        if one.annotation is not None:
            home = _Home(one.clip, one.annotation.biography)
            # Requests' traces, which are most of it, are left where they are kept.
            items[sides[one.clip.id]] += [(home, replace(item, asked=())) for item in one.items]
    rows: dict[str, tuple[Row, ...]] = {}
    for split, found in items.items():  # train first
        if split == "test" and pairs is not None:
            found, broken = _whole(found, pairs)
            dropped += broken
        rows[split] = tuple(_rows(found, random.Random(f"letters {seed} {split}")))
    rows = {split: made for split, made in rows.items() if made}
    if not rows:
        reasons = Counter(f"{drop.stage}: {drop.reason}" for drop in dropped).most_common(3)
        raise DataError(
            f"build: no row is left of {clips} clips; most often dropped: "
            f"{', '.join(f'{reason} ({count})' for reason, count in reasons)}. Try other models, or more clips."
        )
    return Built(rows=rows, dropped=tuple(dropped))


def lineage(worked: Iterable[Worked], kept: Set[str], models: BuildModels) -> Iterator[dict[str, Any]]:
    """Where each row comes from: its clip and subtitle lines, and each request with prompt, model, settings, verdict.

    A clip's own requests stand in a line of the clip, before its rows.
    """
    seen = {name: getattr(models, name) for name in ("frames", "pixels", "repeats")}
    for one in worked:
        clip = one.clip
        mine = [item for item in one.items if item.id in kept]
        if mine:
            yield {
                "clip": clip.id,
                "sha256": clip.sha256,
                "lines": [[line.start_seconds, line.end_seconds, line.speaker, line.text] for line in clip.lines],
                **seen,
                "asked": [asked.to_json() for asked in one.asked],
            }
        for item in mine:
            yield {
                "row": item.id,
                "clip": clip.id,
                "referent": item.name,
                "clue": item.clue,
                "asked": [asked.to_json() for asked in item.asked],
            }


def blocks_told(built: Built, wanted: int) -> str:
    """How many pair blocks the test split holds, in one line; of fewer than were wanted, why."""
    made = built.test_blocks if "test" in built.rows else 0
    told = f"test: {made} questions of each single task, each converted with fixed source and with fixed target (3.3)"
    if made >= wanted:
        return told
    broken = {
        drop.item.split("/")[0] + drop.item.rpartition("/")[2] for drop in built.dropped if drop.reason == _BROKEN
    }
    reasons = Counter(f"{one.stage}: {one.reason}" for one in built.dropped if one.stage != "pairs").most_common(3)
    return (
        f"{told}; {wanted} were asked for. Of {len(broken)} more persons a question was dropped; most often, "
        f"in all splits: {', '.join(f'{why} ({many})' for why, many in reasons) or 'nothing'}"
    )


def _rows(found: Iterable[tuple[_Home, Item]], rng: random.Random) -> Iterator[Row]:
    decks = Letters(rng)
    orders: dict[tuple[str, str], tuple[tuple[str, ...], str]] = {}
    for one, item in found:
        # Rows of a block that ask the same have the same options in the same order: only the source differs.
        key = (item.pair_id or item.id, item.task.target.value if item.pair_id else "")
        if key not in orders:
            deck = f"block {item.task.target}" if item.pair_id else item.task.id
            orders[key] = _ordered(item, decks.deal(deck), rng)
        options, answer = orders[key]
        clip = one.clip
        yield Row(
            id=item.id,
            clip_id=clip.id,
            question=item.question,
            options=options,
            answer=answer,
            task=item.task,
            biography=one.biography,
            rationale=_told(item, answer),
            show=clip.show,
            episode=clip.episode,
            start_seconds=clip.start_seconds,
            end_seconds=clip.end_seconds,
            pair_id=item.pair_id,
        )


def _ordered(item: Item, answer: str, rng: random.Random) -> tuple[tuple[str, ...], str]:
    options = rng.sample(item.wrong, len(item.wrong))
    options.insert(letters(4).index(answer), item.answer)
    return tuple(options), answer


def _told(item: Item, answer: str) -> str:
    """The four steps as numbered lines, the last one ending with the letter; empty in test."""
    if not item.rationale:
        return ""
    steps = [*item.rationale[:-1], f"{item.rationale[-1].rstrip()} The answer is {answer}."]
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))


def _whole(found: Sequence[tuple[_Home, Item]], most: int) -> tuple[list[tuple[_Home, Item]], list[Dropped]]:
    """So many blocks of which no row was dropped, from as many clips as there are; and why the rest is not."""
    sizes: dict[str, int] = defaultdict(int)
    for _, item in found:
        sizes[item.pair_id] += 1
    whole = [block for block, size in sizes.items() if size == len(TASKS)]
    # The first person of each clip, then the second ones.
    taken = set(sorted(whole, key=lambda block: (int(block.rpartition("/")[2]), whole.index(block)))[:most])
    kept = [(one, item) for one, item in found if item.pair_id in taken]
    reasons = {block: _BROKEN for block in sizes if block not in whole}
    reasons |= dict.fromkeys((block for block in whole if block not in taken), "more pair blocks than asked for")
    broken = [
        Dropped(stage="pairs", item=item.id, reason=reasons[item.pair_id])
        for _, item in found
        if item.pair_id in reasons
    ]
    return kept, broken
