"""The database that machines share, as tables for people and as a document for programs. Pure."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.cli.format import format_table
from runner.cli.terminal import style
from runner.errors import UsageError
from runner.ledger.cluster import ClusterAccount, ClusterCampaign, ClusterView
from runner.policy.budget import MonthCeiling
from runner.quantities import format_age, format_duration, format_usd, pluralize
from runner.queue.port import QueuedRun, WorkerSeen
from runner.results.times import format_time
from runner.takes import Account

if TYPE_CHECKING:
    from runner.queue.schedule import Schedule


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


class Line(NamedTuple):
    """Who carries out what, and when: workers, runs that are queued or ended last, schedules."""

    workers: Sequence[WorkerSeen] = ()
    runs: Sequence[QueuedRun] = ()
    schedules: "Sequence[Schedule]" = ()


def choose_run(runs: Sequence[QueuedRun], word: str) -> QueuedRun:
    """Return the run that a person means: by its id, or the last of a campaign.

    Raises UsageError where there is none, or several accounts have one that has not ended.
    """
    found = [run for run in runs if run.run == word]
    found = found or [run for run in runs if run.campaign == word]
    waiting = [run for run in found if run.ended_at is None]
    if len(waiting) > 1:
        ids = ", ".join(f"{run.run} ({run.account.label})" for run in waiting)
        raise UsageError(f"{word} is in the queue of several accounts: {ids}.", hint="Name its id.")
    if not found:
        raise UsageError(
            f"There is no run {word} in this database.", hint="`lookbook cluster` shows the runs."
        )
    return (waiting or found)[-1]


def format_cluster(view: ClusterView, line: Line, *, width: int | None = None) -> str:
    """Write accounts, workers, queue and campaigns as tables; ``width`` is the terminal's."""
    parts = [style(f"Accounts · {view.month} (UTC)", bold=True)]
    parts.append(_format_accounts(view, width))
    total = f"{format_usd(view.spent)} spent this month by all accounts"
    parts.append(f"{total}\n{_of_ceiling(view.ceiling)}")
    names = {one.account: ", ".join(one.names) or one.account.label for one in view.accounts}
    parts += [style("Workers", bold=True), _format_workers(line, names, width)]
    parts += [style("Queue", bold=True), _format_runs(line, names, view.now, width)]
    if line.schedules:
        parts += [style("Schedules", bold=True), format_schedules(line.schedules, width=width)]
    parts += [style("Campaigns", bold=True), _format_campaigns(view, names, width)]
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


def _format_workers(line: Line, names: Mapping[Account, str], width: int | None) -> str:
    if not line.workers:
        return "none: each `lookbook run --on` goes on in its own process"
    rows = [("worker", "runs", "slots", "accounts")]
    for one in line.workers:
        running = sum(run.worker == one.name and run.ended_at is None for run in line.runs)
        accounts = ", ".join(names.get(account, account.label) for account in one.accounts)
        dead = "" if one.is_alive else f"; silent for {format_duration(one.silent)}"
        rows.append((one.name, str(running), str(one.slots), f"{accounts}{dead}"))
    return format_table(rows, right=(1, 2), width=width, flow=True)


def _format_runs(line: Line, names: Mapping[Account, str], now: float, width: int | None) -> str:
    if not line.runs:
        return "empty"
    rows = [("run", "campaign", "state", "when", "worker", "")]
    for run in line.runs:
        name = names.get(run.account, run.account.label)
        state = "cancelling" if run.cancelled and run.ended_at is None else str(run.state)
        code = "" if run.exit_code is None else f" ({run.exit_code})"
        when = format_age(now - (run.ended_at or run.started_at or run.queued_at))
        campaign = f"{run.campaign} · {name}"
        rows.append((run.run, campaign, state + code, when, run.worker or "—", run.message or ""))
    return format_table(rows, width=width, flow=True, drop=(4,), whole=(0,))


def format_schedules(schedules: "Sequence[Schedule]", *, width: int | None = None) -> str:
    """Write schedules as a table; times are UTC."""
    if not schedules:
        return "none: `lookbook cluster schedule add` adds one"
    rows = [("schedule", "campaign", "at", "at most", "next, UTC", "the last time")]
    for one in schedules:
        last = "never" if one.last_at is None else f"{_minute(one.last_at)}: run {one.last_run}"
        if one.was_skipped:
            last = f"{_minute(one.last_at)}: nothing, a run of it had not ended"
        campaign = f"{one.campaign} · {one.account.label}"
        at = f"{one.cron} {one.zone}"
        most = "" if one.max_cost is None else format_usd(one.max_cost)
        if one.max_cost is None:
            last += "; another lookbook wrote it: remove it and add it anew"
        rows.append((one.id, campaign, at, most, _minute(one.next_at), last))
    return format_table(rows, right=(3,), width=width, flow=True, whole=(0,))


def _minute(at: float | None) -> str:
    return (format_time(at) or "")[:16].replace("T", " ")


def _format_campaigns(view: ClusterView, names: Mapping[Account, str], width: int | None) -> str:
    if not view.campaigns:
        return "none yet"
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


def describe_cluster(view: ClusterView, line: Line) -> dict[str, Any]:
    """Return it as other programs read it (``schemas/cluster.schema.json``)."""
    return {
        "version": 1,
        "at": format_time(view.now),
        "month": view.month,
        "spent_usd": float(view.spent),
        "ceiling": _describe_ceiling(view.ceiling),
        "accounts": [_describe_account(one) for one in view.accounts],
        "workers": [_describe_worker(one) for one in line.workers],
        "runs": [_describe_run(one) for one in line.runs],
        "schedules": [_describe_schedule(one) for one in line.schedules],
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


def _describe_worker(one: WorkerSeen) -> dict[str, Any]:
    return {
        "worker": one.name,
        "accounts": [account.label for account in one.accounts],
        "slots": one.slots,
        "version": one.version,
        "started_at": format_time(one.started_at),
        "silent_seconds": one.silent,
        "alive": one.is_alive,
    }


def _describe_run(one: QueuedRun) -> dict[str, Any]:
    return {
        "run": one.run,
        "campaign": one.campaign,
        "account": one.account.label,
        "state": str(one.state),
        "cancelled": one.cancelled,
        "queued_at": format_time(one.queued_at),
        "queued_by": one.queued_by,
        "started_at": format_time(one.started_at),
        "ended_at": format_time(one.ended_at),
        "worker": one.worker,
        "attempt": one.attempt,
        "exit_code": one.exit_code,
        "message": one.message,
    }


def _describe_schedule(one: "Schedule") -> dict[str, Any]:
    return {
        "schedule": one.id,
        "campaign": one.campaign,
        "account": one.account.label,
        "cron": one.cron,
        "zone": one.zone,
        "max_cost_usd": None if one.max_cost is None else float(one.max_cost),
        "created_by": one.created_by,
        "next_at": format_time(one.next_at),
        "last_at": format_time(one.last_at),
        "last_run": one.last_run,
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
