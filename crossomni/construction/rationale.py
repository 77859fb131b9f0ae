"""Rationales in four steps (section 2.3): name the modalities, find the referent in the source, find it again in the
target, read off the answer. Here they are written from known truth; none names an annotation as its source.
"""

from __future__ import annotations

from itertools import pairwise

from crossomni.construction.drafts import Draft
from crossomni.construction.options import Optioned
from crossomni.construction.wording import clue_words, statement_words
from crossomni.records import Person, Referent, Thing
from crossomni.tasks import Modality

_WHERE = {Modality.AUDIO: "the sound", Modality.VISION: "the picture", Modality.TEXT: "the biographies"}


def write_rationale(item: Optioned) -> str:
    """The four steps as numbered lines, the last one ending with the answer's letter."""
    draft = item.draft
    steps = (_modalities(draft), _in_source(draft), _in_target(draft), _answer(item))
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1))


def _modalities(draft: Draft) -> str:
    source, target = _WHERE[draft.task.source], _WHERE[draft.task.target]
    if not draft.task.is_cross:
        return f"The question gives a clue in {source} and asks for something in {source} too."
    through = " Sound and biographies meet only through the picture." if draft.task.through_vision else ""
    return f"The question gives a clue in {source} and asks for something in {target}.{through}"


def _in_source(draft: Draft) -> str:
    clue = f"the {draft.clue.value}" if draft.clue.kind == "thing" else clue_words(draft.referent, draft.clue)
    return f"In {_WHERE[draft.task.source]}, {clue} is {_as_found(draft.referent, draft.task.source)}."


def _in_target(draft: Draft) -> str:
    source, target = draft.task.source, draft.task.target
    if source is target:
        return f"The answer is about {_short(draft.referent, target)}, in {_WHERE[target]} as well."
    chain = [source, Modality.VISION, target] if draft.task.through_vision else [source, target]
    joins = [_join(draft.referent, a, b) for a, b in pairwise(chain)]
    return " ".join(joins)


def _answer(item: Optioned) -> str:
    draft = item.draft
    said = statement_words(draft.referent, draft.asked, _short(draft.referent, draft.task.target))
    return f"There, {said}. The answer is {item.answer}."


def _as_found(referent: Referent, modality: Modality) -> str:
    """The referent as this modality alone shows it."""
    if modality is Modality.AUDIO and isinstance(referent, Person):
        line = referent.lines[0]
        return f"the voice heard from {line.start_seconds:.1f} s to {line.end_seconds:.1f} s, saying “{line.text}”"
    if modality is Modality.VISION:
        return f"{_looking(referent)}"
    return referent.name if isinstance(referent, Person) else f"the {referent.name}"


def _short(referent: Referent, modality: Modality) -> str:
    if isinstance(referent, Thing):
        return f"the {referent.name}"
    if modality is Modality.AUDIO:
        return "this person"
    return referent.name if modality is Modality.TEXT else f"the person with {_bridge(referent)}"


def _looking(referent: Referent) -> str:
    return f"the {referent.name}" if isinstance(referent, Thing) else f"the person with {_bridge(referent)}"


def _bridge(referent: Referent) -> str:
    told = {fact.kind: fact.value for fact in referent.bridge}
    return f"{told['accessory']} and {told['trousers']} trousers"


def _join(referent: Referent, source: Modality, target: Modality) -> str:
    """How one modality leads to the next: lips join sound and sight, told looks join sight and text."""
    if isinstance(referent, Thing):
        return f"What it is joins the two: the {referent.name} stands on the shelf and has a biography."
    assert isinstance(referent, Person)
    line = referent.lines[0]
    span = f"from {line.start_seconds:.1f} s to {line.end_seconds:.1f} s"
    if (source, target) == (Modality.AUDIO, Modality.VISION):
        return f"In the picture, the mouth that moves {span} is that of the person with {_bridge(referent)}."
    if (source, target) == (Modality.VISION, Modality.AUDIO):
        return f"The mouth of the person with {_bridge(referent)} moves {span}, so the voice heard then is theirs."
    if (source, target) == (Modality.VISION, Modality.TEXT):
        return f"The biography that tells of {_bridge(referent)} is that of {referent.name}."
    return f"{referent.name} is told to have {_bridge(referent)}, and in the picture one person looks so."
