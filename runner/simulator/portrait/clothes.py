"""What a person wears: one function for each garment, on a body shared by all of them.

Units are the head's: shoulders are near y = 2.4, the picture usually ends between 5 and 6.
"""

from collections.abc import Callable
from dataclasses import dataclass

from runner.simulator.portrait.ink import (
    Canvas,
    Colour,
    Knot,
    Point,
    Stencil,
    both,
    curve,
    dark,
    light,
    luma,
    mix,
    moved,
)

FLOOR = 12.0


@dataclass(frozen=True, slots=True)
class Fitting:
    """A canvas, a body and two colours: all that a garment needs to be painted."""

    canvas: Canvas
    woman: bool
    base: Colour
    accent: Colour
    skin: Colour

    @property
    def wide(self) -> float:
        """Half the width of the shoulders."""
        return 1.98 if self.woman else 2.3

    def body(self, grown: float = 0.0) -> list[Point]:
        """Paint the outline of the torso and the arms, a little larger for thick cloth."""
        s, waist = self.wide + grown, 0.12 if self.woman else 0.0
        right: list[Knot] = [
            (0.46, 1.5 - grown, "c"),
            (0.6, 1.82 - grown),
            (1.15, 2.1 - grown),
            (s - 0.3, 2.36 - grown),
            (s + 0.02, 2.78),
            (s + 0.2, 3.7),
            (s + 0.26 - waist, 5.2),
            (s + 0.4, FLOOR, "c"),
        ]
        return curve(both(right))

    def chest(self) -> list[Point]:
        """Return the outline of what is seen of a shirt under a jacket."""
        right: list[Knot] = [(0.46, 1.5, "c"), (0.6, 1.82), (1.1, 2.08, "c"), (1.1, 5.6, "c")]
        return curve(both(right))

    def cloth(self, colour: Colour, hole: list[Knot], grown: float = 0.0) -> "Layer":
        """Begin a layer of cloth that leaves a neckline open."""
        return Layer(self, colour, hole, self.body(grown))

    def under(self, colour: Colour, hole: list[Knot]) -> "Layer":
        """Begin a layer that a jacket will cover but for the chest."""
        return Layer(self, colour, hole, self.chest())


class Layer:
    """A layer of cloth: entered, it gives the canvas inside the body, already filled and shaded."""

    def __init__(
        self, fitting: Fitting, colour: Colour, hole: list[Knot], outline: list[Point]
    ) -> None:
        self._fitting = fitting
        self._colour = colour
        neckline = curve(both(hole)) if hole else ()
        self._stencil = Stencil(fitting.canvas, outline, neckline)

    def __enter__(self) -> Canvas:
        inside = self._stencil.__enter__()
        wide, colour = self._fitting.wide, self._colour
        inside.box(-4, 0, 4, FLOOR, colour)
        inside.glow(-0.9, 2.9, 2.2, 1.6, light(colour, 0.3), strength=0.5)
        inside.blob(
            [
                (wide + 0.9, 2.2),
                (wide - 0.55, 3.0),
                (wide - 0.75, 5.0),
                (wide - 0.9, FLOOR),
                (4.5, FLOOR),
            ],
            dark(colour, 0.14),
        )
        for side in (-1, 1):
            inside.brush(
                [
                    (side * (wide - 0.42), 3.2),
                    (side * (wide - 0.36), 4.3),
                    (side * (wide - 0.3), 8.0),
                ],
                (0.02, 0.1, 0.14),
                dark(colour, 0.26),
            )
        return inside

    def __exit__(self, *_: object) -> None:
        self._stencil.__exit__()


CREW: list[Knot] = [(0.0, 1.2), (0.56, 1.4), (0.56, 1.88), (0.32, 2.12), (0.0, 2.19)]
SCOOP: list[Knot] = [(0.0, 1.2), (0.66, 1.5), (0.72, 2.1), (0.4, 2.55), (0.0, 2.66)]
VNECK: list[Knot] = [(0.0, 1.2), (0.6, 1.5, "c"), (0.46, 2.05), (0.0, 3.05, "c")]
OPEN: list[Knot] = [(0.0, 1.2), (0.56, 1.5, "c"), (0.34, 2.1), (0.0, 2.6, "c")]
STRAPS: list[Knot] = [(0.0, 1.2), (0.95, 1.7, "c"), (0.92, 2.6), (0.5, 2.95), (0.0, 2.9)]
CLOSED: list[Knot] = [(0.0, 1.0), (0.4, 1.2), (0.4, 1.66), (0.0, 1.72)]


