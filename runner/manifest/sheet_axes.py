"""Keys from what a sheet says, and the axes of one that has every combination of its columns."""

import re
from collections.abc import Mapping, Sequence

from runner.canonical import sha256_hex
from runner.manifest.starter import slug

_MAX_KEY = 64
_ARTICLE = re.compile(r"(?:an?|the)-(?=.)")
_NAME = re.compile(r"(?<!\$)\$\{([^{}\n]*)\}")
_WEAR = ("outfit", "outfits", "clothes", "clothing", "wardrobe", "garment", "dress")
_PLACE = ("setting", "settings", "location", "place", "background", "backdrop", "scene")
_MOOD = ("light", "lighting", "mood", "style", "pose", "expression", "time_of_day")


def key_part(text: str, parts: int) -> str:
    """Make a part of a key from a cell; ``parts`` is how many the key has.

    What is too long, or has no letter that a key may have, is told apart by a piece of its hash.
    """
    room = _MAX_KEY // parts - 1
    made = _ARTICLE.sub("", slug(text), count=1)
    digest = sha256_hex(text.encode("utf-8", "surrogatepass"))
    if not made:
        return f"look-{digest[:6]}"[-room:] if parts == 1 else digest[:6]
    return made if len(made) <= room else f"{made[: room - 5].rstrip('-')}-{digest[:4]}"


def key_of_cells(cells: Sequence[str]) -> str:
    """Return the key of a row that gives none, made from what tells it apart."""
    given = [cell for cell in cells if cell]
    return "-".join(key_part(cell, len(cells)) for cell in given)


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
    if len(varied) < 2 or count != len(rows):
        return {}
    if len({tuple(row[name] for name in varied) for row in rows}) != len(rows):
        return {}
    axes = {name: _name_values(values[name], len(varied)) for name in varied}
    if any(len(axes[name]) != len(values[name]) for name in varied):
        return {}
    return axes


def _name_values(values: Sequence[str], parts: int) -> dict[str, str]:
    """Return an axis's values by key: from what stands before a comma, where that tells them apart.

    Fewer values than were given come back where their keys would be the same.
    """
    short = {key_part(value.partition(",")[0], parts): value for value in values}
    if len(short) == len(values):
        return short
    return {key_part(value, parts): value for value in values}
