"""Where a person is: every setting that the vocabulary knows."""

from collections.abc import Callable

from runner.simulator.portrait.indoors import (
    cafe,
    classroom,
    gallery,
    gym,
    home,
    kitchen,
    lab,
    library,
    office,
    shop,
    stage,
    studio,
    workshop,
)
from runner.simulator.portrait.outdoors import (
    beach,
    desert,
    forest,
    mountains,
    park,
    rooftop,
    street,
)
from runner.simulator.portrait.props import Stage

SETTINGS: dict[str, Callable[[Stage], None]] = {
    "studio": studio,
    "office": office,
    "street": street,
    "beach": beach,
    "forest": forest,
    "cafe": cafe,
    "library": library,
    "rooftop": rooftop,
    "kitchen": kitchen,
    "stage": stage,
    "park": park,
    "gym": gym,
    "mountains": mountains,
    "shop": shop,
    "home": home,
    "lab": lab,
    "workshop": workshop,
    "classroom": classroom,
    "gallery": gallery,
    "desert": desert,
}
"""Every setting by the name that the vocabulary gives it."""
