"""The eight things that may stand on the shelf, each in its colour."""

from __future__ import annotations

import functools
from collections.abc import Callable

from PIL import Image

from crossomni.playhouse.paint import CREAM, INK, SHADOW, THINGS, WOOD, Colour, Sketch, arc, mixed

THING_SIZE = (56, 52)  # width, height in pixels; it stands at the middle of the lower edge
_BRASS: Colour = (196, 164, 96)


@functools.cache
def thing(name: str, colour: str) -> Image.Image:
    """The picture of a thing, RGBA, of ``THING_SIZE``."""
    sketch = Sketch(THING_SIZE, origin=(THING_SIZE[0] // 2, THING_SIZE[1] - 1))
    _DRAWN[name](sketch, THINGS[colour])
    return sketch.finished()


def _guitar(sketch: Sketch, colour: Colour) -> None:
    sketch.limb([(0, -26), (0, -44)], WOOD, 3.6)
    sketch.box((-3.8, -50, 3.8, -42), mixed(WOOD, INK, 0.4))
    body = [(0, -30), (9, -29), (11.5, -23), (9.5, -17.5), (14, -11), (14, -4), (7, 0)]
    sketch.blob([*body, *((-x, y) for x, y in body[:0:-1])], colour)
    sketch.oval(0, -18, (4, 4), INK)
    sketch.stroke([(0, -42), (0, -8)], CREAM, 1.0)
    sketch.box((-5.5, -8, 5.5, -6), INK)


def _vase(sketch: Sketch, colour: Colour) -> None:
    for x, y in ((-9, -42), (0, -46), (9, -42)):
        sketch.stroke([(0, -26), (x, y)], SHADOW, 1.4)
        sketch.oval(x, y, (4.2, 4.2), CREAM)
        sketch.oval(x, y, (1.2, 1.2), _BRASS, edge=None)
    right = [(6, -29), (4.5, -24), (13, -15), (12, -6), (7, 0)]
    sketch.blob([*right, *((-x, y) for x, y in right[::-1])], colour)
    sketch.stroke([(-11.6, -12), (-6, -10), (0, -12), (6, -10), (11.6, -12)], CREAM, 1.8)


def _painting(sketch: Sketch, colour: Colour) -> None:
    sketch.box((-25, -42, 25, 0), colour)
    sketch.box((-18, -35, 18, -7), CREAM)
    sketch.shape([(-18, -7), (-7, -25), (2, -13), (8, -20), (18, -7)], mixed(colour, INK, 0.35), edge=None)
    sketch.oval(10, -28, (3.5, 3.5), colour, edge=None)


def _clock(sketch: Sketch, colour: Colour) -> None:
    for side in (-1, 1):
        sketch.limb([(side * 10, -6), (side * 14, -1.5)], colour, 3)
        sketch.oval(side * 12, -42, (6.5, 5), colour)
    sketch.stroke([(0, -42), (0, -47)], INK, 2.4)
    sketch.oval(0, -23, (20, 20), colour)
    sketch.oval(0, -23, (13, 13), CREAM)
    for end, width in (((0, -32), 2.0), ((7, -20), 2.2)):
        sketch.stroke([(0, -23), end], INK, width)


def _lamp(sketch: Sketch, colour: Colour) -> None:
    sketch.limb([(0, -2), (0, -24)], _BRASS, 3)
    sketch.shape(arc(0, -1, (12, 5), (180, 360)), _BRASS)
    sketch.shape([(-9, -48), (9, -48), (21, -21), (-21, -21)], colour)
    sketch.stroke([(-18, -24), (18, -24)], mixed(colour, CREAM, 0.55), 1.8)
    sketch.stroke([(11, -20), (11, -13)], INK, 1)
    sketch.oval(11, -12, (1.5, 1.5), _BRASS)


def _globe(sketch: Sketch, colour: Colour) -> None:
    sketch.shape(arc(0, -0.5, (13, 5), (180, 360)), WOOD)
    sketch.limb([(0, -3), (0, -8)], WOOD, 2.6)
    sketch.stroke(arc(0, -27, (21.5, 21.5), (-70, 110)), WOOD, 2.6)
    sketch.oval(0, -27, (18, 18), colour)
    land = mixed(colour, CREAM, 0.6)
    sketch.blob([(-13, -36), (-5, -41), (-2, -34), (-8, -28), (-6, -20), (-12, -24)], land, edge=None)
    sketch.blob([(4, -37), (12, -36), (14, -27), (8, -24), (9, -17), (3, -22), (5, -30)], land, edge=None)


def _drum(sketch: Sketch, colour: Colour) -> None:
    for side in (-1, 1):
        sketch.limb([(side * 2, -34), (side * 19, -46)], _BRASS, 2)
        sketch.oval(side * 2, -34, (2.4, 2.4), CREAM)
    side_wall = [*arc(0, -5, (22, 5), (0, 180)), (-22, -30), (22, -30)]
    sketch.shape(side_wall, colour)
    zigzag = [(-22, -6), (-15, -24), (-8, -2), (0, -23), (8, -2), (15, -24), (22, -6)]
    sketch.stroke(zigzag, CREAM, 1.6)
    sketch.oval(0, -30, (22, 5.5), CREAM)


def _teapot(sketch: Sketch, colour: Colour) -> None:
    sketch.limb(arc(-15, -17, (10, 9), (90, 290)), colour, 3.2)
    sketch.blob([(11, -10), (18, -14), (21, -27), (26, -29), (24, -18), (17, -5)], colour)
    sketch.oval(0, -16, (17, 15), colour)
    sketch.shape(arc(0, -28, (10, 6), (180, 360)), mixed(colour, INK, 0.2))
    sketch.oval(0, -36, (3, 3), colour)
    sketch.box((-9, -3, 9, 0), mixed(colour, INK, 0.2))
    sketch.stroke(arc(0, -16, (12, 10), (190, 240)), mixed(colour, CREAM, 0.6), 2)


_DRAWN: dict[str, Callable[[Sketch, Colour], None]] = {
    "guitar": _guitar,
    "vase": _vase,
    "painting": _painting,
    "clock": _clock,
    "lamp": _lamp,
    "globe": _globe,
    "drum": _drum,
    "teapot": _teapot,
}
