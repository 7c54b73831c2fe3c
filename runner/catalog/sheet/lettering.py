"""The typefaces of the sheets: how wide a text is, what sets each part of it, how it is cut to fit.

Two faces come with the program. What they lack is set in a font of this computer, where there is
one (``system``); a character that nothing here can set is a box.
"""

import unicodedata
from collections.abc import Iterator
from functools import cache, partial
from itertools import groupby
from pathlib import Path

from PIL import ImageFont

from runner.catalog.sheet import system

FontFace = str
"""``serif`` (Newsreader) or ``sans`` (Inter), both under the SIL Open Font License; or a font of
this computer, as ``system.Font.name`` writes it."""

_FOLDER = Path(__file__).parents[1] / "fonts"
FONTS: dict[FontFace, Path] = {
    "serif": _FOLDER / "Newsreader-Regular.ttf",
    "sans": _FOLDER / "Inter-Regular.ttf",
}
_UNITS = 200
"""Texts are measured at this size and scaled, so that hinting does not round the widths."""


_BOX = "□"


@cache
def load_face(face: FontFace, size: int) -> ImageFont.FreeTypeFont:
    """Return a face at a size in pixels. Raises OSError for a font without any size."""
    if face in FONTS:
        path = str(FONTS[face])
        return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
    return system.load_font(face, size)


def measure_width(text: str, face: FontFace, size: float) -> float:
    """Return the width of a text, in the unit of ``size``."""
    parts = split_by_face(text, face)
    return sum(load_face(own, _UNITS).getlength(part) for own, part in parts) * size / _UNITS


@cache
def _draw_missing(face: FontFace) -> bytes:
    return bytes(load_face(face, 32).getmask("\U0010ffff"))


@cache
def covers(face: FontFace, char: str) -> bool:
    """Return whether a face has a picture of a character, and not only its empty box."""
    return char.isspace() or bytes(load_face(face, 32).getmask(char)) != _draw_missing(face)


def _find_system_font(char: str) -> FontFace | None:
    """Return the computer's font that sets what neither of our own faces has, if there is one."""
    if char not in _known:
        _known[char] = next(filter(partial(_can_set, char), _candidates(char)), None)
    return _known[char]


_known: dict[str, FontFace | None] = {}
"""What was found so far; a font that was found is tried first, since asking takes a moment."""


def _candidates(char: str) -> Iterator[FontFace]:
    if system.can_set(char):
        yield from dict.fromkeys(face for face in _known.values() if face is not None)
        yield from system.find_fonts(char)


def _can_set(char: str, face: FontFace) -> bool:
    try:
        return covers(face, char)
    except OSError:  # a font of pictures, as of emoji, or a broken one
        return False


def choose_typeface(text: str, wanted: FontFace) -> tuple[FontFace, str]:
    """Return the face that a text is set in, and the text as it can be set.

    That is ``wanted`` if it has all of it; otherwise Inter, which has Greek and Cyrillic, together
    with what this computer has for other scripts. What nothing has is a box, so that a reader sees
    that something stands there.
    """
    if all(covers(wanted, char) for char in text):
        return wanted, text
    settled = ""
    for char in text:
        if unicodedata.category(char) == "Cf":  # it says how to set what stands before it
            settled += char if settled and not covers("sans", settled[-1]) else ""
        elif covers("sans", char) or _find_system_font(char) is not None:
            settled += char
        else:
            settled += _BOX
    return "sans", settled


def split_by_face(text: str, face: FontFace) -> list[tuple[FontFace, str]]:
    """Split a text into parts that one face can set: ``face`` itself, or a font of this computer.

    What stands between two words of a script belongs to them: they are put into order together.
    """
    faces: list[FontFace] = []
    for char in text:
        before = faces[-1] if faces else face
        if before != face and not char.isalnum() and _can_set(char, before):
            faces.append(before)
        else:
            faces.append(face if covers(face, char) else _find_system_font(char) or face)
    for index in range(len(text) - 1, -1, -1):  # the space after such words is the rest's
        after = faces[index + 1] if index + 1 < len(text) else face
        if text[index].isspace() and after != faces[index]:
            faces[index] = face
    pairs = groupby(zip(faces, text, strict=True), key=lambda pair: pair[0])
    return [(own, "".join(char for _face, char in group)) for own, group in pairs]


def fit(text: str, face: FontFace, size: float, room: float) -> str:
    """Cut a text to one line of at most ``room``, with an ellipsis where something is missing."""
    text = " ".join(text[:400].split())
    if measure_width(text, face, size) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if measure_width(text[:middle].rstrip() + "…", face, size) <= room:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…"


def wrap(text: str, face: FontFace, size: float, room: float, lines: int) -> list[str]:
    """Break a text into at most ``lines`` lines of at most ``room``; the last one is cut to fit."""
    words = text[:400].split()
    broken: list[str] = []
    while words and len(broken) < lines - 1:
        count = 1
        while (
            count < len(words) and measure_width(" ".join(words[: count + 1]), face, size) <= room
        ):
            count += 1
        broken.append(fit(" ".join(words[:count]), face, size, room))
        words = words[count:]
    if words:
        broken.append(fit(" ".join(words), face, size, room))
    return broken
