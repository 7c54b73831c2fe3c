"""The tables of bad days at a real PostgreSQL server, whose clock is the environment's.

Functions of the names ``now`` and ``clock_timestamp`` lie in a schema that is searched before
PostgreSQL's own: whatever the product's statements, defaults and triggers take for the time is what
a connection was told last. A database is made for each history.
"""

import itertools
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from psycopg import errors
from psycopg.conninfo import make_conninfo

from runner.ledger.postgres.connection import PostgresConnection
from runner.ledger.postgres.schema import migrate_schema
from tests.fault.dialect import VIEWED
from tests.fault.shared import make_tables

__all__ = ["on_postgres"]

CLOCK = """
CREATE SCHEMA days;
CREATE FUNCTION days.now() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT to_timestamp(current_setting('days.now')::double precision)
$$;
CREATE FUNCTION days.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT to_timestamp(current_setting('days.now')::double precision)
$$;
"""
"""The environment's time: a connection is told it before each statement."""

SEARCHED = "-c search_path=days,pg_catalog,public -c days.now=0"


_numbers = itertools.count(1)


@contextmanager
def on_postgres(address: str) -> Iterator[None]:
    """Keep the tables of all environments at a server, until the block ends."""
    token = make_tables.set(partial(PostgresTables, address))
    try:
        yield
    finally:
        make_tables.reset(token)


class _Link:
    """One connection to the server (``shared.Link``)."""

    def __init__(
        self, raw: "psycopg.Connection[tuple[Any, ...]]", now: Callable[[], float]
    ) -> None:
        self._raw = raw
        self._now = now
        self._pipeline: psycopg.Pipeline | None = None

    @property
    def closed(self) -> bool:
        """Return whether it is closed."""
        return self._raw.closed

    def carry_out(self, statement: str, values: Sequence[Any]) -> Any:
        """Set the time, and carry out one statement."""
        if not statement.startswith("BEGIN"):  # in a pipeline nothing may come before that
            self._raw.execute("SELECT set_config('days.now', %s, false)", [repr(self._now())])
        return self._raw.execute(statement, values)

    def commit(self, *, wait: bool) -> None:
        """Commit; in a pipeline that is on its way, unless somebody waits for it."""
        self._raw.execute("COMMIT")
        if wait and self._pipeline is not None:
            self._pipeline.sync()

    def roll_back(self) -> None:
        """End a transaction that is open."""
        if not self._raw.closed:
            self._raw.execute("ROLLBACK")

    @contextmanager
    def pipeline(self) -> Iterator[None]:
        """Send statements together."""
        with self._raw.pipeline() as self._pipeline:
            yield
        self._pipeline = None

    def close(self) -> None:
        """Close it."""
        self._raw.close()


class _View:
    """The rows of one campaign, asked as SQLite is."""

    def __init__(self, raw: "psycopg.Connection[tuple[Any, ...]]") -> None:
        self._raw = raw
        self.close = raw.close

    def execute(self, query: str, values: Sequence[object] = ()) -> "_View":
        """Ask; values are written ``?``, and truth is a number."""
        cursor = self._raw.execute(query.replace("?", "%s"), values)
        self._rows = [
            tuple(int(value) if isinstance(value, bool) else value for value in row)
            for row in cursor.fetchall()
        ]
        return self

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the rows."""
        return self._rows


def _repeat(work: Callable[[], object]) -> None:
    """Do it again while somebody whose connection was closed is still there."""
    for _ in range(100):
        try:
            work()
        except errors.ObjectInUse:
            time.sleep(0.05)
        else:
            return
    work()


class PostgresTables:
    """One database of a server (``shared.Tables``); it is dropped at the end."""

    def __init__(self, server: str, _folder: Path, now: Callable[[], float]) -> None:
        self._server = server
        self._now = now
        self._name = f"days_{os.getpid()}_{next(_numbers)}"
        self._address = make_conninfo(server, dbname=self._name, options=SEARCHED)
        self._has_copy = False
        self._manage(f"CREATE DATABASE {self._name}")
        with closing(psycopg.connect(make_conninfo(server, dbname=self._name))) as raw:
            raw.execute(CLOCK)
            raw.commit()
        with closing(PostgresConnection(self._address)) as connection:
            migrate_schema(connection)

    def _manage(self, *statements: str) -> None:
        with closing(psycopg.connect(self._server, autocommit=True)) as raw:
            for statement in statements:
                _repeat(partial(raw.execute, statement))

    def _connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        return psycopg.connect(self._address, autocommit=True, prepare_threshold=None)

    def open(self) -> _Link:
        """Open a connection."""
        return _Link(self._connect(), self._now)

    def ask(self, query: str, *values: object) -> list[Any]:
        """Return what is committed now."""
        with closing(self._connect()) as raw:
            return raw.execute(query.replace("?", "%s"), values).fetchall()

    def view(self, campaign: int) -> _View:
        """Open the rows of one campaign, under the names that a file has."""
        raw = self._connect()
        for table in VIEWED:
            raw.execute(
                f"CREATE TEMP VIEW {table} AS SELECT * FROM lookbook.{table} "
                f"WHERE campaign = {campaign}"
            )
        return _View(raw)

    def copy(self) -> None:
        """Keep a copy of everything; nobody is connected."""
        self._drop(f"{self._name}_copy")
        self._manage(f"CREATE DATABASE {self._name}_copy TEMPLATE {self._name}")

    def restore(self) -> None:
        """Put the copy in the place of what is there."""
        self._drop(self._name)
        self._manage(f"CREATE DATABASE {self._name} TEMPLATE {self._name}_copy")

    def _drop(self, name: str) -> None:
        self._manage(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def close(self) -> None:
        """Drop what was made."""
        self._drop(self._name)
        self._drop(f"{self._name}_copy")
