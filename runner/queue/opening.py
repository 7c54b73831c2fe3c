"""The ways to the queue of a database. Nothing of PostgreSQL is imported before somebody asks."""

from typing import TYPE_CHECKING

from runner.errors import UsageError
from runner.extras import install_command

if TYPE_CHECKING:
    from runner.queue.port import Engine
    from runner.queue.postgres.store import PostgresQueue


def open_queue(address: str) -> "PostgresQueue":
    """Open the queue of the database at an address. Raises StorageError or UsageError."""
    from runner.queue.postgres.store import PostgresQueue

    return PostgresQueue(address)


def open_engine(address: str) -> "Engine":
    """Open what hands runs out. Raises UsageError where the extra lacks it."""
    try:
        from runner.queue.postgres.engine import DbosEngine
    except ImportError:
        raise UsageError(
            "A worker needs DBOS, which the extra `distributed` brings.",
            hint=f"Install it: {install_command('distributed')}",
        ) from None
    return DbosEngine(address)
