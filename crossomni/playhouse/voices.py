"""A play's soundtrack: four lines, each in its own voice, and who says what when.

Pitch, rate and the width of the melody are espeak-ng's own; loudness and quality are made here, after it.
Every step between two ranks is wide enough to be measured (``playhouse.readers.sound`` proves it).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import signal

from crossomni.playhouse.espeak import SAMPLE_RATE_HZ, Espeak, Manner, engine
from crossomni.playhouse.plays import FIRST_LINE_SECONDS, FRAMES_PER_SECOND, PAUSE_SECONDS, Actor, Play
from crossomni.records import Line

LAST_PAUSE_SECONDS = 0.6
ROOM_NOISE = 0.0004  # standard deviation, about -68 dB
PEAK = 0.95
FADE_SECONDS = 0.005

# By rank. Rates are espeak-ng's own count, which takes the pauses of longer texts in.
PITCHES_HZ = {"women": (150.0, 184.0, 225.0, 275.0), "men": (85.0, 104.0, 127.0, 156.0)}
LOUDNESSES_DB = (-35.0, -30.0, -25.0, -20.0)  # root mean square of the line, against full scale
SPEEDS = ((80, 2), (90, 0), (118, 0), (155, 0))  # words a minute, gap between words


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


@dataclass(frozen=True)
class Delivery:
    """How a line is to be heard."""

    pitch_hz: float
    pitch_range: int  # espeak-ng's setting: 0 is monotone, 50 the voice's own
    loudness_db: float
    words_per_minute: int
    word_gap: int  # espeak-ng's setting
    quality: str
    accent: float = 0.0  # how much louder the loud syllables are made than the soft ones


# Against a calm voice: semitones, range of the melody, dB, words a minute, accent.
FEELINGS = {
    "calm": (0.0, 40, -28.0, 113, 0.0),
    "happy": (6.0, 95, -25.0, 138, 0.0),
    "sad": (-4.0, 10, -35.0, 80, 0.0),
    "angry": (-1.0, 70, -20.0, 147, 0.6),
}


@dataclass(frozen=True)
class Soundtrack:
    """What is heard of a play."""

    samples: np.ndarray  # float32 in [-1, 1], (samples,) at plays.SAMPLE_RATE_HZ
    lines: tuple[Line, ...]  # in speaking order
    seconds: float  # a whole number of frames


def soundtrack(play: Play) -> Soundtrack:
    """Speak a play. The same play gives the same samples, whatever was spoken before it."""
    start = FIRST_LINE_SECONDS
    lines, spoken = [], []
    for actor in sorted(play.actors, key=lambda actor: actor.turn):
        samples = _say(actor, play)
        end = start + len(samples) / SAMPLE_RATE_HZ
        lines.append(Line(speaker=actor.name, text=actor.line, start_seconds=round(start, 3), end_seconds=round(end, 3)))
        spoken.append((round(start * SAMPLE_RATE_HZ), samples))
        start = end + PAUSE_SECONDS
    frames = math.ceil((lines[-1].end_seconds + LAST_PAUSE_SECONDS) * FRAMES_PER_SECOND)
    seconds = frames / FRAMES_PER_SECOND
    mix = np.random.default_rng(play.seed).normal(0, ROOM_NOISE, round(seconds * SAMPLE_RATE_HZ)).astype(np.float32)
    for first, samples in spoken:
        mix[first : first + len(samples)] += samples
    mix *= min(1.0, PEAK / float(np.abs(mix).max()))  # all by the same factor: the ranks stay
    return Soundtrack(samples=mix, lines=tuple(lines), seconds=seconds)


def delivery(actor: Actor, play: Play) -> Delivery:
    """How an actor's line is to be heard, from the voice that the play gives them."""
    voice, pitches_hz = actor.voice, PITCHES_HZ[play.sex]
    if play.of_feelings:
        semitones, pitch_range, loudness_db, words_per_minute, accent = FEELINGS[voice.emotion]
        middle_hz = math.sqrt(pitches_hz[1] * pitches_hz[2])
        return Delivery(
            middle_hz * 2 ** (semitones / 12), pitch_range, loudness_db, words_per_minute, 0, voice.quality, accent
        )
    return Delivery(
        pitches_hz[voice.pitch], 40, LOUDNESSES_DB[voice.loudness], *SPEEDS[voice.speed], voice.quality
    )


def _say(actor: Actor, play: Play) -> np.ndarray:
    """An actor's line as it is heard: float32, (samples,)."""
    heard, speaker = delivery(actor, play), SPEAKERS[play.sex][actor.voice.speaker]
    manner = Manner(
        voice=speaker.voice,
        words_per_minute=heard.words_per_minute,
        pitch=speaker.setting(heard.pitch_hz),
        pitch_range=heard.pitch_range,
        word_gap=heard.word_gap,
    )

    def speak(espeak: Espeak) -> np.ndarray:
        return espeak.speak(actor.line, manner)

    samples = engine().apart(speak)
    samples = samples + speaker.treble * signal.sosfilt(_ABOVE_2_KHZ, samples)
    samples = QUALITIES[heard.quality](_accented(samples, heard.accent))
    fade = np.minimum(1, np.arange(len(samples)) / (FADE_SECONDS * SAMPLE_RATE_HZ))
    samples = samples * fade * fade[::-1]
    loudness = math.sqrt(float(np.mean(samples**2)))
    return (samples * (10 ** (heard.loudness_db / 20) / loudness)).astype(np.float32)


def _accented(samples: np.ndarray, accent: float) -> np.ndarray:
    """Loud syllables made louder still."""
    if accent == 0:
        return samples
    envelope = np.sqrt(signal.sosfiltfilt(_LOW_10_HZ, samples**2).clip(1e-8))
    return samples * (envelope / envelope.max()) ** accent


def _smooth(samples: np.ndarray) -> np.ndarray:
    return samples


def _rough(samples: np.ndarray) -> np.ndarray:
    """A growl: the amplitude trembles at about 50 Hz, never twice at the same pace."""
    pace = np.random.default_rng(len(samples)).normal(50, 6, len(samples) // 400 + 2).repeat(400)[: len(samples)]
    tremble = 1 + 0.8 * np.sin(2 * np.pi * np.cumsum(pace) / SAMPLE_RATE_HZ)
    return samples * tremble


def _nasal(samples: np.ndarray) -> np.ndarray:
    """A resonance of the nose near 1 kHz, and the hollow below it."""
    hollow = 0.2 * samples + 0.8 * signal.lfilter(*signal.iirnotch(450, 0.7, SAMPLE_RATE_HZ), samples)
    return hollow + 6 * signal.lfilter(*signal.iirpeak(1000, 2.5, SAMPLE_RATE_HZ), hollow)


def _muffled(samples: np.ndarray) -> np.ndarray:
    """As through a scarf: little above 1.8 kHz."""
    return signal.sosfilt(_LOW_1800_HZ, samples)


_LOW_10_HZ = signal.butter(2, 10, fs=SAMPLE_RATE_HZ, output="sos")
_LOW_1800_HZ = signal.butter(2, 1800, fs=SAMPLE_RATE_HZ, output="sos")
_ABOVE_2_KHZ = signal.butter(1, 2000, "high", fs=SAMPLE_RATE_HZ, output="sos")
QUALITIES = {"smooth": _smooth, "rough": _rough, "nasal": _nasal, "muffled": _muffled}
