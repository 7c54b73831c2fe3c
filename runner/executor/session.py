"""One run from its first event to its last: begin, carry out, look into the wallet, end."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from runner.answers import Answer, UserData
from runner.executor.desk import Desk
from runner.executor.run import Execution
from runner.executor.standing import Standing
from runner.executor.tasks import Stopping
from runner.executor.wallet import balance_of, refunded
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
        await execution.execute()
        if self.plan.changes:
            await self._settle_money(run)
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

    async def _settle_money(self, run: str) -> None:
        """Look into the wallet again, and learn from it whether failures were billed."""
        before = balance_of(self.user)
        after = await self._balance_now()
        snapshot = self.desk.ledger.snapshot()
        takes = [take for of_look in snapshot.takes.values() for take in of_look]
        earlier = {uid for action in self.plan.actions for uid in action.under_way}
        earlier.update(self.plan.strays)
        for take in refunded(takes, run, before, after, earlier=earlier):
            await self.desk.record(take.uid, Event.REFUNDED)
        self.desk.ledger.note_wallet(
            {
                "currency": self.user.currency,
                "before": _number(before),
                "after": _number(after),
            }
        )

    async def _balance_now(self) -> Decimal | None:
        try:
            reply = await self.desk.ask(self.desk.api.me, what="looking into the wallet")
        except Stopping:
            return None
        return balance_of(reply.data) if isinstance(reply, Answer) else None


def _number(amount: Decimal | None) -> float | None:
    return float(amount) if amount is not None else None
