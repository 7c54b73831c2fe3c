"""A whole ledger as one file, from whatever it lives in: a backup, and the way to one machine."""

import json
from contextlib import closing
from pathlib import Path

from runner.errors import StorageError
from runner.ledger.backend import Backend, Changes, TransactionUndone, repeat_undone
from runner.ledger.database import open_for_writing, scratch_file, write_whole
from runner.ledger.facts import row_to_take
from runner.ledger.location import LedgerLocation
from runner.ledger.reading import open_ledger_store
from runner.ledger.sqlite import SqliteBackend
from runner.policy.lifecycle import Event


def copy_rows(location: LedgerLocation, target: Path) -> bool:
    """Write a ledger that lives in a database into a file; return whether there is one.

    What is there is replaced. Raises LedgerDamaged or StorageError.
    """
    with open_ledger_store(location) as store:
        if store is not None:
            copy_backend(store.backend, target)
    return store is not None


def copy_backend(backend: Backend, target: Path) -> None:
    """Write everything that a backend holds into an SQLite file."""
    rows = _read_at_once(backend)
    with scratch_file(target) as whole:
        with closing(open_for_writing(whole)) as connection:
            SqliteBackend(connection, whole).commit(rows, ready=lambda: None)
            connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        write_whole(whole, target)


def _read_at_once(backend: Backend) -> Changes:
    """Return a backend's rows at one moment, as the changes that lead to them."""

    def read() -> Changes:
        with backend.one_view():
            return _read(backend)

    try:
        return repeat_undone(read)
    except TransactionUndone as error:
        raise StorageError(
            "The ledger could not be read in one piece.", hint="Try again."
        ) from error


def _read(backend: Backend) -> Changes:
    changes = Changes(meta=backend.meta())
    for row in backend.events():
        changes.events.append(row.to_entry())
        if row.kind == Event.INTENDED and (stored := json.loads(row.facts).get("body_sha256")):
            changes.put_body(backend.body(stored))
    for take in backend.takes():
        changes.put_take(None, row_to_take(take))
    changes.picks.update(backend.picks())
    changes.assets.extend(backend.assets().items())
    return changes
