"""The database that machines share, as tables for people and as a document for programs. Pure."""

from collections.abc import Sequence
from typing import Any

from runner.cli.format import format_table, pluralize
from runner.cli.terminal import style
from runner.errors import UsageError
from runner.ledger.cluster import ClusterAccount, ClusterCampaign, ClusterView
from runner.policy.budget import MonthCeiling
from runner.quantities import format_age, format_duration, format_usd
from runner.results.times import format_time


def find_account(view: ClusterView, word: str) -> ClusterAccount:
    """Return the account that a person means: by a worker's name of it, host/user, or user.

    Raises UsageError where none is, or several are.
    """
    named = [one for one in view.accounts if word in (*one.names, one.account.label)]
    found = named or [one for one in view.accounts if word == one.account.user]
    if len(found) == 1:
        return found[0]
    known = ", ".join(_name(one) for one in view.accounts) or "none yet"
    why = "are several accounts" if found else "is no account"
    raise UsageError(
        f"{word} {why} in this database.", hint=f"Name one by host/user. They are: {known}"
    )


def _name(account: ClusterAccount) -> str:
    return " = ".join((*account.names, account.account.label))


def format_cluster(view: ClusterView, *, width: int | None = None) -> str:
    """Write accounts and campaigns as tables; ``width`` is the terminal's."""
    parts = [style(f"Accounts · {view.month} (UTC)", bold=True)]
    parts.append(_format_accounts(view, width))
    total = f"{format_usd(view.spent)} spent this month by all accounts"
    parts.append(f"{total}\n{_of_ceiling(view.ceiling)}")
    parts += [style("Campaigns", bold=True), _format_campaigns(view, width)]
    return "\n\n".join(parts)


def _of_ceiling(ceiling: MonthCeiling | None) -> str:
    if ceiling is None:
        return "no ceiling for all of them"
    left = f"{format_usd(ceiling.left)} left"
    return f"ceiling of all {format_usd(ceiling.usd)} ({ceiling.set_by}), {left}"


def _format_accounts(view: ClusterView, width: int | None) -> str:
    if not view.accounts:
        return "none yet"
    rows = [("account", "in progress", "limit", "this month", "ceiling", "left", "")]
    for one in view.accounts:
        usd = one.ceiling
        rows.append(
            (
                ", ".join(one.names) or one.account.label,
                str(one.in_progress),
                "—" if one.limit is None else str(one.limit),
                format_usd(one.spent),
                "—" if usd is None else format_usd(usd.usd),
                "—" if usd is None else format_usd(usd.left),
                _pace(one, view.now),
            )
        )
    return format_table(rows, right=(1, 2, 3, 4, 5), width=width, flow=True, drop=(4,))


def _pace(account: ClusterAccount, now: float) -> str:
    """Return what holds an account up, in words."""
    parts = []
    if account.paused_by is not None:
        parts.append(
            f"paused by {account.paused_by} {format_age(now - (account.paused_at or now))}"
        )
    if account.refused_for > 0:
        parts.append(f"HeyGen asked for {format_duration(account.refused_for)} (429)")
    if account.unknown:
        parts.append(f"{account.unknown} without an answer")
    return "; ".join(parts)


def _format_campaigns(view: ClusterView, width: int | None) -> str:
    if not view.campaigns:
        return "none yet"
    names = {one.account: ", ".join(one.names) or one.account.label for one in view.accounts}
    rows = [("campaign", "takes", "in progress", "this month", "spent", "written by")]
    for one in view.campaigns:
        name = f"{one.name} · {names[one.account]}" if len(names) > 1 else one.name
        since = format_age(view.now - (one.claimed_at or view.now))
        rows.append(
            (
                name,
                str(one.takes),
                str(one.in_progress),
                format_usd(one.spent_this_month),
                format_usd(one.spent),
                "nobody" if one.owner is None else f"{one.owner}, {since}",
            )
        )
    count = pluralize(len(view.campaigns), "campaign")
    table = format_table(rows, right=(1, 2, 3, 4), width=width, flow=True, drop=(3,))
    return f"{table}\n\n{count}"


# --- for programs ---------------------------------------------------------------------------------


def describe_cluster(view: ClusterView) -> dict[str, Any]:
    """Return it as other programs read it (``schemas/cluster.schema.json``)."""
    return {
        "version": 1,
        "at": format_time(view.now),
        "month": view.month,
        "spent_usd": float(view.spent),
        "ceiling": _describe_ceiling(view.ceiling),
        "accounts": [_describe_account(one) for one in view.accounts],
        "campaigns": _describe_campaigns(view.campaigns),
    }


def _describe_ceiling(ceiling: MonthCeiling | None) -> dict[str, Any] | None:
    if ceiling is None:
        return None
    return {
        "usd": float(ceiling.usd),
        "left_usd": float(ceiling.left),
        "set_by": ceiling.set_by,
    }


def _describe_account(one: ClusterAccount) -> dict[str, Any]:
    return {
        "account": one.account.label,
        "names": [*one.names],
        "in_progress": one.in_progress,
        "unknown": one.unknown,
        "limit": one.limit,
        "paused_by": one.paused_by,
        "paused_at": format_time(one.paused_at),
        "refused_for_seconds": one.refused_for,
        "spent_usd": float(one.spent),
        "ceiling": _describe_ceiling(one.ceiling),
    }


def _describe_campaigns(campaigns: Sequence[ClusterCampaign]) -> list[dict[str, Any]]:
    return [
        {
            "campaign": one.name,
            "account": one.account.label,
            "owner": one.owner,
            "claimed_at": format_time(one.claimed_at),
            "takes": one.takes,
            "in_progress": one.in_progress,
            "spent_usd": float(one.spent),
            "spent_this_month_usd": float(one.spent_this_month),
        }
        for one in campaigns
    ]