def _deep(low: float, half: float = 0.62) -> list[Knot]:
    """Paint the opening of a jacket down to its first button."""
    return [(0.0, 1.0), (half, 1.3, "c"), (half + 0.06, 2.0), (half * 0.72, 2.9), (0.0, low, "c")]


def _hem(inside: Canvas, hole: list[Knot], colour: Colour, width: float) -> None:
    """Ribbing along a neckline."""
    inside.outline(curve(both(hole)), width * 2, colour)


def _folds(inside: Canvas, colour: Colour, *, soft: float = 0.12) -> None:
    for x, y in ((-0.7, 4.2), (0.55, 4.5), (-0.2, 5.1)):
        inside.brush(
            [(x - 0.5, y - 0.35), (x, y), (x + 0.35, y + 0.5)],
            (0.01, 0.07, 0.01),
            dark(colour, soft),
        )


def _collar(inside: Canvas, colour: Colour, *, low: float = 2.5, spread: float = 0.66) -> None:
    """Two pointed wings of a shirt collar."""
    for side in (-1, 1):
        wing: list[Knot] = [
            (side * 0.46, 1.5, "c"),
            (side * 0.6, 1.72),
            (side * 0.86, 2.1, "c"),
            (side * spread, low, "c"),
            (side * 0.05, 2.3, "c"),
            (side * 0.36, 1.98),
        ]
        shadow = moved(wing, x=side * 0.02, y=0.09)
        inside.blob(shadow, dark(colour, 0.22))
        inside.blob(wing, light(colour, 0.1) if luma(colour) < 0.9 else colour)


def _buttons(
    inside: Canvas, colour: Colour, x: float, first: float, step: float, *, count: int
) -> None:
    for index in range(count):
        inside.oval(x, first + index * step, 0.058, 0.058, dark(colour, 0.2))
        inside.oval(x - 0.012, first + index * step - 0.012, 0.045, 0.045, colour)


def _placket(inside: Canvas, colour: Colour) -> None:
    inside.brush([(0.14, 2.3), (0.15, FLOOR)], (0.025, 0.025), dark(colour, 0.16))
    _buttons(
        inside,
        light(colour, 0.5) if luma(colour) < 0.7 else mix(colour, (150, 140, 130), 0.35),
        0.0,
        2.72,
        0.68,
        count=6,
    )


def _lapels(
    inside: Canvas, colour: Colour, low: float, *, wide: float = 1.0, notch: float = 2.5
) -> None:
    """Two lapels that meet at the first button."""
    edge = dark(colour, 0.3)
    face = light(colour, 0.08)
    for side in (1, -1):
        lapel: list[Knot] = [
            (side * 0.5, 1.5, "c"),
            (side * 0.72, 1.9),
            (side * (wide * 0.86), notch - 0.18, "c"),
            (side * (wide * 0.74), notch, "c"),
            (side * (wide * 1.06), notch + 0.08, "c"),
            (side * (wide * 0.82), notch + min(0.9, (low - notch) * 0.5)),
            (side * 0.02, low, "c"),
            (side * 0.46, low - 1.2),
            (side * 0.62, 2.3),
        ]
        shadow = moved(lapel, x=side * 0.07, y=0.08)
        inside.blob(shadow, edge)
        inside.blob(lapel, face)
        inside.stroke([(side * 0.62, notch - 0.1), (side * (wide * 0.75), notch)], 0.025, edge)


def _tie(inside: Canvas, colour: Colour) -> None:
    inside.blob(
        [(-0.15, 2.02, "c"), (0.15, 2.02, "c"), (0.1, 2.36, "c"), (-0.1, 2.36, "c")],
        dark(colour, 0.12),
    )
    inside.blob(
        [(-0.1, 2.36, "c"), (0.1, 2.36, "c"), (0.27, 4.7), (0.0, 5.1, "c"), (-0.27, 4.7)], colour
    )
    for y in (2.75, 3.15, 3.55, 3.95, 4.35):
        inside.brush([(-0.22, y + 0.16), (0.24, y - 0.1)], (0.035, 0.035), light(colour, 0.28))


