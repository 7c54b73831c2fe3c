"""Hair that frames a face: styles that are long, or held up.

Units are the head's.
"""

import math
from random import Random

from runner.simulator.portrait.head import skull
from runner.simulator.portrait.ink import Canvas, Knot, both, curve, dark, light, rgb
from runner.simulator.portrait.people import Face
from runner.simulator.portrait.strands import close_cap, combed, front_curls, headscarf, tones


def _curtains(canvas: Canvas, face: Face, *, part: float, low: float, bulge: float = 0.0) -> None:
    """Two curtains of hair from a parting down beside the face."""
    roots: list[Knot] = [(0.0, -1.66), (0.55, -1.5), (0.6, -1.28), (0.0, -1.2)]
    canvas.blob(both(roots), dark(rgb(face.hair), 0.14))
    wide = skull(face).cheek
    left: list[Knot] = [
        (part, -1.62, "c"),
        (-0.55, -1.58),
        (-wide - 0.12, -0.95),
        (-wide - 0.24 - bulge, 0.0),
        (-wide - 0.3 - bulge, low * 0.6),
        (-wide - 0.16, low, "c"),
        (-wide + 0.06, low * 0.55),
        (-wide + 0.1, -0.1),
        (-wide + 0.22, -0.62),
        (part - 0.28, -1.06),
    ]
    right: list[Knot] = [
        (part, -1.62, "c"),
        (0.7, -1.52),
        (wide + 0.14, -0.9),
        (wide + 0.24 + bulge, 0.0),
        (wide + 0.3 + bulge, low * 0.6),
        (wide + 0.16, low, "c"),
        (wide - 0.06, low * 0.55),
        (wide - 0.1, -0.1),
        (wide - 0.15, -0.72),
        (part + 0.22, -1.3),
    ]
    combed(
        canvas,
        face,
        curve(right),
        [
            [(part + 0.1, -1.5), (0.7, -1.15), (wide + 0.04, -0.4), (wide + 0.08, 0.6)],
            [(part + 0.16, -1.3), (0.66, -0.95), (wide - 0.02, -0.3), (wide + 0.14, 1.0)],
            [(part + 0.1, -1.56), (0.85, -1.25), (wide + 0.16, -0.4), (wide + 0.2, 0.7)],
        ],
    )
    combed(
        canvas,
        face,
        curve(left),
        [
            [(part - 0.1, -1.5), (-0.6, -1.2), (-wide - 0.04, -0.4), (-wide - 0.1, 0.6)],
            [(part - 0.12, -1.3), (-0.62, -0.95), (-wide + 0.04, -0.3), (-wide - 0.1, 1.0)],
            [(part - 0.1, -1.56), (-0.8, -1.3), (-wide - 0.16, -0.4), (-wide - 0.2, 0.7)],
        ],
    )


def front_long(canvas: Canvas, face: Face) -> None:
    """Paint long hair, parted in the middle."""
    _curtains(canvas, face, part=0.1, low=2.1)


def front_wavy(canvas: Canvas, face: Face) -> None:
    """Paint waves, parted on one side."""
    _curtains(canvas, face, part=0.34, low=1.7, bulge=0.12)


def front_bob(canvas: Canvas, face: Face) -> None:
    """Paint a bob, parted on the other side."""
    _curtains(canvas, face, part=-0.25, low=1.15, bulge=0.05)


def front_side(canvas: Canvas, face: Face) -> None:
    """Paint hair swept over one shoulder."""
    wide = skull(face).cheek
    sweep: list[Knot] = [
        (-0.5, -1.6, "c"),
        (0.3, -1.74),
        (0.98, -1.25),
        (wide + 0.26, -0.2),
        (wide + 0.38, 1.0),
        (wide + 0.3, 2.2),
        (0.75, 2.9, "c"),
        (0.86, 1.8),
        (wide - 0.02, 0.8),
        (wide - 0.08, 0.0),
        (0.6, -0.72),
        (0.0, -1.0),
    ]
    short: list[Knot] = [
        (-0.5, -1.6, "c"),
        (-0.92, -1.2),
        (-wide - 0.16, -0.4),
        (-wide - 0.08, 0.36, "c"),
        (-wide + 0.08, -0.2),
        (-0.78, -0.8),
    ]
    combed(canvas, face, curve(short), [[(-0.6, -1.45), (-0.95, -0.8), (-wide - 0.04, 0.0)]])
    combed(
        canvas,
        face,
        curve(sweep),
        [
            [(-0.3, -1.5), (0.5, -1.3), (wide, -0.3), (wide + 0.1, 1.2)],
            [(-0.2, -1.2), (0.5, -0.95), (wide - 0.05, 0.0), (wide + 0.1, 1.6)],
            [(-0.3, -1.6), (0.75, -1.35), (wide + 0.2, -0.2), (wide + 0.24, 1.4)],
            [(0.1, -1.05), (0.62, -0.6), (wide, 0.5), (1.0, 2.2)],
        ],
    )


def front_fringe(canvas: Canvas, face: Face) -> None:
    """Paint long hair with a straight fringe."""
    _curtains(canvas, face, part=0.0, low=2.1)
    wide = skull(face).temple
    bangs: list[Knot] = [
        (0.0, -1.6),
        (0.6, -1.42),
        (wide + 0.02, -0.8),
        (wide - 0.02, -0.42, "c"),
        (0.45, -0.5),
        (0.0, -0.46),
        (-0.45, -0.5),
        (-wide + 0.02, -0.42, "c"),
        (-wide - 0.02, -0.8),
        (-0.6, -1.42),
    ]
    combed(
        canvas,
        face,
        curve(bangs),
        [
            [(x * 0.4, -1.5), (x * 0.8, -1.0), (x, -0.5)]
            for x in (-0.7, -0.5, -0.25, 0.0, 0.3, 0.52, 0.74)
        ],
    )


