"""One track of a clip's file by itself, as the bytes of a file."""

from __future__ import annotations

import io
import wave
from pathlib import Path
from typing import Literal

import av
import numpy as np
from numpy.typing import NDArray

from crossomni.errors import MediaError

_MP4 = {"audio": ("aac", "mp3", "opus", "flac", "alac", "ac3", "eac3"), "video": ("h264", "hevc", "mpeg4", "av1")}


def track(path: Path, kind: Literal["audio", "video"]) -> bytes:
    """The clip's sound or its pictures alone, copied and not encoded again: MP4, or Matroska where MP4 cannot hold it.

    Raises:
        MediaError: when the file cannot be read or has no such track.
    """
    target = io.BytesIO()
    try:
        with av.open(str(path)) as clip:
            streams = clip.streams.audio if kind == "audio" else clip.streams.video
            if not streams:
                lacks = "sound" if kind == "audio" else "picture"
                raise MediaError(f"{path}: the clip has no {lacks}; wanted an {kind} stream. Leave the clip out.")
            form = "mp4" if streams[0].codec_context.name in _MP4[kind] else "matroska"
            with av.open(target, "w", format=form) as alone:
                copied = alone.add_stream_from_template(streams[0])
                for packet in clip.demux(streams[0]):
                    if packet.dts is not None:  # the last packet is empty and only flushes
                        packet.stream = copied
                        alone.mux(packet)
    except (av.FFmpegError, OSError) as error:
        raise MediaError(f"{path}: its {kind} cannot be read ({error}). Replace the file.") from error
    return target.getvalue()


def wav(samples: NDArray[np.float32], rate_hz: int) -> bytes:
    """Mono sound in [-1, 1] as a WAV file of 16 bits."""
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((np.clip(samples, -1, 1) * 32_767).round().astype("<i2").tobytes())
    return target.getvalue()
