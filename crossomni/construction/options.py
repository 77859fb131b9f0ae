"""Options: the same fact of the three others, and letters that are balanced within each task of a split."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from crossomni.construction.drafts import Draft, Dropped
from crossomni.records import letters

OPTIONS = 4


@dataclass(frozen=True, kw_only=True)
class Optioned:
    """A draft with its options in their final order, and the letter of the right one."""

    draft: Draft
    options: tuple[str, ...]
    answer: str


def values(draft: Draft) -> list[str]:
    """The asked fact's value for the referent, then for each of its peers that has one."""
    others = [peer.fact(draft.asked.modality, draft.asked.kind) for peer in draft.peers if peer is not draft.referent]
    return [draft.asked.value, *(fact.value for fact in others if fact is not None)]


def give_options(drafts: Sequence[Draft], seed: int) -> Iterator[Optioned | Dropped]:
    """Give each draft of one split four options, each true of exactly one of those it could be mistaken for.

    Questions of a pair block that ask for the same fact get the same options in the same order, so that nothing
    but the source differs between them.
    """
    rng = random.Random(f"options {seed}")
    kept = []
    for draft in drafts:
        if len(set(values(draft))) < OPTIONS:
            yield Dropped(stage="options", item=draft.id, reason="fewer than four different options")
        else:
            kept.append(draft)
    decks = _decks(kept, rng)
    ordered: dict[tuple[str, str], tuple[tuple[str, ...], str]] = {}
    for draft in kept:
        key = (draft.pair_id or draft.id, draft.asked.kind)
        if key not in ordered:
            ordered[key] = _arrange(draft, next(decks[_deck(draft)]), rng)
        options, answer = ordered[key]
        yield Optioned(draft=draft, options=options, answer=answer)


def _deck(draft: Draft) -> str:
    # A block's rows share letters by target; rows that stand alone are balanced within their task.
    return f"block {draft.asked.modality}" if draft.pair_id else f"alone {draft.task.id}"


def _decks(drafts: Iterable[Draft], rng: random.Random) -> dict[str, Iterator[str]]:
    return {name: balanced_letters(rng) for name in dict.fromkeys(_deck(draft) for draft in drafts)}


def balanced_letters(rng: random.Random) -> Iterator[str]:
    """Letters forever, each as often as the others in every run of four."""
    while True:
        yield from rng.sample(letters(OPTIONS), OPTIONS)


def _arrange(draft: Draft, answer: str, rng: random.Random) -> tuple[tuple[str, ...], str]:
    right, *wrong = values(draft)
    options = rng.sample(wrong, OPTIONS - 1)
    options.insert(letters(OPTIONS).index(answer), right)
    return tuple(options), answer
