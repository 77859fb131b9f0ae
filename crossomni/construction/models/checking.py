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
from crossomni.records import Annotation, Clip, Fact, Person, Thing
from crossomni.tasks import Modality


async def check(talk: Talk, clip: Clip, notes: Notes) -> Notes | Dropped:
    """Hold descriptions against each other; voices that are all alike bar questions on voices, and nothing else."""
    # The second description, which the two are held against, was made while the clip was annotated.
    try:
        differ, consistent, looks = await _checks(talk, notes)
    except Unanswered as error:
        return Dropped(stage="check", item=clip.id, reason=error.reason)
    if not consistent:
        return Dropped(stage="check", item=clip.id, reason="two descriptions contradict each other")
    if looks is None:
        return Dropped(stage="check", item=clip.id, reason="the descriptions of persons do not hold")
    return replace(notes, looks=looks, voices_differ=differ)


async def _checks(talk: Talk, notes: Notes) -> tuple[bool, bool, dict[str, str] | None]:
    asked: list[Awaitable[Any]] = [_voices_differ(talk, notes), _is_consistent(talk, notes), _looks(talk, notes)]
    differ, consistent, looks = await together(*asked)
    return differ, consistent, looks


async def _voices_differ(talk: Talk, notes: Notes) -> bool:
    told = {name: ", ".join(value for _, value in traits) for name, traits in notes.traits.items() if traits}
    if len(told) < 2:
        return False
    voices = "\n".join(f"{name}: {traits}" for name, traits in told.items())
    return bool(await talk.ask("odd_voices", forms.odd([*told]), {"voices": voices}))


async def _is_consistent(talk: Talk, notes: Notes) -> bool:
    told = {"first": notes.description, "second": notes.second}
    return await talk.ask("consistent", forms.word("pass", "failure"), told)


async def _looks(talk: Talk, notes: Notes) -> dict[str, str] | None:
    if not notes.looks:
        return {}
    told = "\n".join(f"{name}: {look}" for name, look in notes.looks.items())
    try:
        return await talk.ask("persons", forms.named([*notes.looks]), {"persons": told})
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
    return Known(annotation=annotation, description=notes.description), lost


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
        heard += [Fact(modality=Modality.AUDIO, kind=kind, value=value) for kind, value in traits]
    return Person(name=name, facts=(*heard, *_facts(look, life)), bridge=_bridge(look), biography=life, lines=lines)


def _facts(look: str, life: str) -> tuple[Fact, ...]:
    return (
        Fact(modality=Modality.VISION, kind="look", value=look),
        Fact(modality=Modality.TEXT, kind="biography", value=life),
    )


def _bridge(look: str) -> tuple[Fact, ...]:
    return (Fact(modality=Modality.VISION, kind="look", value=look),)
