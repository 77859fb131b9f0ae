"""A clip's frames and sound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

import av
import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image

from crossomni.errors import InputError
from crossomni.media.cache import FrameCache, file_sha256
from crossomni.media.reader import Reader, read_frames, read_sound
from crossomni.media.timeline import Timeline

# What was decoded by another version of these is not served: its pixels could differ.
_MADE_BY = f"crossomni-1 av-{av.__version__} pillow-{PIL.__version__}"


class ClipFile:
    """A video file with its sound. Nothing decoded stays in memory; with a cache nothing is decoded twice.

    Time is in seconds from the start of the first frame, ``[0, seconds)``. A frame is shown from its start until
    the next one's, so the frame at time t is the last that starts at or before t (where the file's clock is coarse,
    within half of its tick, at most half a millisecond). Pixels are
    those of the file, not turned or stretched by its metadata; a frame is resized by Pillow, bicubic and
    antialiased, from its RGB pixels, so that every reader gives the same.

    Every use but ``sha256`` raises a MediaError, in one line, when the file is missing, empty, a folder, no video,
    cut short, or has no frames or no length.
    """

    def __init__(self, path: Path | str, cache: FrameCache | None = None, *, reader: Reader = "pyav") -> None:
        if reader not in get_args(Reader):
            raise InputError(f"clip {path}: reader is {reader!r}; wanted one of {', '.join(get_args(Reader))}.")
        self.path = Path(path)
        self.cache = cache
        self.reader: Reader = reader

    @property
    def seconds(self) -> float:
        """Length: from the start of the first frame to the end of the last."""
        return self._timeline.seconds

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as stored."""
        return self._timeline.width, self._timeline.height

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the file, in hexadecimal."""
        return self.cache.sha256(self.path) if self.cache else file_sha256(self.path)

    @property
    def picture_path(self) -> Path:
        """The file that the frames are in."""
        return self.path

    @property
    def key(self) -> str:
        """What identifies pictures and sound by their content."""
        return self.sha256

    def frame_times(self, count: int) -> NDArray[np.float64]:
        """The midpoints, in seconds, of ``count`` equal half-open intervals of ``[0, seconds)``."""
        if count < 1:
            raise InputError(f"clip {self.path}: {count} frames were asked for; wanted at least 1.")
        return (np.arange(count, dtype=np.float64) + 0.5) * self.seconds / count

    def frames(
        self, times: int | Sequence[float] | NDArray[np.float64], size: tuple[int, int] | None = None
    ) -> NDArray[np.uint8]:
        """RGB frames: uint8 (times, height, width, 3).

        Args:
            times: seconds in ``[0, seconds)``, in any order; or how many frames, evenly spaced (``frame_times``).
            size: (width, height) in pixels; None leaves the frames as they are stored.

        Raises:
            InputError: when a time lies outside ``[0, seconds)`` or the size is not positive.
        """
        at = self._seconds_of(times)
        inside = (at >= 0) & (at < self.seconds)
        if not inside.all():
            raise InputError(
                f"clip {self.path}: a frame at {at[~inside][0]} s was asked for; wanted times in [0, {self.seconds})."
            )
        width, height = size or self.size
        if width < 1 or height < 1:
            raise InputError(
                f"clip {self.path}: frames of {width}x{height} pixels were asked for; wanted at least 1x1."
            )
        frames = self._timeline.frames_at(at)
        return self._kept(
            f"frames {self.reader} {width}x{height} {frames.tolist()}", lambda: self._read(frames, (width, height))
        )

    def _seconds_of(self, times: int | Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
        if isinstance(times, int):
            return self.frame_times(times)
        try:
            at = np.asarray(times, np.float64)
        except (TypeError, ValueError):
            at = np.empty((0, 0))
        if at.ndim != 1:
            raise InputError(f"clip {self.path}: frames at {times!r} were asked for; wanted seconds, or a count.")
        return at

    def sound(self, rate_hz: int = 16_000) -> NDArray[np.float32]:
        """The first sound stream, mixed to mono: float32 (samples,) in [-1, 1], ``round(seconds * rate_hz)`` samples.

        Sample 0 is heard as the first frame appears: what sounds before it is cut off, and silence fills a late
        start, a gap and an early end; what sounds after the last frame is cut off.

        Raises:
            MediaError: also when there is no sound stream, or nothing in it.
        """
        if rate_hz < 1:
            raise InputError(f"clip {self.path}: sound at {rate_hz} Hz was asked for; wanted a positive rate.")
        return self._kept(f"sound {rate_hz}", lambda: read_sound(self.path, self._timeline, rate_hz))

    @cached_property
    def _timeline(self) -> Timeline:
        return Timeline.from_array(self._kept("timeline", lambda: Timeline.scan(self.path).to_array()))

    def _read(self, frames: NDArray[np.int64], size: tuple[int, int]) -> NDArray[np.uint8]:
        width, height = size
        pixels = np.empty((len(frames), height, width, 3), np.uint8)
        for number, picture in read_frames(self.path, self._timeline, np.unique(frames), self.reader):
            if picture.shape[:2] != (height, width):
                picture = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))
            pixels[frames == number] = picture
        return pixels

    def _kept(self, what: str, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """What is kept in the cache under the file's content and ``what``, else made now."""
        if self.cache is None:
            return make()
        return self.cache.array(f"{_MADE_BY} {self.sha256} {what}", make)
