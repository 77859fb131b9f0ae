"""Pitch and loudness as they are measured: what a model says of voices is held against them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossomni.construction.models.evidence import RATE_HZ
from crossomni.optional import need

# The order of the questions in the prompt ``voice``: (kind of fact, what it says).
TRAITS = (
    ("quality", "smooth"),
    ("quality", "rough"),
    ("quality", "nasal"),
    ("pitch", "high-pitched"),
    ("pitch", "low-pitched"),
    ("emotion", "happy"),
    ("emotion", "angry"),
    ("emotion", "calm"),
)
HIGH, LOW = "high-pitched", "low-pitched"
SILENT_DB = -60.0  # below it nobody is heard
_TOLERANCE = 1.1  # voices nearer than this, as a ratio, are as high as each other


@dataclass(frozen=True)
class Measured:
    """Of a voice: the median of its pitch, and its loudness."""

    pitch_hz: float  # nan where nothing of it has a pitch
    loudness_db: float  # of the root mean square, to full scale; -inf for silence


def measure(samples: NDArray[np.float32]) -> Measured:
    """Measure a voice, (samples,), mono, ``RATE_HZ``. Pitch by torchaudio's detector, over the frames that are loud."""
    functional, torch = need("torchaudio.functional", "measured pitch"), need("torch", "measured pitch")
    loudness = measure_loudness(samples)
    if loudness < SILENT_DB or len(samples) < RATE_HZ // 4:
        return Measured(math.nan, loudness)
    pitch = functional.detect_pitch_frequency(torch.from_numpy(samples)[None], RATE_HZ, freq_low=60, freq_high=500)[0]
    hop = len(samples) // len(pitch)
    loud = np.array([np.sqrt(np.mean(samples[i * hop : (i + 1) * hop] ** 2)) for i in range(len(pitch))])
    kept = pitch.numpy()[loud > np.median(loud)]
    return Measured(float(np.median(kept)) if len(kept) else math.nan, loudness)


def measure_loudness(samples: NDArray[np.float32]) -> float:
    """Of the root mean square, in dB to full scale; -inf for silence."""
    power = float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
    return 10 * math.log10(power) if power else -math.inf


def contradicted(said: Mapping[str, tuple[bool, ...]], measured: Mapping[str, Measured]) -> dict[str, set[str]]:
    """What models said of voices that is not so: for each name, some of the traits.

    Both of high and low cannot be; nor can a voice be high-pitched that is measured as the lowest of several, or the
    other way round.

    Args:
        said: for each name, a yes or no for each of ``TRAITS``.
    """
    known = {name: one.pitch_hz for name, one in measured.items() if not math.isnan(one.pitch_hz)}
    wrong: dict[str, set[str]] = {}
    for name, told in said.items():
        traits = {trait for (_, trait), yes in zip(TRAITS, told, strict=True) if yes}
        bad = {HIGH, LOW} if {HIGH, LOW} <= traits else set()
        others = [pitch for other, pitch in known.items() if other != name]
        if name in known and others:
            if HIGH in traits and known[name] * _TOLERANCE < min(others):
                bad.add(HIGH)
            if LOW in traits and known[name] > max(others) * _TOLERANCE:
                bad.add(LOW)
        if bad:
            wrong[name] = bad
    return wrong
