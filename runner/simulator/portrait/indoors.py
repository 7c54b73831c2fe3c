"""Settings inside: rooms, each painted on a stage and then put out of focus.

The person covers the middle, so what tells a place stands at the sides and above.
"""

from runner.simulator.portrait.ink import dark, light, mix
from runner.simulator.portrait.props import Stage


def studio(s: Stage) -> None:
    """Paint a seamless backdrop, lit from one side."""
    walls = ("#c9d3d6", "#d9cbbf", "#bfcabf", "#cfc4d3", "#c3cede", "#dcd0b6")
    wall = s.tone(walls[s.random.randrange(len(walls))])
    s.fill(light(wall, 0.3), wall, dark(wall, 0.14))
    s.canvas.glow(s.w * 0.34, 0.3, 0.6, 0.6, light(wall, 0.75), strength=0.8)
    s.canvas.glow(s.w * 0.95, 0.85, 0.6, 0.6, dark(wall, 0.4), strength=0.5)


def office(s: Stage) -> None:
    """Large windows, desks, a lamp and plants."""
    wall = s.tone("#dfe0da")
    s.fill(light(wall, 0.2), wall, dark(wall, 0.08))
    s.window(0.03, 0.07, s.w * 0.62, 0.6, panes=3)
    s.canvas.box(s.w * 0.72, 0.12, s.w, 0.62, s.tone("#8aa0a3"))
    for row in range(3):
        y = 0.26 + row * 0.13
        s.canvas.box(s.w * 0.74, y, s.w * 0.98, y + 0.008, s.tone("#d8c6a4"))
        s.books(s.w * 0.76, s.w * 0.9, y, 0.075)
    s.floor(0.7, "#b9a98f")
    s.canvas.box(-0.02, 0.66, s.w * 0.34, 0.69, s.tone("#a6815a"))
    s.canvas.box(0.03, 0.5, 0.2, 0.63, s.tone("#3d444d"), round_=0.008)
    s.canvas.box(
        0.038, 0.508, 0.192, 0.622, s.tone("#9fc0cf") if not s.mood.dark else (150, 190, 220)
    )
    s.canvas.box(0.105, 0.63, 0.125, 0.66, s.tone("#3d444d"))
    s.plant(s.w * 0.9, 0.86, 0.2, pot="#e6e0d6")
    s.pendant(s.w * 0.2, 0.1, 0.05, "#3d444d")
    s.pendant(s.w * 0.8, 0.07, 0.05, "#3d444d")


def cafe(s: Stage) -> None:
    """Paint a counter, hanging lamps, a blackboard."""
    wall = s.tone("#7d5b46")
    s.fill(dark(wall, 0.2), wall, dark(wall, 0.1))
    for row in range(12):
        for column in range(9):
            x = (column + (row % 2) * 0.5) * 0.11 - 0.06
            s.canvas.box(
                x,
                row * 0.05,
                x + 0.105,
                row * 0.05 + 0.045,
                mix(wall, s.tone("#96694e"), 0.35 + 0.3 * ((row * 3 + column) % 3) / 2),
            )
    s.window(s.w * 0.66, 0.12, s.w * 1.02, 0.56, panes=2)
    s.canvas.box(0.03, 0.13, 0.24, 0.4, s.tone("#2f3a37"), round_=0.006)
    for row in range(5):
        s.canvas.box(
            0.055,
            0.18 + row * 0.04,
            0.055 + (0.1, 0.14, 0.08, 0.12, 0.1)[row],
            0.186 + row * 0.04,
            s.tone("#d9d6c6"),
        )
    s.canvas.box(0.0, 0.5, s.w * 0.36, 0.51, s.tone("#c49a66"))
    for index in range(5):
        x = 0.03 + index * 0.05
        s.canvas.box(
            x,
            0.455,
            x + 0.03,
            0.5,
            s.tone(("#e9e2d3", "#b96f4a", "#d8c39a")[index % 3]),
            round_=0.006,
        )
    s.canvas.box(0, 0.68, s.w, 1.0, s.tone("#5a3f30"))
    s.canvas.box(0, 0.66, s.w, 0.69, s.tone("#b98a58"))
    for x in (0.12, 0.36, s.w - 0.34, s.w - 0.1):
        s.pendant(x, 0.08, 0.045, "#26302f")


