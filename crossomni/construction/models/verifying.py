"""Verify items, and give reasons: the gates of Tables 15 and 16, and one that the paper lacks. They fail closed."""

from __future__ import annotations

import random
import re
from dataclasses import replace

from crossomni.construction.drafts import Dropped
from crossomni.construction.models import forms
from crossomni.construction.models.asking import Talk, Unanswered, together
from crossomni.construction.models.items import Item, Known
from crossomni.construction.models.writing import route_words
from crossomni.records import letters
from crossomni.tasks import Modality

_SENSES = {
    Modality.AUDIO: "the sound of the video",
    Modality.VISION: "the picture of the video",
    Modality.TEXT: "the biographies",
}
# A rationale tells what is seen, heard and read in the biographies. What only annotators have must not be named as a
# source (Table 16): some words are never anything else; others ("a caption", "the answer") are innocent unless
# something is taken from them, or was given.
_NAMED = (
    r"(?:descriptions?|captions?|subtitles?|transcripts?|transcriptions?"
    r"|(?:given|provided|input|supplied) (?:texts?|information|data|context))"
)
_TELLS = (
    r"(?:says?|states?|tells?|shows?|has|have|gives?|reads?|mentions?|describes?|indicates?|notes?|lists?|confirms?"
    r"|reveals?|specif(?:y|ies))"
)
_TAKEN = (
    r"(?:according to|based on|as \w+ (?:in|by)|(?:said|stated|told|mentioned|described|noted|given|written) (?:in|by)"
    r"|(?:found|read|seen) in|from|per)"
)
_SOURCES = re.compile(
    r"\b(?:annotations?|annotators?|metadata|ground truth|input texts?"
    r"|(?:visual|person|video|audio|overall|given|provided) descriptions?"
    rf"|the {_NAMED} {_TELLS}|{_TAKEN} (?:the|its|their|this) {_NAMED}"
    # An answer that was there before it was found; one that somebody in the video gives is innocent.
    r"|(?:given|provided|hidden|secret|supplied|expected|gold|reference) answer"
    r"|answer (?:is|was|has been) (?:already |previously )?(?:given|provided|supplied|known)"
    r"(?! (?:in|by|from) (?:the|his|her|their|its) (?:biograph|video|voice|sound|picture|line)))\b",
    re.IGNORECASE,
)


def names_a_source(told: str) -> bool:
    """Whether reasoning names as its source what only annotators have, or an answer that was given before.

    >>> names_a_source("According to the description he waves."), names_a_source("So the correct answer is red.")
    (True, False)
    """
    return _SOURCES.search(told) is not None


async def verify(talk: Talk, item: Item, known: Known, seed: int) -> Item | Dropped:
    """Keep an item whose referent is unique, whose answer is right and whose options are wrong, and which the blind
    cannot answer. Each gate has its own reason; a reply that is none counts as refused.
    """
    try:
        reason = await _fault(talk, item, known, seed)
    except Unanswered as error:
        reason = error.told
    return Dropped(stage="verify", item=item.id, reason=reason) if reason else item


async def _fault(talk: Talk, item: Item, known: Known, seed: int) -> str:
    told = {"material": known.material, "question": item.question} | route_words(item.task)
    fits = await talk.ask("unique", forms.only(known.called), told | {"clue": item.clue})
    if not fits:
        return "the clue does not fit exactly one referent in the source"
    if fits.casefold() != item.name.casefold():
        return "the clue fits another than the referent"
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
    said = await together(*(talk.ask("blind", forms.guess(options), asked, role=role) for role in blind))
    right_letter = letters(4)[options.index(item.answer)]
    found = [letter == right_letter for letter in said]  # who says that it cannot be known has not found it
    return "blind readers find the answer" if found and all(found) else ""


def _shuffled(item: Item, seed: int) -> list[str]:
    """Options in an order of this item's own; a row's letters are given out at the end, over all rows."""
    options = [item.answer, *item.wrong]
    random.Random(f"{seed} {item.id}").shuffle(options)
    return options


async def give_reasons(talk: Talk, item: Item, known: Known) -> Item | Dropped:
    """Ask for the four steps (section 2.3), and hold them against evidence, answer and the words they must not use."""
    told = {"material": known.material, "question": item.question, "answer": item.answer}
    try:
        steps = await talk.ask("rationale", forms.reasoning(item.answer), told | route_words(item.task))
        if names_a_source(" ".join(steps)):
            return Dropped(stage="rationale", item=item.id, reason="names the annotation as its source")
        answer = re.escape(item.answer.rstrip("."))
        if not re.search(rf"(?<!\w){answer}(?!\w)", steps[3], re.IGNORECASE):
            return Dropped(stage="rationale", item=item.id, reason="does not reach the answer")
        way = {"source": _SENSES[item.task.source], "target": _SENSES[item.task.target]}
        numbered = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))
        if not await talk.ask("reasoned", forms.word("yes", "no"), told | way | {"rationale": numbered}):
            return Dropped(stage="rationale", item=item.id, reason="its steps do not hold")
    except Unanswered as error:
        return Dropped(stage="rationale", item=item.id, reason=error.told)
    return replace(item, rationale=steps)
