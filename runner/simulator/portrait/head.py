"""The head: its outline, neck and ears; the same for a face whatever it wears.

Units: the origin is the middle of the face, the face is about two units wide; y goes down.
"""

from dataclasses import dataclass

from runner.simulator.portrait.ink import (
    Canvas,
    Colour,
    Point,
    both,
    curve,
    dark,
    light,
    mix,
    ring,
)
from runner.simulator.portrait.people import Face


@dataclass(frozen=True, slots=True)
class Skull:
    """Half widths of a face at its levels, and where the chin is."""

    temple: float
    cheek: float
    jaw: float
    tip: float
    chin: float


SKULLS = {
    "oval": Skull(0.93, 0.96, 0.74, 0.3, 1.36),
    "round": Skull(0.95, 1.02, 0.86, 0.4, 1.25),
    "heart": Skull(0.99, 0.97, 0.66, 0.22, 1.36),
    "square": Skull(0.93, 0.97, 0.89, 0.48, 1.32),
    "long": Skull(0.89, 0.91, 0.73, 0.33, 1.48),
}


def skull(face: Face) -> Skull:
    """Measure a face."""
    base, wide = SKULLS[face.shape], face.width
    heavier = 0.0 if face.woman else 0.05
    return Skull(
        base.temple * wide,
        base.cheek * wide,
        (base.jaw + heavier) * wide,
        (base.tip + heavier) * wide,
        base.chin + heavier / 2,
    )


def outline(face: Face) -> list[Point]:
    """Return the face from the crown to the chin, as a polygon."""
    s = skull(face)
    right: list[tuple[float, float]] = [
        (0.0, -1.42),
        (0.62, -1.24),
        (s.temple, -0.66),
        (s.cheek, 0.02),
        ((s.cheek + s.jaw) / 2 + 0.03, 0.5),
        (s.jaw, 0.86),
        (s.tip, s.chin - 0.09),
        (0.0, s.chin),
    ]
    return curve(both(right))


def neck(canvas: Canvas, face: Face, skin: Colour) -> None:
    """Paint neck and shoulders in skin; what is worn covers the rest."""
    half = 0.47 if face.woman else 0.6
    chest: list[tuple[float, float]] = [
        (half + 0.02, 0.5),
        (half, 1.25),
        (half + 0.06, 1.8),
        (0.95, 2.2),
        (1.4, 2.7),
        (1.3, 4.5),
    ]
    body = curve(both([*chest[:-1], (*chest[-1], "corner")]))
    canvas.shape(body, skin)
    with canvas.mask(body) as inside:
        shade = dark(skin, 0.2)
        chin = skull(face).chin
        inside.blob(both([(0.0, chin + 0.34), (0.36, chin + 0.2), (0.75, 0.9), (0.7, 0.3)]), shade)
        for side in (-1, 1):
            inside.stroke(
                [(side * 0.16, 2.06), (side * 0.6, 1.98), (side * 1.0, 2.06)],
                0.045,
                dark(skin, 0.12),
            )


def head(canvas: Canvas, face: Face, skin: Colour) -> None:
    """Paint ears and the face itself, softly lit from the left."""
    s = skull(face)
    for side in (-1, 1):
        x = side * (s.cheek + 0.02)
        canvas.oval(x, 0.12, 0.15, 0.27, dark(skin, 0.06), turn=side * -8)
        canvas.oval(x + side * 0.01, 0.13, 0.08, 0.17, dark(skin, 0.2), turn=side * -8)
    shape = outline(face)
    canvas.shape(shape, skin)
    with canvas.mask(shape) as inside:
        inside.glow(-0.35, -0.5, 1.5, 1.5, light(skin, 0.35), strength=0.55)
        inside.blob(
            [(0.98, -1.2), (0.7, -0.2), (0.72, 0.5), (0.42, 1.1), (0.0, s.chin - 0.03), (1.4, 1.6)],
            dark(skin, 0.075),
        )
        warm = mix(skin, (226, 84, 84), 0.5)
        for side in (-1, 1):
            inside.glow(side * 0.58, 0.42, 0.36, 0.3, warm, strength=0.42 if face.woman else 0.26)
    _marks(canvas, face, skin)


def _marks(canvas: Canvas, face: Face, skin: Colour) -> None:
    if face.freckles:
        spot = mix(skin, (150, 78, 42), 0.5)
        for x, y in ((0.3, 0.3), (0.42, 0.38), (0.55, 0.3), (0.5, 0.46), (0.66, 0.4), (0.2, 0.24)):
            for side in (-1, 1):
                canvas.oval(side * x + 0.02, y + 0.02 * side, 0.022, 0.02, spot)
        canvas.oval(0.03, 0.2, 0.02, 0.018, spot)
    if face.mole:
        x, y = ((0.36, 0.62), (-0.5, 0.6))[face.mole - 1]
        canvas.oval(x, y, 0.032, 0.032, dark(skin, 0.6))
    if face.age >= 45:
        line = dark(skin, 0.13 + (face.age - 45) / 300)
        for side in (-1, 1):
            canvas.stroke(
                [(side * 0.24, 0.42), (side * 0.4, 0.58), (side * 0.46, 0.76)], 0.025, line
            )
            if face.age >= 58:
                canvas.stroke(
                    [(side * 0.27, 0.2), (side * 0.42, 0.24), (side * 0.58, 0.19)], 0.022, line
                )
                canvas.stroke([(side * 0.7, -0.05), (side * 0.78, -0.1)], 0.02, line)
                canvas.stroke([(side * 0.7, 0.02), (side * 0.79, 0.03)], 0.02, line)
    if face.age >= 62:
        line = dark(skin, 0.12)
        canvas.stroke([(-0.4, -0.74), (0.0, -0.78), (0.4, -0.74)], 0.022, line)
        canvas.stroke([(-0.3, -0.62), (0.0, -0.65), (0.3, -0.62)], 0.02, line)


def earrings(canvas: Canvas, face: Face) -> None:
    """Paint what hangs at the ears."""
    s = skull(face)
    gold, x, y = (214, 170, 84), s.cheek + 0.05, 0.42
    for side in (-1, 1):
        if face.earrings == "stud":
            canvas.oval(side * x, y - 0.05, 0.05, 0.05, (240, 232, 214))
        elif face.earrings == "hoop":
            canvas.outline(ring(side * x, y + 0.12, 0.14, 0.18), 0.045, gold)
        elif face.earrings == "drop":
            canvas.stroke([(side * x, y - 0.06), (side * x, y + 0.12)], 0.025, gold)
            canvas.oval(side * x, y + 0.2, 0.06, 0.09, (64, 130, 128))
