"""The features of a face: eyes, brows, nose, mouth, beard and glasses, in an expression.

Units are the head's.
"""

from dataclasses import dataclass

from runner.simulator.portrait.head import outline, skull
from runner.simulator.portrait.ink import (
    Canvas,
    Colour,
    Knot,
    Point,
    both,
    curve,
    dark,
    light,
    luma,
    mix,
    moved,
    rgb,
    ring,
)
from runner.simulator.portrait.people import Face

EYE_X, EYE_Y = 0.42, 0.0

MOUTH_Y = 0.8

INK: Colour = (44, 30, 34)

LIP: Colour = (176, 62, 72)

WHITE: Colour = (250, 247, 243)


@dataclass(frozen=True, slots=True)
class Mien:
    """What an expression does to brows, eyes and mouth."""

    brow_lift: float = 0.0
    brow_tilt: float = 0.0
    lid: float = 1.0
    mouth: str = "smile"
    gaze: Point = (0.0, 0.0)


MIENS = {
    "": Mien(mouth="soft"),
    "smile": Mien(brow_lift=0.02, lid=0.95, mouth="smile"),
    "laugh": Mien(brow_lift=0.07, lid=0.62, mouth="laugh"),
    "confident": Mien(brow_lift=0.0, brow_tilt=0.04, lid=0.86, mouth="smirk"),
    "serious": Mien(brow_lift=-0.04, brow_tilt=0.03, lid=0.9, mouth="flat"),
    "thoughtful": Mien(brow_lift=0.04, brow_tilt=-0.05, lid=0.9, mouth="soft", gaze=(0.035, -0.03)),
    "surprised": Mien(brow_lift=0.15, lid=1.2, mouth="open"),
}


def features(canvas: Canvas, face: Face, skin: Colour, expression: str) -> None:
    """Paint eyes, brows, nose, mouth, and the beard around it."""
    mien = MIENS[expression]
    _nose(canvas, face, skin)
    if face.beard != "none":
        _beard(canvas, face, skin)
    _mouth(canvas, face, skin, mien.mouth)
    for side in (-1, 1):
        _eye(canvas, face, skin, mien, side)
        _brow(canvas, face, mien, side)
    if face.glasses != "none":
        _glasses(canvas, face)


EYE_FORMS = {
    "round": (0.2, 0.155),
    "almond": (0.225, 0.13),
    "hooded": (0.215, 0.115),
    "wide": (0.235, 0.15),
}


def _eye(canvas: Canvas, face: Face, skin: Colour, mien: Mien, side: int) -> None:
    half, height = EYE_FORMS[face.eyes]
    height *= mien.lid * (1.06 if face.woman else 0.94)
    x, y = side * EYE_X, EYE_Y
    lift = 0.035 if face.eyes in ("almond", "wide") else 0.01
    inner: Point = (x - side * half, y + 0.03)
    outer: Point = (x + side * half, y - lift)
    top = [(x - side * half * 0.45, y - height * 0.78), (x + side * half * 0.35, y - height)]
    bottom = [
        (x + side * half * 0.5, y + height * 0.62),
        (x - side * half * 0.45, y + height * 0.66),
    ]
    almond = curve([(*inner, "corner"), *top, (*outer, "corner"), *bottom])
    canvas.shape(almond, WHITE)
    with canvas.mask(almond) as inside:
        inside.blob([inner, *top, outer, (x, y - height * 0.35)], mix(WHITE, (140, 130, 150), 0.3))
        gx, gy = x + mien.gaze[0], y - height * 0.06 + mien.gaze[1]
        iris = rgb(face.eye_colour)
        inside.oval(gx, gy, 0.118, 0.118, dark(iris, 0.35))
        inside.oval(gx, gy + 0.012, 0.094, 0.094, light(iris, 0.08))
        inside.oval(gx, gy, 0.05, 0.05, (20, 14, 18))
        inside.oval(gx - 0.04, gy - 0.045, 0.028, 0.028, (255, 255, 255))
    lash = dark(mix(rgb(face.hair), INK, 0.75), 0.2)
    lid = [inner, *top, outer]
    thick = 0.062 if face.woman else 0.045
    canvas.brush(lid, (0.015, thick, thick * 1.1, 0.03), lash)
    if face.woman:
        tip = (outer[0] + side * 0.075, outer[1] - 0.065)
        canvas.brush(
            [(x + side * half * 0.6, y - height * 0.75), outer, tip], (0.05, 0.045, 0.008), lash
        )
    crease_y = -0.075 if face.eyes != "hooded" else -0.045
    canvas.stroke(
        [(px, py + crease_y) for px, py in (top[0], top[1], (outer[0], outer[1] + 0.01))],
        0.02,
        dark(skin, 0.25),
    )


