"""``lookbook retry``: buy again what failed, after saying what that costs."""

from dataclasses import replace
from functools import partial

import click

from runner.cli.after_run import begin_after_run, start_unqueued
from runner.cli.command import Command
from runner.cli.commands.run import new_ledger_option, run_options
from runner.cli.context import Context, pass_context
from runner.cli.known_campaign import read_campaign
from runner.cli.request import as_request
from runner.cli.select_options import price_option, select_options
from runner.cli.terminal import join_lines
from runner.model import Campaign
from runner.plan import plan as make_plan
from runner.plan.options import resolve_options
from runner.plan.renames import apply_renames
from runner.plan.request import Request
from runner.quantities import format_usd, pluralize
from runner.takes import Billing, Snapshot, Take, TakeState

CHARGES = {
    Billing.ASSUMED: "charged? HeyGen does not say",
    Billing.REFUNDED: "not charged, as the wallet showed",
    Billing.NONE: "refused, nothing was bought",
}
"""What is known of the money of a failed take."""


@click.command("retry", cls=Command)
@run_options
@new_ledger_option(hidden=True)
@select_options
@price_option
@pass_context
@as_request
def command(context: Context, request: Request, /) -> int:
    """Buy the looks of MANIFEST that failed once more, each as a new take.

    Says first which failures were charged, or may have been. What was blocked by a failed look is
    generated as well; nothing else is. A plain `lookbook run` never buys a failure again, unless
    the manifest says `retries`. While another run holds the ledger, or is queued, this waits for
    its end.

    \b
    Examples:
      lookbook retry spring.yaml                      whatever failed
      lookbook retry spring.yaml --select tag:hero    only among these
    """
    request = replace(request, retry=True)
    return begin_after_run(partial(_retry, context, request), request)


def _retry(context: Context, request: Request) -> int:
    known = read_campaign(request)
    failed = failures(known.campaign, known.snapshot, request)
    click.echo(failures_text(failed) + "\n", err=True)
    return start_unqueued(context, known.campaign, request)


def failures(campaign: Campaign, snapshot: Snapshot, request: Request) -> list[Take]:
    """Return the failed takes of the looks that are bought again. Raises UsageError."""
    asked = resolve_options(campaign, snapshot, request)
    plan = make_plan(campaign, snapshot, asked)
    held = apply_renames(snapshot, plan.moves)
    return [
        take
        for action in plan.actions
        if action.key in asked.retry
        for take in held.takes.get(action.key, ())
        if take.state is TakeState.FAILED and take.identity == action.identity
    ]


def failures_text(failed: list[Take]) -> str:
    """Return which failures there are, and what is known of their money."""
    if not failed:
        return "Nothing failed that is not there by now."
    lines = [f"{pluralize(len(failed), 'take')} failed:"]
    lines += [
        f"  {take.label} {format_usd(take.price)} ({CHARGES.get(take.billing, take.billing)}): "
        f"{take.error_message or take.error_code}"
        for take in failed
    ]
    return join_lines(lines)
