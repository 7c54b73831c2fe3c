"""One run from its first event to its last: begin, carry out, look into the wallet, end."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from runner.executor.account_listing import remember_strangers
from runner.executor.concurrency import RunStopped
from runner.executor.context import RunContext
from runner.executor.look_report import LookReport
from runner.executor.price_probe import PriceProbe
from runner.executor.refunds import BalanceReading, Wallet, find_refunded, usd_balance
from runner.executor.replay_check import check_replays
from runner.executor.scheduler import Scheduler
from runner.model import LookKind
from runner.plan.model import Plan
from runner.plan.namesakes import Listing
from runner.policy.exit_codes import Outcome, exit_code
from runner.policy.lifecycle import Event
from runner.policy.price_check import (
    Difference,
    Spending,
    compare_spending,
    infer_prices,
    is_same,
)
from runner.replies import UserData
from runner.takes import Account, Billing, Take

SHOWN_AFTER = 30.0
"""So old, in seconds, is a generation whose charge a wallet should show, if it was charged."""


@dataclass(slots=True)
class Session:
    """A plan that was agreed to, on an account that answers.

    ``user`` is what the account showed before anything was sent, ``facts`` what was asked for.
    ``listing`` is what the account was seen to hold, ``accepted`` are those of which a person said
    that they are not this campaign's. ``doubtful`` are kinds whose price is checked although the
    ledger holds it.
    """

    context: RunContext
    plan: Plan
    account: Account
    user: UserData
    concurrency: int
    facts: Mapping[str, Any]
    doubtful: Collection[LookKind] = ()
    listing: Listing | None = None
    accepted: frozenset[str] = frozenset()
    look_report: LookReport | None = None
    _execution: Scheduler | None = None

    async def carry_out(self) -> Outcome:
        """Run the plan as far as it goes. Raises a LookbookError when the disk fails."""
        context = self.context
        begin = partial(context.ledger.begin, self.account, self.plan.campaign, self.facts)
        run = await context.ledger.wait_for(begin)
        wallet = Wallet(context, simulated=self.account.simulated)
        probe = PriceProbe(context, wallet, self.user, doubtful=self.doubtful)
        if self.listing is not None:
            await remember_strangers(context, self.listing, self.accepted)
        await check_replays(context)
        execution = Scheduler(self.plan, context, probe, concurrency=self.concurrency)
        self._execution, self.look_report = execution, execution.look_report
        before = BalanceReading(context.clock.now(), usd_balance(self.user))
        if self.plan.may_buy:
            # Minutes may have passed since the account was opened: a person was asked.
            before = await wallet.read() or before
            await self._note(before, None)
        probe.begin(before)
        await execution.execute()
        await check_replays(context, wait=True)
        self.look_report.notes += probe.notes
        if self.plan.changes:
            await self._settle_money(run, wallet, before, late=probe.is_late)
        return await self.end()

    async def end(self) -> Outcome:
        """Write down how the run ended; also for one that was left at once."""
        outcome = self.outcome()
        why = outcome.account or outcome.stopped
        facts = {"exit": int(exit_code(outcome)), "stopped": why}
        await self.context.ledger.wait_for(partial(self.context.ledger.end, facts))
        return outcome

    def outcome(self) -> Outcome:
        """Return what the run came to so far."""
        return self._execution.outcome() if self._execution is not None else Outcome()

    async def _settle_money(
        self, run: str, wallet: Wallet, before: BalanceReading, *, late: bool
    ) -> None:
        """Compare what left the wallet with what the ledger knows, and commit what that shows.

        Where the two are not the same, and before a failure counts as not billed, the wallet is
        read again some seconds later. What a ``late`` wallet shows by now confirms no price, and
        one that other campaigns bought from meanwhile tells nothing of this run.
        """
        after = await wallet.read()
        ledger = self.context.ledger
        is_shared = await ledger.wait_for(ledger.others_bought)
        if is_shared or before.balance is None or after is None or after.balance is None:
            await self._note(before, after)
            return
        takes = self._takes()
        assumed = [t for t in takes if t.run == run and t.billing is Billing.ASSUMED]
        agreed = True
        if assumed or self._compare(run, before.balance, after.balance).amount:
            again = await self._read_later(wallet, assumed)
            agreed = again is not None and again.balance == after.balance
            after = again or after
        left = before.balance if after.balance is None else after.balance  # an empty wallet is 0
        spending = Spending(run, before.balance, left)
        for kind, price in infer_prices(takes, [] if late else [spending]).items():
            if kind not in self.context.ledger.snapshot().prices:
                await self.context.ledger.note_price(kind, price)
        earlier = {uid for action in self.plan.actions for uid in action.resume.under_way}
        earlier.update(self.plan.unwanted_in_flight)
        if agreed and self._is_refund_provable(run, takes):
            for take in find_refunded(takes, run, before.balance, after.balance, earlier=earlier):
                await self.context.record(take.uid, Event.REFUNDED)
        difference = self._compare(run, spending.before, spending.after)
        await self._note(before, after, difference, late=late)

    async def _read_later(self, wallet: Wallet, assumed: Iterable[Take]) -> BalanceReading | None:
        """Read the wallet again some seconds later, when it should show what was charged."""
        wait = sum(wallet.settling)
        if wait:
            last = max((take.accepted_at or 0.0 for take in assumed), default=0.0)
            wait = max(wait, SHOWN_AFTER - (self.context.clock.now() - last))
        try:
            await self.context.pause(min(wait, SHOWN_AFTER))
        except RunStopped:
            return None
        return await wallet.read()

    def _takes(self) -> list[Take]:
        snapshot = self.context.ledger.snapshot()
        return snapshot.all_takes

    def _compare(self, run: str, before: Decimal, after: Decimal) -> Difference:
        doubled = self.context.ledger.snapshot().doubled
        return compare_spending(self._takes(), Spending(run, before, after), doubled=doubled)

    def _is_refund_provable(self, run: str, takes: Iterable[Take]) -> bool:
        """Return whether a wallet that shows nothing of a failure shows that it was not billed.

        It confirmed the price of everything that the run bought, and has shown in time what a
        generation of the failure's kind costs, as the embedded simulator always does.
        """
        prices = self.context.ledger.snapshot().prices
        settled = {kind: price.usd for kind, price in prices.items() if price.is_settled}
        shown = {Billing.BILLED} if self.account.simulated else {Billing.BILLED, Billing.ASSUMED}
        return all(
            take.kind in settled and is_same(settled[take.kind], take.price)
            for take in takes
            if take.run == run and take.billing in shown
        )

    async def _note(
        self,
        before: BalanceReading,
        after: BalanceReading | None,
        difference: Difference | None = None,
        *,
        late: bool = False,
    ) -> None:
        """Commit what the wallet showed before the run and, once it is over, after it."""
        noted: dict[str, Any] = {
            "currency": self.user.currency,
            "before": _number(before.balance),
            "before_at": before.at,
            "after": _number(after.balance) if after is not None else None,
            "after_at": after.at if after is not None else None,
        }
        if difference is not None:
            noted["known"] = _number(difference.known)
            noted["possible"] = _number(difference.possible)
            noted["difference"] = _number(difference.amount)
            noted["late"] = late
        await self.context.ledger.wait_for(partial(self.context.ledger.note_wallet, noted))


def _number(amount: Decimal | None) -> float | None:
    return float(amount) if amount is not None else None
