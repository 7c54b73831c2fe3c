"""Whether a ledger's ceilings leave room for a price."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from runner.executor.ports import OverBudget, OverMonthCeiling
from runner.ledger.state import Store
from runner.model import LookKind
from runner.policy.budget import (
    Ceilings,
    find_exceeded_ceiling,
    reserved_amount,
)
from runner.takes import PriceState, Take


def compute_room(store: Store, ceilings: Ceilings) -> Decimal | None:
    """Return what the ceilings leave for new reservations, in USD; None without a ceiling.

    A take for which the wallet fell by more than was planned counts as what it showed.
    """
    suspected, rooms = list(_find_suspected(store)), []
    if ceilings.run is not None:
        more = sum((usd for run, usd in suspected if _is_own(store, ceilings, run)), Decimal(0))
        rooms.append(ceilings.run - store.spent_in_run - compute_resumed(store, ceilings) - more)
    if ceilings.campaign is not None:
        more = sum((usd for _run, usd in suspected), Decimal(0))
        rooms.append(ceilings.campaign - store.spent - more)
    return min(rooms, default=None)


def _find_suspected(store: Store) -> Iterator[tuple[str | None, Decimal]]:
    """Yield the run of each take that may have cost more than it holds, and how much, in USD."""
    with store.lock:  # another thread writes
        state = store.state
        for measured in state.prices.values():
            take = state.takes.get(measured.take or "")
            if take is not None and reserved_amount(take):
                yield take.run, max(measured.usd - take.price, Decimal(0))


def compute_resumed(store: Store, ceilings: Ceilings) -> Decimal:
    """Return what the runs hold which this one resumes, in USD: it counts as its own."""
    if not ceilings.resumed:
        return Decimal(0)
    state, resumed = store.state, ceilings.resumed
    with store.lock:  # another thread writes
        held = store.holdings.sum_held(lambda one: one.run in resumed)
        if state.doubled:  # what was found before this run began has no run: its take's counts
            runs = {take.label: take.run for take in state.takes.values()}
            doubled = state.doubled.values()
            of_resumed = (one for one in doubled if (one.run or runs.get(one.take)) in resumed)
            held += sum((one.price for one in of_resumed), Decimal(0))
    return held


def check_ceilings(
    store: Store, ceilings: Ceilings, kind: LookKind, price: Decimal, *, earlier: Take | None
) -> None:
    """Raise OverBudget where a price does not fit. ``earlier`` is what the same take held."""
    here = earlier is not None and _is_own(store, ceilings, earlier.run)
    run = store.spent_in_run + compute_resumed(store, ceilings) + price
    run -= reserved_amount(earlier) if here else 0
    campaign = store.spent + price - reserved_amount(earlier)
    refused = find_exceeded_ceiling(ceilings, run=run, campaign=campaign)
    if refused is None:
        counts = here and bool(reserved_amount(earlier))
        refused = _refuse_below_list(store, ceilings, run, None if counts else (kind, price))
    if refused is not None:
        raise OverBudget(*refused)


def _is_own(store: Store, ceilings: Ceilings, run: str | None) -> bool:
    return run == store.run or run in ceilings.resumed


def check_month_ceilings(store: Store, ceilings: Ceilings, kind: LookKind, price: Decimal) -> None:
    """Raise OverMonthCeiling where the ceilings of the month leave no room for a new take."""
    counts_at = _find_open_prices(store, ceilings)
    new = store.intended(counts_at) + max(price, counts_at.get(kind, price))
    for ceiling in store.month_ceilings:
        needed = ceiling.spent + new
        if needed > ceiling.usd:
            raise OverMonthCeiling(ceiling, needed)


def _find_open_prices(store: Store, ceilings: Ceilings) -> Mapping[LookKind, Decimal]:
    """Return what counts instead of prices that the wallet has not confirmed."""
    prices = store.state.prices
    return {
        kind: usd
        for kind, usd in ceilings.counts_at.items()
        if kind not in prices or prices[kind].state is not PriceState.CONFIRMED
    }


def _refuse_below_list(
    store: Store, ceilings: Ceilings, run: Decimal, new: tuple[LookKind, Decimal] | None
) -> tuple[str, Decimal, Decimal] | None:
    """Return how ``--max-cost`` would be broken at list price, while a lower one is open.

    ``new`` is the kind and the price of a take that this run holds nothing for yet.
    """
    limit, counts_at = ceilings.operator, _find_open_prices(store, ceilings)
    if limit is None or not counts_at:
        return None
    more = store.holdings.sum_surcharges(counts_at, lambda one: _is_own(store, ceilings, one.run))
    counted = run + more
    if new is not None:
        kind, price = new
        counted += max(counts_at.get(kind, price) - price, Decimal(0))
    return ("--max-cost, at list price,", limit, counted) if counted > limit else None
