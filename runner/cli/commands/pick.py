"""``lookbook pick``: choose among the takes of a look; free, and without a key."""

from collections.abc import Sequence
from decimal import Decimal

import anyio
import click

from runner.cli.complete import complete_takes
from runner.cli.context import Context, pass_context
from runner.cli.decision_queue import queue_picks
from runner.cli.format import format_link
from runner.cli.options import LooksCommand, report_option
from runner.cli.outputs import note_results
from runner.cli.picking import find_pickable, find_stale
from runner.cli.readonly import load_known, require_state
from runner.cli.request import load_campaign, target_options
from runner.cli.session import OpenLedger, open_ledger
from runner.cli.shared_options import options_of
from runner.errors import LedgerLocked, UsageError
from runner.ledger.state_dirs import StateDir
from runner.model import Campaign
from runner.plan import Plan, ResolvedOptions
from runner.plan import plan as make_plan
from runner.plan.request import Request
from runner.quantities import format_usd, pluralize
from runner.shell import quote_command
from runner.takes import Snapshot, Take, TakeState


@click.command("pick", cls=LooksCommand)
@target_options
@click.argument(
    "takes", metavar="LOOK#N...", nargs=-1, required=True, shell_complete=complete_takes
)
@report_option
@pass_context
def command(context: Context, /, request: Request, *, takes: tuple[str, ...]) -> int:
    """Make each LOOK#N (as in navy-office#2) the take of its look that counts.

    The catalog shows it, and what references the look is generated from it from now on. What was
    generated from the take that was picked before is out of date: shown, with the price of
    regenerating it. Picking costs nothing and can be taken back. While another command holds the
    ledger, it is kept, and taken in by that command.
    """
    campaign = load_campaign(request)
    state = require_state(campaign, request)
    try:
        lines = _pick_now(context._replace(shared=request.on), campaign, state, takes)
    except LedgerLocked:
        snapshot, _ = load_known(campaign, state)
        chosen = _find_all(make_plan(campaign, snapshot), snapshot, takes)
        queue_picks(context, state, snapshot, chosen)
        return 0
    for line in lines:
        click.echo(line)
    return 0


def _find_all(plan: Plan, snapshot: Snapshot, takes: Sequence[str]) -> list[Take]:
    """Return the takes that are meant. Raises UsageError."""
    chosen = [find_pickable(plan, snapshot, name) for name in takes]
    if len({take.look for take in chosen}) < len(chosen):
        raise UsageError("Two takes of one look cannot both be picked.")
    return chosen


def _pick_now(
    context: Context, campaign: Campaign, state: StateDir, takes: Sequence[str]
) -> list[str]:
    """Pick takes; return what follows, in lines. Raises LedgerLocked."""
    with open_ledger(context, campaign, state, "pick") as opened:
        chosen = _find_all(opened.plan(), opened.snapshot(), takes)
        before = find_stale(opened.plan())
        for take in chosen:
            _pick(opened, take)
        catalog = opened.write_outputs()
        stale = find_stale(opened.plan()) - before
        lines = _consequences(opened, stale)
        picked = [take.label for take in chosen]
        note_results(context, campaign, opened.snapshot(), picked=picked, out_of_date=sorted(stale))
    return [*lines, f"catalog: {format_link(catalog)}"]


def _pick(opened: OpenLedger, take: Take) -> None:
    now = opened.ledger.picked(take.look)
    if now is not None and now.uid == take.uid:
        click.echo(f"{take.label} is picked already")
        return
    anyio.run(opened.ledger.pick, take.look, take.uid)
    instead = f" instead of {now.label}" if now is not None else ""
    click.echo(f"{take.label} is picked{instead}")
    if take.state is TakeState.FETCHED and take.image is None:
        click.echo(
            "  its picture was pruned here; `lookbook run --fetch-only` gets it again, for nothing"
        )


def _consequences(opened: OpenLedger, stale: set[str]) -> list[str]:
    """Return what became stale, and what regenerating it would cost."""
    if not stale:
        return ["Nothing is out of date by it."]
    everything = frozenset(look.key for look in opened.campaign.looks)
    cascade = make_plan(opened.campaign, opened.snapshot(), ResolvedOptions(cascade=everything))
    bought = [action for action in cascade.actions if action.resume.replacing and action.takes]
    cost = sum((action.cost for action in bought), Decimal(0))
    ledger = ("--simulate",) if opened.account.simulated else options_of(opened.context.shared)
    again = quote_command("lookbook", "run", opened.campaign.manifest, "--cascade", *ledger)
    price = f"{pluralize(len(bought), 'look')}, {format_usd(cost)}"
    return [
        f"Out of date now, made from the take that was picked before: {', '.join(sorted(stale))}",
        f"They stay as they are. To bring them up to date ({price}): {again}",
    ]
