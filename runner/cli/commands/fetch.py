"""``lookbook fetch``: pictures that are missing or were changed, again; ``run --fetch-only``."""

from collections.abc import Iterable
from functools import partial

import click

from runner.cli.account import open_account, run_on_account
from runner.cli.command import Command
from runner.cli.context import Context, pass_context
from runner.cli.format import format_link
from runner.cli.options import manifest_argument
from runner.cli.request import account_options, load_campaign
from runner.cli.select_options import select_options
from runner.cli.session import open_session
from runner.cli.shared_options import store_option
from runner.cli.store_sync import SessionSync
from runner.cli.terminal import escape_text
from runner.executor.concurrency import run_concurrently
from runner.executor.downloads import Downloads, find_unfetched
from runner.model import Campaign
from runner.plan import plan as make_plan
from runner.plan.options import select_looks
from runner.plan.request import Request
from runner.policy.exit_codes import Exit
from runner.policy.lifecycle import Event
from runner.quantities import pluralize
from runner.takes import Take


@click.command("fetch", cls=Command)
@manifest_argument
@account_options
@store_option
@select_options
@pass_context
def command(context: Context, request: Request, /) -> int:
    """Fetch the pictures of MANIFEST's looks that are missing on disk or were changed there.

    `lookbook run --fetch-only` does the same. Every picture is checked against its checksum and
    fetched again with a fresh link where it differs. Costs nothing; never buys a look.
    """
    campaign = load_campaign(request)
    work = partial(fetch, campaign=campaign, request=request)
    return run_on_account(context, campaign, work, request)


async def fetch(context: Context, campaign: Campaign, request: Request) -> int:
    """Fetch what is missing; return the exit code."""
    async with (
        open_account(context) as opened,
        open_session(opened, campaign, opened.require_state(campaign)) as work,
    ):
        await work.import_results()
        snapshot = work.ledger.snapshot()
        only, moves = select_looks(campaign, snapshot, request), make_plan(campaign, snapshot).moves

        def choose(takes: Iterable[Take]) -> list[Take]:
            return [take for take in takes if only is None or moves.new(take.look) in only]

        work.begin("fetch")
        store = SessionSync(work, context.store) if context.store is not None else None
        if store is not None:
            await store.pull(choose(snapshot.all_takes), thorough=True)
        wanted = [moves.back.get(look.key, look.key) for look in campaign.looks]
        missing = choose(await find_unfetched(work.context, wanted=wanted, thorough=True))
        work.progress.begin(len(missing), ended={Event.FETCHED})
        collector = Downloads(work.context)

        async def one(index: int) -> None:
            await collector.fetch(missing[index])

        if missing:
            await run_concurrently([partial(one, index) for index in range(len(missing))])
        code = int(Exit.FAILED if collector.problems else Exit.DONE)
        catalog = work.finish(code)
        if store is not None:
            code = await store.finish(code)
    for label, reason in collector.problems.items():
        click.echo(escape_text(f"{label}: no picture: {reason}"), err=True)
    got = len(missing) - len(collector.problems)
    click.echo(f"{pluralize(got, 'picture')} fetched, {len(collector.problems)} missing")
    click.echo(f"catalog: {format_link(catalog)}")
    return code
