"""Which looks ``lookbook prune`` deletes at HeyGen, and why others are spared."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import click

from runner.cli.claims import claims_on
from runner.cli.format import format_table
from runner.cli.session import OpenSession
from runner.cli.terminal import terminal_width
from runner.errors import ApiTrouble
from runner.executor.lists import list_group_looks
from runner.model import Campaign
from runner.plan import plan as make_plan
from runner.plan.options import select_looks
from runner.plan.pruning import find_group_deletions, find_prunable
from runner.plan.renames import apply_renames
from runner.plan.request import Request
from runner.policy.budget import reserved_amount
from runner.quantities import format_usd
from runner.replies import LookData
from runner.takes import Take


@dataclass(frozen=True, slots=True)
class PruneScope:
    """What may be deleted at HeyGen beyond looks that the manifest no longer has."""

    old_takes: bool = False
    with_groups: bool = False
    from_results: bool = False
    found: bool = False


@dataclass(frozen=True, slots=True)
class Doomed:
    """A take to delete, and the look as the account shows it; None where it shows none."""

    take: Take
    shown: LookData | None


async def find_doomed(
    work: OpenSession, campaign: Campaign, request: Request, scope: PruneScope
) -> list[Doomed]:
    """Return what is to be deleted; what is spared is said."""
    held = work.ledger.snapshot()
    plan = make_plan(campaign, held)
    selected = select_looks(campaign, held, request)
    snapshot = apply_renames(held, plan.moves)
    prunable = find_prunable(
        campaign,
        snapshot,
        plan,
        selected=selected,
        old_takes=scope.old_takes,
        claims=claims_on(
            campaign, work.state, snapshot, work.context.neighbours(), named=bool(request.select)
        ),
    )
    spared = [f"{take.label} is spared: {reason}" for take, reason in prunable.spared]
    groups = await _groups(work, prunable.takes)
    doomed = []
    for take in prunable.takes:
        shown = groups.get(take.group_id or "", {}).get(take.avatar_id or "")
        why = _unproven(work, take, shown, request, scope)
        if why is None:
            doomed.append(Doomed(take, shown))
        else:
            spared.append(f"{take.label} is spared: {why}")
    if not scope.with_groups:
        ids = {group_id: list(looks) for group_id, looks in groups.items()}
        last = find_group_deletions([one.take for one in doomed], ids)
        spared += [
            f"{one.take.label} is spared: it is the last look of group {last[one.take.uid]}, which "
            "HeyGen deletes with it (--with-groups)"
            for one in doomed
            if one.take.uid in last
        ]
        doomed = [one for one in doomed if one.take.uid not in last]
    for line in spared:
        click.echo(line, err=True)
    return doomed


def _unproven(
    work: OpenSession, take: Take, shown: LookData | None, request: Request, scope: PruneScope
) -> str | None:
    """Return why a look is not deleted of which no answer says that this campaign made it.

    Anybody can write a look's id into a results file, and what a search found after an answer was
    lost may be a look of that name which another machine made.
    """
    if work.ledger.is_imported(take.uid):
        told, vouched = "only a results file tells of it", scope.from_results
        option = "--from-results"
    elif work.ledger.is_found(take.uid):
        told, vouched = "a search found it, and no answer names it", scope.found
        option = "--found"
    else:
        return None
    if shown is None:
        return f"{told}, and HeyGen shows no look {take.avatar_id} in the group {take.group_id}"
    if shown.name != take.name:
        return f"{told}, as {take.name!r}; HeyGen shows {take.avatar_id} as {shown.name!r}"
    if vouched or (not request.yes and work.outside.console.can_answer()):
        return None
    return f"{told}, and --yes does not vouch for it: answer on a terminal, or add {option}"


async def _groups(work: OpenSession, doomed: Sequence[Take]) -> dict[str, dict[str, LookData]]:
    """Return the looks that the account shows in each group that something is deleted from."""
    groups: dict[str, dict[str, LookData]] = {}
    for group_id in dict.fromkeys(take.group_id for take in doomed):
        if group_id is not None:
            looks = await list_group_looks(work.context, group_id)
            if isinstance(looks, str):
                raise ApiTrouble(looks, hint="Nothing was deleted.")
            groups[group_id] = {look.id: look for look in looks}
    return groups


def list_doomed(doomed: Sequence[Doomed]) -> str:
    """Return what is to be deleted as a table, with what was paid for it."""
    rows = [("take", "name at HeyGen", "avatar id", "group", "paid")]
    rows += [
        (
            one.take.label,
            (one.shown.name if one.shown is not None else one.take.name) or "—",
            one.take.avatar_id or "—",
            one.take.group_id or "—",
            format_usd(reserved_amount(one.take)),
        )
        for one in doomed
    ]
    return f"{format_table(rows, right=(4,), width=terminal_width(sys.stderr), drop=(3,))}\n"
