"""``lookbook prune``: delete at HeyGen, or on disk, what the manifest no longer wants."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import anyio
import click

from runner.cli.account import open_account
from runner.cli.campaign import load_campaign
from runner.cli.claims import claims_on
from runner.cli.complete import complete_looks
from runner.cli.context import Context, pass_context
from runner.cli.format import format_table, pluralize
from runner.cli.options import (
    LooksCommand,
    account_option,
    env_file_option,
    hidden_sim_option,
    manifest_argument,
    report_option,
    simulate_option,
    var_option,
    yes_option,
)
from runner.cli.outputs import note_results
from runner.cli.questions import confirm_or_refuse
from runner.cli.readonly import require_state
from runner.cli.request import as_request
from runner.cli.session import OpenSession, open_ledger, open_session
from runner.cli.shared_ledger import on_option
from runner.cli.simulated import run_on_account
from runner.cli.terminal import terminal_width
from runner.errors import ApiTrouble, UsageError
from runner.executor.context import describe_reply
from runner.executor.resolve_unknown import list_group_looks
from runner.ledger.reading import has_takes
from runner.model import Campaign
from runner.plan import Plan
from runner.plan import plan as make_plan
from runner.plan.options import select_looks
from runner.plan.pruning import find_droppable, find_group_deletions, find_prunable
from runner.plan.renames import apply_renames
from runner.plan.request import Request
from runner.policy.budget import reserved_amount
from runner.policy.decisions import Free, decide_free
from runner.policy.exit_codes import Exit
from runner.policy.lifecycle import Event
from runner.quantities import format_usd
from runner.replies import Answer, LookData
from runner.takes import Snapshot, Take, TakeState

UNDONE = "nothing was removed"


@dataclass(frozen=True, slots=True)
class PruneScope:
    """What may be deleted at HeyGen beyond looks that the manifest no longer has."""

    old_takes: bool = False
    with_groups: bool = False
    from_results: bool = False
    found: bool = False


@dataclass(frozen=True, slots=True)
class _Doomed:
    """A take to delete, and the look as the account shows it; None where it shows none."""

    take: Take
    shown: LookData | None


@click.command("prune", cls=LooksCommand)
@manifest_argument
@click.argument("looks", metavar="[LOOK]...", nargs=-1, shell_complete=complete_looks)
@click.option(
    "--old-takes",
    is_flag=True,
    help="Also takes that are not picked, of looks that the manifest has.",
)
@click.option(
    "--with-groups",
    is_flag=True,
    help="Also the last look of a group; HeyGen deletes the group with it.",
)
@click.option(
    "--from-results",
    is_flag=True,
    help="With --yes: also looks that only a results.json tells of, where HeyGen shows them as it "
    "does.",
)
@click.option(
    "--found",
    is_flag=True,
    help="With --yes: also looks that a search found, or a person named, after an answer was lost: "
    "no answer says that this campaign made them.",
)
@click.option(
    "--local",
    is_flag=True,
    help="Delete nothing at HeyGen: only remove pictures of takes that are not picked from disk.",
)
@click.option(
    "--last-copies",
    is_flag=True,
    help="With --local: also pictures that are gone at HeyGen and cannot be had again.",
)
@yes_option
@simulate_option
@account_option
@var_option
@report_option
@hidden_sim_option
@env_file_option
@on_option
@pass_context
@as_request
def command(
    context: Context,
    request: Request,
    /,
    looks: tuple[str, ...],
    *,
    local: bool,
    last_copies: bool,
    **options: bool,
) -> int:
    """Delete looks at HeyGen that MANIFEST no longer has: all of them, or only each LOOK.

    Shows what would go and asks first. What a look cost, and its picture on disk, stay. Never
    deleted are looks that this campaign did not make, ids that a manifest in the folder names,
    looks that another ledger or results file there knows, what was bought with other --var values,
    what a run would pick again for nothing, and the last look of a group (unless --with-groups).

    \b
    Examples:
      lookbook prune spring.yaml                     looks no longer wanted
      lookbook prune spring.yaml office --old-takes  all but its picked take
      lookbook prune spring.yaml --local             pictures of old takes
    """
    campaign = load_campaign(request)
    request = replace(request, select=looks)
    if local:
        return _drop(context, campaign, request, last_copies=last_copies)
    if request.account is not None:
        raise UsageError("--account reads a ledger; what is deleted is what the key belongs to.")
    work = partial(prune, campaign=campaign, request=request, scope=PruneScope(**options))
    try:
        return run_on_account(context, campaign, work, request)
    except KeyboardInterrupt:
        raise UsageError(
            "Stopped. What was deleted stays deleted.",
            hint="`lookbook reconcile` shows what is gone and not recorded yet.",
        ) from None


# --- at HeyGen ----------------------------------------------------------------------------------


async def prune(context: Context, campaign: Campaign, request: Request, scope: PruneScope) -> int:
    """Show, ask, delete; return the exit code."""
    async with open_account(context) as opened:
        state = opened.make_state(campaign)
        if not has_takes(state.location):
            raise UsageError(f"The account {opened.account.label} has no looks of {campaign.name}.")
        async with open_session(opened, campaign, state) as work:
            await work.import_results()
            doomed = await _doomed(work, campaign, request, scope)
            if not doomed:
                click.echo("Nothing to prune.")
                return int(Exit.DONE)
            click.echo(_list(doomed), err=True)
            looks = pluralize(len(doomed), "look")
            question = f"Delete {looks} at HeyGen? This cannot be undone."
            confirm_or_refuse(context.console, question, yes=request.yes, undone=UNDONE)
            work.begin("prune")
            plan = make_plan(campaign, work.ledger.snapshot())
            if plan.moves:
                await work.ledger.follow(plan.moves)
            problems = [why for one in doomed if (why := await _delete(work, one.take))]
            code = _code(work, problems)
            now = work.ledger.snapshot()
            note_results(context, campaign, now, removed=_list_deleted(work, doomed))
            work.finish(int(code))
    for why in problems:
        click.echo(why, err=True)
    click.echo(f"{pluralize(len(doomed) - len(problems), 'look')} deleted at HeyGen")
    return int(code)


async def _doomed(
    work: OpenSession, campaign: Campaign, request: Request, scope: PruneScope
) -> list[_Doomed]:
    """Return what is to be deleted; what is spared is said."""
    snapshot, plan, selected = _selected(campaign, work.ledger.snapshot(), request)
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
            doomed.append(_Doomed(take, shown))
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


async def _delete(work: OpenSession, take: Take) -> str | None:
    """Delete one look and record it; says why where that was not possible."""
    if work.context.account_trouble is not None:
        return f"{take.label} was not deleted: the account needs a person"
    look_id = take.avatar_id or ""
    reply = await work.context.ask(
        lambda: work.api.delete_look(look_id), what=f"deleting {take.label}"
    )
    if not isinstance(reply, Answer) and decide_free(reply) is not Free.GONE:
        return f"{take.label} was not deleted: {describe_reply(reply)}"
    # A failure has nothing left to delete; the event keeps the id.
    facts = {"avatar_id": None} if take.state is TakeState.FAILED else {}
    await work.context.record(take.uid, Event.DELETED, facts)
    return None


def _code(work: OpenSession, problems: Sequence[str]) -> Exit:
    if work.context.account_trouble is not None:
        return Exit.ACCOUNT
    return Exit.FAILED if problems else Exit.DONE


def _list_deleted(work: OpenSession, doomed: Sequence[_Doomed]) -> list[str]:
    """Return the labels of what is gone at HeyGen; a failure has lost its id."""
    takes = [work.ledger.take(one.take.uid) for one in doomed]
    gone = (TakeState.DELETED, TakeState.FAILED)
    return [
        take.label
        for take in takes
        if take.state is gone[0] or (take.state is gone[1] and take.avatar_id is None)
    ]


def _list(doomed: Sequence[_Doomed]) -> str:
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


# --- on disk ------------------------------------------------------------------------------------


def _drop(context: Context, campaign: Campaign, request: Request, *, last_copies: bool) -> int:
    """Remove pictures from disk only; return the exit code.

    ``--yes`` is no word on last copies.
    """
    state = require_state(campaign, request)
    with open_ledger(context, campaign, state, "prune --local") as opened:
        snapshot, plan, selected = _selected(campaign, opened.snapshot(), request)
        takes = find_droppable(snapshot, plan, selected)
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
        confirm_or_refuse(context.console, question, yes=request.yes, undone=UNDONE)
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


# --- both ---------------------------------------------------------------------------------------


def _selected(
    campaign: Campaign, snapshot: Snapshot, request: Request
) -> tuple[Snapshot, Plan, frozenset[str] | None]:
    plan = make_plan(campaign, snapshot)
    selected = select_looks(campaign, snapshot, request)
    return apply_renames(snapshot, plan.moves), plan, selected
