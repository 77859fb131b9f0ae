"""Check what was annotated, and join it: the four double checks of Table 14, and the person as the bridge (2.2.3)."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

from crossomni.construction.drafts import Dropped
from crossomni.construction.models import forms
from crossomni.construction.models.asking import Talk, Unanswered, together
from crossomni.construction.models.items import Known, Notes
from crossomni.construction.models.voices import SURROUNDINGS
from crossomni.records import Annotation, Clip, Fact, Person, Thing
from crossomni.tasks import Modality


async def check(talk: Talk, clip: Clip, notes: Notes) -> Notes | Dropped:
    """Hold descriptions against each other, and keep one of each person; voices that are all alike bar questions on
    voices, and nothing else.
    """
    # What each description is held against was made while the clip was annotated, from other frames.
    asked: list[Awaitable[Any]] = [_voices_differ(talk, notes), _is_consistent(talk, notes), _looks(talk, notes)]
    try:
        differ, consistent, looks = await together(*asked)
    except Unanswered as error:
        return Dropped(stage="check", item=clip.id, reason=error.told)
    if not consistent:
        return Dropped(stage="check", item=clip.id, reason="two descriptions contradict each other")
    if looks is None:
        return Dropped(stage="check", item=clip.id, reason="the descriptions of persons do not hold")
    return replace(notes, looks=looks, voices_differ=differ)


async def _voices_differ(talk: Talk, notes: Notes) -> bool:
    # A name has one voice here, of all its lines together, so that it needs no order as in the paper's form.
    if len(notes.traits) < 2:
        return False
    voices = "\n".join(f"{name}: {_told(notes, name)}" for name in notes.traits)
    return bool(await talk.ask("odd_voices", forms.odd([*notes.traits]), {"voices": voices}))


def _told(notes: Notes, name: str) -> str:
    """All that a voice is compared by: what a model heard, and what was measured."""
    heard = ", ".join(f"{kind} {value}" for kind, value in notes.traits[name]) or "nothing marked"
    measured = notes.measured[name].told if name in notes.measured else ""
    return f"{heard}; {measured}" if measured else heard


async def _is_consistent(talk: Talk, notes: Notes) -> bool:
    told = {"first": notes.description, "second": notes.second}
    return await talk.ask("consistent", forms.word("pass", "failure"), told)


async def _looks(talk: Talk, notes: Notes) -> dict[str, str] | None:
    """Of each name, the description that is kept; None where the model says that they do not hold."""
    if not notes.seen:
        return {}
    told = "\n".join(
        f"{name} {order}: {look}" for name, looks in notes.seen.items() for order, look in enumerate(looks, start=1)
    )
    roles = "\n".join(notes.cue(name) for name in notes.seen)
    try:
        return await talk.ask("persons", forms.chosen(notes.seen), {"names": roles, "persons": told})
    except Unanswered as error:
        if error.reason == "unparsed" or error.is_silence:
            raise
        return None


def join(clip: Clip, notes: Notes) -> tuple[Known | Dropped, list[Dropped]]:
    """Join look, voice and biography of each speaker by the name; say of whom which is missing.

    Returns:
        What is known of the clip, or why it is dropped; the persons that were left out.
    """
    persons, lost = [], []
    for name in dict.fromkeys(line.speaker for line in clip.lines if line.speaker):
        person = _person(clip, notes, name)
        if isinstance(person, str):
            lost.append(Dropped(stage="align", item=f"{clip.id}/{name}", reason=person))
        else:
            persons.append(person)
    if not persons:
        return Dropped(stage="align", item=clip.id, reason="no person with a voice, a look and a biography"), lost
    things = tuple(
        Thing(name=name, facts=_facts(look, notes.biographies[name]), bridge=_bridge(look),
              biography=notes.biographies[name])
        for name, look in notes.things.items() if name in notes.biographies
    )  # fmt: skip
    told = sorted((*persons, *things), key=lambda one: hashlib.sha256(f"{clip.id} {one.name}".encode()).digest())
    annotation = Annotation(
        clip=clip,
        persons=tuple(persons),
        things=things,
        biography="\n".join(f"{one.name}: {one.biography}" for one in told),
    )
    return Known(annotation=annotation, description=notes.description, roles=notes.roles), lost


def _person(clip: Clip, notes: Notes, name: str) -> Person | str:
    """The person, or what is missing of them."""
    look, life = notes.looks.get(name), notes.biographies.get(name)
    if look is None:
        return "a person without a look"
    if life is None:
        return "a person without a biography"
    lines = tuple(line for line in clip.lines if line.speaker == name)
    heard = [Fact(modality=Modality.AUDIO, kind="line", value=line.text) for line in lines]
    if notes.voices_differ:
        traits = notes.traits.get(name, ())
        heard += [
            Fact(modality=Modality.AUDIO, kind=kind, value=value) for kind, value in traits if kind != SURROUNDINGS
        ]
    return Person(name=name, facts=(*heard, *_facts(look, life)), bridge=_bridge(look), biography=life, lines=lines)


def _facts(look: str, life: str) -> tuple[Fact, ...]:
    return (
        Fact(modality=Modality.VISION, kind="look", value=look),
        Fact(modality=Modality.TEXT, kind="biography", value=life),
    )


def _bridge(look: str) -> tuple[Fact, ...]:
    return (Fact(modality=Modality.VISION, kind="look", value=look),)
