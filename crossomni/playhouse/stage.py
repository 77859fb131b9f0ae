"""A play's frames: scenery, things on the shelf, and four people who come in, act and speak."""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from crossomni.playhouse.figures import FIGURE_ORIGIN, PHASES, REST, STANDING_REACH, WIDE_POSES, Figure, Moment
from crossomni.playhouse.paint import INK, WOOD, Colour, Sketch, mixed
from crossomni.playhouse.plays import (
    ACTION_SECONDS,
    ENTRANCE_SECONDS,
    FRAMES_PER_SECOND,
    SAMPLE_RATE_HZ,
    Actor,
    Look,
    Play,
)
from crossomni.playhouse.scenery import HEIGHT, SHELF_Y, WIDTH, scenery
from crossomni.playhouse.things import THING_SIZE, thing
from crossomni.records import Line

FLOOR_Y = 244  # pixels from the top: where people stand
PLACE_X = (56, 168, 280, 392)  # pixels from the left: the middle of each of vocabulary.PLACES
TRAPDOOR = (34, 5)  # radii of the hole in the floor, in pixels
STRIP_WIDTH = WIDTH // len(PLACE_X)
_ROPE: Colour = (222, 190, 130)
_ROPE_ENDS = 150  # pixels above the feet: behind the head
_EDGES = {"from the left": -50, "from the right": WIDTH + 50}  # where somebody is just out of sight
_AFTERWARDS_SECONDS = 0.3  # that long the trapdoor stays open and the rope hangs
_HALF_OPEN, _WIDE_OPEN = 0.22, 0.6  # shares of the line's loudest moments


class Placed(NamedTuple):
    """One person in one frame."""

    place: int
    x: int  # of the spot under the feet, pixels from the left
    y: int
    moment: Moment
    opening: bool = False  # the trapdoor is open
    rope: bool = False


def draw_frames(play: Play, lines: Sequence[Line], samples: np.ndarray, seconds: float) -> Iterator[np.ndarray]:
    """Every frame of the film, uint8 (252, 448, 3) RGB; arguments as for ``draw_strips``."""
    for strips in draw_strips(play, lines, samples, seconds):
        yield np.hstack(strips)


def draw_strips(
    play: Play, lines: Sequence[Line], samples: np.ndarray, seconds: float
) -> Iterator[tuple[np.ndarray, ...]]:
    """Every frame as upright strips from left to right, one for each place, uint8 (252, 112, 3) RGB.

    There are ``FRAMES_PER_SECOND`` frames for each of ``seconds``. ``samples`` is the sound, float (samples,) at
    ``SAMPLE_RATE_HZ``: it moves the speakers' mouths. A strip that looks like an earlier one is the very same array:
    little changes from frame to frame, and what is drawn (and later converted) once need not be drawn again.
    """
    count = math.ceil(round(seconds * FRAMES_PER_SECOND, 6))
    mouths, blinks = _mouths(lines, samples, count), _blinks(play, count)
    figures = [Figure(actor.look, play.sex, acting_side(actor.place)) for actor in play.actors]
    backdrop = _backdrop(play)
    drawn: dict[tuple[int, tuple[Placed, ...]], np.ndarray] = {}
    for i in range(count):
        on_stage = []
        for actor in play.actors:
            mouth = int(mouths[actor.name][i]) if actor.name in mouths else 0
            placed = _placed(actor, i / FRAMES_PER_SECOND, mouth, i in blinks[actor.place])
            if placed is not None:
                on_stage.append(placed)
        strips = []
        for strip in range(len(PLACE_X)):
            key = strip, tuple(placed for placed in on_stage if _reaches(placed, strip))
            if key not in drawn:
                drawn[key] = _composed(backdrop, *key, figures)
            strips.append(drawn[key])
        yield tuple(strips)


def _reaches(placed: Placed, strip: int) -> bool:
    """Whether something of the person is, or might be, in a strip."""
    reach = FIGURE_ORIGIN[0] if placed.moment.pose in WIDE_POSES else STANDING_REACH
    return abs(placed.x - PLACE_X[strip]) < reach + STRIP_WIDTH // 2


def acting_side(place: int) -> int:
    """The side of the arm that acts: towards the middle of the stage."""
    return 1 if place < len(PLACE_X) // 2 else -1


def _backdrop(play: Play) -> Image.Image:
    picture = scenery(play.scene).copy()
    for prop in play.props:
        drawn = thing(prop.name, prop.colour)
        picture.paste(drawn, thing_corner(prop.place), drawn)
    return picture


def thing_corner(place: int) -> tuple[int, int]:
    """The upper left pixel of a thing's picture."""
    return PLACE_X[place] - THING_SIZE[0] // 2, SHELF_Y + 1 - THING_SIZE[1]


