"""Looks of the account that no file knows: a rebuild takes them over, or a person decides."""

from collections import Counter
from collections.abc import Mapping, Sequence

import click

from runner.cli.session import OpenSession
from runner.ledger.events import find_highest_numbers
from runner.model import Campaign, LiteralRef, LookRef
from runner.plan import PlannedLook
from runner.plan import plan as make_plan
from runner.replies import LookData
from runner.takes import Billing, Snapshot, Take, TakeState

DOUBTFUL = "looks of the account bear its name; a person has to say which it is"


def snapshot_of(takes: Sequence[tuple[Take, bool]]) -> Snapshot:
    """Return takes, with whether each is picked, as a ledger would hold them."""
    by_look: dict[str, tuple[Take, ...]] = {}
    for take, _ in takes:
        by_look[take.look] = (*by_look.get(take.look, ()), take)
    return Snapshot(
        takes=by_look, picks={take.look: take.uid for take, is_pick in takes if is_pick}
    )


async def bought_since(
    work: OpenSession,
    campaign: Campaign,
    takes: list[tuple[Take, bool]],
    looks: Mapping[str, LookData],
) -> list[tuple[Take, bool]]:
    """Return takes for looks of the campaign that the account has and no file knows."""
    neighbours = work.context.neighbours()
    known = {take.avatar_id for take, _ in takes} | neighbours.made
    unrecorded: dict[str, list[LookData]] = {}
    for look in looks.values():
        if look.id not in known:
            unrecorded.setdefault(look.name, []).append(look)
    picks = {take.look: take for take, picked in takes if picked}
    snapshot = snapshot_of(takes)
    wanting = [a for a in make_plan(campaign, snapshot).actions if a.look is not None and a.takes]
    numbers = find_highest_numbers(take for take, _ in takes)
    bearers = Counter(_name_of(action) for action in wanting)
    homes: dict[str, set[str | None]] = {
        key: {take.group_id} for key, take in picks.items() if take.group_id
    }
    found: list[tuple[Take, bool]] = []
    for action in wanting:
        fitting = _at_home(action, unrecorded.get(_name_of(action), []), homes)
        if not fitting:
            continue
        homes.setdefault(action.key, {look.group_id for look in fitting})
        good = [look for look in fitting if look.status != "failed"]
        # What a lost send of another ledger in the folder may have made is nobody's yet.
        alone = bearers[_name_of(action)] == 1 and _name_of(action) not in neighbours.unresolved
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


def _at_home(
    action: PlannedLook, fitting: list[LookData], homes: Mapping[str, set[str | None]]
) -> list[LookData]:
    """Return those looks that lie in the group where a look of the campaign would be saved."""
    look = action.look
    where = (look.group or look.reference) if look is not None else None
    if isinstance(where, LiteralRef) and look is not None and look.group is not None:
        return [one for one in fitting if one.group_id == where.id]
    if not isinstance(where, LookRef) or where.look not in homes:
        return fitting
    return [one for one in fitting if one.group_id in homes[where.look]]


def _name_of(action: PlannedLook) -> str:
    return (action.look.name if action.look is not None else None) or ""


def _say(action: PlannedLook, fitting: list[LookData], *, certain: bool) -> None:
    ids = ", ".join(look.id for look in fitting)
    known = f"found on the account as {ids}, taken over" if certain else f"{DOUBTFUL}: {ids}"
    click.echo(f"{action.key}: {known}")


def _bought(
    work: OpenSession,
    action: PlannedLook,
    found: LookData,
    picks: dict[str, Take],
    number: int,
    *,
    certain: bool,
) -> Take:
    """Return a take for what was bought since results.json was written; unknown where unclear.

    Its name and its group say so, and no answer: its money is assumed.
    """
    look = action.look
    if look is None or action.identity is None:
        raise ValueError(f"{action.key} is not a look of the manifest")
    reference = look.reference.look if isinstance(look.reference, LookRef) else None
    pick = picks.get(reference or "")
    now = work.context.earliest_now()
    return Take(
        uid=work.context.entropy.uid(),
        look=action.key,
        number=number,
        kind=look.kind,
        identity=action.identity,
        ingredients=action.ingredients or "",
        name=look.name,
        state=TakeState.PROCESSING if certain else TakeState.UNKNOWN,
        billing=Billing.ASSUMED if certain else Billing.UNKNOWN,
        price=action.price,
        reference_look=reference,
        reference_id=pick.avatar_id if pick is not None else None,
        group_wanted=None if certain else found.group_id,
        sent_at=now,
        attempts=1,
        avatar_id=found.id if certain else None,
        group_id=found.group_id if certain else None,
        accepted_at=now if certain else None,
        error_message=None if certain else DOUBTFUL,
    )
