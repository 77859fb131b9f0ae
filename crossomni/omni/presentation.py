"""How a clip and a text are put before an Omni-LLM. Light to import."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from crossomni.errors import InputError

Packing = Literal["interleaved", "apart"]
Order = Literal["video-first", "text-first"]

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
