"""A ledger's rows in an SQLite file. Durability is ``database``'s: WAL, ``synchronous=FULL``."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from runner.errors import LedgerDamaged, LookbookError
from runner.ledger.backend import Changes, EventRow, TakeChange
from runner.ledger.bodies import join_body, list_blobs
from runner.ledger.checksum import is_as_left, leave_checksum
from runner.ledger.database import one_view
from runner.ledger.sqlite_errors import REBUILD, explain_sqlite_error
from runner.takes import Take

_encode = json.JSONEncoder(ensure_ascii=False).encode
_COLUMNS = list(Take.__dataclass_fields__)
_UPSERT = (
    f"INSERT INTO takes ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))}) "  # noqa: S608 - names of our own
    f"ON CONFLICT (uid) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _COLUMNS)}"
)
_EVENT = "SELECT seq, at, run, take, kind, facts FROM events"

_NEVER_CHANGED = "events_are_never_changed"
"""The trigger that refuses changes of events."""


@cache
def _update(names: tuple[str, ...]) -> str:
    """Return the statement that updates these columns of one take: a fifth of a whole row.

    There are about as many as there are kinds of events.
    """
    sets = ", ".join(f"{name} = ?" for name in names)
    return f"UPDATE takes SET {sets} WHERE uid = ?"  # noqa: S608 - names of our own


class SqliteBackend:
    """The tables of one open file (``runner.ledger.backend.Backend``)."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.connection = connection
        self._path = path

    pacer = None

    # --- reading ------------------------------------------------------------------------------

    def one_view(self) -> AbstractContextManager[object]:
        return one_view(self.connection)

    def meta(self) -> dict[str, str]:
        return dict(self.connection.execute("SELECT key, value FROM meta"))

    def takes(self) -> Iterable[Sequence[Any]]:
        return self.connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM takes")  # noqa: S608 - our own names

    def has_takes(self) -> bool:
        statement = "SELECT 1 FROM takes WHERE state <> 'planned' LIMIT 1"
        return self.connection.execute(statement).fetchone() is not None

    def picks(self) -> dict[str, str]:
        return dict(self.connection.execute("SELECT look, take FROM picks"))

    def assets(self) -> dict[str, str]:
        return dict(self.connection.execute("SELECT sha256, asset_id FROM assets"))

    def events(self, *kinds: str) -> Iterable[EventRow]:
        some = f" WHERE kind IN ({', '.join('?' * len(kinds))})" if kinds else ""
        return map(EventRow._make, self.connection.execute(f"{_EVENT}{some} ORDER BY seq", kinds))

    def event(self, seq: int) -> EventRow | None:
        return self._one(f"{_EVENT} WHERE seq = ?", seq)

    def last_event(self, *besides: str) -> EventRow | None:
        marks = ", ".join("?" * len(besides))
        return self._one(
            f"{_EVENT} WHERE kind NOT IN ({marks}) ORDER BY seq DESC LIMIT 1", *besides
        )

    def events_after(self, seq: int) -> Sequence[EventRow]:
        rows = self.connection.execute(f"{_EVENT} WHERE seq > ? ORDER BY seq", (seq,)).fetchall()
        return [EventRow._make(row) for row in rows]

    def last_event_of(self, take: str | None, kind: str) -> EventRow | None:
        statement = f"{_EVENT} WHERE take IS ? AND kind = ? ORDER BY seq DESC LIMIT 1"
        return self._one(statement, take, kind)

    def last_at(self) -> float:
        return self.connection.execute("SELECT max(at) FROM events").fetchone()[0] or 0.0

    def _one(self, statement: str, *values: object) -> EventRow | None:
        row = self.connection.execute(statement, values).fetchone()
        return None if row is None else EventRow._make(row)

    def body(self, sha256: str) -> bytes:
        row = self.connection.execute(
            "SELECT pieces FROM bodies WHERE sha256 = ?", (sha256,)
        ).fetchone()
        if row is None:
            raise KeyError(sha256)
        blobs = {}
        for digest in list_blobs(row[0]):
            blob = self.connection.execute(
                "SELECT data FROM blobs WHERE sha256 = ?", (digest,)
            ).fetchone()
            if blob is None:
                raise ValueError(f"a piece of the stored body {sha256} is missing")
            blobs[digest] = blob[0]
        return join_body(row[0], blobs, sha256)

    # --- writing ------------------------------------------------------------------------------

    def commit(self, changes: Changes, *, ready: Callable[[], None]) -> None:
        many = self.connection.executemany
        with self._transaction("IMMEDIATE"):
            many("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", changes.meta.items())
            if changes.blobs:
                statement = "INSERT OR IGNORE INTO blobs (sha256, data) VALUES (?, ?)"
                many(statement, changes.blobs.items())
            if changes.bodies:
                statement = "INSERT OR IGNORE INTO bodies (sha256, pieces) VALUES (?, ?)"
                many(statement, changes.bodies.items())
            many(
                "INSERT INTO events (at, run, take, kind, facts) VALUES (?, ?, ?, ?, ?)",
                [(e.at, e.run, e.take, e.kind, _encode(e.facts)) for e in changes.events],
            )
            for change in changes.takes:
                self._write_take(change)
            self._write_picks(changes)
            self._write_assets(changes)
            ready()

    @contextmanager
    def _transaction(self, lock: str) -> Iterator[None]:
        """Commit what is written inside, or nothing of it."""
        try:
            self.connection.execute(f"BEGIN {lock}")
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
            raise

    def _write_take(self, change: TakeChange) -> None:
        values = [*change.columns.values()]
        if change.is_new:
            self.connection.execute(_UPSERT, values)
        else:
            self.connection.execute(_update(tuple(change.columns)), [*values, change.uid])

    def _write_picks(self, changes: Changes) -> None:
        for look, take in changes.picks.items():
            if take is None:
                self.connection.execute("DELETE FROM picks WHERE look = ?", (look,))
            else:
                statement = "INSERT OR REPLACE INTO picks (look, take) VALUES (?, ?)"
                self.connection.execute(statement, (look, take))

    def _write_assets(self, changes: Changes) -> None:
        for sha256, asset_id in changes.assets:
            if sha256 is None:
                self.connection.execute("DELETE FROM assets WHERE asset_id = ?", (asset_id,))
            else:
                statement = "INSERT OR REPLACE INTO assets (sha256, asset_id) VALUES (?, ?)"
                self.connection.execute(statement, (sha256, asset_id))

    def erase(self, kind: str, erased: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        """Replace the facts of every event of a kind, and build the file anew without them.

        The trigger that refuses changes is away for one transaction, and comes back as it was.
        """
        execute = self.connection.execute
        query = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = ?"
        (trigger,) = execute(query, (_NEVER_CHANGED,)).fetchone()
        rows = execute("SELECT seq, facts FROM events WHERE kind = ?", (kind,)).fetchall()
        anew = [(_encode(erased(json.loads(facts))), seq) for seq, facts in rows]
        with self._transaction("EXCLUSIVE"):
            execute(f"DROP TRIGGER {_NEVER_CHANGED}")
            self.connection.executemany("UPDATE events SET facts = ? WHERE seq = ?", anew)
            execute(trigger)
        execute("VACUUM")  # pages that are free may still hold what was there
        execute("PRAGMA wal_checkpoint(TRUNCATE)")

    # --- the file -----------------------------------------------------------------------------

    def explain(self, error: Exception) -> LookbookError | None:
        """Return what a person can do about an error of SQLite."""
        return explain_sqlite_error(error, self._path) if isinstance(error, sqlite3.Error) else None

    def damaged(self, problem: str) -> LookbookError:
        """Return the error for a file that SQLite can read and that makes no sense."""
        return LedgerDamaged(f"The ledger {self._path} is damaged: {problem}.", hint=REBUILD)

    def is_checked(self) -> bool:
        """Return whether the file is byte for byte what a program of ours left."""
        return is_as_left(self._path)

    def close(self, *, sound: bool) -> None:
        """Close the file; a sound one gets the checksum by which the next reader knows it."""
        self.connection.close()
        if sound:
            leave_checksum(self._path)