BROW_FORMS = {
    "soft": ((0.0, -0.05, -0.02), (0.055, 0.075, 0.02)),
    "straight": ((0.0, -0.012, 0.0), (0.06, 0.07, 0.03)),
    "arched": ((0.02, -0.1, -0.01), (0.05, 0.07, 0.012)),
    "thick": ((0.0, -0.05, -0.015), (0.1, 0.11, 0.04)),
}


def _brow(canvas: Canvas, face: Face, mien: Mien, side: int) -> None:
    (a, b, c), widths = BROW_FORMS[face.brows]
    y = -0.33 - mien.brow_lift
    tilt = mien.brow_tilt
    knots = [
        (side * 0.19, y + a + tilt),
        (side * 0.46, y + b),
        (side * 0.7, y + c + 0.05 - tilt * 0.3),
    ]
    hair = rgb(face.hair)
    heavier = 1.0 if face.woman else 1.3
    colour = mix(hair, INK, 0.35) if sum(hair) < 480 else mix(hair, (110, 84, 62), 0.55)
    canvas.brush(knots, [width * heavier for width in widths], colour)


def _nose(canvas: Canvas, face: Face, skin: Colour) -> None:
    width = {"button": 0.13, "straight": 0.13, "broad": 0.19, "long": 0.14}[face.nose]
    tip = {"button": 0.4, "straight": 0.45, "broad": 0.45, "long": 0.52}[face.nose]
    shade = dark(skin, 0.13)
    canvas.blob(
        [
            (0.05, -0.12, "c"),
            (0.07, tip - 0.2),
            (width, tip - 0.03),
            (0.03, tip + 0.03),
            (0.02, tip - 0.16),
        ],
        dark(skin, 0.1),
    )
    canvas.oval(-0.02, tip - 0.09, 0.065, 0.055, light(skin, 0.16 + 0.14 * luma(skin)))
    canvas.brush(
        [
            (-width, tip - 0.04),
            (-width * 0.75, tip + 0.025),
            (-0.03, tip + 0.005),
            (0.0, tip + 0.035),
            (0.03, tip + 0.005),
            (width * 0.75, tip + 0.025),
            (width, tip - 0.04),
        ],
        (0.015, 0.04, 0.025, 0.045, 0.025, 0.04, 0.015),
        dark(skin, 0.32),
    )
    if face.nose == "broad":
        for side in (-1, 1):
            canvas.stroke(
                [(side * width, tip - 0.1), (side * (width + 0.03), tip - 0.03)], 0.025, shade
            )


MOUTHS = {"full": (0.33, 0.12), "thin": (0.33, 0.055), "wide": (0.4, 0.085), "bow": (0.28, 0.1)}


def _mouth(canvas: Canvas, face: Face, skin: Colour, shape: str) -> None:
    half, full = MOUTHS[face.mouth]
    tone = 0.62 if face.woman else 0.3
    lip = mix(skin, LIP, tone)
    if not face.woman:
        full *= 0.72
    line = dark(mix(skin, (120, 30, 40), 0.55), 0.35)
    y = MOUTH_Y
    if shape in ("laugh", "open"):
        _open_mouth(canvas, half, lip, wide=shape == "laugh")
        return
    lift = {"smile": 0.085, "soft": 0.035, "smirk": 0.05, "flat": -0.01}[shape]
    if shape == "smile":
        half *= 1.15
    left, right = lift * (0.3 if shape == "smirk" else 1), lift * (1.5 if shape == "smirk" else 1)
    a, c = (-half, y - left), (half, y - right)
    upper: list[Knot] = [
        (*a, "c"),
        (-0.09, y - full * 0.75 + lift * 0.2),
        (0.0, y - full * 0.5 + lift * 0.25),
        (0.09, y - full * 0.75 + lift * 0.2),
        (*c, "c"),
        (0.0, y + lift * 0.5),
    ]
    lower: list[Knot] = [
        (*a, "c"),
        (0.0, y + lift * 0.5),
        (*c, "c"),
        (half * 0.45, y + full * 0.95 + lift * 0.4),
        (0.0, y + full * 1.15 + lift * 0.45),
        (-half * 0.45, y + full * 0.95 + lift * 0.4),
    ]
    canvas.blob(upper, dark(lip, 0.12))
    canvas.blob(lower, lip)
    canvas.oval(-0.03, y + full * 0.6 + lift * 0.45, half * 0.3, full * 0.16, light(lip, 0.28))
    canvas.brush([a, (0.0, y + lift * 0.5), c], (0.03, 0.028, 0.03), line)
    if shape in ("smile", "smirk"):
        for side, raised in ((-1, left), (1, right)):
            x = side * (half + 0.035)
            canvas.stroke(
                [(x, y - raised - 0.05), (x + side * 0.025, y - raised), (x, y - raised + 0.045)],
                0.02,
                dark(skin, 0.22),
            )
    canvas.stroke([(-0.1, y + 0.24), (0.0, y + 0.255), (0.1, y + 0.24)], 0.03, dark(skin, 0.12))


