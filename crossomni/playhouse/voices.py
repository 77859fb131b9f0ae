"""A play's soundtrack: four lines, each in its own voice, and who says what when.

Pitch, rate and the width of the melody are espeak-ng's own; loudness and quality are made here, after it.
Every step between two ranks is wide enough to be measured (``playhouse.readers.sound`` proves it).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from crossomni.playhouse.espeak import SAMPLE_RATE_HZ, Manner, Samples, engine
from crossomni.playhouse.plays import FIRST_LINE_SECONDS, FRAMES_PER_SECOND, PAUSE_SECONDS, Actor, Play, Voice
from crossomni.records import Line

LAST_PAUSE_SECONDS = 0.6
ROOM_NOISE = 0.0004  # standard deviation, about -68 dB
PEAK = 0.95
FADE_SECONDS = 0.005

LOWEST_HZ = {"women": 150.0, "men": 85.0}  # median pitch of rank 0


@dataclass(frozen=True)
class Speaker:
    """A voice of espeak-ng, and the median pitch in Hz it speaks at for its pitch settings 0, 20, … 100."""

    voice: str
    heard_hz: tuple[float, float, float, float, float, float]
    treble: float = 0.0  # how much of what is above 2 kHz is added, so that no speaker sounds muffled as such

    def setting(self, pitch_hz: float) -> int:
        """The pitch setting at which this speaker is heard at ``pitch_hz``."""
        return round(float(np.interp(math.log(pitch_hz), np.log(self.heard_hz), (0, 20, 40, 60, 80, 100))))


# The clearest of espeak-ng's voices to whisper-tiny.en among those that speak a line the same way each time.
SPEAKERS = {
    "women": (
        Speaker("en-us+steph", (106.1, 130.2, 163.6, 207.5, 265.0, 336.1), 2.0),
        Speaker("en-us+f4", (113.2, 133.3, 161.7, 199.0, 247.7, 307.9)),
        Speaker("en-us+steph3", (106.1, 130.2, 163.5, 207.6, 265.1, 336.2), 2.3),
        Speaker("en-us+steph2", (106.0, 130.0, 163.5, 207.5, 265.0, 336.1), 2.3),
    ),
    "men": (
        Speaker("en-us+miguel", (77.6, 88.1, 102.5, 121.4, 147.9, 179.9), 3.0),
        Speaker("en-us+m1", (67.3, 72.4, 85.3, 103.6, 127.7, 157.6)),
        Speaker("en-us+max", (70.1, 79.0, 92.3, 112.3, 138.5, 170.4)),
        Speaker("en-us", (69.8, 78.7, 92.2, 112.2, 138.4, 170.6)),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """How a line is to be heard."""

    semitones: float  # median pitch above the lowest voice of that sex
    pitch_range: int = 40  # espeak-ng's setting: 0 is monotone, 50 the voice's own
    loudness_db: float  # root mean square of the line, against full scale
    words_per_minute: int  # espeak-ng's own count, which takes the pauses of longer texts in
    word_gap: int = 0  # espeak-ng's setting
    accent: float = 0.0  # how much the loud syllables stand out from the soft ones


# By rank.
SEMITONES = (0.0, 3.5, 7.0, 10.5)
LOUDNESSES_DB = (-35.0, -30.0, -25.0, -20.0)
SPEEDS = ((80, 4), (92, 0), (126, 0), (170, 0))  # words a minute, gap between words

FEELINGS = {
    "calm": Delivery(semitones=5.25, loudness_db=-28, words_per_minute=113),
    "happy": Delivery(semitones=11.25, pitch_range=95, loudness_db=-25, words_per_minute=138),
    "sad": Delivery(semitones=1.25, pitch_range=10, loudness_db=-35, words_per_minute=80),
    "angry": Delivery(semitones=4.25, pitch_range=70, loudness_db=-20, words_per_minute=142, accent=0.2),
}


@dataclass(frozen=True)
class Soundtrack:
    """What is heard of a play."""

    samples: Samples  # float32 in [-1, 1], (samples,) at plays.SAMPLE_RATE_HZ
    lines: tuple[Line, ...]  # in speaking order
    seconds: float  # a whole number of frames


def soundtrack(play: Play) -> Soundtrack:
    """Speak a play. The same play gives the same samples, whatever was spoken before it."""
    start = FIRST_LINE_SECONDS
    lines, spoken = [], []
    for actor in sorted(play.actors, key=lambda actor: actor.turn):
        samples = _say(actor, play)
        end = start + len(samples) / SAMPLE_RATE_HZ
        lines.append(
            Line(speaker=actor.name, text=actor.line, start_seconds=round(start, 3), end_seconds=round(end, 3))
        )
        spoken.append((round(start * SAMPLE_RATE_HZ), samples))
        start = end + PAUSE_SECONDS
    frames = math.ceil((lines[-1].end_seconds + LAST_PAUSE_SECONDS) * FRAMES_PER_SECOND)
    seconds = frames / FRAMES_PER_SECOND
    mix = np.random.default_rng(play.seed).standard_normal(round(seconds * SAMPLE_RATE_HZ), np.float32) * ROOM_NOISE
    for first, samples in spoken:
        mix[first : first + len(samples)] += samples
    mix *= min(1.0, PEAK / float(np.abs(mix).max()))  # all by the same factor: the ranks stay
    return Soundtrack(samples=mix, lines=tuple(lines), seconds=seconds)


def delivery(voice: Voice, of_feelings: bool) -> Delivery:
    """How a voice is to be heard: by its emotion in a play of feelings, else by its ranks."""
    if of_feelings:
        return FEELINGS[voice.emotion]
    words_per_minute, word_gap = SPEEDS[voice.speed]
    return Delivery(
        semitones=SEMITONES[voice.pitch],
        loudness_db=LOUDNESSES_DB[voice.loudness],
        words_per_minute=words_per_minute,
        word_gap=word_gap,
    )


def _say(actor: Actor, play: Play) -> Samples:
    """An actor's line as it is heard, (samples,)."""
    heard, speaker = delivery(actor.voice, play.of_feelings), SPEAKERS[play.sex][actor.voice.speaker]
    manner = Manner(
        voice=speaker.voice,
        words_per_minute=heard.words_per_minute,
        pitch=speaker.setting(LOWEST_HZ[play.sex] * 2 ** (heard.semitones / 12)),
        pitch_range=heard.pitch_range,
        word_gap=heard.word_gap,
    )
    samples = engine().speak(actor.line, manner)
    samples = samples + speaker.treble * _filtered(samples, _ABOVE_2_KHZ)
    samples = QUALITIES[actor.voice.quality](_accented(samples, heard.accent))
    fade = np.minimum(1, np.arange(len(samples)) / (FADE_SECONDS * SAMPLE_RATE_HZ))
    samples = samples * fade * fade[::-1]
    loudness = math.sqrt(float(np.mean(samples**2)))
    return (samples * (10 ** (heard.loudness_db / 20) / loudness)).astype(np.float32)


