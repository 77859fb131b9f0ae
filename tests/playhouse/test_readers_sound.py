"""The readers of sound: everything asked about a voice can be heard in the film's sound."""

import io
from collections import Counter

import av
import numpy as np
import pytest

from crossomni.playhouse import vocabulary as words
from crossomni.playhouse.film import SOUND_BITS_PER_SECOND, SOUND_OPTIONS
from crossomni.playhouse.plays import SAMPLE_RATE_HZ
from crossomni.playhouse.readers.sound import match_line, read_voices, segments
from crossomni.playhouse.scripts import write_play
from crossomni.playhouse.voices import soundtrack

RATE_HZ = 16_000


def through_aac(samples):
    """What is left of a soundtrack in a film: encoded, decoded, and brought to 16 kHz."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=SAMPLE_RATE_HZ, layout="mono", options=SOUND_OPTIONS)
        stream.bit_rate = SOUND_BITS_PER_SECOND
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    file.seek(0)
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
    with av.open(file) as container:
        frames = [*container.decode(audio=0), None]
        return np.concatenate([part.to_ndarray().ravel() for frame in frames for part in resampler.resample(frame)])


def plays(count):
    """So many plays of feelings, and as many of voices."""
    written = [write_play(seed=77, index=index) for index in range(4 * count)]
    return [
        *[play for play in written if play.of_feelings][:count],
        *[play for play in written if not play.of_feelings][:count],
    ]


def right_and_asked(some_plays):
    """Read plays and compare with what was written: two counters by kind."""
    right, asked = Counter(), Counter()
    for play in some_plays:
        track = soundtrack(play)
        sound = through_aac(track.samples)
        spans = segments(sound, RATE_HZ)
        speakers = sorted(play.actors, key=lambda actor: actor.turn)
        candidates = [actor.line for actor in play.actors]
        for i, (actor, read) in enumerate(zip(speakers, read_voices(sound, RATE_HZ, spans), strict=True)):
            voice = actor.voice
            truth = {"emotion": voice.emotion}
            if not play.of_feelings:
                truth = {
                    "pitch": words.PITCHES[voice.pitch],
                    "loudness": words.LOUDNESSES[voice.loudness],
                    "speed": words.SPEEDS[voice.speed],
                    "quality": voice.quality,
                }
            for kind, value in truth.items():
                right[kind] += read[kind] == value
            right["line"] += candidates[match_line(sound, RATE_HZ, spans[i], candidates)] == actor.line
            asked.update((*truth, "line"))
    return right, asked


def test_the_four_lines_are_found_where_they_are_spoken():
    """Each span begins and ends within 0.25 s of its line."""
    track = soundtrack(plays(1)[0])
    spans = segments(through_aac(track.samples), RATE_HZ)
    wanted = [(line.start_seconds, line.end_seconds) for line in track.lines]
    np.testing.assert_allclose(np.array(spans), np.array(wanted), atol=0.25)


def test_every_kind_is_read_from_a_few_plays():
    """At least 9 of 10 values of each kind are read right from ten plays."""
    right, asked = right_and_asked(plays(5))
    assert {"pitch", "loudness", "speed", "quality", "emotion", "line"} == set(asked)
    for kind in asked:
        assert right[kind] >= 0.9 * asked[kind], kind


@pytest.mark.slow
def test_every_kind_is_read_in_at_least_95_of_100_cases():
    """Pitch, loudness, speed, quality, emotion and words survive the film's sound, over 30 plays a kind."""
    right, asked = right_and_asked(plays(30))
    for kind in asked:
        assert 30 * 4 <= asked[kind]
        assert right[kind] >= 0.95 * asked[kind], (kind, right[kind] / asked[kind])
