"""Recover from decoded frames what can be asked of a person or a thing, told only where it stands.

The readers know how things look in general (the drawings of every kind and value), never the play. Each value is the
one whose drawing differs least from what is seen.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np
from PIL import Image

from crossomni.playhouse import faces, figures, paint, stage
from crossomni.playhouse import vocabulary as words
from crossomni.playhouse.plays import FIRST_LINE_SECONDS
from crossomni.playhouse.scenery import scenery
from crossomni.playhouse.things import THING_SIZE, thing

SEXES = ("women", "men")
_ORIGIN = figures.FIGURE_ORIGIN


def read_person(frames: np.ndarray, times_seconds: np.ndarray, place: int) -> dict[str, str]:
    """What the person at ``place`` (index into PLACES) looks like and does, a value of ``vocabulary`` for each kind.

    ``frames`` is uint8 (frames, 252, 448, 3) RGB; ``times_seconds`` (frames,) their times.
    """
    later = times_seconds >= FIRST_LINE_SECONDS
    boxes = _figure_boxes(frames, place)
    resting = np.median(boxes[later], axis=0)
    top = _nearest(_patch(resting, (-12, -78, 12, -63)), paint.TOPS)
    skin = _skin(resting)
    accessory = _accessory(resting)
    return {
        "top colour": top,
        "trousers": _trousers(resting),
        "hair colour": _hair(resting),
        "stars": _stars(resting, top),
        "accessory": accessory,
        "expression": _expression(resting, skin, accessory),
        "action": _action(boxes[later], top, skin),
        "entrance": _entrance(frames[~later], resting, place),
    }


def read_thing(frames: np.ndarray, place: int) -> dict[str, str]:
    """What stands on the shelf at ``place``, and its colour. ``frames`` as for ``read_person``."""
    left, top = stage.thing_corner(place)
    window = (slice(top, top + THING_SIZE[1] - 2), slice(left, left + THING_SIZE[0]))
    seen = np.median(frames[:, *window], axis=0)
    best = min(_shelves(place), key=lambda shelf: float(np.abs(shelf[2][: len(seen)] - seen).mean()))
    return {"thing": best[0], "colour": best[1]}


def speaking(frames: np.ndarray, place: int) -> np.ndarray:
    """How far the mouth of the person at ``place`` is open in each frame, float (frames,) from 0 (shut) to 1."""
    x, y = faces.MOUTH
    mouths = _cut(_figure_boxes(frames, place), (x - 9, y - 8, x + 9, y + 9))
    dark = (np.linalg.norm(mouths - np.array(_THROAT), axis=-1) < 70).mean(axis=(1, 2))
    opening: np.ndarray = np.clip((dark - np.median(dark)) / 0.4, 0, 1)
    return opening


_THROAT = (92, 18, 30)


def _figure_boxes(frames: np.ndarray, place: int) -> np.ndarray:
    """The window in which a figure stands, float (frames, height, width, 3); grey beyond the frame's edges."""
    left, top = stage.PLACE_X[place] - _ORIGIN[0], stage.FLOOR_Y - _ORIGIN[1]
    width, height = figures.FIGURE_SIZE
    padding = ((0, 0), (0, height), (width, width), (0, 0))
    padded = np.pad(frames, padding, constant_values=128)
    return padded[:, top : top + height, left + width : left + 2 * width].astype(np.float32)


def _cut(boxes: np.ndarray, corners: tuple[float, float, float, float]) -> np.ndarray:
    """A window of figure boxes; corners are left, top, right, bottom in pixels from the spot on the floor."""
    left, top, right, bottom = (round(c) + _ORIGIN[i % 2] for i, c in enumerate(corners))
    return boxes[..., top:bottom, left:right, :]


def _patch(box: np.ndarray, corners: tuple[float, float, float, float]) -> np.ndarray:
    colour: np.ndarray = np.median(_cut(box, corners).reshape(-1, 3), axis=0)
    return colour


def _nearest(colour: np.ndarray, palette: dict[str, paint.Colour]) -> str:
    return min(palette, key=lambda name: float(np.linalg.norm(colour - np.array(palette[name]))))


def _skin(resting: np.ndarray) -> int:
    cheeks = _patch(resting, (-10, -137, 11, -134))
    return int(np.argmin([np.linalg.norm(cheeks - np.array(skin)) for skin in paint.SKINS]))


def _trousers(resting: np.ndarray) -> str:
    legs = np.concatenate([_cut(resting, (x - 4, -52, x + 4, -22)).reshape(-1, 3) for x in (-11, 11)])
    return _nearest(np.median(legs, axis=0), paint.TROUSERS)


def _hair(resting: np.ndarray) -> str:
    """The hair colour that most pixels above the brow have."""
    crown = _cut(resting, (-21, -170, 21, -162)).reshape(-1, 1, 3)
    palette = np.array([*paint.HAIR.values(), *paint.SKINS, paint.INK, paint.TEAL], np.float32)
    votes = np.bincount(np.linalg.norm(crown - palette, axis=-1).argmin(axis=1), minlength=len(palette))
    return list(paint.HAIR)[int(votes[: len(paint.HAIR)].argmax())]


