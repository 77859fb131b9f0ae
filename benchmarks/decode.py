"""How much CPU the frames and the sound of a clip cost, beside torchcodec and qwen-omni-utils, in one run.

Filled in below.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE = (1280, 720)
FPS = 24
SHOT_FRAMES = 4 * FPS + 13


@cache
def scenery(shot: int) -> NDArray[np.int16]:
    """A picture larger than the frame, (900, 1600, 3): noise at six scales, as in leaves, walls and cloth."""
    random = np.random.default_rng(shot)
    height, width = 900, 1600
    light = np.zeros((height, width), np.float32)
    for octave in range(1, 7):
        noise = random.uniform(0, 255, (height >> (7 - octave), width >> (7 - octave))).astype(np.uint8)
        smooth = Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)
        light += (np.asarray(smooth, np.float32) - 128) / octave
    tint = random.uniform(0.5, 1.0, 3)
    slope = np.linspace(-30, 30, width)[None, :, None] * random.uniform(-1, 1, 3)
    return (light[..., None] * tint * 0.6 + 115 + slope).astype(np.int16)


@cache
def grain() -> NDArray[np.int16]:
    """The noise of a sensor, standard deviation 2 of 255, twice as large as a frame in each direction."""
    return np.random.default_rng(0).normal(0, 2, (2 * SIZE[1], 2 * SIZE[0], 1)).round().astype(np.int16)


def film(number: int) -> NDArray[np.uint8]:
    """Frame ``number`` of a made-up film: shots of some 4.5 s, a panning camera, two walkers, and grain."""
    shot, at = divmod(number, SHOT_FRAMES)
    width, height = SIZE
    x, y = (at * (1 + shot % 3)) % 300, (at * (shot % 2)) % 150
    frame = scenery(shot)[y : y + height, x : x + width].copy()
    for walker in range(2):
        left = int(200 + 500 * walker + 120 * np.sin(at / 20 + walker + shot))
        top = int(180 + 8 * np.sin(at / 3 + walker))
        frame[top : top + 480, left : left + 180] = scenery(shot + 50 + walker)[100:580, 100:280]
    dx, dy = np.random.default_rng(number).integers(0, (width, height))
    frame += grain()[dy : dy + height, dx : dx + width]
    return frame.clip(0, 255).astype(np.uint8)
