"""What a person wears: every garment that the vocabulary knows."""

from collections.abc import Callable

from runner.simulator.portrait.dresses import apron, dress, gown, overalls, wrap
from runner.simulator.portrait.jackets import blazer, labcoat, leather, sports, suit, trench
from runner.simulator.portrait.tailoring import Fitting
from runner.simulator.portrait.tops import (
    blouse,
    hoodie,
    polo,
    shirt,
    shirt_tie,
    sweater,
    tshirt,
    turtleneck,
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
