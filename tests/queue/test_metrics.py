"""What a monitor reads: the numbers of a queue in Prometheus' text, over HTTP."""

import threading
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from decimal import Decimal

import pytest

pytest.importorskip("prometheus_client", reason="the extra distributed brings it")

from prometheus_client.parser import text_string_to_metric_families

from runner.cli import invoke
from runner.errors import StorageError, UsageError
from runner.queue import metrics
from runner.queue.health import AccountHealth, ClusterHealth, Pending
from runner.queue.metrics import METRICS, serve_metrics
from runner.takes import Account, TakeState
from tests.ledger.postgres import PostgresServer
from tests.queue.test_queue import make_pack

ME = Account("api.example", "me")
Series = dict[tuple[str, ...], float]


@contextmanager
def serving(read: Callable[[], ClusterHealth]) -> Iterator[Callable[[], Series]]:
    """Serve numbers; yield what scrapes them."""
    server, port = serve_metrics("127.0.0.1", 0, read)

    def scrape() -> Series:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            return parse(answer.read().decode())

    try:
        yield scrape
    finally:
        server.shutdown()
        server.server_close()


def parse(text: str) -> Series:
    """Return each sample by its name and the values of its labels; no series comes twice."""
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    found = {(one.name, *one.labels.values()): one.value for one in samples}
    assert len(found) == len(samples)
    return found


def test_accounts_are_labels_and_nothing_else_grows() -> None:
    me = AccountHealth(
        *(ME, True, 2, 3, 1, 90.5, 1, 4, 7.5, Decimal("12.5"), Decimal(500)),
        pending={TakeState.UNKNOWN: Pending(2, 7200.0)},
        ended={0: 5, 70: 1},
    )
    simulated = [
        AccountHealth(Account(host, "me", simulated=True)) for host in ("api.example", "two")
    ]
    with serving(lambda: ClusterHealth([me, *simulated], Decimal(2000))) as scrape:
        found = scrape()
    mine = "api.example/me"
    assert found["lookbook_database_up",] == 1
    assert found["lookbook_workers", mine] == 2
    assert found["lookbook_account_paused", mine] == 1
    assert found["lookbook_runs", mine, "queued"] == 3
    assert found["lookbook_runs", mine, "running"] == 1
    assert found["lookbook_queue_longest_wait_seconds", mine] == 90.5
    assert found["lookbook_runs_ended_last_hour", mine, "70"] == 1
    assert found["lookbook_takes", mine, "unknown"] == 2
    assert found["lookbook_takes", mine, "processing"] == 0
    assert found["lookbook_oldest_take_seconds", mine, "unknown"] == 7200
    assert found["lookbook_campaigns", mine, "held"] == 1
    assert found["lookbook_campaigns", mine, "abandoned"] == 4
    assert found["lookbook_oldest_heartbeat_seconds", mine] == 7.5
    assert found["lookbook_spent_usd", mine] == 12.5
    assert found["lookbook_ceiling_usd", mine] == 500
    assert found["lookbook_total_ceiling_usd",] == 2000
    assert found["lookbook_workers", "simulator two/me"] == 0
    assert ("lookbook_ceiling_usd", "simulator two/me") not in found
    whole = {"lookbook_database_up", "lookbook_total_ceiling_usd"}
    assert {name for name, *_ in found} == {name for name, _, _ in METRICS} | whole


def test_a_scrape_waits_for_no_database_that_neither_answers_nor_refuses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metrics, "MAX_WAIT", 0.01)
    asked, answers = threading.Event(), threading.Event()

    def read() -> ClusterHealth:
        asked.set()
        assert answers.wait(60)
        return ClusterHealth([])

    with serving(read) as scrape, ThreadPoolExecutor(1) as threads:
        first = threads.submit(scrape)
        assert asked.wait(60)
        assert scrape() == {("lookbook_database_up",): 0}
        answers.set()
        assert first.result()["lookbook_database_up",] == 1


