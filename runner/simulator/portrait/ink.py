"""Pen, paper and paint: smooth shapes in the artist's own units on a supersampled Pillow image."""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Factors = tuple[float, float, float]
Point = tuple[float, float]
Knot = Point | tuple[float, float, str]
"""A point of an outline; a third member, any text, makes it a corner."""

PLAIN: Factors = (1.0, 1.0, 1.0)
STEPS = 9
"""Straight pieces between two knots of a curve; enough to look round at twice the final size."""


@lru_cache(maxsize=1024)
def rgb(text: str) -> Colour:
    """Read ``#rrggbb``."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Blend two colours; ``share`` is that of the second."""
    return (
        round(one[0] + (other[0] - one[0]) * share),
        round(one[1] + (other[1] - one[1]) * share),
        round(one[2] + (other[2] - one[2]) * share),
    )


def dark(colour: Colour, share: float) -> Colour:
    """Put a colour into a cool shadow."""
    return mix(colour, (28, 22, 44), share)


def light(colour: Colour, share: float) -> Colour:
    """Put a colour into a warm light."""
    return mix(colour, (255, 250, 240), share)


def times(colour: Colour, factors: Factors) -> Colour:
    """Put a colour into a light."""
    return (
        min(255, round(colour[0] * factors[0])),
        min(255, round(colour[1] * factors[1])),
        min(255, round(colour[2] * factors[2])),
    )


def luma(colour: Colour) -> float:
    """Brightness from 0 to 1."""
    return (0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]) / 255


def moved(
    knots: Iterable[Knot], *, x: float = 0.0, y: float = 0.0, wide: float = 1.0, tall: float = 1.0
) -> list[Knot]:
    """Return an outline stretched about the origin and then moved; ``wide=-1`` mirrors it."""
    return [(knot[0] * wide + x, knot[1] * tall + y, *knot[2:]) for knot in knots]


def both(right: Sequence[Knot]) -> list[Knot]:
    """Close a right half, given from top to bottom, with its mirror image."""
    left = [knot for knot in reversed(moved(right, wide=-1)) if abs(knot[0]) > 1e-9]
    return [*right, *left]


def curve(knots: Sequence[Knot], *, closed: bool = True) -> list[Point]:
    """Draw a smooth line through knots (Catmull-Rom), sharp at corners; returns a polygon."""
    count = len(knots)
    line: list[Point] = []
    for index in range(count if closed else count - 1):
        start, end = knots[index], knots[(index + 1) % count]
        before = start if len(start) > 2 or (not closed and index == 0) else knots[index - 1]
        sharp = len(end) > 2 or (not closed and index == count - 2)
        after = end if sharp else knots[(index + 2) % count]
        line += _piece(before, start, end, after)
    if not closed:
        line.append(knots[-1][:2])
    return line


def _piece(before: Knot, start: Knot, end: Knot, after: Knot) -> list[Point]:
    pull_x, pull_y = (end[0] - before[0]) / 6, (end[1] - before[1]) / 6
    push_x, push_y = (after[0] - start[0]) / 6, (after[1] - start[1]) / 6
    x1, y1, x2, y2 = start[0] + pull_x, start[1] + pull_y, end[0] - push_x, end[1] - push_y
    points: list[Point] = []
    for step in range(STEPS):
        t = step / STEPS
        u = 1 - t
        a, b, c, d = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
        points.append(
            (
                a * start[0] + b * x1 + c * x2 + d * end[0],
                a * start[1] + b * y1 + c * y2 + d * end[1],
            )
        )
    return points


