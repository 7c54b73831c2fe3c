"""What tailors share: the body, layers of cloth, necklines, collars and buttons.

Units are the head's: shoulders are near y = 2.4, the picture usually ends between 5 and 6.
"""

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


def hem(inside: Canvas, hole: list[Knot], colour: Colour, width: float) -> None:
    """Ribbing along a neckline."""
    inside.outline(curve(both(hole)), width * 2, colour)


def folds(inside: Canvas, colour: Colour, *, soft: float = 0.12) -> None:
    """Paint the folds that a body makes in soft cloth."""
    for x, y in ((-0.7, 4.2), (0.55, 4.5), (-0.2, 5.1)):
        inside.brush(
            [(x - 0.5, y - 0.35), (x, y), (x + 0.35, y + 0.5)],
            (0.01, 0.07, 0.01),
            dark(colour, soft),
        )


def collar(inside: Canvas, colour: Colour, *, low: float = 2.5, spread: float = 0.66) -> None:
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


def buttons(
    inside: Canvas, colour: Colour, x: float, first: float, step: float, *, count: int
) -> None:
    """Paint buttons, one below the other."""
    for index in range(count):
        inside.oval(x, first + index * step, 0.058, 0.058, dark(colour, 0.2))
        inside.oval(x - 0.012, first + index * step - 0.012, 0.045, 0.045, colour)


def placket(inside: Canvas, colour: Colour) -> None:
    """Paint the buttoned edge of a shirt."""
    inside.brush([(0.14, 2.3), (0.15, FLOOR)], (0.025, 0.025), dark(colour, 0.16))
    buttons(
        inside,
        light(colour, 0.5) if luma(colour) < 0.7 else mix(colour, (150, 140, 130), 0.35),
        0.0,
        2.72,
        0.68,
        count=6,
    )


def necktie(inside: Canvas, colour: Colour) -> None:
    """Paint a tie with diagonal stripes."""
    inside.blob(
        [(-0.15, 2.02, "c"), (0.15, 2.02, "c"), (0.1, 2.36, "c"), (-0.1, 2.36, "c")],
        dark(colour, 0.12),
    )
    inside.blob(
        [(-0.1, 2.36, "c"), (0.1, 2.36, "c"), (0.27, 4.7), (0.0, 5.1, "c"), (-0.27, 4.7)], colour
    )
    for y in (2.75, 3.15, 3.55, 3.95, 4.35):
        inside.brush([(-0.22, y + 0.16), (0.24, y - 0.1)], (0.035, 0.035), light(colour, 0.28))
