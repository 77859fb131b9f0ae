"""Questions that ask the same, in whatever words: near ones are found by words, and a model says which are the same.

Within a clip, between all of its rows; and between the parts that one clip was cut into, where the same persons speak.
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from crossomni.construction.drafts import Dropped
from crossomni.construction.models import forms
from crossomni.construction.models.asking import NO_REPLY, Asked, Desk, Talk, Unanswered
from crossomni.construction.models.items import Item, Worked
from crossomni.optional import need

# Cosine of two questions' groups of letters from which on they are near. Paraphrases of one question lie at 0.3 to 0.5,
# and so do some questions that ask something else: who is asked about and what is answered counts first.
_NEAR = 0.5
_PART = re.compile(r"_p\d+\Z")  # of a clip's id, where it was cut
_SAME = "asks the same as another"
Pair = tuple[int, int]  # places of two items, the earlier one first


def film_of(clip_id: str) -> str:
    """The name of what a clip was cut from."""
    return _PART.sub("", clip_id)


async def without_repeats(desk: Desk, items: Sequence[Item]) -> list[Item | Dropped]:
    """The same items; of those that ask the same, the first one alone. It fails closed: where no verdict is to be had,
    the later one is dropped by that name.
    """
    return await _kept(desk, items, _near(items))


async def between_parts(desk: Desk, worked: Sequence[Worked]) -> list[Worked]:
    """The same clips, in the same order; of questions on parts of one clip that ask the same, the first one alone."""
    parts: defaultdict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(worked):
        parts[film_of(one.clip.id)].append(place)
    several = [places for places in parts.values() if len(places) > 1]
    made = await asyncio.gather(*(_between(desk, [worked[place] for place in places]) for places in several))
    changed = {
        place: one for places, ones in zip(several, made, strict=True) for place, one in zip(places, ones, strict=True)
    }
    return [changed.get(place, one) for place, one in enumerate(worked)]


async def _between(desk: Desk, parts: Sequence[Worked]) -> list[Worked]:
    owners = [place for place, one in enumerate(parts) for _ in one.items]
    items = [item for one in parts for item in one.items]
    pairs = [(first, second) for first, second in _near(items) if owners[first] != owners[second]]
    found = await _kept(desk, items, pairs)
    made = []
    for place, one in enumerate(parts):
        mine = [item for item, owner in zip(found, owners, strict=True) if owner == place]
        lost = tuple(item for item in mine if isinstance(item, Dropped))
        kept = tuple(item for item in mine if isinstance(item, Item))
        made.append(replace(one, items=kept, dropped=(*one.dropped, *lost)))
    return made


async def _kept(desk: Desk, items: Sequence[Item], pairs: Sequence[Pair]) -> list[Item | Dropped]:
    """Each item, unless it is the same as an earlier one that is kept."""
    verdicts = await asyncio.gather(*(_verdict(Talk(desk), items[first], items[second]) for first, second in pairs))
    faults: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    asked: defaultdict[int, list[Asked]] = defaultdict(list)
    for (first, second), (fault, traces) in zip(pairs, verdicts, strict=True):
        asked[second] += traces
        if fault:
            faults[second].append((first, fault))
    found: list[Item | Dropped] = []
    for place, item in enumerate(items):
        reasons = [fault for first, fault in faults[place] if isinstance(found[first], Item)]
        if reasons:
            # A silent server is told before others: what it was asked about is asked again.
            reason = next((one for one in reasons if NO_REPLY in one), reasons[0])
            found.append(Dropped(stage="verify", item=item.id, reason=reason))
        else:
            found.append(replace(item, asked=(*item.asked, *asked[place])))
    return found


async def _verdict(talk: Talk, first: Item, second: Item) -> tuple[str, list[Asked]]:
    """Why the second one goes, or empty text; and the traces."""
    if _plain(first.question) == _plain(second.question) and _plain(first.answer) == _plain(second.answer):
        return _SAME, []
    told = {"first": first.question, "first_answer": first.answer,
            "second": second.question, "second_answer": second.answer}  # fmt: skip
    try:
        same = await talk.ask("same", forms.word("yes", "no"), told)
    except Unanswered as error:
        return f"whether it asks the same as another: {error.reason}", talk.asked
    return (_SAME if same else ""), talk.asked


def _near(items: Sequence[Item]) -> list[Pair]:
    """Pairs that could ask the same: about the same one with the same answer, whatever their words; or about the same
    one or with the same answer, in words that are near. Rows of one pair block differ as they are meant to.
    """
    if len(items) < 2:
        return []
    text = need("sklearn.feature_extraction.text", "questions that ask the same")
    # Letters in groups see through other endings and small words; names of a clip's people weigh little.
    words = text.TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4)).fit_transform(
        [f"{one.question} {one.answer}" for one in items]
    )
    alike = (words @ words.T).toarray()
    pairs = []
    for first, second in combinations(range(len(items)), 2):
        one, other = items[first], items[second]
        if one.pair_id and one.pair_id == other.pair_id:
            continue
        common = (one.name == other.name) + (_plain(one.answer) == _plain(other.answer))
        if common == 2 or (common and alike[first][second] > _NEAR):
            pairs.append((first, second))
    return pairs


def _plain(text: str) -> str:
    """Its words alone."""
    return " ".join(re.findall(r"\w+", text.casefold()))
