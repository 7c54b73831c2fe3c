"""The shared ledger: one writer by the database's own word, and commits that are neither lost nor
made twice when the connection is."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import anyio.lowlevel
import pytest

pytest.importorskip("psycopg")

from runner.errors import LedgerClaimed, LedgerDamaged, StorageError, UsageError
from runner.face_measures import FaceMeasure, NoFace
from runner.ledger.backend import Changes, TransactionUndone
from runner.ledger.events import Entry, Note
from runner.ledger.ledger import CampaignLedger
from runner.ledger.neighbours import FACTS, read_account_facts, read_neighbours
from runner.ledger.postgres import backend as backends
from runner.ledger.postgres import connection as connections
from runner.ledger.postgres import heartbeat
from runner.ledger.postgres.account import DEAD_AFTER
from runner.ledger.postgres.address import describe_address
from runner.ledger.postgres.backend import PostgresBackend
from runner.ledger.postgres.connection import Fenced, PostgresConnection
from runner.ledger.postgres.schema import migrate_schema
from runner.ledger.postgres.shared import SharedLedger
from runner.ledger.state_dirs import StateDir
from runner.model import LookKind
from runner.policy.lifecycle import Event
from runner.takes import Account, Doubled, MeasuredPrice, Neighbours, PriceState
from tests.ledger.conftest import SharedLedgers
from tests.ledger.names import Ticking, intent
from tests.ledger.postgres import PostgresServer, serve_postgres

ME = Account("api.example", "me")


@contextmanager
def opened(
    server: PostgresServer, user: str, campaign: str = "spring"
) -> Iterator[PostgresBackend]:
    connection = PostgresConnection(server.address())
    with closing(connection):
        yield PostgresBackend.make(connection, Account("api.example", user), campaign)


def picked(look: str) -> Changes:
    note = Entry(1.0, None, None, Note.PICKED, {"look": look, "take": "1"})
    return Changes(events=[note], picks={look: "1"})


def ignore() -> None:
    """Be ready."""


def test_a_campaign_is_claimed_by_one_process_and_taken_from_a_dead_one(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(postgres, "claims") as first, opened(postgres, "claims") as second:
        first.claim("process 1 on a")
        with pytest.raises(LedgerClaimed, match=r"process 1 on a, since 20\d\d-"):
            second.claim("process 2 on b")
        first.commit(picked("a"), ready=ignore)
        monkeypatch.setattr("runner.ledger.postgres.backend.DEAD_AFTER", 0.0)
        second.claim("process 2 on b")
        with pytest.raises(Fenced):
            first.commit(picked("b"), ready=ignore)
        second.commit(picked("c"), ready=ignore)
        assert [row.seq for row in second.events()] == [1, 2]
        assert second.picks() == {"a": "1", "c": "1"}
        explained = first.explain(Fenced())
        assert isinstance(explained, StorageError)
        assert "taken over" in explained.message


def test_only_a_claimant_writes_and_its_heartbeat_ends_with_its_claim(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(postgres, "beats") as first, opened(postgres, "beats") as second:
        with pytest.raises(Fenced):
            first.commit(picked("a"), ready=ignore)
        with closing(PostgresConnection(postgres.address())) as beside:
            first.claim("one")
            assert first.beat(beside)
            with pytest.raises(LedgerClaimed):
                second.claim("two")
            assert first.beat(beside, age=DEAD_AFTER)  # its loop hangs
            second.claim("two")
            second.release()
            assert not first.beat(beside)
            first.claim("one")
            first.release()
            second.claim("two")
            assert not first.beat(beside)
            first.release()  # what is no longer its own
            with pytest.raises(LedgerClaimed, match="two"):
                first.claim("one")


def test_decisions_wait_in_the_database_for_whoever_writes_the_campaign(
    postgres: PostgresServer,
) -> None:
    with (
        opened(postgres, "decides") as here,
        opened(postgres, "decides") as there,
        opened(postgres, "decides", "autumn") as other,
    ):
        here.queue_decision("picks", '{"a": "\u0000"}')
        here.queue_decision("reviews", "{}")
        first, second = there.queued_decisions()
        assert (first.kind, first.document) == ("picks", '{"a": "\u0000"}')
        other.drop_decisions([first.id, second.id])
        there.drop_decisions([first.id])
        assert here.queued_decisions() == [second]
        assert other.queued_decisions() == []


def test_a_fenced_ledger_says_so_and_writes_no_more(
    shared_ledgers: SharedLedgers, ticking: Ticking
) -> None:
    with shared_ledgers() as claim:
        first = CampaignLedger(claim(), now=ticking.now, entropy=ticking, inline=True)
        first.begin(ME, "spring", {})
        second = CampaignLedger(claim(), now=ticking.now, entropy=ticking, inline=True)
        for _ in range(2):
            with pytest.raises(StorageError, match="taken over"):
                first.note_wallet({"currency": "usd", "before": 1.0, "after": 1.0})
        second.begin(ME, "spring", {})
        assert len([*second.store.history.events()]) == 2


class Cut:
    """Loses the connection once: before a commit is sent, or after it was carried out."""

    def __init__(self, backend: PostgresBackend, *, after: bool) -> None:
        self.backend, self.after, self.left = backend, after, 1
        self._run = backend._connection.run
        backend._connection.run = self  # type: ignore[method-assign]

    def __call__(self, statements: Any, *, ready: Callable[[], None] | None = None) -> None:
        if ready is None or not self.left:
            return self._run(statements, ready=ready)
        self.left -= 1
        if self.after:
            self._run(statements, ready=ready)
        self.backend._connection.close()
        return self._run([("SELECT 1", ())])


@pytest.mark.parametrize("after", [False, True])
async def test_a_commit_whose_connection_is_lost_is_made_once(
    shared_ledgers: SharedLedgers, ticking: Ticking, *, after: bool
) -> None:
    with shared_ledgers() as claim:
        backend = claim()
        assert isinstance(backend, PostgresBackend)
        ledger = CampaignLedger(backend, now=ticking.now, entropy=ticking, inline=True)
        ledger.begin(ME, "spring", {})
        await ledger.intend(intent("a"))
        Cut(backend, after=after)
        take = await ledger.intend(intent("b", key="key-2"))
        await ledger.record(take.uid, Event.ACCEPTED, {"avatar_id": "look-b"})
        again = CampaignLedger(claim(), now=ticking.now, entropy=ticking, inline=True)
        assert again.keys() == {"key-1", "key-2"}
        assert len(again.takes_of("b")) == 1
        assert again.take(take.uid).avatar_id == "look-b"
        assert again.snapshot().spent == ledger.snapshot().spent == 2


@pytest.mark.parametrize("after", [False, True])
def test_a_claim_whose_connection_is_lost_is_still_ours(
    postgres: PostgresServer, *, after: bool
) -> None:
    with (
        opened(postgres, f"lost claim {after}") as backend,
        opened(postgres, f"lost claim {after}") as other,
    ):
        fetch, lost = backend._connection.fetch, [False]

        def cut(statement: str, values: Any = ()) -> Any:
            if "SET epoch" in statement and lost:
                lost.pop()
                if after:
                    fetch(statement, values)
                backend._connection.close()
            return fetch(statement, values)

        assert not other.is_held()
        backend._connection.fetch = cut  # type: ignore[method-assign]
        backend.claim("process 1 on a")
        backend.commit(picked("a"), ready=ignore)
        assert other.is_held()
        with pytest.raises(LedgerClaimed, match="process 1 on a"):
            other.claim("process 2 on b")


def test_a_claim_of_somebody_else_is_not_taken_for_ours_whatever_its_name(
    postgres: PostgresServer,
) -> None:
    with opened(postgres, "name of two") as first, opened(postgres, "name of two") as second:
        first.claim("process 1 on a")
        second._connection.close()  # so that it asks whether the claim is its own
        with pytest.raises(LedgerClaimed, match=r": process 1 on a, since 20\d\d-"):
            second.claim("process 1 on a")
        first.commit(picked("a"), ready=ignore)


@pytest.mark.parametrize("losses", [1, 3])
async def test_a_ledger_is_loaded_whole_where_its_connection_is_lost_in_the_middle(
    shared_ledgers: SharedLedgers, ticking: Ticking, losses: int
) -> None:
    with shared_ledgers() as claim:
        first = CampaignLedger(claim(), now=ticking.now, entropy=ticking, inline=True)
        first.begin(ME, "spring", {})
        await first.intend(intent("a"))
        backend = claim()
        assert isinstance(backend, PostgresBackend)
        fetch, lost, views = backend._connection.fetch, [False] * losses, list[str]()

        def cut(statement: str, values: Any = ()) -> Any:
            if "lookbook.picks" in statement:
                views.append(statement)
                if lost:
                    lost.pop()
                    backend._connection.close()
            return fetch(statement, values)

        backend._connection.fetch = cut  # type: ignore[method-assign]
        again = CampaignLedger(backend, now=ticking.now, entropy=ticking, inline=True)
        assert again.keys() == {"key-1"}
        assert len(views) == losses + 1  # each time all of it, in a view of its own


HURRY = "SET transaction_timeout = '300ms'"
LINGER = "SELECT pg_sleep(0.6)"


def test_a_whole_ledger_is_read_for_longer_than_other_transactions_last(
    postgres: PostgresServer,
) -> None:
    with opened(postgres, "reads long") as backend:
        backend._connection.run([(HURRY, ())])
        with backend.one_view():
            backend._fetch(LINGER)
            assert backend._fetch("SHOW transaction_timeout") == [("2min",)]
        assert backend._fetch("SHOW transaction_timeout") == [("300ms",)]


@pytest.mark.parametrize("read", ["takes_besides", "facts_besides"])
def test_what_a_whole_account_knows_is_read_for_longer_than_other_transactions_last(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch, read: str
) -> None:
    monkeypatch.setattr(connections, "TRANSACTION_TIMEOUT", "300ms")  # of each that is made anew
    with opened(postgres, "reads besides") as backend:
        quick = backend._mine

        def linger(statement: str, *values: object) -> list[tuple[Any, ...]]:
            backend._fetch(LINGER)
            return quick(statement, *values)

        monkeypatch.setattr(backend, "_mine", linger)
        arguments = [FACTS] if read == "facts_besides" else []
        assert getattr(backend, read)(*arguments) == []


def test_the_index_of_what_is_known_of_an_account_has_every_kind_of_it(
    postgres: PostgresServer,
) -> None:
    with opened(postgres, "index") as backend:
        ((definition,),) = backend._fetch(
            "SELECT indexdef FROM pg_indexes WHERE indexname = 'events_of_account'"
        )
    assert set(re.findall(r"'(\w+)'::text", definition)) == {str(kind) for kind in FACTS}


def test_a_commit_of_many_events_lasts_longer_than_others(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(postgres, "imports") as backend:
        backend.claim("one")

        def linger() -> None:
            backend._connection._connection.execute(LINGER)

        backend._connection.run([(HURRY, ())])
        with pytest.raises(TransactionUndone):
            backend.commit(picked("a"), ready=linger)
        monkeypatch.setattr(backends, "MANY", 0)
        backend._connection.run([(HURRY, ())])
        backend.commit(picked("a"), ready=linger)
        assert backend.picks() == {"a": "1"}


def test_a_connection_that_the_client_library_gives_up_is_a_lost_one(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    with opened(postgres, "busy") as backend:
        backend.claim("one")
        lost = backend._connection._connection
        pipeline = lost.pipeline

        @contextmanager
        def busy() -> Iterator[None]:
            with pipeline():
                yield
            raise psycopg.OperationalError("cannot exit pipeline mode while busy")

        monkeypatch.setattr(lost, "pipeline", busy)
        backend.commit(picked("a"), ready=ignore)  # it is found to be there
        assert lost.closed
        assert backend.picks() == {"a": "1"}


def test_a_commit_of_many_events_is_a_sign_of_life_itself(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(postgres, "imports and lives") as backend:
        backend.claim("one")
        silent = DEAD_AFTER + 1  # as after minutes in which no heartbeat came through
        backend.beat(backend._connection, age=silent)
        backend.commit(picked("a"), ready=ignore)
        assert not backend.is_held()
        monkeypatch.setattr(backends, "MANY", 0)
        backend.commit(picked("b"), ready=ignore)
        assert backend.is_held()


def test_texts_that_postgresql_cannot_hold_come_back_as_they_were(
    shared_ledgers: SharedLedgers,
) -> None:
    odd = {"nul\0": "a", "\ue000": "b", '\ue000"x"': "\0"}
    with shared_ledgers() as claim:
        note = Entry(1.0, "r", None, Note.PICKED, odd)
        meta = {"campaign": "sp\0ring"}
        claim().commit(Changes(events=[note], picks={**odd}, meta=meta), ready=ignore)
        backend = claim()
        assert backend.picks() == odd
        assert backend.meta() == meta
        (row,) = backend.events()
        assert row.to_entry() == note


def test_events_can_only_be_appended(postgres: PostgresServer) -> None:
    import psycopg

    with opened(postgres, "append") as backend:
        backend.claim("one")
        backend.commit(picked("a"), ready=ignore)
        for statement in ("UPDATE lookbook.events SET at = 0", "DELETE FROM lookbook.events"):
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                backend._connection.run([(statement, ())])


async def test_events_are_erased_by_the_owner_alone_and_stay_append_only(
    postgres: PostgresServer, ticking: Ticking
) -> None:
    import psycopg

    def make(address: str) -> CampaignLedger:
        connection = PostgresConnection(address)
        backend = PostgresBackend.make(connection, Account("api.example", "erase"), "spring")
        backend.claim("one")
        return CampaignLedger(backend, now=ticking.now, entropy=ticking, inline=True)

    owner = make(postgres.address())
    owner.begin(Account("api.example", "erase"), "spring", {})
    await owner.note_face(FaceMeasure("77", none=NoFace.SMALL))
    assert await owner.forget_faces() == 1
    backend = owner.store.backend
    assert isinstance(backend, PostgresBackend)
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        backend._connection.run([("UPDATE lookbook.events SET at = 0", ())])
    backend.release()
    for statement in (
        "CREATE ROLE eraser LOGIN",
        "GRANT USAGE ON SCHEMA lookbook TO eraser",
        "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA lookbook TO eraser",
    ):
        postgres.call_tool("psql", "-q", "-c", statement, postgres.address())
    client = make(postgres.address().replace("lookbook@", "eraser@"))
    with pytest.raises(UsageError, match="Only the owner"):
        await client.forget_faces()
    for ledger in (owner, client):
        ledger.store.backend.close(sound=False)


def test_several_first_starts_at_once_are_one_migration(postgres: PostgresServer) -> None:
    with closing(PostgresConnection(postgres.address())) as connection:
        connection.run([("CREATE DATABASE fresh", ())])
    together = threading.Barrier(4)

    def start(_number: int) -> None:
        with closing(PostgresConnection(postgres.address("fresh"))) as connection:
            together.wait(30)
            migrate_schema(connection)

    with ThreadPoolExecutor(4) as threads:
        assert len([*threads.map(start, range(4))]) == 4
    with closing(PostgresConnection(postgres.address("fresh"))) as connection:
        assert connection.fetch("SELECT version FROM lookbook.migrations") == [(1,)]
        connection.run([("INSERT INTO lookbook.migrations (version) VALUES (99)", ())])
        with pytest.raises(UsageError, match="newer lookbook"):
            migrate_schema(connection)


def test_a_server_that_is_too_old_or_away_is_refused_in_words(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StorageError, match="cannot be reached") as caught:
        PostgresConnection("postgresql://me:hunter2@127.0.0.1:1/studio")
    assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"
    assert describe_address("postgresql://me:hunter2@db:5433/x") == "postgresql db:5433/x"
    with pytest.raises(UsageError, match="no address") as refused:
        describe_address("postgresql://me:hunter2@db:no/x?what=ever")
    assert "hunter2" not in refused.value.message
    monkeypatch.setattr(connections, "MIN_VERSION", 99)
    with pytest.raises(UsageError, match="is PostgreSQL 18; lookbook needs 99 or newer"):
        PostgresConnection(postgres.address())


@pytest.mark.parametrize(
    "address",
    [
        "postgres:/bob:hunter2secret@db/studio",
        "postgresql://bob:hunter2%zzsecret@db/studio",
        "postgresql://bob:hunt@er2secret@db/studio",
        "postgresql://bob:12/er2secret@db/studio",
        "postgresql://bob:hunter2/secret@db/studio",
        "host=db password=hunter2 secret",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_without_a_word_of_its_password(
    address: str,
) -> None:
    with pytest.raises(UsageError, match="no address") as refused:
        describe_address(address)
    told = f"{refused.value.message} {refused.value.hint}"
    assert not any(part in told for part in ("hunt", "er2", "secret"))


def test_a_database_is_waited_for_once_and_what_was_sent_is_not_denied(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_OUTAGE", 0.05)
    with closing(PostgresConnection(postgres.address())) as connection:
        there, connection._address = connection._address, "postgresql://me@127.0.0.1:1/studio"
        with pytest.raises(StorageError, match="cannot be reached") as caught:
            connection.reconnect()
        assert "Nothing was sent" not in str(caught.value.hint)
        monkeypatch.setattr(connections, "MAX_OUTAGE", 1.0)
        tries: list[float] = []
        monkeypatch.setattr("time.sleep", tries.append)
        with pytest.raises(StorageError, match="cannot be reached"):
            connection.reconnect()
        assert len(tries) == 1
        connection._address = there
        connection.reconnect()
        assert connection.fetch("SELECT 1") == [(1,)]


def test_a_default_of_the_server_does_not_hide_what_was_committed(
    postgres: PostgresServer,
) -> None:
    address = f"{postgres.address()}?options=-cdefault_transaction_isolation%3Dserializable"
    with closing(PostgresConnection(address)) as connection:
        assert connection.fetch("SHOW transaction_isolation") == [("read committed",)]


class Beaten:
    """Is stamped three times (a ``PostgresBackend`` for a heartbeat); the first time fails."""

    def __init__(self) -> None:
        self.beats = 0

    def beat(self, _connection: Any, *, age: float) -> bool:
        assert age == 0.0
        self.beats += 1
        if self.beats == 1:
            raise RuntimeError("a deadlock, say")
        return self.beats < 3


def test_a_heartbeat_outlives_every_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "BEAT", 0.001)
    monkeypatch.setattr(heartbeat, "PostgresConnection", lambda _address: StringIO())
    beaten: Any = Beaten()
    beating = heartbeat.Heartbeat(beaten, "nowhere")
    beating.start()
    beating._thread.join(30)
    assert beaten.beats == 3


async def test_a_loop_that_hangs_shows_no_sign_unless_it_announced_that_it_computes() -> None:
    now, beaten = [0.0], Beaten()
    beating = heartbeat.Heartbeat(beaten, "nowhere", timer=lambda: now[0])  # type: ignore[arg-type]
    now[0] += 100.0
    assert beating.age() == 0.0  # no loop is there: the thread alone says that the process lives
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(beating.follow_loop)
        await anyio.lowlevel.checkpoint()
        now[0] += heartbeat.BEAT
        assert beating.age() == 0.0
        now[0] += 4.0
        assert beating.age() == 5.0
        with beating.computing():
            now[0] += heartbeat.MAX_COMPUTATION
            assert beating.age() == 0.0
            now[0] += 5.0
            assert beating.age() == 5.0
        assert beating.age() == 0.0
        tasks.cancel_scope.cancel()
    now[0] += 100.0
    assert beating.age() == 0.0


def test_a_campaign_is_kept_while_its_ledger_is_loaded(
    postgres: PostgresServer, ticking: Ticking, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(heartbeat.Heartbeat, "start", lambda _self: told.append("beats"))
    monkeypatch.setattr(heartbeat.Heartbeat, "stop", lambda _self: told.append("beats no more"))

    def load(_self: PostgresBackend) -> dict[str, str]:
        told.append("loads")
        raise RuntimeError("no memory")

    monkeypatch.setattr(PostgresBackend, "meta", load)
    with pytest.raises(LedgerDamaged, match="no memory"):
        SharedLedger(
            postgres.address(),
            Account("api.example", "loads"),
            "spring",
            concurrency=1,
            now=ticking.now,
            entropy=ticking,
        )
    assert told == ["beats", "loads", "beats no more"]


def start_later(server: PostgresServer) -> None:
    time.sleep(0.3)
    server.start()


async def test_a_shared_ledger_is_free_when_it_is_closed_and_knows_its_neighbours(
    postgres: PostgresServer, ticking: Ticking, tmp_path: Path
) -> None:
    account, nowhere = Account("api.example", "neighbours"), StateDir(tmp_path / "s.lookbook")

    def open_shared(campaign: str) -> SharedLedger:
        settings = {"now": ticking.now, "entropy": ticking, "inline": True}
        return SharedLedger(postgres.address(), account, campaign, concurrency=5, **settings)

    with closing(open_shared("spring")) as spring:
        spring.begin(account, "spring", {})
        take = await spring.intend(intent("a"))
        await spring.record(take.uid, Event.ACCEPTED, {"avatar_id": "look-a", "group_id": "g"})
        lost = await spring.intend(intent("b", key="key-2"))
        await spring.record(lost.uid, Event.LOST, {"error_message": "reset"})
        measured = MeasuredPrice(Decimal("0.50"), PriceState.CONFIRMED, Decimal("1.00"), 2)
        await spring.note_price(LookKind.PROMPT, measured)
        await spring.note_doubled([Doubled("twin", "name", lost.uid, Decimal("1.50"))])
        with pytest.raises(LedgerClaimed, match="process"):
            open_shared("spring")
        assert read_neighbours(nowhere, spring) == Neighbours()
        assert not spring.others_bought()
    with closing(open_shared("spring")) as spring, closing(open_shared("autumn")) as autumn:
        there = read_neighbours(nowhere, autumn)
        assert there.ids == {"look-a", "g"}
        assert there.unresolved == {"name of b": ("spring: b#1",)}
        learned = read_account_facts(nowhere, account, autumn)
        assert learned.prices == {LookKind.PROMPT: measured}
        assert learned.keys_ignored_by == "spring"
        autumn.begin(account, "autumn", {})
        await autumn.intend(intent("a", key="key-3"))
        assert not autumn.others_bought()
        assert spring.others_bought()  # also before anything of its own has moved
        spring.begin(account, "spring", {})
        await spring.intend(intent("c", key="key-4"))
        assert autumn.others_bought()


async def test_a_server_that_is_killed_and_started_again_is_waited_for(ticking: Ticking) -> None:
    with serve_postgres() as server:
        connection = PostgresConnection(server.address())
        migrate_schema(connection)
        backend = PostgresBackend.make(connection, ME, "spring", concurrency=10)
        backend.claim("one")
        ledger = CampaignLedger(backend, now=ticking.now, entropy=ticking, inline=True)
        ledger.begin(ME, "spring", {})
        server.kill()
        with ThreadPoolExecutor(1) as threads:
            restarted = threads.submit(start_later, server)
            await ledger.intend(intent("a"))
            restarted.result()
        assert [row.seq for row in backend.events()] == [1, 2]
        connection.close()
