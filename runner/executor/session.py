"""One run from its first event to its last: begin, carry out, look into the wallet, end."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from runner.answers import UserData
from runner.executor.desk import Desk
from runner.executor.run import Execution
from runner.executor.standing import Standing
from runner.executor.wallet import Reading, Wallet, balance_of, refunded
from runner.plan.model import Plan
from runner.policy.lifecycle import Event
from runner.policy.outcome import Outcome, exit_code
from runner.takes import Account

__all__ = ["Session"]


@dataclass(slots=True)
class Session:
    """A plan that was agreed to, on an account that answers.

    ``user`` is what the account showed before anything was sent, ``facts`` what was asked for.
    """

    desk: Desk
    plan: Plan
    account: Account
    user: UserData
    concurrency: int
    facts: Mapping[str, Any]
    standing: Standing | None = None
    _execution: Execution | None = None

    async def carry_out(self) -> Outcome:
        """Run the plan as far as it goes. Raises a LookbookError when the disk gives up."""
        desk = self.desk
        run = desk.ledger.begin(self.account, self.plan.campaign, self.facts)
        execution = Execution(self.plan, desk, concurrency=self.concurrency)
        self._execution, self.standing = execution, execution.standing
        wallet = Wallet(desk)
        before = Reading(desk.clock.now(), balance_of(self.user))
        if self.plan.may_buy:
            # Minutes may have passed since the account was opened: a person was asked.
            before = await wallet.read() or before
            self._note(before, None)
        await execution.execute()
        if self.plan.changes:
            await self._settle_money(run, wallet, before)
        return self.end()

    def end(self) -> Outcome:
        """Write down how the run ended; also for one that was left at once."""
        outcome = self.outcome()
        why = outcome.account or outcome.stopped
        self.desk.ledger.end({"exit": int(exit_code(outcome)), "stopped": why})
        return outcome

    def outcome(self) -> Outcome:
        """Say what the run came to so far."""
        return self._execution.outcome() if self._execution is not None else Outcome()

    async def _settle_money(self, run: str, wallet: Wallet, before: Reading) -> None:
        """Read the wallet again, and derive from it whether failures were billed."""
        after = await wallet.read()
        snapshot = self.desk.ledger.snapshot()
        takes = [take for of_look in snapshot.takes.values() for take in of_look]
        earlier = {uid for action in self.plan.actions for uid in action.under_way}
        earlier.update(self.plan.strays)
        balance = after.balance if after is not None else None
        for take in refunded(takes, run, before.balance, balance, earlier=earlier):
            await self.desk.record(take.uid, Event.REFUNDED)
        self._note(before, after)

    def _note(self, before: Reading, after: Reading | None) -> None:
        """Commit what the wallet showed before the run and, once it is over, after it."""
        self.desk.ledger.note_wallet(
            {
                "currency": self.user.currency,
                "before": _number(before.balance),
                "before_at": before.at,
                "after": _number(after.balance) if after is not None else None,
                "after_at": after.at if after is not None else None,
            }
        )


def _number(amount: Decimal | None) -> float | None:
    return float(amount) if amount is not None else None
