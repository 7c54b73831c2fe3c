"""Settings outside: streets and landscapes under the sky of the hour.

The person covers the middle, so what tells a place stands at the sides and above.
"""

from runner.simulator.portrait.ink import dark, light, mix
from runner.simulator.portrait.props import Stage


def street(s: Stage) -> None:
    """House fronts on both sides, a far end, lamps."""
    s.sky()
    s.skyline(s.canvas, s.w * 0.28, s.w * 0.72, 0.26, 0.66, count=6)
    s.house(-0.03, s.w * 0.22, 0.02, 0.7, "#b9745a", rows=6)
    s.house(s.w * 0.22, s.w * 0.34, 0.16, 0.68, "#d3b892", rows=6)
    s.house(s.w * 0.8, s.w + 0.03, 0.0, 0.7, "#7f8f9b", rows=6)
    s.house(s.w * 0.68, s.w * 0.8, 0.2, 0.68, "#c7a79a", rows=6)
    s.floor(0.69, "#8d8c90")
    s.canvas.shape(
        [(s.w * 0.42, 0.68), (s.w * 0.58, 0.68), (s.w * 1.1, 1.0), (-s.w * 0.1, 1.0)],
        s.tone("#6e6f76"),
    )
    awning = s.tone("#a8473f")
    for index in range(6):
        x = -0.02 + index * 0.034
        s.canvas.box(x, 0.53, x + 0.034, 0.58, awning if index % 2 else light(awning, 0.75))
    for x in (s.w * 0.29, s.w * 0.74):
        s.canvas.box(x - 0.004, 0.36, x + 0.004, 0.72, s.tone("#33363c"))
        s.lamp(x, 0.35, 0.016, strength=1.0 if s.mood.dark else 0.3)
    if s.mood.dark:
        s.bokeh(14, 0.45, 0.72, [(255, 196, 112), (240, 110, 96), (120, 180, 240)])


def beach(s: Stage) -> None:
    """Sea, sand, a palm."""
    s.sky()
    s.clouds()
    sea = mix(s.tone("#3f97ad"), s.mood.sky[0], 0.25)
    s.canvas.box(0, 0.5, s.w, 0.75, sea)
    for index in range(7):
        y = 0.52 + index * 0.028
        s.canvas.brush(
            [(-0.02, y), (s.w * 0.5, y + 0.006), (s.w + 0.02, y)],
            (0.003, 0.005, 0.003),
            light(sea, 0.25 + 0.05 * index),
        )
    s.ridge([0.47, 0.455, 0.48, 0.5, 0.5, 0.5], 0.5, s.tone("#6f8f86", 0.35))
    s.ridge([0.7, 0.71, 0.69, 0.72, 0.7], 1.0, s.tone("#e6d3a8"))
    s.canvas.brush(
        [(-0.02, 0.7), (s.w * 0.4, 0.705), (s.w + 0.02, 0.7)],
        (0.012, 0.016, 0.012),
        light(sea, 0.75),
    )
    s.canvas.brush(
        [(s.w * 0.93, 0.82), (s.w * 0.9, 0.5), (s.w * 0.83, 0.2)],
        (0.034, 0.026, 0.02),
        s.tone("#8a6a4a"),
    )
    leaf = s.tone("#4c8354")
    top = (s.w * 0.83, 0.2)
    for dx, dy in (
        (-0.2, 0.06),
        (-0.17, -0.05),
        (-0.05, -0.1),
        (0.1, -0.07),
        (0.16, 0.05),
        (-0.12, 0.15),
        (0.09, 0.15),
    ):
        s.canvas.brush(
            [top, (top[0] + dx * 0.55, top[1] + dy * 0.5 - 0.045), (top[0] + dx, top[1] + dy)],
            (0.012, 0.045, 0.004),
            leaf if dx < 0 else dark(leaf, 0.15),
        )


def forest(s: Stage) -> None:
    """Trunks in mist, ferns."""
    s.fill(s.tone("#a9c3a4"), s.tone("#cfdcbc"), s.tone("#9bb58b"))
    s.canvas.glow(s.w * 0.5, 0.26, 0.5, 0.5, light(s.mood.sky[-1], 0.4), strength=0.85)
    for depth, count, wide in ((0.55, 9, 0.02), (0.3, 7, 0.034), (0.0, 4, 0.06)):
        for index in range(count):
            x = s.w * (index + s.random.uniform(0.1, 0.9)) / count
            if depth == 0.0 and 0.26 < x / s.w < 0.74:
                continue
            trunk = s.tone("#5f4c3e", depth)
            s.canvas.shape(
                [
                    (x - wide * 0.5, 1.0),
                    (x - wide * 0.34, -0.02),
                    (x + wide * 0.34, -0.02),
                    (x + wide * 0.5, 1.0),
                ],
                trunk,
            )
            s.canvas.shape(
                [
                    (x + wide * 0.1, 1.0),
                    (x + wide * 0.1, -0.02),
                    (x + wide * 0.34, -0.02),
                    (x + wide * 0.5, 1.0),
                ],
                dark(trunk, 0.2),
            )
        for _ in range(count * 2):
            x, y = s.random.uniform(0, s.w), s.random.uniform(-0.02, 0.2)
            s.canvas.oval(
                x, y, 0.11, 0.07, s.tone(("#5f8a58", "#7aa06a", "#4b7550")[count % 3], depth * 0.8)
            )
    s.floor(0.84, "#6d7d4f")
    for index in range(12):
        x = s.w * index / 11
        s.canvas.brush(
            [(x, 0.92), (x + 0.02, 0.8), (x + 0.06, 0.74)], (0.01, 0.03, 0.004), s.tone("#4f7a4c")
        )
        s.canvas.brush(
            [(x, 0.92), (x - 0.02, 0.81), (x - 0.06, 0.76)], (0.01, 0.03, 0.004), s.tone("#5d8a55")
        )


