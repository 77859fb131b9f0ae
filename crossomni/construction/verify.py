"""Verify: the gates that a question passes before it becomes a row (section 2.2.4). They fail closed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from crossomni.construction.drafts import Dropped
from crossomni.construction.options import Optioned


def verify(items: Iterable[Optioned]) -> Iterator[Optioned | Dropped]:
    """Keep what is unique in the source, answerable in the target, right once, free of names, and not asked before."""
    asked: set[tuple[str, str, frozenset[str]]] = set()
    for item in items:
        reason = _fault(item)
        key = (item.draft.annotation.clip.id, item.draft.question, frozenset(item.options))
        if not reason and key in asked:
            reason = "asked before"
        asked.add(key)
        yield Dropped(stage="verify", item=item.draft.id, reason=reason) if reason else item


def _fault(item: Optioned) -> str:
    draft = item.draft
    if draft.clue.kind == "thing":
        found = [peer for peer in draft.peers if peer.name == draft.clue.value]
    else:
        found = [peer for peer in draft.peers if peer.fact(draft.clue.modality, draft.clue.kind) == draft.clue]
    if found != [draft.referent]:
        return "the clue does not fit exactly one referent in the source"
    holders = [
        [peer for peer in draft.peers if _value(peer.fact(draft.asked.modality, draft.asked.kind)) == option]
        for option in item.options
    ]
    if any(len(peers) != 1 for peers in holders):
        return "an option is not true of exactly one referent in the target"
    if holders[ord(item.answer) - ord("A")] != [draft.referent]:
        return "the answer is not the referent's"
    if draft.task.is_cross and leaks_name(draft.question, [peer.name for peer in draft.annotation.referents]):
        return "a name in a cross question"
    if {draft.clue.kind, draft.asked.kind} & {fact.kind for fact in draft.referent.bridge} and draft.task.is_cross:
        return "a look that the biography tells, in a cross question"
    return ""


# In names of speakers such as "The Doctor" or "Man in Black"; alone they name nobody.
_NO_NAMES = {
    "",
    "a",
    "an",
    "and",
    "boy",
    "doctor",
    "dr.",
    "girl",
    "in",
    "man",
    "mr.",
    "mrs.",
    "ms.",
    "of",
    "the",
    "woman",
}


def _value(fact: object) -> str | None:
    return getattr(fact, "value", None)


def leaks_name(question: str, names: list[str]) -> bool:
    """Whether a whole name, or a part of one, stands in the question outside of a quoted line."""
    text = re.sub(r"“[^”]*”", "", question).casefold()
    parts = {part for name in names for part in (name.casefold(), *re.split(r"[\s-]+", name.casefold()))}
    return any(re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text) for part in parts - _NO_NAMES if part)
