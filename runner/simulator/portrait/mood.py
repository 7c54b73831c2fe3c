"""Light: what a time of day does to the sky, to surfaces, and to a person standing in it."""

from dataclasses import dataclass

from runner.simulator.portrait.ink import PLAIN, Colour, Factors


@dataclass(frozen=True, slots=True)
class Mood:
    """Colours of the sky from top to horizon, and what multiplies surfaces and people."""

    sky: tuple[Colour, ...]
    room: Factors = PLAIN
    person: Factors = PLAIN
    dark: bool = False
    sun: Colour | None = None


DAY = Mood(((150, 196, 230), (196, 220, 238), (232, 240, 242)))
MOODS: dict[str, Mood] = {
    "": DAY,
    "bright": Mood(
        ((84, 162, 226), (148, 202, 240), (222, 240, 246)),
        room=(1.04, 1.03, 1.0),
        person=(1.02, 1.01, 0.99),
        sun=(255, 250, 224),
    ),
    "morning": Mood(
        ((176, 204, 232), (232, 222, 222), (254, 226, 196)),
        room=(1.03, 0.99, 0.93),
        person=(1.0, 0.98, 0.95),
        sun=(255, 236, 200),
    ),
    "golden": Mood(
        ((238, 186, 128), (250, 208, 146), (255, 232, 186)),
        room=(1.06, 0.93, 0.76),
        person=(1.02, 0.955, 0.86),
        sun=(255, 236, 176),
    ),
    "dusk": Mood(
        ((70, 62, 122), (196, 108, 124), (250, 168, 112)),
        room=(0.82, 0.68, 0.78),
        person=(0.98, 0.91, 0.91),
        dark=True,
        sun=(255, 190, 120),
    ),
    "night": Mood(
        ((12, 16, 40), (24, 30, 66), (56, 56, 102)),
        room=(0.42, 0.44, 0.64),
        person=(0.93, 0.88, 0.91),
        dark=True,
    ),
    "overcast": Mood(
        ((164, 174, 184), (192, 199, 204), (216, 219, 220)),
        room=(0.88, 0.91, 0.95),
        person=(0.95, 0.97, 1.0),
    ),
}
