"""Whether a ledger's ceilings leave room for a price."""

from decimal import Decimal

from runner.executor.ports import OverBudget, OverMonthCeiling
from runner.ledger.state import Store
from runner.model import LookKind
from runner.policy.budget import Ceilings, find_exceeded_ceiling, reserved_amount
from runner.takes import PriceState, Take


def compute_room(store: Store, ceilings: Ceilings) -> Decimal | None:
    """Return what the ceilings leave for new reservations, in USD; None without a ceiling."""
    rooms = []
    if ceilings.run is not None:
        rooms.append(ceilings.run - store.spent_in_run)
    if ceilings.campaign is not None:
        rooms.append(ceilings.campaign - store.spent)
    return min(rooms, default=None)


def check_ceilings(
    store: Store, ceilings: Ceilings, kind: LookKind, price: Decimal, *, earlier: Take | None
) -> None:
    """Raise OverBudget where a price does not fit. ``earlier`` is what the same take held."""
    here = earlier is not None and earlier.run == store.run
    run = store.spent_in_run + price - (reserved_amount(earlier) if here else 0)
    campaign = store.spent + price - reserved_amount(earlier)
    refused = find_exceeded_ceiling(ceilings, run=run, campaign=campaign)
    if refused is None:
        refused = _refuse_below_list(store, ceilings, run, None if here else kind)
    if refused is not None:
        raise OverBudget(*refused)


def check_month_ceilings(store: Store, price: Decimal) -> None:
    """Raise OverMonthCeiling where the ceilings of the month leave no room for a new take."""
    for ceiling in store.month_ceilings:
        needed = ceiling.spent + store.intended() + price
        if needed > ceiling.usd:
            raise OverMonthCeiling(ceiling, needed)


def _refuse_below_list(
    store: Store, ceilings: Ceilings, run: Decimal, new: LookKind | None
) -> tuple[str, Decimal, Decimal] | None:
    """Return how ``--max-cost`` would be broken at list price, while a lower one is open.

    ``new`` is the kind of a take that this run holds nothing for yet.
    """
    limit, prices = ceilings.operator, store.state.prices
    open_kinds = {
        kind: more
        for kind, more in ceilings.surcharge.items()
        if kind not in prices or prices[kind].state is not PriceState.CONFIRMED
    }
    if limit is None or not open_kinds:
        return None
    mine = [take.kind for take in store.state.takes.values() if take.run == store.run]
    if new is not None:
        mine.append(new)
    counted = run + sum((open_kinds.get(kind, Decimal(0)) for kind in mine), Decimal(0))
    return ("--max-cost, at list price,", limit, counted) if counted > limit else None
