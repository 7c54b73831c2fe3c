"""Which words of a prompt mean which garment, setting, light, colour or trait.

The words themselves are in ``vocabulary.toml``.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple


@cache
def _pattern(alternatives: str) -> re.Pattern[str]:
    words = sorted(alternatives.split("|"), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, words))})(?![\w])")


def mentions(text: str, alternatives: str) -> bool:
    """Return whether a lower-case text holds one of the words ``a|b|c``."""
    return _pattern(alternatives).search(text) is not None


def without(text: str, alternatives: str) -> str:
    """Take the words ``a|b|c`` out of a lower-case text."""
    return _pattern(alternatives).sub(" ", text)


class Named(NamedTuple):
    """An entry that a text names, the phrase that did, and where."""

    entry: str
    phrase: str
    start: int
    end: int


class Table:
    """Words and what they mean: entries, each with its alternatives ``a|b|c``."""

    def __init__(self, entries: Mapping[str, str]) -> None:
        self.entries = entries
        self.every = "|".join(entries.values())
        self._meanings: dict[str, str] = {}
        for entry, alternatives in entries.items():
            for word in alternatives.split("|"):
                self._meanings.setdefault(word, entry)

    def all(self, text: str) -> list[Named]:
        """Return everything that a lower-case text names, in its order, longest phrases first."""
        return [
            Named(self._meanings[match.group()], match.group(), match.start(), match.end())
            for match in _pattern(self.every).finditer(text)
        ]

    def find(self, text: str) -> str:
        """Return the entry that the text names first, or nothing."""
        match = _pattern(self.every).search(text)
        return self._meanings[match.group()] if match else ""

    def strongest(self, text: str) -> str:
        """Return the entry that stands first in the table of those that the text names."""
        named = {found.entry for found in self.all(text)}
        return next((entry for entry in self.entries if entry in named), "")


VOCABULARY: dict[str, dict[str, str]] = tomllib.loads(
    (Path(__file__).parent / "vocabulary.toml").read_text(encoding="utf-8")
)

GARMENTS = Table(VOCABULARY["garments"])
SETTINGS = Table(VOCABULARY["settings"])
LIGHTS = Table(VOCABULARY["lights"])
WEATHER = Table(VOCABULARY["weather"])
EXPRESSIONS = Table(VOCABULARY["expressions"])
POSES = Table(VOCABULARY["poses"])
FORMATS = Table(VOCABULARY["formats"])
HAIR_STYLES = Table(VOCABULARY["hair_styles"])
BEARDS = Table(VOCABULARY["beards"])
SKINS = Table(VOCABULARY["skins"])
AGES = Table(VOCABULARY["ages"])

COLOURS = VOCABULARY["colours"]
HAIR_COLOURS = VOCABULARY["hair_colours"]

WOMAN = (
    "woman|women|female|lady|girl|she|her|businesswoman|saleswoman|actress|mother|grandmother|queen"
)
MAN = "man|men|male|gentleman|guy|boy|he|his|businessman|salesman|actor|father|grandfather|king"

WOMENS_WEAR = "dress|sundress|gown|blouse|sari|skirt|heels"
MENS_WEAR = "tie|necktie|tuxedo|beard|bearded|moustache|stubble|goatee"

ALONE = ("salt and pepper", "blonde", "blond", "brunette", "redhead")
"""Colours that mean the hair though nobody says hair."""

_HAIR = re.compile(
    rf"(?<![\w-])(?:({'|'.join(sorted(HAIR_COLOURS, key=len, reverse=True))})(?:[ -][a-z]+){{0,2}}?"
    r"[ -](?:hair|haired|beard|bearded|curls|bob|braids|ponytail|bun|waves)"
    rf"|({'|'.join(ALONE)}))(?!\w)"
)


def hair_colour(text: str) -> str | None:
    """Return the colour that a lower-case text gives somebody's hair, as ``#rrggbb``."""
    match = _HAIR.search(text)
    return HAIR_COLOURS[match[1] or match[2]] if match else None


def colours(text: str) -> list[str]:
    """Return the colours that a lower-case text names, in their order, as ``#rrggbb``."""
    return [COLOURS[match.group()] for match in _pattern("|".join(COLOURS)).finditer(text)]


_LENGTH = re.compile(r"(?<![\w-])(short|long)(?: [a-z-]+){0,2} hair(?!\w)")


def hair_length(text: str) -> str:
    """Return ``short`` or ``long`` when a lower-case text says it of somebody's hair."""
    match = _LENGTH.search(text)
    return match[1] if match else ""
