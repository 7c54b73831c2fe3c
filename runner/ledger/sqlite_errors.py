"""What SQLite says of a ledger's file, in words that tell a person what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runner.errors import LedgerDamaged, LookbookError, StorageError

REBUILD = (
    "Nothing was changed. `lookbook reconcile MANIFEST --rebuild` moves the file aside and makes a "
    "new ledger from results.json and the account; no look is bought for that."
)

NO_LOCKS = frozenset(
    {
        "SQLITE_IOERR_BLOCKED",
        "SQLITE_IOERR_CHECKRESERVEDLOCK",
        "SQLITE_IOERR_LOCK",
        "SQLITE_IOERR_RDLOCK",
        "SQLITE_IOERR_SHMLOCK",
        "SQLITE_IOERR_SHMMAP",
        "SQLITE_IOERR_SHMOPEN",
        "SQLITE_IOERR_UNLOCK",
        "SQLITE_NOLFS",
        "SQLITE_PROTOCOL",
    }
)
"""What SQLite says of a file system without the locks or the shared memory that it needs."""


@contextmanager
def explain_errors(path: Path) -> Iterator[None]:
    """Raise LedgerDamaged or StorageError for what SQLite or the disk raises of this file."""
    try:
        yield
    except LookbookError:
        raise
    except sqlite3.DatabaseError as error:
        raise explain_sqlite_error(error, path) from error
    except UnicodeDecodeError as error:
        raise LedgerDamaged(f"The ledger {path} is damaged: {error}.", hint=REBUILD) from error
    except OSError as error:
        raise StorageError(
            f"The ledger {path} cannot be opened: {error.strerror or error}.",
            hint="The folder beside the manifest must be writable.",
        ) from error


def explain_sqlite_error(error: sqlite3.Error, path: Path) -> LookbookError:
    """Turn what SQLite says into what a person can do."""
    text = str(error)
    if getattr(error, "sqlite_errorname", "") in NO_LOCKS:
        return StorageError(
            f"The ledger {path} cannot be locked where it lies: {text}. That is so on some network "
            "shares and synchronised folders; the ledger itself is not damaged.",
            hint="Move the manifest with its folder to a disk of this machine, and run the same "
            "command there. docs/money.md says more about shares.",
        )
    if "full" in text or "disk I/O" in text:
        return StorageError(
            f"The ledger {path} could not be written: {text}.",
            hint="Nothing is lost: make room on the disk and run the same command again.",
        )
    if "readonly" in text or "unable to open" in text:
        return StorageError(
            f"The ledger {path} could not be opened or written: {text}.",
            hint="The folder beside the manifest must be writable.",
        )
    if "locked" in text:
        return StorageError(
            f"The ledger {path} is held by another program: {text}.",
            hint="Close what has it open, and run the same command again.",
        )
    if "out of memory" in text:
        return StorageError(
            f"There is not enough memory to open the ledger {path}.",
            hint="Close other programs, and run the same command again.",
        )
    return LedgerDamaged(f"The ledger {path} cannot be read: {text}.", hint=REBUILD)
