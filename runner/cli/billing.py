"""How the account pays, in words: wallet, auto-reload, credits, caps. Pure: values to text."""

from collections.abc import Iterator
from decimal import Decimal

from runner.cli.terminal import escape_text
from runner.quantities import format_usd
from runner.replies import AutoReload, Subscription, UsageBased, UserData


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
