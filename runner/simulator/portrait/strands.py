"""What hairdressers share: tones, caps, strands and curls.

Units are the head's.
"""

from random import Random

from runner.simulator.portrait.head import skull
from runner.simulator.portrait.ink import Canvas, Colour, Knot, Point, curve, dark, light, rgb
from runner.simulator.portrait.people import Face


def tones(face: Face) -> tuple[Colour, Colour, Colour]:
    """Return the hair's own colour, its shadow and its shine."""
    base = rgb(face.hair)
    bright = sum(base) / 765
    return base, dark(base, 0.32), light(base, 0.12 + 0.06 * bright)


def close_cap(
    face: Face, hairline: list[Knot], *, top: float = -1.68, side: float = 1.1, ear: float = 0.05
) -> list[Point]:
    """Hair close to the skull: an arch over the head, and inside it the hairline, right to left."""
    wide = skull(face).cheek + side - 0.96
    arch: list[Knot] = [
        (-wide + 0.04, ear, "c"),
        (-wide, -0.6),
        (-0.82, max(top + 0.36, -1.4)),
        (-0.44, top + 0.09),
        (0.0, top),
        (0.44, top + 0.09),
        (0.82, max(top + 0.36, -1.4)),
        (wide, -0.6),
        (wide - 0.04, ear, "c"),
    ]
    return curve([*arch, *hairline])


def combed(canvas: Canvas, face: Face, shape: list[Point], strokes: list[list[Point]]) -> None:
    """Fill a front layer, with strands of shadow and shine inside it."""
    base, _, shine = tones(face)
    canvas.shape(shape, base)
    with canvas.mask(shape) as inside:
        for index, stroke in enumerate(strokes):
            inside.brush(
                stroke, (0.01, 0.09, 0.07, 0.01), shine if index % 2 == 0 else dark(base, 0.16)
            )


def front_curls(
    canvas: Canvas, face: Face, *, top: float, line: float, radius: float, side: float
) -> None:
    """Paint rows of curls over a cap of hair."""
    base, shade, shine = tones(face)
    s = skull(face)
    canvas.shape(
        close_cap(
            face,
            [
                (s.temple - 0.02, -0.45),
                (0.6, line - 0.08),
                (0.0, line - 0.16),
                (-0.6, line - 0.08),
                (-s.temple + 0.02, -0.45),
            ],
            top=top,
            side=side,
        ),
        base,
    )
    random = Random(f"{face.hair}{face.shape}{face.width}")  # noqa: S311 - a drawing
    for row, (y, count, span) in enumerate(
        ((top + 0.15, 5, 0.6), (top + 0.4, 7, 0.95), (line - 0.1, 7, 0.84))
    ):
        for index in range(count):
            x = span * (2 * index / (count - 1) - 1)
            drop = 0.42 * (x / 1.1) ** 2
            size = radius * random.uniform(0.85, 1.15)
            tone = (dark(base, 0.16), base, light(base, 0.07))[(index + row) % 3]
            canvas.oval(x, y + drop, size, size, tone)
            canvas.stroke(
                [
                    (x - size * 0.4, y + drop),
                    (x, y + drop - size * 0.45),
                    (x + size * 0.4, y + drop - 0.05),
                ],
                0.025,
                shine if (index + row) % 3 else shade,
            )


def headscarf(face: Face) -> Colour:
    """Choose the colour of a headscarf, which stays with the face."""
    colours: tuple[Colour, ...] = ((96, 124, 132), (170, 120, 110), (70, 92, 82), (190, 164, 132))
    return colours[round(face.width * 1000) % len(colours)]
