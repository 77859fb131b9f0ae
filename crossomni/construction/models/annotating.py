"""Annotate: what models see, hear and make up of a clip (section 2.2.2, Table 13)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from crossomni.chat.parts import Part
from crossomni.construction.drafts import Dropped
from crossomni.construction.models import forms
from crossomni.construction.models.asking import Talk, Unanswered, together
from crossomni.construction.models.evidence import Evidence, voice_part
from crossomni.construction.models.items import Notes, with_role
from crossomni.construction.models.voices import (
    SILENT_DB,
    TRAITS,
    Measured,
    contradicted,
    measure,
    measure_loudness,
)
from crossomni.records import Clip, Line

T = TypeVar("T")
_PARTS = 2  # of a clip, which are captioned by themselves
_VIEWS = 3  # descriptions of a person, each from other frames: as many as a majority takes
_STAGE = "annotate"


async def annotate(talk: Talk, clip: Clip, file: Path) -> tuple[Notes, list[Dropped]]:
    """Ask for descriptions, roles, looks, voices, things and biographies.

    Returns:
        The notes; what could not be had, each with its reason (a person without a look is noted without one).

    Raises:
        Unanswered: when there is no description of the clip.
        MediaError: when it cannot be decoded.
    """
    speaking: dict[str, list[Line]] = {}
    for line in clip.lines:
        if line.speaker:
            speaking.setdefault(line.speaker, []).append(line)
    early, late = _moments(clip, talk.desk.models.frames)
    views = {name: _views(lines) for name, lines in speaking.items()}
    wanted = {*early, *late, *(time for several in views.values() for times in several for time in times)}
    seen = await asyncio.to_thread(Evidence.of, file, wanted, talk.desk.models.pixels)
    # All of it is waited for, also where there is no description: what is asked must not hang on time.
    asked: list[Awaitable[Any]] = [
        _descriptions(talk, seen.at(early), seen.at(late)),
        _persons(talk, clip, {name: [seen.at(times) for times in several] for name, several in views.items()}),
        _voices(talk, clip, {name: (seen.voice(lines), _words(lines)) for name, lines in speaking.items()}),
    ]
    (description, second), persons, voices = await together(*asked)
    things, lost = await _things(talk, clip, description)
    roles, looks, of_persons = persons
    traits, measured, of_voices = voices
    notes = Notes(description=description, second=second, roles=roles, seen=looks, traits=traits, measured=measured,
                  things=things)  # fmt: skip
    return notes, [*of_persons, *of_voices, *lost]


async def give_biographies(talk: Talk, clip: Clip, notes: Notes) -> tuple[dict[str, str], list[Dropped]]:
    """Ask for a life of each person and thing that has a look: the look is what joins the two."""

    async def written(name: str, look: str, prompt: str) -> tuple[str, str | Dropped]:
        try:
            told = {"name": name, "cue": notes.cue(name), "look": look}
            return name, await talk.ask(prompt, forms.beginning(name), told)
        except Unanswered as error:
            return name, Dropped(stage=_STAGE, item=f"{clip.id}/{name}", reason=f"biography: {error.reason}")

    asked = [written(name, look, "biography") for name, look in notes.looks.items()]
    asked += [written(name, look, "thing_biography") for name, look in notes.things.items()]
    return _sorted(await asyncio.gather(*asked))


def _sorted(found: Sequence[tuple[str, T | Dropped]]) -> tuple[dict[str, T], list[Dropped]]:
    kept = {name: told for name, told in found if not isinstance(told, Dropped)}
    return kept, [told for _, told in found if isinstance(told, Dropped)]


async def _answered(waited: Awaitable[T]) -> T | Unanswered:
    """What comes of a request, or why nothing does."""
    try:
        return await waited
    except Unanswered as error:
        return error


def _moments(clip: Clip, count: int) -> tuple[list[float], list[float]]:
    """Two sets of times, each evenly over the clip, which share none."""
    seconds = clip.end_seconds - clip.start_seconds
    early, late = ([seconds * (place + shift) / count for place in range(count)] for shift in (0.25, 0.75))
    return early, late


def _views(lines: Sequence[Line]) -> list[list[float]]:
    """When somebody is seen who speaks these lines: sets of times, each in another of the longest lines, or in another
    stretch of a line where there are few.
    """
    spans = [(line.start_seconds, line.end_seconds) for line in lines]
    while len(spans) < _VIEWS:
        start, end = max(spans, key=_seconds)
        spans.remove((start, end))
        spans += [(start, (start + end) / 2), ((start + end) / 2, end)]
    longest = sorted(spans, key=_seconds, reverse=True)[:_VIEWS]
    return [[start + (end - start) * share for share in (1 / 3, 2 / 3)] for start, end in longest]


def _seconds(span: tuple[float, float]) -> float:
    return span[1] - span[0]


def _words(lines: Sequence[Line]) -> int:
    return sum(len(line.text.split()) for line in lines)


async def _descriptions(talk: Talk, frames: Sequence[Part], others: Sequence[Part]) -> tuple[str, str]:
    """From captions of the parts and of the whole; and once more, from other frames by a prompt of its own."""
    size = -(-len(frames) // _PARTS)
    parts = [frames[start : start + size] for start in range(0, len(frames), size)]
    whole, second, *captions = await together(
        talk.ask("describe", forms.text, {}, frames),
        talk.ask("second", forms.text, {}, others),
        *(talk.ask("caption", forms.text, {}, part) for part in parts),
    )
    told = "\n\n".join(f"{number}. {caption}" for number, caption in enumerate(captions, start=1))
    return await talk.ask("combine", forms.text, {"whole": whole, "parts": told}), second


async def _persons(
    talk: Talk, clip: Clip, pictures: Mapping[str, Sequence[Sequence[Part]]]
) -> tuple[dict[str, str], dict[str, tuple[str, ...]], list[Dropped]]:
    """Roles of speakers, and descriptions of each by name and role, from several sets of frames."""
    roles, lost = await _roles(talk, clip)

    async def look(name: str, several: Sequence[Sequence[Part]]) -> tuple[str, tuple[str, ...] | Dropped]:
        cue = with_role(name, roles)
        asked = (talk.ask("person", forms.beginning(cue), {"cue": cue}, frames) for frames in several)
        found = await asyncio.gather(*(_answered(one) for one in asked))
        told = tuple(" ".join(one.split()) for one in found if isinstance(one, str))
        failed = [one for one in found if isinstance(one, Unanswered)]
        # What comes most often counts (Table 14), also where it is a failure. A server that is silent is none.
        silent = [one.reason for one in failed if one.is_silence]
        if silent or 2 * len(told) <= len(found):
            return name, Dropped(
                stage=_STAGE, item=f"{clip.id}/{name}", reason=f"look: {(silent or [failed[0].reason])[0]}"
            )
        return name, told

    looks, without = _sorted(await asyncio.gather(*(look(name, several) for name, several in pictures.items())))
    return roles, looks, [*lost, *without]


async def _roles(talk: Talk, clip: Clip) -> tuple[dict[str, str], list[Dropped]]:
    """Who speakers are, where their subtitles say so in as many words."""
    said: dict[str, list[str]] = {}
    for line in clip.lines:
        said.setdefault(line.speaker, []).append(line.text)
    if not {*said} - {""}:
        return {}, []
    lines = "\n".join(f"{line.speaker or 'somebody'}: {line.text}" for line in clip.lines)
    try:
        return await talk.ask("roles", forms.roles(said), {"lines": lines}), []
    except Unanswered as error:
        return {}, [Dropped(stage=_STAGE, item=clip.id, reason=f"roles: {error.reason}")]


async def _voices(
    talk: Talk, clip: Clip, sounds: Mapping[str, tuple[NDArray[np.float32], int]]
) -> tuple[dict[str, tuple[tuple[str, str], ...]], dict[str, Measured], list[Dropped]]:
    """What each voice is like, held against what is measured.

    Args:
        sounds: of each voice, its samples and how many words they are.
    """

    async def listened(name: str) -> tuple[str, tuple[bool, ...] | Dropped]:
        try:
            return name, await talk.ask("voice", forms.answers(len(TRAITS)), {}, [voice_part(sounds[name][0])])
        except Unanswered as error:
            return name, lost(name, error.reason)

    def lost(name: str, reason: str) -> Dropped:
        return Dropped(stage=_STAGE, item=f"{clip.id}/{name}", reason=f"voice: {reason}")

    silent = [name for name, (samples, _) in sounds.items() if measure_loudness(samples) < SILENT_DB]
    heard = [name for name in sounds if name not in silent]
    said, without = _sorted(await asyncio.gather(*map(listened, heard)))
    measured = {name: await asyncio.to_thread(measure, *sounds[name]) for name in heard}
    wrong = contradicted(said, measured)
    without += [lost(name, "nothing is heard where it should be") for name in silent]
    for name, traits in wrong.items():
        kinds = dict.fromkeys(kind for kind, value in TRAITS if value in traits)
        without += [lost(name, f"{kind} is not what was measured, or is said both ways") for kind in kinds]
    kept = {
        name: tuple(
            trait for trait, yes in zip(TRAITS, told, strict=True) if yes and trait[1] not in wrong.get(name, ())
        )
        for name, told in said.items()
    }
    return kept, measured, without


async def _things(talk: Talk, clip: Clip, description: str) -> tuple[dict[str, str], list[Dropped]]:
    """Objects with a look; a clip may have none. What bears a speaker's name is no object: the name leads to a life."""
    try:
        found = await talk.ask("things", forms.named(most=2), {"description": description})
    except Unanswered as error:
        return {}, [Dropped(stage=_STAGE, item=clip.id, reason=f"things: {error.reason}")]
    speakers = {line.speaker.casefold() for line in clip.lines}
    lost = [
        Dropped(stage=_STAGE, item=f"{clip.id}/{name}", reason="things: an object is called as a person")
        for name in found
        if name.casefold() in speakers
    ]
    return {name: look for name, look in found.items() if name.casefold() not in speakers}, lost
