"""``lookbook reconcile --rebuild``: a new ledger from results.json and the account.

Made beside the damaged one and put in its place by one rename: a rebuild that is interrupted leaves
the damaged ledger, which is refused, and never one that knows half of what was paid for.
"""

import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import click

from runner.answers import LookData
from runner.cli import wiring
from runner.cli.intake import read_results, results_for
from runner.cli.show import plural
from runner.cli.workshop import Workshop, begin, opened
from runner.errors import ApiTrouble, LedgerDamaged, StorageError, UsageError
from runner.executor.settle import looks_in
from runner.ledger.database import fold_log
from runner.ledger.fold import numbers_of
from runner.ledger.lock import hold
from runner.ledger.places import State, has_takes
from runner.model import Campaign, LookRef
from runner.plan import PlannedLook
from runner.plan import plan as make_plan
from runner.policy.outcome import Exit
from runner.takes import Billing, Snapshot, Take, TakeState

__all__ = ["rebuild"]

DOUBTFUL = "looks of the account bear its name; a person has to say which it is"


async def rebuild(campaign: Campaign, simulated_at: str | None) -> int:
    """Make a new ledger in the place of a damaged one; gives the exit code.

    Takes come from results.json. A look of the campaign that the account has and results.json does
    not know was bought after it was written: it is adopted where no more looks bear its name than
    takes of it are missing, failures apart; where more do, those takes are unknown until a person
    decides.
    """
    async with wiring.connect(campaign, simulated_at=simulated_at, damaged=True) as link:
        state = link.state
        if not state.results.is_file():
            raise UsageError(
                f"There is no {state.results} to rebuild from.",
                hint="Restore it from a backup or the repository.",
            )
        with hold(state.folder, now=datetime.now(UTC).timestamp()):
            check_damaged(state)
            new = state.folder / "ledger.rebuilding.sqlite"
            remove(new)
            async with opened(link, path=new) as work:
                begin(work, campaign, "reconcile --rebuild")
                takes = results_for(
                    read_results(state.results), link.account, campaign, path=state.results
                )
                click.echo(f"{plural(len(takes), 'take')} taken from {state.results}")
                newer = await bought_since(work, campaign, takes)
                await work.ledger.import_takes([*takes, *newer])
                doubtful = [t for t, _ in newer if t.state is TakeState.UNKNOWN]
                code = Exit.PERSON if doubtful else Exit.DONE
                work.ledger.end({"exit": int(code), "stopped": None})
                results = wiring.results_of(campaign, work.ledger.snapshot(), None)
            swap(state, new)
            wiring.write_results(results, state.folder)
    click.echo("Next: `lookbook plan` shows what a run would buy; compare it with your invoices.")
    return int(code)


def check_damaged(state: State) -> None:
    """Raise UsageError for a ledger that is sound: it is not touched.

    One that nothing was ever sent from may be replaced. It is made one file: without its log it
    would look damaged where the rebuild is interrupted between moving the two.
    """
    try:
        if has_takes(state.ledger):
            raise UsageError(
                f"The ledger {state.ledger} can be read: there is nothing to rebuild.",
                hint="`lookbook status` shows what it holds.",
            )
        if state.ledger.is_file():
            fold_log(state.ledger)
    except LedgerDamaged as error:
        click.echo(error.message, err=True)


def remove(ledger: Path) -> None:
    """Remove what an interrupted rebuild left."""
    for suffix in ("", "-wal", "-shm"):
        Path(f"{ledger}{suffix}").unlink(missing_ok=True)


