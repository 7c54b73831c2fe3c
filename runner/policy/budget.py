"""Money that is held: what counts against a ceiling, and whether one more reservation fits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from runner.model import Budget, LookKind
from runner.quantities import format_usd
from runner.takes import COUNTING, Take


class CountedPrice(NamedTuple):
    """What a campaign's takes of a kind count at, at least, against ceilings by month; USD.

    ``is_open``: their own price is lower, and so far only the manifest says so. Else the operator
    said it or the wallet confirmed it: takes that counted at more count at this.
    """

    kind: LookKind
    usd: Decimal
    is_open: bool


@dataclass(frozen=True, slots=True)
class Ceilings:
    """USD that may be held at most. None: no ceiling.

    ``run`` is the lower of ``--max-cost`` and the manifest's ``budget.run_usd``, ``campaign`` is
    for the campaign's lifetime. ``operator`` is ``--max-cost`` alone: against it, and against the
    ceilings of the month, a generation of a kind counts at ``counts_at`` where its price is lower,
    until the wallet has confirmed that price. ``trusted`` are prices that are not so.

    A run that resumes others which were interrupted shares their ceilings: what ``resumed`` hold
    counts as its own.
    """

    run: Decimal | None = None
    campaign: Decimal | None = None
    operator: Decimal | None = None
    counts_at: Mapping[LookKind, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    trusted: Mapping[LookKind, Decimal] = field(default_factory=lambda: MappingProxyType({}))
    resumed: frozenset[str] = frozenset()

    @property
    def counted(self) -> list[CountedPrice]:
        """Return what both come to for the ceilings of the month."""
        return [
            CountedPrice(kind, usd, is_open)
            for prices, is_open in ((self.counts_at, True), (self.trusted, False))
            for kind, usd in prices.items()
        ]


@dataclass(frozen=True, slots=True)
class MonthCeiling:
    """USD that an account, or all of a database, may spend in a calendar month, and what it did.

    ``account`` is the label of the account; None: the ceiling is for all of them. ``month`` is
    written ``2026-11``, ``set_by`` says who set it.
    """

    account: str | None
    month: str
    usd: Decimal
    spent: Decimal
    set_by: str

    @property
    def left(self) -> Decimal:
        """Return what it leaves, in USD; nothing where it was lowered since."""
        return max(Decimal(0), self.usd - self.spent)

    @property
    def whose(self) -> str:
        """Return which ceiling it is, in words."""
        return f"the ceiling of {self.account or 'all accounts'} for {self.month}"

    def describe(self) -> str:
        """Return the ceiling, what it leaves, and who can change it, in a sentence."""
        return (
            f"{self.whose[0].upper()}{self.whose[1:]}, {format_usd(self.usd)}, has "
            f"{format_usd(self.left)} left; {self.set_by} set it, and whoever runs the cluster can "
            "change it: `lookbook cluster ceiling --help`."
        )


def reserved_amount(take: Take | None) -> Decimal:
    """Return what one take holds: its price, unless it is certain that nothing was bought."""
    if take is None or take.billing not in COUNTING:
        return Decimal(0)
    return take.price


def reserved_in_run(takes: Iterable[Take], run: str) -> Decimal:
    """Return what the takes of one run hold together."""
    return sum((reserved_amount(take) for take in takes if take.run == run), Decimal(0))


def find_exceeded_ceiling(
    ceilings: Ceilings, *, run: Decimal, campaign: Decimal
) -> tuple[str, Decimal, Decimal] | None:
    """Return which ceiling would be broken by holding so much: its name, its limit, what is needed.

    ``run`` and ``campaign`` are the totals as they would be *with* the new reservation.
    """
    if ceilings.run is not None and run > ceilings.run:
        return "the run's ceiling", ceilings.run, run
    if ceilings.campaign is not None and campaign > ceilings.campaign:
        return "the campaign's budget", ceilings.campaign, campaign
    return None


def room_left(budget: Budget, spent: Decimal) -> Decimal | None:
    """Return what a manifest's ceilings leave for a run, in USD; None without a ceiling.

    ``spent`` is what counts against the campaign so far.
    """
    rooms = [budget.run_usd] if budget.run_usd is not None else []
    if budget.campaign_usd is not None:
        rooms.append(budget.campaign_usd - spent)
    return min(rooms, default=None)
