"""``lookbook cluster``: show and operate the database that several machines share; free."""

import re
import sys
from dataclasses import replace
from decimal import Decimal
from typing import Any

import click

from runner.cli.cluster_open import name_shared, open_cluster_queue, open_named_cluster
from runner.cli.cluster_text import (
    Line,
    choose_run,
    describe_cluster,
    find_account,
    format_cluster,
    format_schedules,
)
from runner.cli.command import Command, CommandGroup
from runner.cli.context import Context, pass_context
from runner.cli.options import Usd, format_option
from runner.cli.request import load_campaign, target_options
from runner.cli.select_options import plan_options
from runner.cli.shared_options import name_person, on_option, options_of
from runner.cli.terminal import print_json, terminal_width
from runner.errors import UsageError
from runner.ledger.shared import SharedLedgers
from runner.plan.request import Request
from runner.quantities import format_usd, pluralize
from runner.queue.opening import open_engine
from runner.shell import quote_command

SHOWN = 10
"""So many runs that have ended are shown."""

DAY = 86_400.0

ALL = "all"
"""Stands for all accounts where a ceiling is set."""


class Days(click.ParamType[int]):
    """Whole days, ``90d``: at least one, so that whoever follows a run has seen its end."""

    name = "days"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        """Read a number of days, or fail with what one looks like."""
        days = re.fullmatch(r"([1-9][0-9]{0,4})d", str(value).strip())
        if days is None:
            self.fail(f"{value!r} is not a number of days such as 90d", param, ctx)
        return int(days[1])


class MonthlyUsd(click.ParamType[Decimal | None]):
    """US dollars a month, ``500/month``, or ``none``."""

    name = "amount"

    def convert(self, value: Any, param: Any, ctx: Any) -> Decimal | None:
        """Read an amount, or fail with what one looks like."""
        if str(value).strip().lower() == "none":
            return None
        amount = re.fullmatch(r"\s*(\S+?)\s*/\s*month\s*", str(value))
        if amount is None:
            self.fail(f"{value!r} is not an amount such as 500/month, or none", param, ctx)
        return Usd().convert(amount[1], param, ctx)


@click.group("cluster", cls=CommandGroup, invoke_without_command=True)
@on_option
@format_option("text", "json")
@click.pass_context
def command(ctx: click.Context, /, on: SharedLedgers | None, *, form: str) -> int:
    """Show what machines share in a database: accounts, workers, queue, campaigns.

    Of each account: what is in progress, the limit that was found, whether it is paused, and what
    this month's takes cost. Of each campaign: who writes it now, and its money. Nothing is asked of
    HeyGen, no key is needed, nothing is bought.

    \b
    Examples:
      lookbook cluster --on postgresql://lookbook@db.example/studio
      lookbook cluster ceiling studio-a 500/month
      lookbook cluster ceiling all 2000/month       for all accounts together
      lookbook cluster pause studio-a               nothing is sent from it
      lookbook cluster resume studio-a
      lookbook cluster cancel spring                its run in the queue
      lookbook cluster prune --older-than 90d       old runs, no ledger
    """
    ctx.obj = ctx.ensure_object(Context)._replace(shared=on)
    if ctx.invoked_subcommand is not None:
        return 0
    with open_named_cluster(ctx.obj, None) as cluster:
        view = cluster.view()
    with open_cluster_queue(ctx.obj, None) as queue:
        line = Line(queue.list_workers(), queue.list_runs(ended=SHOWN), queue.list_schedules())
    if form == "json":
        print_json(describe_cluster(view, line))
    else:
        click.echo(format_cluster(view, line, width=terminal_width(sys.stdout)))
    return 0


@command.command("ceiling", cls=Command, short_help="Set what an account may spend in a month.")
@click.argument("whose", metavar="ACCOUNT")
@click.argument("amount", metavar="USD/month|none", type=MonthlyUsd())
@on_option
@pass_context
def set_ceiling(
    context: Context, /, on: SharedLedgers | None, *, whose: str, amount: Decimal | None
) -> int:
    """Set what ACCOUNT may spend in a calendar month (UTC), by the database's clock.

    ACCOUNT is a name that workers know, host/user, or `all` for all accounts together. It holds
    from the next request on, over all campaigns and machines: a run that meets it stops buying and
    ends with 5, what it sent is completed. `none` removes it.

    \b
    Examples:
      lookbook cluster ceiling studio-a 500/month
      lookbook cluster ceiling all none
    """
    with open_named_cluster(context, on) as cluster:
        account = None if whose == ALL else find_account(cluster.view(), whose).account
        cluster.set_ceiling(account, amount, by=name_person())
        view = cluster.view()
    of = "all accounts" if account is None else account.label
    held = view if account is None else find_account(view, account.label)
    spent = f"{format_usd(held.spent)} of {view.month} are spent"
    if held.ceiling is None:
        click.echo(f"There is no ceiling of {of} any more; {spent}.")
    else:
        left = format_usd(held.ceiling.left)
        click.echo(f"The ceiling of {of} is {format_usd(amount)} a month; {spent}, {left} left.")
    return 0


@command.command("pause", cls=Command, short_help="Let nothing be sent from an account.")
@click.argument("whose", metavar="ACCOUNT")
@on_option
@pass_context
def pause(context: Context, /, on: SharedLedgers | None, *, whose: str) -> int:
    """Hold back everything from ACCOUNT, on any machine, until it is resumed.

    What was sent goes on and is fetched. Runs wait and say so; Ctrl-C ends them, and nothing is
    lost. ACCOUNT is a name that workers know, or host/user.
    """
    with open_named_cluster(context, on) as cluster:
        account = find_account(cluster.view(), whose).account
        cluster.pause(account, by=name_person())
    options = options_of(name_shared(context, on))
    again = quote_command("lookbook", "cluster", "resume", whose, *options)
    click.echo(f"{account.label} is paused; what was sent goes on. To resume it: {again}")
    return 0


