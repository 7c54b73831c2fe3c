"""The painter of backgrounds, and the things that stand in more than one of them."""

import math
from random import Random

from PIL import Image

from runner.simulator.portrait.ink import (
    Canvas,
    Colour,
    Point,
    curve,
    dark,
    gradient,
    light,
    mix,
    rgb,
    times,
)
from runner.simulator.portrait.mood import Mood

LAMP: Colour = (255, 222, 158)


class Stage:
    """A background being painted. The unit is the picture's height; ``w`` is its width in it."""

    def __init__(self, image: Image.Image, mood: Mood, random: Random, tint: Colour | None) -> None:
        width, height = image.size
        self.canvas = Canvas(image, unit=height)
        self.w = width / height
        self.mood = mood
        self.random = random
        self.tint = tint

    def tone(self, colour: Colour | str, depth: float = 0.0) -> Colour:
        """Return a surface's colour in this light; ``depth`` fades it into the distance."""
        plain = rgb(colour) if isinstance(colour, str) else colour
        if self.tint is not None:
            plain = mix(plain, self.tint, 0.2)
        lit = times(plain, self.mood.room)
        return mix(lit, self.mood.sky[-1], depth) if depth else lit

    def fill(self, *stops: Colour) -> None:
        """Cover everything with a gradient from top to bottom."""
        image = self.canvas.image
        image.paste(gradient(image.size, stops))

    def sky(self) -> None:
        """Cover everything with sky; the sun or the stars are in it."""
        self.fill(*self.mood.sky, self.mood.sky[-1])
        if self.mood.sun is not None:
            self.canvas.glow(self.w * 0.8, 0.2, 0.42, 0.42, self.mood.sun, strength=0.85)
        elif self.mood.dark:
            for _ in range(26):
                x, y = self.random.uniform(0, self.w), self.random.uniform(0, 0.34)
                self.canvas.oval(x, y, 0.0022, 0.0022, (214, 220, 244))

    def clouds(self) -> None:
        """Put two clouds into a sky that is not dark."""
        if self.mood.dark:
            return
        cloud = light(self.mood.sky[-1], 0.6)
        for x, y, size in ((0.1, 0.13, 0.09), (self.w - 0.14, 0.27, 0.07)):
            for dx, dy, r in (
                (-0.9, 0.2, 0.6),
                (-0.2, -0.15, 0.85),
                (0.6, 0.1, 0.7),
                (1.2, 0.3, 0.4),
            ):
                self.canvas.oval(
                    x + dx * size, y + dy * size, r * size * 1.2, r * size * 0.6, cloud
                )

    def floor(self, y: float, colour: Colour | str) -> None:
        """Cover what is below a height."""
        base = self.tone(colour)
        self.canvas.box(0, y, self.w, 1.0, base)
        for index in range(5):
            top = y + (1 - y) * index / 5
            self.canvas.box(0, top, self.w, 1.0, dark(base, 0.03 * index))

    def lamp(
        self, x: float, y: float, size: float, colour: Colour = LAMP, strength: float = 0.9
    ) -> None:
        """Paint a light with its halo."""
        self.canvas.glow(
            x, y, size * 4, size * 4, colour, strength=strength * (0.6 if self.mood.dark else 0.4)
        )
        self.canvas.oval(x, y, size, size, light(colour, 0.6))

    def pendant(self, x: float, y: float, size: float, shade: Colour | str) -> None:
        """Paint a lamp that hangs from the ceiling."""
        self.canvas.box(x - 0.0015, 0, x + 0.0015, y, self.tone("#4a4441"))
        self.lamp(x, y + size * 0.7, size * 0.42)
        cone: list[Point] = [
            (x - size * 0.25, y - size * 0.3),
            (x + size * 0.25, y - size * 0.3),
            (x + size, y + size * 0.6),
            (x - size, y + size * 0.6),
        ]
        self.canvas.shape(cone, self.tone(shade))

    def bokeh(self, count: int, low: float, high: float, colours: list[Colour]) -> None:
        """Lights far out of focus."""
        for index in range(count):
            x, y = self.random.uniform(0, self.w), self.random.uniform(low, high)
            size = self.random.uniform(0.012, 0.034)
            self.canvas.glow(
                x, y, size * 1.6, size * 1.6, colours[index % len(colours)], strength=0.7
            )

    def window(
        self, x0: float, y0: float, x1: float, y1: float, *, panes: int = 2, city: bool = True
    ) -> None:
        """Paint a window with the weather and, if wanted, the city behind it."""
        width, height = x1 - x0, y1 - y0
        canvas = self.canvas
        box = canvas.pixels([(x0, y0), (x1, y1)])
        size = (max(1, round(box[1][0] - box[0][0])), max(1, round(box[1][1] - box[0][1])))
        canvas.image.paste(gradient(size, self.mood.sky), (round(box[0][0]), round(box[0][1])))
        if city:
            with canvas.mask([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]) as outside:
                self.skyline(
                    outside, x0, x1, y0 + height * 0.45, y1, count=max(3, round(width / 0.06))
                )
        frame = self.tone("#e9e5dd" if not self.mood.dark else "#5a5662")
        bar = 0.008
        for index in range(panes + 1):
            x = x0 + width * index / panes
            canvas.box(x - bar, y0 - bar, x + bar, y1 + bar, frame)
        for y in (y0, y0 + height * 0.3, y1):
            canvas.box(x0 - bar, y - bar * 0.8, x1 + bar, y + bar * 0.8, frame)

    def skyline(
        self, canvas: Canvas, x0: float, x1: float, top: float, bottom: float, *, count: int
    ) -> None:
        """Houses far away, lit at night."""
        step = (x1 - x0) / count
        for index in range(count):
            x = x0 + index * step
            y = top + self.random.uniform(0, (bottom - top) * 0.55)
            wall = (
                mix(self.mood.sky[-1], (70, 84, 110), 0.5)
                if not self.mood.dark
                else mix(self.mood.sky[0], (30, 32, 58), 0.6)
            )
            canvas.box(x, y, x + step * 1.02, bottom, wall if index % 2 else dark(wall, 0.12))
            if self.mood.dark:
                self._lit(canvas, x, y, step, bottom)

    def _lit(self, canvas: Canvas, x: float, y: float, step: float, bottom: float) -> None:
        row = y + 0.014
        while row < bottom - 0.01:
            for column in (0.22, 0.6):
                if self.random.random() < 0.55:
                    left = x + step * column
                    canvas.box(left, row, left + step * 0.2, row + 0.009, LAMP)
            row += 0.022

    def plant(self, x: float, y: float, size: float, *, pot: str = "#b8694e") -> None:
        """Paint a leafy plant in a pot; ``y`` is the floor."""
        leaf = self.tone("#4f7f58")
        for index in range(9):
            angle = math.radians(-90 + (index - 4) * 21 + self.random.uniform(-5, 5))
            length = size * self.random.uniform(0.75, 1.05)
            tip_x, tip_y = x + math.cos(angle) * length, y - size * 0.36 + math.sin(angle) * length
            bend = (
                x + math.cos(angle) * length * 0.5,
                y - size * 0.42 + math.sin(angle) * length * 0.62,
            )
            tone = (leaf, dark(leaf, 0.2), light(leaf, 0.14))[index % 3]
            self.canvas.brush(
                [(x, y - size * 0.3), bend, (tip_x, tip_y)],
                (size * 0.03, size * 0.22, size * 0.01),
                tone,
            )
        body = self.tone(pot)
        self.canvas.shape(
            [
                (x - size * 0.24, y - size * 0.36),
                (x + size * 0.24, y - size * 0.36),
                (x + size * 0.17, y),
                (x - size * 0.17, y),
            ],
            body,
        )
        self.canvas.shape(
            [
                (x + size * 0.06, y - size * 0.36),
                (x + size * 0.24, y - size * 0.36),
                (x + size * 0.17, y),
                (x + size * 0.06, y),
            ],
            dark(body, 0.18),
        )

    def books(self, x0: float, x1: float, y: float, height: float) -> None:
        """Paint a row of books standing on a shelf."""
        colours = (
            "#8c4a3c",
            "#37566b",
            "#c8a25a",
            "#5d6f52",
            "#d9cdb6",
            "#6b3f5a",
            "#a9593f",
            "#2f4a4a",
        )
        x = x0
        while x < x1 - 0.006:
            wide = self.random.uniform(0.008, 0.02)
            tall = height * self.random.uniform(0.68, 0.96)
            spine = self.tone(self.random.choice(colours))
            right = min(x + wide, x1)
            self.canvas.box(x, y - tall, right - 0.0015, y, spine)
            self.canvas.box(x, y - tall * 0.8, right - 0.0015, y - tall * 0.74, light(spine, 0.3))
            x += wide
            if self.random.random() < 0.06:
                x += 0.02

    def shelf(
        self, x0: float, x1: float, y0: float, y1: float, *, rows: int, wood: str = "#7b5a3e"
    ) -> None:
        """Paint a bookcase."""
        case = self.tone(wood)
        self.canvas.box(x0, y0, x1, y1, dark(case, 0.38))
        step = (y1 - y0) / rows
        for row in range(rows):
            bottom = y0 + step * (row + 1)
            self.books(x0 + 0.008, x1 - 0.008, bottom - 0.006, step * 0.84)
            self.canvas.box(x0, bottom - 0.008, x1, bottom, case)
        for x in (x0, x1):
            self.canvas.box(x - 0.006, y0, x + 0.006, y1, light(case, 0.06))

    def tree(self, x: float, y: float, size: float, depth: float, leaf: str = "#57834f") -> None:
        """Paint a round tree; ``y`` is where it stands."""
        trunk, crown = self.tone("#6d5240", depth), self.tone(leaf, depth)
        self.canvas.shape(
            [
                (x - size * 0.06, y),
                (x - size * 0.035, y - size * 0.7),
                (x + size * 0.035, y - size * 0.7),
                (x + size * 0.06, y),
            ],
            trunk,
        )
        for dx, dy, r, tone in (
            (0.0, -0.9, 0.42, crown),
            (-0.27, -0.75, 0.3, dark(crown, 0.12)),
            (0.27, -0.73, 0.32, dark(crown, 0.16)),
            (-0.1, -1.05, 0.26, light(crown, 0.12)),
        ):
            self.canvas.oval(x + dx * size, y + dy * size, r * size, r * size, tone)

    def pine(self, x: float, y: float, size: float, depth: float) -> None:
        """Paint a fir; ``y`` is where it stands."""
        leaf = self.tone("#39614f", depth)
        for index in range(4):
            top = y - size * (1 - index * 0.2)
            half = size * (0.12 + index * 0.055)
            self.canvas.shape(
                [(x, top), (x + half, top + size * 0.32), (x - half, top + size * 0.32)],
                leaf if index % 2 else dark(leaf, 0.08),
            )

    def ridge(self, heights: list[float], bottom: float, colour: Colour) -> None:
        """Paint a line of hills across the picture."""
        last = len(heights) - 1
        line = curve(
            [
                (self.w * (index / last * 1.1 - 0.05), height)
                for index, height in enumerate(heights)
            ],
            closed=False,
        )
        self.canvas.shape([*line, (self.w * 1.1, bottom), (-0.1, bottom)], colour)

    def house(
        self, x0: float, x1: float, top: float, bottom: float, wall: str, *, rows: int
    ) -> None:
        """Paint the front of a house with windows, some of them lit when it is dark."""
        face = self.tone(wall)
        self.canvas.box(x0, top, x1, bottom, face)
        self.canvas.box(x0, top, x1, top + 0.012, dark(face, 0.25))
        columns = max(2, round((x1 - x0) / 0.07))
        wide, tall = (x1 - x0) / columns, (bottom - top) / rows
        for row in range(rows):
            for column in range(columns):
                lit = self.mood.dark and self.random.random() < 0.5
                glass = LAMP if lit else mix(self.mood.sky[0], dark(face, 0.5), 0.55)
                x, y = x0 + wide * (column + 0.24), top + tall * (row + 0.25)
                self.canvas.box(x, y, x + wide * 0.52, y + tall * 0.55, glass)
                self.canvas.box(
                    x, y + tall * 0.55, x + wide * 0.52, y + tall * 0.6, light(face, 0.3)
                )
