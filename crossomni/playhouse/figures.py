"""People as they are drawn: legs, a top with stars, arms in a pose, and a head.

All points are pixels from the spot on the floor where the person stands; y points down.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

from PIL import Image

from crossomni.playhouse import faces
from crossomni.playhouse.paint import CREAM, INK, SKINS, TEAL, TOPS, TROUSERS, Colour, Point, Sketch, arc, mixed
from crossomni.playhouse.plays import Look

FIGURE_SIZE = (132, 202)  # width, height in pixels
FIGURE_ORIGIN = (66, 196)  # the spot on the floor
REST = "rests"
STAR_RADIUS = 6.6
STARS_AT: dict[int, tuple[Point, ...]] = {
    1: ((0, -94),),
    2: ((-8, -94), (8, -94)),
    3: ((0, -101), (-8, -88), (8, -88)),
    4: ((-8, -101), (8, -101), (-8, -87.5), (8, -87.5)),
}
WIDE_POSES = ("points to the side",)
STANDING_REACH = 56  # pixels to either side within which all other poses stay
PHASES = {"waves a hand": 2}  # an action's drawings that alternate; one where not named


class Moment(NamedTuple):
    """What changes about a person from frame to frame."""

    pose: str = REST  # REST or an action
    phase: int = 0  # which of the pose's drawings
    stride: int = 0  # 0 stands, 1 and 2 are steps
    mouth: int = 0  # see faces.features
    eyes_shut: bool = False

    @property
    def nod(self) -> int:
        """Pixels by which the upper body sinks: people nod with the loudest syllables they speak."""
        return int(self.mouth == faces.MOUTHS - 1)


class Figure:
    """One person, drawn once for every moment that turns up.

    ``side`` is where one arm acts: 1 to the viewer's right, -1 to the left.
    """

    def __init__(self, look: Look, sex: str, side: int) -> None:
        self._look, self._sex, self._side = look, sex, side
        self._bodies: dict[tuple[str, int, int, int], Image.Image] = {}
        self._pictures: dict[Moment, Image.Image] = {}

    def picture(self, moment: Moment) -> Image.Image:
        """RGBA of ``FIGURE_SIZE``."""
        if moment not in self._pictures:
            picture = self._body(moment).copy()
            features = faces.features(self._sex, self._look.expression, moment.eyes_shut, moment.mouth)
            for layer in (features, faces.accessory(self._look.accessory)):
                picture.alpha_composite(layer, (HEAD_CORNER[0], HEAD_CORNER[1] + moment.nod))
            self._pictures[moment] = picture
        return self._pictures[moment]

    def _body(self, moment: Moment) -> Image.Image:
        key = (moment.pose, moment.phase, moment.stride, moment.nod)
        if key not in self._bodies:
            look, sex = self._look, self._sex
            head_corner, corner = (HEAD_CORNER[0], HEAD_CORNER[1] + moment.nod), (0, moment.nod)
            body = Image.new("RGBA", FIGURE_SIZE)
            body.alpha_composite(faces.hair_behind(sex, look.hair_style, look.hair), head_corner)
            body.alpha_composite(legs(sex, look.trousers, moment.stride))
            body.alpha_composite(torso(sex, look.top, look.stars), corner)
            body.alpha_composite(faces.head(sex, look.hair_style, look.hair, look.beard, look.skin), head_corner)
            body.alpha_composite(arms(sex, look.top, look.skin, moment.pose, moment.phase, self._side), corner)
            self._bodies[key] = body
        return self._bodies[key]


HEAD_CORNER = (FIGURE_ORIGIN[0] - faces.HEAD_ORIGIN[0], FIGURE_ORIGIN[1] - faces.HEAD_ORIGIN[1])


@functools.cache
def legs(sex: str, trousers: str, stride: int) -> Image.Image:
    """Trousers and shoes; women's are wide and flared."""
    sketch, colour = Sketch(FIGURE_SIZE, FIGURE_ORIGIN), TROUSERS[trousers]
    lift = {0: (0, 0), 1: (5, 0), 2: (0, 5)}[stride]
    spread = {0: 11, 1: 15, 2: 7}[stride]
    for side, up in zip((-1, 1), lift, strict=True):
        x = side * spread
        sketch.shape(arc(x + side * 2, -1 - up, (10, 8), (180, 360)), (70, 56, 60))
        if sex == "women":
            hem = [(side * 1.0, -62), (side * 19, -62), (x + side * 13, -9 - up), (x - side * 9, -9 - up)]
        else:
            hem = [(side * 0.5, -62), (side * 21, -62), (x + side * 8.5, -6 - up), (x - side * 7.5, -6 - up)]
        sketch.shape(hem, colour)
    return sketch.finished()


