"""Decode a clip: only what must be decoded for the wanted frames, and its sound on the frames' clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import av
import numpy as np
from numpy.typing import NDArray

from crossomni.errors import MediaError
from crossomni.media.timeline import Timeline, opened, video_stream
from crossomni.optional import need

Reader = Literal["pyav", "torchcodec"]


def read_frames(
    path: Path, timeline: Timeline, frames: NDArray[np.int64], reader: Reader
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Give each frame of ``frames`` (numbers, sorted, no two alike) with its RGB pixels (height, width, 3).

    Raises:
        MediaError: when one of them cannot be decoded.
    """
    read = _read_with_pyav if reader == "pyav" else _read_with_torchcodec
    missing = set(frames.tolist())
    for frame, pixels in read(path, timeline, frames):
        missing.discard(frame)
        yield frame, pixels
    if missing:
        raise MediaError(f"clip {path}: frame {min(missing)} cannot be decoded; the file is damaged. Encode it again.")


def _read_with_pyav(
    path: Path, timeline: Timeline, frames: NDArray[np.int64]
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    number_at = dict(zip(timeline.ticks(frames).tolist(), frames.tolist(), strict=True))
    for picture in _decode(path, timeline, np.array(list(number_at), np.int64)):
        number = number_at.get(picture.pts)
        if number is not None and not picture.is_corrupt:
            yield number, picture.to_ndarray(format="rgb24")


def _decode(path: Path, timeline: Timeline, ticks: NDArray[np.int64]) -> Iterator[av.VideoFrame]:
    """Decode what the frames at ``ticks`` need, in one pass and one thread (processes are for parallel work)."""
    with opened(path) as container:
        stream = video_stream(container, path)
        decoder = stream.codec_context
        decoder.thread_count = 1
        # H.264 marks the frames that no other frame refers to: B-frames mostly, in streams without them none. Those
        # that nobody wants are dropped unread. Other codecs make no such promise across their layers.
        can_skip = decoder.name == "h264"
        wanted = set(ticks.tolist())
        packets = (packet for packet in container.demux(stream) if packet.size)
        jumped = False
        needed = timeline.needed(ticks)
        for packet, is_needed in zip(packets, needed.tolist(), strict=False):
            if not is_needed:
                jumped = True
                continue
            if jumped:  # as after a seek: nothing of the old group may reach into the new one
                yield from decoder.decode(None)
                decoder.flush_buffers()
                jumped = False
            if can_skip:
                decoder.skip_frame = "DEFAULT" if packet.pts in wanted else "NONREF"
            yield from decoder.decode(packet)
        yield from decoder.decode(None)


def _read_with_torchcodec(
    path: Path, timeline: Timeline, frames: NDArray[np.int64]
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    decoders = need("torchcodec.decoders", "reading clips with torchcodec")
    try:
        decoder = decoders.VideoDecoder(str(path), dimension_order="NHWC", num_ffmpeg_threads=1)
        for frame in frames.tolist():
            yield frame, decoder.get_frame_at(frame).data.numpy()
    except (RuntimeError, ValueError, IndexError) as error:
        raise MediaError(f"clip {path}: torchcodec cannot read it ({str(error).splitlines()[0]}).") from error


def read_sound(path: Path, timeline: Timeline, rate_hz: int) -> NDArray[np.float32]:
    """The first sound stream as float32 (samples,) in [-1, 1], mono, on the frames' clock.

    Sample 0 is heard as the first frame appears. Sound from before is cut off, gaps are silence, and the end is cut
    or filled with silence to the clip's length: round(seconds * rate_hz) samples.

    Raises:
        MediaError: when there is no sound stream, or nothing in it.
    """
    with opened(path) as container:
        if not container.streams.audio:
            raise MediaError(f"clip {path}: no sound stream; wanted a clip with sound. Encode it again with its sound.")
        stream = container.streams.audio[0]
        stream.codec_context.thread_count = 1
        graph = _resampler(stream, rate_hz, round(timeline.start_seconds * rate_hz))
        parts = [np.zeros(0, np.float32)]
        for packet in container.demux(stream):
            for frame in packet.decode():
                graph.push(frame)
                parts.extend(_pull(graph))
        heard = len(parts) > 1
        graph.push(None)
        parts.extend(_pull(graph))
    if not heard:
        raise MediaError(f"clip {path}: a sound stream without samples; wanted a clip with sound. Encode it again.")
    samples = np.concatenate(parts)[: round(timeline.seconds * rate_hz)]
    samples = np.pad(samples, (0, round(timeline.seconds * rate_hz) - len(samples)))
    return np.clip(samples, -1, 1)


def _resampler(stream: av.AudioStream, rate_hz: int, first_sample: int) -> av.filter.Graph:
    """FFmpeg's resampler: rate, mono, gaps filled (``async``), start on the frames' clock (``first_pts``)."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(template=stream, time_base=stream.time_base)
    # rematrix_maxval keeps the sum of two loud channels within [-1, 1].
    resample = graph.add("aresample", f"{rate_hz}:async=1:first_pts={first_sample}:rematrix_maxval=1.0")
    form = graph.add("aformat", f"sample_fmts=flt:channel_layouts=mono:sample_rates={rate_hz}")
    graph.link_nodes(source, resample, form, graph.add("abuffersink")).configure()
    return graph


def _pull(graph: av.filter.Graph) -> Iterator[NDArray[np.float32]]:
    while True:
        try:
            yield graph.pull().to_ndarray()[0]
        except (av.BlockingIOError, av.EOFError):
            return
