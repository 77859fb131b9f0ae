"""Look, voice and biography are joined by the name, or it is said which is missing."""

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from crossomni.construction.drafts import Dropped
from crossomni.construction.models.checking import check, join
from crossomni.construction.models.items import Known, Notes
from crossomni.construction.models.voices import TRAITS, Measured, contradicted, measure, measure_loudness
from crossomni.records import Clip, Line
from crossomni.tasks import Modality
from tests.construction.models.replying import said

pytest.importorskip("torchaudio")
CLIP = Clip(
    id="c", show="s", episode="e", start_seconds=0, end_seconds=9,
    lines=tuple(Line(speaker=name, text=f"I am {name}.", start_seconds=at, end_seconds=at + 1)
                for at, name in enumerate(("Ann", "Bob", ""), start=1)),
)  # fmt: skip
NOTES = Notes(
    description="Two people.",
    second="Two people.",
    seen={"Ann": ("a red coat", "a green coat", "a red coat"), "Bob": ("a blue hat",)},
    traits={"Ann": (("emotion", "angry"), ("gender", "female"), ("background", "noise")), "Bob": ()},
    things={"vase": "green"},
    roles={"Ann": "a nurse"},
    measured={"Ann": Measured(212.4, -20.2, 3.14), "Bob": Measured(math.nan, -31)},
    looks={"Ann": "a red coat", "Bob": "a blue hat"},
    biographies={"Ann": "Ann was born in Rome.", "Bob": "Bob is a cook.", "vase": "It is old."},
)
CHECKED = {
    "consistent": "pass",
    "persons": "Ann 2: green, whatever its words\nBob 1: a blue hat",
    "odd_voices": "<failure>",
}
NAMES = [trait for _, trait in TRAITS]


def said_of(*traits: str) -> tuple[bool, ...]:
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


def test_what_is_behind_a_voice_is_asked_about_nobody() -> None:
    """Noise leads to no person; the voice itself does."""
    known, _ = join(CLIP, NOTES)
    assert isinstance(known, Known)
    assert {fact.kind for fact in known.annotation.persons[0].facts} == {
        "line", "look", "biography", "emotion", "gender",
    }  # fmt: skip


def test_a_role_stands_beside_the_name() -> None:
    """In what questions are written from."""
    known, _ = join(CLIP, NOTES)
    assert isinstance(known, Known)
    assert "- Ann, a nurse: a red coat" in known.material
    assert "- Bob: a blue hat" in known.material
    assert (known.called["Ann, a nurse"], known.called["Ann"]) == ("Ann", "Ann")


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        ({"consistent": "failure"}, "two descriptions contradict each other"),
        ({"consistent": "<Failed>"}, "two descriptions contradict each other"),
        ({"persons": "<Failed>"}, "the descriptions of persons do not hold"),
        *(
            ({"persons": reply}, "persons: unparsed")
            for reply in ("Ann 1: a red coat", "Ann: red\nBob: blue", "They hold.")
        ),
        *(({"consistent": reply}, "consistent: unparsed") for reply in ("They agree.", "failure: another room", "")),
        ({"odd_voices": "Ann shouts."}, "odd_voices: unparsed"),
        ({"odd_voices": "failure, I think"}, "odd_voices: unparsed"),
    ],
)
def test_annotations_are_checked(replies: dict[str, str], reason: str) -> None:
    """A clip that fails is dropped by its reason."""
    found = said({**CHECKED, **replies}, lambda talk: check(talk, CLIP, NOTES))
    assert found == Dropped(stage="check", item="c", reason=reason)


def test_of_several_descriptions_the_check_keeps_one() -> None:
    """By its number, as it was given; roles are put before the check, and every description."""
    shown = dict[str, str]()

    def reply(fields: dict[str, str]) -> str:
        shown.update(fields)
        return CHECKED["persons"]

    found = said({**CHECKED, "persons": reply}, lambda talk: check(talk, CLIP, replace(NOTES, looks={})))
    assert found.looks == {"Ann": "a green coat", "Bob": "a blue hat"}
    assert shown["names"] == "Ann, a nurse\nBob"
    assert shown["persons"].splitlines()[:2] == ["Ann 1: a red coat", "Ann 2: a green coat"]


