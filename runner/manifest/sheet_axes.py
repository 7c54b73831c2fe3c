"""Keys from what a sheet says, and the axes of one that has every combination of its columns."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from runner.canonical import sha256_hex
from runner.manifest.starter import slug

_MAX_KEY = 64
MAX_PARTS = 7
"""Columns that a key is made from: with more of them there is no room for a word of each."""
_ARTICLE = re.compile(r"(?<![a-z0-9])(?:an?|the)-(?=.)")
_DETAIL = re.compile(r",|(?<=\w)\s(?:with|at|in|on|under|over|near|by|during)\s", re.IGNORECASE)
"""Where the details of a description begin: a key is made from what stands before them."""

_NAME = re.compile(r"(?<!\$)\$\{([^{}\n]*)\}")
_WEAR = ("outfit", "outfits", "clothes", "clothing", "wardrobe", "garment", "dress")
_PLACE = ("setting", "settings", "location", "place", "background", "backdrop", "scene")
_MOOD = ("light", "lighting", "mood", "style", "pose", "expression", "time_of_day")


def key_part(text: str, parts: int) -> str:
    """Make a part of a key from a cell; ``parts`` is how many the key has.

    What is too long, or has no letter that a key may have, is told apart by a piece of its hash.
    """
    room = _MAX_KEY // parts - 1
    made = _ARTICLE.sub("", slug(text))
    digest = sha256_hex(text.encode("utf-8", "surrogatepass"))
    if not made:
        return f"look-{digest[:6]}"[-room:] if parts == 1 else digest[:6]
    return made if len(made) <= room else f"{made[: room - 5].rstrip('-')}-{digest[:4]}"


def name_cells(cells: Iterable[str], parts: int) -> dict[str, str]:
    """Return a part of a key for each different cell of a column, as short as tells them apart."""
    texts = list(dict.fromkeys(cell for cell in cells if cell))
    short = {text: key_part(_DETAIL.split(text, maxsplit=1)[0], parts) for text in texts}
    count = Counter(short.values())
    return {text: key if count[key] == 1 else key_part(text, parts) for text, key in short.items()}


def choose_columns(rows: Sequence[Sequence[str]]) -> int | None:
    """Return how many of these columns, from the left, keys are made from.

    All of them while they are few, else the fewest that tell the rows apart; None where none do.
    """
    count = len(rows[0]) if rows else 0
    if count <= MAX_PARTS:
        return count
    for n in range(1, MAX_PARTS + 1):
        keyed = {tuple(filter(None, row[:n])) for row in rows} - {()}  # an empty cell is in no key
        if len(keyed) == len(rows):
            return n
    return None


def prompt_from_columns(names: Sequence[str]) -> str | None:
    """Return the prompt that columns of well-known names ask for; None where none is among them."""
    wear = [name for name in names if name in _WEAR]
    rest = [name for name in names if name in _PLACE] + [name for name in names if name in _MOOD]
    if not wear and not any(name in _PLACE for name in names):
        return None
    texts = [f"Wearing ${{{name}}}" for name in wear] + [f"${{{name}}}" for name in rest]
    return ", ".join(texts)


def match_names(text: str, names: Mapping[str, str]) -> str:
    """Write ``${Main Outfit}`` as the column's variable is called; ``names`` has folded names."""
    return _NAME.sub(lambda found: f"${{{names.get(_fold(found[1]), found[1])}}}", text)


def _fold(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())


def find_axes(rows: Sequence[Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Return the axes whose combinations are exactly these rows; empty where there are none.

    An axis has its values by their keys, in the order of the sheet. Columns that say the same in
    every row are no axis.
    """
    names = list(rows[0]) if rows else []
    if any(list(row) != names for row in rows):
        return {}
    values = {name: list(dict.fromkeys(row[name] for row in rows)) for name in names}
    varied = [name for name in names if len(values[name]) > 1]
    count = 1
    for name in varied:
        count *= len(values[name])
    if not 2 <= len(varied) <= MAX_PARTS or count != len(rows):
        return {}
    if len({tuple(row[name] for name in varied) for row in rows}) != len(rows):
        return {}
    axes = {
        name: {key: text for text, key in name_cells(values[name], len(varied)).items()}
        for name in varied
    }
    if any(len(axes[name]) != len(values[name]) for name in varied):
        return {}
    return axes
