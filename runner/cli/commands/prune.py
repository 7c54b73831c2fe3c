"""``lookbook prune``: delete at HeyGen, or on disk, what the manifest no longer wants."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import click

from runner.cli.account import open_account, run_on_account
from runner.cli.complete import complete_looks
from runner.cli.context import Context, pass_context
from runner.cli.doomed_looks import Doomed, PruneScope, find_doomed, list_doomed
from runner.cli.local_pictures import drop_pictures
from runner.cli.options import LooksCommand, account_option, manifest_argument, yes_option
from runner.cli.outputs import note_results
from runner.cli.request import account_options, load_campaign
from runner.cli.session import OpenSession, open_session
from runner.errors import UsageError
from runner.executor.context import describe_reply
from runner.executor.gone import pause_until_sure
from runner.model import Campaign
from runner.plan import plan as make_plan
from runner.plan.request import Request
from runner.policy.decisions import Free, decide_free
from runner.policy.exit_codes import Exit
from runner.policy.lifecycle import Event
from runner.quantities import pluralize
from runner.replies import Answer, Reply
from runner.takes import Take, TakeState

UNDONE = "nothing was removed"


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
@account_option
@account_options
@pass_context
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
        return drop_pictures(context, campaign, request, last_copies=last_copies)
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


async def prune(context: Context, campaign: Campaign, request: Request, scope: PruneScope) -> int:
    """Show, ask, delete; return the exit code."""
    async with (
        open_account(context) as opened,
        open_session(opened, campaign, opened.require_state(campaign)) as work,
    ):
        await work.import_results()
        doomed = await find_doomed(work, campaign, request, scope)
        if not doomed:
            click.echo("Nothing to prune.")
            return int(Exit.DONE)
        click.echo(list_doomed(doomed), err=True)
        looks = pluralize(len(doomed), "look")
        question = f"Delete {looks} at HeyGen? This cannot be undone."
        context.console.confirm_or_refuse(question, yes=request.yes, undone=UNDONE)
        work.begin("prune")
        plan = make_plan(campaign, work.ledger.snapshot())
        if plan.moves:
            await work.ledger.follow(plan.moves)
        problems = await _delete(work, [one.take for one in doomed])
        code = _code(work, problems)
        now = work.ledger.snapshot()
        note_results(context, campaign, now, removed=_list_deleted(work, doomed))
        work.finish(int(code))
    for why in problems:
        click.echo(why, err=True)
    click.echo(f"{pluralize(len(doomed) - len(problems), 'look')} deleted at HeyGen")
    return int(code)


async def _delete(work: OpenSession, takes: Sequence[Take]) -> list[str]:
    """Delete looks and record it; return why, for each for which that was not possible.

    That one is gone already is HeyGen's word alone, and the second time that it is asked: for all
    of those after one pause.
    """
    problems: list[str] = []
    seem_gone: list[Take] = []
    for take in takes:
        reply = await _ask_to_delete(work, take)
        if reply is not None and decide_free(reply) is Free.GONE:
            seem_gone.append(take)
        else:
            problems += await _note_deleted(work, take, reply)
    if seem_gone:
        await pause_until_sure(work.context)
    for take in seem_gone:
        problems += await _note_deleted(work, take, await _ask_to_delete(work, take))
    return problems


async def _ask_to_delete(work: OpenSession, take: Take) -> Reply[str] | None:
    """Ask HeyGen to delete a look; None where the account answers nothing any more."""
    if work.context.account_trouble is not None:
        return None
    look_id = take.avatar_id or ""
    return await work.context.ask(
        lambda: work.api.delete_look(look_id), what=f"deleting {take.label}"
    )


async def _note_deleted(work: OpenSession, take: Take, reply: Reply[str] | None) -> list[str]:
    """Record that a look is deleted, or gone; return why where it is not."""
    if reply is None:
        return [f"{take.label} was not deleted: the account needs a person"]
    if not isinstance(reply, Answer) and decide_free(reply) is not Free.GONE:
        return [f"{take.label} was not deleted: {describe_reply(reply)}"]
    # A failure has nothing left to delete; the event keeps the id.
    facts = {"avatar_id": None} if take.state is TakeState.FAILED else {}
    await work.context.record(take.uid, Event.DELETED, facts)
    return []


def _code(work: OpenSession, problems: Sequence[str]) -> Exit:
    if work.context.account_trouble is not None:
        return Exit.ACCOUNT
    return Exit.FAILED if problems else Exit.DONE


def _list_deleted(work: OpenSession, doomed: Sequence[Doomed]) -> list[str]:
    """Return the labels of what is gone at HeyGen; a failure has lost its id."""
    takes = [work.ledger.take(one.take.uid) for one in doomed]
    gone = (TakeState.DELETED, TakeState.FAILED)
    return [
        take.label
        for take in takes
        if take.state is gone[0] or (take.state is gone[1] and take.avatar_id is None)
    ]