@pytest.mark.parametrize(
    ("odd", "differ"),
    [*((word, False) for word in ("failure", "<failure>", "Failed", "<Failed>")), ("Ann | angry | she shouts", True)],
)
def test_voices_that_are_alike_are_noted(odd: str, differ: bool) -> None:
    """And bar no clip."""
    assert said({**CHECKED, "odd_voices": odd}, lambda talk: check(talk, CLIP, NOTES)).voices_differ is differ


def test_voices_are_compared_by_all_that_is_known_of_them() -> None:
    """Gender, emotion, what is behind them; pitch, loudness and speed as measured."""
    shown = dict[str, str]()

    def reply(fields: dict[str, str]) -> str:
        shown.update(fields)
        return "<failure>"

    said({**CHECKED, "odd_voices": reply}, lambda talk: check(talk, CLIP, NOTES))
    assert shown["voices"].splitlines() == [
        "Ann: emotion angry, gender female, background noise; pitch 212 Hz, loudness -20 dB, 3.1 words a second",
        "Bob: nothing marked; loudness -31 dB",
    ]


@pytest.mark.parametrize(
    ("high", "low", "lowest", "highest"),
    [
        ("high-pitched", "low-pitched", Measured(100, -20), Measured(200, -20)),
        ("loud", "quiet", Measured(math.nan, -30), Measured(math.nan, -20)),
        ("fast", "slow", Measured(math.nan, -20, 2.0), Measured(math.nan, -20, 3.0)),
    ],
)
def test_voices_are_held_against_what_is_measured(high: str, low: str, lowest: Measured, highest: Measured) -> None:
    """High and low at once, or high where the voice is the lowest, is not so; nor the same of loudness and speed."""
    measured = {"Ann": lowest, "Bob": highest}
    assert contradicted({"Ann": said_of(high, low)}, {}) == {"Ann": {high, low}}
    assert contradicted({"Ann": said_of(high), "Bob": said_of(low)}, measured) == {"Ann": {high}, "Bob": {low}}
    assert contradicted({"Ann": said_of(low), "Bob": said_of(high)}, measured) == {}
    assert contradicted({"Ann": said_of(high)}, {"Ann": lowest}) == {}


def test_voices_that_are_near_contradict_nothing() -> None:
    """What is measured has its own error."""
    near = {"Ann": Measured(200, -20, 3.0), "Bob": Measured(210, -18, 3.1)}
    assert contradicted({"Ann": said_of("high-pitched", "loud", "fast")}, near) == {}


def test_a_voice_has_one_gender() -> None:
    """Both are none."""
    assert contradicted({"Ann": said_of("female", "male")}, {}) == {"Ann": {"female", "male"}}


def test_without_torchaudio_no_pitch_is_measured() -> None:
    """Loudness and speed are, and it is told once."""
    program = (
        "import sys; sys.modules['torchaudio'] = None; sys.modules['torchaudio.functional'] = None; import numpy;"
        "from crossomni.construction.models.voices import measure; tone = numpy.full(16_000, 0.1, numpy.float32);"
        "measure(tone); print(measure(tone, 4).told)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "loudness -20 dB, 4.0 words a second\n"
    assert done.stderr.count("no measured pitch") == 1


def test_pauses_make_no_voice_quieter() -> None:
    """What is heard counts."""
    voice = np.full(16_000, 0.1, dtype=np.float32)
    paused = np.concatenate([voice, np.zeros(48_000, dtype=np.float32)])
    assert measure_loudness(paused) == pytest.approx(measure_loudness(voice), abs=0.01)


def test_loudness_is_that_of_full_scale() -> None:
    """A full sine lies 3 dB below it, silence at minus infinity; high and low tones are told apart."""
    times = np.arange(16_000) / 16_000
    low, high = (np.sin(2 * np.pi * hz * times).astype(np.float32) for hz in (110, 220))
    assert measure_loudness(low) == pytest.approx(-3.01, abs=0.01)
    assert measure_loudness(np.zeros(10, dtype=np.float32)) == -math.inf
    assert measure(low).pitch_hz == pytest.approx(110, rel=0.03)
    assert measure(high).pitch_hz == pytest.approx(220, rel=0.03)
    assert math.isnan(measure(np.zeros(16_000, dtype=np.float32)).pitch_hz)