def tshirt(f: Fitting) -> None:
    """Paint a plain T-shirt."""
    with f.cloth(f.base, CREW) as inside:
        _hem(inside, CREW, dark(f.base, 0.14), 0.09)
        _folds(inside, f.base)
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
        _hem(inside, CREW, light(f.base, 0.1), 0.15)


def turtleneck(f: Fitting) -> None:
    """Paint a fine roll neck."""
    with f.cloth(f.base, []) as inside:
        _folds(inside, f.base)
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
        _folds(inside, f.base)
        _placket(inside, f.base)
        _collar(inside, f.base)


def shirt_tie(f: Fitting) -> None:
    """Paint a buttoned shirt, closed, with a tie."""
    with f.cloth(f.base, CLOSED) as inside:
        _folds(inside, f.base)
        _tie(inside, f.accent)
        _collar(inside, f.base)


def polo(f: Fitting) -> None:
    """Paint a polo shirt."""
    with f.cloth(f.base, OPEN) as inside:
        _folds(inside, f.base)
        inside.box(-0.16, 2.4, 0.16, 3.3, dark(f.base, 0.1))
        _buttons(inside, light(f.base, 0.5), 0.0, 2.75, 0.34, count=2)
        _collar(inside, f.base, low=2.42)


def blouse(f: Fitting) -> None:
    """Paint a silk blouse with a soft bow."""
    with f.cloth(f.base, VNECK) as inside:
        for x in (-1.1, -0.6, 0.7, 1.2):
            inside.brush(
                [(x * 0.8, 2.4), (x, 3.6), (x * 1.1, 6.0)], (0.01, 0.1, 0.04), dark(f.base, 0.09)
            )
        _hem(inside, VNECK, light(f.base, 0.2), 0.07)
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


def _under(f: Fitting, colour: Colour, *, tie: Colour | None = None) -> None:
    """Paint what is worn under a jacket: a shirt, or for a woman a plain top."""
    if tie is not None:
        with f.under(colour, CLOSED) as inside:
            _tie(inside, tie)
            _collar(inside, colour)
    elif f.woman:
        with f.under(colour, SCOOP) as inside:
            _hem(inside, SCOOP, dark(colour, 0.06), 0.05)
    else:
        with f.under(colour, OPEN) as inside:
            _placket(inside, colour)
            _collar(inside, colour)


def blazer(f: Fitting) -> None:
    """Paint a blazer over a light top."""
    _under(f, f.accent)
    low = 4.45
    with f.cloth(f.base, _deep(low), 0.07) as inside:
        _front_edge(inside, f.base, low)
        _lapels(inside, f.base, low)
        _buttons(inside, light(f.base, 0.3), 0.09, low + 0.2, 0.75, count=3)
        _pocket(inside, f.base)


def suit(f: Fitting) -> None:
    """Paint a two-piece suit, with a tie for a man."""
    tie = mix(f.accent, (120, 30, 50), 0.85) if luma(f.accent) > 0.6 else f.accent
    _under(f, (240, 239, 236), tie=None if f.woman else tie)
    low = 4.2
    with f.cloth(f.base, _deep(low), 0.07) as inside:
        for index in range(-7, 8):
            inside.brush(
                [(index * 0.4, 2.0), (index * 0.42, FLOOR)], (0.012, 0.012), light(f.base, 0.1)
            )
        _front_edge(inside, f.base, low)
        _lapels(inside, f.base, low, wide=1.08)
        _buttons(inside, light(f.base, 0.25), 0.09, low + 0.2, 0.75, count=3)
        _pocket(inside, f.base)
        inside.blob(
            [(0.92, 3.36, "c"), (1.12, 3.1, "c"), (1.2, 3.3), (1.34, 3.12, "c"), (1.42, 3.34, "c")],
            (244, 242, 238),
        )


def _front_edge(inside: Canvas, colour: Colour, low: float) -> None:
    inside.brush(
        [(0.02, low), (0.12, low + 1.2), (0.1, FLOOR)], (0.03, 0.04, 0.04), dark(colour, 0.32)
    )


