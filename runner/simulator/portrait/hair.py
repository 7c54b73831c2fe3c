"""Hair, in two layers: what falls behind the shoulders, and what frames the face.

Units are the head's. A style is a pair of functions; short styles have nothing behind.
"""

import math
from collections.abc import Callable
from random import Random

from runner.simulator.portrait.head import outline, skull
from runner.simulator.portrait.ink import Canvas, Colour, Knot, Point, both, curve, dark, light, rgb
from runner.simulator.portrait.people import Face

Layer = Callable[[Canvas, Face], None]


def behind(canvas: Canvas, face: Face) -> None:
    """Paint the hair that is behind neck and body."""
    layer = BEHIND.get(face.style)
    if layer is not None:
        layer(canvas, face)


def front(canvas: Canvas, face: Face) -> None:
    """Paint the hair that lies over the forehead and beside the face."""
    layer = FRONT.get(face.style)
    if layer is not None:
        layer(canvas, face)


def _tones(face: Face) -> tuple[Colour, Colour, Colour]:
    """Return the hair's own colour, its shadow and its shine."""
    base = rgb(face.hair)
    bright = sum(base) / 765
    return base, dark(base, 0.32), light(base, 0.12 + 0.06 * bright)


def _falling(canvas: Canvas, face: Face, right: list[Knot], *, wave: float = 0.0) -> None:
    base, shade, _ = _tones(face)
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


def _long(canvas: Canvas, face: Face) -> None:
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


def _wavy(canvas: Canvas, face: Face) -> None:
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


def _bob(canvas: Canvas, face: Face) -> None:
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


def _tail(canvas: Canvas, face: Face) -> None:
    base, shade, _ = _tones(face)
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


def _bun(canvas: Canvas, face: Face) -> None:
    base, shade, shine = _tones(face)
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
    base, shade, _ = _tones(face)
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


def _curly_back(canvas: Canvas, face: Face) -> None:
    _curls(canvas, face, low=1.7, spread=1.22, radius=0.34)


def _afro_back(canvas: Canvas, face: Face) -> None:
    base, shade, _ = _tones(face)
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


def _braids_back(canvas: Canvas, face: Face) -> None:
    _, shade, _ = _tones(face)
    canvas.blob(
        both([(0.0, -1.62), (0.8, -1.36), (1.14, -0.5), (1.14, 0.5), (0.8, 1.2), (0.0, 1.3)]), shade
    )


def _hijab_back(canvas: Canvas, face: Face) -> None:
    cloth = _cloth(face)
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


