"""How many columns a text takes on a terminal, and how it is cut to fit. Pure."""

from unicodedata import category, east_asian_width

_NO_COLUMN = frozenset({"Mn", "Me", "Cf"})
"""Categories of characters that stand on another one, or that only say how to set others."""

_JAMO = range(0x1160, 0x1200)
"""Vowels and final consonants of Hangul, which terminals set into the syllable before them."""


def char_width(char: str) -> int:
    """Return the columns of one character: 0, 1, or 2 for what East Asian fonts set wide."""
    if char < "\u0300":
        return 1
    if category(char) in _NO_COLUMN or ord(char) in _JAMO:
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def text_width(text: str) -> int:
    """Return the columns of a text of any script; it holds no control characters."""
    return len(text) if text.isascii() else sum(map(char_width, text))


def split_text(text: str, width: int) -> list[str]:
    """Split a text of a script without spaces into lines of at most ``width`` columns."""
    lines, room = [""], width
    for char in text:
        room -= char_width(char)
        if room < 0:
            lines.append("")
            room = width - char_width(char)
        lines[-1] += char
    return lines


def cut_text(text: str, width: int) -> str:
    """Return a text that takes no more than ``width`` columns, with an ellipsis if it was cut."""
    if text_width(text) <= width:
        return text
    room, end = width - 1, 0
    for char in text:
        room -= char_width(char)
        if room < 0:
            break
        end += 1
    return f"{text[:end].rstrip()}…" if width > 0 else ""
