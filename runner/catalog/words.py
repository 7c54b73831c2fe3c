"""What a reader sees for a key, a time, a hostile string: plain words, safe characters."""

import re
import unicodedata
from datetime import UTC, datetime

_SLUG = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_UNSAFE = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def strip_controls(text: str) -> str:
    """Return text that cannot rearrange what stands around it, and that UTF-8 can hold.

    Bidirectional embeddings, overrides and isolates, control characters and lone surrogates become
    U+FFFD, so that a reader sees that something was there. Line ends and tabs stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_REPLACEMENT if _is_unsafe(char) else char for char in text)


_REPLACEMENT = "\ufffd"


def _is_unsafe(char: str) -> bool:
    if char in "\n\t":
        return False
    return char in _UNSAFE or unicodedata.category(char) in ("Cc", "Cs")


def human_label(value: str) -> str:
    """Make a key readable (``rainy-street`` → ``Rainy street``); leave a written text alone."""
    if not _SLUG.fullmatch(value):
        return value
    words = re.sub(r"[._-]", " ", value)
    return words[:1].upper() + words[1:]


def _parse(stamp: str | None) -> datetime | None:
    if not stamp:
        return None
    try:
        when = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def format_moment(stamp: str | None) -> str | None:
    """Write an RFC 3339 time as ``2026-03-02 14:05:09 UTC``; None for what is not a time."""
    when = _parse(stamp)
    return when.strftime("%Y-%m-%d %H:%M:%S UTC") if when else None


def seconds_between(start: str | None, end: str | None) -> float | None:
    """Return the seconds between two RFC 3339 times; None unless both are times, in order."""
    first, last = _parse(start), _parse(end)
    if first is None or last is None or last < first:
        return None
    return (last - first).total_seconds()