def _accented(samples: Samples, accent: float) -> Samples:
    """Loud syllables made louder still."""
    if accent == 0:
        return samples
    envelope = np.sqrt(_filtered(samples**2, _BELOW_10_HZ).clip(1e-8))
    return np.asarray(samples * (envelope / envelope.max()) ** accent)


def _smooth(samples: Samples) -> Samples:
    return samples


def _rough(samples: Samples) -> Samples:
    """A growl: the loudness trembles about 50 times a second, never quite evenly."""
    count = len(samples)
    pace_hz = np.random.default_rng(count).normal(50, 6, count // 400 + 1).repeat(400)[:count]
    return np.asarray(samples * (1 + 0.8 * np.sin(2 * np.pi * np.cumsum(pace_hz) / SAMPLE_RATE_HZ)))


def _nasal(samples: Samples) -> Samples:
    """A resonance of the nose near 1 kHz above a hollow."""
    hollow = 0.1 * samples + 0.9 * _filtered(samples, _HOLLOW)
    return hollow + 9 * _filtered(hollow, _NOSE)


def _muffled(samples: Samples) -> Samples:
    """As through a scarf: little above 1.5 kHz."""
    return _filtered(samples, _BELOW_1500_HZ)


def _filtered(samples: Samples, sections: NDArray[np.float64]) -> Samples:
    return np.asarray(signal.sosfilt(sections, samples))


_BELOW_10_HZ = signal.butter(2, 10, fs=SAMPLE_RATE_HZ, output="sos")
_BELOW_1500_HZ = signal.butter(2, 1500, fs=SAMPLE_RATE_HZ, output="sos")
_ABOVE_2_KHZ = signal.butter(1, 2000, "high", fs=SAMPLE_RATE_HZ, output="sos")
_HOLLOW = signal.tf2sos(*signal.iirnotch(450, 0.7, SAMPLE_RATE_HZ))
_NOSE = signal.tf2sos(*signal.iirpeak(1000, 2.5, SAMPLE_RATE_HZ))
QUALITIES = {"smooth": _smooth, "rough": _rough, "nasal": _nasal, "muffled": _muffled}
