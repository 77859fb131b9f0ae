"""How a clip and a text are put before an Omni-LLM. Light to import."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from crossomni.errors import InputError

Packing = Literal["interleaved", "apart"]
Order = Literal["video-first", "text-first"]

_FEWEST = 2  # frames, where they are counted by the second: they make one of the model's steps in time
FRAMES = 32
PIXELS = 448 * 252


@dataclass(frozen=True, kw_only=True)
class Presentation:
    """What decides, beside clip and text, which tokens and tensors a model gets.

    Raises:
        InputError: at birth, for a value that cannot be.
    """

    frames: int = FRAMES  # evenly spaced; with ``fps``, at most so many
    fps: float | None = None  # frames a second
    pixels: int = PIXELS  # of one frame, at most
    packing: Packing = "interleaved"  # the sound between the frames that it is heard with, or after them
    order: Order = "video-first"
    system: str = ""  # the system message; empty for the template's own

    def __post_init__(self) -> None:
        for name in ("frames", "pixels"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; wanted at least 1.")
        if self.fps is not None and not 0 < self.fps < math.inf:
            raise InputError(f"fps is {self.fps}; wanted more than 0, or none.")
        for name, kind in (("packing", Packing), ("order", Order)):
            if getattr(self, name) not in get_args(kind):
                raise InputError(f"{name} is {getattr(self, name)!r}; wanted one of {', '.join(get_args(kind))}.")

    def frame_count(self, seconds: float) -> int:
        """How many frames of a clip of so many seconds are shown.

        >>> Presentation(fps=2).frame_count(3.4), Presentation(fps=2).frame_count(0.1), Presentation().frame_count(3.4)
        (7, 2, 32)
        """
        return self.frames if self.fps is None else min(self.frames, max(_FEWEST, round(seconds * self.fps)))

    def frame_size(self, size: tuple[int, int], side: int) -> tuple[int, int]:
        """Width and height in pixels in which a frame is shown, from those of the clip.

        Both are multiples of ``side``, and their product is ``pixels`` at most, or one square of ``side``.

        >>> Presentation().frame_size((1280, 720), side=28)
        (448, 252)
        """
        width, height = size
        shrink = min(1.0, math.sqrt(self.pixels / (width * height)))
        across, down = (max(1, math.floor(length * shrink / side + 0.5)) for length in (width, height))
        while across * down * side * side > self.pixels and across * down > 1:
            across, down = (across - 1, down) if across >= down else (across, down - 1)
        return across * side, down * side
