"""What can be seen can be read from the frames of the file."""

from collections import Counter

import numpy as np
import pytest

from crossomni.media import ClipFile
from crossomni.playhouse import vocabulary as words
from crossomni.playhouse.film import film
from crossomni.playhouse.readers import sight
from crossomni.playhouse.scripts import write_play

FRAMES = 32


def truth(look):
    """What a reader should say of a look."""
    return {
        "top colour": look.top,
        "hair colour": look.hair,
        "stars": words.STARS[look.stars - 1],
        "expression": look.expression,
        "action": look.action,
        "entrance": look.entrance,
        "accessory": look.accessory,
        "trousers": look.trousers,
    }


def readings(play, path):
    """Each kind with whether it was read as it is, of all people, things and speakers of a play."""
    filmed = film(play, path)
    clip = ClipFile(path)
    frames, times = clip.frames(FRAMES), clip.frame_times(FRAMES)
    for actor in play.actors:
        read = sight.read_person(frames, times, actor.place)
        yield from ((kind, read[kind] == value) for kind, value in truth(actor.look).items())
    for prop in play.props:
        read = sight.read_thing(frames, prop.place)
        yield from (("thing", read["thing"] == prop.name), ("colour", read["colour"] == prop.colour))
    mouths = np.stack([sight.speaking(frames, place) for place in range(4)])
    for line in filmed.lines:
        during = (times >= line.start_seconds) & (times < line.end_seconds)
        seen = int(mouths[:, during].mean(axis=1).argmax())
        yield "speaker", play.actors[seen].name == line.speaker


def shares(plays, folder):
    """The share read rightly, by kind."""
    right, all_read = Counter(), Counter()
    for play in plays:
        for kind, hit in readings(play, folder / "clip.mp4"):
            right[kind] += hit
            all_read[kind] += 1
    return {kind: right[kind] / all_read[kind] for kind in all_read}


def test_all_that_is_seen_is_read_in_a_few_films(tmp_path):
    """Four films, women's and men's: nothing is read wrongly."""
    found = shares((write_play(101, index) for index in (0, 1, 2, 3)), tmp_path)
    assert dict.fromkeys(found, 1.0) == found


@pytest.mark.slow
def test_each_kind_is_read_rightly_in_95_of_100_cases(tmp_path):
    """Thirty films, 120 people and 120 things."""
    found = shares((write_play(7, index) for index in range(30)), tmp_path)
    assert {kind: share for kind, share in found.items() if share < 0.95} == {}


def test_a_reader_answers_in_the_words_of_the_vocabulary():
    """Even where nothing is to be seen; and nobody speaks there."""
    frames = np.full((FRAMES, 252, 448, 3), 180, np.uint8)
    read = sight.read_person(frames, np.linspace(0.2, 13, FRAMES), 2)
    assert read["top colour"] in words.TOP_COLOURS
    assert read["action"] in words.ACTIONS
    assert sight.speaking(frames, 2).max() == 0