def _stars(resting: np.ndarray, top: str) -> str:
    chest = (-16, -108, 16, -80)
    seen = _cut(resting, chest)
    errors = [np.abs(seen - _cut(_flat(figures.torso("men", top, count)), chest)).mean() for count in range(1, 5)]
    return words.STARS[int(np.argmin(errors))]


def _accessory(resting: np.ndarray) -> str:
    return min(words.ACCESSORIES, key=lambda name: float(_misfits(resting[None], _worn(name))[0]))


def _misfits(boxes: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Mean difference (0 to 255) of each box from a drawing RGBA, where the drawing covers it; float (boxes,)."""
    covered = drawn[..., 3] > 200
    misfits: np.ndarray = np.abs(boxes[:, covered] - drawn[covered][:, :3]).mean(axis=(1, 2))
    return misfits


@functools.cache
def _worn(name: str) -> np.ndarray:
    return _on_figure(faces.accessory(name))


def _on_figure(head_picture: Image.Image) -> np.ndarray:
    sheet = Image.new("RGBA", figures.FIGURE_SIZE)
    sheet.paste(head_picture, figures.HEAD_CORNER)
    return np.asarray(sheet, np.float32)


def _flat(picture: Image.Image, ground: paint.Colour = (128, 128, 128)) -> np.ndarray:
    sheet = Image.new("RGBA", picture.size, (*ground, 255))
    sheet.alpha_composite(picture)
    return np.asarray(sheet.convert("RGB"), np.float32)


def _expression(resting: np.ndarray, skin: int, accessory: str) -> str:
    face = (-17, -162, 17, -121)
    seen = _cut(resting, face)

    def misfit(sex: str, expression: str) -> float:
        drawn = faces.features(sex, expression, False, 0).copy()
        drawn.alpha_composite(faces.accessory(accessory))
        flat = _flat(Image.fromarray(_on_figure(drawn).astype(np.uint8)), paint.SKINS[skin])
        return float(np.abs(seen - _cut(flat, face)).mean())

    return min(words.EXPRESSIONS, key=lambda expression: min(misfit(sex, expression) for sex in SEXES))


def _action(boxes: np.ndarray, top: str, skin: int) -> str:
    """The action that most frames show: a frame shows the pose whose arms fit best."""
    poses = list(_poses(top, skin))
    misfits = np.stack([_misfits(boxes, arms) for _, arms in poses])
    shown = [poses[best][0] for best in misfits.argmin(axis=0)]
    return max(words.ACTIONS, key=shown.count)


def _poses(top: str, skin: int) -> Iterator[tuple[str, np.ndarray]]:
    for sex in SEXES:
        for side in (-1, 1):
            for pose in (figures.REST, *words.ACTIONS):
                for phase in range(figures.PHASES.get(pose, 1)):
                    yield pose, np.asarray(figures.arms(sex, top, skin, pose, phase, side), np.float32)


def _entrance(early: np.ndarray, resting: np.ndarray, place: int) -> str:
    """The way on which head and chest were best seen before the person stood at the place."""
    ground = stage.PLACE_X[place], stage.FLOOR_Y
    person = _cut(resting, _BUST)
    ways = {way: [_seen_at(early, person, ground, step) for step in steps] for way, steps in _WAYS.items()}
    return min(ways, key=lambda way: min(ways[way]))


_BUST = (-20, -166, 20, -62)  # head and chest
_WAYS: dict[str, list[tuple[int, int]]] = {
    "from the left": [(-x, 0) for x in range(16, 448, 2)],
    "from the right": [(x, 0) for x in range(16, 448, 2)],
    "through the trapdoor": [(0, y) for y in range(16, 160, 2)],
    "from above on a rope": [(0, -y) for y in range(16, 160, 2)],
}


def _seen_at(frames: np.ndarray, person: np.ndarray, ground: tuple[int, int], step: tuple[int, int]) -> float:
    """How badly the person fits ``step`` pixels from its place, in the frame in which it fits best."""
    left, top = ground[0] + step[0] + _BUST[0], ground[1] + step[1] + _BUST[1]
    rows, columns = _inside(top, person.shape[0], stage.FLOOR_Y), _inside(left, person.shape[1], frames.shape[2])
    part = person[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    if part.size < 0.25 * person.size:  # too little of the person would be in sight
        return float("inf")
    return float(np.abs(frames[:, rows, columns][:, ::2, ::2] - part[::2, ::2]).mean(axis=(1, 2, 3)).min(initial=255.0))


def _inside(start: int, length: int, end: int) -> slice:
    """What of ``[start, start + length)`` lies in ``[0, end)``, perhaps nothing."""
    first = min(max(0, start), end)
    return slice(first, max(first, min(end, start + length)))


@functools.cache
def _shelves(place: int) -> tuple[tuple[str, str, np.ndarray], ...]:
    """Every thing in every colour at a place, before every scenery: (thing, colour, float (height, width, 3))."""
    left, top = stage.thing_corner(place)
    drawn = []
    for scene in words.SCENES:
        wall = scenery(scene).crop((left, top, left + THING_SIZE[0], top + THING_SIZE[1]))
        for name in words.THINGS:
            for colour in words.THING_COLOURS:
                shelf = wall.copy()
                picture = thing(name, colour)
                shelf.paste(picture, (0, 0), picture)
                drawn.append((name, colour, np.asarray(shelf, np.float32)))
    return tuple(drawn)
