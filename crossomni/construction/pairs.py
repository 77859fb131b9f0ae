"""The set of section 3.3: N questions of each single task, each converted with its source kept, then its target kept.

The paper takes 150 questions of each single task and writes four cross questions out of each. A pair block is that
experiment for three questions at once: its single rows are one question of each single task, its cross row from source
s to target t has the clue of the single row s (a conversion with fixed source) and the fact, the options and the letter
of the single row t (a conversion with fixed target). So N blocks are the set, and nothing else is drawn. Every cross
row serves in both settings, which are then about the same people: 9 rows a block, where separate draws need 15.

A person gives one block, or the clue of one block could be the answer of another. Clips take turns: none gives a second
block before every clip has given its first. With as many clips as blocks, blocks are independent; with fewer, scores
are clustered by clip as everywhere.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from crossomni.construction.drafts import Draft, Dropped
from crossomni.construction.options import Optioned
from crossomni.construction.questions import pair_block
from crossomni.records import Annotation
from crossomni.tasks import TASKS


def blocks_by_turns(annotations: Sequence[Annotation], seed: int) -> Iterator[Draft]:
    """The drafts of a block about each person of each clip: the first of every clip, then the second, and so on."""
    given = [_blocks(annotation, seed) for annotation in annotations]
    for turn in range(max((len(blocks) for blocks in given), default=0)):
        for blocks in given:
            if turn < len(blocks):
                yield from blocks[turn]


def whole_blocks(items: Iterable[Optioned], count: int) -> Iterator[Optioned | Dropped]:
    """The first ``count`` blocks that still have a row of each task, clip by clip, and the rows of those that have not.

    Fewer than ``count`` come where ``items`` hold fewer.
    """
    blocks: dict[str, list[Optioned]] = {}
    clips: dict[str, list[Optioned]] = {}
    for item in items:
        blocks.setdefault(item.draft.pair_id, []).append(item)
    broken = [item for block in blocks.values() if len(block) < len(TASKS) for item in block]
    yield from (Dropped(stage="pairs", item=item.draft.id, reason="its block is not whole") for item in broken)
    for block in islice((block for block in blocks.values() if len(block) == len(TASKS)), count):
        clips.setdefault(block[0].draft.annotation.clip.id, []).extend(block)
    for of_clip in clips.values():
        yield from of_clip


def _blocks(annotation: Annotation, seed: int) -> list[list[Draft]]:
    rng = random.Random(f"pairs {seed} {annotation.clip.id}")
    persons = rng.sample(annotation.persons, len(annotation.persons))
    return [list(pair_block(annotation, person, rng)) for person in persons]
