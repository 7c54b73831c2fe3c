"""Bad days in virtual time whose shared ledger lies at a real PostgreSQL server."""

import pytest

pytest.importorskip("psycopg", reason="make test-distributed installs psycopg and PostgreSQL")

from tests.fault.generate import generate
from tests.fault.play import play
from tests.fault.postgres_tables import on_postgres
from tests.ledger.postgres import missing, serve_postgres

pytestmark = [
    pytest.mark.distributed,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]

SEEDS = (2, 5, 6, 8)
"""They cut connections, stop and fence a process, and hold two campaigns under one ceiling."""


def test_no_promise_is_broken_on_shared_days_at_a_real_server() -> None:
    if (why := missing()) is not None:
        pytest.skip(why)
    with serve_postgres() as server, on_postgres(server.address()):
        reports = [play(generate(seed, shared=True)) for seed in SEEDS]
    assert [(one.history.seed, one.broken) for one in reports if one.broken is not None] == []
    assert any(one.seen["a process fenced"] for one in reports)