def library(s: Stage) -> None:
    """Bookcases up to the ceiling, a reading lamp."""
    s.fill(s.tone("#6f543f"), s.tone("#5d4535"), s.tone("#4b372b"))
    s.shelf(-0.02, s.w * 0.31, 0.0, 0.86, rows=6)
    s.shelf(s.w * 0.335, s.w * 0.665, 0.0, 0.86, rows=6)
    s.shelf(s.w * 0.69, s.w + 0.02, 0.0, 0.86, rows=6)
    s.floor(0.86, "#7a5a44")
    s.canvas.brush([(s.w * 0.9, 0.86), (s.w * 0.9, 0.62)], (0.008, 0.008), s.tone("#b3894a"))
    s.lamp(s.w * 0.9, 0.61, 0.02)
    s.canvas.shape(
        [(s.w * 0.84, 0.61), (s.w * 0.87, 0.55), (s.w * 0.93, 0.55), (s.w * 0.96, 0.61)],
        s.tone("#3f6a58"),
    )


def kitchen(s: Stage) -> None:
    """Tiles, a shelf with crockery, a window, a worktop."""
    wall = s.tone("#ece7dc")
    s.fill(wall, wall, dark(wall, 0.06))
    for row in range(7):
        for column in range(12):
            x = column * 0.075 - (row % 2) * 0.037
            s.canvas.box(
                x,
                0.34 + row * 0.045,
                x + 0.071,
                0.381 + row * 0.045,
                s.tone(("#f4f1ea", "#e6e8e2", "#eeeae0")[(row + column) % 3]),
            )
    s.canvas.box(0.0, 0.04, s.w * 0.3, 0.26, s.tone("#6f8f86"))
    s.canvas.box(s.w * 0.148, 0.04, s.w * 0.152, 0.26, s.tone("#52706a"))
    s.canvas.box(s.w * 0.12, 0.2, s.w * 0.13, 0.24, s.tone("#d8b878"))
    s.canvas.box(s.w * 0.17, 0.2, s.w * 0.18, 0.24, s.tone("#d8b878"))
    s.window(s.w * 0.66, 0.06, s.w * 0.97, 0.4, panes=2, city=False)
    s.canvas.box(0.0, 0.42, s.w * 0.3, 0.43, s.tone("#b98d5c"))
    for index in range(4):
        x = 0.025 + index * 0.055
        s.canvas.box(
            x,
            0.36,
            x + 0.036,
            0.42,
            s.tone(("#d98d66", "#e8e0cf", "#7fa39b", "#cf9d33")[index]),
            round_=0.01,
        )
    s.canvas.box(0, 0.68, s.w, 0.71, s.tone("#caa878"))
    s.canvas.box(0, 0.71, s.w, 1.0, s.tone("#6f8f86"))
    s.canvas.box(s.w * 0.8, 0.58, s.w * 0.95, 0.68, s.tone("#b5553f"), round_=0.02)
    s.canvas.box(s.w * 0.78, 0.6, s.w * 0.97, 0.615, s.tone("#8f3f30"))
    s.plant(0.08, 0.68, 0.12, pot="#e8e0cf")


def stage(s: Stage) -> None:
    """Paint a dark hall, beams of light, a screen."""
    s.fill((30, 24, 54), (52, 34, 84), (24, 18, 40))
    screen = mix((70, 110, 190), s.tint or (120, 90, 200), 0.35)
    s.canvas.box(s.w * 0.1, 0.12, s.w * 0.9, 0.5, dark(screen, 0.15), round_=0.01)
    s.canvas.glow(s.w * 0.5, 0.3, 0.4, 0.26, light(screen, 0.5), strength=0.8)
    for x, sway, colour in (
        (0.08, 0.3, (150, 120, 255)),
        (0.3, 0.12, (255, 180, 120)),
        (0.7, -0.12, (120, 200, 255)),
        (0.92, -0.3, (255, 130, 190)),
    ):
        for share in (1.0, 0.6):
            left, right = s.w * (x + sway) - 0.1 * share, s.w * (x + sway) + 0.1 * share
            with s.canvas.mask(
                [(s.w * x - 0.008, 0.0), (s.w * x + 0.008, 0.0), (right, 0.95), (left, 0.95)]
            ) as beam:
                beam.glow(s.w * x, 0.0, 0.5, 1.0, colour, strength=0.5)
        s.lamp(s.w * x, 0.03, 0.014, (255, 240, 220))
    s.canvas.box(0, 0.8, s.w, 1.0, (20, 16, 34))
    for index in range(16):
        x = s.w * (index + 0.5) / 16
        s.canvas.oval(x, 0.86 + 0.01 * (index % 3), 0.03, 0.036, (12, 10, 24))


