"""Frames of a play."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from crossomni.playhouse import stage, things
from crossomni.playhouse import vocabulary as words
from crossomni.playhouse.plays import ENTRANCE_SECONDS, FRAME_SIZE, FRAMES_PER_SECOND, SAMPLE_RATE_HZ
from crossomni.playhouse.scenery import scenery
from crossomni.playhouse.scripts import write_play
from crossomni.records import Line

PLAY = write_play(3, 0)
SECONDS = 4.5
SPOKEN = (3.2, 4.2)  # the first actor's line; seconds


def staged(play=PLAY, loud=0.3, seconds=SECONDS):
    """The frames of a play in which the first actor alone speaks a hum that swells twice a second."""
    line = Line(speaker=play.actors[0].name, text="Hum.", start_seconds=SPOKEN[0], end_seconds=SPOKEN[1])
    times = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    swell = np.clip(np.sin(4 * np.pi * (times - SPOKEN[0])), 0, 1) * ((times >= SPOKEN[0]) & (times < SPOKEN[1]))
    samples = (loud * swell * np.sin(2 * np.pi * 200 * times)).astype(np.float32)
    return np.stack(list(stage.draw_frames(play, (line,), samples, seconds)))


def without_actions(play):
    """The same play in which nobody acts while a test looks."""
    actors = tuple(replace(a, look=replace(a.look, action_start_seconds=99.0)) for a in play.actors)
    return replace(play, actors=actors)


def test_a_frame_is_drawn_for_each_tenth_of_a_second():
    """uint8 (frames, height, width, 3)."""
    frames = staged()
    assert frames.shape == (45, FRAME_SIZE[1], FRAME_SIZE[0], 3)
    assert frames.dtype == np.uint8


def test_the_same_play_gives_the_same_frames():
    """Nothing is left to chance but what the play's seed says."""
    assert (staged() == staged()).all()


def test_what_does_not_change_is_not_drawn_again():
    """A strip that looks as before is the same array."""
    silence = np.zeros(int(SECONDS * SAMPLE_RATE_HZ), np.float32)
    strips = list(itertools.chain(*stage.draw_strips(without_actions(PLAY), (), silence, 12.0)))
    assert len({id(strip) for strip in strips}) < len(strips) / 4


def test_the_stage_is_empty_at_first():
    """Nobody is seen before the entrance: the first frame shows scenery and things alone."""
    first = staged(seconds=0.1)[0].astype(int)
    empty = np.asarray(scenery(PLAY.scene)).astype(int)
    differs = np.abs(first - empty).max(axis=-1) > 0
    assert differs[:56].any()
    assert not differs[56:].any()


@pytest.mark.parametrize("entrance", words.ENTRANCES)
@pytest.mark.parametrize("place", range(4))
def test_everybody_comes_in_as_written_and_ends_up_at_the_place(entrance, place):
    """Half-way through, the person is on the entrance's side of the place; afterwards stands there."""
    actor = PLAY.actors[place]
    actor = replace(actor, look=replace(actor.look, entrance=entrance, entrance_start_seconds=0.5))
    at = stage.PLACE_X[place], stage.FLOOR_Y
    assert stage._placed(actor, 0.4, 0, False) is None
    half = stage._placed(actor, 0.5 + ENTRANCE_SECONDS / 2, 0, False)
    towards = (np.sign(half.x - at[0]), np.sign(half.y - at[1]))
    assert towards == dict(zip(words.ENTRANCES, ((-1, 0), (1, 0), (0, 1), (0, -1)), strict=True))[entrance]
    there = stage._placed(actor, 0.5 + ENTRANCE_SECONDS, 0, False)
    assert (there.x, there.y) == at


def test_only_who_speaks_moves_the_mouth():
    """While the first actor speaks, nothing else changes much."""
    play = without_actions(PLAY)
    start, end = (round(t * FRAMES_PER_SECOND) for t in SPOKEN)
    spoken, silent = staged(play)[start:end], staged(play, loud=0.0)[start:end]
    changed = np.abs(spoken.astype(int) - silent).max(axis=(0, 1, 3)) > 60
    assert [place for place in range(4) if changed.reshape(4, -1)[place].any()] == [0]


def test_a_mouth_opens_and_shuts_with_the_sound():
    """In each second of a swelling hum there are shut, half open and wide open mouths."""
    line = Line(speaker="Ada", text="Hum.", start_seconds=0.0, end_seconds=2.0)
    times = np.arange(2 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    samples = np.sin(2 * np.pi * 200 * times) * np.clip(np.sin(4 * np.pi * times), 0, 1)
    mouths = stage._mouths([line], samples, 20)["Ada"]
    assert set(mouths[:10]) == set(mouths[10:]) == {0, 1, 2}


def test_things_are_not_hidden_while_people_stand():
    """At the end nearly all of each thing is seen as on the empty stage."""
    frames = staged(without_actions(PLAY))
    for place in range(4):
        left, top = stage.thing_corner(place)
        box = (slice(top, top + things.THING_SIZE[1]), slice(left, left + things.THING_SIZE[0]))
        same = (frames[-1][box] == frames[0][box]).all(axis=-1)
        assert same.mean() > 0.95


def test_each_thing_has_its_own_picture():
    """Eight things in six colours are 48 pictures that differ."""
    pictures = [np.asarray(things.thing(n, c)).astype(int) for n in words.THINGS for c in words.THING_COLOURS]
    for one, other in itertools.combinations(pictures, 2):
        assert (np.abs(one - other).max(axis=-1) > 50).sum() > 150


@pytest.mark.parametrize("scene", words.SCENES)
def test_sceneries_are_muted(scene):
    """No part of a scenery is as vivid as the palest of the tops and things."""
    pixels = np.asarray(scenery(scene)).astype(int)
    assert (pixels.max(axis=-1) - pixels.min(axis=-1)).max() < 75
