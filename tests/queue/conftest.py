"""A queue, in memory or in PostgreSQL: what is asked of the one holds of the other."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from runner.queue.port import WorkerQueue
from tests.ledger.postgres import PostgresServer, missing, serve_postgres
from tests.queue.memory import MemoryQueue


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    if (why := missing()) is not None:
        pytest.skip(why)
    with serve_postgres() as running:
        yield running


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.distributed)])
def queue(request: pytest.FixtureRequest) -> Iterator[WorkerQueue]:
    if request.param == "memory":
        yield MemoryQueue()
        return
    from runner.queue.opening import open_queue

    with closing(open_queue(request.getfixturevalue("server").address())) as opened:
        opened.migrate()
        yield opened
