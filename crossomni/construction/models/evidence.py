"""What of a clip is put before a model: frames as JPEG, a voice as WAV."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crossomni.chat.parts import Part, audio_part, image_part
from crossomni.media import ClipFile
from crossomni.media.tracks import wav
from crossomni.omni.presentation import Presentation
from crossomni.optional import need
from crossomni.records import Line

RATE_HZ = 16_000
_SIDE = 28  # pixels; frames are of whole patches of the models that look at them
_QUALITY = 90
_LAST_SECONDS = 1e-3


@dataclass(frozen=True)
class Evidence:
    """A clip's frames and sound, decoded once for all that is asked about it."""

    frames: Mapping[float, Part]  # by their times, in seconds
    sound: NDArray[np.float32]  # (samples,), mono, ``RATE_HZ``

    @classmethod
    def of(cls, file: Path, seconds: Iterable[float], pixels: int) -> Evidence:
        """Decode the clip.

        Args:
            seconds: from the clip's start, when frames are wanted.
            pixels: of one frame, at most.

        Raises:
            MediaError: when it cannot be decoded.
        """
        clip, times = ClipFile(file), sorted({*seconds})
        # Subtitles and media round their ends differently: the last frame stands for what is behind it.
        shown = [min(time, clip.seconds - _LAST_SECONDS) for time in times]
        frames = clip.frames(shown, Presentation(pixels=pixels).frame_size(clip.size, side=_SIDE))
        parts = [image_part(_jpeg(frame), form="jpg") for frame in frames]
        return cls(dict(zip(times, parts, strict=True)), clip.sound(RATE_HZ))

    def at(self, seconds: Iterable[float]) -> list[Part]:
        """The frames shown at these times, in their order."""
        return [self.frames[time] for time in sorted(seconds)]

    def voice(self, lines: Sequence[Line]) -> NDArray[np.float32]:
        """The sound of these lines, one behind the other."""
        spans = [(int(line.start_seconds * RATE_HZ), int(line.end_seconds * RATE_HZ)) for line in lines]
        return np.concatenate([self.sound[start:end] for start, end in spans])


def voice_part(samples: NDArray[np.float32]) -> Part:
    """Sound in OpenAI's form, ``input_audio``."""
    return audio_part(wav(samples, RATE_HZ), form="wav")


def _jpeg(frame: NDArray[np.uint8]) -> bytes:
    image = need("PIL.Image", "frames for a model")
    held = io.BytesIO()
    image.fromarray(frame).save(held, format="JPEG", quality=_QUALITY)
    return held.getvalue()
