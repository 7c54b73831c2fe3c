"""The two typefaces of the sheets: how wide a text is, and how it is cut to fit."""

from functools import cache
from pathlib import Path

from PIL import ImageFont

__all__ = ["FONTS", "Face", "covers", "fit", "settle", "width", "wrap"]

Face = str
"""``serif`` (Newsreader) or ``sans`` (Inter); both under the SIL Open Font License."""

_FOLDER = Path(__file__).parents[1] / "fonts"
FONTS: dict[Face, Path] = {
    "serif": _FOLDER / "Newsreader-Regular.ttf",
    "sans": _FOLDER / "Inter-Regular.ttf",
}
_UNITS = 200
"""Texts are measured at this size and scaled, so that hinting does not round the widths."""


_BOX = "□"


@cache
def sized(face: Face, size: int) -> ImageFont.FreeTypeFont:
    """Give a face at a size in pixels."""
    return ImageFont.truetype(str(FONTS[face]), size, layout_engine=ImageFont.Layout.BASIC)


def width(text: str, face: Face, size: float) -> float:
    """Give the width of a text, in the unit of ``size``."""
    return sized(face, _UNITS).getlength(text) * size / _UNITS


@cache
def _void(face: Face) -> bytes:
    return bytes(sized(face, 32).getmask("\U0010ffff"))


@cache
def covers(face: Face, char: str) -> bool:
    """Whether a face has a picture of a character, and not only its empty box."""
    return char.isspace() or bytes(sized(face, 32).getmask(char)) != _void(face)


def settle(text: str, wanted: Face) -> tuple[Face, str]:
    """Give the face that can set a text, and the text as it can be set.

    That is ``wanted`` if it has all of it; otherwise Inter, which has Greek and Cyrillic. What
    neither has (other scripts, emoji) is a box, so that a reader sees that something stands there.
    """
    if all(covers(wanted, char) for char in text):
        return wanted, text
    return "sans", "".join(char if covers("sans", char) else _BOX for char in text)


def fit(text: str, face: Face, size: float, room: float) -> str:
    """Cut a text to one line of at most ``room``, with an ellipsis where something is missing."""
    text = " ".join(text[:400].split())
    if width(text, face, size) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if width(text[:middle].rstrip() + "…", face, size) <= room:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…"


def wrap(text: str, face: Face, size: float, room: float, lines: int) -> list[str]:
    """Break a text into at most ``lines`` lines of at most ``room``; the last one is cut to fit."""
    words = text[:400].split()
    broken: list[str] = []
    while words and len(broken) < lines - 1:
        count = 1
        while count < len(words) and width(" ".join(words[: count + 1]), face, size) <= room:
            count += 1
        broken.append(fit(" ".join(words[:count]), face, size, room))
        words = words[count:]
    if words:
        broken.append(fit(" ".join(words), face, size, room))
    return broken
