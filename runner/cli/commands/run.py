"""``lookbook run``: show the plan, ask, carry it out, leave results and a catalog."""

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from runner.cli.account import run_on_account
from runner.cli.command import Command
from runner.cli.context import Context, pass_context
from runner.cli.options import (
    Usd,
    env_file_option,
    format_option,
    manifest_argument,
    sim_option,
    simulate_option,
    summary_option,
    var_option,
    yes_option,
)
from runner.cli.output_file import OutputFile
from runner.cli.request import as_request, load_campaign, load_saved_plan
from runner.cli.run_attempt import execute
from runner.cli.select_options import plan_options
from runner.cli.shared_options import on_option, store_option
from runner.errors import UsageError
from runner.model import Campaign
from runner.plan.options import apply_options
from runner.plan.request import DEFAULT_CONCURRENCY, Request

F = TypeVar("F", bound=Callable[..., Any])


def run_options(function: Any) -> Any:
    """Add the options of every command that may buy."""
    for option in reversed(
        [
            manifest_argument,
            simulate_option,
            yes_option,
            click.option(
                "--max-cost",
                type=Usd(),
                metavar="USD",
                help="Spend at most this in this run, whatever happens.",
            ),
            click.option(
                "--up-to-budget",
                is_flag=True,
                help="Where the plan costs more than a ceiling: send what fits, most depended-upon "
                "looks first, instead of refusing.",
            ),
            click.option(
                "--max-concurrency",
                "concurrency",
                type=click.IntRange(1, 10_000),
                default=DEFAULT_CONCURRENCY,
                show_default=True,
                metavar="N",
                help="How many looks may be in progress at once; the account has a limit as well.",
            ),
            click.option(
                "--wait",
                "--timeout",
                "wait",
                type=click.FloatRange(min=0),
                metavar="SECONDS",
                help="How long one look may stay in processing before this run stops waiting for "
                "it (default 1800); the next run goes on.",
            ),
            var_option,
            format_option("text", "json"),
            click.option(
                "--out",
                type=OutputFile(),
                help="Also write the results (JSON) to this file.",
            ),
            summary_option,
            env_file_option,
            on_option,
            store_option,
            sim_option,
        ]
    ):
        function = option(function)
    return function


def new_ledger_option(*, hidden: bool = False) -> Callable[[F], F]:
    """Return ``--new-ledger``, which only the first run of a campaign needs."""
    return click.option(
        "--new-ledger",
        is_flag=True,
        hidden=hidden,
        help="Start an empty ledger although another one here, or the account, holds this "
        "campaign: everything is bought again. Ignored where this ledger has takes.",
    )


@click.command("run", cls=Command)
@run_options
@new_ledger_option()
@plan_options
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    metavar="FILE",
    help="Carry out exactly the plan that `lookbook plan -o FILE` saved, or refuse.",
)
@click.option(
    "--detach",
    is_flag=True,
    help="With --on: only queue the run, for whichever worker serves its account. No key is needed "
    "here; without one it is planned by the shared ledger alone.",
)
@click.option(
    "--follow",
    "following",
    is_flag=True,
    help="With --on: buy nothing here; show the campaign's run that is queued, or was last.",
)
@click.option(
    "--cancel",
    "cancelling",
    is_flag=True,
    help="With --on: take the campaign's run out of the queue, or end it as Ctrl-C would.",
)
@click.option(
    "--account",
    metavar="NAME",
    help="With --detach, --follow or --cancel: the account, as HOST/USER or by the name that "
    "workers know it by.",
)
@click.option(
    "--fetch-only",
    is_flag=True,
    help="Buy nothing: check every picture on disk against its checksum, and fetch what is missing "
    "or was changed.",
)
@pass_context
@as_request
def command(
    context: Context,
    request: Request,
    /,
    plan_file: Path | None,
    *,
    detach: bool,
    following: bool,
    cancelling: bool,
    fetch_only: bool,
) -> int:
    """Generate the looks of MANIFEST that are not there yet, each paid for exactly once.

    Shows the plan with its price and asks; --yes answers. Running the same command again resumes:
    nothing that was paid for is paid again. Ctrl-C stops sending and leaves cleanly, a second one
    leaves at once; both resume. Results and the catalog lie in MANIFEST's .lookbook folder.

    \b
    Examples:
      lookbook run spring.yaml --simulate           rehearse it for nothing
      lookbook run spring.yaml --max-cost 25        spend $25 at the most
      lookbook run spring.yaml --yes --format json  in a nightly job
      lookbook run spring.yaml --select tag:hero    these looks only
      lookbook run spring.yaml --cascade            also what is out of date
      lookbook run spring.yaml --on ADDRESS         on a ledger that is shared
    """
    if plan_file is not None:
        request = follow_saved_plan(request, plan_file)
    if sum((detach, following, cancelling, fetch_only)) > 1:
        raise UsageError("--detach, --follow, --cancel and --fetch-only exclude each other.")
    campaign = load_campaign(request)
    if fetch_only:
        return fetch_pictures(context, campaign, request)
    if request.on is None and not (detach or following or cancelling):
        return start(context, campaign, request)
    from runner.cli import queue_run

    if following or cancelling:
        return queue_run.follow_campaign(campaign, request, cancelling=cancelling)
    if request.on is None:
        raise UsageError(
            "Runs are queued in a database.", hint="Add --on with its address, or set LOOKBOOK_ON."
        )
    return queue_run.run_shared(context, campaign, request, detach=detach)


def follow_saved_plan(request: Request, plan_file: Path) -> Request:
    """Return the request to carry out a saved plan. Raises UsageError for what contradicts it."""
    saved = load_saved_plan(plan_file)
    if request.up_to_budget or request.is_shaped():
        raise UsageError("A saved plan says already which looks, takes and prices are meant.")
    if saved.simulate != request.simulate:
        wrong = "for the simulator: add" if saved.simulate else "for a real account: leave out"
        raise UsageError(f"{plan_file} is {wrong} --simulate.")
    return request.as_saved(saved)


def fetch_pictures(context: Context, campaign: Campaign, request: Request) -> int:
    """Fetch what is missing and buy nothing; return the exit code."""
    from runner.cli.commands.fetch import fetch

    stdout = sys.stderr if request.form == "json" else sys.stdout
    with redirect_stdout(stdout):
        work = partial(fetch, campaign=campaign, request=request)
        return run_on_account(context, campaign, work, request)


def start(context: Context, campaign: Campaign, request: Request) -> int:
    """Run what was asked for; return the exit code. Raises a LookbookError when it cannot begin."""
    work = partial(execute, campaign=apply_options(campaign, request), request=request)
    return run_on_account(context, campaign, work, request)
