"""From a play to an mp4 file: frames and soundtrack, the same bytes for the same play on the same machine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.packet import Packet
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from crossomni.playhouse.plays import FRAME_SIZE, FRAMES_PER_SECOND, SAMPLE_RATE_HZ, Play
from crossomni.playhouse.stage import PLACE_X, draw_strips
from crossomni.playhouse.voices import Soundtrack, soundtrack
from crossomni.records import Line

SOUND_BITS_PER_SECOND = 26_000
# Measured over random plays: a slower preset saves 1% of the bytes for 70% more time; the search for motion below a
# pixel saves 4% for 40% more (drawings move by whole pixels); a key frame weighs as much as 3 seconds of moving
# pictures, so there is one at the start; the fast coder of AAC is nearer to the samples than the slow one. Without
# B-frames, because with them this encoder's rate control (mbtree) may write other bytes in another run.
_PICTURE_OPTIONS = {
    "preset": "veryfast", "crf": "33", "g": "250", "threads": "1", "x264-params": "me=dia:subme=0:bframes=0"
}  # fmt: skip
SOUND_OPTIONS = {"aac_coder": "fast", "cutoff": "7000"}
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
            voices = container.add_stream("aac", rate=SAMPLE_RATE_HZ, layout="mono", options=SOUND_OPTIONS)
            voices.bit_rate = SOUND_BITS_PER_SECOND
            for stream in (pictures, voices):
                stream.codec_context.flags |= Flags.bitexact
            strips = draw_strips(play, sound.lines, sound.samples, sound.seconds)
            for packet in _packets(pictures, voices, strips, sound.samples):
                container.mux(packet)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _packets(
    pictures: VideoStream, voices: AudioStream, frames: Iterable[tuple[np.ndarray, ...]], samples: np.ndarray
) -> Iterator[Packet[Any]]:
    """Pictures first, then the sound: the muxer weaves them together by time."""
    for number, frame in enumerate(_in_brightness_and_colour(frames)):
        frame.pts = number
        yield from pictures.encode(frame)
    yield from pictures.encode(None)
    sound = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None], np.float32), format="fltp", layout="mono")
    sound.sample_rate, sound.pts, sound.time_base = SAMPLE_RATE_HZ, 0, Fraction(1, SAMPLE_RATE_HZ)
    yield from voices.encode(sound)
    yield from voices.encode(None)


def _in_brightness_and_colour(frames: Iterable[tuple[np.ndarray, ...]]) -> Iterator[av.VideoFrame]:
    """Frames of RGB strips as whole frames of yuv420p: the same frame again and again, as x264 copies what it is given.

    Each strip is converted once: to convert every frame would take longer than to draw it.
    """
    whole = av.VideoFrame(*FRAME_SIZE, "yuv420p")
    planes, converter = _planes(whole), VideoReformatter()
    converted: dict[int, tuple[np.ndarray, list[np.ndarray]]] = {}  # with the strip, which keeps its identity taken
    shown: tuple[np.ndarray | None, ...] = (None,) * len(PLACE_X)
    for strips in frames:
        for place, strip in enumerate(strips):
            if strip is shown[place]:
                continue
            if id(strip) not in converted:
                frame = av.VideoFrame.from_ndarray(strip, format="rgb24")
                # Strips are small: to share one out among threads takes longer than to convert it.
                converted[id(strip)] = strip, _planes(converter.reformat(frame, format="yuv420p", threads=1))
            for plane, part in zip(planes, converted[id(strip)][1], strict=True):
                plane[:, place * part.shape[1] : (place + 1) * part.shape[1]] = part
        shown = strips
        yield whole


def _planes(frame: av.VideoFrame) -> list[np.ndarray]:
    """Brightness and the two halved planes of colour: views of a yuv420p frame, uint8 (height, width)."""
    return [
        np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
        for plane in frame.planes
    ]
