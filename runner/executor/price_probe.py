"""One generation of an unconfirmed kind alone, and the wallet read around it.

What the readings mean is decided in ``runner.policy.price_check``; this takes them.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal

from runner.executor.concurrency import RunStopped
from runner.executor.context import RunContext
from runner.executor.refunds import BalanceReading, Wallet
from runner.model import LookKind
from runner.policy.budget import reserved_in_run
from runner.policy.price_check import Phase, PriceCheck, begin_check, is_same, measure
from runner.quantities import format_usd
from runner.replies import UserData
from runner.takes import MeasuredPrice, Take


@dataclass(slots=True)
class SingleSend:
    """One generation that goes alone. ``owed`` is what the wallet had not shown before it."""

    kind: LookKind
    before: Decimal | None
    owed: Decimal
    concluded: bool = False


class PriceProbe:
    """Checks the price of each kind once. ``notes`` are for the report of the run.

    ``doubtful`` are kinds that are checked although the ledger holds their price. Accounts without
    a wallet in dollars are not checked.
    """

    def __init__(
        self,
        context: RunContext,
        wallet: Wallet,
        user: UserData,
        *,
        doubtful: Collection[LookKind] = (),
    ) -> None:
        self._context = context
        self._wallet = wallet
        self._doubtful = frozenset(doubtful)
        self._reload = user.auto_reload.amount if user.auto_reload is not None else None
        self._opening: BalanceReading | None = None
        self._checks: dict[LookKind, PriceCheck] = {}
        self._falls: dict[LookKind, dict[str, Decimal]] = {kind: {} for kind in LookKind}
        self.notes: list[str] = []
        self.charged_at_once = False
        """Return whether the wallet showed a generation of this run as soon as it was accepted."""

    @property
    def is_late(self) -> bool:
        """Return whether the wallet did not show in time what was bought."""
        return any(check.phase is Phase.UNMOVED for check in self._checks.values())

    def begin(self, opening: BalanceReading) -> None:
        """Begin with what the wallet showed before anything was sent."""
        self._opening = opening

    def start_check(self, kind: LookKind, price: Decimal) -> bool:
        """Start to check the price of a kind where that is due.

        Return whether the next generation of the kind is sent alone for it.
        """
        check = self._check(kind, price)
        if not check.goes_alone:
            return False
        if self._opening is not None and self._opening.balance is None:
            self._checks[kind] = replace(check, phase=Phase.UNMOVED)
            self.notes.append(
                f"This account shows no wallet in dollars, so the price of {format_usd(price)} for "
                f"a {kind} look is not confirmed: HeyGen's own billing page tells what was taken."
            )
            return False
        return True

    async def open(self, kind: LookKind) -> SingleSend:
        """Read the wallet before a generation that goes alone.

        Raises RunStopped where it is a second one, and the ceilings have no room for another price.
        """
        await self._count_as_shown(kind)
        if await self._stops_for_room(kind):
            raise RunStopped
        reading = await self._wallet.read()
        before = reading.balance if reading is not None else None
        return SingleSend(kind, before, self._owed(before))

    def _owed(self, before: Decimal | None) -> Decimal:
        """Return what this run bought and a wallet that is late has not shown yet, in USD."""
        opening = self._opening.balance if self._opening is not None else None
        if not self.is_late or before is None or opening is None:
            return Decimal(0)
        return max(Decimal(0), self._bought() - (opening - before))

    async def look(self, single: SingleSend, take: Take) -> bool:
        """Read the wallet once a generation was accepted; return whether that settles it.

        A wallet that has not moved yet settles nothing.
        """
        if take.pending and (fall := await self._fall(single, take)):
            await self._conclude(single, take, fall)
            self.charged_at_once = is_same(fall, take.price)
        return single.concluded

    async def close(self, single: SingleSend, take: Take) -> None:
        """Read the wallet when a generation is over, and some seconds more where it has not moved.

        One that bought nothing, or may never be charged, tells nothing.
        """
        if single.concluded or single.before is None or take.avatar_id is None:
            return
        fall: Decimal | None = None
        for seconds in (0.0, *self._wallet.settling):
            try:
                await self._context.pause(seconds)
            except RunStopped:
                return
            fall = await self._fall(single, take)
            if fall:
                break
        if fall == 0 and not take.usable:
            fall = None
        await self._conclude(single, take, fall)

    async def _fall(self, single: SingleSend, take: Take) -> Decimal | None:
        """Return by how much the wallet fell; None where that tells nothing of one generation."""
        if single.before is None:
            return None
        reading = await self._wallet.read()
        if reading is None or reading.balance is None:
            return None
        price = take.price
        fall = measure(single.before, reading.balance, price, owed=single.owed, reload=self._reload)
        resent = take.resent_at is not None  # it may have been charged twice
        return None if resent and fall and not is_same(fall, price) else fall

    def _check(self, kind: LookKind, price: Decimal) -> PriceCheck:
        if kind not in self._checks:
            known = self._context.ledger.snapshot().prices.get(kind)
            check = begin_check(kind, price, known)
            if known is not None and known.take is not None:
                self._falls[kind][known.take] = known.usd
            if kind in self._doubtful and check.phase is Phase.CONFIRMED:
                check = PriceCheck(kind, price)
            self._checks[kind] = check
        return self._checks[kind]

    def _bought(self) -> Decimal:
        """Return what the takes of this run hold, in USD."""
        snapshot = self._context.ledger.snapshot()
        takes = snapshot.all_takes
        return reserved_in_run(takes, self._context.ledger.run or "")

    async def _conclude(self, single: SingleSend, take: Take, fall: Decimal | None) -> None:
        context, kind = self._context, single.kind
        single.concluded = True
        check = self._checks[kind].after_send(fall)
        self._checks[kind] = check
        if fall is None:
            return
        if fall > 0:
            self._falls[kind][take.uid] = fall
        if check.phase is Phase.UNMOVED:
            self.notes.append(
                f"The wallet did not fall for {take.label} in time, so the price of "
                f"{format_usd(take.price)} for a {kind} look is not confirmed yet."
            )
        measured = await self._note(check)
        if measured is None or await self._stops_for_room(kind):
            return
        if check.phase is Phase.SUSPECTED:
            context.observer.said(
                f"{_describe(kind, measured)}; one more goes alone, to see whether others bought."
            )
        elif check.phase is Phase.CONTRADICTED:
            agree = "; two generations agree" if measured.is_settled else ""
            context.stop_for_price(f"{_describe(kind, measured)}{agree}")

    async def _note(self, check: PriceCheck) -> MeasuredPrice | None:
        """Commit what was measured, and which takes cost just that; None where nothing was.

        Once the price is settled, a take counts as what the wallet fell by for it, whichever run
        bought it.
        """
        measured, ledger = check.measured, self._context.ledger
        if measured is None:
            return None
        falls = self._falls[check.kind].items()
        same = [uid for uid, fall in falls if is_same(fall, measured.usd)]
        if not measured.is_settled:
            await ledger.note_price(check.kind, replace(measured, take=same[0] if same else None))
            return measured
        held = {take.uid: take.price for take in ledger.snapshot().all_takes}
        other = [uid for uid in same if uid in held and not is_same(held[uid], measured.usd)]
        await ledger.note_price(check.kind, measured, takes=other)
        return measured

    async def _count_as_shown(self, kind: LookKind) -> None:
        """Count a take as what the wallet once fell by for it, where a person says that price."""
        known = self._context.ledger.snapshot().prices.get(kind)
        if known is None or known.take is None or not is_same(known.usd, self._checks[kind].price):
            return
        await self._context.ledger.note_price(kind, replace(known, take=None), takes=[known.take])

    async def _stops_for_room(self, kind: LookKind) -> bool:
        """Stop the run where no ceiling has room for a second send; return whether it did."""
        known = self._checks[kind]
        check = known.before_send(self._context.ledger.room())
        if check is known:
            return False
        self._checks[kind] = check
        if (measured := await self._note(check)) is not None:
            self._context.stop_for_price(_describe(kind, measured))
        return True


def _describe(kind: LookKind, measured: MeasuredPrice) -> str:
    return (
        f"the wallet fell by {format_usd(measured.usd)} for a {kind} look, and the plan counts "
        f"{format_usd(measured.planned)}"
    )
