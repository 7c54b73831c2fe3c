"""Why a look would be generated again, in a reader's words: what is paid for, then and now."""

import json
from typing import Any

from runner.folding import fold_text
from runner.word_diff import compare_words

_MAX_SHOWN_CHARS = 48


def describe_change(before: str, now: str) -> str:
    """Compare two ingredients (canonical JSON) and return in words what is different.

    A changed prompt shows its changed words: ``prompt changed: `navy` → `red```.
    """
    old, new = _fold_ingredients(before), _fold_ingredients(now)
    if old.get("type") != new.get("type"):
        return f"type changed: {old.get('type')} → {new.get('type')}"
    parts = [
        _describe_field(name, old.get(name), new.get(name))
        for name in ("prompt", "reference", "images", "group", "file", "id")
        if old.get(name) != new.get(name)
    ]
    return "; ".join(parts) or "changed"


def _fold_ingredients(ingredients: str) -> dict[str, Any]:
    """Read ingredients; white space that takes no part in an identity is no change to show."""
    made: dict[str, Any] = json.loads(ingredients)
    prompt = made.get("prompt")
    return made | {"prompt": fold_text(prompt)} if isinstance(prompt, str) else made


def _describe_field(name: str, old: Any, new: Any) -> str:
    if name == "prompt":
        return f"prompt changed: {_words(str(old), str(new))}"
    if name == "images":
        counts = [len(images) if isinstance(images, list) else 0 for images in (old, new)]
        return f"reference images changed: {counts[0]} → {counts[1]}"
    if name == "file":
        return "photo changed"
    return f"{name} changed: {_name_value(old)} → {_name_value(new)}"


def _name_value(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("look") or value.get("id"))
    return "none" if value is None else str(value)


def _words(old: str, new: str) -> str:
    """Show the words that changed; from the first change to the last where there are many."""
    was, now = old.split(" "), new.split(" ")
    changes = [op for op in compare_words(was, now) if op[0] != "equal"]
    if not changes:
        return "white space"
    shown = [_change(" ".join(was[a:b]), " ".join(now[c:d])) for _, a, b, c, d in changes[:2]]
    return ", ".join(shown) + (f" and {len(changes) - 2} more" if len(changes) > 2 else "")


def _change(was: str, now: str) -> str:
    if not was or not now:
        return f"`{_cut(was or now)}` {'added' if now else 'removed'}"
    return f"`{_cut(was)}` → `{_cut(now)}`"


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN_CHARS else text[: _MAX_SHOWN_CHARS - 1] + "…"
