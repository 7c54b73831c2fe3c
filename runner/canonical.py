"""Canonical JSON and tagged hashes: the same value always has the same bytes and the same digest.

A tag separates the domains (an identity can never equal a body's digest) and carries a version, so
that a rule may change later without two meanings sharing one hash.
"""

import json
import math
from collections import Counter
from typing import Any

_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode


def canonical_json(value: Any) -> str:
    """Return the one JSON text of a value: sorted keys, no white space, no needless escapes.

    Raises ValueError for NaN and infinities, TypeError for what JSON cannot say.
    """
    return _encode(value)


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of some bytes, as 64 hexadecimal digits."""
    import hashlib  # OpenSSL comes with it, and a command may have nothing to hash

    return hashlib.sha256(data).hexdigest()


def parse_json(text: str | bytes) -> Any:
    """Read JSON as strictly as it is written here; what others read leniently they read each alike.

    Raises ValueError: for NaN and infinities, for a number that is too large to be one (``1e999``),
    for a key that is given twice, for text that is no Unicode, for nesting without end.
    """
    try:
        value = json.loads(
            text, parse_constant=_no_number, parse_float=_number, object_pairs_hook=_unique
        )
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except UnicodeError:
        raise ValueError("it holds characters that are no Unicode text") from None
    return value


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no amount")


def _number(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _no_number(text[:40])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        (twice, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"{twice[:40]!r} is given twice")
    return value


def tagged_hash(tag: str, value: Any) -> str:
    """Hash a value's canonical form under a tag such as ``lookbook.identity.v1``; 64 hex digits."""
    return sha256_hex(f"{tag}\n{canonical_json(value)}".encode())
