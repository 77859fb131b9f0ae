"""From a play to an mp4 file: frames and soundtrack, the same bytes for the same play on the same machine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.packet import Packet
from av.video.stream import VideoStream

from crossomni.playhouse.plays import FRAME_SIZE, FRAMES_PER_SECOND, SAMPLE_RATE_HZ, Play
from crossomni.playhouse.stage import draw_frames
from crossomni.playhouse.voices import Soundtrack, soundtrack
from crossomni.records import Line

SOUND_BITS_PER_SECOND = 24_000
# Measured over random plays (docs/log.md): a slower preset saves 1% of the bytes for 70% more time, and a key frame
# costs as much as 3 seconds of moving pictures, so there is one at the start and one at each great change.
_PICTURE_OPTIONS = {"preset": "veryfast", "crf": "30", "g": "250", "threads": "1"}
_SOUND_OPTIONS = {"aac_coder": "fast"}
_CONTAINER_OPTIONS = {"movflags": "+faststart", "fflags": "+bitexact"}


@dataclass(frozen=True, kw_only=True)
class Filmed:
    """What was filmed: who said what when, and how long the film is."""

    lines: tuple[Line, ...]
    seconds: float


def film(play: Play, path: Path) -> Filmed:
    """Speak and draw a play into ``path``, an mp4 file (H.264, AAC). Nothing half-written is left under that name."""
    sound = soundtrack(play)
    shoot(play, sound, path)
    return Filmed(lines=sound.lines, seconds=sound.seconds)


def shoot(play: Play, sound: Soundtrack, path: Path) -> None:
    """Draw a play whose soundtrack is there, and write both to ``path``."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with av.open(str(unfinished), "w", format="mp4", options=_CONTAINER_OPTIONS) as container:
            pictures = container.add_stream("libx264", rate=FRAMES_PER_SECOND, options=_PICTURE_OPTIONS)
            pictures.width, pictures.height = FRAME_SIZE
            pictures.pix_fmt = "yuv420p"
            voices = container.add_stream("aac", rate=SAMPLE_RATE_HZ, layout="mono", options=_SOUND_OPTIONS)
            voices.bit_rate = SOUND_BITS_PER_SECOND
            for stream in (pictures, voices):
                stream.codec_context.flags |= Flags.bitexact
            frames = draw_frames(play, sound.lines, sound.samples, sound.seconds)
            for packet in _packets(pictures, voices, frames, sound.samples):
                container.mux(packet)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _packets(
    pictures: VideoStream, voices: AudioStream, frames: Iterable[np.ndarray], samples: np.ndarray
) -> Iterator[Packet]:
    """Pictures first, then the sound: the muxer weaves them together by time."""
    for array in frames:
        yield from pictures.encode(av.VideoFrame.from_ndarray(array, format="rgb24"))
    yield from pictures.encode(None)
    sound = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None], np.float32), format="fltp", layout="mono")
    sound.sample_rate, sound.pts, sound.time_base = SAMPLE_RATE_HZ, 0, Fraction(1, SAMPLE_RATE_HZ)
    yield from voices.encode(sound)
    yield from voices.encode(None)
