"""Garments that open in front: blazers, suits, coats, jackets; and arms crossed over them."""

from runner.simulator.portrait.ink import (
    Canvas,
    Colour,
    Knot,
    both,
    dark,
    light,
    luma,
    mix,
    moved,
)
from runner.simulator.portrait.tailoring import (
    CLOSED,
    CREW,
    FLOOR,
    OPEN,
    SCOOP,
    Fitting,
    buttons,
    collar,
    hem,
    necktie,
    placket,
)


def _deep(low: float, half: float = 0.62) -> list[Knot]:
    """Paint the opening of a jacket down to its first button."""
    return [(0.0, 1.0), (half, 1.3, "c"), (half + 0.06, 2.0), (half * 0.72, 2.9), (0.0, low, "c")]


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


def _under(f: Fitting, colour: Colour, *, tie: Colour | None = None) -> None:
    """Paint what is worn under a jacket: a shirt, or for a woman a plain top."""
    if tie is not None:
        with f.under(colour, CLOSED) as inside:
            necktie(inside, tie)
            collar(inside, colour)
    elif f.woman:
        with f.under(colour, SCOOP) as inside:
            hem(inside, SCOOP, dark(colour, 0.06), 0.05)
    else:
        with f.under(colour, OPEN) as inside:
            placket(inside, colour)
            collar(inside, colour)


def blazer(f: Fitting) -> None:
    """Paint a blazer over a light top."""
    _under(f, f.accent)
    low = 4.45
    with f.cloth(f.base, _deep(low), 0.07) as inside:
        _front_edge(inside, f.base, low)
        _lapels(inside, f.base, low)
        buttons(inside, light(f.base, 0.3), 0.09, low + 0.2, 0.75, count=3)
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
        buttons(inside, light(f.base, 0.25), 0.09, low + 0.2, 0.75, count=3)
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
            buttons(inside, dark(f.base, 0.45), x, low + 0.2, 0.62, count=2)
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
        buttons(inside, mix(f.base, (150, 150, 160), 0.4), 0.14, low + 0.25, 0.7, count=2)
        inside.box(0.86, 3.55, 1.56, 4.4, dark(f.base, 0.06), round_=0.05)
        inside.box(0.86, 3.55, 1.56, 3.64, dark(f.base, 0.14))
        inside.brush([(1.04, 3.25), (1.04, 3.75)], (0.07, 0.07), (44, 92, 160))
        inside.brush([(1.22, 3.32), (1.22, 3.75)], (0.07, 0.07), (190, 60, 60))


def leather(f: Fitting) -> None:
    """Paint a biker jacket over a T-shirt."""
    with f.under(f.accent if luma(f.accent) > 0.5 else (236, 233, 228), CREW) as inside:
        hem(inside, CREW, (214, 210, 204), 0.07)
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


def crossed_arms(f: Fitting) -> None:
    """Cross two forearms over the chest, in the cloth of what is worn; one hand is hidden."""
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
    f.canvas.oval(-1.22, 4.3, 0.3, 0.2, f.skin, turn=20)
    for finger in range(3):
        y = 4.2 + finger * 0.1
        f.canvas.stroke([(-1.3, y), (-1.48, y - 0.04)], 0.075, dark(f.skin, 0.05))