def _pocket(inside: Canvas, colour: Colour) -> None:
    inside.shape([(0.9, 3.42), (1.44, 3.33), (1.45, 3.42), (0.91, 3.51)], dark(colour, 0.24))


def trench(f: Fitting) -> None:
    """Paint a double-breasted trench coat with a belt."""
    _under(f, f.accent)
    low = 3.7
    with f.cloth(f.base, _deep(low, 0.58), 0.14) as inside:
        inside.brush(
            [(-0.5, low - 0.1), (-0.56, 4.6), (-0.54, FLOOR)], (0.03, 0.04, 0.04), dark(f.base, 0.3)
        )
        for side in (-1, 1):
            inside.blob(
                [
                    (side * 1.0, 2.0),
                    (side * 1.9, 2.35),
                    (side * 2.5, 2.9),
                    (side * 2.2, 3.5),
                    (side * 1.4, 3.3),
                ],
                dark(f.base, 0.07),
            )
            inside.brush(
                [(side * 1.2, 2.16), (side * 1.75, 2.42)], (0.16, 0.13), light(f.base, 0.14)
            )
        _lapels(inside, f.base, low, wide=1.2, notch=2.62)
        for x in (-0.24, 0.5):
            _buttons(inside, dark(f.base, 0.45), x, low + 0.2, 0.62, count=2)
        inside.box(-3, 5.0, 3, 5.34, dark(f.base, 0.12))
        inside.box(-0.3, 4.94, 0.26, 5.4, dark(f.base, 0.5), round_=0.06)
        inside.box(-0.2, 5.04, 0.16, 5.3, dark(f.base, 0.12), round_=0.03)


def labcoat(f: Fitting) -> None:
    """Paint a white coat over a coloured shirt."""
    _under(f, f.accent)
    low = 4.3
    with f.cloth(f.base, _deep(low), 0.08) as inside:
        _front_edge(inside, f.base, low)
        _lapels(inside, f.base, low, wide=0.98)
        _buttons(inside, mix(f.base, (150, 150, 160), 0.4), 0.14, low + 0.25, 0.7, count=2)
        inside.box(0.86, 3.55, 1.56, 4.4, dark(f.base, 0.06), round_=0.05)
        inside.box(0.86, 3.55, 1.56, 3.64, dark(f.base, 0.14))
        inside.brush([(1.04, 3.25), (1.04, 3.75)], (0.07, 0.07), (44, 92, 160))
        inside.brush([(1.22, 3.32), (1.22, 3.75)], (0.07, 0.07), (190, 60, 60))


def leather(f: Fitting) -> None:
    """Paint a biker jacket over a T-shirt."""
    with f.under(f.accent if luma(f.accent) > 0.5 else (236, 233, 228), CREW) as inside:
        _hem(inside, CREW, (214, 210, 204), 0.07)
    low = 5.0
    zip_: Colour = (196, 198, 204)
    with f.cloth(f.base, _deep(low, 0.74), 0.1) as inside:
        _lapels(inside, f.base, low - 0.4, wide=1.24, notch=2.56)
        inside.brush([(0.5, 3.0), (0.16, 4.6), (0.1, FLOOR)], (0.05, 0.05, 0.05), zip_)
        inside.brush([(-1.4, 3.5), (-0.8, 4.05)], (0.05, 0.05), zip_)
        inside.brush([(1.1, 4.4), (1.5, 4.15)], (0.05, 0.05), zip_)
        for side in (-1, 1):
            inside.brush(
                [(side * 0.78, 1.95), (side * 1.5, 2.3), (side * 2.0, 2.6)],
                (0.02, 0.12, 0.02),
                light(f.base, 0.25),
            )
            inside.brush(
                [(side * 1.85, 3.0), (side * 2.0, 3.9), (side * 2.05, 5.0)],
                (0.01, 0.1, 0.02),
                light(f.base, 0.18),
            )
            inside.oval(side * 0.98, 2.78, 0.05, 0.05, zip_)


