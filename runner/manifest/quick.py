"""A second, hand-written reading of ``manifest.schema.json`` that only ever says yes or no.

Ten thousand looks take jsonschema seconds and this module milliseconds. It explains nothing: what
it refuses goes to jsonschema (``runner.manifest.schema``), which finds the words. A test holds the
two together on a corpus and on generated documents.
"""

import re
from collections.abc import Callable
from typing import Any

_LOOK_KEY = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
_TAG = re.compile(r"[^,\r\n]{1,64}\Z")

Predicate = Callable[[Any], bool]


def _string(value: Any) -> bool:
    return isinstance(value, str)


def _text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _name(value: str) -> bool:
    return _NAME.match(value) is not None


def _tag(value: Any) -> bool:
    return isinstance(value, str) and _TAG.match(value) is not None


def _integer(low: int, high: int) -> Predicate:
    def check(value: Any) -> bool:
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return whole and not isinstance(value, bool) and low <= value <= high

    return check


def _amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _price(value: Any) -> bool:
    return _amount(value) and value <= 1_000_000


def _list(item: Predicate, low: int = 0, high: float = float("inf")) -> Predicate:
    def check(value: Any) -> bool:
        return isinstance(value, list) and low <= len(value) <= high and all(map(item, value))

    return check


def _mapping(
    key: Predicate, item: Predicate, low: int = 0, high: float = float("inf")
) -> Predicate:
    def check(value: Any) -> bool:
        return (
            isinstance(value, dict)
            and low <= len(value) <= high
            and all(map(key, value))
            and all(map(item, value.values()))
        )

    return check


def _fields(value: Any, checks: dict[str, Predicate]) -> bool:
    """Return whether a mapping has only these keys (and ``x-`` ones), each with a good value."""
    if not isinstance(value, dict):
        return False
    for key, item in value.items():
        check = checks.get(key)
        if check is None:
            if not key.startswith("x-"):
                return False
        elif not check(item):
            return False
    return True


def _closed(value: Any, checks: dict[str, Predicate]) -> bool:
    """Check the same without ``x-`` keys."""
    return _fields(value, checks) and value.keys() <= checks.keys()


def _image(value: Any) -> bool:
    if isinstance(value, str):
        return value != ""
    if not _closed(value, _IMAGE):
        return False
    for kind, keys in _IMAGE_FORMS:
        if kind in value:
            form = "base64" if kind == "data" else kind
            given = value.keys() - {"type"}
            return bool(given == keys and value.get("type", form) == form)
    return False


def _reference(value: Any) -> bool:
    return value is None or _group(value)


def _group(value: Any) -> bool:
    if isinstance(value, str):
        return value != ""
    return isinstance(value, dict) and len(value) == 1 and _text(value.get("look"))


def _axis_item(value: Any) -> bool:
    return _text(value) or _texts(value)


def _axis(value: Any) -> bool:
    return _texts(value) or _axis_items(value)


def _zipped(value: Any) -> bool:
    return isinstance(value, str) or _zip_group(value)


def _included(value: Any) -> bool:
    return _text(value) or _one_text(value)


def _threshold(value: Any) -> bool:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return 0 <= value <= 2
    return bool(value == "default")


def _boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _keys(value: Any) -> bool:
    return _list(_text)(value) and len(set(value)) == len(value)


def _likeness(value: Any) -> bool:
    return value == "default" or (bool(value) and _closed(value, _LIKENESS))


def _look(value: Any) -> bool:
    if not _fields(value, _LOOK):
        return False
    if "existing" in value:
        return all(key in _EXISTING or key.startswith("x-") for key in value)
    return "prompt" in value and ("avatar_group_id" not in value or "avatar_id" in value)


def _base(value: Any) -> bool:
    if not _fields(value, _BASE) or "name" not in value:
        return False
    for kind, keys in _BASE_FORMS:
        if kind in value:
            return all(key in keys or key.startswith("x-") for key in value)
    return False


def _entry(value: Any) -> bool:
    if not _fields(value, _ENTRY) or not value.keys() >= {"id", "prompt"}:
        return False
    if "avatar_group_id" in value and "avatar_id" not in value:
        return False
    if "axes" not in value:
        return "include" in value and not value.keys() & {"zip", "exclude"}
    return True