def gym(s: Stage) -> None:
    """Paint a rack of weights, a mirror wall, lamps in rows."""
    s.fill(s.tone("#4d545e"), s.tone("#5d6570"), s.tone("#3f454e"))
    for index in range(3):
        x = s.w * (0.02 + index * 0.34)
        s.canvas.box(x, 0.14, x + s.w * 0.29, 0.56, s.tone("#77828e"))
        s.canvas.shape(
            [(x + 0.02, 0.56), (x + 0.1, 0.14), (x + 0.14, 0.14), (x + 0.06, 0.56)],
            s.tone("#8e99a5"),
        )
    for index in range(4):
        x = s.w * (0.06 + index * 0.25)
        s.canvas.box(x, 0.05, x + s.w * 0.14, 0.066, (250, 248, 238))
        s.canvas.glow(x + s.w * 0.07, 0.06, 0.15, 0.08, (250, 248, 238), strength=0.5)
    s.floor(0.76, "#33383f")
    for y in (0.6, 0.7):
        s.canvas.box(-0.01, y, s.w * 0.36, y + 0.014, s.tone("#25282d"))
        s.canvas.box(s.w * 0.68, y, s.w + 0.01, y + 0.014, s.tone("#25282d"))
        for index in range(4):
            for x0 in (0.02, s.w * 0.7):
                x = x0 + index * 0.062
                colour = s.tone(("#d4593f", "#e0a63c", "#3f8f8f", "#8f5fae")[index])
                s.canvas.oval(x, y - 0.022, 0.02, 0.024, colour)
                s.canvas.box(x, y - 0.03, x + 0.03, y - 0.014, s.tone("#9aa2ab"))
                s.canvas.oval(x + 0.032, y - 0.022, 0.02, 0.024, dark(colour, 0.2))


def shop(s: Stage) -> None:
    """Paint a rail of clothes, shelves, round lamps."""
    wall = s.tone("#efe4da")
    s.fill(light(wall, 0.3), wall, dark(wall, 0.08))
    s.canvas.box(s.w * 0.66, 0.1, s.w, 0.7, s.tone("#e3cfc0"))
    for row in range(3):
        y = 0.26 + row * 0.15
        s.canvas.box(s.w * 0.69, y, s.w * 0.99, y + 0.01, s.tone("#b08a62"))
        for index in range(4):
            x = s.w * 0.71 + index * 0.05
            s.canvas.box(
                x,
                y - 0.06 + 0.012 * (index % 2),
                x + 0.036,
                y,
                s.tone(("#c98c7a", "#7f9a8d", "#e2c489", "#8f86a8")[(index + row) % 4]),
                round_=0.006,
            )
    s.canvas.box(0.0, 0.28, s.w * 0.34, 0.288, s.tone("#8c8a86"))
    for index in range(7):
        x = 0.012 + index * 0.036
        cloth = s.tone(
            ("#c47d6c", "#e8dcc6", "#6d8596", "#b79bb0", "#d6a85a", "#5f7c6c", "#f2efe8")[index]
        )
        s.canvas.shape(
            [
                (x, 0.33),
                (x + 0.017, 0.295),
                (x + 0.034, 0.33),
                (x + 0.036, 0.56 + 0.02 * (index % 2)),
                (x - 0.002, 0.56 + 0.02 * (index % 2)),
            ],
            cloth,
        )
    s.floor(0.76, "#c7ad8d")
    for x in (s.w * 0.15, s.w * 0.5, s.w * 0.85):
        s.canvas.box(x - 0.0015, 0, x + 0.0015, 0.1, s.tone("#8c8a86"))
        s.lamp(x, 0.12, 0.026, (255, 236, 200))
    s.plant(s.w * 0.93, 0.92, 0.16, pot="#d9c4ae")


