"""``lookbook run --on``: plan and ask here, then let a worker carry it out where one serves."""

import sys
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

import click

from runner.cli.account import run_on_account
from runner.cli.commands.plan import print_plan
from runner.cli.context import Context
from runner.cli.format import warn
from runner.cli.known_campaign import KnownCampaign, plan_offline
from runner.cli.queue_client import (
    RunPacker,
    advise_to_follow,
    cancel,
    enqueue,
    explain_interrupt,
    find_run,
    follow,
    make_pack,
    open_shared_queue,
    refuse_queued,
)
from runner.cli.run_attempt import execute_or_pack
from runner.cli.shared_ledger import check_shared, share_state
from runner.cli.shared_options import name_database, name_person
from runner.cli.terminal import print_json
from runner.errors import AccountError, BudgetRefused, UsageError
from runner.ledger.reading import read_snapshot
from runner.ledger.state_dirs import make_state_folder
from runner.model import Campaign
from runner.plan import Plan
from runner.plan.options import apply_options
from runner.plan.request import Request
from runner.policy.exit_codes import Exit
from runner.quantities import format_usd
from runner.queue.pack import Pack, explain_unpackable
from runner.queue.port import RunQueue
from runner.shell import quote_command
from runner.takes import Account


def run_shared(context: Context, campaign: Campaign, request: Request, *, detach: bool) -> int:
    """Run a campaign of a shared ledger: by a worker where one serves its account, else here.

    ``detach`` only queues it. Return the exit code.
    """
    if detach:  # nobody is asked about what is refused
        refuse_unpackable(campaign, request, hint="Leave out --detach.")
    if detach and (request.account is not None or not has_key(context)):
        return detach_without_key(context, campaign, request)
    if request.account is not None:
        raise UsageError(
            "A run is of the account that the key belongs to.",
            hint="--account goes with --detach, --follow and --cancel.",
        )
    with open_shared_queue(request.on) as queue:
        packer = RunPacker(context.console, queue, request, detach=detach)
        planned = apply_options(campaign, request)
        work = partial(execute_or_pack, campaign=planned, request=request, packer=packer)
        ended = run_on_account(context, campaign, work, request)
        if ended.pack is None:
            return ended.code
        return hand_over(queue, ended.pack, request, detach=detach)


def hand_over(queue: RunQueue, pack: Pack, request: Request, *, detach: bool) -> int:
    """Queue a run, and follow it unless nobody wants to; return the exit code."""
    told = "Stopped while this was being queued: it may be in the queue, and is then carried out."
    with explain_interrupt(told, advise_to_follow(request)):
        run = enqueue(queue, pack, request)
        _report_queued(run, pack, request, detach=detach)
        return int(Exit.DONE) if detach else follow(queue, run, request)


def _report_queued(run: str, pack: Pack, request: Request, *, detach: bool) -> None:
    """Print what was queued, and how to follow it."""
    if request.store is not None:
        click.echo(
            "LOOKBOOK_STORE of this machine does not go along: a worker copies into its own store.",
            err=True,
        )
    if not detach:
        click.echo(
            f"Queued as run {run}; a worker carries it out. What follows is what it writes there, "
            "its paths as well. Ctrl-C stops only this.",
            err=True,
        )
        return
    if request.form == "json":
        print_json(
            {"version": 1, "run": run, "campaign": pack.campaign, "account": pack.account.label}
        )
    else:
        click.echo(f"Queued: run {run} of {pack.campaign} on {pack.account.label}.")
    click.echo(advise_to_follow(request), err=True)


def has_key(context: Context) -> bool:
    """Return whether there is an API key here."""
    from runner.heygen.credentials import find_credentials

    try:
        find_credentials(context.environment, context.home)
    except AccountError:
        return False
    return True


def detach_without_key(context: Context, campaign: Campaign, request: Request) -> int:
    """Plan by what the database knows, ask, and queue it; return the exit code.

    The worker asks the account, and refuses where that changes the plan.
    """
    with open_shared_queue(request.on) as queue:
        queue.migrate()
        account = pick_account(queue, campaign, request)
        refuse_queued(queue, account, campaign, request)
        known, plan = plan_without_key(context, campaign, request, account)
        click.echo(
            "\nThere is no API key here, so this is planned by the shared ledger alone. The worker "
            f"asks {account.label}, and buys nothing where that changes the plan.",
            err=True,
        )
        ceilings = (request.max_cost, known.campaign.budget.run_usd)
        room = min((one for one in ceilings if one is not None), default=None)
        if room is not None and plan.cost > room and not request.up_to_budget:
            raise BudgetRefused(
                f"The plan costs {format_usd(plan.cost)}, but the ceilings leave room for "
                f"{format_usd(room)}. Nothing was queued.",
                hint="Raise --max-cost or the manifest's budget, or add --up-to-budget.",
            )
        context.console.confirm_or_refuse(
            f"Spend up to {format_usd(plan.worst_case)}?",
            yes=request.yes,
            undone="nothing was queued",
        )
        pack = make_pack(known.campaign, account, plan, known.snapshot, request)
        return hand_over(queue, pack, request, detach=True)