def sports(f: Fitting) -> None:
    """Paint a track jacket with stripes along the arms."""
    with f.cloth(f.base, []) as inside:
        stripe = f.accent if abs(luma(f.accent) - luma(f.base)) > 0.25 else (244, 243, 240)
        inside.blob(
            both(
                [(0.0, 1.4), (0.7, 1.6), (1.5, 2.2), (2.1, 2.6), (1.7, 3.0), (0.8, 2.9), (0.0, 3.1)]
            ),
            light(f.base, 0.14),
        )
        for side in (-1, 1):
            for shift in (0.0, 0.2):
                inside.brush(
                    [
                        (side * (1.0 + shift), 2.06 + shift / 3),
                        (side * (f.wide - 0.16 + shift), 2.9),
                        (side * (f.wide - 0.06 + shift), 4.4),
                        (side * (f.wide + shift), FLOOR),
                    ],
                    (0.1, 0.1, 0.1, 0.1),
                    stripe,
                )
        inside.brush([(0.0, 1.9), (0.0, FLOOR)], (0.05, 0.05), (206, 208, 212))
        inside.box(-0.06, 2.3, 0.06, 2.62, (176, 178, 184), round_=0.03)
    collar: list[Knot] = [
        (0.06, 1.95, "c"),
        (0.2, 1.5),
        (0.48, 1.28, "c"),
        (0.72, 1.75),
        (0.62, 2.1),
        (0.3, 2.26),
        (0.03, 2.3, "c"),
    ]
    for side in (1, -1):
        f.canvas.blob(moved(collar, wide=side), dark(f.base, 0.1 if side < 0 else 0.18))


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
        _folds(inside, f.base)
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
        for row in range(9):
            for column in range(-3, 4):
                x = column * 0.5 + (row % 2) * 0.25
                y = 2.7 + row * 0.38
                if abs(x) < f.wide - 0.55:
                    inside.oval(x, y, 0.055, 0.055, dot)
        _hem(inside, SCOOP, light(f.base, 0.25), 0.06)
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
        _hem(inside, STRAPS, light(f.base, 0.14), 0.05)
    for index in range(-5, 6):
        x = index * 0.125
        f.canvas.oval(x, 2.3 - 0.5 * (x / 0.8) ** 2 * 1.1, 0.05, 0.05, (242, 232, 210))


def apron(f: Fitting) -> None:
    """Paint an apron over a shirt with rolled sleeves."""
    with f.cloth(f.accent, OPEN) as inside:
        _placket(inside, f.accent)
        _collar(inside, f.accent)
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
        _hem(inside, CREW, dark(f.accent, 0.14), 0.08)
        _folds(inside, f.accent)
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


def crossed_arms(f: Fitting) -> None:
    """Two forearms across the chest, in the cloth of what is worn."""
    for side, y, shade in ((-1, 4.72, 0.1), (1, 4.5, 0.02)):
        arm = dark(f.base, shade)
        reach = f.wide - 0.1
        knots = [
            (side * reach, 3.9),
            (side * (reach - 0.1), y + 0.2),
            (0.0, y + 0.06),
            (-side * 1.0, y - 0.12),
        ]
        f.canvas.brush(
            [(x, py + 0.09) for x, py in knots], (0.7, 0.84, 0.66, 0.52), dark(f.base, 0.34)
        )
        f.canvas.brush(knots, (0.7, 0.84, 0.66, 0.52), arm)
        f.canvas.oval(-side * 1.22, y - 0.2, 0.3, 0.2, f.skin, turn=side * 20)
        for finger in range(3):
            f.canvas.stroke(
                [(-side * 1.3, y - 0.3 + finger * 0.1), (-side * 1.48, y - 0.34 + finger * 0.1)],
                0.075,
                dark(f.skin, 0.05),
            )


GARMENTS: dict[str, Callable[[Fitting], None]] = {
    "tshirt": tshirt,
    "sweater": sweater,
    "turtleneck": turtleneck,
    "shirt": shirt,
    "shirt-tie": shirt_tie,
    "polo": polo,
    "blouse": blouse,
    "blazer": blazer,
    "suit": suit,
    "trench": trench,
    "labcoat": labcoat,
    "leather": leather,
    "sports": sports,
    "hoodie": hoodie,
    "dress": dress,
    "gown": gown,
    "apron": apron,
    "wrap": wrap,
    "overalls": overalls,
}
"""Every garment by the name that the vocabulary gives it."""