def front_back(canvas: Canvas, face: Face) -> None:
    """Hair pulled back from the forehead: under a bun or a tail."""
    s = skull(face)
    shape = close_cap(
        face,
        [
            (s.temple - 0.04, -0.5),
            (0.62, -0.98),
            (0.0, -1.14),
            (-0.62, -0.98),
            (-s.temple + 0.04, -0.5),
        ],
        side=1.03,
        ear=0.0,
    )
    combed(
        canvas,
        face,
        shape,
        [
            [(-0.7, -0.98), (-0.6, -1.3), (-0.1, -1.6)],
            [(-0.3, -1.1), (-0.22, -1.35), (0.0, -1.62)],
            [(0.1, -1.1), (0.12, -1.35), (0.06, -1.62)],
            [(0.45, -1.04), (0.42, -1.3), (0.14, -1.6)],
            [(0.8, -0.85), (0.72, -1.2), (0.2, -1.58)],
        ],
    )


def front_pixie(canvas: Canvas, face: Face) -> None:
    """Paint short hair swept across the forehead."""
    s = skull(face)
    shape = close_cap(
        face,
        [
            (s.cheek - 0.04, -0.3),
            (0.8, -0.6),
            (0.5, -0.62),
            (0.05, -0.82),
            (-0.3, -1.02),
            (-0.66, -0.84),
            (-s.cheek + 0.06, -0.3),
        ],
        top=-1.78,
        ear=0.3,
    )
    combed(
        canvas,
        face,
        shape,
        [
            [(-0.3, -1.5), (0.3, -1.25), (0.8, -0.7)],
            [(-0.2, -1.3), (0.2, -1.1), (0.6, -0.7)],
            [(-0.1, -1.7), (0.6, -1.45), (1.0, -0.6)],
            [(-0.5, -1.4), (-0.85, -1.0), (-1.0, -0.3)],
        ],
    )


def front_curly(canvas: Canvas, face: Face) -> None:
    """Paint curls over the forehead."""
    front_curls(canvas, face, top=-1.72, line=-0.84, radius=0.25, side=1.14)


def front_afro(canvas: Canvas, face: Face) -> None:
    """Paint the hairline of a round cloud."""
    base, _, shine = tones(face)
    s = skull(face)
    shape = close_cap(
        face,
        [(s.temple, -0.45), (0.7, -0.95), (0.0, -1.08), (-0.7, -0.95), (-s.temple, -0.45)],
        top=-2.0,
        side=1.3,
    )
    canvas.shape(shape, base)
    random = Random(7)  # noqa: S311 - a drawing
    with canvas.mask(shape) as inside:
        for _ in range(34):
            x, y = random.uniform(-1.2, 1.2), random.uniform(-1.95, -0.6)
            inside.stroke(
                [(x - 0.07, y), (x, y - 0.06), (x + 0.07, y)],
                0.028,
                shine if random.random() < 0.5 else dark(base, 0.2),
            )


def front_braids(canvas: Canvas, face: Face) -> None:
    """Paint two braids in front of the shoulders."""
    base, shade, shine = tones(face)
    front_back(canvas, face)
    canvas.brush([(0.0, -1.6), (0.01, -1.35), (0.0, -1.14)], (0.02, 0.035, 0.02), shade)
    for side in (-1, 1):
        for index in range(11):
            y = 0.36 + index * 0.25
            x = side * (1.12 + 0.05 * math.sin(index))
            size = 0.17 - 0.006 * index
            canvas.oval(x - 0.07, y, size, 0.17, dark(base, 0.1), turn=32)
            canvas.oval(x + 0.07, y + 0.06, size, 0.17, base, turn=-32)
            canvas.stroke([(x + 0.0, y - 0.02), (x + 0.1, y + 0.04)], 0.025, shine)
        canvas.oval(side * 1.14, 3.12, 0.08, 0.09, (196, 140, 70))


def front_hijab(canvas: Canvas, face: Face) -> None:
    """Paint a headscarf around the face."""
    cloth, s = headscarf(face), skull(face)
    shawl: list[Knot] = [
        (0.0, -1.72),
        (0.86, -1.4),
        (1.22, -0.6),
        (1.16, 0.5),
        (0.95, 1.3),
        (1.5, 2.0),
        (1.2, 2.7),
        (0.0, 2.9),
    ]
    around = both(shawl)
    hole = curve(
        both(
            [
                (0.0, -1.02),
                (0.55, -0.92),
                (s.temple - 0.08, -0.4),
                (s.cheek - 0.06, 0.2),
                (s.jaw - 0.02, 0.85),
                (s.tip, s.chin - 0.12),
                (0.0, s.chin - 0.02),
            ]
        )
    )
    from runner.simulator.portrait.ink import Stencil

    with Stencil(canvas, curve(around), hole) as inside:
        inside.blob(around, cloth)
        for shift in (0.0, 0.22, 0.44):
            inside.brush(
                [(-0.9 + shift, 0.9), (-0.2, 1.62 + shift), (0.9, 1.5 + shift)],
                (0.02, 0.09, 0.02),
                dark(cloth, 0.16),
            )
            inside.brush(
                [(0.5 - shift, -1.3), (1.0 - shift / 3, -0.4), (1.0 - shift / 4, 0.6)],
                (0.01, 0.06, 0.01),
                light(cloth, 0.16),
            )
