"""``lookbook pick``: choose among the takes of a look; free, and without a key."""

from decimal import Decimal

import anyio
import click

from runner.cli.complete import complete_takes
from runner.cli.context import Context, pass_context
from runner.cli.format import format_link, pluralize
from runner.cli.options import LooksCommand, report_option
from runner.cli.outputs import note_results
from runner.cli.session import OpenLedger, open_ledger
from runner.cli.take_names import find_named_take
from runner.cli.target import Target, target_options
from runner.errors import UsageError
from runner.plan import Action, ResolvedOptions
from runner.plan import plan as make_plan
from runner.plan.change_text import describe_change
from runner.policy.lifecycle import Event
from runner.quantities import format_usd
from runner.shell import quote_command
from runner.takes import Take, TakeState
from runner.words import state_word


@click.command("pick", cls=LooksCommand)
@target_options
@click.argument(
    "takes", metavar="LOOK#N...", nargs=-1, required=True, shell_complete=complete_takes
)
@report_option
@pass_context
def command(context: Context, /, target: Target, *, takes: tuple[str, ...]) -> int:
    """Make each LOOK#N (as in navy-office#2) the take of its look that counts.

    The catalog shows it, and what references the look is generated from it from now on. What was
    generated from the take that was picked before is out of date: shown, with the price of
    regenerating it. Picking costs nothing and can be taken back.
    """
    campaign = target.load_campaign()
    with open_ledger(context, campaign, target.require_state(campaign), "pick") as opened:
        chosen = [_pickable(opened, name) for name in takes]
        if len({take.look for take in chosen}) < len(chosen):
            raise UsageError("Two takes of one look cannot both be picked.")
        before = _stale(opened)
        for take in chosen:
            _pick(opened, take)
        catalog = opened.write_outputs()
        stale = _stale(opened) - before
        lines = _consequences(opened, stale)
        picked = [take.label for take in chosen]
        note_results(context, campaign, opened.snapshot(), picked=picked, out_of_date=sorted(stale))
    for line in [*lines, f"catalog: {format_link(catalog)}"]:
        click.echo(line)
    return 0


def _pickable(opened: OpenLedger, name: str) -> Take:
    """Return the take that is meant. Raises UsageError where it cannot be its look's pick."""
    take = find_named_take(opened.snapshot(), name)
    if not take.usable:
        raise UsageError(
            f"{take.label} cannot be picked: it is {state_word(take.state).lower()}.",
            hint="A take can be picked once it is completed.",
        )
    for action in opened.plan().actions:
        if action.key == take.look and action.look is not None and action.ingredients is not None:
            if action.identity == take.identity:
                return take
            changes = describe_change(take.ingredients, action.ingredients)
            raise UsageError(
                f"{take.label} is not what the manifest wants any more: {changes}.",
                hint="Put the manifest back to what it was then; the next run picks it again, for "
                "nothing.",
            )
    raise UsageError(f"{take.look} is no longer in the manifest.")


def _pick(opened: OpenLedger, take: Take) -> None:
    now = opened.ledger.picked(take.look)
    if now is not None and now.uid == take.uid:
        click.echo(f"{take.label} is picked already")
        return
    anyio.run(opened.ledger.pick, take.look, take.uid)
    instead = f" instead of {now.label}" if now is not None else ""
    click.echo(f"{take.label} is picked{instead}")
    if take.state is TakeState.FETCHED and take.image is None:
        anyio.run(opened.ledger.record, take.uid, Event.IMAGE_MISSING, {})
        click.echo(
            "  its picture was pruned here; `lookbook run --fetch-only` gets it again, for nothing"
        )


def _stale(opened: OpenLedger) -> set[str]:
    return {action.key for action in opened.plan().actions if action.action is Action.STALE}


def _consequences(opened: OpenLedger, stale: set[str]) -> list[str]:
    """Return what became stale, and what regenerating it would cost."""
    if not stale:
        return ["Nothing is out of date by it."]
    everything = frozenset(look.key for look in opened.campaign.looks)
    cascade = make_plan(opened.campaign, opened.snapshot(), ResolvedOptions(cascade=everything))
    bought = [action for action in cascade.actions if action.replacing and action.takes]
    cost = sum((action.cost for action in bought), Decimal(0))
    simulate = ("--simulate",) if opened.account.simulated else ()
    again = quote_command("lookbook", "run", opened.campaign.manifest, "--cascade", *simulate)
    price = f"{pluralize(len(bought), 'look')}, {format_usd(cost)}"
    return [
        f"Out of date now, made from the take that was picked before: {', '.join(sorted(stale))}",
        f"They stay as they are. To bring them up to date ({price}): {again}",
    ]