@functools.cache
def torso(sex: str, top: str, stars: int) -> Image.Image:
    """The top with its stars."""
    sketch, colour = Sketch(FIGURE_SIZE, FIGURE_ORIGIN), TOPS[top]
    right = [(7, -118), (17, -117), (21, -112), (18.5, -96), (17.5, -78), (23, -57)]
    if sex == "men":
        right = [(8, -118), (21, -117), (25, -111), (24.5, -96), (23, -76), (23, -57)]
    sketch.shape([*right, *((-x, y) for x, y in right[::-1])], colour)
    sketch.shape(arc(0, -117.5, (8, 5), (0, 180)), mixed(colour, INK, 0.3))
    sketch.stroke([(-right[-1][0] + 1.5, -60), (right[-1][0] - 1.5, -60)], mixed(colour, INK, 0.25), 3)
    for x, y in STARS_AT[stars]:
        sketch.shape(_star(x, y), star_colour(top), edge=None)
    return sketch.finished()


def star_colour(top: str) -> Colour:
    """Light stars on dark tops, dark ones on light tops."""
    light = sum(TOPS[top]) / 3 > 135
    return (46, 34, 84) if light else CREAM


def _star(x: float, y: float) -> list[Point]:
    radii = (STAR_RADIUS, STAR_RADIUS * 0.5)
    turns = [math.pi * (i / 5 - 0.5) for i in range(10)]
    return [(x + radii[i % 2] * math.cos(a), y + radii[i % 2] * math.sin(a)) for i, a in enumerate(turns)]


@functools.cache
def arms(sex: str, top: str, skin: int, pose: str, phase: int, side: int) -> Image.Image:
    """Both arms; the acting one is at ``side``."""
    sketch = Sketch(FIGURE_SIZE, FIGURE_ORIGIN)
    sleeve, flesh = mixed(TOPS[top], INK, 0.1), SKINS[skin]
    shoulder = 20.0 if sex == "women" else 23.0
    acting, other = _joints(pose, phase, shoulder)
    for points, at in ((other, -side), (acting, side)):
        reach = [(at * x, y) for x, y in points]
        sketch.limb(reach, sleeve, 9.5)
        sketch.oval(*reach[-1], (6, 6), flesh)
    _held(sketch, pose, side * acting[-1][0], acting[-1][1], side, flesh)
    return sketch.finished()


def _joints(pose: str, phase: int, shoulder: float) -> tuple[list[Point], list[Point]]:
    """Shoulder, elbow and hand of the acting arm and of the other one, both as if on the viewer's right."""
    start = (shoulder, -109.0)
    rest = [start, (shoulder + 7, -86), (shoulder + 6, -65)]
    hips = [start, (shoulder + 20, -86), (shoulder + 1, -64)]
    acting: dict[str, list[Point]] = {
        REST: rest,
        "waves a hand": [start, (shoulder + 16, -98), (shoulder + (13 if phase else 25), -138)],
        "raises one arm straight up": [start, (shoulder + 7, -140), (shoulder + 10, -178)],
        "crosses the arms": [start, (shoulder + 5, -80), (-13, -69)],
        "holds up a cup": [start, (shoulder + 12, -88), (shoulder + 15, -118)],
        "puts both hands on the hips": hips,
        "points to the side": [start, (shoulder + 14, -107), (shoulder + 26, -108)],
    }
    other = {"crosses the arms": [start, (shoulder + 5, -78), (-13, -63)], "puts both hands on the hips": hips}
    return acting[pose], other.get(pose, rest)


def _held(sketch: Sketch, pose: str, x: float, y: float, side: int, flesh: Colour) -> None:
    """What the acting hand at (x, y) does or holds."""
    if pose == "points to the side":
        sketch.limb([(x + side * 4, y - 1), (x + side * 12, y - 1)], flesh, 3)
    elif pose == "holds up a cup":
        sketch.stroke(arc(x + side * 8, y - 14, (4.5, 4.5), (0, 360)), TEAL, 2.4)
        sketch.shape([(x - 8, y - 21), (x + 8, y - 21), (x + 6.5, y - 5), (x - 6.5, y - 5)], CREAM)
        sketch.stroke([(x - 6.4, y - 13), (x + 6.4, y - 13)], TEAL, 3)
    elif pose in ("waves a hand", "raises one arm straight up"):
        for finger in (-0.5, 0.0, 0.5):
            sketch.stroke([(x, y - 3), (x + 9 * math.sin(finger), y - 9 * math.cos(finger))], INK, 4.4)
        for finger in (-0.5, 0.0, 0.5):
            sketch.stroke([(x, y), (x + 9 * math.sin(finger), y - 9 * math.cos(finger))], flesh, 2.8)
