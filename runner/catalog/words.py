"""What a reader sees for a state, a sum, a time, a hostile string: plain words, safe characters."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

__all__ = [
    "BILLING_WORDS",
    "ERROR_WORDS",
    "STATE_WORDS",
    "format_moment",
    "human_label",
    "seconds_between",
    "strip_controls",
]

STATE_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "planned": ("Planned", "Not sent yet."),
        "submitting": ("Sending", "The request is on its way; run again to resume."),
        "unknown": ("Unknown", "The answer was lost, so it may have been bought. Run again."),
        "processing": ("In progress", "HeyGen is generating it; run again to pick it up."),
        "pending_consent": ("Needs consent", "A person has to grant consent before it goes on."),
        "completed": ("Generated", "It is finished; its picture is not on disk yet."),
        "fetched": ("Ready", "Finished, with its picture on disk."),
        "failed": ("Failed", "The generation did not succeed."),
        "deleted": ("Deleted", "It is gone at HeyGen; what was recorded of it stays."),
        "blocked": ("Blocked", "It waits for a look that could not be made."),
        "stale": ("Out of date", "What it was made from has changed since."),
        "changed": ("Changed", "Edited since it was made; the edit is not bought yet."),
    }
)
"""State → (label, one sentence). Every state of a look and of a take is here."""

BILLING_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "none": "not charged",
        "reserved": "reserved, not decided yet",
        "unknown": "held: the answer was lost",
        "billed": "charged",
        "assumed_billed": "counted as charged (it failed, or was found without an answer)",
        "refunded": "given back: the wallet shows that it was not charged",
    }
)

ERROR_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "avatar_not_found": "The look it references no longer exists in the account.",
        "avatar_group_not_found": "The group it should be saved in does not exist.",
        "download_failed": "HeyGen could not fetch one of its images.",
        "gateway_timeout": "Fetching one of its images took HeyGen too long.",
        "insufficient_credit": "The wallet was empty.",
        "invalid_parameter": "HeyGen refused the request as it was written.",
        "moderation": "HeyGen's moderation refused the prompt or a picture.",
        "payload_too_large": "A picture was too large to send.",
        "rate_limit_exceeded": "The account had too much work in progress.",
        "resource_access_denied": "The account may not use what it refers to.",
        "resource_limit_reached": "The account has no room for more of these.",
    }
)
"""Error codes of the API page, lower-cased, in words; other codes speak through their message."""

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
