"""A play's soundtrack."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from crossomni.playhouse.plays import FIRST_LINE_SECONDS, FRAMES_PER_SECOND, PAUSE_SECONDS, SAMPLE_RATE_HZ
from crossomni.playhouse.readers.sound import melody, pace, timbre
from crossomni.playhouse.scripts import write_play
from crossomni.playhouse.vocabulary import QUALITIES
from crossomni.playhouse.voices import SPEAKERS, soundtrack

PLAYS = tuple(write_play(seed=5, index=index) for index in range(6))
SEXES = ("women", "men")
CALM = {"pitch": 1, "loudness": 1, "speed": 1, "quality": "smooth", "emotion": "calm"}


def spoken(sex, speaker=0, line="Somebody has to water the plants.", **changes):
    """What four people of one sex say who differ in one thing alone: a list of their lines' samples."""
    play = next(play for play in PLAYS if play.sex == sex)
    kind, values = next(iter(changes.items()))
    actors = tuple(
        replace(
            actor,
            line=line,
            turn=turn,
            voice=replace(actor.voice, speaker=speaker, **{**CALM, kind: value}),
        )
        for turn, (actor, value) in enumerate(zip(play.actors, values, strict=True))
    )
    track = soundtrack(replace(play, actors=actors, of_feelings=kind == "emotion"))
    return [
        track.samples[round(line.start_seconds * SAMPLE_RATE_HZ) : round(line.end_seconds * SAMPLE_RATE_HZ)]
        for line in track.lines
    ]


def semitones(samples):
    """The median pitch of a line."""
    return float(np.median(melody(samples, SAMPLE_RATE_HZ)))


def level_db(samples):
    """The loudness of a line."""
    return 10 * np.log10(np.mean(samples**2))


def test_the_same_play_gives_the_same_samples_in_any_order():
    """Nothing of one play is heard in another."""
    first = [soundtrack(play).samples for play in PLAYS[:3]]
    again = [soundtrack(play).samples for play in reversed(PLAYS[:3])]
    for one, other in zip(first, reversed(again), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("play", PLAYS, ids=lambda play: play.clip_id)
def test_the_lines_come_in_turn_with_their_pauses(play):
    """Everybody speaks once, in their turn, and the film's length is a whole number of frames."""
    track = soundtrack(play)
    in_turn = sorted(play.actors, key=lambda actor: actor.turn)
    assert [(actor.name, actor.line) for actor in in_turn] == [(line.speaker, line.text) for line in track.lines]
    assert track.lines[0].start_seconds == FIRST_LINE_SECONDS
    for one, other in itertools.pairwise(track.lines):
        assert other.start_seconds - one.end_seconds == pytest.approx(PAUSE_SECONDS, abs=0.002)
    assert 0.6 <= track.seconds - track.lines[-1].end_seconds + 0.001 < 0.6 + 1.1 / FRAMES_PER_SECOND
    assert track.seconds * FRAMES_PER_SECOND == pytest.approx(round(track.seconds * FRAMES_PER_SECOND))
    assert len(track.samples) == round(track.seconds * SAMPLE_RATE_HZ)
    assert track.samples.dtype == np.float32
    assert np.abs(track.samples).max() < 1


@pytest.mark.parametrize("play", PLAYS, ids=lambda play: play.clip_id)
def test_the_room_is_nearly_still_before_the_first_line(play):
    """The noise of the room is there, and far below the quietest voice."""
    before = soundtrack(play).samples[: int((FIRST_LINE_SECONDS - 0.1) * SAMPLE_RATE_HZ)]
    assert -75 < level_db(before) < -60


@pytest.mark.parametrize("sex", SEXES)
@pytest.mark.parametrize("speaker", range(4))
def test_a_rank_of_pitch_is_a_clear_step_for_every_speaker(sex, speaker):
    """Neighbouring ranks lie at least 2.5 semitones apart."""
    heard = [semitones(samples) for samples in spoken(sex, speaker, pitch=range(4))]
    assert min(np.diff(heard)) >= 2.5


@pytest.mark.parametrize("sex", SEXES)
def test_all_speakers_of_a_sex_share_their_pitch(sex):
    """Who speaks does not tell how high: within one semitone."""
    heard = [semitones(spoken(sex, speaker, pitch=(1, 1, 1, 1))[0]) for speaker in range(4)]
    assert np.ptp(heard) < 1


@pytest.mark.parametrize("sex", SEXES)
def test_a_rank_of_loudness_is_a_clear_step(sex):
    """Neighbouring ranks lie at least 4.5 dB apart."""
    heard = [level_db(samples) for samples in spoken(sex, loudness=range(4))]
    assert min(np.diff(heard)) >= 4.5


@pytest.mark.parametrize("sex", SEXES)
def test_a_rank_of_speed_is_a_clear_step(sex):
    """Each rank says the same words in at most 86% of the time of the rank below, and is heard to."""
    lines = spoken(sex, speed=range(4))
    lengths = np.array([len(samples) for samples in lines])
    assert max(lengths[1:] / lengths[:-1]) < 0.86
    assert min(np.diff([pace(samples, SAMPLE_RATE_HZ) for samples in lines])) > 0.1


@pytest.mark.parametrize("sex", SEXES)
def test_a_quality_changes_neither_pitch_nor_loudness_nor_length(sex):
    """A rough, nasal or muffled voice is as high, loud and quick as a smooth one."""
    lines = spoken(sex, quality=QUALITIES)
    assert np.ptp([semitones(samples) for samples in lines]) < 1
    assert np.ptp([level_db(samples) for samples in lines]) < 0.1
    assert np.ptp([len(samples) for samples in lines]) <= 0.002 * SAMPLE_RATE_HZ


@pytest.mark.parametrize("sex", SEXES)
@pytest.mark.parametrize("speaker", range(4))
def test_a_quality_is_heard_from_every_speaker(sex, speaker):
    """Of four voices the rough one sounds roughest, and so on."""
    heard = np.array([timbre(samples, SAMPLE_RATE_HZ) for samples in spoken(sex, speaker, quality=QUALITIES)])
    assert [1, 2, 3] == list(heard.argmax(axis=0)[1:])


@pytest.mark.parametrize("sex", SEXES)
def test_a_feeling_is_heard_in_pitch_pace_and_loudness_together(sex):
    """Happy is high; sad is low, slow and quiet; angry is loud and quick; calm lies between."""
    calm, happy, sad, angry = spoken(sex, emotion=("calm", "happy", "sad", "angry"))
    assert semitones(happy) > semitones(calm) + 4
    assert semitones(sad) < semitones(calm) - 2.5
    assert len(angry) < len(happy) < len(calm) < len(sad)
    assert level_db(angry) > level_db(happy) + 3
    assert level_db(sad) < level_db(calm) - 4


def test_the_speakers_are_eight_voices():
    """Nobody shares a voice."""
    assert 8 == len({speaker.voice for sex in SEXES for speaker in SPEAKERS[sex]})
