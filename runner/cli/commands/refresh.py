"""``lookbook refresh``: the ledger against the account and the disk; ``reconcile`` does it too."""

from functools import partial

import click

from runner.cli.account import open_account, run_on_account
from runner.cli.command import Command
from runner.cli.comparison import compare_account, describe_differences, record_differences
from runner.cli.context import Context, pass_context
from runner.cli.options import manifest_argument
from runner.cli.outputs import note_results
from runner.cli.request import account_options, load_campaign
from runner.cli.select_options import comparison_options
from runner.cli.session import open_session
from runner.model import Campaign
from runner.plan.request import Request
from runner.policy.exit_codes import Exit


@click.command("refresh", cls=Command)
@manifest_argument
@comparison_options
@account_options
@pass_context
def command(context: Context, request: Request, /, *, record: bool, detailed_exitcode: bool) -> int:
    """Compare what the ledger says of MANIFEST's looks with the account and the disk.

    `lookbook reconcile` does the same, and first decides what became of unknown sends. Changes
    nothing, unless --record; never buys.
    """
    campaign = load_campaign(request)
    work = partial(refresh, campaign=campaign, record=record)
    found = run_on_account(context, campaign, work, request)
    return int(Exit.CHANGES if found and detailed_exitcode else Exit.DONE)


async def refresh(context: Context, campaign: Campaign, *, record: bool) -> int:
    """Compare, say, and record if asked to; return how many differences there are."""
    async with (
        open_account(context) as opened,
        open_session(opened, campaign, opened.require_state(campaign)) as work,
    ):
        if record:
            await work.import_results()
        found = await compare_account(work, record=record)
        told = describe_differences(found, record=record)
        note_results(context, campaign, work.ledger.snapshot(), differences=told)
        if record and any(drift.event is not None for drift in found):
            work.begin("refresh")
            await record_differences(work, found)
            work.finish(0)
    return len(found)