def rooftop(s: Stage) -> None:
    """Paint the city below, a railing, a string of lights."""
    s.sky()
    s.skyline(s.canvas, 0, s.w, 0.34, 0.78, count=9)
    s.floor(0.78, "#9a8d80")
    rail = s.tone("#4a4d55")
    for index in range(14):
        x = s.w * index / 13
        s.canvas.box(x - 0.003, 0.66, x + 0.003, 0.8, rail)
    s.canvas.box(0, 0.65, s.w, 0.662, rail)
    for index in range(11):
        t = index / 10
        x, y = s.w * t, 0.06 + 0.26 * t * (1 - t)
        s.lamp(x, y, 0.008, strength=1.0)
    s.plant(0.07, 0.92, 0.2, pot="#6b6f76")
    s.plant(s.w - 0.06, 0.92, 0.17, pot="#6b6f76")


def park(s: Stage) -> None:
    """Lawn, trees, a path, a bench."""
    s.sky()
    s.clouds()
    s.ridge([0.5, 0.46, 0.49, 0.45, 0.48], 1.0, s.tone("#86ab7b", 0.35))
    for x, size in ((0.05, 0.42), (0.24, 0.3), (0.78, 0.32), (0.97, 0.46)):
        s.tree(s.w * x, 0.66, size, 0.12 if size < 0.4 else 0.0)
    s.ridge([0.63, 0.62, 0.64, 0.62, 0.63], 1.0, s.tone("#8fb36d"))
    s.canvas.blob(
        [
            (s.w * 0.46, 0.62),
            (s.w * 0.55, 0.62),
            (s.w * 0.7, 0.8),
            (s.w * 1.05, 1.05),
            (s.w * 0.2, 1.05),
            (s.w * 0.5, 0.78),
        ],
        s.tone("#dcc9a3"),
    )
    wood = s.tone("#8a623f")
    for y in (0.665, 0.69, 0.72):
        s.canvas.box(0.03, y, 0.24, y + 0.016, wood)
    for x in (0.05, 0.21):
        s.canvas.box(x, 0.66, x + 0.01, 0.79, dark(wood, 0.5))
    for _ in range(26):
        x, y = s.random.uniform(0, s.w), s.random.uniform(0.8, 0.98)
        s.canvas.oval(
            x, y, 0.008, 0.008, s.tone(s.random.choice(("#f0d75f", "#f4f0e6", "#dc8aa0")))
        )


def mountains(s: Stage) -> None:
    """Ranges one behind another, snow on the peaks, firs."""
    s.sky()
    s.clouds()
    far = s.tone("#7c8da8", 0.4)
    peaks = [
        (-0.05, 0.5),
        (0.08, 0.28),
        (0.17, 0.36),
        (0.3, 0.16),
        (0.42, 0.34),
        (0.55, 0.24),
        (0.66, 0.12),
        (0.8, 0.34),
        (0.95, 0.22),
        (1.05, 0.44),
    ]
    s.canvas.shape([*[(x * s.w, y) for x, y in peaks], (s.w * 1.1, 0.8), (-0.1, 0.8)], far)
    snow = light(mix(far, s.mood.sky[-1], 0.3), 0.6)
    for x, y in ((0.08, 0.28), (0.3, 0.16), (0.66, 0.12), (0.95, 0.22)):
        s.canvas.shape(
            [
                (x * s.w, y),
                (x * s.w + 0.05, y + 0.09),
                (x * s.w + 0.015, y + 0.07),
                (x * s.w - 0.01, y + 0.1),
                (x * s.w - 0.05, y + 0.085),
            ],
            snow,
        )
    s.ridge([0.5, 0.42, 0.5, 0.44, 0.52, 0.4], 1.0, s.tone("#5f7d78", 0.2))
    s.ridge([0.62, 0.6, 0.66, 0.6, 0.64], 1.0, s.tone("#5b7a55", 0.06))
    for index in range(11):
        x = s.w * (index + 0.3) / 11
        if not 0.3 < x / s.w < 0.7:
            s.pine(x, 0.74 + 0.05 * (index % 3), 0.24 + 0.05 * (index % 2), 0.0)
    s.floor(0.8, "#6f8a58")


def desert(s: Stage) -> None:
    """Dunes one behind another, a cactus."""
    s.sky()
    s.canvas.glow(s.w * 0.2, 0.4, 0.5, 0.2, light(s.mood.sky[-1], 0.4), strength=0.5)
    s.ridge([0.5, 0.44, 0.5, 0.46, 0.52], 1.0, s.tone("#d9a06c", 0.35))
    s.ridge([0.6, 0.56, 0.5, 0.58, 0.54], 1.0, s.tone("#d99a5e", 0.12))
    s.ridge([0.66, 0.72, 0.7, 0.62, 0.66], 1.0, s.tone("#c98548"))
    green = s.tone("#4f7f58")
    x = s.w * 0.9
    s.canvas.brush([(x, 0.78), (x, 0.42)], (0.05, 0.046), green)
    s.canvas.oval(x, 0.42, 0.023, 0.023, green)
    s.canvas.brush(
        [(x, 0.62), (x - 0.07, 0.6), (x - 0.075, 0.5)], (0.028, 0.03, 0.026), dark(green, 0.1)
    )
    s.canvas.brush(
        [(x, 0.58), (x + 0.06, 0.55), (x + 0.062, 0.47)], (0.028, 0.03, 0.026), dark(green, 0.1)
    )