def home(s: Stage) -> None:
    """Paint a sofa, a picture, a floor lamp, a window."""
    wall = s.tone("#d9cdbb")
    s.fill(light(wall, 0.16), wall, dark(wall, 0.08))
    s.window(s.w * 0.03, 0.08, s.w * 0.3, 0.5, panes=2, city=False)
    curtain = s.tone("#c98f72")
    s.canvas.brush([(0.0, 0.04), (0.008, 0.35), (0.0, 0.66)], (0.05, 0.06, 0.08), curtain)
    s.canvas.brush(
        [(s.w * 0.32, 0.04), (s.w * 0.33, 0.35), (s.w * 0.33, 0.66)],
        (0.04, 0.05, 0.06),
        dark(curtain, 0.1),
    )
    s.canvas.box(s.w * 0.72, 0.12, s.w * 0.92, 0.34, s.tone("#f3ede2"))
    s.canvas.oval(s.w * 0.79, 0.21, 0.045, 0.045, s.tone("#d98d66"))
    s.canvas.oval(s.w * 0.85, 0.25, 0.05, 0.05, s.tone("#5f8a86"))
    s.floor(0.8, "#b08a66")
    sofa = s.tone("#6f8f8a")
    s.canvas.box(-0.06, 0.56, s.w + 0.06, 0.74, sofa, round_=0.05)
    s.canvas.box(-0.06, 0.7, s.w + 0.06, 0.86, light(sofa, 0.08), round_=0.03)
    for x, colour in ((0.07, "#e0b35c"), (s.w - 0.2, "#e9e0d2")):
        s.canvas.box(x, 0.6, x + 0.13, 0.73, s.tone(colour), round_=0.03)
    s.canvas.box(s.w * 0.955, 0.3, s.w * 0.962, 0.84, s.tone("#4a4441"))
    s.lamp(s.w * 0.958, 0.3, 0.024)
    s.canvas.shape(
        [(s.w * 0.91, 0.31), (s.w * 0.935, 0.22), (s.w * 0.98, 0.22), (s.w * 1.005, 0.31)],
        s.tone("#f0dfbd") if not s.mood.dark else (252, 226, 170),
    )


def lab(s: Stage) -> None:
    """White walls, a bench with glassware, a cupboard."""
    wall = s.tone("#e4edf0")
    s.fill(light(wall, 0.4), wall, dark(wall, 0.05))
    s.window(s.w * 0.68, 0.08, s.w * 0.98, 0.4, panes=2, city=False)
    s.canvas.box(0.02, 0.08, s.w * 0.32, 0.36, s.tone("#c3d7dd"))
    s.canvas.box(s.w * 0.165, 0.09, s.w * 0.17, 0.35, s.tone("#9db8c1"))
    s.canvas.box(0.0, 0.48, s.w, 0.488, s.tone("#a9bfc6"))
    for x0 in (0.03, s.w * 0.72):
        for index, colour in enumerate(("#4fb0b0", "#e0a63c", "#d4709a", "#6d8fd4")):
            x = x0 + index * 0.05
            tall = (0.07, 0.05, 0.085, 0.06)[index]
            s.canvas.box(x, 0.48 - tall, x + 0.022, 0.48, s.tone("#f2f8fa"), round_=0.006)
            s.canvas.box(x, 0.48 - tall * 0.5, x + 0.022, 0.48, s.tone(colour), round_=0.006)
    s.canvas.box(0, 0.7, s.w, 0.73, s.tone("#f6f8f8"))
    s.canvas.box(0, 0.73, s.w, 1.0, s.tone("#8fb0ba"))
    scope = s.tone("#3d4b55")
    s.canvas.brush([(0.1, 0.68), (0.14, 0.6), (0.1, 0.52)], (0.02, 0.028, 0.02), scope)
    s.canvas.brush([(0.06, 0.5), (0.12, 0.58)], (0.03, 0.03), light(scope, 0.2))
    s.canvas.box(0.05, 0.68, 0.17, 0.7, scope)


