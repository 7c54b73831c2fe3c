"""The checksum that whoever closes a ledger in order leaves beside it.

A file that still has it is byte for byte what a program of ours left, and was checked then: reading
it once is many times faster than to check it anew.
"""

import json
import zlib
from contextlib import suppress
from pathlib import Path

from runner.errors import StorageError
from runner.files import open_file, read_note, write_atomic

NAME = "ledger.checksum.json"
CHUNK = 1 << 20


def is_as_left(path: Path) -> bool:
    """Return whether a ledger's file is byte for byte what the program that closed it last left."""
    try:
        kept = read_note(path.with_name(NAME))
        return bool(kept[path.name] == _checksum(path)) and not _has_log(path)
    except (OSError, ValueError, LookupError, TypeError):
        return False


def leave_checksum(path: Path) -> None:
    """Write the checksum of a ledger that was just closed; where that fails it is checked anew."""
    with suppress(OSError, StorageError):
        if _has_log(path):  # somebody else has it open
            path.with_name(NAME).unlink(missing_ok=True)
        else:
            text = json.dumps({path.name: _checksum(path)}) + "\n"
            write_atomic(path.with_name(NAME), text.encode(), durable=False)


def _checksum(path: Path) -> list[int]:
    """Return size and CRC-32 of a file: a guard against decay, not against intention."""
    crc, size = 0, 0
    with open_file(path, follow=False) as file:
        while chunk := file.read(CHUNK):
            crc, size = zlib.crc32(chunk, crc), size + len(chunk)
    return [size, crc]


def _has_log(path: Path) -> bool:
    log = Path(f"{path}-wal")
    return log.exists() and log.stat().st_size > 0
