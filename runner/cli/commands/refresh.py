"""``lookbook refresh``: the ledger against the account and the disk; free."""

from collections.abc import Sequence
from pathlib import Path

import anyio
import click

from runner.cli import wiring
from runner.cli.commands.reconcile import wanted_by
from runner.cli.format import format_table, pluralize
from runner.cli.options import manifest_argument, sim_option, simulate_option, var_option
from runner.cli.workshop import Workshop, begin, use_results, workshop
from runner.errors import ApiTrouble, UsageError
from runner.executor.context import describe_reply
from runner.executor.resolve_unknown import list_group_looks
from runner.ledger.ledger import read_ledger
from runner.ledger.state_dirs import StateDirs, has_takes
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
@sim_option
def command(
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
    campaign = wiring.load_campaign(manifest, variables)
    state = StateDirs(campaign.manifest).simulated()
    with wiring.simulated(state, sim_settings, simulate=simulate) as url:
        found = anyio.run(refresh, campaign, url, record)
    return int(Exit.CHANGES if found and detailed_exitcode else Exit.DONE)


async def refresh(campaign: Campaign, simulated_at: str | None, record: bool) -> int:  # noqa: FBT001 - anyio.run hands on positions
    """Compare, say, and record if asked to; return how many differences there are."""
    async with wiring.connect(campaign, simulated_at=simulated_at) as link:
        if not has_takes(link.state.ledger):
            raise UsageError(f"The account {link.account.label} has no looks of {campaign.name}.")
        async with workshop(link) as work:
            if record:
                await use_results(campaign, work)
            found = await _differences(work)
            click.echo(_text(found, link.account.label))
            recorded = [(drift, drift.event) for drift in found if drift.event is not None]
            if record and recorded:
                begin(work, campaign, "refresh")
                work.context.wanted = wanted_by(campaign, work)
                for drift, event in recorded:
                    await work.context.record(drift.take.uid, event, drift.facts)
                work.ledger.end({"exit": 0, "stopped": None})
                _, wallet = read_ledger(link.state.ledger)
                results = wiring.results_of(campaign, work.ledger.snapshot(), wallet)
                wiring.write_results(results, link.state.folder)
                click.echo(f"\n{len(recorded)} recorded. {_now(work, campaign)}")
            elif recorded:
                click.echo("\nNothing was changed; --record writes it down.")
    return len(found)


async def _differences(work: Workshop) -> list[Drift]:
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


async def _gone(work: Workshop, takes: Sequence[Take], shown: dict[str, LookData]) -> set[str]:
    """Ask for each look that the list does not show: it may be another's, which lists leave out."""
    ids = dict.fromkeys(take.avatar_id for take in takes if take.avatar_id)
    missing = [look_id for look_id in ids if look_id not in shown]
    gone = [look_id for look_id in missing if await _is_gone(work, look_id, shown)]
    if gone:  # one answer may come from a copy of the account that lags behind
        await work.context.pause(GONE_PAUSE)
    return {look_id for look_id in gone if await _is_gone(work, look_id, shown)}


async def _is_gone(work: Workshop, look_id: str, shown: dict[str, LookData]) -> bool:
    """Return whether the API itself says that a look is gone; what it shows instead is kept.

    Raises ApiTrouble where something else answered, such as a gateway's page.
    """
    reply = await work.context.ask(
        lambda: work.link.api.look(look_id), what=f"asking for the look {look_id}"
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
    return f"{head}{pluralize(len(found), 'difference')}\n\n{format_table(rows)}"


def _now(work: Workshop, campaign: Campaign) -> str:
    """Return what the next run would do now."""
    plan = make_plan(campaign, work.ledger.snapshot())
    stale = sum(action.action is Action.STALE for action in plan.actions)
    text = f"The next run would buy {pluralize(plan.count, 'generation')}: {format_usd(plan.cost)}"
    return f"{text}; {pluralize(stale, 'look')} stale." if stale else f"{text}."
