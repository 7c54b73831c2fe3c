"""The ledger against the account and the disk: what differs, said and, if asked for, recorded."""

import sys
from collections.abc import Sequence
from typing import Any

import click

from runner.cli.format import format_table
from runner.cli.session import OpenSession
from runner.cli.terminal import terminal_width
from runner.errors import ApiTrouble
from runner.executor.context import describe_reply
from runner.executor.gone import pause_until_sure
from runner.executor.lists import list_group_looks
from runner.plan import Action, Plan
from runner.plan import plan as make_plan
from runner.plan.drift import Drift, find_drift
from runner.policy.decisions import Free, decide_free
from runner.quantities import format_usd, pluralize
from runner.replies import Answer, LookData
from runner.takes import Take, TakeState


async def compare_account(work: OpenSession, *, record: bool) -> list[Drift]:
    """Print what differs between ledger, account and disk; return it. Changes nothing.

    ``record`` says that it is about to be recorded. Raises ApiTrouble where the account cannot be
    read.
    """
    found = await _find_differences(work)
    click.echo(_format_differences(found, work.account.label))
    if not record and any(drift.event is not None for drift in found):
        click.echo("\nNothing was changed; --record writes it down.")
    return found


async def record_differences(work: OpenSession, found: Sequence[Drift]) -> None:
    """Record differences, in a run that has begun, and say what the next run would buy."""
    events = [(drift, drift.event) for drift in found if drift.event is not None]
    if not events:
        return
    work.context.wanted = wanted_by(make_plan(work.campaign, work.ledger.snapshot()))
    for drift, event in events:
        await work.context.record(drift.take.uid, event, drift.facts)
    click.echo(f"\n{len(events)} recorded. {_describe_next_run(work)}")


def describe_differences(found: Sequence[Drift], *, record: bool) -> list[dict[str, Any]]:
    """Return differences as programs read them."""
    return [
        {
            "take": drift.take.label,
            "what": drift.what,
            "meaning": drift.meaning,
            "recorded": record and drift.event is not None,
        }
        for drift in found
    ]


def wanted_by(plan: Plan) -> dict[str, str]:
    """Return the identity that the manifest wants of each look: only such a take becomes a pick."""
    return {
        action.key: action.identity
        for action in plan.actions
        if action.look is not None and action.identity is not None
    }


async def _find_differences(work: OpenSession) -> list[Drift]:
    takes = work.ledger.snapshot().all_takes
    looks = await list_group_looks(work.context, None)
    if isinstance(looks, str):
        raise ApiTrouble(f"The account could not be read: {looks}", hint="Nothing was changed.")
    shown = {look.id: look for look in looks}
    gone = await _gone(work, takes, shown)
    on_disk = [take for take in takes if take.state is TakeState.FETCHED and take.image]
    images = work.context.images
    missing = {take.uid for take in on_disk if images.written_at(take.image or "") is None}
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
    gone = [look_id for look_id in missing if await _look_up(work, look_id, shown)]
    if gone:
        await pause_until_sure(work.context)
    return {look_id for look_id in gone if await _look_up(work, look_id, shown)}


async def _look_up(work: OpenSession, look_id: str, shown: dict[str, LookData]) -> bool:
    """Ask for one look and keep what the API shows; return whether it says that it is gone.

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


def _format_differences(found: Sequence[Drift], account: str) -> str:
    head = f"account {account} · "
    if not found:
        return head + "as the ledger has it"
    rows = [(f"  {drift.take.label}", drift.what, drift.meaning) for drift in found]
    table = format_table(rows, width=terminal_width(sys.stdout), flow=True)
    return f"{head}{pluralize(len(found), 'difference')}\n\n{table}"


def _describe_next_run(work: OpenSession) -> str:
    """Return what the next run would do now."""
    plan = make_plan(work.campaign, work.ledger.snapshot())
    stale = sum(action.action is Action.STALE for action in plan.actions)
    text = f"The next run would buy {pluralize(plan.count, 'generation')}: {format_usd(plan.cost)}"
    return f"{text}; {pluralize(stale, 'look')} out of date." if stale else f"{text}."
