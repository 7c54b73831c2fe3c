"""What is said, and refused, about prices and about how the account pays, before anything is sent.

Values to text, and BudgetRefused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from runner.cli.terminal import escape_text
from runner.errors import BudgetRefused
from runner.executor.refunds import usd_balance
from runner.model import LookKind
from runner.plan import Plan
from runner.plan.pricing import Quote, cost_at, find_below_list
from runner.policy.budget import Ceilings
from runner.prices import LATEST
from runner.quantities import format_usd
from runner.replies import AutoReload, Subscription, UsageBased, UserData
from runner.takes import PriceState


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
    notes += [
        f"price: the wallet fell by {format_usd(quote.measured.usd)} for a {quote.kind} look, and "
        f"the plan counts {format_usd(quote.price)}; the next one tells whether others bought"
        for quote in bought
        if quote.measured is not None
        and quote.measured.state is PriceState.SUSPECTED
        and quote.measured.planned == quote.price
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


def count_prices(ceilings: Ceilings, plan: Plan, quotes: Mapping[LookKind, Quote]) -> Ceilings:
    """Return ceilings against which what a plan may buy counts as it does against the operator's.

    At list price, where a price is below the list and nobody has said or confirmed it.
    """
    kinds = {one.look.kind for one in plan.actions if one.look and (one.takes or one.retries)}
    known = quotes if kinds else {}  # also of what it does not buy: it was bought in the month
    below = find_below_list(known.values())
    counts_at = {kind: usd for kind, usd in below.items() if kind in kinds}
    trusted = {kind: quote.price for kind, quote in known.items() if kind not in below}
    return replace(ceilings, counts_at=counts_at, trusted=trusted)


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


def billing_notes(user: UserData, cost: Decimal) -> list[str]:
    """Return what a person should know of the account before ``cost`` USD are spent on it.

    Nothing for a plain wallet in dollars: its balance stands in the plan's own line.
    """
    return [*_wallet(user), *_subscription(user.subscription), *_usage(user.usage, cost)]


def _wallet(user: UserData) -> Iterator[str]:
    if user.balance is not None and (user.currency or "usd").lower() != "usd":
        yield f"wallet: {user.balance.normalize():f} {escape_text(user.currency or '')}"
    if user.auto_reload is not None:
        yield _auto_reload(user.auto_reload)


def _auto_reload(reload: AutoReload) -> str:
    amount = (
        format_usd(reload.amount) if reload.amount is not None else "an amount that HeyGen chooses"
    )
    when = (
        f"falls below {format_usd(reload.threshold)}"
        if reload.threshold is not None
        else "runs low"
    )
    return (
        f"auto-reload is on: HeyGen charges the card {amount} whenever the wallet {when}. "
        "No ceiling here protects the card; heygen.com switches it off."
    )


def _subscription(subscription: Subscription | None) -> Iterator[str]:
    if subscription is None:
        return
    parts = [
        escape_text(f"subscription {subscription.plan}" if subscription.plan else "subscription")
    ]
    for amount, words in (
        (subscription.premium_credits, "premium credits"),
        (subscription.add_on_credits, "add-on credits"),
    ):
        if amount is not None:
            parts.append(f"{amount.normalize():f} {words} left")
    if subscription.resets_at is not None:
        parts.append(f"renewed {escape_text(subscription.resets_at)}")
    yield ", ".join(parts)


def _usage(usage: UsageBased | None, cost: Decimal) -> Iterator[str]:
    if usage is None:
        return
    parts = ["billed by usage"]
    if usage.spent is not None:
        cap = f" of a spending cap of {format_usd(usage.cap)}" if usage.cap is not None else ""
        parts.append(f"{format_usd(usage.spent)} spent{cap}")
    elif usage.cap is not None:
        parts.append(f"spending cap {format_usd(usage.cap)}")
    if usage.remaining_credits is not None:
        included = usage.included_credits
        of = f" of {included.normalize():f}" if included is not None else ""
        parts.append(f"{usage.remaining_credits.normalize():f}{of} included credits left")
    yield ", ".join(parts)
    if usage.cap is not None and usage.spent is not None and usage.cap - usage.spent < cost:
        left = format_usd(usage.cap - usage.spent)
        yield f"The spending cap leaves {left}: not enough for all of it."
