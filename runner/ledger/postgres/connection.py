"""A connection to PostgreSQL, as this program speaks it.

A connection is made anew where it was lost. What the server says becomes one of three things: the
connection is *lost*, a transaction was *undone* and may be repeated, or a person is needed.
"""

import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

import psycopg

from runner.errors import DatabaseAway, LookbookError, StorageError, UsageError
from runner.ledger.backend import TransactionUndone, repeat_undone
from runner.ledger.postgres.address import describe_address

MIN_VERSION = 17
"""Older servers have no ``transaction_timeout``: a writer that was stopped would hold its account's
row for everybody."""

TRANSACTION_TIMEOUT = "5s"
"""After so long the server ends a transaction, whoever holds it."""

LONG_TIMEOUT = "120s"
"""The same, for one that reads or writes a whole ledger, or changes tables (``LENGTHEN``)."""

MAX_OUTAGE = 60.0
"""Seconds for which a database that is away is waited for."""

RUN_AGAIN = "Nothing is lost: run the same command again when the database is well."

RETRY_DELAYS = (0.0, 0.1, 0.2, 0.5, 1.0)
"""Seconds before each try to connect again; the last one holds on."""

MAX_LOST = 20
"""So many connections are lost over one question before that is an error."""

FENCED = "LB001"
"""The SQLSTATE that the function ``advance`` raises."""

REPEATED = (
    "25P04",  # transaction_timeout
    "40001",
    "40P01",  # deadlock
    "55P03",
)
"""The SQLSTATEs of a transaction that was undone through no fault of its own."""

ESCAPE = "\ue000"
"""Begins a text that PostgreSQL cannot hold as it is, followed by the text as JSON."""

KEEPALIVES: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}

# What it notes of a connection that was lost is handled here, and nothing for people to read.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

Statement = tuple[str, Sequence[Any]]
T = TypeVar("T")

LENGTHEN: tuple[Statement, ...] = (
    # The server measures a transaction by the time that was set when it began; only zero ends that.
    ("SET LOCAL transaction_timeout = 0", ()),
    (f"SET LOCAL transaction_timeout = '{LONG_TIMEOUT}'", ()),
)
"""Gives a transaction that has begun ``LONG_TIMEOUT``, from here on."""

Fetch = Callable[..., list[tuple[Any, ...]]]
"""What ``PostgresConnection.fetch`` is: the rows of one statement and its values."""


class ConnectionLost(Exception):
    """The connection ended; what became of a commit that was on its way is not known."""


class Fenced(Exception):
    """Another process has claimed the campaign since: nothing of ours is written any more."""


def open_raw_connection(address: str) -> "psycopg.Connection[tuple[Any, ...]]":
    """Open a connection for a library that speaks to the database itself."""
    return psycopg.connect(address, application_name="lookbook", **KEEPALIVES)