def refuse_unpackable(campaign: Campaign, request: Request, *, hint: str | None = None) -> None:
    """Raise UsageError where a run cannot be carried out by a worker."""
    why = explain_unpackable(campaign, request)
    if why is not None:
        raise UsageError(f"This cannot be queued: {why}.", hint=hint)


def plan_without_key(
    context: Context, campaign: Campaign, request: Request, account: Account
) -> tuple[KnownCampaign, Plan]:
    """Plan by what the database knows, and show it; return what is known, and the plan.

    Raises LedgerQuestion where that may not be the ledger that is meant: a worker asks nobody.
    """
    owners = request.on.database.find_accounts(campaign.name)
    if owners and account not in owners:
        raise UsageError(
            f"{owners[0].label} has a campaign {campaign.name} in this database, and "
            f"{account.label} has none. To begin it there, run it once where the key is."
        )
    state = share_state(request.on, campaign, account)
    make_state_folder(state)
    check_shared(context.console, campaign, state, account, read_snapshot(state.location))
    asked = replace(request, account=account.label if owners else None)
    known, quotes, plan = plan_offline(campaign, asked)
    with redirect_stdout(sys.stderr):
        print_plan(context, known, plan, quotes, everything=False)
    return known, plan


def add_schedule(
    context: Context, campaign: Campaign, request: Request, *, cron: str, zone: str
) -> int:
    """Keep a schedule on which workers run a campaign; return the exit code. Nothing is bought."""
    refuse_unpackable(campaign, request)
    with open_shared_queue(request.on) as queue:
        queue.migrate()
        account = pick_account(queue, campaign, request)
        known, plan = plan_without_key(context, campaign, request, account)
        pack = make_pack(known.campaign, account, plan, known.snapshot, request).to_repeat()
        look = quote_command("lookbook", "cluster", "schedule", "list", *name_database(request))
        with explain_interrupt(
            "Stopped while the schedule was being added: it may be there.", f"To see them: {look}"
        ):
            name = queue.add_schedule(pack, cron, zone, by=name_person())
        made = next(one for one in queue.list_schedules() if one.id == name)
        served = any(worker.serves(account) for worker in queue.list_workers())
    click.echo(
        f"Schedule {name}: {campaign.name} on {account.label} at {cron!r} ({zone}), next on "
        f"{format_local(made.next_at, zone)}. Each run plans anew and spends at most "
        f"{format_usd(pack.most_usd)}."
    )
    remove = ("lookbook", "cluster", "schedule", "remove", name, *name_database(request))
    click.echo(
        "It is for the manifest and the pictures as they are now: after an edit add it anew. To "
        f"remove it: {quote_command(*remove)}",
        err=True,
    )
    if not served:
        warn(f"No worker serves {account.label} now: a time that passes is made up for once.")
    return int(Exit.DONE)


def format_local(at: float, zone: str) -> str:
    """Write a time as a person in a zone reads it."""
    return f"{datetime.fromtimestamp(at, ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}"


def pick_account(queue: RunQueue, campaign: Campaign, request: Request) -> Account:
    """Return the account that is meant: by name, by the ledger, or the only one that is served.

    Raises UsageError where none or several may be.
    """
    served = {
        account
        for worker in queue.list_workers()
        for account in worker.accounts
        if worker.serves(account)
    }
    owners = request.on.database.find_accounts(campaign.name)
    known = [*owners, *sorted(served - {*owners}, key=lambda account: account.label)]
    if request.account is not None:
        named = queue.find_named(request.account)
        meant = [account for account in known if account.label == request.account]
        if named is None and not meant:
            labels = ", ".join(account.label for account in known) or "none"
            raise UsageError(
                f"No worker serves an account {request.account}, and no ledger here is of one.",
                hint=f"Known are: {labels}. A worker's own name for one will do as well.",
            )
        return named or meant[0]
    if len(owners or served) == 1:
        return next(iter(owners or served))
    raise UsageError(
        "Whose account this is cannot be told without a key.",
        hint="Name it with --account: "
        + (", ".join(account.label for account in known) or "no worker serves one yet")
        + ".",
    )


def follow_campaign(campaign: Campaign, request: Request, *, cancelling: bool) -> int:
    """Follow the run of a campaign that is in the queue, or cancel it; return the exit code."""
    if request.on is None:
        raise UsageError(
            "Runs are queued in a database.", hint="Add --on with its address, or set LOOKBOOK_ON."
        )
    with open_shared_queue(request.on) as queue:
        if not queue.is_there():
            raise UsageError(f"{request.on.database.name} has no queue.")
        account = None if request.account is None else pick_account(queue, campaign, request)
        run = find_run(queue, campaign, account)
        if cancelling:
            return cancel(queue, run)
        click.echo(
            f"Run {run.run}, queued by {run.queued_by}, as its worker writes it, with paths there:",
            err=True,
        )
        return follow(queue, run.run, request)
