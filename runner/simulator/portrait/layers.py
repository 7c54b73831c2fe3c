"""Layers of pictures: read from files, put into chosen colours and lit, laid on an image.

A layer file holds two pictures side by side: what never changes (with its opacity), and in red,
green and blue how much each pixel takes of the first, second and third colour chosen for it.
``sources/render.py`` makes them; ``index.json`` has their places, in hundredths of a unit.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from PIL import Image, ImageChops

Colour = tuple[int, int, int]
Factors = tuple[float, float, float]
"""A light: what red, green and blue are multiplied with."""

PLAIN: Factors = (1.0, 1.0, 1.0)
LAYER_SCALE = 1.5
"""Pixels of a layer for a hundredth of a unit."""

FOLDER = files("runner.simulator.portrait") / "layers"


def rgb(text: str) -> Colour:
    """Read ``#rrggbb``."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Blend two colours; ``share`` is that of the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def luma(colour: Colour) -> float:
    """Return the brightness of a colour, from 0 to 1."""
    return (0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]) / 255


@cache
def _index() -> dict[str, Any]:
    index: dict[str, Any] = json.loads((FOLDER / "index.json").read_text("utf-8"))
    return index


def has_layer(name: str) -> bool:
    """Return whether there is a layer of that name."""
    return name in _index()


def _open(name: str) -> Image.Image:
    with (FOLDER / f"{name}.webp").open("rb") as file:
        image = Image.open(file, formats=("WEBP",))
        image.load()
        return image


def open_setting(name: str) -> Image.Image:
    """Return the picture of a setting in one light, half as large as a picture."""
    return _open(f"settings/{name}").convert("RGB")


@lru_cache(maxsize=24)
def _read(name: str) -> tuple[Image.Image, Image.Image]:
    """Return what never changes, premultiplied, and the shares of the chosen colours."""
    both = _open(name).convert("RGBA")
    middle = both.width // 2
    fixed = both.crop((0, 0, middle, both.height)).convert("RGBa")
    return fixed, both.crop((middle, 0, both.width, both.height)).convert("RGB")


def lay(
    image: Image.Image,
    name: str,
    colours: Mapping[str, Colour],
    *,
    unit: float,
    at: tuple[float, float] = (0.0, 0.0),
    wide: float = 1.0,
    lit: Factors = PLAIN,
) -> None:
    """Lay one layer on an RGB image.

    ``unit`` is the size of a unit in pixels, ``at`` the pixel of the layer's origin, ``wide`` a
    stretching sideways about the origin, ``lit`` the light that every colour is put into.
    """
    entry = _index()[name]
    fixed, shares = _read(name)
    scale = unit / 100
    left, top = at[0] + entry["at"][0] * scale * wide, at[1] + entry["at"][1] * scale
    width = max(1, round(fixed.width / LAYER_SCALE * scale * wide))
    height = max(1, round(fixed.height / LAYER_SCALE * scale))
    x, y = round(left), round(top)
    visible = (max(0, -x), max(0, -y), min(width, image.width - x), min(height, image.height - y))
    if visible[0] >= visible[2] or visible[1] >= visible[3]:
        return
    part = _source_part(visible, (width, height), fixed.size)
    size = (visible[2] - visible[0], visible[3] - visible[1])
    chosen = [colours[colour] for colour in entry["colours"]]
    paint, alpha = _paint(
        fixed.resize(size, Image.Resampling.BILINEAR, box=part),
        shares.resize(size, Image.Resampling.BILINEAR, box=part),
        chosen,
        lit,
    )
    box = (x + visible[0], y + visible[1], x + visible[2], y + visible[3])
    kept = ImageChops.multiply(
        image.crop(box), ImageChops.invert(Image.merge("RGB", (alpha, alpha, alpha)))
    )
    image.paste(ImageChops.add(kept, paint), box)


def _source_part(
    visible: tuple[int, int, int, int], size: tuple[int, int], source: tuple[int, int]
) -> tuple[float, float, float, float]:
    """Return which part of a layer is seen, in the layer's own pixels."""
    across, down = source[0] / size[0], source[1] / size[1]
    left, top, right, bottom = visible
    return left * across, top * down, min(right * across, source[0]), min(bottom * down, source[1])


def _paint(
    fixed: Image.Image, shares: Image.Image, chosen: Sequence[Colour], lit: Factors
) -> tuple[Image.Image, Image.Image]:
    """Return the premultiplied colours of a layer, and its opacity."""
    red, green, blue, alpha = fixed.split()
    paint = Image.merge("RGB", (red, green, blue))
    if chosen:
        padded = [*chosen, *[(0, 0, 0)] * (3 - len(chosen))]
        matrix = [part for band in range(3) for part in (*(c[band] / 255 for c in padded), 0.0)]
        paint = ImageChops.add(paint, shares.convert("RGB", tuple(matrix)))
    if lit != PLAIN:
        diagonal = (lit[0], 0, 0, 0, 0, lit[1], 0, 0, 0, 0, lit[2], 0)
        paint = paint.convert("RGB", diagonal)
    return paint, alpha
