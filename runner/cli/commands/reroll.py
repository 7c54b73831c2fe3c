"""``lookbook reroll``: more candidates of looks that are there; the pick stays."""

from dataclasses import replace

import click

from runner.cli.after_run import begin_after_run, start_unqueued
from runner.cli.commands.run import new_ledger_option, run_options
from runner.cli.complete import complete_looks
from runner.cli.context import Context, pass_context
from runner.cli.options import LooksCommand
from runner.cli.request import as_request, load_campaign
from runner.cli.select_options import price_option
from runner.plan.request import Request


@click.command("reroll", cls=LooksCommand)
@run_options
@new_ledger_option(hidden=True)
@click.argument("looks", metavar="LOOK...", nargs=-1, required=True, shell_complete=complete_looks)
@click.option(
    "--count",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    metavar="N",
    help="How many more takes of each look to buy.",
)
@price_option
@pass_context
@as_request
def command(context: Context, request: Request, /, looks: tuple[str, ...], count: int) -> int:
    """Buy more takes of each LOOK of MANIFEST; which one is picked does not change.

    LOOK is a key, or a selection such as tag:hero. Shows the price and asks first. Afterwards
    `lookbook pick` chooses, for nothing. While another run holds the ledger, or is queued,
    this waits for its end.

    \b
    Examples:
      lookbook reroll spring.yaml navy-office             one more
      lookbook reroll spring.yaml tag:hero --count 3      three more of each
    """
    request = replace(request, select=looks, reroll=count)
    return begin_after_run(
        lambda: start_unqueued(context, load_campaign(request), request), request
    )
