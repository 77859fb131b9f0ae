"""Colours, and a sketch pad that draws large and hands back small, smooth pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]

INK: Colour = (44, 36, 48)
CREAM: Colour = (250, 244, 228)
SHADOW: Colour = (88, 78, 86)
TEAL: Colour = (40, 150, 150)  # of the accessories; no top, hair or trousers has it
WOOD: Colour = (150, 112, 78)

TOPS: dict[str, Colour] = {
    "red": (205, 44, 48),
    "blue": (48, 98, 205),
    "yellow": (248, 208, 52),
    "purple": (122, 62, 168),
    "orange": (244, 132, 36),
    "white": (246, 246, 242),
    "pink": (248, 150, 190),
}
THINGS: dict[str, Colour] = {
    "red": (205, 44, 48),
    "blue": (48, 98, 205),
    "yellow": (248, 208, 52),
    "green": (52, 152, 74),
    "purple": (122, 62, 168),
    "orange": (244, 132, 36),
}
HAIR: dict[str, Colour] = {
    "black": (40, 36, 44),
    "brown": (104, 62, 36),
    "blonde": (240, 206, 104),
    "ginger": (212, 96, 34),
    "grey": (168, 170, 178),
}
TROUSERS: dict[str, Colour] = {
    "black": (46, 46, 54),
    "brown": (118, 74, 44),
    "grey": (146, 150, 160),
    "beige": (226, 206, 164),
    "green": (70, 128, 74),
}
SKINS: tuple[Colour, ...] = ((250, 222, 198), (236, 192, 156), (206, 152, 112), (170, 120, 88))

_ENLARGED = 3  # drawn so many times larger, then reduced: Pillow itself draws jagged edges


def mixed(colour: Colour, other: Colour, share: float) -> Colour:
    """``colour`` with ``share`` (0 to 1) of ``other`` in it.

    >>> mixed((0, 0, 0), (200, 100, 50), 0.5)
    (100, 50, 25)
    """
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def smooth(corners: Sequence[Point], steps: int = 6) -> list[Point]:
    """A closed curve through all corners (a Catmull-Rom spline), as many short straight lines."""
    p1 = np.array(corners, dtype=float)
    p0, p2, p3 = np.roll(p1, 1, axis=0), np.roll(p1, -1, axis=0), np.roll(p1, -2, axis=0)
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    a, b, c, d = (p[:, None, :] for p in (p0, p1, p2, p3))
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return [(float(x), float(y)) for x, y in curve.reshape(-1, 2)]


def arc(x: float, y: float, radii: Point, degrees: tuple[int, int]) -> list[Point]:
    """Points along an ellipse around (x, y); degrees run clockwise from the right, as the y axis points down."""
    angles = np.radians(np.linspace(*degrees, 24))
    return [(x + radii[0] * float(np.cos(a)), y + radii[1] * float(np.sin(a))) for a in angles]


class Sketch:
    """A transparent sheet of ``size`` (width, height) pixels on which ``origin`` is the point (0, 0); y points down."""

    def __init__(self, size: tuple[int, int], origin: tuple[int, int] = (0, 0)) -> None:
        self._origin = origin
        self._image = Image.new("RGBA", (size[0] * _ENLARGED, size[1] * _ENLARGED))
        self._draw = ImageDraw.Draw(self._image)

    def _at(self, points: Sequence[Point]) -> list[Point]:
        left, top = self._origin
        return [((x + left) * _ENLARGED, (y + top) * _ENLARGED) for x, y in points]

    def shape(self, points: Sequence[Point], fill: Colour, edge: Colour | None = INK, width: float = 1.3) -> None:
        """A filled polygon; ``edge`` is its outline's colour, None for none, ``width`` pixels wide."""
        self._draw.polygon(self._at(points), fill=fill)
        if edge is not None:
            self.stroke([*points, points[0]], edge, width)

    def blob(self, corners: Sequence[Point], fill: Colour, edge: Colour | None = INK, width: float = 1.3) -> None:
        """A filled shape with a smooth outline through the corners."""
        self.shape(smooth(corners), fill, edge, width)

    def oval(self, x: float, y: float, radii: Point, fill: Colour, edge: Colour | None = INK) -> None:
        """A filled ellipse around (x, y)."""
        self.shape(arc(x, y, radii, (0, 360)), fill, edge)

    def box(self, corners: tuple[float, float, float, float], fill: Colour, edge: Colour | None = INK) -> None:
        """A filled rectangle: left, top, right, bottom."""
        left, top, right, bottom = corners
        self.shape([(left, top), (right, top), (right, bottom), (left, bottom)], fill, edge)

    def stroke(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """A line through the points, ``width`` pixels wide, with round ends and joints."""
        scaled, broad = self._at(points), max(1, round(width * _ENLARGED))
        # Where the line is thin the gaps at its joints are too small to be seen, and closing them takes half the time.
        self._draw.line(scaled, fill=colour, width=broad, joint="curve" if width > 3 else None)
        for x, y in (scaled[0], scaled[-1]):
            self._draw.ellipse((x - broad / 2, y - broad / 2, x + broad / 2, y + broad / 2), fill=colour)

    def limb(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """A stroke with an outline."""
        self.stroke(points, INK, width + 2.4)
        self.stroke(points, colour, width)

    def finished(self) -> Image.Image:
        """The sheet at its true size, RGBA."""
        return self._image.reduce(_ENLARGED)
