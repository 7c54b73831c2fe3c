"""What takes hold is kept up to date as they change, and is what counting them anew gives."""

from dataclasses import replace
from decimal import Decimal

import anyio

from runner.ledger.ledger import CampaignLedger
from runner.model import LookKind
from runner.policy.holdings import Holdings
from runner.policy.lifecycle import Event
from runner.takes import Account, Billing, Take
from tests.ledger.memory import MemoryBackend
from tests.ledger.names import Ticking, intent

TAKE = Take("uid", "a", 1, LookKind.PROMPT, "navy", "", "Sarah — a", price=Decimal("0.50"))
PAID = replace(TAKE, billing=Billing.BILLED, run="now")


def test_a_take_counts_in_its_run_as_long_as_it_holds_money() -> None:
    held = Holdings([PAID, replace(PAID, run="before"), TAKE])
    prices = {LookKind.PROMPT: Decimal(2)}
    assert held.sum_held(lambda _one: True) == 1
    assert held.sum_held(lambda one: one.run == "now") == Decimal("0.50")
    assert held.sum_surcharges(prices, lambda one: one.run == "now") == Decimal("1.50")
    assert held.sum_surcharges({LookKind.PROMPT: Decimal("0.25")}, lambda _one: True) == 0
    held.change(PAID, replace(PAID, billing=Billing.REFUNDED))
    assert held.sum_held(lambda one: one.run == "now") == 0


def test_a_ledger_keeps_what_its_takes_hold_up_to_date() -> None:
    ticking = Ticking()
    ledger = CampaignLedger(MemoryBackend(), now=ticking.now, entropy=ticking, inline=True)
    assert ledger.store.holdings.sum_held(lambda _one: True) == 0  # made before anything is bought

    async def buy() -> None:
        for run, fate in enumerate((Event.COMPLETED, Event.FAILED, Event.LOST)):
            ledger.begin(Account("api.example", "me"), "spring", {})
            take = await ledger.intend(intent("a", key=f"key-{run}"))
            if fate is not Event.LOST:
                await ledger.record(take.uid, Event.ACCEPTED, {"avatar_id": f"id-{run}"})
            await ledger.record(take.uid, fate, {})
            if fate is Event.LOST:
                await ledger.resend(take.uid)

    anyio.run(buy)
    takes = ledger.store.state.takes.values()
    assert ledger.store.holdings._counts == Holdings(takes)._counts
    assert ledger.store.holdings.sum_held(lambda one: one.run == ledger.run) == ledger.spent_in_run
    ledger.close()