def _open_mouth(canvas: Canvas, half: float, lip: Colour, *, wide: bool) -> None:
    y = MOUTH_Y
    if wide:
        half *= 1.18
        mouth: list[Knot] = [
            (-half, y - 0.08, "c"),
            (0.0, y - 0.03),
            (half, y - 0.08, "c"),
            (half * 0.62, y + 0.19),
            (0.0, y + 0.28),
            (-half * 0.62, y + 0.19),
        ]
    else:
        mouth = [
            (0.0, y - 0.12),
            (0.15, y - 0.02),
            (0.13, y + 0.16),
            (0.0, y + 0.22),
            (-0.13, y + 0.16),
            (-0.15, y - 0.02),
        ]
    canvas.blob(moved(mouth, wide=1.13, tall=1.3, y=-0.3 * (y + 0.06)), lip)
    inner = curve(mouth)
    canvas.shape(inner, (92, 24, 34))
    with canvas.mask(inner) as inside:
        inside.oval(0.0, y + 0.26, half * 0.6, 0.13, (206, 92, 98))
        if wide:
            inside.blob(
                [
                    (-half, y - 0.1),
                    (half, y - 0.1),
                    (half * 0.8, y + 0.05),
                    (0.0, y + 0.085),
                    (-half * 0.8, y + 0.05),
                ],
                WHITE,
            )


def _beard(canvas: Canvas, face: Face, skin: Colour) -> None:
    s = skull(face)
    hair = rgb(face.hair)
    colour = mix(skin, hair, 0.22) if face.beard == "stubble" else mix(hair, INK, 0.12)
    y = MOUTH_Y
    if face.beard in ("full", "stubble"):
        grown = 0.12 if face.beard == "full" else 0.0
        jaw = both(
            [
                (0.0, y - 0.18),
                (0.3, y - 0.16),
                (0.55, y - 0.12),
                (s.cheek - 0.14, 0.3),
                (s.cheek + 0.01, -0.02, "c"),
                (s.cheek + grown * 0.3, 0.3),
                (s.jaw + 0.02 + grown * 0.6, 0.86),
                (s.tip + grown, s.chin + grown * 0.4),
                (0.0, s.chin + 0.01 + grown * 1.5),
            ]
        )
        if face.beard == "stubble":
            with canvas.mask(outline(face)) as inside:
                inside.blob(jaw, colour)
        else:
            canvas.blob(jaw, colour)
            canvas.blob(
                both(
                    [
                        (0.0, s.chin - 0.1),
                        (s.tip, s.chin - 0.2),
                        (s.tip, s.chin + 0.02),
                        (0.0, s.chin + 0.15),
                    ]
                ),
                dark(colour, 0.1),
            )
        canvas.oval(
            0.0, y + 0.03, 0.3, 0.13, mix(skin, colour, 0.2 if face.beard == "full" else 0.12)
        )
    if face.beard in ("full", "moustache", "goatee"):
        for side in (-1, 1):
            canvas.blob(
                [
                    (0.0, y - 0.2),
                    (side * 0.2, y - 0.19),
                    (side * 0.42, y - 0.02),
                    (side * 0.4, y + 0.06),
                    (side * 0.2, y - 0.06),
                    (0.0, y - 0.08),
                ],
                colour,
            )
    if face.beard == "goatee":
        canvas.blob(
            both([(0.0, y + 0.22), (0.22, y + 0.26), (0.2, s.chin - 0.02), (0.0, s.chin + 0.1)]),
            colour,
        )


def _glasses(canvas: Canvas, face: Face) -> None:
    frame = (50, 38, 36) if face.glasses == "square" else (128, 92, 48)
    s = skull(face)
    for side in (-1, 1):
        x = side * (EYE_X + 0.02)
        if face.glasses == "round":
            lens = ring(x, 0.01, 0.3, 0.285)
        else:
            lens = curve(
                [
                    (x - 0.32, -0.19),
                    (x, -0.23),
                    (x + 0.32, -0.19),
                    (x + 0.27, 0.2),
                    (x, 0.25),
                    (x - 0.27, 0.2),
                ]
            )
        canvas.outline(lens, 0.045, frame)
        canvas.stroke([(side * 0.73, -0.06), (side * s.cheek, -0.04)], 0.045, frame)
    canvas.stroke([(-0.13, -0.03), (0.0, -0.075), (0.13, -0.03)], 0.045, frame)
