"""Pitch, loudness and speed as they are measured: what a model says of voices is held against them."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crossomni.construction.models.evidence import RATE_HZ
from crossomni.errors import MissingPackageError
from crossomni.optional import need

logger = logging.getLogger(__name__)

# The order of the questions in the prompt ``voice``: (kind of fact, what it says). The first eight are those of Table
# 13; the others are what Table 14 compares voices by.
TRAITS = (
    ("quality", "smooth"),
    ("quality", "rough"),
    ("quality", "nasal"),
    ("pitch", "high-pitched"),
    ("pitch", "low-pitched"),
    ("emotion", "happy"),
    ("emotion", "angry"),
    ("emotion", "calm"),
    ("gender", "female"),
    ("gender", "male"),
    ("speed", "fast"),
    ("speed", "slow"),
    ("loudness", "loud"),
    ("loudness", "quiet"),
    ("background", "noise or interruptions"),
)
SURROUNDINGS = "background"  # a kind that is of the recording: voices are compared by it, and nobody is asked about it
SILENT_DB = -60.0  # below it nobody is heard
_BLOCK_SECONDS = 0.1
_GATE = 0.1  # of the mean power: 10 dB, as ITU-R BS.1770 leaves out pauses


@dataclass(frozen=True)
class Measured:
    """Of a voice: the median of its pitch, its loudness, and how fast it speaks."""

    pitch_hz: float  # nan where nothing of it has a pitch
    loudness_db: float  # of the root mean square where it is heard, to full scale; -inf for silence
    words_a_second: float = math.nan  # nan where that is not known

    @property
    def told(self) -> str:
        """In words, as far as it is known."""
        known = {
            f"pitch {self.pitch_hz:.0f} Hz": self.pitch_hz,
            f"loudness {self.loudness_db:.0f} dB": self.loudness_db,
            f"{self.words_a_second:.1f} words a second": self.words_a_second,
        }
        return ", ".join(words for words, value in known.items() if math.isfinite(value))


class _Scale(NamedTuple):
    """Two traits that a measurement tells apart."""

    high: str
    low: str
    of: Callable[[Measured], float]
    apart: float  # voices nearer than this are as high as each other


_SCALES = (
    _Scale("high-pitched", "low-pitched", lambda one: _log(one.pitch_hz), math.log(1.1)),
    _Scale("loud", "quiet", lambda one: one.loudness_db, 3.0),
    _Scale("fast", "slow", lambda one: _log(one.words_a_second), math.log(1.1)),
)
_EITHER = (*((scale.high, scale.low) for scale in _SCALES), ("female", "male"))


def _log(value: float) -> float:
    return math.log(value) if value > 0 else math.nan


def measure(samples: NDArray[np.float32], words: int = 0) -> Measured:
    """Measure a voice, (samples,), mono, ``RATE_HZ``. Pitch by torchaudio's detector, over the frames that are loud.

    Args:
        words: that it says; 0 where they are not known.
    """
    loudness = measure_loudness(samples)
    if loudness < SILENT_DB or len(samples) < RATE_HZ // 4:
        return Measured(math.nan, loudness)
    speed = words * RATE_HZ / len(samples) if words else math.nan
    return Measured(_pitch(samples), loudness, speed)


def _pitch(samples: NDArray[np.float32]) -> float:
    """The median over the frames that are loud, in Hz; nan where there is none, or nothing to measure it with."""
    try:
        functional, torch = need("torchaudio.functional", "measured pitch"), need("torch", "measured pitch")
    except (MissingPackageError, OSError) as error:  # OSError: its compiled part is of another torch
        _tell_once(str(error))  # loudness and speed are left to hold voices against
        return math.nan
    pitch = functional.detect_pitch_frequency(torch.from_numpy(samples)[None], RATE_HZ, freq_low=60, freq_high=500)[0]
    hop = len(samples) // len(pitch)
    loud = np.array([np.sqrt(np.mean(samples[i * hop : (i + 1) * hop] ** 2)) for i in range(len(pitch))])
    kept = pitch.numpy()[loud > np.median(loud)]
    return float(np.median(kept)) if len(kept) else math.nan


@cache
def _tell_once(words: str) -> None:
    logger.warning("voices are held against no measured pitch: %s", words)


def measure_loudness(samples: NDArray[np.float32]) -> float:
    """Of the root mean square over the blocks that are not pauses, in dB to full scale; -inf for silence."""
    # torchaudio's loudness in full (BS.1770's filters, too) takes seconds a voice where its compiled part is missing.
    size = max(1, min(len(samples), int(_BLOCK_SECONDS * RATE_HZ)))
    blocks = np.square(samples[: len(samples) // size * size], dtype=np.float64).reshape(-1, size).mean(axis=1)
    heard = blocks[blocks >= _GATE * blocks.mean()] if len(blocks) else blocks
    power = float(heard.mean()) if len(heard) else 0.0
    return 10 * math.log10(power) if power else -math.inf


def contradicted(said: Mapping[str, Sequence[bool]], measured: Mapping[str, Measured]) -> dict[str, set[str]]:
    """What models said of voices that is not so: for each name, some of the traits.

    Both of high and low cannot be; nor can a voice be high-pitched that is measured as the lowest of several, or the
    other way round. So it is with loudness and with speed, each against the clip's other voices.

    Args:
        said: for each name, a yes or no for each of ``TRAITS``.
    """
    wrong: dict[str, set[str]] = {}
    for name, told in said.items():
        traits = {trait for (_, trait), yes in zip(TRAITS, told, strict=True) if yes}
        bad = {trait for pair in _EITHER if {*pair} <= traits for trait in pair}
        for scale in _SCALES:
            known = {other: value for other, one in measured.items() if math.isfinite(value := scale.of(one))}
            others = [value for other, value in known.items() if other != name]
            if name not in known or not others:
                continue
            if scale.high in traits and known[name] + scale.apart < min(others):
                bad.add(scale.high)
            if scale.low in traits and known[name] > max(others) + scale.apart:
                bad.add(scale.low)
        if bad:
            wrong[name] = bad
    return wrong
