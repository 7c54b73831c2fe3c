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
from runner.ledger.postgres.connection import MAX_LOST, PostgresConnection
from runner.model import LookKind
from runner.policy.budget import Ceilings, MonthCeiling
from runner.policy.lifecycle import Event
from runner.takes import Account, AccountFacts, Doubled, MeasuredPrice, PriceState
from tests.ledger.names import intent
from tests.ledger.postgres import PostgresServer
from tests.ledger.test_account_pace import Machines

GRANTS = (
    "CREATE ROLE client LOGIN",
    "GRANT USAGE ON SCHEMA lookbook TO client",
    "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA lookbook TO client",
    "REVOKE INSERT, UPDATE ON lookbook.ceilings, lookbook.spending FROM client",
)


PROMPT = LookKind.PROMPT


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
    ((held,),) = machines.sql(
        "SELECT coalesce(sum(usd), 0) FROM lookbook.spending WHERE month = "
        "lookbook.month_of(now()) AND account = (SELECT id FROM lookbook.accounts "
        f"WHERE \"user\" = '{machines.account.user}')"
    )
    ((counted,),) = machines.sql(
        "SELECT coalesce(sum(lookbook.counted(billing, price, (counts_at ->> kind)::numeric)), 0) "
        "FROM lookbook.takes JOIN lookbook.campaigns campaign ON campaign.id = campaign "
        "WHERE account = (SELECT id FROM lookbook.accounts "
        f"WHERE \"user\" = '{machines.account.user}') "
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


FREE = Decimal(0)
LISTED = Ceilings(counts_at={PROMPT: Decimal(1)})


def begin(machines: Machines, ledger: CampaignLedger, ceilings: Ceilings) -> None:
    """Begin a run whose plan counts prices so."""
    ledger.ceilings = ceilings
    ledger.begin(machines.account, "", {})


def say(usd: str) -> Ceilings:
    """Return the ceilings of a run whose price the operator says, or that is the list's."""
    return Ceilings(trusted={PROMPT: Decimal(usd)})


def find_spent(machines: Machines, campaign: str = "", ceilings: Ceilings = LISTED) -> Decimal:
    """Return what a plan of a campaign is told that the month has spent."""
    with closing(PostgresConnection(machines.server.address())) as asking:
        return find_ceilings(asking, machines.account, campaign, ceilings.counted)[0].spent


async def test_a_price_below_the_list_counts_at_list_price_whoever_asks(
    machines: Machines,
) -> None:
    spring, autumn = machines.open("spring", concurrency=9), machines.open("autumn", concurrency=9)
    set_ceiling(machines, "3")
    begin(machines, spring, LISTED)
    failed = await spring.intend(intent("a", price=FREE))
    await spring.intend(intent("b", key="b", price=FREE))
    await autumn.intend(intent("a"))
    for ledger, price in ((spring, FREE), (autumn, Decimal("0.01"))):
        with pytest.raises(OverMonthCeiling) as caught:
            await ledger.intend(intent("c", key="c", price=price))
        assert "has $0.00 left" in caught.value.told
    await spring.record(failed.uid, Event.REFUSED, {})
    assert spent(machines) == 2
    await autumn.intend(intent("b", key="b"))
    assert spent(machines) == 3


async def test_takes_that_leave_together_count_at_list_price_together(machines: Machines) -> None:
    ledger = machines.open("spring", concurrency=9, inline=False)
    set_ceiling(machines, "3")
    begin(machines, ledger, LISTED)
    bought = 0

    async def send(number: int) -> None:
        nonlocal bought
        with suppress(OverMonthCeiling):
            await ledger.intend(intent(f"l{number}", key=f"k{number}", price=FREE))
            bought += 1

    async with anyio.create_task_group() as tasks:
        for number in range(6):
            tasks.start_soon(send, number)
    assert bought == spent(machines) == 3


async def test_a_low_price_counts_as_itself_once_the_operator_says_it_or_the_wallet_shows_it(
    machines: Machines,
) -> None:
    ledger, half = machines.open("spring", concurrency=9), Decimal("0.50")
    set_ceiling(machines, "9")
    begin(machines, ledger, LISTED)
    for number, price in enumerate((FREE, half)):
        await ledger.intend(intent(f"a{number}", key=f"a{number}", price=price))
    assert spent(machines) == 2
    begin(machines, ledger, say("1.00"))  # the manifest's price is the list's by now
    assert spent(machines) == 2
    begin(machines, ledger, say("0.75"))
    assert spent(machines) == Decimal("1.50")
    begin(machines, ledger, say("3.00"))  # dearer since: what was bought before was not
    assert spent(machines) == Decimal("1.50")
    begin(machines, ledger, LISTED)
    assert spent(machines) == 2
    await ledger.note_price(PROMPT, MeasuredPrice(half, PriceState.SUSPECTED, FREE))
    assert spent(machines) == 2
    await ledger.note_price(PROMPT, MeasuredPrice(half, PriceState.CONFIRMED, half))
    assert spent(machines) == 1
    begin(machines, ledger, LISTED)  # the wallet has shown it, whatever the plan knew
    assert spent(machines) == 1


async def test_what_another_campaign_learned_of_the_price_counts_from_the_next_run_on(
    machines: Machines,
) -> None:
    ledger = machines.open("spring", concurrency=9)
    begin(machines, ledger, LISTED)
    await ledger.intend(intent("a", price=FREE))
    learned = MeasuredPrice(Decimal("0.25"), PriceState.CONFIRMED, Decimal("0.25"))
    ledger.store.learn(AccountFacts(prices={PROMPT: learned}))
    assert spent(machines) == 1
    begin(machines, ledger, Ceilings())
    assert spent(machines) == Decimal("0.25")


async def test_what_was_bought_before_prices_were_counted_counts_once_its_campaign_buys_again(
    machines: Machines,
) -> None:
    ledger = machines.open("spring", concurrency=9)
    set_ceiling(machines, "9")
    await ledger.intend(intent("a", price=FREE))
    earlier = await ledger.intend(intent("b", key="b", price=FREE))
    await ledger.intend(intent("c", key="c", price=FREE, kind=LookKind.PHOTO))
    machines.sql(
        "UPDATE lookbook.takes SET bought_at = '2020-01-02', state = state "
        f"WHERE uid = '{earlier.uid}' RETURNING uid"
    )
    assert find_spent(machines, "spring") == 1  # as its plan is told beforehand
    assert find_spent(machines, "spring", say("0")) == find_spent(machines, "autumn") == 0
    begin(machines, ledger, LISTED)
    assert spent(machines) == find_spent(machines, "spring") == 1
    assert find_spent(machines, "spring", say("0")) == 0
    account = f"(SELECT id FROM lookbook.accounts WHERE \"user\" = '{machines.account.user}')"
    in_2020 = (
        f"SELECT usd FROM lookbook.spending WHERE month < '2021-01-01' AND account = {account}"
    )
    assert machines.sql(in_2020) == [(1,)]
    await ledger.record(earlier.uid, Event.NOT_BOUGHT, {})
    assert spent(machines) == 1
    assert sum(usd for (usd,) in machines.sql(in_2020)) == 0


async def test_a_campaign_says_what_its_takes_count_at(machines: Machines) -> None:
    ledger = machines.open("spring", concurrency=9)
    begin(machines, ledger, LISTED)
    await ledger.intend(intent("a", price=FREE))
    with open_cluster(machines.server.address()) as cluster:
        assert cluster is not None
        view = cluster.view()
    (account,) = [one for one in view.accounts if one.account == machines.account]
    (campaign,) = [one for one in view.campaigns if one.account == machines.account]
    assert account.spent == campaign.spent_this_month == 1
    assert campaign.spent == 0


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
    monkeypatch.setattr(schema, "LOCK_TIMEOUT", schema.LOCK_TIMEOUT.replace("2s", "60s"))
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


def test_tables_that_somebody_reads_for_long_are_not_waited_for_in_everybodys_way(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_database(postgres, "read")
    address, known = postgres.address("read"), schema._read_migrations()
    with monkeypatch.context() as patch:
        patch.setattr(schema, "_read_migrations", lambda: known[:2])
        migrate(address)
    monkeypatch.setattr(schema, "LOCK_TIMEOUT", schema.LOCK_TIMEOUT.replace("2s", "20ms"))
    monkeypatch.setattr(schema, "PAUSE", 0.0)
    with closing(PostgresConnection(address)) as reader:
        reader.run([("BEGIN", ()), ("SELECT FROM lookbook.accounts", ())])
        with pytest.raises(StorageError, match="lock timeout"):
            migrate(address)
        reader.roll_back()
        migrate(address)
        assert reader.fetch("SELECT count(*) FROM lookbook.ceilings") == [(0,)]


def test_tables_are_made_again_where_the_database_undid_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    undone = [DeadlockDetected()] * 2

    class Undoing:
        closed = False

        def close(self) -> None:
            """Be closed."""

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
    assert (undone, pauses) == ([], [schema.PAUSE] * 2)
    undone[:] = [DeadlockDetected()] * MAX_TRIES
    with pytest.raises(StorageError, match="while others write there") as caught:
        schema.migrate_schema(asking)
    assert "in a minute" in str(caught.value.hint)
    monkeypatch.setattr(Undoing, "closed", True)
    undone[:] = [DeadlockDetected()] * MAX_LOST
    with pytest.raises(StorageError, match="could not be read or written"):
        schema.migrate_schema(asking)


def migrate(address: str) -> None:
    with closing(PostgresConnection(address)) as connected:
        schema.migrate_schema(connected)


def make_database(server: PostgresServer, name: str) -> None:
    with closing(PostgresConnection(server.address())) as connected:
        connected.run([(f"CREATE DATABASE {name}", ())])
