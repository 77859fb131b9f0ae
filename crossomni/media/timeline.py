"""When a clip's frames are shown, read from its packets alone: nothing is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream
from numpy.typing import NDArray

from crossomni.errors import MediaError
from crossomni.media.whole import AGAIN, check_whole

_PTS, _DURATION, _KEY, _SHOWN = range(4)

# A frame's start is rounded to the file's clock (Matroska's ticks are milliseconds): a time that is less than half a
# tick before it still means that frame. Where the clock ticks once a frame nothing was rounded.
_MAX_SLACK_SECONDS = 0.0005


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """Open a clip for reading; whatever FFmpeg says while it is open becomes one line.

    Raises:
        MediaError: when the file is missing, a folder, empty, or FFmpeg cannot read it.
    """
    if path.is_dir():
        raise MediaError(f"clip {path}: it is a folder; wanted a video file. Name the file.")
    if not path.is_file():
        raise MediaError(f"clip {path}: no such file; wanted a video file. Check the name and the media folder.")
    if path.stat().st_size == 0:
        raise MediaError(f"clip {path}: the file is empty (0 bytes); wanted a video file. {AGAIN}")
    try:
        # "file:" because FFmpeg takes what stands before a colon in a name for a protocol.
        with av.open(f"file:{path}") as container:
            yield container
    except av.FFmpegError as error:
        raise MediaError(
            f"clip {path}: FFmpeg cannot read it ({error.strerror}); wanted a whole video file. {AGAIN}"
        ) from error


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The first stream of moving pictures (a cover picture is none).

    Raises:
        MediaError: when there is none.
    """
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    raise MediaError(f"clip {path}: no video stream, so no frames; wanted a video file. {AGAIN}")


@dataclass(frozen=True)
class Timeline:
    """A clip's frames in time. Zero is the start of the first frame that is shown."""

    width: int  # pixels, as stored
    height: int
    time_base: Fraction  # seconds a tick
    packets: NDArray[np.int64]  # (packets, 4) in decoding order: pts and duration in ticks, key frame?, shown?

    @classmethod
    def scan(cls, path: Path) -> Timeline:
        """Read every packet of the file once.

        Raises:
            MediaError: when the file cannot be read, is cut short, has no frames, or its frames have no times.
        """
        with opened(path) as container:
            check_whole(path, container.format.name)
            stream = video_stream(container, path)
            rows = []
            for packet in container.demux():
                if packet.size == 0:  # the end of a stream
                    continue
                if packet.is_corrupt:
                    raise MediaError(f"clip {path}: cut short or damaged at byte {packet.pos}. {AGAIN}")
                if packet.stream_index != stream.index:
                    continue
                if packet.pts is None:
                    raise MediaError(f"clip {path}: frames without times; wanted each with one. Encode it as mp4.")
                rows.append((packet.pts, packet.duration or 0, packet.is_keyframe, not packet.is_discard))
            packets = np.array(rows, np.int64).reshape(-1, 4)
            if not packets[:, _SHOWN].any():
                raise MediaError(f"clip {path}: a video stream without frames. {AGAIN}")
            assert stream.time_base is not None
            _fill_last_duration(packets, stream)
            timeline = cls(stream.width, stream.height, stream.time_base, packets)
        if timeline.seconds <= 0:
            raise MediaError(f"clip {path}: it is 0 s long; wanted a clip with a length. {AGAIN}")
        return timeline

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        """Start of each shown frame in ticks, (frames,), in the order in which they are shown."""
        return np.unique(self.packets[self.packets[:, _SHOWN] == 1, _PTS])

    @property
    def start_seconds(self) -> float:
        """The clip's zero on the file's own clock."""
        return float(self._starts[0] * self.time_base)

    @property
    def seconds(self) -> float:
        """Length of the clip: from the start of its first frame to the end of its last."""
        shown = self.packets[self.packets[:, _SHOWN] == 1]
        return float(int((shown[:, _PTS] + shown[:, _DURATION]).max() - self._starts[0]) * self.time_base)

    def frames_at(self, times: NDArray[np.float64]) -> NDArray[np.int64]:
        """Number (from 0) of the frame shown at each time in seconds: the last one that starts at or before it."""
        starts = (self._starts - self._starts[0]) * float(self.time_base)
        slack = min(float(self.time_base) / 2, _MAX_SLACK_SECONDS)
        return np.searchsorted(starts, times + slack, side="right") - 1

    def ticks(self, frames: NDArray[np.int64]) -> NDArray[np.int64]:
        """Start in ticks of each numbered frame."""
        return self._starts[frames]

    def needed(self, ticks: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which packets, (packets,), must be read so that the frames which start at ``ticks`` can be decoded.

        From each key frame on up to the last wanted frame before the next one; where frames lead their key frame
        (an open group of pictures refers to the group before it) all packets up to the last wanted one.
        """
        pts = self.packets[:, _PTS]
        group = np.maximum(np.cumsum(self.packets[:, _KEY]) - 1, 0)
        key_pts = pts[np.searchsorted(group, group)]
        if (pts < key_pts).any():
            group = np.zeros_like(group)
        wanted = np.flatnonzero(np.isin(pts, ticks))
        last_wanted = np.full(group[-1] + 1, -1)
        np.maximum.at(last_wanted, group[wanted], wanted)
        return np.arange(len(pts)) <= last_wanted[group]

    def to_array(self) -> NDArray[np.int64]:
        """The whole record as one array; ``from_array`` reads it."""
        head = (self.width, self.height, self.time_base.numerator, self.time_base.denominator)
        return np.vstack([np.array(head, np.int64), self.packets])

    @classmethod
    def from_array(cls, array: NDArray[np.int64]) -> Timeline:
        """Read what ``to_array`` gave."""
        width, height, numerator, denominator = array[0].tolist()
        return cls(width, height, Fraction(numerator, denominator), array[1:])


def _fill_last_duration(packets: NDArray[np.int64], stream: VideoStream) -> None:
    """Give the last frame a frame's usual length where the file gives it none."""
    last = packets[:, _PTS].argmax()
    if packets[last, _DURATION] == 0 and stream.average_rate and stream.time_base:
        packets[last, _DURATION] = round(1 / (stream.average_rate * stream.time_base))
