"""``lookbook refresh``: the ledger against the account and the disk; free."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from runner.cli.account import open_account
from runner.cli.campaign import load_campaign
from runner.cli.commands.reconcile import wanted_by
from runner.cli.context import Context, pass_context
from runner.cli.format import format_table, pluralize, terminal_width
from runner.cli.options import (
    manifest_argument,
    report_option,
    sim_option,
    simulate_option,
    var_option,
)
from runner.cli.outputs import note_results
from runner.cli.session import OpenSession, open_session
from runner.cli.simulated import run_on_account
from runner.errors import ApiTrouble, UsageError
from runner.executor.context import describe_reply
from runner.executor.resolve_unknown import list_group_looks
from runner.ledger.state_dirs import has_takes
from runner.model import Campaign
from runner.plan import Action
from runner.plan import plan as make_plan
from runner.plan.drift import Drift, find_drift
from runner.policy.decisions import Free, decide_free
from runner.policy.exit_codes import Exit
from runner.quantities import format_usd
from runner.replies import Answer, LookData
from runner.takes import Take, TakeState

__all__ = ["command"]

GONE_PAUSE = 3.0
"""Seconds between the two questions after a look that seems to be gone."""


@click.command("refresh")
@manifest_argument
@simulate_option
@click.option(
    "--record",
    is_flag=True,
    help="Write down what was found. A deleted look is then one that the next run would buy again, "
    "after showing its price.",
)
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    help="Exit with 10 when there are differences, 0 when there are none.",
)
@var_option
@report_option
@sim_option
@pass_context
def command(
    context: Context,
    /,
    manifest: Path,
    variables: tuple[tuple[str, str], ...],
    *,
    simulate: bool,
    record: bool,
    detailed_exitcode: bool,
    sim_settings: tuple[tuple[str, str], ...],
) -> int:
    """Compare what the ledger says of MANIFEST's looks with the account and the disk.

    Looks that were deleted or renamed at HeyGen, looks that counted as failed or deleted and are
    usable all the same, consents that were lost, pictures that are missing or were changed: each
    with what it means. Changes nothing, unless --record; never buys.
    """
    campaign = load_campaign(manifest, variables)
    work = partial(refresh, campaign=campaign, record=record)
    found = run_on_account(context, campaign, work, simulate=simulate, sim=sim_settings)
    return int(Exit.CHANGES if found and detailed_exitcode else Exit.DONE)


async def refresh(context: Context, campaign: Campaign, *, record: bool) -> int:
    """Compare, say, and record if asked to; return how many differences there are."""
    async with open_account(context) as opened:
        state = opened.make_state(campaign)
        if not has_takes(state.ledger):
            raise UsageError(f"The account {opened.account.label} has no looks of {campaign.name}.")
        async with open_session(opened, campaign, state) as work:
            if record:
                await work.import_results()
            found = await _differences(work)
            click.echo(_text(found, opened.account.label))
            note_results(
                context,
                campaign,
                work.ledger.snapshot(),
                differences=[
                    {
                        "take": drift.take.label,
                        "what": drift.what,
                        "meaning": drift.meaning,
                        "recorded": record and drift.event is not None,
                    }
                    for drift in found
                ],
            )
            recorded = [(drift, drift.event) for drift in found if drift.event is not None]
            if record and recorded:
                work.begin("refresh")
                work.context.wanted = wanted_by(make_plan(campaign, work.ledger.snapshot()))
                for drift, event in recorded:
                    await work.context.record(drift.take.uid, event, drift.facts)
                work.finish(0)
                click.echo(f"\n{len(recorded)} recorded. {_now(work, campaign)}")
            elif recorded:
                click.echo("\nNothing was changed; --record writes it down.")
    return len(found)


async def _differences(work: OpenSession) -> list[Drift]:
    takes = [take for of_look in work.ledger.snapshot().takes.values() for take in of_look]
    looks = await list_group_looks(work.context, None)
    if isinstance(looks, str):
        raise ApiTrouble(f"The account could not be read: {looks}", hint="Nothing was changed.")
    shown = {look.id: look for look in looks}
    gone = await _gone(work, takes, shown)
    on_disk = [take for take in takes if take.state is TakeState.FETCHED and take.image]
    images = work.context.images
    missing = {take.uid for take in on_disk if not images.exists(take.image or "")}
    changed = {
        take.uid
        for take in on_disk
        if take.uid not in missing and not images.present(take.image or "", take.sha256 or "")
    }
    return find_drift(takes, shown, gone=gone, missing=missing, changed=changed)


async def _gone(work: OpenSession, takes: Sequence[Take], shown: dict[str, LookData]) -> set[str]:
    """Ask for each look that the list does not show: it may be another's, which lists leave out."""
    ids = dict.fromkeys(take.avatar_id for take in takes if take.avatar_id)
    missing = [look_id for look_id in ids if look_id not in shown]
    gone = [look_id for look_id in missing if await _is_gone(work, look_id, shown)]
    if gone:  # one answer may come from a copy of the account that lags behind
        await work.context.pause(GONE_PAUSE)
    return {look_id for look_id in gone if await _is_gone(work, look_id, shown)}


async def _is_gone(work: OpenSession, look_id: str, shown: dict[str, LookData]) -> bool:
    """Return whether the API itself says that a look is gone; what it shows instead is kept.

    Raises ApiTrouble where something else answered, such as a gateway's page.
    """
    reply = await work.context.ask(
        lambda: work.api.look(look_id), what=f"asking for the look {look_id}"
    )
    if isinstance(reply, Answer):
        shown[look_id] = reply.data
        return False
    if decide_free(reply) is Free.GONE:
        return True
    raise ApiTrouble(
        f"The look {look_id} could not be read: {describe_reply(reply)}",
        hint="That is no answer about the look, so nothing was changed. Try again later.",
    )


def _text(found: Sequence[Drift], account: str) -> str:
    head = f"account {account} · "
    if not found:
        return head + "as the ledger has it"
    rows = [(f"  {drift.take.label}", drift.what, drift.meaning) for drift in found]
    table = format_table(rows, width=terminal_width(sys.stdout))
    return f"{head}{pluralize(len(found), 'difference')}\n\n{table}"


def _now(work: OpenSession, campaign: Campaign) -> str:
    """Return what the next run would do now."""
    plan = make_plan(campaign, work.ledger.snapshot())
    stale = sum(action.action is Action.STALE for action in plan.actions)
    text = f"The next run would buy {pluralize(plan.count, 'generation')}: {format_usd(plan.cost)}"
    return f"{text}; {pluralize(stale, 'look')} out of date." if stale else f"{text}."
