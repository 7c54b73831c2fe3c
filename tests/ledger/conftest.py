"""A ledger on disk, with time and names handed in."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path

import pytest

from runner.ledger.backend import Backend
from runner.ledger.ledger import LedgerFile
from runner.takes import Account
from tests.ledger.names import Ticking
from tests.ledger.postgres import PostgresServer, missing, serve_postgres


@pytest.fixture
def ticking() -> Ticking:
    return Ticking()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ledger(path: Path, ticking: Ticking) -> Iterator[LedgerFile]:
    opened = LedgerFile(path, now=ticking.now, entropy=ticking, inline=True)
    opened.begin(Account("api.example", "me"), "spring", {})
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server for all tests of a session, with the tables in it."""
    if (why := missing()) is not None:
        pytest.skip(why)
    from runner.ledger.postgres.connection import PostgresConnection
    from runner.ledger.postgres.schema import migrate_schema

    with serve_postgres() as server:
        connection = PostgresConnection(server.address())
        migrate_schema(connection)
        connection.close()
        yield server


_numbers = count()

SharedLedgers = Callable[[], AbstractContextManager[Callable[[], Backend]]]


@pytest.fixture
def shared_ledgers(postgres: PostgresServer) -> SharedLedgers:
    """Return what opens and claims the rows of a new campaign, once more each time."""
    from runner.ledger.postgres.backend import PostgresBackend
    from runner.ledger.postgres.connection import PostgresConnection

    @contextmanager
    def campaign() -> Iterator[Callable[[], Backend]]:
        opened: list[PostgresBackend] = []
        account = Account("api.example", f"me-{next(_numbers)}")

        def once_more() -> Backend:
            if opened:
                opened[-1].release()
            connection = PostgresConnection(postgres.address())
            opened.append(PostgresBackend.make(connection, account, "spring", concurrency=10))
            opened[-1].claim("the tests")
            return opened[-1]

        try:
            yield once_more
        finally:
            for backend in opened:
                backend.close(sound=False)

    return campaign
