"""Hair, in two layers: what falls behind the shoulders, and what frames the face.

A style is a pair of functions; short styles have nothing behind.
"""

from collections.abc import Callable

from runner.simulator.portrait.hair_behind import (
    afro_back,
    bob,
    braids_back,
    bun,
    curly_back,
    hijab_back,
    long_,
    tail,
    wavy,
)
from runner.simulator.portrait.hair_long import (
    front_afro,
    front_back,
    front_bob,
    front_braids,
    front_curly,
    front_fringe,
    front_hijab,
    front_long,
    front_pixie,
    front_side,
    front_wavy,
)
from runner.simulator.portrait.hair_short import (
    front_afro_short,
    front_bald,
    front_crop,
    front_curly_short,
    front_quiff,
    front_receding,
    front_side_short,
    front_wavy_short,
)
from runner.simulator.portrait.ink import Canvas
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


BEHIND: dict[str, Layer] = {
    "long": long_,
    "fringe": long_,
    "side": long_,
    "wavy": wavy,
    "bob": bob,
    "curly": curly_back,
    "bun": bun,
    "ponytail": tail,
    "afro": afro_back,
    "braids": braids_back,
    "hijab": hijab_back,
}

FRONT: dict[str, Layer] = {
    "long": front_long,
    "fringe": front_fringe,
    "side": front_side,
    "wavy": front_wavy,
    "bob": front_bob,
    "curly": front_curly,
    "bun": front_back,
    "ponytail": front_back,
    "pixie": front_pixie,
    "afro": front_afro,
    "braids": front_braids,
    "hijab": front_hijab,
    "crop": front_crop,
    "quiff": front_quiff,
    "curly-short": front_curly_short,
    "side-short": front_side_short,
    "wavy-short": front_wavy_short,
    "afro-short": front_afro_short,
    "bald": front_bald,
    "receding": front_receding,
}