def ring(x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> list[Point]:
    """Draw an ellipse, turned by degrees, as a polygon."""
    angle = math.radians(turn)
    cos, sin = math.cos(angle), math.sin(angle)
    points: list[Point] = []
    for step in range(36):
        a = math.tau * step / 36
        px, py = rx * math.cos(a), ry * math.sin(a)
        points.append((x + px * cos - py * sin, y + px * sin + py * cos))
    return points


class Canvas:
    """An image with an origin and a unit; every measure is in units, y goes down.

    ``lit`` is the light that every colour is put into: factors for red, green and blue.
    """

    def __init__(
        self,
        image: Image.Image,
        *,
        unit: float,
        x: float = 0.0,
        y: float = 0.0,
        lit: Factors = PLAIN,
    ) -> None:
        self.image = image
        self.lit = lit
        self.unit = unit
        self.x = x
        self.y = y
        self.pen = ImageDraw.Draw(image)

    def pixels(self, points: Iterable[Knot]) -> list[Point]:
        """Return the points in pixels of the image."""
        unit, x, y = self.unit, self.x, self.y
        return [(p[0] * unit + x, p[1] * unit + y) for p in points]

    def ink(self, colour: Colour) -> Colour:
        """Return a colour as it looks in the canvas's light."""
        return colour if self.lit is PLAIN else times(colour, self.lit)

    def outline(self, points: Sequence[Point], width: float, fill: Colour) -> None:
        """Draw the edge of a polygon."""
        line = self.pixels([*points, points[0], points[1]])
        thick = max(1, round(width * self.unit))
        self.pen.line(line, fill=self.ink(fill), width=thick, joint="curve")

    def shape(self, points: Sequence[Point], fill: Colour) -> None:
        """Fill a polygon."""
        self.pen.polygon(self.pixels(points), fill=self.ink(fill))

    def blob(self, knots: Sequence[Knot], fill: Colour) -> None:
        """Fill a smooth closed outline."""
        self.shape(curve(knots), fill)

    def oval(
        self, x: float, y: float, rx: float, ry: float, fill: Colour, *, turn: float = 0.0
    ) -> None:
        """Fill an ellipse."""
        if turn:
            self.shape(ring(x, y, rx, ry, turn), fill)
            return
        (left, top), (right, bottom) = self.pixels([(x - rx, y - ry), (x + rx, y + ry)])
        self.pen.ellipse((left, top, right, bottom), fill=self.ink(fill))

    def box(
        self, x0: float, y0: float, x1: float, y1: float, fill: Colour, *, round_: float = 0.0
    ) -> None:
        """Fill a rectangle, with rounded corners if wanted."""
        (left, top), (right, bottom) = self.pixels([(x0, y0), (x1, y1)])
        if round_:
            self.pen.rounded_rectangle(
                (left, top, right, bottom), round_ * self.unit, fill=self.ink(fill)
            )
        else:
            self.pen.rectangle((left, top, right, bottom), fill=self.ink(fill))

    def stroke(self, knots: Sequence[Knot], width: float, fill: Colour) -> None:
        """Draw a smooth line with round ends."""
        points = self.pixels(curve(knots, closed=False))
        thick, colour = max(1, round(width * self.unit)), self.ink(fill)
        self.pen.line(points, fill=colour, width=thick, joint="curve")
        radius = thick / 2
        for x, y in (points[0], points[-1]):
            self.pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    def brush(self, knots: Sequence[Knot], widths: Sequence[float], fill: Colour) -> None:
        """Draw a smooth line whose width runs through the given ones, as a brush would."""
        line = curve(knots, closed=False)
        left: list[Point] = []
        right: list[Point] = []
        last = len(line) - 1
        for index, (x, y) in enumerate(line):
            (ax, ay), (bx, by) = line[max(0, index - 1)], line[min(last, index + 1)]
            length = math.hypot(bx - ax, by - ay) or 1.0
            half = _along(widths, index / last) / 2
            nx, ny = -(by - ay) / length * half, (bx - ax) / length * half
            left.append((x + nx, y + ny))
            right.append((x - nx, y - ny))
        self.shape([*left, *reversed(right)], fill)

    def mask(self, points: Sequence[Point]) -> "Stencil":
        """Cut a stencil; what is painted through it stays inside the polygon."""
        return Stencil(self, points)

    def glow(
        self, x: float, y: float, rx: float, ry: float, fill: Colour, *, strength: float
    ) -> None:
        """Paint a soft spot that fades to nothing at its edge."""
        (left, top), (right, bottom) = self.pixels([(x - rx, y - ry), (x + rx, y + ry)])
        size = (max(1, round(right - left)), max(1, round(bottom - top)))
        spot = _sized_spot(round(strength * 255), size)
        self.image.paste(self.ink(fill), (round(left), round(top)), spot)


class Stencil:
    """A window through which a canvas is painted: ``with canvas.mask(outline) as inside: ...``."""

    def __init__(self, canvas: Canvas, points: Sequence[Point], hole: Sequence[Point] = ()) -> None:
        outline = canvas.pixels(points)
        width, height = canvas.image.size
        xs, ys = [p[0] for p in outline], [p[1] for p in outline]
        self._left, self._top = max(0, math.floor(min(xs))), max(0, math.floor(min(ys)))
        right, bottom = min(width, math.ceil(max(xs)) + 1), min(height, math.ceil(max(ys)) + 1)
        self._box = (self._left, self._top, max(right, self._left + 1), max(bottom, self._top + 1))
        self._canvas = canvas
        self._outline = [(x - self._left, y - self._top) for x, y in outline]
        self._hole = [(x - self._left, y - self._top) for x, y in canvas.pixels(hole)]

    def __enter__(self) -> Canvas:
        self._inside = self._canvas.image.crop(self._box)
        whole = self._canvas
        return Canvas(
            self._inside,
            unit=whole.unit,
            x=whole.x - self._left,
            y=whole.y - self._top,
            lit=whole.lit,
        )

    def __exit__(self, *_: object) -> None:
        window = Image.new("L", self._inside.size, 0)
        pen = ImageDraw.Draw(window)
        pen.polygon(self._outline, fill=255)
        if self._hole:
            pen.polygon(self._hole, fill=0)
        self._canvas.image.paste(self._inside, (self._left, self._top), window)


def _along(widths: Sequence[float], share: float) -> float:
    place = share * (len(widths) - 1)
    index = min(int(place), len(widths) - 2)
    return widths[index] + (widths[index + 1] - widths[index]) * (place - index)


@lru_cache(maxsize=64)
def _spot(strength: int) -> Image.Image:
    """Return a round spot, 64 pixels wide, from its strength in the middle to nothing."""
    fade = Image.radial_gradient("L").resize((64, 64))
    return fade.point([round(strength * max(0.0, 1 - value / 178) ** 1.4) for value in range(256)])


@lru_cache(maxsize=48)
def _sized_spot(strength: int, size: tuple[int, int]) -> Image.Image:
    """Return a spot of a size; the same few are painted again and again."""
    return _spot(strength).resize(size, Image.Resampling.BILINEAR)


def gradient(size: tuple[int, int], stops: Sequence[Colour]) -> Image.Image:
    """Paint colours from top to bottom, evenly spaced."""
    strip = Image.new("RGB", (1, len(stops)))
    strip.putdata(list(stops))
    tall = strip.resize(
        (1, size[1]), Image.Resampling.BICUBIC if len(stops) > 2 else Image.Resampling.BILINEAR
    )
    return tall.resize(size)