@command.command("resume", cls=Command, short_help="Let a paused account send again.")
@click.argument("whose", metavar="ACCOUNT")
@on_option
@pass_context
def resume(context: Context, /, on: SharedLedgers | None, *, whose: str) -> int:
    """Allow ACCOUNT to send again after `lookbook cluster pause`; runs that wait go on.

    A pause that HeyGen itself asked for (429) ends by itself and is not touched.
    """
    with open_named_cluster(context, on) as cluster:
        account = find_account(cluster.view(), whose).account
        cluster.resume(account)
    click.echo(f"{account.label} may send again.")
    return 0


@command.command("cancel", cls=Command, short_help="Cancel a run in the queue.")
@click.argument("run", metavar="RUN")
@on_option
@pass_context
def cancel_run(context: Context, /, on: SharedLedgers | None, *, run: str) -> int:
    """Cancel a run by the id that `lookbook cluster` shows, or by its campaign's name.

    One that waits leaves the queue. One that is under way sends nothing more, and ends when what it
    sent is answered: nothing is lost, and the same campaign may be run again.
    """
    from runner.cli.queue_client import cancel

    with open_cluster_queue(context, on) as queue:
        return cancel(queue, choose_run(queue.list_runs(ended=1000), run))


@command.command("prune", cls=Command, short_help="Delete old runs from the queue's tables.")
@click.option(
    "--older-than",
    "days",
    type=Days(),
    required=True,
    metavar="DAYS",
    help="Runs that ended longer ago than this, such as 90d.",
)
@on_option
@pass_context
def prune_runs(context: Context, /, on: SharedLedgers | None, *, days: int) -> int:
    """Delete runs that ended long ago, what they wrote, and pictures that only they had.

    Ledgers are not touched: takes, money, picks and pictures of looks stay as they are, and so does
    each run that has not ended. The owner of the tables may do this.

    \b
    Example, for a nightly job:
      lookbook cluster prune --older-than 90d
    """
    address = name_shared(context, on).database.address
    with open_cluster_queue(context, on) as queue:
        runs = queue.find_old_runs(days * DAY)
        open_engine(address).forget(runs)  # first: what is forgotten there only has a run's id
        pictures = queue.delete_runs(runs)
    click.echo(
        f"{pluralize(len(runs), 'run')} that ended more than {pluralize(days, 'day')} ago deleted, "
        f"and {pluralize(pictures, 'picture')} that no run or schedule has any more."
    )
    return 0


@command.group("schedule", cls=CommandGroup, short_help="Run campaigns at times.")
def schedule() -> None:
    """Run campaigns at times that a cron expression says; workers queue them by themselves.

    A time at which the campaign is still in the queue does nothing, and `lookbook cluster` says so.
    Times that pass while no worker serves the account are made up for once.
    """


@schedule.command("add", cls=Command, short_help="Add a schedule of a campaign.")
@click.argument("cron", metavar="CRON")
@target_options
@plan_options
@click.option(
    "--zone",
    default="UTC",
    show_default=True,
    metavar="ZONE",
    help="The time zone of the expression, such as Europe/Berlin.",
)
@click.option(
    "--max-cost",
    type=Usd(),
    required=True,
    metavar="USD",
    help="What each run may spend at most: nobody is there to be asked.",
)
@pass_context
def add_campaign(context: Context, /, request: Request, *, cron: str, zone: str) -> int:
    """Run MANIFEST at the times of CRON: minute, hour, day of the month, month, day of the week.

    The manifest and its pictures are kept as they are now. Each run plans anew, buys what is new or
    was not finished as far as its ceiling goes, and asks nobody. Nothing is bought now; no key is
    needed here.

    \b
    Example, every night at two:
      lookbook cluster schedule add "0 2 * * *" spring.yaml --zone Europe/Berlin \\
        --max-cost 25
    """
    from runner.cli.queue_run import add_schedule

    request = replace(request, on=name_shared(context, request.on))
    return add_schedule(context, load_campaign(request), request, cron=cron, zone=zone)


@schedule.command("list", cls=Command, short_help="List the schedules.")
@on_option
@pass_context
def list_schedules(context: Context, /, on: SharedLedgers | None) -> int:
    """List the schedules by when they are due, with their ceilings and what came of the last time.

    `lookbook cluster --format json` has them for programs.
    """
    with open_cluster_queue(context, on) as queue:
        found = queue.list_schedules()
    click.echo(format_schedules(found, width=terminal_width(sys.stdout)))
    return 0


@schedule.command("remove", cls=Command, short_help="Remove a schedule.")
@click.argument("name", metavar="SCHEDULE")
@on_option
@pass_context
def remove_schedule(context: Context, /, on: SharedLedgers | None, *, name: str) -> int:
    """Remove a schedule by the id that `lookbook cluster schedule list` shows.

    What it has put into the queue stays there: `lookbook cluster cancel` takes it out.
    """
    with open_cluster_queue(context, on) as queue:
        if not queue.remove_schedule(name):
            raise UsageError(
                f"There is no schedule {name}.", hint="`lookbook cluster schedule list` has them."
            )
    click.echo(f"Schedule {name} is removed.")
    return 0
