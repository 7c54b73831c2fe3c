"""``lookbook reconcile --rebuild``: a new ledger from results.json and the account."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from runner.answers import LookData
from runner.cli import wiring
from runner.cli.show import plural
from runner.cli.workshop import Workshop, adopt_results, begin, workshop
from runner.errors import ApiTrouble, LedgerDamaged, StorageError, UsageError
from runner.executor.settle import looks_in
from runner.ledger.lock import hold
from runner.ledger.places import State, has_takes
from runner.model import Billing, Campaign, Take, TakeState
from runner.plan import PlannedLook
from runner.plan import plan as make_plan
from runner.policy.outcome import Exit

__all__ = ["rebuild"]


async def rebuild(campaign: Campaign, simulated_at: str | None) -> int:
    """Move a damaged ledger aside and make a new one; gives the exit code.

    Takes come from results.json. A look of the campaign that the account has and results.json does
    not know was bought after it was written: it is adopted where exactly one look fits.
    """
    async with wiring.connect(campaign, simulated_at=simulated_at, damaged=True) as link:
        if not link.state.results.is_file():
            raise UsageError(
                f"There is no {link.state.results} to rebuild from.",
                hint="Restore it from a backup or the repository.",
            )
        move_aside(link.state)
        async with workshop(link) as work:
            begin(work, campaign, "reconcile --rebuild")
            count = await adopt_results(work, campaign, link.state.results)
            click.echo(f"{plural(count, 'take')} taken from {link.state.results}")
            doubtful = await adopt_newer(work, campaign)
            code = Exit.PERSON if doubtful else Exit.DONE
            work.ledger.end({"exit": int(code), "stopped": None})
            results = wiring.results_of(campaign, work.ledger.snapshot(), None)
            wiring.write_results(results, link.state.folder)
    click.echo("Next: `lookbook plan` shows what a run would buy; compare it with your invoices.")
    return int(code)


def move_aside(state: State) -> None:
    """Move a ledger that cannot be read out of the way. Raises UsageError for a sound one."""
    with hold(state.folder, now=datetime.now(UTC).timestamp()):
        try:
            if has_takes(state.ledger):
                raise UsageError(
                    f"The ledger {state.ledger} can be read: there is nothing to rebuild.",
                    hint="`lookbook status` shows what it holds.",
                )
        except LedgerDamaged as error:
            click.echo(error.message, err=True)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        for suffix in ("", "-wal", "-shm"):
            part = Path(f"{state.ledger}{suffix}")
            if part.exists():
                try:
                    part.rename(part.with_name(f"ledger.damaged-{stamp}.sqlite{suffix}"))
                except OSError as error:
                    raise StorageError(f"{part} cannot be moved aside: {error}.") from error


async def adopt_newer(work: Workshop, campaign: Campaign) -> list[str]:
    """Adopt looks of the campaign that only the account knows; gives those that are doubtful."""
    snapshot = work.ledger.snapshot()
    takes = [take for of_look in snapshot.takes.values() for take in of_look]
    recorded = {take.avatar_id for take in takes}
    looks = await looks_in(work.desk, None)
    if isinstance(looks, str):
        raise ApiTrouble(f"The account could not be read: {looks}")
    unrecorded: dict[str, list[LookData]] = {}
    for look in looks:
        if look.id not in recorded:
            unrecorded.setdefault(look.name, []).append(look)
    doubtful: list[str] = []
    for action in make_plan(campaign, snapshot).actions:
        name = action.look.name if action.look is not None and action.takes else None
        found = unrecorded.get(name or "", [])
        if len(found) == 1:
            await _import(work, action, found[0])
            click.echo(f"{action.key}: found on the account as {found[0].id}, adopted")
        elif found:
            ids = ", ".join(look.id for look in found)
            click.echo(f"{action.key}: {len(found)} looks of the account bear its name: {ids}")
            doubtful.append(action.key)
    return doubtful


async def _import(work: Workshop, action: PlannedLook, look: LookData) -> None:
    """Record a look that was bought after results.json was written, as bought."""
    if action.look is None or action.identity is None:
        return
    take = Take(
        uid=work.desk.entropy.uid(),
        look=action.key,
        number=1 + max((t.number for t in _takes(work, action.key)), default=0),
        kind=action.look.kind,
        identity=action.identity,
        ingredients=action.ingredients or "",
        name=look.name,
        state=TakeState.PROCESSING,
        billing=Billing.BILLED,
        price=action.price,
        avatar_id=look.id,
        group_id=look.group_id,
        accepted_at=work.desk.clock.now(),
    )
    if action.look.reference is not None and action.needs:
        pick = work.ledger.picked(action.needs[0])
        take = replace(
            take,
            reference_look=action.needs[0],
            reference_id=pick.avatar_id if pick is not None else None,
        )
    await work.ledger.import_take(take, picked=False)


def _takes(work: Workshop, key: str) -> tuple[Take, ...]:
    return work.ledger.snapshot().takes.get(key, ())
