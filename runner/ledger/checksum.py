"""The checksum that whoever closes a ledger in order leaves beside it.

A file that still has it is byte for byte what a program of ours left, and was checked then: reading
it once is many times faster than to check it anew.
"""

import errno
import json
import os
import stat
import zlib
from contextlib import suppress
from pathlib import Path

from runner.errors import StorageError
from runner.files import open_file, read_note, write_atomic

CHECKSUM_FILE = "ledger.checksum.json"
CHUNK = 1 << 20

MAX_KEPT = 256
"""How many ledgers are kept open at most; others are checked anew each time."""

_kept: dict[tuple[int, int], int] = {}
"""Descriptors by device and inode. They stay open: whoever closes one of a file drops all the locks
that SQLite holds on it in this process (POSIX), and the next writer that ends takes itself for the
last one and deletes the log under whoever still follows it.
"""


def is_as_left(path: Path) -> bool:
    """Return whether a ledger's file is byte for byte what the program that closed it last left."""
    try:
        kept = read_note(path.with_name(CHECKSUM_FILE))
        return bool(kept[path.name] == _checksum(path)) and not _has_log(path)
    except (OSError, ValueError, LookupError, TypeError):
        return False


def leave_checksum(path: Path) -> None:
    """Write the checksum of a ledger that was just closed; where that fails it is checked anew."""
    with suppress(OSError, StorageError):
        if _has_log(path):  # somebody else has it open
            path.with_name(CHECKSUM_FILE).unlink(missing_ok=True)
        else:
            text = json.dumps({path.name: _checksum(path)}) + "\n"
            write_atomic(path.with_name(CHECKSUM_FILE), text.encode(), durable=False)


def _checksum(path: Path) -> list[int]:
    """Return size and CRC-32 of a file: a guard against decay, not against intention."""
    crc, size = 0, 0
    if os.name == "posix":
        descriptor = _keep_open(path)
        while chunk := os.pread(descriptor, CHUNK, size):
            crc, size = zlib.crc32(chunk, crc), size + len(chunk)
        return [size, crc]
    with open_file(path, follow=False) as file:
        while chunk := file.read(CHUNK):
            crc, size = zlib.crc32(chunk, crc), size + len(chunk)
    return [size, crc]


def _keep_open(path: Path) -> int:
    """Return a descriptor for reading a plain file, the same one each time."""
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is no plain file", str(path))
    key = (found.st_dev, found.st_ino)
    if key not in _kept:
        _forget_deleted()
        if len(_kept) >= MAX_KEPT:
            raise OSError(errno.EMFILE, "too many ledgers are open", str(path))
        _kept[key] = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    return _kept[key]


def _forget_deleted() -> None:
    """Close what has no name any more; only where there are many, to keep looking cheap."""
    if len(_kept) >= MAX_KEPT // 2:
        for key, descriptor in list(_kept.items()):
            if os.fstat(descriptor).st_nlink == 0:
                os.close(_kept.pop(key))


def _has_log(path: Path) -> bool:
    log = Path(f"{path}-wal")
    return log.exists() and log.stat().st_size > 0
