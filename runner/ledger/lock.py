"""One run at a time holds a ledger. The system frees the lock when its owner dies.

The lock is the operating system's own (``flock`` and its like), so a lock whose owner is gone is no
lock; ``ledger.owner.json`` beside it only tells people who holds it.
"""

import errno
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from runner.errors import LedgerLocked, StorageError, shorten
from runner.files import make_folder, read_note, write_atomic
from runner.ledger.state_check import check_state_folder

OWNER = "ledger.owner.json"
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
"""What a system says where a file system knows no locks."""


@contextmanager
def lock_ledger(folder: Path, *, now: float) -> Iterator[None]:
    """Lock a state folder. Raises LedgerLocked when a living run has it.

    Raises UsageError where something in the folder leads elsewhere, StorageError where it cannot be
    written.
    """
    check_state_folder(folder)
    make_folder(folder)
    try:
        lock = FileLock(folder / "ledger.lock")
        lock.acquire(timeout=0)
    except Timeout:
        raise LedgerLocked(
            f"Another run holds the ledger in {folder}: {_owner(folder)}.",
            hint="Wait for it to end, or end it; what it bought is recorded either way.",
        ) from None
    except (OSError, NotImplementedError) as error:
        raise _explain(error, folder) from error
    try:
        _sign(folder, now)
        yield
    finally:
        lock.release()


def _explain(error: OSError | NotImplementedError, folder: Path) -> StorageError:
    number = getattr(error, "errno", None)
    if isinstance(error, NotImplementedError) or number in _NO_LOCKS:
        return StorageError(
            f"No file can be locked in {folder}: {getattr(error, 'strerror', None) or error}. That "
            "is so on some network shares.",
            hint="Move the manifest with its folder to a disk of this machine, and run the same "
            "command there. Nothing was sent.",
        )
    return StorageError(
        f"The folder {folder} cannot be written: {getattr(error, 'strerror', None) or error}.",
        hint="The folder beside the manifest must be writable. Nothing was sent.",
    )


def _sign(folder: Path, now: float) -> None:
    since = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds")
    owner = {"host": socket.gethostname(), "pid": os.getpid(), "since": since}
    write_atomic(folder / OWNER, (json.dumps(owner) + "\n").encode(), durable=False)


def _owner(folder: Path) -> str:
    try:
        owner = read_note(folder / OWNER)
        process, host, since = (shorten(str(owner[name])) for name in ("pid", "host", "since"))
    except (OSError, ValueError, LookupError, TypeError):
        return "its owner left no name"
    return f"process {process} on {host}, since {since}"