def _mouths(lines: Sequence[Line], samples: np.ndarray, count: int) -> dict[str, np.ndarray]:
    """How far each speaker's mouth is open in each frame, int (count,): 0, 1 or 2, as loud as the sound is then."""
    step = SAMPLE_RATE_HZ // FRAMES_PER_SECOND
    padded = np.zeros(count * step)
    padded[: min(len(samples), count * step)] = samples[: count * step]
    loudness = np.sqrt((padded.reshape(count, step) ** 2).mean(axis=1))
    mouths: dict[str, np.ndarray] = {}
    for line in lines:
        frames = slice(int(line.start_seconds * FRAMES_PER_SECOND), math.ceil(line.end_seconds * FRAMES_PER_SECOND))
        heard = loudness[frames]
        share = heard / max(float(np.quantile(heard, 0.9)), 1e-6) if len(heard) else heard
        opening = mouths.setdefault(line.speaker, np.zeros(count, int))
        opening[frames] = np.searchsorted((_HALF_OPEN, _WIDE_OPEN), share)
    return mouths


def _blinks(play: Play, count: int) -> list[set[int]]:
    """The frames in which each person's eyes are shut."""
    shut = []
    for actor in play.actors:
        rng, frame, frames = random.Random(f"blinks {play.seed} {actor.place}"), 0, set()
        while frame < count:
            frame += rng.randint(22, 40)
            frames |= {frame, frame + 1}
        shut.append(frames)
    return shut


def _placed(actor: Actor, time: float, mouth: int, eyes_shut: bool) -> Placed | None:
    """Where a person is at ``time`` seconds, and in which pose; None while out of sight."""
    look, x, y = actor.look, PLACE_X[actor.place], FLOOR_Y
    since = round(time - look.entrance_start_seconds, 6)
    if since < 0:
        return None
    remaining = max(0.0, 1 - since / ENTRANCE_SECONDS)
    after = since < ENTRANCE_SECONDS + _AFTERWARDS_SECONDS
    stride, opening, rope = 0, False, False
    if look.entrance in _EDGES:
        x += round((_EDGES[look.entrance] - x) * remaining)
        stride = 1 + int(time * 5) % 2 if remaining else 0
    elif look.entrance == "through the trapdoor":
        y, opening = y + round(FIGURE_ORIGIN[1] * remaining), after
    else:
        y, rope = y - round(y * remaining), after
    moment = Moment(*_pose(look, time), stride, mouth, eyes_shut)
    return Placed(actor.place, x, y, moment, opening, rope)


def _pose(look: Look, time: float) -> tuple[str, int]:
    since = round(time - look.action_start_seconds, 6)
    if not 0 <= since < ACTION_SECONDS:
        return REST, 0
    return look.action, int(since * 4) % PHASES.get(look.action, 1)


def _composed(backdrop: Image.Image, strip: int, on_stage: Sequence[Placed], figures: Sequence[Figure]) -> np.ndarray:
    left = PLACE_X[strip] - STRIP_WIDTH // 2
    picture = backdrop.crop((left, 0, left + STRIP_WIDTH, HEIGHT))
    for placed in on_stage:
        if placed.opening:
            hole = _hole()
            picture.paste(hole, (placed.x - left - hole.width // 2, FLOOR_Y - hole.height // 2), hole)
    # Whoever walks in passes in front of those who stand, and behind those who rise or are lowered.
    for placed in sorted(on_stage, key=lambda placed: (placed.y != FLOOR_Y, placed.x != PLACE_X[placed.place])):
        if placed.rope:
            rope = _rope().crop((0, HEIGHT - max(0, placed.y - _ROPE_ENDS), _rope().width, HEIGHT))
            picture.paste(rope, (placed.x - left - rope.width // 2, 0), rope)
        figure = figures[placed.place].picture(placed.moment)
        corner = (placed.x - left - FIGURE_ORIGIN[0], placed.y - FIGURE_ORIGIN[1])
        if placed.opening:  # what is still below the floor is not seen
            figure = figure.crop((0, 0, figure.width, min(figure.height, FLOOR_Y + 2 - corner[1])))
        picture.paste(figure, corner, figure)
    return np.asarray(picture)


@functools.cache
def _hole() -> Image.Image:
    size = (2 * TRAPDOOR[0] + 8, 2 * TRAPDOOR[1] + 8)
    sketch = Sketch(size, (size[0] // 2, size[1] // 2))
    sketch.oval(0, 0, (TRAPDOOR[0] + 2, TRAPDOOR[1] + 2), WOOD)
    sketch.oval(0, 0, TRAPDOOR, (24, 18, 22))
    return sketch.finished()


@functools.cache
def _rope() -> Image.Image:
    """A rope as long as the frame is high."""
    sketch = Sketch((8, HEIGHT), (4, 0))
    sketch.limb([(0, -4), (0, HEIGHT + 4)], _ROPE, 3.6)
    for y in range(0, HEIGHT, 6):
        sketch.stroke([(-1.5, y + 2), (1.5, y)], mixed(_ROPE, INK, 0.5), 1)
    return sketch.finished()
