"""Hair that is short, or none.

Units are the head's.
"""

from random import Random

from runner.simulator.portrait.head import outline, skull
from runner.simulator.portrait.ink import Canvas, curve, dark, light, rgb
from runner.simulator.portrait.people import Face
from runner.simulator.portrait.strands import close_cap, combed, front_curls, tones


def front_curly_short(canvas: Canvas, face: Face) -> None:
    """Paint short curls."""
    front_curls(canvas, face, top=-1.76, line=-0.94, radius=0.22, side=1.0)


def front_afro_short(canvas: Canvas, face: Face) -> None:
    """Paint close coils."""
    base, _, shine = tones(face)
    s = skull(face)
    shape = close_cap(
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


def front_crop(canvas: Canvas, face: Face) -> None:
    """Paint a close crop."""
    s = skull(face)
    shape = close_cap(
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
    combed(
        canvas,
        face,
        shape,
        [[(x * 0.75, -1.5), (x, -1.25), (x * 1.08, -1.02)] for x in (-0.7, -0.35, 0.0, 0.36, 0.7)],
    )


def front_quiff(canvas: Canvas, face: Face) -> None:
    """Paint a quiff above cropped sides."""
    s = skull(face)
    base, _, _ = tones(face)
    sides = close_cap(
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
    combed(
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


def front_side_short(canvas: Canvas, face: Face) -> None:
    """Paint short hair with a side parting."""
    s = skull(face)
    shape = close_cap(
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
    combed(
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


def front_wavy_short(canvas: Canvas, face: Face) -> None:
    """Paint short waves."""
    s = skull(face)
    shape = close_cap(
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
    combed(
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


def front_receding(canvas: Canvas, face: Face) -> None:
    """Paint a receding hairline."""
    s = skull(face)
    shape = close_cap(
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
    combed(
        canvas,
        face,
        shape,
        [[(x * 0.6, -1.52), (x, -1.3), (x * 1.06, -1.16)] for x in (-0.5, -0.15, 0.2, 0.5)],
    )


def front_bald(canvas: Canvas, face: Face) -> None:
    """Paint the shine of a bald head."""
    skin = rgb(face.skin)
    with canvas.mask(outline(face)) as inside:
        inside.glow(-0.3, -1.05, 0.5, 0.3, light(skin, 0.75), strength=0.7)
