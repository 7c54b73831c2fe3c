"""Garments that are pulled over or buttoned: shirts, sweaters, hoodies."""

from runner.simulator.portrait.ink import (
    Knot,
    both,
    curve,
    dark,
    light,
)
from runner.simulator.portrait.tailoring import (
    CLOSED,
    CREW,
    FLOOR,
    OPEN,
    VNECK,
    Fitting,
    buttons,
    collar,
    folds,
    hem,
    necktie,
    placket,
)


def tshirt(f: Fitting) -> None:
    """Paint a plain T-shirt."""
    with f.cloth(f.base, CREW) as inside:
        hem(inside, CREW, dark(f.base, 0.14), 0.09)
        folds(inside, f.base)
        for side in (-1, 1):
            inside.brush(
                [(side * (f.wide - 0.5), 4.25), (side * (f.wide + 0.4), 4.1)],
                (0.05, 0.05),
                dark(f.base, 0.25),
            )
            inside.shape(
                [
                    (side * (f.wide - 0.34), 4.3),
                    (side * 4, 4.12),
                    (side * 4, 9),
                    (side * (f.wide - 0.3), 9),
                ],
                dark(f.skin, 0.04),
            )


def sweater(f: Fitting) -> None:
    """Paint a knitted pullover."""
    with f.cloth(f.base, CREW, 0.06) as inside:
        for index in range(-6, 7):
            x = index * 0.36
            inside.brush(
                [(x, 2.3), (x * 1.02, 4.0), (x * 1.04, FLOOR)],
                (0.02, 0.06, 0.06),
                dark(f.base, 0.07),
            )
        for side in (-1, 1):
            for row in range(9):
                y = 2.6 + row * 0.36
                inside.oval(side * 0.55 - 0.07, y, 0.1, 0.2, light(f.base, 0.12), turn=28)
                inside.oval(side * 0.55 + 0.07, y, 0.1, 0.2, dark(f.base, 0.09), turn=-28)
        hem(inside, CREW, light(f.base, 0.1), 0.15)


def turtleneck(f: Fitting) -> None:
    """Paint a fine roll neck."""
    with f.cloth(f.base, []) as inside:
        folds(inside, f.base)
    top = 1.12
    roll: list[Knot] = [
        (0.0, top),
        (0.5, top + 0.02),
        (0.6, top + 0.2),
        (0.62, 1.8),
        (0.5, 2.02),
        (0.0, 2.12),
    ]
    f.canvas.blob(both(roll), light(f.base, 0.07))
    with f.canvas.mask(curve(both(roll))) as inside:
        for index in range(-5, 6):
            inside.brush(
                [(index * 0.13, top), (index * 0.12, 2.1)], (0.02, 0.02), dark(f.base, 0.12)
            )
        inside.brush(
            [(-0.7, top + 0.42), (0.0, top + 0.5), (0.7, top + 0.42)],
            (0.02, 0.06, 0.02),
            dark(f.base, 0.25),
        )
        inside.blob([(0.3, top - 0.1), (0.26, 2.0), (0.8, 2.0), (0.8, top)], dark(f.base, 0.16))


def shirt(f: Fitting) -> None:
    """Paint a buttoned shirt with an open collar."""
    with f.cloth(f.base, OPEN) as inside:
        folds(inside, f.base)
        placket(inside, f.base)
        collar(inside, f.base)


def shirt_tie(f: Fitting) -> None:
    """Paint a buttoned shirt, closed, with a tie."""
    with f.cloth(f.base, CLOSED) as inside:
        folds(inside, f.base)
        necktie(inside, f.accent)
        collar(inside, f.base)


def polo(f: Fitting) -> None:
    """Paint a polo shirt."""
    with f.cloth(f.base, OPEN) as inside:
        folds(inside, f.base)
        inside.box(-0.16, 2.4, 0.16, 3.3, dark(f.base, 0.1))
        buttons(inside, light(f.base, 0.5), 0.0, 2.75, 0.34, count=2)
        collar(inside, f.base, low=2.42)


def blouse(f: Fitting) -> None:
    """Paint a silk blouse with a soft bow."""
    with f.cloth(f.base, VNECK) as inside:
        for x in (-1.1, -0.6, 0.7, 1.2):
            inside.brush(
                [(x * 0.8, 2.4), (x, 3.6), (x * 1.1, 6.0)], (0.01, 0.1, 0.04), dark(f.base, 0.09)
            )
        hem(inside, VNECK, light(f.base, 0.2), 0.07)
        for side in (-1, 1):
            inside.blob(
                [(0.0, 3.02), (side * 0.5, 2.82), (side * 0.62, 3.16), (side * 0.3, 3.26)],
                light(f.base, 0.1),
            )
            inside.brush(
                [(0.0, 3.08), (side * 0.16, 3.7), (side * 0.3, 4.4)],
                (0.06, 0.15, 0.2),
                dark(f.base, 0.1),
            )
        inside.oval(0.0, 3.08, 0.12, 0.13, dark(f.base, 0.12))


def hoodie(f: Fitting) -> None:
    """Paint a hooded sweatshirt with strings and a pocket."""
    for side in (-1, 1):
        f.canvas.blob(
            [
                (side * 0.42, 1.0),
                (side * 0.8, 1.08),
                (side * 1.2, 1.6),
                (side * 1.28, 2.2),
                (side * 0.5, 2.4),
                (side * 0.5, 1.7),
            ],
            dark(f.base, 0.3),
        )
    with f.cloth(f.base, CREW, 0.09) as inside:
        folds(inside, f.base)
        inside.blob(
            both([(0.0, 4.85), (0.9, 4.85, "c"), (1.35, 5.7), (1.3, FLOOR), (0.0, FLOOR)]),
            dark(f.base, 0.1),
        )
    for side in (-1, 1):
        f.canvas.blob(
            [
                (side * 0.52, 1.36, "c"),
                (side * 0.98, 1.52),
                (side * 1.2, 2.1),
                (side * 0.72, 2.62),
                (side * 0.0, 2.92, "c"),
                (0.0, 2.36, "c"),
                (side * 0.5, 2.02),
            ],
            light(f.base, 0.08) if side < 0 else dark(f.base, 0.05),
        )
        f.canvas.stroke(
            [(side * 0.3, 2.62), (side * 0.33, 3.3), (side * 0.3, 3.9)], 0.055, light(f.base, 0.7)
        )
        f.canvas.oval(side * 0.3, 2.62, 0.06, 0.06, dark(f.base, 0.4))
