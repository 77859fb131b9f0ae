"""What of a clip is put before a model: frames as JPEG, a voice as WAV."""

from __future__ import annotations

import io
from collections.abc import Sequence
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


def frame_parts(file: Path, seconds: Sequence[float], pixels: int) -> list[Part]:
    """The frames shown at these times, in seconds from the clip's start.

    Raises:
        MediaError: when the clip cannot be decoded.
    """
    clip = ClipFile(file)
    size = Presentation(pixels=pixels).frame_size(clip.size, side=_SIDE)
    frames = clip.frames(list(seconds), size)
    return [image_part(_jpeg(frame), form="jpg") for frame in frames]


def voice(file: Path, lines: Sequence[Line]) -> NDArray[np.float32]:
    """The sound of these lines, one behind the other: (samples,), mono, ``RATE_HZ``."""
    sound = ClipFile(file).sound(RATE_HZ)
    spans = [sound[int(line.start_seconds * RATE_HZ) : int(line.end_seconds * RATE_HZ)] for line in lines]
    return np.concatenate(spans)


def voice_part(samples: NDArray[np.float32]) -> Part:
    """Sound in OpenAI's form, ``input_audio``."""
    return audio_part(wav(samples, RATE_HZ), form="wav")


def _jpeg(frame: NDArray[np.uint8]) -> bytes:
    image = need("PIL.Image", "frames for a model")
    held = io.BytesIO()
    image.fromarray(frame).save(held, format="JPEG", quality=_QUALITY)
    return held.getvalue()
