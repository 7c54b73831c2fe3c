"""Whether the wallet bears out a price: one generation alone, and what the balance did. Pure.

The API tells no price. The first generation of a kind that an account ever buys goes alone, and the
wallet is read before and after it. Other people use the account too, so a fall that is not the
price is checked against a second single send before anything is concluded.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from runner.model import LookKind
from runner.policy.budget import reserved_amount
from runner.takes import COUNTING, Billing, Doubled, MeasuredPrice, PriceState, Take

TOLERANCE = Decimal("0.005")
"""Balances are JSON numbers: two amounts are the same to half a cent."""


class Phase(StrEnum):
    """How far the check of one kind's price is."""

    UNCONFIRMED = "unconfirmed"
    """The next generation goes alone."""
    SUSPECTED = "suspected"
    """The wallet fell by something else, once: a second generation goes alone."""
    CONFIRMED = "confirmed"
    """The wallet fell by the price."""
    CONTRADICTED = "contradicted"
    """The wallet fell by something else, and nothing more is sent at this price."""
    UNMOVED = "unmoved"
    """The wallet shows nothing in time, which contradicts nothing: the run goes on."""


def is_same(one: Decimal, other: Decimal) -> bool:
    """Return whether two amounts in USD are the same, as exactly as a balance tells."""
    return abs(one - other) < TOLERANCE


def measure(
    before: Decimal, after: Decimal, price: Decimal, *, owed: Decimal, reload: Decimal | None
) -> Decimal:
    """Return by how much the wallet fell for one generation; 0 where it shows nothing of it yet.

    ``owed`` is what this run bought before and the wallet had not shown at ``before``; ``reload``
    is what the account fills itself up by, if it does. Negative: somebody filled the wallet up.
    """
    fall = before - after
    if reload is not None and is_same(fall + reload, price + owed):
        return price
    if is_same(fall, price + owed):
        return price
    if -fall < TOLERANCE and fall < owed + TOLERANCE:
        return Decimal(0)
    return fall - owed if fall > 0 else fall


@dataclass(frozen=True, slots=True)
class PriceCheck:
    """The check of one kind's price.

    ``falls`` are what single sends cost that did not agree, ``sends`` how many told something.
    """

    kind: LookKind
    price: Decimal
    phase: Phase = Phase.UNCONFIRMED
    falls: tuple[Decimal, ...] = ()
    sends: int = 0

    @property
    def goes_alone(self) -> bool:
        """Return whether the next generation of this kind has to be sent alone."""
        return self.phase in (Phase.UNCONFIRMED, Phase.SUSPECTED)

    @property
    def measured(self) -> MeasuredPrice | None:
        """What is to be remembered; None while nothing was measured.

        Every fall holds the price and perhaps what others bought meanwhile: the least is nearest.
        """
        if self.phase is Phase.CONFIRMED:
            return MeasuredPrice(self.price, PriceState.CONFIRMED, self.price)
        if not self.falls:
            return None
        least = min(self.falls)
        over = self.phase is Phase.CONTRADICTED
        return MeasuredPrice(
            least,
            PriceState.CONTRADICTED if over else PriceState.SUSPECTED,
            self.price,
            sends=sum(is_same(fall, least) for fall in self.falls),
        )

    def after_send(self, fall: Decimal | None) -> "PriceCheck":
        """Return the check after one single send. The second that tells something is the last.

        ``fall`` is what ``measure`` gave when the wallet had had its time; None where the send
        tells nothing: it bought nothing, its outcome is unknown, or it failed and may never be
        charged.
        """
        if fall is None:
            return self
        sends = self.sends + 1
        if fall and is_same(fall, self.price):
            return replace(self, phase=Phase.CONFIRMED, falls=(), sends=sends)
        falls = (*self.falls, fall) if fall > 0 else self.falls
        if sends > 1 or not fall:
            phase = Phase.CONTRADICTED if falls else Phase.UNMOVED
        else:
            phase = Phase.SUSPECTED if falls else Phase.UNCONFIRMED
        return replace(self, phase=phase, falls=falls, sends=sends)

    def before_send(self, room: Decimal | None) -> "PriceCheck":
        """Return the check before a single send: a second one has to fit at the higher price.

        ``room`` is what the ceilings leave for it, in USD (None: no ceiling), with the first one
        counted at what the wallet showed.
        """
        if self.phase is not Phase.SUSPECTED or room is None:
            return self
        has_room = room >= max(*self.falls, self.price)
        return self if has_room else replace(self, phase=Phase.CONTRADICTED)


def begin_check(kind: LookKind, price: Decimal, known: MeasuredPrice | None) -> PriceCheck:
    """Return the check of a kind's price as an account begins with it.

    ``known`` is what its wallet showed so far.
    """
    if known is not None and is_same(known.usd, price) and known.is_settled:
        return PriceCheck(kind, price, Phase.CONFIRMED)
    if known is not None and known.state is PriceState.SUSPECTED and known.planned == price:
        return PriceCheck(kind, price, Phase.SUSPECTED, (known.usd,), sends=1)
    return PriceCheck(kind, price)


# --- what whole runs show -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spending:
    """What the wallet showed before and after one run, in USD."""

    run: str
    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class Difference:
    """What left the wallet during a run beside what the ledger knows of, in USD.

    ``known`` is what was certainly bought, ``possible`` what may have been as well: failures, and
    sends of unknown outcome.
    """

    left: Decimal
    known: Decimal
    possible: Decimal

    @property
    def amount(self) -> Decimal:
        """Return what left the wallet beyond what the ledger explains; below zero: short of it."""
        if self.left > self.known + self.possible:
            over = self.left - self.known - self.possible
        else:
            over = min(self.left - self.known, Decimal(0))
        return Decimal(0) if is_same(over, Decimal(0)) else over


def compare_spending(
    takes: Iterable[Take], spending: Spending, *, doubled: Iterable[Doubled] = ()
) -> Difference:
    """Compare what left the wallet during a run with what the takes of that run cost.

    ``doubled`` are looks that were made although their key had made one: certainly bought as well.
    """
    mine = [take for take in takes if take.run == spending.run]
    total = sum((reserved_amount(take) for take in mine), Decimal(0))
    known = sum((take.price for take in mine if take.billing is Billing.BILLED), Decimal(0))
    twice = sum((d.price for d in doubled if d.run == spending.run), Decimal(0))
    known, total = known + twice, total + twice
    return Difference(spending.before - spending.after, known, total - known)


def infer_prices(
    takes: Sequence[Take], spendings: Iterable[Spending]
) -> Mapping[LookKind, MeasuredPrice]:
    """Return the prices that whole runs confirm: the wallet fell by exactly what was billed.

    Only runs in which everything that was sent is certain count; the latest run of a kind decides.
    That is what ledgers of the first version know, and wallets that show everything late.
    """
    found: dict[LookKind, MeasuredPrice] = {}
    by_run: dict[str | None, list[Take]] = {}
    for take in takes:
        if take.billing in COUNTING:
            by_run.setdefault(take.run, []).append(take)
    for spending in spendings:
        mine = by_run.get(spending.run, [])
        certain = all(take.billing is Billing.BILLED for take in mine)
        total = sum((take.price for take in mine), Decimal(0))
        if not total or not certain or not is_same(spending.before - spending.after, total):
            continue
        for kind in {take.kind for take in mine}:
            prices = {take.price for take in mine if take.kind is kind}
            if len(prices) == 1:
                (price,) = prices
                found[kind] = MeasuredPrice(price, PriceState.CONFIRMED, price)
    return found
