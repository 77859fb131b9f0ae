"""Annotate: what models see, hear and make up of a clip (section 2.2.2, Table 13)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crossomni.chat.parts import Part
from crossomni.construction.drafts import Dropped
from crossomni.construction.models import forms
from crossomni.construction.models.asking import Talk, Unanswered, together
from crossomni.construction.models.evidence import Evidence, voice_part
from crossomni.construction.models.items import Notes
from crossomni.construction.models.voices import (
    SILENT_DB,
    TRAITS,
    Measured,
    contradicted,
    measure,
    measure_loudness,
)
from crossomni.records import Clip, Line

_PARTS = 2  # of a clip, which are captioned by themselves
_FACES = 3  # frames of a person
_STAGE = "annotate"


async def annotate(talk: Talk, clip: Clip, file: Path) -> tuple[Notes, list[Dropped]]:
    """Ask for descriptions, looks, voices, things and biographies.

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
    faces = {name: _middles(lines) for name, lines in speaking.items()}
    wanted = {*early, *late, *(time for times in faces.values() for time in times)}
    seen = await asyncio.to_thread(Evidence.of, file, wanted, talk.desk.models.pixels)
    (description, second), looks, voices = await asyncio.gather(
        _descriptions(talk, seen.at(early), seen.at(late)),
        _looks(talk, clip, {name: seen.at(times) for name, times in faces.items()}),
        _voices(talk, clip, {name: seen.voice(lines) for name, lines in speaking.items()}),
    )
    things, lost = await _things(talk, clip, description)
    said, of_voices = voices
    notes = Notes(description=description, second=second, looks=looks[0], traits=said, things=things)
    return notes, [*looks[1], *of_voices, *lost]


async def give_biographies(talk: Talk, clip: Clip, notes: Notes) -> tuple[dict[str, str], list[Dropped]]:
    """Ask for a life of each person and thing that has a look: the look is what joins the two."""

    async def written(name: str, look: str, prompt: str) -> tuple[str, str | Dropped]:
        try:
            return name, await talk.ask(prompt, forms.beginning(name), {"name": name, "look": look})
        except Unanswered as error:
            return name, Dropped(stage=_STAGE, item=f"{clip.id}/{name}", reason=f"biography: {error.reason}")

    asked = [written(name, look, "biography") for name, look in notes.looks.items()]
    asked += [written(name, look, "thing_biography") for name, look in notes.things.items()]
    return _sorted(await asyncio.gather(*asked))


def _sorted(found: Sequence[tuple[str, str | Dropped]]) -> tuple[dict[str, str], list[Dropped]]:
    kept = {name: told for name, told in found if isinstance(told, str)}
    return kept, [told for _, told in found if isinstance(told, Dropped)]


def _moments(clip: Clip, count: int) -> tuple[list[float], list[float]]:
    """Two sets of times, each evenly over the clip, which share none."""
    seconds = clip.end_seconds - clip.start_seconds
    early, late = ([seconds * (place + shift) / count for place in range(count)] for shift in (0.25, 0.75))
    return early, late


def _middles(lines: Sequence[Line]) -> list[float]:
    """When somebody is seen who speaks these lines: in the middle of the longest."""
    longest = sorted(lines, key=lambda line: line.start_seconds - line.end_seconds)[:_FACES]
    return [(line.start_seconds + line.end_seconds) / 2 for line in longest]


async def _descriptions(talk: Talk, frames: Sequence[Part], others: Sequence[Part]) -> tuple[str, str]:
    """From captions of the parts and of the whole; and once more from other frames."""
    size = -(-len(frames) // _PARTS)
    parts = [frames[start : start + size] for start in range(0, len(frames), size)]
    whole, second, *captions = await together(
        talk.ask("describe", forms.text, {}, frames),
        talk.ask("describe", forms.text, {}, others),
        *(talk.ask("caption", forms.text, {}, part) for part in parts),
    )
    told = "\n\n".join(f"{number}. {caption}" for number, caption in enumerate(captions, start=1))
    return await talk.ask("combine", forms.text, {"whole": whole, "parts": told}), second


async def _looks(
    talk: Talk, clip: Clip, pictures: Mapping[str, Sequence[Part]]
) -> tuple[dict[str, str], list[Dropped]]:
    """Of each speaker, from frames of their longest lines."""

    async def look(name: str, frames: Sequence[Part]) -> tuple[str, str | Dropped]:
        try:
            return name, await talk.ask("person", forms.beginning(name), {"cue": name}, frames)
        except Unanswered as error:
            return name, Dropped(stage=_STAGE, item=f"{clip.id}/{name}", reason=f"look: {error.reason}")

    return _sorted(await asyncio.gather(*(look(name, frames) for name, frames in pictures.items())))


async def _voices(
    talk: Talk, clip: Clip, sounds: Mapping[str, NDArray[np.float32]]
) -> tuple[dict[str, tuple[tuple[str, str], ...]], list[Dropped]]:
    """What each voice is like, held against what is measured."""

    silent = {name: measure_loudness(samples) < SILENT_DB for name, samples in sounds.items()}
    sounds = {name: samples for name, samples in sounds.items() if not silent[name]}

    async def listened(name: str, samples: NDArray[np.float32]) -> tuple[str, Measured, tuple[bool, ...] | Dropped]:
        measured = await asyncio.to_thread(measure, samples)
        try:
            return name, measured, await talk.ask("voice", forms.answers(len(TRAITS)), {}, [voice_part(samples)])
        except Unanswered as error:
            return name, measured, Dropped(stage=_STAGE, item=f"{clip.id}/{name}", reason=f"voice: {error.reason}")

    found = await asyncio.gather(*(listened(name, samples) for name, samples in sounds.items()))
    said = {name: told for name, _, told in found if not isinstance(told, Dropped)}
    wrong = contradicted(said, {name: measured for name, measured, _ in found})
    lost = [told for _, _, told in found if isinstance(told, Dropped)]
    lost += [
        Dropped(stage=_STAGE, item=f"{clip.id}/{name}", reason="voice: pitch is not what was measured")
        for name in wrong
    ]
    lost += [
        Dropped(stage=_STAGE, item=f"{clip.id}/{name}", reason="voice: nothing is heard where it should be")
        for name in silent
        if silent[name]
    ]
    kept = {
        name: tuple(
            (kind, value)
            for (kind, value), yes in zip(TRAITS, told, strict=True)
            if yes and value not in wrong.get(name, ())
        )
        for name, told in said.items()
    }
    return kept, lost


async def _things(talk: Talk, clip: Clip, description: str) -> tuple[dict[str, str], list[Dropped]]:
    """Objects with a look; a clip may have none."""
    try:
        return await talk.ask("things", forms.named(most=2), {"description": description}), []
    except Unanswered as error:
        return {}, [Dropped(stage=_STAGE, item=clip.id, reason=f"things: {error.reason}")]
