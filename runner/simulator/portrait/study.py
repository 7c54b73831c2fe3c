"""What can be told from somebody's picture: its colour, and roughly the tones of skin and hair."""

import io
from dataclasses import dataclass

from PIL import Image

from runner.simulator.portrait.layers import Colour, luma, mix

STUDY_SIDE = 48
MAX_STUDY_PIXELS = 40_000_000
"""Pixels; a larger picture is not decoded."""


@dataclass(frozen=True, slots=True)
class Tones:
    """Colours as ``#rrggbb``; None where the picture does not show one clearly."""

    tint: str
    skin: str | None = None
    hair: str | None = None


def study_tones(content: bytes) -> Tones | None:
    """Look at a PNG or JPEG; None when it cannot be decoded or is too large to be worth it."""
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
            if image.width * image.height > MAX_STUDY_PIXELS:
                return None
            image.draft("RGB", (STUDY_SIDE * 4, STUDY_SIDE * 4))
            small = image.convert("RGB").resize((STUDY_SIDE, STUDY_SIDE), Image.Resampling.BOX)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    face = _pixels(small, 0.36, 0.3, 0.64, 0.56)
    skin = _find_middle([pixel for pixel in face if _is_like_skin(pixel)], len(face) // 3)
    hair = None
    if skin is not None:
        above = _pixels(small, 0.34, 0.06, 0.66, 0.26)
        dark = [pixel for pixel in above if luma(pixel) < luma(skin) - 0.12]
        hair = _find_middle(dark, len(above) // 4)
    every = _pixels(small, 0.0, 0.0, 1.0, 1.0)
    return Tones(_hex(_average(every)), _hex(skin) if skin else None, _hex(hair) if hair else None)


def _pixels(image: Image.Image, x0: float, y0: float, x1: float, y1: float) -> list[Colour]:
    width, height = image.size
    area = image.crop(
        (round(x0 * width), round(y0 * height), round(x1 * width), round(y1 * height))
    )
    raw = area.tobytes()
    return [(raw[i], raw[i + 1], raw[i + 2]) for i in range(0, len(raw), 3)]


def _is_like_skin(pixel: Colour) -> bool:
    red, green, blue = pixel
    return red > 60 and red > green > blue and 0.04 < (red - blue) / red < 0.62


def _find_middle(pixels: list[Colour], least: int) -> Colour | None:
    """Return the pixel of middle brightness, if there are enough of them."""
    if len(pixels) < max(least, 1):
        return None
    return sorted(pixels, key=luma)[len(pixels) // 2]


def _average(pixels: list[Colour]) -> Colour:
    """Return the average, in which colourful pixels count for more than grey ones."""
    total, red, green, blue = 0.0, 0.0, 0.0, 0.0
    for pixel in pixels:
        weight = 8.0 + max(pixel) - min(pixel)
        total += weight
        red += pixel[0] * weight
        green += pixel[1] * weight
        blue += pixel[2] * weight
    average = (round(red / total), round(green / total), round(blue / total))
    return (
        mix(average, (128, 128, 128), -0.15)
        if min(average) > 20 and max(average) < 230
        else average
    )


def _hex(colour: Colour) -> str:
    return f"#{colour[0]:02x}{colour[1]:02x}{colour[2]:02x}"
