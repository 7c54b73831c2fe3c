"""Canonical JSON and tagged hashes: the same value always has the same bytes and the same digest.

A tag separates the domains (an identity can never equal a body's digest) and carries a version, so
that a rule may change later without two meanings sharing one hash.
"""

import hashlib
import json
from typing import Any

__all__ = ["canonical_json", "sha256_hex", "tagged_hash"]

_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode


def canonical_json(value: Any) -> str:
    """Give the one JSON text of a value: sorted keys, no white space, no needless escapes.

    Raises ValueError for NaN and infinities, TypeError for what JSON cannot say.
    """
    return _encode(value)


def sha256_hex(data: bytes) -> str:
    """Give the SHA-256 of some bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def tagged_hash(tag: str, value: Any) -> str:
    """Hash a value's canonical form under a tag such as ``lookbook.identity.v1``; 64 hex digits."""
    return sha256_hex(f"{tag}\n{canonical_json(value)}".encode())
