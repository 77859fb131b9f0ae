"""Verify items, and give reasons: the gates of Tables 15 and 16, and one that the paper lacks. They fail closed."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace

from crossomni.construction.drafts import Dropped
from crossomni.construction.models import forms
from crossomni.construction.models.asking import Talk, Unanswered, together
from crossomni.construction.models.items import Item, Known
from crossomni.construction.models.writing import route_words
from crossomni.optional import need
from crossomni.records import letters
from crossomni.tasks import Modality

_SENSES = {
    Modality.AUDIO: "the sound of the video",
    Modality.VISION: "the picture of the video",
    Modality.TEXT: "the biographies",
}
# A rationale tells what is seen, heard and read in the biographies; these words name what only annotators have.
_SOURCES = re.compile(
    r"\b(annotat\w*|caption\w*|subtitle\w*|transcript\w*|metadata|(?:visual|person|video|given|provided) descriptions?"
    r"|the descriptions?|input texts?|as (?:given|provided)|the (?:given|provided|correct|right|hidden) answer)\b",
    re.IGNORECASE,
)
_SAME = 0.9  # cosine of two questions' words and letter groups from which on they ask the same


async def verify(talk: Talk, item: Item, known: Known, seed: int) -> Item | Dropped:
    """Keep an item whose referent is unique, whose answer is right and whose options are wrong, and which the blind
    cannot answer. Each gate has its own reason; a reply that is none counts as refused.
    """
    try:
        reason = await _fault(talk, item, known, seed)
    except Unanswered as error:
        reason = error.reason
    return Dropped(stage="verify", item=item.id, reason=reason) if reason else item


async def _fault(talk: Talk, item: Item, known: Known, seed: int) -> str:
    told = {"material": known.material, "question": item.question} | route_words(item.task)
    if not await talk.ask("unique", forms.word("yes", "no"), told | {"clue": item.clue}):
        return "the clue does not fit exactly one referent in the source"
    right, *wrong = await together(
        *(
            talk.ask("answerable", forms.word("correct", "non-correct"), told | {"answer": answer})
            for answer in (item.answer, *item.wrong)
        )
    )
    if not right:
        return "the answer is not right"
    if any(wrong):
        return "a wrong option is right"
    options = _shuffled(item, seed)
    listed = "\n".join(f"{letter}. {option}" for letter, option in zip(letters(4), options, strict=True))
    asked = {"question": item.question, "options": listed}
    if not await talk.ask("plausible", forms.word("yes", "no"), asked):
        return "an option is not plausible"
    blind = [role for role in talk.desk.models.endpoints if role.startswith("reader")]
    said = await together(*(talk.ask("blind", forms.letter(options), asked, role=role) for role in blind))
    found = [options[letters(4).index(letter)] == item.answer for letter in said]
    return "blind readers find the answer" if found and all(found) else ""


def _shuffled(item: Item, seed: int) -> list[str]:
    """Options in an order of this item's own; a row's letters are given out at the end, over all rows."""
    options = [item.answer, *item.wrong]
    random.Random(f"{seed} {item.id}").shuffle(options)
    return options


def without_repeats(items: Sequence[Item]) -> list[Item | Dropped]:
    """The same items; of those that ask the same within a task, the first one alone."""
    if len(items) < 2:
        return list(items)
    text = need("sklearn.feature_extraction.text", "questions that ask the same")
    # Letters in groups see through other endings and small words; names of a clip's people weigh little.
    words = text.TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4)).fit_transform([one.question for one in items])
    alike = (words @ words.T).toarray()
    kept: list[Item | Dropped] = []
    for place, item in enumerate(items):
        before = [n for n in range(place) if isinstance(kept[n], Item) and items[n].task is item.task]
        same = any(alike[place][n] > _SAME for n in before)
        kept.append(Dropped(stage="verify", item=item.id, reason="asks the same as another") if same else item)
    return kept


async def give_reasons(talk: Talk, item: Item, known: Known) -> Item | Dropped:
    """Ask for the four steps (section 2.3), and hold them against evidence, answer and the words they must not use."""
    told = {"material": known.material, "question": item.question, "answer": item.answer}
    try:
        steps = await talk.ask("rationale", forms.reasoning(item.answer), told | route_words(item.task))
        if _SOURCES.search(" ".join(steps)):
            return Dropped(stage="rationale", item=item.id, reason="names the annotation as its source")
        answer = re.escape(item.answer.rstrip("."))
        if not re.search(rf"(?<!\w){answer}(?!\w)", steps[3], re.IGNORECASE):
            return Dropped(stage="rationale", item=item.id, reason="does not reach the answer")
        way = {"source": _SENSES[item.task.source], "target": _SENSES[item.task.target]}
        numbered = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))
        if not await talk.ask("reasoned", forms.word("yes", "no"), told | way | {"rationale": numbered}):
            return Dropped(stage="rationale", item=item.id, reason="its steps do not hold")
    except Unanswered as error:
        return Dropped(stage="rationale", item=item.id, reason=error.reason)
    return replace(item, rationale=steps)
