"""Where a campaign's ledger lives: in a file beside its manifest, or with a database.

Whoever reads or opens a ledger is handed one of these, and does not know which it is.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from runner.ledger.backend import Backend
from runner.ledger.database import open_for_reading, peek_ledger
from runner.ledger.ledger import CampaignLedger, LedgerFile
from runner.ledger.sqlite import SqliteBackend


class LedgerLocation(Protocol):
    """Where one ledger lives; ``str`` names it for people."""

    def read(self) -> Backend | None:
        """Open its rows for reading; whoever reads them closes them. None where there is no ledger.

        All of them are looked through for damage. Raises LedgerDamaged or StorageError.
        """

    def peek(self) -> AbstractContextManager[Backend | None]:
        """Open its rows for one small question, without looking through all of them."""

    def is_held(self) -> bool | None:
        """Return whether a living process writes it; None where only that process can tell."""

    def open(self, *, concurrency: int, **settings: Any) -> CampaignLedger:
        """Open it for writing; one that is not there is made.

        ``concurrency`` is how many looks of the account this process wants in progress at most,
        ``settings`` are those of ``CampaignLedger``. Raises LedgerDamaged or StorageError.
        """


class FileLocation:
    """A ledger in an SQLite file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        """Return the file's path."""
        return str(self._path)

    def read(self) -> Backend | None:
        """Open the file for reading."""
        if not self._path.exists():
            return None
        return SqliteBackend(open_for_reading(self._path), self._path)

    @contextmanager
    def peek(self) -> Iterator[Backend | None]:
        """Open the file for one small question."""
        if not self._path.is_file():
            yield None
            return
        with peek_ledger(self._path) as connection:
            yield SqliteBackend(connection, self._path)

    def is_held(self) -> None:
        """Leave it to who knows the process that the last run noted."""

    def open(self, *, concurrency: int, **settings: Any) -> CampaignLedger:  # noqa: ARG002 - one process sends
        """Open the file for writing."""
        return LedgerFile(self._path, **settings)


def find_location(ledger: Path | LedgerLocation) -> LedgerLocation:
    """Return where a ledger lives: a path is a file's."""
    return FileLocation(ledger) if isinstance(ledger, Path) else ledger
