"""The tables of a database: made, brought to the present version, and read which they are."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.resources import files
from typing import Any

import psycopg

from runner.errors import StorageError, UsageError
from runner.ledger.backend import TransactionUndone, repeat_undone
from runner.ledger.postgres.connection import (
    LENGTHEN,
    PostgresConnection,
    explain_database_errors,
    first_line,
)

MIGRATION_LOCK = 0x100CB00C
"""The advisory lock that several first starts at once wait for."""

LOCK_WRITERS = "LOCK TABLE lookbook.accounts IN ACCESS EXCLUSIVE MODE"
"""Waits for everybody who is about to send, as they wait for each other: they lock a row of it
first, and other tables after it."""

LOCK_TIMEOUT = "SET LOCAL lock_timeout = '2s'"
"""Whoever comes after one that waits for a table waits behind it, heartbeats too: not for long."""

PAUSE = 1.0
"""Seconds between two tries to change tables, in which those others get on."""

EXPANDS = "-- expand"
"""Begins a migration that takes nothing away: older programs work beside it."""

MAKE_EXPANSIONS = (
    "CREATE TABLE IF NOT EXISTS lookbook.expansions "
    "(version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
)

Read = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]


def migrate_schema(connection: PostgresConnection) -> None:
    """Bring the schema to the present version; of several first starts at once one does it.

    Raises UsageError for a schema of a newer program, or StorageError.
    """
    pause = partial(time.sleep, PAUSE)
    with explain_database_errors(connection):
        try:
            connection.repeat(lambda: repeat_undone(partial(_migrate, connection), pause=pause))
        except TransactionUndone as error:
            raise StorageError(
                f"The tables of lookbook cannot be changed on {connection.name} while others "
                f"write there: {first_line(error)}.",
                hint="Nothing was changed. Run the same command again in a minute.",
            ) from error


def _migrate(connection: PostgresConnection) -> None:
    try:
        with connection.transaction() as begun:
            for statement, values in LENGTHEN:
                begun.execute(statement, values)
            begun.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
            begun.execute(LOCK_TIMEOUT)
            applied = _read_applied(
                lambda statement, values: begun.execute(statement, values).fetchall(),
                connection.name,
            )
            scripts = enumerate(_read_migrations(), start=1)
            missing = {number: script for number, script in scripts if number not in applied}
            if applied and missing:
                begun.execute(LOCK_WRITERS)
            for number, script in missing.items():
                begun.execute(script)
                begun.execute(MAKE_EXPANSIONS)
                table = "expansions" if script.startswith(EXPANDS) else "migrations"
                begun.execute(
                    f"INSERT INTO lookbook.{table} (version) VALUES (%s)",  # noqa: S608 - our own names
                    (number,),
                )
    except psycopg.Error as error:
        raise StorageError(
            f"The tables of lookbook cannot be made on {connection.name}: {first_line(error)}.",
            hint="The first user who comes must be allowed to create a schema there.",
        ) from error


def is_migrated(connection: PostgresConnection) -> bool:
    """Return whether the database has our tables. Raises UsageError for a newer program's."""
    return bool(connection.repeat(lambda: _read_applied(connection.fetch, connection.name)))


def _read_applied(read: Read, name: str) -> set[int]:
    """Return which migrations were applied; none for a database that has none of ours.

    Those that only expand the schema are noted apart: a program that knows nothing of them goes
    on beside one that does. Raises UsageError for a schema of a newer program.
    """
    versions, expansions = _read_versions(read, "migrations"), _read_versions(read, "expansions")
    version, known = max(versions, default=0), len(_read_migrations())
    if version > known:
        raise UsageError(
            f"{name} was written by a newer lookbook (schema {version}, this one knows {known}).",
            hint="Upgrade lookbook.",
        )
    return versions | expansions


def _read_versions(read: Read, table: str) -> set[int]:
    if read("SELECT to_regclass(%s)", (f"lookbook.{table}",)) == [(None,)]:
        return set()
    rows = read(f"SELECT version FROM lookbook.{table}", ())  # noqa: S608 - our own names
    return {int(version) for (version,) in rows}


def _read_migrations() -> list[str]:
    folder = files("runner.ledger") / "postgres"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [(folder / name).read_text("utf-8") for name in names]
