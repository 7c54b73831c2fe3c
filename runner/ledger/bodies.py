"""Request bodies as they are stored: byte for byte, with large image data kept once by its hash.

Two hundred looks may carry the same base64 style image; the ledger keeps it once.
"""

import json
import re
from collections.abc import Mapping

from runner.canonical import sha256_hex

_LARGE = re.compile(rb'(?<=")[A-Za-z0-9+/=_-]{4096,}(?=")')


def split_body(body: bytes) -> tuple[str, dict[str, bytes]]:
    """Return the pieces of a body as JSON, and the large pieces by their SHA-256."""
    pieces: list[str | dict[str, str]] = []
    blobs: dict[str, bytes] = {}
    end = 0
    for match in _LARGE.finditer(body):
        digest = sha256_hex(match.group())
        blobs[digest] = match.group()
        pieces += [body[end : match.start()].decode(), {"blob": digest}]
        end = match.end()
    pieces.append(body[end:].decode())
    return json.dumps(pieces, ensure_ascii=False), blobs


def list_blobs(pieces: str) -> list[str]:
    """Return the hashes of the large pieces that a body needs."""
    return [piece["blob"] for piece in json.loads(pieces) if isinstance(piece, dict)]


def join_body(pieces: str, blobs: Mapping[str, bytes], sha256: str) -> bytes:
    """Reassemble a stored body. Raises ValueError when it is not what was stored."""
    body = b"".join(
        piece.encode() if isinstance(piece, str) else blobs[piece["blob"]]
        for piece in json.loads(pieces)
    )
    if sha256_hex(body) != sha256:
        raise ValueError(f"the stored body {sha256} does not have its own hash")
    return body
