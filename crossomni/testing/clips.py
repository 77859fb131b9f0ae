"""Small made-up clips: their frames and their sound are known exactly."""

import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from crossomni.errors import InputError

TONE_HZ = 440
_SOUND_RATE_HZ = 48_000
_NUMBER_BITS = 12

# Suffix -> video codec, sound codec.
_CODECS = {
    ".mp4": ("libx264", "aac"),
    ".mov": ("libx264", "aac"),
    ".mkv": ("libx264", "aac"),
    ".webm": ("libvpx-vp9", "libopus"),
}


def write_clip(
    path: Path,
    seconds: float = 2.0,
    size: tuple[int, int] = (160, 120),
    fps: int = 12,
    sound: bool = True,
    b_frames: bool = True,
    picture: Callable[[int], NDArray[np.uint8]] | None = None,
) -> Path:
    """Write a clip of moving shapes and a tone, the same each time, and return its path.

    Each frame carries its own number (``frame_number`` reads it); a tone of 440 Hz sounds during the first half
    of every second. The suffix chooses the format: ``.mp4``, ``.mov``, ``.mkv`` (H.264, AAC) or ``.webm`` (VP9, Opus).

    Args:
        size: width and height in pixels, both even.
        b_frames: False for an H.264 stream in which every frame is a reference.
        picture: gives frame n, uint8 (height, width, 3), in place of the moving shapes.

    Raises:
        InputError: when the suffix is none of these.
    """
    if path.suffix not in _CODECS:
        raise InputError(f"test clip {path}: the suffix is {path.suffix!r}; wanted one of {', '.join(_CODECS)}.")
    video_codec, sound_codec = _CODECS[path.suffix]
    width, height = size
    draw = picture or (lambda number: _shapes(number, width, height))
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        with av.open(str(temporary), "w", container_options={"fflags": "+bitexact"}) as container:
            video = container.add_stream(video_codec, rate=fps)
            video.width, video.height, video.pix_fmt = width, height, "yuv420p"
            video.codec_context.thread_count = 1  # the same bytes on every machine
            # Several key frames even in a short clip; in a long one as far apart as encoders put them.
            video.codec_context.gop_size = min(round(seconds * fps / 2), 250)
            if video_codec == "libx264":
                # x264's macroblock tree gives other bytes from run to run where there are B-frames.
                video.codec_context.options = {"bf": "3" if b_frames else "0", "mbtree": "0"}
            track = container.add_stream(sound_codec, rate=_SOUND_RATE_HZ, layout="mono") if sound else None
            for number in range(round(seconds * fps)):
                container.mux(video.encode(_video_frame(draw(number), number, fps)))
            container.mux(video.encode())
            if track is not None:
                for block in _tone(seconds):
                    container.mux(track.encode(block))
                container.mux(track.encode())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def frame_number(frame: NDArray[np.uint8]) -> int:
    """Read the number that ``write_clip`` drew along the bottom of a frame (height, width, 3), resized or not."""
    height, width = frame.shape[:2]
    centers = (np.arange(_NUMBER_BITS) * 2 + 1) * width // (2 * _NUMBER_BITS)
    bits = frame[height - height // 16, centers].mean(axis=-1) > 127
    return int(sum(1 << place for place, bit in enumerate(bits) if bit))


def _shapes(number: int, width: int, height: int) -> NDArray[np.uint8]:
    """A shaded background that drifts, and a bright square that runs across it."""
    y, x = np.mgrid[0:height, 0:width]
    frame = np.stack([(x + 2 * number) % 256, (y + number) % 256, (x + y) % 256], axis=-1).astype(np.uint8)
    side = height // 4
    left = 5 * number % (width - side)
    frame[height // 3 : height // 3 + side, left : left + side] = (250, 220, 40)
    return frame


def _video_frame(picture: NDArray[np.uint8], number: int, fps: int) -> av.VideoFrame:
    """Stamp the frame's number in black and white blocks along the bottom, an eighth of the height."""
    picture = np.array(picture)
    height, width = picture.shape[:2]
    bits = (number >> np.arange(width) * _NUMBER_BITS // width) & 1
    picture[height - height // 8 :] = (bits * 255).astype(np.uint8)[None, :, None]
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
    frame.pts, frame.time_base = number, Fraction(1, fps)
    return frame


def _tone(seconds: float) -> Iterator[av.AudioFrame]:
    at = np.arange(round(seconds * _SOUND_RATE_HZ)) / _SOUND_RATE_HZ
    samples = (0.5 * np.sin(2 * np.pi * TONE_HZ * at) * (at % 1 < 0.5)).astype(np.float32)
    for start in range(0, len(samples), _SOUND_RATE_HZ):
        block = av.AudioFrame.from_ndarray(samples[None, start : start + _SOUND_RATE_HZ], format="fltp", layout="mono")
        block.sample_rate, block.pts, block.time_base = _SOUND_RATE_HZ, start, Fraction(1, _SOUND_RATE_HZ)
        yield block
