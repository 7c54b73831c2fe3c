"""What the wallet says: the balance before and after, and whether failures were really billed."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal

from runner.executor.concurrency import RunStopped
from runner.executor.context import RunContext
from runner.replies import Answer, UserData
from runner.takes import Billing, Take, TakeState


@dataclass(frozen=True, slots=True)
class BalanceReading:
    """What the wallet showed at a moment: ``at`` in Unix seconds, ``balance`` in USD if known."""

    at: float
    balance: Decimal | None


SETTLING = (4.0, 6.0)
"""Seconds between repeated readings of a wallet that shows no change, or an unexpected one."""


class Wallet:
    """Reads the account's balance while a run goes on. A reading is free.

    ``settling`` are the seconds between further readings where a wallet may be late; the embedded
    simulator's never is, and a rehearsal must be quick.
    """

    def __init__(self, context: RunContext, *, simulated: bool = False) -> None:
        self._context = context
        self.settling: tuple[float, ...] = () if simulated else SETTLING

    async def read(self) -> BalanceReading | None:
        """Return the balance as it is now; None where the account did not say, or on a stop."""
        try:
            reply = await self._context.ask(self._context.api.me, what="looking into the wallet")
        except RunStopped:
            return None
        if not isinstance(reply, Answer):
            return None
        return BalanceReading(self._context.clock.now(), usd_balance(reply.data))


def usd_balance(user: UserData) -> Decimal | None:
    """Return the balance in USD, or None where the account shows none in dollars."""
    return user.balance if (user.currency or "usd").lower() == "usd" else None


def find_refunded(
    takes: Iterable[Take],
    run: str,
    before: Decimal | None,
    after: Decimal | None,
    *,
    earlier: Collection[str] = (),
) -> list[Take]:
    """Return the failed takes of a run that the wallet shows were not billed.

    The API does not say whether a failed generation is billed. It is certain only when the wallet
    went down by exactly what the run's other takes cost, with nothing of unknown outcome; in any
    other case the assumption stays (``docs/money.md#failed-generations``).

    ``earlier`` are the uids of takes that were under way before the run. When such a one was billed
    is not known, so the wallet proves nothing about a run that sent one again or saw one fail.
    """
    every = list(takes)
    ours = [take for take in every if take.run == run]
    if any(t.uid in earlier and (t.run == run or t.state is TakeState.FAILED) for t in every):
        return []
    assumed = [take for take in ours if take.billing is Billing.ASSUMED]
    failed = [take for take in assumed if take.state is TakeState.FAILED]
    if before is None or after is None or not failed or len(failed) < len(assumed):
        return []
    undecided = (Billing.RESERVED, Billing.UNKNOWN)
    if any(take.billing in undecided or take.pending for take in ours):
        return []
    billed = sum((take.price for take in ours if take.billing is Billing.BILLED), Decimal(0))
    return failed if before - after == billed else []