def _defaults(value: Any) -> bool:
    return _fields(value, _DEFAULTS)


def _budget(value: Any) -> bool:
    return _closed(value, {"run_usd": _amount, "campaign_usd": _amount})


def _credit(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 500


def _credits(value: Any) -> bool:
    known: dict[str, Predicate] = dict.fromkeys(("creator", "credit", "copyright"), _credit)
    return _closed(value, known) and len(value) > 0


def _prices(value: Any) -> bool:
    return _closed(value, {"photo": _price, "prompt": _price})


def _looks(value: Any) -> bool:
    if not isinstance(value, dict) or "base" in value or not all(map(_LOOK_KEY.match, value)):
        return False
    return all(map(_look, value.values()))


def conforms(document: Any) -> bool:
    """Return whether a document satisfies ``schemas/manifest.schema.json``; never raises."""
    return _fields(document, _TOP) and document.keys() >= {"version", "campaign", "base"}


def conforms_as_look(key: str, value: Any) -> bool:
    """Return whether one entry of ``looks`` satisfies the schema; never raises."""
    return key != "base" and _LOOK_KEY.match(key) is not None and _look(value)


_texts = _mapping(_text, _text, low=1)
_one_text = _mapping(_text, _text, low=1, high=1)
_axis_items = _list(_axis_item, low=1)
_zip_group = _list(_string, low=2)
_images = _list(_image, high=3)
_variables = _mapping(_name, _string)

_IMAGE: dict[str, Predicate] = {
    "type": lambda value: value in ("url", "asset_id", "base64"),
    "url": lambda value: isinstance(value, str) and value.startswith("https://"),
    "asset_id": _text,
    "media_type": lambda value: value in ("image/png", "image/jpeg"),
    "data": _text,
}
_LIKENESS: dict[str, Predicate] = {
    "warn": _threshold,
    "hold": _threshold,
    "pictures": lambda value: value in ("photos", "drawings"),
    "retry": _boolean,
}
_IMAGE_FORMS = (
    ("url", {"url"}),
    ("asset_id", {"asset_id"}),
    ("data", {"data", "media_type"}),
)
_DEFAULTS: dict[str, Predicate] = {
    "prompt_prefix": _string,
    "prompt_suffix": _string,
    "reference_images": _images,
    "takes": _integer(1, 100),
    "retries": _integer(0, 10),
    "likeness": _likeness,
    "approval": _boolean,
    "tags": _list(_tag),
}
_REQUEST: dict[str, Predicate] = _DEFAULTS | {
    "title": _text,
    "name": _text,
    "prompt": _text,
    "avatar_id": _reference,
    "avatar_group_id": _group,
    "variables": _variables,
}
_LOOK: dict[str, Predicate] = _REQUEST | {"existing": _text}
_EXISTING = frozenset({"existing", "title", "tags", "approval"})
_ENTRY: dict[str, Predicate] = _REQUEST | {
    "id": _text,
    "axes": _mapping(_name, _axis, low=1),
    "zip": _list(_zipped, low=1),
    "include": _list(_mapping(_name, _included, low=1)),
    "exclude": _list(_mapping(_name, _text, low=1)),
}
_BASE: dict[str, Predicate] = {
    "name": _text,
    "title": _text,
    "photo": _image,
    "prompt": _text,
    "avatar_id": _text,
    "avatar_group_id": _text,
    **{key: _DEFAULTS[key] for key in ("reference_images", "takes", "retries", "tags", "approval")},
}
_PAID = frozenset({"name", "title", "avatar_group_id", "takes", "retries", "tags", "approval"})
_BASE_FORMS = (
    ("photo", _PAID | {"photo"}),
    ("prompt", _PAID | {"prompt", "reference_images"}),
    ("avatar_id", frozenset({"name", "title", "avatar_id", "tags", "approval"})),
)
_TOP: dict[str, Predicate] = {
    "version": _integer(1, 1),
    "campaign": lambda value: isinstance(value, str) and 0 < len(value) <= 200,
    "base": _base,
    "variables": _variables,
    "defaults": _defaults,
    "looks": _looks,
    "matrix": _list(_entry),
    "max_looks": _integer(1, 1_000_000),
    "approval": _keys,
    "budget": _budget,
    "credits": _credits,
    "prices": _prices,
}
