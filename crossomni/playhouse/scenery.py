"""The four sceneries: muted, so that people and things stand out before them."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable

import numpy as np
from PIL import Image

from crossomni.playhouse.paint import Colour, Sketch, arc, mixed
from crossomni.playhouse.plays import FRAME_SIZE

WIDTH, HEIGHT = FRAME_SIZE
SHELF_Y = 54  # pixels from the top: things stand on it
_SHELF_THICK = 5
_FLOOR_Y = 200  # where the wall ends


@functools.cache
def scenery(scene: str) -> Image.Image:
    """The empty stage of a scene, RGB, of the frame's size."""
    sketch = Sketch(FRAME_SIZE)
    _DRAWN[scene](sketch)
    flat = sketch.finished().convert("RGB")
    return Image.fromarray((np.asarray(flat) * _light()).astype(np.uint8))


def _light() -> np.ndarray:
    """A soft light from above the middle; float (height, width, 1), at most 1."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    distance = np.hypot((x - WIDTH / 2) / WIDTH, (y - HEIGHT * 0.45) / HEIGHT)
    light: np.ndarray = (1.0 - 0.22 * distance**2)[..., None]
    return light


def _wall(sketch: Sketch, wall: Colour, floor: Colour) -> None:
    sketch.box((0, 0, WIDTH, _FLOOR_Y), wall, edge=None)
    sketch.box((0, _FLOOR_Y, WIDTH, HEIGHT), floor, edge=None)


def _shelf(sketch: Sketch, colour: Colour) -> None:
    edge = mixed(colour, (30, 24, 30), 0.45)
    for x in range(0, WIDTH + 1, 112):
        sketch.shape([(x - 3, SHELF_Y + 4), (x + 3, SHELF_Y + 4), (x, SHELF_Y + 14)], edge, edge=None)
    sketch.box((-4, SHELF_Y, WIDTH + 4, SHELF_Y + _SHELF_THICK), colour, edge)


def _theatre(sketch: Sketch) -> None:
    _wall(sketch, (172, 178, 186), (150, 124, 104))
    for x in range(32, WIDTH - 32, 64):
        panel = [(x + 8, _FLOOR_Y - 8), *arc(x + 32, 100, (24, 22), (180, 360)), (x + 56, _FLOOR_Y - 8)]
        sketch.shape(panel, (182, 188, 195), (158, 164, 174))
    for y in (208, 219, 233):
        sketch.stroke([(0, y), (WIDTH, y)], (134, 108, 90), 1.2)
    curtain, folded = (128, 92, 100), (60, 40, 50)
    for left in (0, WIDTH - 20):
        for fold in range(3):
            x = left + fold * 7
            sketch.box((x - 1, 0, x + 7, 214), mixed(curtain, folded, 0.12 * (fold % 2)), mixed(curtain, folded, 0.4))
    _shelf(sketch, (146, 116, 88))


def _kitchen(sketch: Sketch) -> None:
    _wall(sketch, (206, 204, 188), (172, 162, 150))
    tiles = (196, 194, 178)
    for x in range(0, WIDTH, 28):
        sketch.stroke([(x, 62), (x, 150)], tiles, 1)
    for y in range(66, 150, 21):
        sketch.stroke([(0, y), (WIDTH, y)], tiles, 1)
    cupboard = (164, 172, 168)
    for x in range(0, WIDTH, 56):
        sketch.box((x, 152, x + 56, _FLOOR_Y + 4), cupboard, (138, 146, 142))
        sketch.box((x + 6, 160, x + 50, _FLOOR_Y - 2), mixed(cupboard, (255, 255, 255), 0.12), (148, 156, 152))
    sketch.box((-4, 146, WIDTH + 4, 153), (186, 176, 160), (140, 130, 118))
    for x in range(-20, WIDTH, 56):
        sketch.shape([(x + 14, 206), (x + 42, 206), (x + 28, HEIGHT), (x, HEIGHT)], (160, 150, 138), edge=None)
    _shelf(sketch, (170, 146, 114))


def _library(sketch: Sketch) -> None:
    _wall(sketch, (188, 180, 168), (140, 122, 108))
    rng = random.Random("books")
    shades = ((150, 134, 126), (136, 142, 146), (156, 148, 130), (140, 146, 132), (164, 152, 146))
    for top in (64, 110, 156):
        sketch.box((-4, top, WIDTH + 4, top + 44), (146, 128, 110), (116, 98, 84))
        x = 2.0
        while x < WIDTH:
            width, height = rng.uniform(7, 12), rng.uniform(28, 37)
            sketch.box((x, top + 42 - height, x + width, top + 42), rng.choice(shades), (120, 108, 100))
            x += width + (rng.random() < 0.08) * 9
    sketch.oval(WIDTH / 2, 232, (190, 16), (156, 132, 128), (130, 108, 104))
    sketch.oval(WIDTH / 2, 232, (176, 12), (164, 142, 136), edge=None)
    _shelf(sketch, (128, 104, 84))


def _garden(sketch: Sketch) -> None:
    _wall(sketch, (196, 210, 214), (158, 172, 140))
    for x, y, size in ((70, 86, 15), (240, 78, 12), (360, 92, 16)):
        for shift in (-1.1, 0, 1.1):
            sketch.oval(x + shift * size, y, (size, size * 0.6), (216, 224, 226), edge=None)
    sketch.shape(
        [(0, 150), *arc(120, 160, (170, 34), (180, 330)), (WIDTH, 140), (WIDTH, 200), (0, 200)], (176, 190, 172), None
    )
    for x in range(-14, WIDTH + 20, 26):
        sketch.oval(x + 6, 176, (20, 18), (150, 168, 140), edge=None)
    sketch.box((0, 176, WIDTH, _FLOOR_Y), (150, 168, 140), edge=None)
    for x in range(6, WIDTH, 22):
        sketch.shape([(x, 208), (x, 166), (x + 5, 160), (x + 10, 166), (x + 10, 208)], (206, 204, 194), (172, 170, 160))
    sketch.box((0, 178, WIDTH, 183), (206, 204, 194), (172, 170, 160))
    sketch.shape(
        [(0, 226), *arc(WIDTH / 2, 246, (260, 24), (180, 360)), (WIDTH, HEIGHT), (0, HEIGHT)], (184, 176, 158), None
    )
    _shelf(sketch, (172, 166, 156))


_DRAWN: dict[str, Callable[[Sketch], None]] = {
    "theatre": _theatre,
    "kitchen": _kitchen,
    "library": _library,
    "garden": _garden,
}
