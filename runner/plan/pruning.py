"""What may be pruned: looks that the manifest no longer has, and takes that are not picked. Pure.

Nothing is ever pruned that this campaign did not make, that the manifest names, that a pick bears,
that the plan would pick again for nothing, or that something under way is made from.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from runner.errors import UsageError
from runner.model import Campaign, LiteralRef, LookKind
from runner.plan.differ import plan as make_plan
from runner.plan.model import Plan, ResolvedOptions
from runner.plan.steps import Action
from runner.takes import Snapshot, Take, TakeState

NO_CLAIMS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Pruning:
    """Takes to prune, and those that were meant but are spared, each with the reason."""

    takes: tuple[Take, ...]
    spared: tuple[tuple[Take, str], ...]


def find_prunable(
    campaign: Campaign,
    snapshot: Snapshot,
    plan: Plan,
    *,
    selected: Collection[str] | None,
    old_takes: bool,
    claims: Mapping[str, str] = NO_CLAIMS,
) -> Pruning:
    """Return what can be deleted at HeyGen; ``snapshot`` has followed the plan's moves.

    That is every take of an orphan, and with ``old_takes`` those of wanted looks that are not
    picked. ``selected`` limits the looks. ``claims`` say why takes are not this campaign's alone,
    by uid. Raises UsageError for a wanted look without ``old_takes``.
    """
    meant: list[Take] = []
    for action in plan.actions:
        if selected is not None and action.key not in selected:
            continue
        takes = [t for t in snapshot.takes.get(action.key, ()) if t.avatar_id]
        if action.action is Action.ORPHANED:
            meant += takes
        elif old_takes:
            meant += [t for t in takes if t.uid != snapshot.picks.get(action.key)]
        elif selected is not None:
            raise UsageError(
                f"{action.key} is in the manifest: its pick is never pruned.",
                hint="--old-takes prunes its other takes.",
            )
    meant = [take for take in meant if take.state is not TakeState.DELETED]
    named = _named_in(campaign)
    needed = {take.reference_id for take in snapshot.all_takes if take.in_flight}
    again = _picked_again(campaign, snapshot, plan)
    own = {take.uid: claims.get(take.uid) or _spare(take, named, needed, again) for take in meant}
    picked = _kept_picks(snapshot, {uid for uid, reason in own.items() if reason is None})
    verdicts = [(take, own[take.uid] or picked.get(take.avatar_id)) for take in meant]
    return Pruning(
        takes=tuple(take for take, reason in verdicts if reason is None),
        spared=tuple((take, reason) for take, reason in verdicts if reason is not None),
    )


def _kept_picks(snapshot: Snapshot, doomed: Collection[str]) -> dict[str | None, str]:
    """Return the ids that picked takes bear which are not ``doomed``, each with the reason."""
    every = {take.uid: take for take in snapshot.all_takes}
    kept = [every[uid] for uid in snapshot.picks.values() if uid in every and uid not in doomed]
    reason = "it is the same look as {}, which is picked"
    return {take.avatar_id: reason.format(take.label) for take in kept}


def _picked_again(campaign: Campaign, snapshot: Snapshot, plan: Plan) -> set[str]:
    """Return the takes that a run, also one that renews what is stale, picks again for nothing."""
    every = frozenset(look.key for look in campaign.looks)
    renewed = make_plan(campaign, snapshot, ResolvedOptions(cascade=every))
    return {action.repick for one in (plan, renewed) for action in one.actions if action.repick}


def _spare(
    take: Take,
    named: Collection[str],
    needed: Collection[str | None],
    again: Collection[str],
) -> str | None:
    if take.kind is LookKind.EXISTING:
        return "it existed before this campaign"
    if take.in_flight:
        return f"it is {take.state}"
    if take.avatar_id in named:
        return "the manifest names its id"
    if take.uid in again:
        return "a run would pick it again, for nothing"
    if take.group_id is None:
        return "its group is not known, and it may be the last look there"
    return "a take under way is made from it" if take.avatar_id in needed else None


def _named_in(campaign: Campaign) -> set[str]:
    """Return every literal id that the manifest names."""
    literals = (ref for look in campaign.looks for ref in (look.reference, look.group))
    ids = {ref.id for ref in literals if isinstance(ref, LiteralRef)}
    return ids | {look.existing for look in campaign.looks if look.existing is not None}


def find_group_deletions(
    doomed: Sequence[Take], groups: Mapping[str, Iterable[str]]
) -> dict[str, str]:
    """Return the takes that must stay so that no group goes with its last look: uid → group id.

    ``groups`` maps a group's id to the ids of all looks that the account shows in it.
    """
    ids = {take.avatar_id for take in doomed}
    kept: dict[str, str] = {}
    for group_id, shown in groups.items():
        looks = set(shown)
        mine = [take for take in doomed if take.group_id == group_id]
        if mine and ids.issuperset(looks):
            # One that is there: somebody may have deleted others since they were bought.
            there = [take for take in mine if take.avatar_id in looks] or mine
            kept[there[0].uid] = group_id
    return kept


def find_droppable(snapshot: Snapshot, plan: Plan, selected: Collection[str] | None) -> list[Take]:
    """Return the takes whose pictures can be removed from disk: those that are not picked.

    An orphan's pictures stay unless it is ``selected`` by name.
    """
    wanted = {action.key for action in plan.actions if action.look is not None}
    return [
        take
        for key, takes in sorted(snapshot.takes.items())
        for take in takes
        if take.image is not None and take.state in (TakeState.FETCHED, TakeState.DELETED)
        if (key in selected if selected is not None else key in wanted)
        if take.uid != snapshot.picks.get(key) or key not in wanted
    ]
