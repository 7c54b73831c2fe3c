"""What is said and asked about prices before anything is sent."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from runner.errors import BudgetRefused
from runner.executor.refunds import usd_balance
from runner.model import LookKind
from runner.plan import Plan
from runner.plan.pricing import Quote, cost_at, find_below_list
from runner.policy.budget import MonthCeiling, count_in_month
from runner.policy.holdings import Holdings
from runner.prices import LATEST
from runner.quantities import format_usd
from runner.replies import UserData
from runner.takes import Snapshot


def bought_quotes(plan: Plan, quotes: Mapping[LookKind, Quote]) -> list[Quote]:
    """Return the quotes of the kinds that a plan buys."""
    kinds = {action.look.kind for action in plan.actions if action.takes and action.look}
    return [quote for kind, quote in quotes.items() if kind in kinds]


def price_notes(bought: list[Quote], user: UserData | None = None) -> list[str]:
    """Return what a person should know of the prices of a plan, one line each.

    ``user`` is the account where it was asked; without it nothing is said of the wallet.
    """
    notes = [
        f"price: {format_usd(quote.measured.usd)} for a {quote.kind} look is what this "
        "account's wallet "
        f"showed; {format_usd(quote.stated)} is what was stated"
        + (f" (to buy at it: {price_options([quote])})" if quote.is_refused else "")
        for quote in bought
        if quote.measured is not None and quote.price != quote.stated
    ]
    open_ones = [quote.kind for quote in bought if not quote.is_settled and not quote.is_refused]
    if open_ones and user is not None:
        kinds = " and the first ".join(f"{kind} look" for kind in open_ones)
        notes.append(
            f"price: not confirmed on this account yet; the first {kinds} go"
            f"{'' if len(open_ones) > 1 else 'es'} alone, and the wallet is read around it"
            if usd_balance(user) is not None
            else "price: not confirmed, because this account shows no wallet in dollars"
        )
    return notes


def price_options(bought: list[Quote]) -> str:
    """Return the options that say the prices a run is refused without; empty where there are none.

    They end what is suggested as the next command, so that following it is not refused.
    """
    refused = [quote for quote in bought if quote.is_refused and quote.measured is not None]
    return " ".join(f"--price {quote.kind}={_plain(quote.price)}" for quote in refused)


def refuse_contradicted(bought: list[Quote]) -> None:
    """Raise BudgetRefused where the wallet showed another price that nobody has said yet."""
    refused = [quote for quote in bought if quote.is_refused and quote.measured is not None]
    if not refused:
        return
    figures = "; ".join(
        f"a {quote.kind} look cost {format_usd(quote.price)} on this account, as its "
        "wallet showed, and "
        f"the stated price is {format_usd(quote.stated)}"
        for quote in refused
    )
    options = price_options(refused)
    lines = ", ".join(f"{quote.kind}: {_plain(quote.price)}" for quote in refused)
    raise BudgetRefused(
        f"{figures[0].upper()}{figures[1:]}. Nothing was sent.",
        hint=f"To buy at that price: {options}, or prices: {{{lines}}} in the manifest.",
    )


def count_months(
    months: Sequence[MonthCeiling],
    known: Snapshot,
    plan: Plan,
    quotes: Mapping[LookKind, Quote],
) -> list[MonthCeiling]:
    """Return the ceilings of the month, against which the campaign's takes count as the plan does.

    At list price, where it buys more of a kind whose price is below the list and not confirmed.
    """
    counts_at = find_below_list(bought_quotes(plan, quotes))
    held = Holdings(known.all_takes if months and counts_at else ())
    return [count_in_month(month, held, counts_at) for month in months]


def refuse_below_list(
    plan: Plan, bought: list[Quote], limit: Decimal, *, whose: str = "--max-cost"
) -> None:
    """Raise BudgetRefused where a ceiling has no room for a plan at list price.

    ``limit`` is what it leaves, ``whose`` its name. Prices of the manifest below the list are its
    author's word, and the ceiling is the operator's.
    """
    below = [quote for quote in bought if quote.counts_at > quote.price]
    counted = cost_at(plan, {quote.kind: quote.counts_at for quote in below})
    if not below or counted <= limit:
        return
    figures = ", ".join(
        f"{format_usd(quote.price)} instead of {format_usd(quote.counts_at)} for a "
        f"{quote.kind} look"
        for quote in below
    )
    options = " ".join(f"--price {quote.kind}={_plain(quote.price)}" for quote in below)
    raise BudgetRefused(
        f"The plan costs {format_usd(plan.cost)} at the manifest's prices, and "
        f"{format_usd(counted)} at the list "
        f"prices of {LATEST.on} ({figures}). Until the account's wallet confirms a lower price, "
        f"the list counts against {whose}, which leaves "
        f"{format_usd(max(limit, Decimal(0)))}. Nothing "
        "was sent.",
        hint=f"If the lower price is right, say so: {options}.",
    )


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