def _cap(
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


def _shine(canvas: Canvas, face: Face, shape: list[Point], strokes: list[list[Point]]) -> None:
    """Fill a front layer, with strands of shadow and shine inside it."""
    base, shade, shine = _tones(face)
    canvas.shape(shape, base)
    with canvas.mask(shape) as inside:
        for index, stroke in enumerate(strokes):
            inside.brush(
                stroke, (0.01, 0.09, 0.07, 0.01), shine if index % 2 == 0 else dark(base, 0.16)
            )
    del shade


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
    _shine(
        canvas,
        face,
        curve(right),
        [
            [(part + 0.1, -1.5), (0.7, -1.15), (wide + 0.04, -0.4), (wide + 0.08, 0.6)],
            [(part + 0.16, -1.3), (0.66, -0.95), (wide - 0.02, -0.3), (wide + 0.14, 1.0)],
            [(part + 0.1, -1.56), (0.85, -1.25), (wide + 0.16, -0.4), (wide + 0.2, 0.7)],
        ],
    )
    _shine(
        canvas,
        face,
        curve(left),
        [
            [(part - 0.1, -1.5), (-0.6, -1.2), (-wide - 0.04, -0.4), (-wide - 0.1, 0.6)],
            [(part - 0.12, -1.3), (-0.62, -0.95), (-wide + 0.04, -0.3), (-wide - 0.1, 1.0)],
            [(part - 0.1, -1.56), (-0.8, -1.3), (-wide - 0.16, -0.4), (-wide - 0.2, 0.7)],
        ],
    )


def _front_long(canvas: Canvas, face: Face) -> None:
    _curtains(canvas, face, part=0.1, low=2.1)


def _front_wavy(canvas: Canvas, face: Face) -> None:
    _curtains(canvas, face, part=0.34, low=1.7, bulge=0.12)


def _front_bob(canvas: Canvas, face: Face) -> None:
    _curtains(canvas, face, part=-0.25, low=1.15, bulge=0.05)


def _front_side(canvas: Canvas, face: Face) -> None:
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
    _shine(canvas, face, curve(short), [[(-0.6, -1.45), (-0.95, -0.8), (-wide - 0.04, 0.0)]])
    _shine(
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


def _front_fringe(canvas: Canvas, face: Face) -> None:
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
    _shine(
        canvas,
        face,
        curve(bangs),
        [
            [(x * 0.4, -1.5), (x * 0.8, -1.0), (x, -0.5)]
            for x in (-0.7, -0.5, -0.25, 0.0, 0.3, 0.52, 0.74)
        ],
    )


def _front_back(canvas: Canvas, face: Face) -> None:
    """Hair pulled back from the forehead: under a bun or a tail."""
    s = skull(face)
    shape = _cap(
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
    _shine(
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


def _front_pixie(canvas: Canvas, face: Face) -> None:
    s = skull(face)
    shape = _cap(
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
    _shine(
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


def _front_curls(
    canvas: Canvas, face: Face, *, top: float, line: float, radius: float, side: float
) -> None:
    base, shade, shine = _tones(face)
    s = skull(face)
    canvas.shape(
        _cap(
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


def _front_curly(canvas: Canvas, face: Face) -> None:
    _front_curls(canvas, face, top=-1.72, line=-0.84, radius=0.25, side=1.14)


def _front_curly_short(canvas: Canvas, face: Face) -> None:
    _front_curls(canvas, face, top=-1.76, line=-0.94, radius=0.22, side=1.0)


def _front_afro(canvas: Canvas, face: Face) -> None:
    base, _, shine = _tones(face)
    s = skull(face)
    shape = _cap(
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


def _front_afro_short(canvas: Canvas, face: Face) -> None:
    base, _, shine = _tones(face)
    s = skull(face)
    shape = _cap(
        face,
        [
            (s.temple - 0.04, -0.5),
            (0.72, -0.98),
            (0.0, -1.06),
            (-0.72, -0.98),
            (-s.temple + 0.04, -0.5),
        ],
        top=-1.84,
        side=1.06,
        ear=-0.05,
    )
    canvas.shape(shape, base)
    random = Random(3)  # noqa: S311 - a drawing
    with canvas.mask(shape) as inside:
        for _ in range(26):
            x, y = random.uniform(-1.0, 1.0), random.uniform(-1.8, -0.7)
            inside.oval(x, y, 0.03, 0.03, shine if random.random() < 0.5 else dark(base, 0.25))


def _front_braids(canvas: Canvas, face: Face) -> None:
    base, shade, shine = _tones(face)
    _front_back(canvas, face)
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


def _front_crop(canvas: Canvas, face: Face) -> None:
    s = skull(face)
    shape = _cap(
        face,
        [
            (s.cheek - 0.02, -0.25),
            (s.temple - 0.06, -0.62),
            (0.66, -1.0),
            (0.2, -1.0),
            (-0.3, -1.03),
            (-0.7, -0.98),
            (-s.temple + 0.06, -0.62),
            (-s.cheek + 0.02, -0.25),
        ],
        top=-1.64,
        side=1.0,
        ear=0.1,
    )
    _shine(
        canvas,
        face,
        shape,
        [[(x * 0.75, -1.5), (x, -1.25), (x * 1.08, -1.02)] for x in (-0.7, -0.35, 0.0, 0.36, 0.7)],
    )


def _front_quiff(canvas: Canvas, face: Face) -> None:
    s = skull(face)
    base, shade, _ = _tones(face)
    sides = _cap(
        face,
        [
            (s.cheek - 0.04, -0.25),
            (s.temple - 0.05, -0.66),
            (0.6, -1.02),
            (0.0, -1.1),
            (-0.7, -0.94),
            (-s.temple + 0.05, -0.6),
            (-s.cheek + 0.04, -0.25),
        ],
        top=-1.5,
        side=0.99,
        ear=0.1,
    )
    canvas.shape(sides, dark(base, 0.14))
    top = curve(
        [
            (-0.82, -0.94, "c"),
            (-0.98, -1.4),
            (-0.55, -1.86),
            (0.2, -1.98),
            (0.85, -1.72),
            (1.0, -1.2),
            (0.82, -0.86, "c"),
            (0.45, -1.06),
            (-0.1, -1.1),
            (-0.5, -0.98),
        ]
    )
    _shine(
        canvas,
        face,
        top,
        [
            [(-0.66, -1.05), (-0.5, -1.5), (0.3, -1.82)],
            [(-0.4, -1.05), (-0.2, -1.4), (0.6, -1.6)],
            [(-0.1, -1.1), (0.2, -1.35), (0.85, -1.35)],
            [(-0.8, -1.15), (-0.7, -1.6), (0.0, -1.9)],
        ],
    )
    del shade


def _front_side_short(canvas: Canvas, face: Face) -> None:
    s = skull(face)
    shape = _cap(
        face,
        [
            (s.cheek - 0.04, -0.2),
            (s.temple - 0.05, -0.6),
            (0.74, -0.86),
            (0.3, -0.8),
            (-0.2, -0.94),
            (-0.58, -1.16),
            (-0.76, -0.86),
            (-s.temple + 0.06, -0.55),
            (-s.cheek + 0.04, -0.2),
        ],
        top=-1.76,
        side=1.03,
        ear=0.14,
    )
    _shine(
        canvas,
        face,
        shape,
        [
            [(-0.56, -1.2), (0.0, -1.3), (0.75, -0.95)],
            [(-0.58, -1.3), (0.1, -1.52), (0.92, -1.0)],
            [(-0.56, -1.18), (-0.1, -1.08), (0.35, -0.86)],
            [(-0.62, -1.4), (0.2, -1.66), (1.0, -1.1)],
            [(-0.66, -1.3), (-0.86, -0.9), (-0.96, -0.4)],
        ],
    )


def _front_wavy_short(canvas: Canvas, face: Face) -> None:
    s = skull(face)
    shape = _cap(
        face,
        [
            (s.cheek - 0.04, -0.15),
            (s.temple - 0.08, -0.55),
            (0.78, -0.72),
            (0.52, -0.9),
            (0.3, -0.74),
            (0.02, -0.92),
            (-0.26, -0.8),
            (-0.5, -0.98),
            (-0.78, -0.76),
            (-s.temple + 0.08, -0.5),
            (-s.cheek + 0.04, -0.15),
        ],
        top=-1.82,
        side=1.1,
        ear=0.2,
    )
    _shine(
        canvas,
        face,
        shape,
        [
            [(-0.1, -1.65), (0.42, -1.5), (0.4, -1.15), (0.75, -0.85)],
            [(-0.1, -1.6), (0.1, -1.3), (-0.1, -1.1), (0.1, -0.9)],
            [(-0.2, -1.65), (-0.6, -1.45), (-0.5, -1.15), (-0.8, -0.85)],
            [(0.2, -1.75), (0.85, -1.4), (0.95, -0.9), (1.02, -0.4)],
            [(-0.4, -1.7), (-0.9, -1.35), (-0.98, -0.9), (-1.02, -0.4)],
        ],
    )


def _front_receding(canvas: Canvas, face: Face) -> None:
    s = skull(face)
    shape = _cap(
        face,
        [
            (s.cheek - 0.06, -0.2),
            (s.temple - 0.06, -0.6),
            (0.78, -1.08),
            (0.4, -1.22),
            (0.0, -1.1),
            (-0.4, -1.22),
            (-0.78, -1.08),
            (-s.temple + 0.06, -0.6),
            (-s.cheek + 0.06, -0.2),
        ],
        top=-1.56,
        side=1.0,
        ear=0.14,
    )
    _shine(
        canvas,
        face,
        shape,
        [[(x * 0.6, -1.52), (x, -1.3), (x * 1.06, -1.16)] for x in (-0.5, -0.15, 0.2, 0.5)],
    )


def _front_bald(canvas: Canvas, face: Face) -> None:
    skin = rgb(face.skin)
    with canvas.mask(outline(face)) as inside:
        inside.glow(-0.3, -1.05, 0.5, 0.3, light(skin, 0.75), strength=0.7)


def _cloth(face: Face) -> Colour:
    colours: tuple[Colour, ...] = ((96, 124, 132), (170, 120, 110), (70, 92, 82), (190, 164, 132))
    return colours[round(face.width * 1000) % len(colours)]


def _front_hijab(canvas: Canvas, face: Face) -> None:
    cloth, s = _cloth(face), skull(face)
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


BEHIND: dict[str, Layer] = {
    "long": _long,
    "fringe": _long,
    "side": _long,
    "wavy": _wavy,
    "bob": _bob,
    "curly": _curly_back,
    "bun": _bun,
    "ponytail": _tail,
    "afro": _afro_back,
    "braids": _braids_back,
    "hijab": _hijab_back,
}
FRONT: dict[str, Layer] = {
    "long": _front_long,
    "fringe": _front_fringe,
    "side": _front_side,
    "wavy": _front_wavy,
    "bob": _front_bob,
    "curly": _front_curly,
    "bun": _front_back,
    "ponytail": _front_back,
    "pixie": _front_pixie,
    "afro": _front_afro,
    "braids": _front_braids,
    "hijab": _front_hijab,
    "crop": _front_crop,
    "quiff": _front_quiff,
    "curly-short": _front_curly_short,
    "side-short": _front_side_short,
    "wavy-short": _front_wavy_short,
    "afro-short": _front_afro_short,
    "bald": _front_bald,
    "receding": _front_receding,
}
