"""Proof that everything asked can be perceived: small readers on the decoded film, against the truth.

The readers are told where people stand and which lines may have been said, nothing else. Who speaks when they find
out from the mouths; who looks how, and what is said how, from frames and sound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crossomni.media import ClipFile
from crossomni.playhouse import vocabulary as words
from crossomni.playhouse.readers import sight, sound
from crossomni.records import Annotation, Fact, Referent
from crossomni.tasks import Modality

if TYPE_CHECKING:
    from rich.table import Table

FRAMES = 32  # what a model is usually given of a clip
WANTED = 0.95  # a kind of fact that fewer readings get right is not asked about


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One fact as it was read, beside what is so."""

    clip_id: str
    kind: str
    read: str
    true: str


def perceive(video: Path, truth: Annotation) -> Iterator[Reading]:
    """Read everything that can be asked of one film, and the looks that join it to the biographies."""
    clip = ClipFile(video)
    frames, times = clip.frames(FRAMES), clip.frame_times(FRAMES)
    persons, things = sorted(truth.persons, key=_place), sorted(truth.things, key=_place)
    for place, person in enumerate(persons):
        yield from _compare(truth, _seen_facts(person), sight.read_person(frames, times, place))
    for place, thing in enumerate(things):
        yield from _compare(truth, _seen_facts(thing), sight.read_thing(frames, place), "thing: ")
    heard = _listen(clip.sound(), frames, times, [person.lines[0].text for person in persons])
    for place, person in enumerate(persons):
        facts = [fact for fact in person.facts if fact.modality is Modality.AUDIO]
        yield from _compare(truth, facts, heard.get(place, {}))


def _place(referent: Referent) -> int:
    """From the viewer's left to right."""
    fact = referent.fact(Modality.VISION, "place")
    assert fact is not None, "every person and thing of a play has a place"
    return words.PLACES.index(fact.value)


def _seen_facts(referent: Referent) -> list[Fact]:
    return [
        fact
        for fact in (*referent.facts, *referent.bridge)
        if fact.modality is Modality.VISION and fact.kind != "place"  # where everybody stands is told
    ]


def _compare(truth: Annotation, facts: Iterable[Fact], read: dict[str, str], prefix: str = "") -> Iterator[Reading]:
    for fact in facts:
        yield Reading(
            clip_id=truth.clip.id, kind=prefix + fact.kind, read=read.get(fact.kind, "nothing"), true=fact.value
        )


def _listen(
    heard: NDArray[np.float32], frames: NDArray[np.uint8], times: NDArray[np.float64], lines: Sequence[str]
) -> dict[int, dict[str, str]]:
    """What is heard from each place, as far as mouths tell whose voice it is."""
    rate = 16_000
    spans = sound.segments(heard, rate)
    mouths = np.stack([sight.speaking(frames, place) for place in range(len(words.PLACES))])
    voices = sound.read_voices(heard, rate, spans) if spans else []
    found: dict[int, dict[str, str]] = {}
    for span, voice in zip(spans, voices, strict=True):
        during = (times >= span[0]) & (times < span[1])
        if during.any():
            place = int(mouths[:, during].mean(axis=1).argmax())
            found[place] = voice | {"line": lines[sound.match_line(heard, rate, span, lines)]}
    return found


def to_table(readings: Iterable[Reading]) -> Table:
    """Share of facts read right, by kind, with how many there were."""
    from rich.table import Table

    table = Table("kind", "read right", "of", title=f"What small readers perceive (wanted: {WANTED:.0%} of each kind)")
    ordered = sorted(readings, key=lambda reading: reading.kind)
    for kind, group in groupby(ordered, key=lambda reading: reading.kind):
        right = [reading.read == reading.true for reading in group]
        share = sum(right) / len(right)
        style = "" if share >= WANTED else "bold red"
        table.add_row(kind, f"{share:.1%}", str(len(right)), style=style)
    return table
