"""Heads: hair, features, expressions, speaking mouths and what people wear about the head.

All points are pixels from the spot on the floor where the person stands; y points down, so heads have negative y.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from PIL import Image

from crossomni.playhouse.paint import CREAM, HAIR, INK, SKINS, TEAL, Colour, Point, Sketch, arc, mixed

HEAD = (0.0, -145.0)  # the middle of the face
EYES = (9.5, -142.0)  # of the right eye; the left one mirrors it
BROW_Y = -154.0
MOUTH = (0.0, -128.5)
HEAD_SIZE = (76, 104)  # pixels of every picture made here
HEAD_ORIGIN = (38, 196)  # where in it the spot on the floor would be
MOUTHS = 3  # shut, half open, wide open

_LIP: Colour = (150, 52, 58)
_THROAT: Colour = (92, 18, 30)
_WHITE: Colour = (252, 252, 250)
_TEAR: Colour = (96, 176, 240)


def _sketch() -> Sketch:
    return Sketch(HEAD_SIZE, HEAD_ORIGIN)


def _mirrored(right: Sequence[Point]) -> list[Point]:
    """A closed outline from its right half, top to bottom."""
    return [*right, *((-x, y) for x, y in right[::-1])]


@functools.cache
def hair_behind(sex: str, style: int, hair: str) -> Image.Image:
    """The hair that hangs behind neck and shoulders."""
    sketch, colour = _sketch(), HAIR[hair]
    if sex == "women" and style == 0:  # long
        sketch.blob(_mirrored([(14, -173), (29, -158), (31, -130), (33, -104), (18, -98)]), mixed(colour, INK, 0.15))
    if sex == "women" and style == 1:  # bob
        sketch.blob(_mirrored([(14, -173), (29, -160), (33, -138), (30, -121), (14, -118)]), mixed(colour, INK, 0.15))
    if sex == "women" and style == 2:  # bun
        sketch.oval(0, -178, (11, 10), colour)
    return sketch.finished()


@functools.cache
def head(sex: str, style: int, hair: str, beard: int, skin: int) -> Image.Image:
    """Neck, ears, face and the hair in front, without any features."""
    sketch, colour, flesh = _sketch(), HAIR[hair], SKINS[skin]
    sketch.box((-6.5, -124, 6.5, -112), mixed(flesh, INK, 0.12))
    if sex == "men" or style == 2:
        for side in (-1, 1):
            sketch.oval(side * 24, -142, (4.5, 6), flesh)
    jaw: list[Point] = [(10, -169), (23, -156), (23.5, -140), (17, -125), (6, -120)]
    if sex == "men":
        jaw = [(10, -169), (23, -156), (24, -140), (20, -126), (9, -119.5)]
    sketch.blob(_mirrored(jaw), flesh)
    if beard:
        _beard(sketch, mixed(colour, INK, 0.12), flesh, full=beard == 2)
    for side in (-1, 1):
        sketch.oval(side * 15, -133, (3.6, 2.4), mixed(flesh, (235, 90, 90), 0.3), edge=None)
    _HAIR_IN_FRONT[sex][style](sketch, colour)
    return sketch.finished()


def _beard(sketch: Sketch, colour: Colour, flesh: Colour, full: bool) -> None:
    if full:
        outside = [(24, -140), (22, -126), (11, -115)]
        inside = [(-18, -137), (-12, -136), (0, -136), (12, -136), (18, -137)]
        sketch.shape([*outside, *((-x, y) for x, y in outside[::-1]), *inside], colour, edge=None)
        sketch.oval(*MOUTH, (12.5, 7), flesh, edge=None)  # so that the mouth is seen
    else:
        for side in (-1, 1):
            sketch.shape([(0, -138), (side * 7, -137), (side * 13, -133.5), (side * 5, -134)], colour, edge=colour)


def _long(sketch: Sketch, colour: Colour) -> None:
    parting = [(-27, -140), (-29, -156), (-22, -171), (-6, -178), (8, -178), (22, -171), (29, -156), (27, -140)]
    sketch.shape([*parting, (23, -148), (17, -160), (4, -168), (-8, -160), (-20, -154), (-23, -146)], colour)
    _shine(sketch, colour)


def _bob(sketch: Sketch, colour: Colour) -> None:
    outside = [(-30, -132), (-31, -156), (-22, -171), (-6, -177), (6, -177), (22, -171), (31, -156), (30, -132)]
    sketch.shape(
        [*outside, (22, -134), (22, -157), (11, -160), (0, -161), (-11, -160), (-22, -157), (-22, -134)], colour
    )
    _shine(sketch, colour)


def _bun(sketch: Sketch, colour: Colour) -> None:
    outside = [(-26, -146), (-27, -158), (-18, -171), (-6, -176), (6, -176), (18, -171), (27, -158), (26, -146)]
    sketch.shape([*outside, (21, -155), (12, -162), (0, -165), (-12, -162), (-21, -155)], colour)
    _shine(sketch, colour)


def _short(sketch: Sketch, colour: Colour) -> None:
    outside = [(-26, -145), (-28, -160), (-20, -174), (-5, -178), (8, -177), (22, -172), (28, -160), (26, -145)]
    fringe = [(22, -156), (15, -162), (10, -158), (4, -163), (-2, -159), (-8, -163), (-14, -159), (-22, -156)]
    sketch.shape([*outside, *fringe], colour)
    _shine(sketch, colour)


def _curly(sketch: Sketch, colour: Colour) -> None:
    curls = [
        (-25, -149),
        (-26, -160),
        (-19, -169),
        (-9, -175),
        (2, -177),
        (13, -174),
        (22, -167),
        (26, -158),
        (25, -149),
    ]
    inner = [(-15, -163), (-5, -165), (6, -165), (16, -163)]
    for x, y in curls:
        sketch.oval(x, y, (8, 8), colour)
    for x, y in (*inner, *curls):
        sketch.oval(x, y, (6.9, 6.9), colour, edge=None)
    for x, y in (*inner[1:3], *curls[2:7]):
        sketch.stroke(arc(x, y, (4, 4), (190, 290)), mixed(colour, CREAM, 0.25), 1)


def _side_parted(sketch: Sketch, colour: Colour) -> None:
    outside = [(-26, -143), (-28, -158), (-22, -170), (-8, -176), (10, -179), (25, -173), (30, -160), (26, -143)]
    sketch.shape([*outside, (22, -157), (8, -160), (-6, -164), (-14, -169), (-18, -160), (-23, -154)], colour)
    sketch.stroke([(-14, -168), (-10, -174)], mixed(colour, INK, 0.5), 1.2)
    _shine(sketch, colour)


def _shine(sketch: Sketch, colour: Colour) -> None:
    sketch.stroke(arc(0, -150, (21, 21), (215, 245)), mixed(colour, CREAM, 0.35), 2)


_HAIR_IN_FRONT: dict[str, tuple[Callable[[Sketch, Colour], None], ...]] = {
    "women": (_long, _bob, _bun),
    "men": (_short, _curly, _side_parted),
}


@functools.cache
def features(sex: str, expression: str, eyes_shut: bool, mouth: int) -> Image.Image:
    """Brows, eyes, nose and mouth; ``mouth`` is 0 (shut) to ``MOUTHS`` - 1 (wide open, speaking)."""
    sketch = _sketch()
    for side in (-1, 1):
        _eye(sketch, side, expression, eyes_shut, lashes=sex == "women")
        _brow(sketch, side, expression, 2.6 if sex == "women" else 3.6)
    sketch.stroke([(0, -139), (1.6, -135.5), (-0.6, -135)], mixed(_LIP, INK, 0.3), 1.1)
    if mouth:
        _open_mouth(sketch, mouth)
    else:
        _shut_mouth(sketch, expression)
    return sketch.finished()


def _eye(sketch: Sketch, side: int, expression: str, shut: bool, lashes: bool) -> None:
    x, y = side * EYES[0], EYES[1]
    wide = expression == "surprised"
    radii = (6.4, 7.6) if wide else (4.9, 5.6)
    if shut:
        sketch.stroke(arc(x, y - 1, (5, 3), (15, 165)), INK, 1.8)
        return
    sketch.oval(x, y, radii, _WHITE)
    sketch.oval(x, y + 0.5, (2.2, 2.2) if wide else (2.8, 3.2), INK, edge=None)
    sketch.oval(x + 1, y - 0.8, (0.9, 0.9), _WHITE, edge=None)
    if lashes:
        sketch.stroke(arc(x, y, radii, (195, 345)), INK, 2)
        sketch.stroke([(x + side * radii[0], y - 2), (x + side * (radii[0] + 2.4), y - 4.4)], INK, 1.4)
    if expression == "sad" and side == 1:
        sketch.blob([(x + 3, y + 5), (x + 6, y + 11), (x + 3, y + 13.5), (x, y + 11)], _TEAR, edge=INK, width=0.8)


def _brow(sketch: Sketch, side: int, expression: str, width: float) -> None:
    inner, middle, outer = {
        "smiling": (0.5, -2.0, 0.5),
        "frowning": (6.0, 2.0, -2.0),
        "sad": (-4.5, -0.5, 4.5),
        "surprised": (-4.0, -7.0, -4.0),
    }[expression]
    points = [(side * 3.6, BROW_Y + inner), (side * 9.5, BROW_Y + middle), (side * 15.5, BROW_Y + outer)]
    sketch.stroke(points, INK, width)


def _shut_mouth(sketch: Sketch, expression: str) -> None:
    x, y = MOUTH
    if expression == "smiling":
        sketch.stroke(arc(x, y - 5, (9.5, 8.5), (10, 170)), _LIP, 2.6)
    elif expression == "frowning":
        sketch.stroke([(x - 8, y + 2.5), (x - 4, y), (x + 4, y), (x + 8, y + 2.5)], _LIP, 2.8)
    elif expression == "sad":
        sketch.stroke(arc(x, y + 5, (7.5, 6.5), (205, 335)), _LIP, 2.6)
    else:  # pursed: a small ring of lips with nothing dark in it
        sketch.oval(x, y, (3.6, 3.2), mixed(_LIP, (255, 190, 180), 0.55), edge=_LIP)


def _open_mouth(sketch: Sketch, mouth: int) -> None:
    x, y = MOUTH
    radii = (7.4, 4.4) if mouth == 1 else (8.8, 7.4)
    sketch.oval(x, y + 0.5, radii, _THROAT)
    sketch.shape(arc(x, y + 2.6 - radii[1], (radii[0] * 0.72, 2.0), (180, 360)), _WHITE, edge=None)
    if mouth > 1:
        sketch.shape(arc(x, y + 7, (4.6, 3.2), (180, 360)), (214, 92, 100), edge=None)


@functools.cache
def accessory(name: str) -> Image.Image:
    """What the person wears on the head or about the neck."""
    sketch = _sketch()
    _WORN[name](sketch)
    return sketch.finished()


def _glasses(sketch: Sketch) -> None:
    for side in (-1, 1):
        sketch.stroke(arc(side * 10, EYES[1], (9.2, 9.2), (0, 360)), TEAL, 2.4)
        sketch.stroke([(side * 19.2, -144), (side * 24, -146)], TEAL, 2.2)
    sketch.stroke([(-1.5, -144), (1.5, -144)], TEAL, 2.2)


def _top_hat(sketch: Sketch) -> None:
    black = (54, 50, 64)
    sketch.box((-13, -192, 13, -174), black)
    sketch.box((-13, -179, 13, -174), TEAL)
    sketch.oval(0, -173, (21, 2.8), black)


def _scarf(sketch: Sketch) -> None:
    sketch.blob([(13, -113), (21, -113), (22, -95), (15, -95)], CREAM)
    for y in (-108, -101):
        sketch.stroke([(15.5, y), (20, y)], TEAL, 3)
    sketch.blob([(-18, -120), (0, -116), (18, -120), (20, -112), (0, -107), (-20, -112)], CREAM)
    for x in (-15, -7.5, 0, 7.5, 15):
        sketch.stroke([(x - 1.5, -116 + (x / 9) ** 2 * -0.6), (x + 1.5, -110 + (x / 9) ** 2 * -0.6)], TEAL, 3)


def _bow_tie(sketch: Sketch) -> None:
    for side in (-1, 1):
        sketch.blob([(side * 2, -115), (side * 13, -120.5), (side * 13.5, -108.5), (side * 2, -113)], TEAL)
    sketch.oval(0, -114, (3.2, 3.6), mixed(TEAL, INK, 0.3))


def _headphones(sketch: Sketch) -> None:
    sketch.stroke(arc(0, -148, (30.5, 31), (185, 355)), INK, 5.6)
    sketch.stroke(arc(0, -148, (30.5, 31), (185, 355)), TEAL, 3.4)
    for side in (-1, 1):
        sketch.blob([(side * 25, -151), (side * 33, -151), (side * 34, -134), (side * 25, -134)], TEAL)


def _flower(sketch: Sketch) -> None:
    x, y = 16.0, -174.0
    for px, py in arc(x, y, (6.5, 6.5), (0, 360))[:-1:5]:
        sketch.oval(px, py, (4.8, 4.8), (252, 240, 248))
    for px, py in arc(x, y, (6.0, 6.0), (0, 360))[:-1:5]:
        sketch.oval(px, py, (3.9, 3.9), (252, 240, 248), edge=None)
    sketch.oval(x, y, (4.2, 4.2), TEAL)


_WORN: dict[str, Callable[[Sketch], None]] = {
    "round glasses": _glasses,
    "a top hat": _top_hat,
    "a striped scarf": _scarf,
    "a bow tie": _bow_tie,
    "big headphones": _headphones,
    "a flower on the head": _flower,
}
