"""Dresses, draped cloth, and what is worn for work."""

from runner.simulator.portrait.ink import (
    both,
    curve,
    dark,
    light,
    luma,
)
from runner.simulator.portrait.tailoring import (
    CREW,
    FLOOR,
    OPEN,
    SCOOP,
    STRAPS,
    VNECK,
    Fitting,
    collar,
    folds,
    hem,
    placket,
)


def dress(f: Fitting) -> None:
    """Paint a summer dress with a small pattern."""
    with f.cloth(f.base, SCOOP) as inside:
        for side in (-1, 1):
            inside.shape(
                [
                    (side * (f.wide - 0.5), 3.35),
                    (side * 4, 3.0),
                    (side * 4, FLOOR),
                    (side * (f.wide - 0.3), FLOOR),
                ],
                dark(f.skin, 0.03),
            )
            inside.brush(
                [(side * (f.wide - 0.52), 3.42), (side * (f.wide + 0.4), 3.16)],
                (0.09, 0.09),
                dark(f.base, 0.14),
            )
        dot = f.accent if abs(luma(f.accent) - luma(f.base)) > 0.2 else light(f.base, 0.55)
        for row in range(20):
            for column in range(-3, 4):
                x = column * 0.5 + (row % 2) * 0.25
                y = 2.7 + row * 0.38
                if abs(x) < f.wide - 0.55:
                    inside.oval(x, y, 0.055, 0.055, dot)
        hem(inside, SCOOP, light(f.base, 0.25), 0.06)
        inside.box(-(f.wide - 0.42), 5.0, f.wide - 0.42, 5.16, dark(f.base, 0.2))


def gown(f: Fitting) -> None:
    """Paint an evening gown with bare shoulders and a necklace."""
    with f.cloth(f.base, STRAPS) as inside:
        for side in (-1, 1):
            inside.shape(
                [
                    (side * 1.28, 1.9),
                    (side * 1.45, 3.1),
                    (side * 1.62, 3.3),
                    (side * (f.wide - 0.3), 5),
                    (side * (f.wide - 0.3), FLOOR),
                    (side * 4, FLOOR),
                    (side * 4, 1),
                ],
                dark(f.skin, 0.03),
            )
            inside.brush(
                [
                    (side * (f.wide - 0.42), 3.3),
                    (side * (f.wide - 0.36), 4.3),
                    (side * (f.wide - 0.3), 8.0),
                ],
                (0.02, 0.08, 0.1),
                dark(f.skin, 0.2),
            )
        for x in (-0.9, -0.4, 0.35, 0.85):
            inside.brush(
                [(x * 1.1, 3.0), (x * 0.8, 4.2), (x * 0.7, 6.0)],
                (0.02, 0.09, 0.03),
                light(f.base, 0.16),
            )
        hem(inside, STRAPS, light(f.base, 0.14), 0.05)
    for index in range(-5, 6):
        x = index * 0.125
        f.canvas.oval(x, 2.3 - 0.5 * (x / 0.8) ** 2 * 1.1, 0.05, 0.05, (242, 232, 210))


def apron(f: Fitting) -> None:
    """Paint an apron over a shirt with rolled sleeves."""
    with f.cloth(f.accent, OPEN) as inside:
        placket(inside, f.accent)
        collar(inside, f.accent)
        bib = curve(
            both(
                [
                    (0.0, 2.95),
                    (0.78, 2.95, "c"),
                    (0.86, 3.9),
                    (1.4, 4.7),
                    (1.55, 6.0),
                    (1.5, FLOOR, "c"),
                    (0.0, FLOOR),
                ]
            )
        )
        for side in (-1, 1):
            inside.brush(
                [(side * 0.52, 1.7), (side * 0.62, 2.3), (side * 0.7, 3.05)],
                (0.13, 0.13, 0.13),
                dark(f.base, 0.12),
            )
        inside.shape(bib, f.base)
        with inside.mask(bib) as panel:
            panel.blob(
                [(0.5, 2.9), (0.55, 4.2), (0.9, 6.0), (2.0, 6.0), (2.0, 2.9)], dark(f.base, 0.1)
            )
            panel.box(-0.78, 3.02, 0.78, 3.07, light(f.base, 0.2))
            panel.box(-0.5, 3.7, 0.5, 4.5, dark(f.base, 0.08), round_=0.08)
            panel.box(-0.5, 3.7, 0.5, 3.78, light(f.base, 0.16))


def wrap(f: Fitting) -> None:
    """Paint a draped garment, crossed over the chest, with a border."""
    border = f.accent
    with f.cloth(f.base, VNECK) as inside:
        for shift in range(7):
            inside.brush(
                [(1.5, 2.1 + shift * 0.42), (0.3, 3.3 + shift * 0.5), (-1.9, 4.3 + shift * 0.52)],
                (0.02, 0.09, 0.02),
                dark(f.base, 0.13),
            )
        inside.brush(
            [(-0.5, 1.5), (-0.4, 2.2), (0.1, 3.0), (1.1, 4.3), (1.9, 5.6)],
            (0.22, 0.26, 0.26, 0.26, 0.26),
            dark(border, 0.12),
        )
        inside.brush(
            [(0.52, 1.5), (0.42, 2.2), (-0.1, 3.1), (-1.2, 4.4), (-2.0, 5.6)],
            (0.26, 0.3, 0.3, 0.3, 0.3),
            border,
        )
        for index in range(9):
            t = index / 8
            inside.oval(
                0.36 - 2.2 * t * t - 0.1 * t, 2.35 + 3.0 * t, 0.05, 0.05, light(border, 0.6)
            )


def overalls(f: Fitting) -> None:
    """Work overalls over a T-shirt."""
    with f.cloth(f.accent, CREW) as inside:
        hem(inside, CREW, dark(f.accent, 0.14), 0.08)
        folds(inside, f.accent)
        for side in (-1, 1):
            inside.brush(
                [(side * 0.95, 1.9), (side * 0.84, 2.7), (side * 0.74, 3.4)],
                (0.26, 0.24, 0.22),
                dark(f.base, 0.08),
            )
        bib = both(
            [
                (0.0, 3.25),
                (0.92, 3.25, "c"),
                (0.98, 4.4),
                (1.6, 5.2),
                (1.7, FLOOR, "c"),
                (0.0, FLOOR),
            ]
        )
        inside.blob(bib, f.base)
        inside.box(-0.46, 3.72, 0.46, 4.5, light(f.base, 0.1), round_=0.06)
        inside.box(-0.46, 3.72, 0.46, 3.8, (224, 180, 96))
        for side in (-1, 1):
            inside.box(
                side * 0.75 - 0.14, 3.3, side * 0.75 + 0.14, 3.56, (206, 176, 104), round_=0.04
            )