def workshop(s: Stage) -> None:
    """Tools on a board, a bench, a tall window."""
    s.fill(s.tone("#a39382"), s.tone("#938370"), s.tone("#7a6b5b"))
    s.canvas.box(0.02, 0.12, s.w * 0.36, 0.54, s.tone("#b98d5c"))
    for index in range(5):
        x = 0.05 + index * 0.045
        s.canvas.box(x, 0.18, x + 0.012, 0.34 + 0.03 * (index % 2), s.tone("#5d4535"))
        s.canvas.box(
            x - 0.012,
            0.17,
            x + 0.024,
            0.21,
            s.tone(("#9aa2ab", "#c4503f", "#9aa2ab", "#3f6f8f", "#d3a33f")[index]),
            round_=0.004,
        )
    s.window(s.w * 0.66, 0.06, s.w * 0.98, 0.56, panes=3, city=False)
    s.canvas.box(0, 0.7, s.w, 0.74, s.tone("#8a623f"))
    s.canvas.box(0, 0.74, s.w, 1.0, s.tone("#5b4433"))
    s.canvas.box(s.w * 0.74, 0.6, s.w * 0.94, 0.7, s.tone("#c4503f"), round_=0.008)
    s.pendant(s.w * 0.3, 0.06, 0.05, "#d3a33f")
    s.pendant(s.w * 0.7, 0.06, 0.05, "#d3a33f")


def classroom(s: Stage) -> None:
    """Paint a blackboard with chalk, a globe, books."""
    wall = s.tone("#e6dcc4")
    s.fill(light(wall, 0.2), wall, dark(wall, 0.08))
    s.canvas.box(0.03, 0.1, s.w - 0.03, 0.56, s.tone("#9a6f46"))
    s.canvas.box(0.042, 0.112, s.w - 0.042, 0.548, s.tone("#35584a"))
    chalk = s.tone("#dfe8df")
    s.canvas.stroke([(0.08, 0.2), (0.12, 0.16), (0.16, 0.22), (0.2, 0.17)], 0.006, chalk)
    for row in range(3):
        s.canvas.box(
            0.08, 0.27 + row * 0.05, 0.08 + (0.12, 0.09, 0.11)[row], 0.276 + row * 0.05, chalk
        )
    s.canvas.shape([(s.w - 0.2, 0.4), (s.w - 0.13, 0.2), (s.w - 0.07, 0.4)], chalk)
    s.canvas.shape(
        [(s.w - 0.185, 0.392), (s.w - 0.13, 0.22), (s.w - 0.08, 0.392)], s.tone("#35584a")
    )
    s.floor(0.76, "#b58f66")
    s.canvas.box(-0.02, 0.7, s.w * 0.34, 0.73, s.tone("#a6815a"))
    s.books(0.02, 0.14, 0.7, 0.08)
    s.canvas.oval(0.19, 0.645, 0.042, 0.042, s.tone("#5a9ac0"))
    s.canvas.oval(0.18, 0.635, 0.02, 0.016, s.tone("#7fae6a"))
    s.canvas.box(0.175, 0.685, 0.205, 0.7, s.tone("#8a623f"))


def gallery(s: Stage) -> None:
    """White walls, large paintings, spotlights."""
    wall = s.tone("#f0eeea")
    s.fill(light(wall, 0.3), wall, dark(wall, 0.06))
    for x0, x1, ground, spots in (
        (0.03, s.w * 0.3, "#d8694a", ("#f1c75b", "#2f4a6b")),
        (s.w * 0.7, s.w * 0.97, "#2f5f6b", ("#e9a58a", "#f2e6c9")),
    ):
        s.canvas.box(x0 - 0.01, 0.15, x1 + 0.01, 0.57, s.tone("#3a3532"))
        s.canvas.box(x0, 0.16, x1, 0.56, s.tone(ground))
        middle = (x0 + x1) / 2
        s.canvas.oval(middle - 0.02, 0.28, 0.062, 0.062, s.tone(spots[0]))
        s.canvas.shape([(x0, 0.56), (middle, 0.36), (x1, 0.56)], s.tone(spots[1]))
        s.canvas.glow(middle, 0.16, 0.16, 0.2, (255, 246, 224), strength=0.5)
        s.lamp(middle, 0.05, 0.01)
    s.floor(0.78, "#c9b79c")
