"""The pipeline: annotations in, rows of both splits out, and every drop with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from crossomni.construction.align import align
from crossomni.construction.drafts import Draft, Dropped
from crossomni.construction.options import Optioned, give_options
from crossomni.construction.pairs import blocks_by_turns, whole_blocks
from crossomni.construction.questions import sight_drill, write_questions
from crossomni.construction.rationale import write_rationale
from crossomni.construction.splits import SPLITS, split_by_episode
from crossomni.construction.verify import verify
from crossomni.errors import DataError
from crossomni.records import Annotation, Row

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Built:
    """What a build gives: rows by split, clip by clip, and what was dropped on the way."""

    rows: dict[str, tuple[Row, ...]]
    dropped: tuple[Dropped, ...]

    @property
    def funnel(self) -> dict[str, int]:
        """How many items each stage dropped for each reason, as ``"stage: reason"``."""
        return dict(Counter(f"{drop.stage}: {drop.reason}" for drop in self.dropped))

    @property
    def test_blocks(self) -> int:
        """How many pair blocks the test split holds."""
        return len({row.pair_id for row in self.rows["test"]} - {""})


def build_rows(
    annotations: Sequence[Annotation], *, test_share: float, seed: int, pairs: int | None = None, drill: int = 0
) -> Built:
    """Turn annotated clips into rows through every stage; clips of a single episode give no train split.

    Args:
        pairs: how many pair blocks the test split is made of, and nothing else (``construction.pairs``); fewer where
            the clips give fewer. None: the usual test split. The train split is the same in both.
        drill: how many further questions within sight each training clip gets (``questions.sight_drill``).

    Raises:
        DataError: when no clips are left, or no row of one of the splits.
    """
    aligned, dropped = _sort(align(annotation) for annotation in annotations)
    sides = split_by_episode({annotation.clip.id: annotation.clip.episode for annotation in aligned}, test_share, seed)
    rows: dict[str, tuple[Row, ...]] = {}
    for split in SPLITS:
        of_split = [annotation for annotation in aligned if sides[annotation.clip.id] == split]
        if not of_split:  # train, of a single episode
            continue
        blocks = pairs if split == "test" else None
        drafts = list(_drafts(of_split, seed, blocks))
        if split == "train":
            drafts = list(_drilled(drafts, of_split, drill))
        optioned, without_options = _sort(give_options(drafts, seed))
        verified, refused = _sort(verify(optioned))
        dropped += without_options + refused
        if blocks is not None:
            verified, of_broken = _sort(whole_blocks(verified, blocks))
            dropped += of_broken
        rows[split] = tuple(_assemble(item, split) for item in verified)
        if not rows[split]:
            raise DataError(
                f"build: no row is left in the {split} split of {len(annotations)} clips: every question was dropped. "
                "Take more clips, or another test share."
            )
    return Built(rows=rows, dropped=tuple(dropped))


def _drafts(annotations: Sequence[Annotation], seed: int, blocks: int | None) -> Iterator[Draft]:
    if blocks is not None:
        yield from blocks_by_turns(annotations, seed)
    else:
        for number, annotation in enumerate(annotations):
            yield from write_questions(annotation, number, seed)


def _drilled(drafts: Iterable[Draft], annotations: Sequence[Annotation], drill: int) -> Iterator[Draft]:
    """The drafts, each clip's followed by its drill; what is asked already is left out of it."""
    of_clip: dict[str, list[Draft]] = {annotation.clip.id: [] for annotation in annotations}
    for draft in drafts:
        of_clip[draft.annotation.clip.id].append(draft)
    for annotation in annotations:
        asked = of_clip[annotation.clip.id]
        known = {draft.id for draft in asked}
        yield from asked
        yield from (draft for draft in sight_drill(annotation, drill) if draft.id not in known)


def _sort(items: Iterable[_T | Dropped]) -> tuple[list[_T], list[Dropped]]:
    kept: list[_T] = []
    dropped: list[Dropped] = []
    for item in items:
        if isinstance(item, Dropped):
            dropped.append(item)
        else:
            kept.append(item)
    return kept, dropped


def _assemble(item: Optioned, split: str) -> Row:
    draft = item.draft
    clip = draft.annotation.clip
    return Row(
        id=draft.id,
        clip_id=clip.id,
        question=_sentence(draft),
        options=item.options,
        answer=item.answer,
        task=draft.task,
        biography=draft.annotation.biography,
        rationale=write_rationale(item) if split == "train" else "",
        show=clip.show,
        episode=clip.episode,
        start_seconds=clip.start_seconds,
        end_seconds=clip.end_seconds,
        pair_id=draft.pair_id,
    )


def _sentence(draft: Draft) -> str:
    return draft.question[0].upper() + draft.question[1:]