class PostgresConnection:
    """One connection, for one thread at a time."""

    def __init__(self, address: str) -> None:
        """Connect. Raises StorageError, or UsageError for a server that is too old."""
        self.name = describe_address(address)
        self._address = address
        self._patience = MAX_OUTAGE
        self._connection: psycopg.Connection[tuple[Any, ...]] = self._connect()

    # --- the connection -----------------------------------------------------------------------

    def _connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        try:
            connection = psycopg.connect(
                self._address,
                autocommit=True,
                application_name="lookbook",
                prepare_threshold=None,  # a pooler may hand on another server process
                **KEEPALIVES,
            )
        except psycopg.Error as error:
            raise self._explain_refusal(error) from None
        version = connection.info.server_version // 10_000
        if version < MIN_VERSION:
            connection.close()
            raise UsageError(
                f"{self.name} is PostgreSQL {version}; lookbook needs {MIN_VERSION} or newer.",
                hint="Nothing was changed there. Upgrade the server, or name another one.",
            )
        try:
            connection.execute(f"SET transaction_timeout = '{TRANSACTION_TIMEOUT}'")
            connection.execute("SET synchronous_commit = on")
            # What waits for a row must see what was committed meanwhile.
            connection.execute("SET default_transaction_isolation = 'read committed'")
        except psycopg.Error as error:
            connection.close()
            raise self._explain_refusal(error) from None
        return connection

    def _explain_refusal(self, error: psycopg.Error) -> LookbookError:
        return DatabaseAway(
            f"{self.name} cannot be reached: {first_line(error)}.",
            hint="Is the address right, is the server up, and may this user connect? Nothing was "
            "sent.",
        )

    def reconnect(self) -> None:
        """Connect again, however often that takes. Raises StorageError after ``MAX_OUTAGE``.

        Where it was waited for in vain, each further call tries once.
        """
        self.close()
        deadline = time.monotonic() + self._patience
        attempt = 0
        while True:
            time.sleep(RETRY_DELAYS[min(attempt, len(RETRY_DELAYS) - 1)])
            attempt += 1
            try:
                self._connection = self._connect()
            except StorageError as error:
                if time.monotonic() > deadline:
                    self.wait_no_more()
                    raise StorageError(error.message, hint=RUN_AGAIN) from None
            else:
                self._patience = MAX_OUTAGE
                return

    def wait_no_more(self) -> None:
        """Try once from here on where the connection is lost."""
        self._patience = 0.0

    def close(self) -> None:
        """Close the connection; a transaction that is open is rolled back."""
        with suppress(psycopg.Error):
            self._connection.close()

    # --- statements ---------------------------------------------------------------------------

    def fetch(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of one statement. Raises ConnectionLost."""
        with self._translated():
            rows = self._connection.execute(statement, [*map(_write, values)]).fetchall()
        return [tuple(map(_read, row)) for row in rows]

    def run(
        self, statements: Iterable[Statement], *, ready: Callable[[], None] | None = None
    ) -> None:
        """Send statements in one round trip. Where ``ready`` is given it is called, then committed.

        Raises ConnectionLost, TransactionUndone or Fenced; a transaction is then rolled back.
        """
        with self._translated(), self._connection.pipeline():
            for statement, values in statements:
                self._connection.execute(statement, [*map(_write, values)])
            if ready is not None:
                ready()
                self._connection.execute("COMMIT")

    def listen(self, channel: str, seconds: float) -> Iterator[str]:
        """Yield what is notified on a channel within so many seconds. Raises ConnectionLost."""
        with self._translated():
            self._connection.execute(f"LISTEN {channel}")
            for one in self._connection.notifies(timeout=seconds):
                yield one.payload

    @contextmanager
    def transaction(self) -> "Iterator[psycopg.Connection[tuple[Any, ...]]]":
        """Yield the connection within a transaction, for statements that change tables.

        Raises ConnectionLost, TransactionUndone, or what the database says otherwise.
        """
        try:
            with self._connection.transaction():
                yield self._connection
        except psycopg.Error as error:
            if self._connection.closed:
                raise ConnectionLost(first_line(error)) from error
            if error.sqlstate in REPEATED:
                raise TransactionUndone(first_line(error)) from error
            raise

    @contextmanager
    def view(self) -> Iterator[None]:
        """Read everything in one transaction that sees one moment."""
        self.run([("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", ()), *LENGTHEN])
        try:
            yield
        finally:
            self.roll_back()

    def repeat(self, question: Callable[[], T]) -> T:
        """Return what may be asked again, over a new connection where one was lost."""
        for _ in range(MAX_LOST - 1):
            try:
                return question()
            except ConnectionLost:
                self.reconnect()
        return question()

    def fetch_again(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a statement that may be made again.

        It is where the server undid it, or its answer was lost.
        """
        return self.repeat(partial(repeat_undone, partial(self.fetch, statement, values)))

    def roll_back(self) -> None:
        """End a transaction that is open, if one is; its connection may be gone."""
        with suppress(psycopg.Error):
            if not self._connection.closed:
                self._connection.execute("ROLLBACK")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            state = error.sqlstate or ""
            # Without a state it is the client library that cannot go on with the connection.
            is_lost = not state and isinstance(error, psycopg.OperationalError)
            if is_lost or self._connection.closed or state[:2] in ("08", "57"):
                raise ConnectionLost(first_line(error)) from error
            self.roll_back()
            if state == FENCED:
                raise Fenced from error
            if state in REPEATED:
                raise TransactionUndone(first_line(error)) from error
            raise

    def explain(self, error: Exception) -> LookbookError | None:
        """Return what a person can do about an error of the database; None for any other error."""
        if isinstance(error, Fenced):
            return StorageError(
                f"Another process has taken over this campaign on {self.name}.",
                hint="What this one sent is recorded, or found by the other. At most what it had "
                "committed still leaves from here, under the same key.",
            )
        if isinstance(error, ConnectionLost | TransactionUndone | psycopg.Error):
            return StorageError(
                f"The ledger on {self.name} could not be read or written: {first_line(error)}.",
                hint=RUN_AGAIN,
            )
        return None


@contextmanager
def explain_database_errors(connection: PostgresConnection) -> Iterator[None]:
    """Raise what a person can do about it where the database answers with an error."""
    try:
        yield
    except LookbookError:
        raise
    except Exception as error:
        explained = connection.explain(error)
        if explained is None:
            raise
        raise explained from error


def _write(value: Any) -> Any:
    """Return a value as PostgreSQL can hold it: its texts have no NUL."""
    if isinstance(value, str) and ("\0" in value or value.startswith(ESCAPE)):
        return ESCAPE + json.dumps(value)
    return [*map(_write, value)] if isinstance(value, list) else value


def _read(value: Any) -> Any:
    """Return a value as it was before it was written."""
    if isinstance(value, str) and value.startswith(ESCAPE):
        return json.loads(value.removeprefix(ESCAPE))
    return value


def first_line(error: Exception) -> str:
    """Return the first line of what a server or libpq says, without its full stop."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__).rstrip(".")