def swap(state: State, new: Path) -> None:
    """Put the new ledger in the place of the damaged one, which is kept. Raises StorageError."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = state.folder / f"ledger.damaged-{stamp}.sqlite"
    try:
        # The damaged ledger's own log first: the new one must never be read with it.
        for suffix in ("-wal", "-shm"):
            log = Path(f"{state.ledger}{suffix}")
            if log.exists():
                log.rename(f"{aside}{suffix}")
        if state.ledger.exists():
            os.link(state.ledger, aside)
        new.replace(state.ledger)
    except OSError as error:
        raise StorageError(
            f"The new ledger could not be put in place: {error.strerror or error}.",
            hint="Nothing was bought and nothing is lost: run the same command again.",
        ) from error


async def bought_since(
    work: Workshop, campaign: Campaign, takes: list[tuple[Take, bool]]
) -> list[tuple[Take, bool]]:
    """Give takes for looks of the campaign that the account has and results.json does not know."""
    looks = await looks_in(work.desk, None)
    if isinstance(looks, str):
        raise ApiTrouble(
            f"The account could not be read: {looks}.", hint="Nothing was changed; try again."
        )
    known = {take.avatar_id for take, _ in takes}
    unrecorded: dict[str, list[LookData]] = {}
    for look in looks:
        if look.id not in known:
            unrecorded.setdefault(look.name, []).append(look)
    by_look: dict[str, tuple[Take, ...]] = {}
    for take, _ in takes:
        by_look[take.look] = (*by_look.get(take.look, ()), take)
    picks = {take.look: take for take, picked in takes if picked}
    snapshot = Snapshot(takes=by_look, picks={key: take.uid for key, take in picks.items()})
    wanting = [a for a in make_plan(campaign, snapshot).actions if a.look is not None and a.takes]
    numbers = numbers_of(take for take, _ in takes)
    bearers = Counter(_name_of(action) for action in wanting)
    found: list[tuple[Take, bool]] = []
    for action in wanting:
        fitting = unrecorded.get(_name_of(action), [])
        if not fitting:
            continue
        good = [look for look in fitting if look.status != "failed"]
        alone = bearers[_name_of(action)] == 1
        certain = alone and len(good) <= action.takes
        _say(action, fitting, certain=certain)
        # A failure is no candidate for a take that is missing, but a retry that was used up.
        failed = [look for look in fitting if look not in good] if alone else []
        taken = [(look, True) for look in failed]
        taken += [(look, certain) for look in (good if alone else fitting)[: action.takes]]
        first = 1 + numbers.get(action.key, 0)
        for number, (look, sure) in enumerate(taken, first):
            found.append((_bought(work, action, look, picks, number, certain=sure), False))
    return found


def _name_of(action: PlannedLook) -> str:
    return (action.look.name if action.look is not None else None) or ""


def _say(action: PlannedLook, fitting: list[LookData], *, certain: bool) -> None:
    ids = ", ".join(look.id for look in fitting)
    known = f"found on the account as {ids}, adopted" if certain else f"{DOUBTFUL}: {ids}"
    click.echo(f"{action.key}: {known}")


def _bought(
    work: Workshop,
    action: PlannedLook,
    found: LookData,
    picks: dict[str, Take],
    number: int,
    *,
    certain: bool,
) -> Take:
    """Give a take for what was bought since results.json was written; unknown where unclear."""
    look = action.look
    if look is None or action.identity is None:
        raise ValueError(f"{action.key} is not a look of the manifest")
    reference = look.reference.look if isinstance(look.reference, LookRef) else None
    pick = picks.get(reference or "")
    return Take(
        uid=work.desk.entropy.uid(),
        look=action.key,
        number=number,
        kind=look.kind,
        identity=action.identity,
        ingredients=action.ingredients or "",
        name=look.name,
        state=TakeState.PROCESSING if certain else TakeState.UNKNOWN,
        billing=Billing.BILLED if certain else Billing.UNKNOWN,
        price=action.price,
        reference_look=reference,
        reference_id=pick.avatar_id if pick is not None else None,
        group_wanted=None if certain else found.group_id,
        sent_at=work.desk.clock.now(),
        attempts=1,
        avatar_id=found.id if certain else None,
        group_id=found.group_id if certain else None,
        accepted_at=work.desk.clock.now() if certain else None,
        error_message=None if certain else DOUBTFUL,
    )
