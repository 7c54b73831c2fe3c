"""Hair that falls behind neck and shoulders.

Units are the head's.
"""

import math
from random import Random

from runner.simulator.portrait.ink import Canvas, Knot, Point, both, curve, dark
from runner.simulator.portrait.people import Face
from runner.simulator.portrait.strands import headscarf, tones


def _falling(canvas: Canvas, face: Face, right: list[Knot], *, wave: float = 0.0) -> None:
    base, shade, _ = tones(face)
    shape = curve(both(right))
    canvas.shape(shape, shade)
    with canvas.mask(shape) as inside:
        for index in range(9):
            x = -1.2 + 0.3 * index
            colour = dark(base, 0.18) if index % 2 else dark(base, 0.26)
            sway = wave * (1 if index % 2 else -1)
            inside.brush(
                [(x * 0.7, -0.6), (x + sway, 0.6), (x * 1.05 - sway, 1.6), (x * 1.1, 2.9)],
                (0.1, 0.2, 0.17, 0.03),
                colour,
            )


def long_(canvas: Canvas, face: Face) -> None:
    """Paint straight hair down the back."""
    _falling(
        canvas,
        face,
        [
            (0.0, -1.66),
            (0.82, -1.38),
            (1.2, -0.5),
            (1.27, 0.7),
            (1.36, 1.9),
            (1.22, 2.85),
            (0.85, 3.0),
            (0.5, 2.4),
            (0.0, 2.2),
        ],
    )


def wavy(canvas: Canvas, face: Face) -> None:
    """Paint waves down to the shoulders."""
    _falling(
        canvas,
        face,
        [
            (0.0, -1.7),
            (0.86, -1.42),
            (1.24, -0.6),
            (1.22, 0.05),
            (1.48, 0.6),
            (1.34, 1.15),
            (1.58, 1.75),
            (1.38, 2.35),
            (1.2, 2.75),
            (0.7, 2.5),
            (0.0, 2.2),
        ],
        wave=0.14,
    )


def bob(canvas: Canvas, face: Face) -> None:
    """Paint hair that ends at the chin."""
    _falling(
        canvas,
        face,
        [
            (0.0, -1.68),
            (0.84, -1.4),
            (1.22, -0.5),
            (1.3, 0.4),
            (1.32, 1.0),
            (1.12, 1.34, "c"),
            (0.6, 1.3),
            (0.0, 1.2),
        ],
    )


def tail(canvas: Canvas, face: Face) -> None:
    """Paint a tail over one shoulder."""
    base, shade, _ = tones(face)
    canvas.blob(
        [
            (0.5, -1.5),
            (1.15, -1.35),
            (1.62, -0.5),
            (1.66, 0.7),
            (1.5, 1.9),
            (1.25, 2.2, "c"),
            (1.18, 1.2),
            (1.1, 0.1),
            (0.8, -0.9),
        ],
        shade,
    )
    canvas.brush(
        [(1.0, -1.2), (1.4, -0.2), (1.45, 0.9), (1.35, 1.8)],
        (0.06, 0.16, 0.16, 0.03),
        dark(base, 0.12),
    )


def bun(canvas: Canvas, face: Face) -> None:
    """Paint a knot on top of the head."""
    base, shade, shine = tones(face)
    canvas.oval(0.06, -1.88, 0.5, 0.46, shade)
    canvas.oval(0.02, -1.92, 0.46, 0.42, base)
    for sweep in (0.0, 0.16, 0.3):
        canvas.stroke(
            [(-0.34 + sweep, -1.86), (-0.1 + sweep, -2.18 + sweep / 2), (0.24, -2.1 + sweep)],
            0.035,
            shine if sweep == 0 else shade,
        )


def _curls(canvas: Canvas, face: Face, *, low: float, spread: float, radius: float) -> None:
    """Round locks around the head down to a level."""
    base, shade, _ = tones(face)
    random = Random(f"{face.hair}{face.style}{face.width}")  # noqa: S311 - a drawing
    canvas.blob(
        both([(0.0, -1.7), (1.0, -1.3), (spread, -0.2), (spread, low - 0.3), (0.6, low)]), shade
    )
    places: list[Point] = []
    for index in range(15):
        angle = math.pi * (1.0 + index / 14)
        places.append((math.cos(angle) * spread, math.sin(angle) * 1.42 - 0.22))
    y = -0.1
    while y < low:
        places += [(-spread - 0.05, y), (spread + 0.05, y)]
        if y > 0.9:
            places += [(-spread + 0.4, y + 0.15), (spread - 0.4, y + 0.15)]
        y += radius * 1.25
    for index, (x, py) in enumerate(places):
        size = radius * random.uniform(0.9, 1.2)
        canvas.oval(
            x,
            py,
            size,
            size,
            shade if index % 3 == 0 else dark(base, 0.14 if index % 3 == 1 else 0.04),
        )


def curly_back(canvas: Canvas, face: Face) -> None:
    """Paint curls around the head."""
    _curls(canvas, face, low=1.7, spread=1.22, radius=0.34)


def afro_back(canvas: Canvas, face: Face) -> None:
    """Paint a round cloud of hair."""
    base, shade, _ = tones(face)
    canvas.oval(0.0, -0.62, 1.72, 1.62, shade)
    for index in range(22):
        angle = math.tau * index / 22
        canvas.oval(
            math.cos(angle) * 1.55,
            math.sin(angle) * 1.45 - 0.64,
            0.3,
            0.3,
            dark(base, 0.2) if index % 2 else dark(base, 0.1),
        )
    canvas.oval(0.0, -0.68, 1.52, 1.42, base)


def braids_back(canvas: Canvas, face: Face) -> None:
    """Paint hair close behind the neck, where braids begin."""
    _, shade, _ = tones(face)
    canvas.blob(
        both([(0.0, -1.62), (0.8, -1.36), (1.14, -0.5), (1.14, 0.5), (0.8, 1.2), (0.0, 1.3)]), shade
    )


def hijab_back(canvas: Canvas, face: Face) -> None:
    """Paint the back of a headscarf."""
    cloth = headscarf(face)
    canvas.blob(
        both(
            [
                (0.0, -1.75),
                (0.9, -1.45),
                (1.3, -0.5),
                (1.28, 0.6),
                (1.5, 1.6),
                (1.7, 2.4),
                (0.0, 3.0),
            ]
        ),
        dark(cloth, 0.25),
    )
