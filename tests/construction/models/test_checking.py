"""Look, voice and biography are joined by the name, or it is said which is missing."""

import math
from dataclasses import replace

import numpy as np
import pytest

from crossomni.construction.drafts import Dropped
from crossomni.construction.models.checking import join
from crossomni.construction.models.items import Known, Notes
from crossomni.construction.models.voices import TRAITS, Measured, contradicted, measure, measure_loudness
from crossomni.records import Clip, Line
from crossomni.tasks import Modality

pytest.importorskip("torchaudio")
CLIP = Clip(
    id="c", show="s", episode="e", start_seconds=0, end_seconds=9,
    lines=tuple(Line(speaker=name, text=f"I am {name}.", start_seconds=at, end_seconds=at + 1)
                for at, name in enumerate(("Ann", "Bob", ""), start=1)),
)  # fmt: skip
NOTES = Notes(
    description="Two people.",
    second="Two people.",
    looks={"Ann": "a red coat", "Bob": "a blue hat"},
    traits={"Ann": (("emotion", "angry"),), "Bob": ()},
    things={"vase": "green"},
    biographies={"Ann": "Ann was born in Rome.", "Bob": "Bob is a cook.", "vase": "It is old."},
)
NAMES = [trait for _, trait in TRAITS]


def said(*traits: str) -> tuple[bool, ...]:
    """Yes to these."""
    return tuple(name in traits for name in NAMES)


def test_a_person_has_evidence_in_three_modalities() -> None:
    """Lines and voice, look, biography; the look is the bridge."""
    known, lost = join(CLIP, NOTES)
    assert isinstance(known, Known)
    assert lost == []
    ann, bob = known.annotation.persons
    assert {fact.modality for fact in ann.facts} == {*Modality} == {fact.modality for fact in bob.facts}
    assert [fact.value for fact in ann.bridge] == ["a red coat"]
    assert "angry" in known.material
    assert {one.name for one in known.annotation.referents} == {"Ann", "Bob", "vase"}


def test_what_is_missing_is_said() -> None:
    """A person without a look, one without a biography, and then nobody."""
    known, lost = join(CLIP, replace(NOTES, looks={"Ann": "a red coat"}))
    assert isinstance(known, Known)
    assert [(drop.item, drop.reason) for drop in lost] == [("c/Bob", "a person without a look")]
    known, lost = join(CLIP, replace(NOTES, biographies={}))
    assert {drop.reason for drop in lost} == {"a person without a biography"}
    assert known == Dropped(stage="align", item="c", reason="no person with a voice, a look and a biography")


def test_voices_that_are_alike_lead_to_nobody() -> None:
    """The failure of the audio check bars questions on voices, and not the clip."""
    known, _ = join(CLIP, replace(NOTES, voices_differ=False))
    assert isinstance(known, Known)
    assert {fact.kind for fact in known.annotation.persons[0].facts} == {"line", "look", "biography"}


def test_pitch_is_held_against_what_is_measured() -> None:
    """High and low at once, or high where the voice is the lowest, is not so."""
    measured = {"Ann": Measured(100, -20), "Bob": Measured(200, -20)}
    assert contradicted({"Ann": said("high-pitched", "low-pitched")}, {}) == {"Ann": {"high-pitched", "low-pitched"}}
    assert contradicted({"Ann": said("high-pitched"), "Bob": said("low-pitched")}, measured) == {
        "Ann": {"high-pitched"},
        "Bob": {"low-pitched"},
    }
    assert contradicted({"Ann": said("low-pitched"), "Bob": said("high-pitched")}, measured) == {}
    assert contradicted({"Ann": said("high-pitched")}, {"Ann": Measured(100, -20)}) == {}


def test_loudness_is_that_of_full_scale() -> None:
    """A full sine lies 3 dB below it, silence at minus infinity; high and low tones are told apart."""
    times = np.arange(16_000) / 16_000
    low, high = (np.sin(2 * np.pi * hz * times).astype(np.float32) for hz in (110, 220))
    assert measure_loudness(low) == pytest.approx(-3.01, abs=0.01)
    assert measure_loudness(np.zeros(10, dtype=np.float32)) == -math.inf
    assert measure(low).pitch_hz == pytest.approx(110, rel=0.03)
    assert measure(high).pitch_hz == pytest.approx(220, rel=0.03)
    assert math.isnan(measure(np.zeros(16_000, dtype=np.float32)).pitch_hz)
