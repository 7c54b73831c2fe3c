"""Pictures that ``lookbook prune --local`` removes from disk; HeyGen keeps its looks."""

from pathlib import Path

import anyio
import click

from runner.cli.context import Context
from runner.cli.outputs import note_results
from runner.cli.readonly import require_state
from runner.cli.session import open_ledger
from runner.model import Campaign
from runner.plan.options import select_looks
from runner.plan.pruning import find_droppable
from runner.plan.renames import apply_renames
from runner.plan.request import Request
from runner.policy.exit_codes import Exit
from runner.policy.lifecycle import Event
from runner.quantities import pluralize
from runner.takes import Take, TakeState


def drop_pictures(
    context: Context, campaign: Campaign, request: Request, *, last_copies: bool
) -> int:
    """Remove pictures from disk only; return the exit code.

    ``--yes`` is no word on last copies.
    """
    state = require_state(campaign, request)
    with open_ledger(context, campaign, state, "prune --local") as opened:
        held, plan = opened.snapshot(), opened.plan()
        selected = select_looks(campaign, held, request)
        takes = find_droppable(apply_renames(held, plan.moves), plan, selected)
        lost = [take.label for take in takes if take.state is TakeState.DELETED]
        if lost and not last_copies:
            click.echo(
                f"Kept, because they are gone at HeyGen and cannot be had again: {', '.join(lost)} "
                "(--last-copies removes them)",
                err=True,
            )
            takes = [take for take in takes if take.state is not TakeState.DELETED]
            lost = []
        if not takes:
            click.echo("No pictures to remove.")
            return int(Exit.DONE)
        click.echo("\n".join(f"  {take.label}  {take.image}" for take in takes), err=True)
        if lost:
            click.echo(f"Gone at HeyGen, so not to be had again: {', '.join(lost)}", err=True)
        question = f"Remove {pluralize(len(takes), 'picture')} from disk?"
        context.console.confirm_or_refuse(question, yes=request.yes, undone="nothing was removed")
        for take in takes:
            _unlink(state.folder, take)
            anyio.run(opened.ledger.record, take.uid, Event.IMAGE_REMOVED, {"image": None})
        opened.write_outputs()
        gone = [take.label for take in takes]
        note_results(context, campaign, opened.snapshot(), removed=gone)
    click.echo(f"{pluralize(len(takes), 'picture')} removed from {state.folder / 'images'}")
    return int(Exit.DONE)


def _unlink(folder: Path, take: Take) -> None:
    """Remove a take's picture itself, whatever a link in its place leads to."""
    pictures = (folder / "images").resolve()
    path = folder / (take.image or "")
    if path.parent.resolve().is_relative_to(pictures):
        path.unlink(missing_ok=True)
