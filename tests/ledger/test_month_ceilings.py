"""A ceiling of a month holds over all campaigns of an account, or of the whole database."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, nullcontext, suppress
from decimal import Decimal
from typing import Any

import anyio
import pytest

pytest.importorskip("psycopg")

from psycopg.errors import DeadlockDetected

from runner.errors import StorageError
from runner.executor.ports import AccountBusy, OverBudget, OverMonthCeiling
from runner.ledger.backend import MAX_TRIES
from runner.ledger.cluster import ClusterView
from runner.ledger.ledger import CampaignLedger
from runner.ledger.postgres import ceilings, schema
from runner.ledger.postgres.ceilings import find_ceilings
from runner.ledger.postgres.cluster import open_cluster
from runner.ledger.postgres.connection import PostgresConnection
from runner.policy.budget import Ceilings, MonthCeiling
from runner.policy.lifecycle import Event
from runner.takes import Account, Doubled
from tests.ledger.names import intent
from tests.ledger.postgres import PostgresServer
from tests.ledger.test_account_pace import Machines

GRANTS = (
    "CREATE ROLE client LOGIN",
    "GRANT USAGE ON SCHEMA lookbook TO client",
    "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA lookbook TO client",
    "REVOKE INSERT, UPDATE ON lookbook.ceilings, lookbook.spending FROM client",
)


@pytest.fixture
def machines(postgres: PostgresServer) -> Iterator[Machines]:
    with ExitStack() as stack:
        made = Machines(postgres, stack)
        yield made
        made.server = postgres
        made.sql("DELETE FROM lookbook.ceilings RETURNING usd")


def set_ceiling(machines: Machines, usd: str, *, all_accounts: bool = False) -> None:
    whose = (
        "NULL"
        if all_accounts
        else f"(SELECT id FROM lookbook.accounts WHERE \"user\" = '{machines.account.user}')"
    )
    machines.sql(
        f"INSERT INTO lookbook.ceilings (account, usd, set_by) VALUES ({whose}, {usd}, 'ada') "
        "ON CONFLICT (account) DO UPDATE SET usd = excluded.usd RETURNING usd"
    )


def spent(machines: Machines) -> Decimal:
    """Return what counts of the account this month, and check it against its takes."""
    of_account = (
        "(SELECT id FROM lookbook.campaigns WHERE account = (SELECT id FROM lookbook.accounts "
        f"WHERE \"user\" = '{machines.account.user}'))"
    )
    ((held,),) = machines.sql(
        "SELECT coalesce(sum(usd), 0) FROM lookbook.spending WHERE month = "
        "lookbook.month_of(now()) AND account = (SELECT id FROM lookbook.accounts "
        f"WHERE \"user\" = '{machines.account.user}')"
    )
    ((counted,),) = machines.sql(
        "SELECT coalesce(sum(lookbook.counted(billing, price)), 0) FROM lookbook.takes "
        f"WHERE campaign IN {of_account} "
        "AND lookbook.month_of(bought_at) = lookbook.month_of(now())"
    )
    assert held == counted
    return Decimal(held)


async def test_what_the_months_takes_cost_counts_as_the_ledger_knows_it(
    machines: Machines,
) -> None:
    ledger = machines.open("spring", concurrency=9)
    takes = [await ledger.intend(intent(f"l{n}", key=f"k{n}")) for n in range(4)]
    assert spent(machines) == 4
    accepted, refused, lost, failed = takes
    for take in (accepted, failed):
        await ledger.record(take.uid, Event.ACCEPTED, {"avatar_id": take.uid})
    await ledger.record(refused.uid, Event.REFUSED, {"error_code": "moderation"})
    await ledger.record(lost.uid, Event.LOST, {"error_message": "reset"})
    assert spent(machines) == 3
    await ledger.record(failed.uid, Event.FAILED, {"error_code": "x"})
    assert spent(machines) == 3  # HeyGen does not say
    await ledger.record(failed.uid, Event.REFUNDED, {})
    assert spent(machines) == 2
    await ledger.resend(lost.uid)
    assert spent(machines) == 2
    await ledger.record(lost.uid, Event.LOST, {})
    await ledger.record(lost.uid, Event.NOT_BOUGHT, {})
    assert spent(machines) == 1
    again = await ledger.intend(intent("l2", key="again", take=lost.uid))
    assert spent(machines) == 2
    await ledger.record(again.uid, Event.RETURNED, {})
    assert spent(machines) == 1


async def test_a_second_look_of_one_key_counts_until_keys_are_trusted_again(
    machines: Machines,
) -> None:
    ledger = machines.open("spring")
    set_ceiling(machines, "2")
    for look in ("one", "two"):
        name = 'a "price": "9.00" in its \u0000 name'
        await ledger.note_doubled([Doubled(look, name, "a#1", Decimal("1.00"))])
    with pytest.raises(OverMonthCeiling):
        await ledger.intend(intent("a"))
    await ledger.trust_keys("ada")
    await ledger.intend(intent("a"))


@pytest.mark.parametrize("all_accounts", [False, True])
async def test_a_ceiling_is_met_to_the_cent_over_all_campaigns(
    machines: Machines, *, all_accounts: bool
) -> None:
    spring, autumn = machines.open("spring", concurrency=9), machines.open("autumn", concurrency=9)
    before = spent_by_all(machines) if all_accounts else Decimal(0)
    set_ceiling(machines, str(before + 2), all_accounts=all_accounts)
    first = await spring.intend(intent("a"))
    await autumn.intend(intent("a"))
    whose = "all accounts" if all_accounts else machines.account.label
    for ledger in (spring, autumn):
        with pytest.raises(OverMonthCeiling, match=f"the ceiling of {whose} for 20") as caught:
            await ledger.intend(intent("b", key="b"))
        assert "has $0.00 left; ada set it" in caught.value.told
        assert ledger.takes_of("b") == []
    await spring.resend((await spring.record(first.uid, Event.LOST, {})).uid)  # it is held already
    await spring.record(first.uid, Event.ACCEPTED, {"avatar_id": "look-a"})
    await spring.record(first.uid, Event.FAILED, {})
    await spring.record(first.uid, Event.REFUNDED, {})
    await autumn.intend(intent("b", key="b"))
    with closing(PostgresConnection(machines.server.address())) as asking:
        (known,) = find_ceilings(asking, machines.account)
    assert (known.usd, known.left) == (before + 2, Decimal(0))


async def test_a_price_below_the_list_counts_at_list_price_when_it_is_reserved(
    machines: Machines,
) -> None:
    ledger = machines.open("spring", concurrency=9)
    ledger.begin(machines.account, "spring", {})
    set_ceiling(machines, "3")
    ledger.ceilings = Ceilings(counts_at={intent("a").kind: Decimal(2)})
    await ledger.intend(intent("a"))
    with pytest.raises(OverMonthCeiling, match=r"\$4") as caught:
        await ledger.intend(intent("b", key="b"))
    assert "has $1.00 left" in caught.value.told
    ledger.ceilings = Ceilings()  # the operator's own word
    await ledger.intend(intent("b", key="b"))


async def test_the_ceiling_of_all_accounts_holds_back_no_simulated_run(
    machines: Machines,
) -> None:
    set_ceiling(machines, "0", all_accounts=True)
    machines.account = Account(machines.account.host, machines.account.user, simulated=True)
    with closing(PostgresConnection(machines.server.address())) as asking:
        assert find_ceilings(asking, machines.account) == []
        ledger = machines.open("spring")
        await ledger.intend(intent("a"))
        assert find_ceilings(asking, machines.account) == []
        set_ceiling(machines, "5")
        (own,) = find_ceilings(asking, machines.account)
    assert (own.usd, own.spent) == (Decimal(5), Decimal(1))


def spent_by_all(machines: Machines) -> Decimal:
    ((usd,),) = machines.sql(
        "SELECT coalesce(sum(usd), 0) FROM lookbook.spending WHERE month = lookbook.month_of(now())"
        " AND account IN (SELECT id FROM lookbook.accounts WHERE NOT simulated)"
    )
    return Decimal(usd)


@pytest.mark.parametrize("all_accounts", [False, True])
def test_machines_that_send_at_once_never_pass_a_ceiling(
    machines: Machines, monkeypatch: pytest.MonkeyPatch, *, all_accounts: bool
) -> None:
    monkeypatch.setattr(ceilings, "MAX_ROWS", 2)
    ledgers = []
    for number in range(3):
        if all_accounts:  # each campaign is on an account of its own
            machines.account = type(machines.account)("api.example", f"studio-{number}")
        ledgers.append(machines.open(f"c{number}", concurrency=99, inline=False))
    before = spent_by_all(machines) if all_accounts else Decimal(0)
    set_ceiling(machines, str(before + 7), all_accounts=all_accounts)

    async def send(ledger: CampaignLedger) -> int:
        bought = 0

        async def one(number: int) -> None:
            nonlocal bought
            with suppress(OverBudget):
                take = await ledger.intend(intent(f"l{number}", key=f"k{number}"))
                bought += 1
                await ledger.record(take.uid, Event.ACCEPTED, {"avatar_id": take.uid})

        async with anyio.create_task_group() as tasks:
            for number in range(5):
                tasks.start_soon(one, number)
        return bought

    with ThreadPoolExecutor(3) as threads:
        bought = [*threads.map(lambda ledger: anyio.run(send, ledger), ledgers)]
    for ledger in ledgers:
        ledger.close()
    assert sum(bought) == 7
    assert spent_by_all(machines) == before + 7 if all_accounts else spent(machines) == 7


async def test_a_month_ends_by_the_databases_clock(machines: Machines) -> None:
    ledger = machines.open("spring", concurrency=9)
    set_ceiling(machines, "1")
    await ledger.intend(intent("a"))
    with pytest.raises(OverMonthCeiling):
        await ledger.intend(intent("b", key="b"))
    machines.sql(  # a month later: all that was bought was bought in the month before
        "UPDATE lookbook.spending SET month = (month - interval '1 month')::date RETURNING usd"
    )
    await ledger.intend(intent("b", key="b"))
    with pytest.raises(OverMonthCeiling):
        await ledger.intend(intent("c", key="c"))


async def test_a_paused_account_sends_nothing_and_loses_nothing(machines: Machines) -> None:
    ledger = machines.open("spring", concurrency=9)
    first = await ledger.intend(intent("a"))
    pause = (
        "UPDATE lookbook.accounts SET paused_by = {}, paused_at = now() "
        f"WHERE \"user\" = '{machines.account.user}' RETURNING id"
    )
    machines.sql(pause.format("'ada'"))
    with pytest.raises(AccountBusy) as caught:
        await ledger.intend(intent("b", key="b"))
    assert "The account is paused by ada since 20" in str(caught.value.paused)
    await ledger.record(first.uid, Event.ACCEPTED, {"avatar_id": "look-a"})
    machines.sql(pause.format("NULL"))
    await ledger.intend(intent("b", key="b"))


async def test_whoever_operates_the_database_sees_it_and_sets_it(machines: Machines) -> None:
    mine, address = machines.account, machines.server.address()
    ledger = machines.open("spring", concurrency=9)
    take = await ledger.intend(intent("a"))
    await ledger.record(take.uid, Event.LOST, {})
    with open_cluster(address) as cluster:
        assert cluster is not None
        cluster.set_ceiling(mine, Decimal("7.50"), by="ada")
        cluster.set_ceiling(mine, Decimal(1), by="bob")
        cluster.set_ceiling(None, Decimal(9000), by="ada")
        cluster.pause(mine, by="ada")
        view = cluster.view()
    (one,) = [one for one in view.accounts if one.account == mine]
    assert (one.in_progress, one.unknown, one.paused_by) == (1, 1, "ada")
    assert one.spent == campaign_spent(view, mine) == 1
    assert one.ceiling == MonthCeiling(mine.label, view.month, Decimal(1), Decimal(1), "bob")
    assert view.ceiling is not None
    assert (view.ceiling.account, view.ceiling.spent) == (None, spent_by_all(machines))
    with pytest.raises(AccountBusy):
        await ledger.intend(intent("b", key="b"))
    with open_cluster(address) as cluster:
        assert cluster is not None
        cluster.resume(mine)
        with pytest.raises(OverMonthCeiling):
            await ledger.intend(intent("b", key="b"))
        cluster.set_ceiling(mine, None, by="ada")
        cluster.set_ceiling(None, None, by="ada")
        await ledger.intend(intent("b", key="b"))


def campaign_spent(view: ClusterView, mine: Account) -> Decimal:
    """Return what the only campaign of an account spent, ever and this month."""
    (campaign,) = [one for one in view.campaigns if one.account == mine]
    assert (campaign.name, campaign.owner) == ("spring", "a machine of spring")
    assert campaign.takes == campaign.in_progress == 1
    assert campaign.spent == campaign.spent_this_month
    return campaign.spent


async def test_who_may_set_no_ceiling_is_held_by_it_all_the_same(machines: Machines) -> None:
    set_ceiling(machines, str(spent_by_all(machines) + 1), all_accounts=True)
    with closing(PostgresConnection(machines.server.address())) as owner:
        owner.run([(statement, ()) for statement in GRANTS])
    address = machines.server.address()
    machines.server = type(
        "Client", (), {"address": lambda _self: address.replace("lookbook@", "client@")}
    )()
    ledger = machines.open("spring", concurrency=9)
    take = await ledger.intend(intent("a"))
    with pytest.raises(OverMonthCeiling):
        await ledger.intend(intent("b", key="b"))
    await ledger.record(take.uid, Event.REFUSED, {})
    await ledger.intend(intent("b", key="b"))
    with pytest.raises(StorageError, match="permission denied"):
        remove_ceiling(machines.server.address())


def remove_ceiling(address: str) -> None:
    with open_cluster(address) as cluster:
        assert cluster is not None
        cluster.set_ceiling(None, None, by="client")


async def test_tables_of_the_first_version_are_expanded_and_an_older_program_goes_on(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_database(postgres, "older")
    address = postgres.address("older")
    known = schema._read_migrations()
    with ExitStack() as stack:
        older = Machines(postgres, stack)
        older.server = type("Older", (), {"address": lambda _self: address})()
        with monkeypatch.context() as patch:
            patch.setattr(schema, "_read_migrations", lambda: known[:1])
            migrate(address)
        with closing(PostgresConnection(address)) as asking:
            assert find_ceilings(asking, older.account) == []
            asking.fetch(
                'INSERT INTO lookbook.accounts (host, "user", simulated) VALUES '
                f"('api.example', '{older.account.user}', false) RETURNING id"
            )
            asking.fetch(
                "INSERT INTO lookbook.campaigns (account, name) VALUES (1, 'old') RETURNING id"
            )
            for uid, billing, sent in (("1", "billed", "NULL"), ("2", "unknown", "1.0")):
                asking.fetch(
                    "INSERT INTO lookbook.takes (campaign, uid, look, number, kind, identity, "
                    "ingredients, state, billing, price, reroll, attempts, sent_at) VALUES "
                    f"(1, '{uid}', 'a', 1, 'prompt', 'i', '{{}}', 'unknown', '{billing}', '1.50', "
                    f"false, 1, {sent}) RETURNING uid"
                )
        migrate(address)
        assert spent(older) == Decimal("1.50")  # the other one was sent in 1970
        with monkeypatch.context() as patch:
            patch.setattr(schema, "_read_migrations", lambda: known[:1])
            migrate(address)  # and is not refused
            await older.open("spring", concurrency=9).intend(intent("a"))
        assert spent(older) == Decimal("2.50")


def test_tables_are_expanded_while_a_machine_that_is_about_to_send_writes(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_database(postgres, "busy")
    address, known = postgres.address("busy"), schema._read_migrations()
    with monkeypatch.context() as patch:
        patch.setattr(schema, "_read_migrations", lambda: known[:2])
        migrate(address)
    monkeypatch.setattr("runner.ledger.backend.MAX_TRIES", 1)  # not by being repeated
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with (
        closing(PostgresConnection(address)) as writer,
        closing(PostgresConnection(address)) as asking,
        ThreadPoolExecutor(1) as threads,
    ):
        writer.run([("BEGIN", ()), ("SELECT FROM lookbook.accounts FOR UPDATE", ())])
        done = threads.submit(migrate, address)
        while asking.fetch(waiting) == [(0,)]:
            time.sleep(0.02)
        writer.run([("UPDATE lookbook.campaigns SET seq = seq", ()), ("COMMIT", ())])
        done.result(timeout=60)
        assert asking.fetch("SELECT count(*) FROM lookbook.ceilings") == [(0,)]


def test_tables_are_made_again_where_the_database_undid_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    undone = [DeadlockDetected()] * 2

    class Undoing:
        closed = False

        def transaction(self) -> Any:
            if undone:
                raise undone.pop()
            return nullcontext()

        def execute(self, _statement: str, *_values: Any) -> "Undoing":
            return self

        def fetchall(self) -> list[tuple[None]]:
            return [(None,)]

    monkeypatch.setattr(PostgresConnection, "_connect", lambda _self: Undoing())
    asking = PostgresConnection("postgresql://db.example/studio")
    schema.migrate_schema(asking)
    assert undone == []
    undone[:] = [DeadlockDetected()] * MAX_TRIES
    with pytest.raises(StorageError, match="while others write there") as caught:
        schema.migrate_schema(asking)
    assert "in a minute" in str(caught.value.hint)


def migrate(address: str) -> None:
    with closing(PostgresConnection(address)) as connected:
        schema.migrate_schema(connected)


def make_database(server: PostgresServer, name: str) -> None:
    with closing(PostgresConnection(server.address())) as connected:
        connected.run([(f"CREATE DATABASE {name}", ())])
