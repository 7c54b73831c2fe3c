"""The checksum that whoever closes a ledger in order leaves beside it.

A file that still has it is byte for byte what a program of ours left, and was checked then: reading
it once is many times faster than to check it anew.
"""

import json
import zlib
from contextlib import suppress
from pathlib import Path

__all__ = ["is_as_left", "leave_checksum"]

NAME = "ledger.checksum.json"
CHUNK = 1 << 20


def is_as_left(path: Path) -> bool:
    """Return whether a ledger's file is byte for byte what the program that closed it last left."""
    try:
        kept = json.loads(path.with_name(NAME).read_text("utf-8"))
        return bool(kept[path.name] == _checksum(path)) and not _has_log(path)
    except (OSError, ValueError, LookupError, TypeError):
        return False


def leave_checksum(path: Path) -> None:
    """Write the checksum of a ledger that was just closed; where that fails it is checked anew."""
    with suppress(OSError):
        if _has_log(path):  # somebody else has it open
            path.with_name(NAME).unlink(missing_ok=True)
        else:
            text = json.dumps({path.name: _checksum(path)}) + "\n"
            path.with_name(NAME).write_text(text, "utf-8")


def _checksum(path: Path) -> list[int]:
    """Return size and CRC-32 of a file: a guard against decay, not against intention."""
    crc, size = 0, 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            crc, size = zlib.crc32(chunk, crc), size + len(chunk)
    return [size, crc]


def _has_log(path: Path) -> bool:
    log = Path(f"{path}-wal")
    return log.exists() and log.stat().st_size > 0
