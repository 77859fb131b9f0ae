"""Pair blocks among the rows of a dataset: what can be compared with source or target fixed, and what is left out.

A trio is three rows of one block: a single row and its two conversions, with the source fixed or with the target fixed.
Only whole trios are compared. A block of playhouse has all six; a dataset whose blocks lack tasks keeps those it has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from crossomni.errors import DataError
from crossomni.records import Row
from crossomni.tasks import CROSS_TASKS, TASKS, Modality, Task

Side = Literal["source", "target"]
SIDES: tuple[Side, ...] = get_args(Side)


@dataclass(frozen=True)
class Trio:
    """Places, among the rows, of a single row and of its two conversions, in the order of ``conversions``."""

    single: int
    converted: tuple[int, ...]

    @property
    def places(self) -> tuple[int, ...]:
        """All three."""
        return (self.single, *self.converted)


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """Which rows of a dataset can be compared, and which are left out."""

    trios: Mapping[tuple[Side, Modality], tuple[Trio, ...]]  # by what is fixed: never all empty
    count: int  # of pair ids
    whole: int  # pair ids with one row of each of the nine tasks
    clips: int  # of the rows in trios
    without_pair_id: int  # rows left out
    without_partner: int  # rows left out: of a block, and in no whole trio

    @property
    def said(self) -> str:
        """One line: how many blocks there are, and what is left out."""
        left = f"left out: {self.without_pair_id} rows without pair_id, {self.without_partner} without a partner"
        return f"{self.count} pair blocks on {self.clips} clips, {self.whole} with all nine tasks; {left}"


def conversions(side: Side, modality: Modality) -> tuple[Task, ...]:
    """The two cross tasks whose ``side`` is ``modality``.

    >>> [task.label for task in conversions("target", Modality.AUDIO)]
    ['Vi→Au', 'Te→Au']
    """
    return tuple(task for task in CROSS_TASKS if (task.source if side == "source" else task.target) is modality)


def find_blocks(rows: Sequence[Row], where: str) -> Blocks:
    """Find the whole trios among ``rows``; ``where`` is the place that an error names.

    A trio is whole when its block has exactly one row of each of its three tasks.

    Raises:
        DataError: no row has a pair_id, a block is on several clips, or no trio is whole.
    """
    blocks: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        if row.pair_id:
            blocks.setdefault(row.pair_id, []).append(place)
    if not blocks:
        raise DataError(
            f"{where}: none of the {len(rows)} rows has a pair_id; wanted rows in pair blocks. "
            "Build a set that has them: crossomni build --pairs 150 --out FOLDER."
        )
    for name, block in blocks.items():
        if len(clips := sorted({rows[place].clip_id for place in block})) > 1:
            raise DataError(
                f"{where}: pair block {name!r} is on the clips {', '.join(clips)}; wanted one clip a block. "
                "Give rows about another clip a pair_id of their own."
            )
    trios = {
        (side, modality): tuple(
            trio for block in blocks.values() if (trio := _trio(rows, block, side, modality)) is not None
        )
        for side in SIDES
        for modality in Modality
    }
    used = {place for found in trios.values() for trio in found for place in trio.places}
    if not used:
        raise DataError(
            f"{where}: none of the {len(blocks)} pair blocks has a single row with both its conversions. "
            "Take more rows, or build a set: crossomni build --pairs 150 --out FOLDER."
        )
    in_blocks = sum(map(len, blocks.values()))
    return Blocks(
        trios=trios,
        count=len(blocks),
        whole=sum(Counter(rows[p].task for p in block) == Counter(TASKS) for block in blocks.values()),
        clips=len({rows[place].clip_id for place in used}),
        without_pair_id=len(rows) - in_blocks,
        without_partner=in_blocks - len(used),
    )


def _trio(rows: Sequence[Row], block: Sequence[int], side: Side, modality: Modality) -> Trio | None:
    tasks = (Task(modality, modality), *conversions(side, modality))
    places = [[place for place in block if rows[place].task == task] for task in tasks]
    if any(len(found) != 1 for found in places):
        return None
    single, *converted = (found[0] for found in places)
    return Trio(single, tuple(converted))
