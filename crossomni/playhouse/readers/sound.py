"""Small readers of a play's sound: they prove that everything asked about a voice can be heard.

They get the decoded sound alone, know nothing of the play, and use two rules of every play: four people say one
line each, and no two of them share a value of one kind. Spans are half-open, in seconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize, signal

from crossomni.playhouse import vocabulary as words
from crossomni.playhouse.espeak import SAMPLE_RATE_HZ, Manner, engine

Span = tuple[float, float]  # start and end in seconds
Floats = NDArray[np.floating[Any]]

LINES = 4
HOP_SECONDS = 0.01

# What a feeling does to a voice, against the middle of the four: semitones, semitones of range, log rate, dB.
_FEELINGS = {
    "calm": (0.0, -1.0, 0.0, -1.0),
    "happy": (6.0, 3.0, 0.2, 2.0),
    "sad": (-4.0, -4.0, -0.4, -8.0),
    "angry": (-1.0, 2.0, 0.3, 7.0),
}
_FEELING_UNITS = (2.0, 2.5, 0.15, 2.5)
_PLAIN = ("en-us", "en-us+f4")  # a man and a woman, with whom a line is compared


def segments(sound: Floats, rate_hz: int) -> list[Span]:
    """Where the four lines are: what is loud enough, parted at the three longest silences."""
    hop = round(HOP_SECONDS * rate_hz)
    frames = sound[: len(sound) // hop * hop].reshape(-1, hop)
    level_db = 10 * np.log10((frames**2).mean(axis=1) + 1e-12)
    loud = np.flatnonzero(level_db > max(-55.0, float(np.percentile(level_db, 5)) + 8))
    silences = np.diff(loud)
    cuts = np.sort(np.argsort(silences)[-(LINES - 1) :])
    starts, ends = [loud[0], *loud[cuts + 1]], [*loud[cuts], loud[-1]]
    return [
        (float(start * HOP_SECONDS), float((end + 1) * HOP_SECONDS)) for start, end in zip(starts, ends, strict=True)
    ]


def read_voices(sound: Floats, rate_hz: int, spans: Sequence[Span]) -> list[dict[str, str]]:
    """For each line its pitch, loudness, speed, quality and emotion, in the words of ``vocabulary``."""
    parts = [_cut(sound, rate_hz, span) for span in spans]
    melodies = [melody(part, rate_hz) for part in parts]
    pitch = np.array([np.median(notes) for notes in melodies])
    width = np.array([np.percentile(notes, 90) - np.percentile(notes, 10) for notes in melodies])
    loudness = np.array([10 * math.log10(float(np.mean(part**2)) + 1e-12) for part in parts])
    speed = np.array([pace(part, rate_hz) for part in parts])
    heard = np.stack([pitch, width, speed, loudness], axis=1)
    kinds = {
        "pitch": _ranked(pitch, words.PITCHES),
        "loudness": _ranked(loudness, words.LOUDNESSES),
        "speed": _ranked(speed, words.SPEEDS),
        "quality": _shared_out(np.array([timbre(part, rate_hz) for part in parts]), words.QUALITIES),
        "emotion": _shared_out(_likeness(heard - heard.mean(axis=0)), words.EMOTIONS),
    }
    return [{kind: values[i] for kind, values in kinds.items()} for i in range(len(spans))]


def match_line(sound: Floats, rate_hz: int, span: Span, candidates: Sequence[str]) -> int:
    """Which of the candidate texts is spoken in ``span``: the one whose sound, spoken plainly, lies nearest."""
    heard = cepstra(_cut(sound, rate_hz, span), rate_hz)
    return int(
        np.argmin([min(_distance(heard, _spoken(text, voice, rate_hz)) for voice in _PLAIN) for text in candidates])
    )


def melody(part: Floats, rate_hz: int) -> Floats:
    """The pitch of the voiced frames in semitones above 100 Hz, (voiced frames,), by autocorrelation."""
    low = signal.sosfilt(signal.butter(2, 900, fs=rate_hz, output="sos"), part)
    # A rough voice trembles: without that, its tremble would pass for its pitch.
    steady = low / np.sqrt(ndimage.uniform_filter1d(low**2, round(0.01 * rate_hz)) + 1e-9)
    size, hop = round(0.048 * rate_hz), round(HOP_SECONDS * rate_hz)
    window, length = np.hanning(size), 1 << (2 * size - 1).bit_length()
    frames = _frames(steady, size, hop)
    spectrum = np.fft.rfft((frames - frames.mean(axis=1, keepdims=True)) * window, length)
    alike = np.fft.irfft(np.abs(spectrum) ** 2, length)[:, :size]
    own = np.fft.irfft(np.abs(np.fft.rfft(window, length)) ** 2, length)[:size]
    alike = alike / (alike[:, :1] + 1e-12) / (own / own[0])  # 1 where a frame repeats itself exactly
    lags = np.arange(rate_hz // 450, rate_hz // 60)
    here, before, after = alike[:, lags], alike[:, lags - 1], alike[:, lags + 1]
    # A frame repeats itself after two periods as well: the shorter lag is favoured a little.
    peaks = np.where((here > before) & (here >= after), here - 0.03 * np.log2(lags / lags[0]), -1)
    best, row = peaks.argmax(axis=1), np.arange(len(frames))
    left, top, right = before[row, best], here[row, best], after[row, best]
    lag = lags[best] + 0.5 * (left - right) / (left - 2 * top + right + 1e-9)
    level = np.sqrt((_frames(low, size, hop) ** 2).mean(axis=1))
    voiced = (peaks.max(axis=1) > 0) & (top > 0.5) & (level > 0.1 * level.max())
    return np.asarray(12 * np.log2(rate_hz / lag[voiced] / 100))


def pace(part: Floats, rate_hz: int) -> float:
    """How fast a line is spoken, as a logarithm: how little its sound resembles itself 50 ms later, and its length."""
    bands = mel_bands(part, rate_hz)
    smooth = signal.sosfiltfilt(signal.butter(2, 15, fs=1 / HOP_SECONDS, output="sos"), bands, axis=0)
    colour = smooth - smooth.mean(axis=0)
    colour /= np.linalg.norm(colour, axis=1, keepdims=True)
    change = 1 - float((colour[5:] * colour[:-5]).sum(axis=1).mean())
    # All lines have five to eight words, so that a short one is likely a fast one.
    return 0.7 * math.log(change) - 0.35 * math.log(len(part) / rate_hz)


def timbre(part: Floats, rate_hz: int) -> tuple[float, float, float, float]:
    """How smooth, rough, nasal and muffled a voice sounds; the highest is what it is."""
    pitch, power = signal.welch(part, rate_hz, nperseg=1024)

    def level_db(low_hz: float, high_hz: float) -> float:
        return 10 * math.log10(float(power[(pitch >= low_hz) & (pitch < high_hz)].sum()) + 1e-12)

    envelope = np.abs(signal.hilbert(part))
    beat, tremble = signal.welch(envelope - envelope.mean(), rate_hz, nperseg=4096)
    growl = 10 * math.log10(
        float(tremble[(beat > 35) & (beat < 65)].sum() / tremble[(beat > 3) & (beat < 25)].sum()) + 1e-12
    )
    nose, dullness = level_db(850, 1200) - level_db(350, 700), level_db(300, 1800) - level_db(2600, 5000)
    return 0.0, (growl + 5) / 3, (nose + 1) / 5, (dullness - 24) / 5


def mel_bands(part: Floats, rate_hz: int) -> Floats:
    """Level in dB of 26 mel bands, 100 frames a second: (frames, 26)."""
    size, hop = round(0.025 * rate_hz), round(HOP_SECONDS * rate_hz)
    power = np.abs(np.fft.rfft(_frames(part, size, hop) * np.hanning(size), 512)) ** 2
    level = 10 * np.log10(power @ _mel_filters(rate_hz) + 1e-9)
    return np.asarray(np.maximum(level, level.max(axis=0) - 35))


def cepstra(part: Floats, rate_hz: int) -> Floats:
    """Mel cepstra without their mean over the line, 50 frames a second: (frames, 12)."""
    bands = mel_bands(part, rate_hz)[::2]
    waves = np.cos(np.pi / bands.shape[1] * np.outer(np.arange(bands.shape[1]) + 0.5, np.arange(1, 13)))
    found = bands @ waves
    return np.asarray((found - found.mean(axis=0)) / found.std(axis=0))


@lru_cache(maxsize=4)
def _mel_filters(rate_hz: int) -> Floats:
    pitch = np.fft.rfftfreq(512, 1 / rate_hz)
    mel = 2595 * np.log10(1 + pitch / 700)
    edges = 2595 * np.log10(1 + np.array([100, 7000]) / 700)
    centres = np.linspace(edges[0], edges[1], 28)
    rise, fall = np.subtract.outer(mel, centres), centres[1] - centres[0]
    return np.asarray(np.clip(1 - np.abs(rise[:, 1:-1]) / fall, 0, None))


@lru_cache(maxsize=4096)
def _spoken(text: str, voice: str, rate_hz: int) -> Floats:
    """The cepstra of a text spoken plainly."""
    samples = engine().speak(text, Manner(voice=voice))
    common = math.gcd(rate_hz, SAMPLE_RATE_HZ)
    return cepstra(signal.resample_poly(samples, rate_hz // common, SAMPLE_RATE_HZ // common), rate_hz)


def _distance(one: Floats, other: Floats) -> float:
    """Mean distance along the best path that goes through both at half to double the pace of their whole lengths."""
    stretched = other[np.linspace(0, len(other) - 1, len(one)).round().astype(int)]
    apart = np.sqrt(((one[:, None] - stretched[None]) ** 2).sum(axis=2))
    path = np.full(len(one) + 2, np.inf)  # two places of padding before the first frame
    path[2] = apart[0, 0]
    for row in apart[1:]:
        path[2:] = row + np.minimum(np.minimum(path[2:], path[1:-1]), path[:-2])
    return float(path[-1] / len(one))


def _frames(part: Floats, size: int, hop: int) -> Floats:
    """Stretches of ``size`` samples about every ``hop``-th sample: (frames, size)."""
    return np.lib.stride_tricks.sliding_window_view(np.pad(part, size // 2), size)[::hop]


def _cut(sound: Floats, rate_hz: int, span: Span) -> Floats:
    return sound[round(span[0] * rate_hz) : round(span[1] * rate_hz)].astype(np.float64)


def _ranked(values: Floats, names: Sequence[str]) -> list[str]:
    return [names[rank] for rank in np.argsort(np.argsort(values))]


def _likeness(heard: Floats) -> Floats:
    """How like each feeling each line sounds: (lines, feelings), higher is more alike."""
    models = np.array([_FEELINGS[name] for name in words.EMOTIONS])
    return np.asarray(-(((heard[:, None] - models[None]) / np.array(_FEELING_UNITS)) ** 2).sum(axis=2))


def _shared_out(likeness: Floats, names: Sequence[str]) -> list[str]:
    """One name for each line, each name once, as alike as can be."""
    _, chosen = optimize.linear_sum_assignment(likeness, maximize=True)
    return [names[i] for i in chosen]
