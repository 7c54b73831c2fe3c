"""One account, several machines: its limit and its pauses hold over all campaigns."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from itertools import count
from typing import Any

import anyio
import pytest

pytest.importorskip("psycopg")

from runner.executor.ports import AccountBusy
from runner.ledger.backend import Changes
from runner.ledger.ledger import CampaignLedger
from runner.ledger.postgres import places
from runner.ledger.postgres.account import FRESH_UNKNOWN, UNWATCHED, WATCHED, AccountPacer
from runner.ledger.postgres.backend import PostgresBackend
from runner.ledger.postgres.connection import ConnectionLost, PostgresConnection
from runner.ledger.postgres.places import CHANNEL, PlaceQueue, find_listener
from runner.policy.lifecycle import Event
from runner.takes import Account
from tests.ledger.names import Ticking, intent
from tests.ledger.postgres import HANGS, PostgresServer

LISTENS = f"SELECT pid FROM pg_stat_activity WHERE state = 'idle' AND query = 'LISTEN {CHANNEL}'"

_users = count()


class Machines:
    """Ledgers of one account, each with a connection of its own as on a machine of its own."""

    def __init__(self, server: PostgresServer, stack: ExitStack) -> None:
        self.server, self.stack = server, stack
        self.account = Account("api.example", f"pace-{next(_users)}")

    def open(self, campaign: str, *, concurrency: int = 2, inline: bool = True) -> CampaignLedger:
        connection = self.stack.enter_context(closing(PostgresConnection(self.server.address())))
        backend = PostgresBackend.make(connection, self.account, campaign, concurrency=concurrency)
        backend.claim(f"a machine of {campaign}")
        ticking = Ticking()
        ticking.uid = lambda: f"{campaign}-{next(names)}"  # type: ignore[method-assign]
        names = count()
        ledger = CampaignLedger(backend, now=ticking.now, entropy=ticking, inline=inline)
        ledger.begin(self.account, campaign, {})
        return ledger

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(PostgresConnection(self.server.address())) as connection:
            return connection.fetch(statement)


@pytest.fixture
def machines(postgres: PostgresServer) -> Iterator[Machines]:
    with ExitStack() as stack:
        yield Machines(postgres, stack)


async def test_a_place_is_taken_with_the_intent_and_given_back_by_the_takes_own_state(
    machines: Machines,
) -> None:
    spring, autumn = machines.open("spring"), machines.open("autumn")
    first = await spring.intend(intent("a"))
    second = await autumn.intend(intent("a"))
    for ledger in (spring, autumn):
        with pytest.raises(AccountBusy) as caught:
            await ledger.intend(intent("b", key="b"))
        assert caught.value.seconds is None
        assert ledger.takes_of("b") == []
        assert len(ledger.keys()) == 1
    await spring.record(first.uid, Event.ACCEPTED, {"avatar_id": "look-a"})
    with pytest.raises(AccountBusy):
        await autumn.intend(intent("b", key="b"))
    await autumn.record(second.uid, Event.REFUSED, {"error_code": "moderation"})
    await autumn.intend(intent("b", key="b"))
    await spring.record(first.uid, Event.COMPLETED, {"completed_at": 5.0})
    await spring.intend(intent("b", key="b"))


async def test_a_pause_and_the_limit_that_was_found_hold_for_every_machine(
    machines: Machines,
) -> None:
    spring, autumn = machines.open("spring", concurrency=5), machines.open("autumn", concurrency=5)
    accepted = await spring.intend(intent("a"))
    await spring.record(accepted.uid, Event.ACCEPTED, {"avatar_id": "look-a"})
    refused = await autumn.intend(intent("a"))
    await autumn.record(refused.uid, Event.RETURNED, {"error_code": "rate_limit_exceeded"})
    assert await autumn.note_refusal(60.0)
    for ledger in (spring, autumn):
        with pytest.raises(AccountBusy) as caught:
            await ledger.intend(intent("b", key="b"))
        assert 50 < (caught.value.seconds or 0) <= 60
        assert caught.value.refused_for >= 60
    machines.sql(
        "UPDATE lookbook.accounts SET pace = jsonb_set(pace::jsonb, '{paused_until}', '0')::text "
        f"WHERE \"user\" = '{machines.account.user}' RETURNING id"
    )
    with pytest.raises(AccountBusy) as caught:
        await autumn.intend(intent("b", key="b"))
    assert caught.value.seconds is None  # one look is in progress, and one is what it takes
    await spring.record(accepted.uid, Event.COMPLETED, {"completed_at": 5.0})
    probe = await autumn.intend(intent("b", key="b"))
    with pytest.raises(AccountBusy):
        await spring.intend(intent("b", key="b"))
    await autumn.record(probe.uid, Event.ACCEPTED, {"avatar_id": "look-b"})
    (pace,) = machines.sql(
        "SELECT pace::jsonb ->> 'limit', pace::jsonb ->> '_probing' FROM lookbook.accounts "
        f"WHERE \"user\" = '{machines.account.user}'"
    )
    assert pace == ("1", "false")


async def test_a_lost_answer_holds_its_place_a_while_and_its_own_replay_needs_no_other(
    machines: Machines,
) -> None:
    spring, autumn = machines.open("spring", concurrency=1), machines.open("autumn", concurrency=1)
    lost = await spring.intend(intent("a"))
    await spring.record(lost.uid, Event.LOST, {"error_message": "reset"})
    with pytest.raises(AccountBusy):
        await autumn.intend(intent("a"))
    await spring.resend(lost.uid)
    machines.sql(
        "UPDATE lookbook.takes SET moved_at = clock_timestamp() - interval '10 minutes' "
        f"WHERE uid = '{lost.uid}' RETURNING uid"
    )
    await autumn.intend(intent("a"))


@pytest.mark.parametrize("accepted", [False, True])
async def test_looks_that_nobody_waits_for_any_more_hold_no_place_for_ever(
    machines: Machines, accepted: bool
) -> None:
    spring, autumn = machines.open("spring", concurrency=1), machines.open("autumn", concurrency=1)
    take = await spring.intend(intent("a"))
    if accepted:
        await spring.record(take.uid, Event.ACCEPTED, {"avatar_id": "look-a"})

    def make_older(than: float) -> None:
        machines.sql(
            f"UPDATE lookbook.takes SET moved_at = clock_timestamp() - interval '{than} seconds' "
            f"WHERE uid = '{take.uid}' RETURNING uid"
        )

    longest = WATCHED if accepted else FRESH_UNKNOWN
    make_older(longest - 60)
    with pytest.raises(AccountBusy):  # its run is alive, and waits for it
        await autumn.intend(intent("a"))
    make_older(longest + 60)
    await autumn.intend(intent("a"))


async def test_looks_of_a_run_that_has_ended_hold_no_place_for_ever(machines: Machines) -> None:
    spring, autumn = machines.open("spring", concurrency=1), machines.open("autumn", concurrency=1)
    take = await spring.intend(intent("a"))
    await spring.record(take.uid, Event.ACCEPTED, {"avatar_id": "look-a"})
    backend = spring.store.backend
    assert isinstance(backend, PostgresBackend)
    backend.release()
    with pytest.raises(AccountBusy):
        await autumn.intend(intent("a"))
    machines.sql(
        f"UPDATE lookbook.takes SET moved_at = clock_timestamp() - interval '{UNWATCHED + 60} s' "
        f"WHERE uid = '{take.uid}' RETURNING uid"
    )
    await autumn.intend(intent("a"))


def test_machines_that_send_at_once_never_take_more_than_there_is(machines: Machines) -> None:
    ledgers = [machines.open(f"c{number}", concurrency=4, inline=False) for number in range(3)]

    async def send(ledger: CampaignLedger) -> int:
        granted = 0

        async def one(number: int) -> None:
            nonlocal granted
            try:
                await ledger.intend(intent(f"l{number}", key=f"k{number}"))
            except AccountBusy:
                return
            granted += 1

        async with anyio.create_task_group() as tasks:
            for number in range(6):
                tasks.start_soon(one, number)
        return granted

    with ThreadPoolExecutor(3) as threads:
        granted = [*threads.map(lambda ledger: anyio.run(send, ledger), ledgers)]
    for ledger in ledgers:
        ledger.close()
    assert sum(granted) == 4


class LosingConnection:
    """Is lost once, over the statement of this number; the transactions on it are noted."""

    def __init__(self, lost_at: int) -> None:
        self.left, self.is_open = lost_at, False

    def run(self, statements: Any) -> None:
        assert [*statements] == [("BEGIN", ())]
        assert not self.is_open
        self.is_open = True

    def fetch(self, statement: str, _values: Any = ()) -> list[tuple[Any, ...]]:
        assert self.is_open, statement
        self.left -= 1
        if self.left == 0:
            self.is_open = False
            raise ConnectionLost
        return [(None, 0, 0.0, 0, 0, 0)] if "clock_timestamp" in statement else [("{}",)]

    def repeat(self, question: Any) -> Any:
        return question()

    def roll_back(self) -> None:
        self.is_open = False


@pytest.mark.parametrize("lost_at", [1, 2])
@pytest.mark.parametrize("reserves", [True, False])
def test_what_is_repeated_after_a_lost_connection_begins_a_transaction_of_its_own(
    lost_at: int, *, reserves: bool
) -> None:
    connection: Any = LosingConnection(lost_at)
    pacer = AccountPacer(connection, 1, 2)
    refused = Changes(refusals=[1.0])
    with pytest.raises(ConnectionLost):
        _ = pacer.reserve(1, resent=()) if reserves else pacer.begin(refused)
    assert pacer.begin(Changes()) == [("BEGIN", ())]
    assert [*map(len, pacer.begin(refused))] == [2]  # the account is locked again
    connection.roll_back()
    assert pacer.reserve(1, resent=()).granted == 1
    assert pacer.begin(Changes()) == []


def test_of_those_who_wait_the_longest_is_woken_and_one_for_each_place() -> None:
    now, woken = [0.0], list[str]()
    line = PlaceQueue(timer=lambda: now[0])
    with ExitStack() as stack:
        for account, since, name in [(1, 5.0, "b"), (1, 3.0, "a"), (1, 7.0, "c"), (2, 1.0, "x")]:
            stack.enter_context(line.wait(account, since, partial(woken.append, name)))
        line.free(1, 1)
        assert woken == ["a"]
        line.free(1, 1)
        with line.wait(1, 3.0, partial(woken.append, "a again")):
            line.free(1, 2)
        assert woken == ["a", "b", "a again", "c"]
        line.free(1, 2)  # nobody waits: kept for a moment
        with line.wait(1, 9.0, partial(woken.append, "d")):
            assert woken[-1] == "d"
        now[0] += 2.0
        with line.wait(1, 9.0, partial(woken.append, "e")):
            assert woken[-1] == "d"
        assert not line.is_empty()
    assert line.is_empty()


async def test_who_waits_for_a_place_is_woken_by_the_machine_that_frees_it(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "UNTOLD", 1e9)  # by that machine, and not after a while
    spring, autumn = machines.open("spring", concurrency=1), machines.open("autumn", concurrency=1)
    take = await spring.intend(intent("a"))
    with pytest.raises(AccountBusy):
        await autumn.intend(intent("a"))
    backend = autumn.store.backend
    assert isinstance(backend, PostgresBackend)
    with find_listener(machines.server.address()).wait(backend.account, 1.0) as freed:
        while not machines.sql(LISTENS):
            pass
        await spring.record(take.uid, Event.ACCEPTED, {"avatar_id": "look-a"})
        await spring.record(take.uid, Event.COMPLETED, {"completed_at": 5.0})
        with anyio.fail_after(HANGS):
            await freed.wait()
    await autumn.intend(intent("a"))
