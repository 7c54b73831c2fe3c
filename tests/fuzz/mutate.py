"""Changes to JSON as JSON: one value among many becomes another, and the rest stays readable.

A search by bytes alone would break the brackets nearly every time. What stands before the first
brace stays as it is.
"""

import json
import random
from copy import deepcopy
from typing import Any

__all__ = ["changed"]

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 1.0, 0.5, 2**31, 2**53, 2**63, 10**40, 1e308, float("nan")),
    *(float("inf"), "", " ", "\ud800", "\x00", "\u202e", "a" * 300, "../x", "/x", "tomorrow"),
    *("0001-01-01T00:00:00", "9999-12-31T23:59:59-23:59", "NaN", "base", "navy", [], {}, [None]),
    *("unknown", "submitting", "processing", "failed", "none", "billed", "reserved", "fetched"),
)


def changed(data: bytes, chance: random.Random) -> bytes | None:
    """Return the same bytes with one to three values of their JSON changed; None without JSON."""
    start = data.find(b"{")
    if start < 0:
        return None
    try:
        value = json.loads(data[start:])
    except (ValueError, RecursionError):
        return None
    box = [value]
    for _ in range(chance.randint(1, 3)):
        _change(box, chance)
    return data[:start] + json.dumps(box[0], ensure_ascii=chance.random() < 0.9).encode(
        "utf-8", "surrogatepass"
    )


def _change(box: list[Any], chance: random.Random) -> None:
    places = list(_places(box))
    parent, key = chance.choice(places)
    other, other_key = chance.choice(places)
    what = chance.randrange(6)
    if what == 0 and parent is not box:
        del parent[key]
    elif what == 1:
        parent[key] = deepcopy(other[other_key])
    elif what == 2 and isinstance(parent, list):
        parent.append(deepcopy(parent[key]))
    elif what == 3 and isinstance(parent, dict):
        parent[str(other_key)] = deepcopy(parent[key])
    else:
        parent[key] = deepcopy(chance.choice(ODD))


def _places(value: Any) -> Any:
    keys = range(len(value)) if isinstance(value, list) else list(value)
    for key in keys:
        yield value, key
        if isinstance(value[key], list | dict):
            yield from _places(value[key])