def test_a_database_that_is_away_is_a_number_and_comes_back() -> None:
    health = ClusterHealth([AccountHealth(ME)])
    answers: list[Exception | None] = [StorageError("away"), None]

    def read() -> ClusterHealth:
        if (error := answers.pop(0)) is not None:
            raise error
        return health

    with serving(read) as scrape:
        assert scrape() == {("lookbook_database_up",): 0}
        assert scrape()["lookbook_database_up",] == 1


def test_a_port_that_is_taken_is_an_error_that_names_the_option() -> None:
    server, port = serve_metrics("127.0.0.1", 0, lambda: ClusterHealth([]))
    with closing(server.socket), pytest.raises(UsageError, match=f"port {port}") as raised:
        serve_metrics("127.0.0.1", port, lambda: ClusterHealth([]))
    assert "--metrics" in str(raised.value.hint)
    server.shutdown()


@pytest.mark.parametrize("wrong", ["", "http", ":9464", "65536", "-1", "127.0.0.1:"])
def test_an_address_that_is_none_is_refused(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["worker", f"--metrics={wrong}"]) == 2
    assert "is not PORT, such as 9464" in capsys.readouterr().err


ROWS = """
INSERT INTO lookbook.campaigns (account, name, heartbeat_at)
    SELECT id, name, clock_timestamp() - make_interval(secs => silent)
      FROM lookbook.accounts,
           (VALUES ('held', 0), ('left', 60), ('free', NULL)) AS there (name, silent)
     WHERE "user" = %s;
INSERT INTO lookbook.takes (campaign, uid, look, number, kind, identity, ingredients, state,
                            billing, price, reroll, attempts, moved_at)
    SELECT id, state, 'l0', 1, 'look', '', '', state, 'reserved', '1.5', false, 1,
           clock_timestamp() - interval '100 s'
      FROM lookbook.campaigns, unnest(ARRAY['unknown', 'processing', 'completed']) AS state
     WHERE name = 'left';
INSERT INTO lookbook.ceilings (account, usd, set_by)
    SELECT id, 500, 'ada' FROM lookbook.accounts WHERE "user" = %s
"""


@pytest.mark.distributed
def test_the_numbers_are_those_of_the_database(request: pytest.FixtureRequest) -> None:
    server: PostgresServer = request.getfixturevalue("server")
    server.call_tool("psql", "-c", "CREATE DATABASE metrics", server.address())
    from runner.ledger.postgres.connection import PostgresConnection
    from runner.queue.opening import open_queue
    from runner.queue.postgres.health import read_health

    address = server.address("metrics")
    with closing(open_queue(address)) as queue:
        queue.migrate()
        queue.enlist("one", [ME], 8)
        for campaign in ("first", "second", "third"):
            queue.enqueue(replace(make_pack("me"), campaign=campaign), by="ada")
        begun = [queue.begin(run.run, "one") for run in queue.list_runs()[:2]]
        assert begun[0] is not None
        assert queue.end(begun[0], 5)
    with closing(PostgresConnection(address)) as connection:
        for statement in ROWS.split(";"):
            values = ("me",) * statement.count("%s")
            connection.fetch(f"{statement} RETURNING 1", values)
    (me,) = read_health(address).accounts
    assert 0 < me.longest_wait < 60
    assert 60 <= me.oldest_heartbeat < 120
    unknown = me.pending[TakeState.UNKNOWN]
    assert (unknown.count, 100 <= unknown.oldest < 200) == (1, True)
    assert {*me.pending} == {TakeState.UNKNOWN, TakeState.PROCESSING}
    assert replace(me, longest_wait=0.0, oldest_heartbeat=0.0, pending={}) == AccountHealth(
        *(ME, False, 1, 1, 1, 0.0, 1, 1, 0.0, Decimal("4.5"), Decimal(500)), ended={5: 1}
    )
    server.call_tool("psql", "-c", "DROP DATABASE metrics", server.address())
    with pytest.raises(StorageError):
        read_health(address)
