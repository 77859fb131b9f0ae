"""What models see, hear and make up of a clip, each with what it is held against."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from crossomni.construction.models.annotating import annotate, give_biographies
from crossomni.construction.models.items import Notes
from crossomni.records import Clip
from crossomni.tasks import Modality
from crossomni.testing.chat_server import SERVER_ERROR, Behaviour
from tests.construction.models.conftest import Clips
from tests.construction.models.replying import Reply, said

pytest.importorskip("torchaudio")
HEARD = "\n".join(f"{number}. no" for number in range(1, 16))
GOOD: Mapping[str, Reply] = {
    "describe": "Four persons stand on a stage.",
    "second": "On a stage there are four persons.",
    "caption": "Somebody waves.",
    "combine": "Four persons stand on a stage; somebody waves.",
    "roles": "<failure>",
    "person": lambda fields: f"{fields['cue']}: wears a hat.",
    "voice": HEARD,
    "things": "<failure>",
    "biography": lambda fields: f"{fields['name']}: was born in Rome.",
}


@pytest.fixture(scope="module")
def clip(clips: Clips) -> tuple[Clip, Any]:
    """One of four persons, who say a line each, and its file."""
    truth, file = next(iter(clips.values()))
    return truth.clip, file


def annotated(
    clip: tuple[Clip, Any], replies: Mapping[str, Reply], asked: Counter[str] | None = None
) -> tuple[Notes, set[tuple[str, str]]]:
    """Notes, and about whom (empty text: the clip) something could not be had, and why; but for things."""
    notes, lost = said({**GOOD, **replies}, lambda talk: annotate(talk, *clip), asked=asked)
    told = {(drop.item.partition("/")[2], drop.reason) for drop in lost}
    return notes, told - {("", "things: the model says that it cannot")}


def test_a_role_goes_with_the_name(clip: tuple[Clip, Any]) -> None:
    """Where the subtitles tell it: into the descriptions, and into the biography."""
    line = clip[0].lines[0]
    notes, _ = annotated(clip, {"roles": f"{line.speaker} | who waits | {line.text}"})
    assert notes.roles == {line.speaker: "who waits"}
    assert notes.seen[line.speaker] == ("wears a hat.",) * 3  # begun by name and role, which are taken off
    cues = []

    def written(fields: dict[str, str]) -> str:
        cues.append(fields["cue"])
        return f"{fields['name']}: was born in Rome."

    looked = Notes(**{**vars(notes), "looks": {name: looks[0] for name, looks in notes.seen.items()}})
    said({"biography": written}, lambda talk: give_biographies(talk, clip[0], looked))
    assert sorted(cues) == sorted(
        f"{name}, who waits" if name == line.speaker else name for name in {one.speaker for one in clip[0].lines}
    )


def test_why_a_model_is_silent_is_logged_once(clip: tuple[Clip, Any], caplog: pytest.LogCaptureFixture) -> None:
    """In the server's words: drops only count it."""
    deaf = Behaviour(status=400, body='{"error": {"message": "At most 0 audio(s) may be provided"}}')
    annotated(clip, {"voice": deaf})
    told = [one.getMessage() for one in caplog.records]
    assert [("audio: " in one, "At most 0 audio(s)" in one) for one in told] == [(True, True)]


def test_an_object_called_as_a_person_is_none(clip: tuple[Clip, Any]) -> None:
    """Whatever its case: its life would take the place of the person's."""
    name = clip[0].lines[0].speaker
    notes, lost = annotated(clip, {"things": f"{name.upper()}: a red coat\nvase: blue"})
    assert notes.things == {"vase": "blue"}
    assert lost == {(name.upper(), "things: an object is called as a person")}


@pytest.mark.parametrize("words", ["I am a doctor", "", "I"])
def test_a_role_that_no_line_tells_is_none(clip: tuple[Clip, Any], words: str) -> None:
    """It is asked for again, and then left out by name; the clip stays."""
    notes, lost = annotated(clip, {"roles": f"{clip[0].lines[0].speaker} | a doctor | {words}"})
    assert notes.roles == {}
    assert lost == {("", "roles: unparsed")}


def test_a_person_is_described_several_times(clip: tuple[Clip, Any]) -> None:
    """From other frames each time; most must be descriptions."""
    asked = Counter[str]()
    speakers = list(dict.fromkeys(line.speaker for line in clip[0].lines))
    turn = Counter[str]()

    def look(fields: dict[str, str]) -> str:
        turn[fields["cue"]] += 1
        fails = {speakers[0]: 1, speakers[1]: 2}.get(fields["cue"], 0)
        return "<failure>" if turn[fields["cue"]] <= fails else f"{fields['cue']}: a hat"

    notes, lost = annotated(clip, {"person": look}, asked)
    assert {name: len(looks) for name, looks in notes.seen.items()} == {speakers[0]: 2, speakers[2]: 3, speakers[3]: 3}
    assert lost == {(speakers[1], "look: the model says that it cannot")}
    assert asked["person"] == 3 * 4
    assert asked["describe"] == asked["second"] == 1


def test_loudness_is_held_against_what_is_measured(clip: tuple[Clip, Any], clips: Clips) -> None:
    """Every voice is said to be loud: the quietest is not so, and keeps the rest."""
    heard = {
        one.name: fact.value
        for one in clips[clip[0].id][0].persons
        if (fact := one.fact(Modality.AUDIO, "loudness")) is not None
    }
    quietest = next(name for name, value in heard.items() if value == "the quietest")
    notes, lost = annotated(clip, {"voice": HEARD.replace("13. no", "13. yes").replace("1. no", "1. yes", 1)})
    assert lost == {(quietest, "voice: loudness is not what was measured, or is said both ways")}
    assert {name: dict(traits) for name, traits in notes.traits.items()} == {
        name: {"quality": "smooth"} | ({} if name == quietest else {"loudness": "loud"}) for name in heard
    }


def test_what_cannot_be_had_of_a_person_leaves_the_others(clip: tuple[Clip, Any]) -> None:
    """By whom, and why."""
    speakers = {line.speaker for line in clip[0].lines}
    first = clip[0].lines[0].speaker

    def look(fields: dict[str, str]) -> Any:
        return SERVER_ERROR if fields["cue"] == first else f"{fields['cue']}: a hat"

    notes, lost = annotated(clip, {"person": look, "voice": "It sounds nice."})
    assert speakers - {first} == {*notes.seen}
    assert lost == {(first, "look: no reply: server-error"), *((name, "voice: unparsed") for name in speakers)}
    assert notes.traits == {}
