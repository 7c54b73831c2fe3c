"""Redact secrets from a text that is about to be kept: an error report, a log."""

import re
from collections.abc import Mapping, Sequence
from os import PathLike

MASK = "***"

SHORTEST_SECRET = 8
"""A shorter key is nobody's secret (a simulator's), and redacting it would spoil ordinary words."""

LOOKS_SECRET = (
    # What the word before it calls a secret: headers, JSON fields, parameters, variables.
    re.compile(
        r"""((?:api[-_]?key|authorization|bearer|password|passwd|secret|token|credentials?)\w*"""
        r"""["']?\s*[:=,]\s*b?["']?(?:bearer\s+|basic\s+)?)[^\s"',;&)}\]]+""",
        re.IGNORECASE,
    ),
    re.compile(r"(\bbearer\s+)[^\s\"',;]+", re.IGNORECASE),
    # The query of a link is its signature.
    re.compile(r"(https?://[^\s\"'<>?]+\?)[^\s\"'<>]+", re.IGNORECASE),
    # User and password of an address; a password may have an @ that should have been escaped.
    re.compile(r"(\b[a-z][a-z0-9+]*://)[^\s\"'<>/]+(?=@)", re.IGNORECASE),
    # What issuers of keys begin them with.
    re.compile(r"(\b(?:sk|pk|rk|whsec|hg)[-_])[\w-]{8,}", re.IGNORECASE),
)
RANDOM_WORD = re.compile(r"(?<![\w+=-])[\w+-]{24,}={0,2}(?![\w+-])")


def find_secrets(
    environment: Mapping[str, str], home: str | PathLike[str] | None
) -> tuple[str, ...]:
    """Return the API keys that this process can have seen; never raises for one that is unusable.

    Both places count: a variable hides a file, but either may have been read.
    """
    from runner.errors import AccountError
    from runner.heygen.credentials import find_credentials

    found = [environment.get("HEYGEN_API_KEY", "").strip()]
    try:
        others = {name: environment[name] for name in environment if name != "HEYGEN_API_KEY"}
        found.append(find_credentials(others, home)[0].key)
    except AccountError:
        pass
    return tuple(key for key in dict.fromkeys(found) if len(key) >= SHORTEST_SECRET)


_added: set[str] = set()


def add_secret(key: str) -> None:
    """Redact a key from now on that is in none of the places where keys are looked for."""
    if len(key) >= SHORTEST_SECRET:
        _added.add(key)


def redact(text: str, secrets: Sequence[str] = ()) -> str:
    """Replace these secrets, however they are spelled, and what looks like one by ``***``."""
    if secrets := (*secrets, *_added):
        from runner.heygen.spellings import list_spellings

        text = list_spellings(*secrets).sub(MASK, text)
    for pattern in LOOKS_SECRET:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return text


def redact_random(text: str) -> str:
    """Replace long random words as well: some are ids, but one may be a key that nobody knows."""
    return RANDOM_WORD.sub(_mask_random, text)


def _mask_random(match: re.Match[str]) -> str:
    """Mask a long word of small letters, capitals and digits; hashes and most names are not."""
    word = match[0]
    kinds = (str.islower, str.isupper, str.isdigit)
    return MASK if all(any(kind(char) for char in word) for kind in kinds) else word
