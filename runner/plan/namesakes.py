"""Compare a plan with what the account holds: find looks that would be bought a second time.

A look of the same name, in the group it would go to, that nobody in the folder knows, was perhaps
bought by this campaign: by a ledger that was lost, or by one that this is an old copy of.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from runner.plan.model import Plan
from runner.plan.target_groups import TargetGroup
from runner.replies import GroupData, LookData
from runner.takes import Billing, Snapshot, Take, TakeState

MAX_LIST_LAG = 900.0
"""Lists may lag: a look that was accepted fewer seconds ago proves nothing by not being listed."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What the account was seen to hold before anything was sent.

    ``homes`` are where the plan's takes go. ``groups`` are all of the account's, None where nobody
    had to ask; ``named`` the unknown ones of them by their names; ``looks`` the looks of the groups
    that were listed. ``problems`` say of a home why it could not be listed.
    """

    homes: Mapping[str, TargetGroup] = field(default_factory=lambda: MappingProxyType({}))
    groups: tuple[GroupData, ...] | None = None
    named: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    looks: Mapping[str, tuple[LookData, ...]] = field(default_factory=lambda: MappingProxyType({}))
    problems: Mapping[TargetGroup, str] = field(default_factory=lambda: MappingProxyType({}))

    def strangers(self, known: Collection[str | None]) -> frozenset[str]:
        """Return the ids of the looks and groups that were seen and that are not ``known``."""
        looks = {look.id for looks in self.looks.values() for look in looks}
        groups = {group_id for ids in self.named.values() for group_id in ids}
        return frozenset((looks | groups).difference(known))


def find_namesakes(
    plan: Plan, listing: Listing, *, known: Collection[str], unresolved: Mapping[str, int]
) -> dict[str, tuple[LookData, ...]]:
    """Return the looks that the account holds of what a plan would buy as new, by look key.

    ``known`` are ids that a ledger or results file has, or that a person said are not ours.
    ``unresolved`` counts this ledger's sends of unknown outcome by look name: as many looks of that
    name are explained by them.
    """
    by_name: dict[tuple[str, str], list[LookData]] = {}
    for group_id, looks in listing.looks.items():
        for look in looks:
            if look.id not in known:
                by_name.setdefault((group_id, look.name), []).append(look)
    found: dict[str, tuple[LookData, ...]] = {}
    for action in plan.actions:
        home = listing.homes.get(action.key)
        if home is None or not action.takes or action.look is None or action.look.name is None:
            continue
        groups = (home.group,) if home.group is not None else listing.named.get(home.name or "", ())
        name = action.look.name
        there = [look for group_id in groups for look in by_name.get((group_id, name), ())]
        if len(there) > unresolved.get(name, 0):
            found[action.key] = tuple(there)
    return found


def find_unlisted(snapshot: Snapshot, listing: Listing, *, now: float) -> tuple[Take, ...]:
    """Return what a ledger bought and the account does not list, where it lists none of it.

    Two workspaces of one user look alike, but for what they hold.
    """
    bought = [
        take
        for take in snapshot.all_takes
        if take.usable and take.billing is not Billing.NONE and take.group_id is not None
        if take.accepted_at is not None and take.accepted_at < now - MAX_LIST_LAG
    ]
    in_groups = [take for take in bought if take.group_id in listing.looks]
    if in_groups:
        listed = {look.id for looks in listing.looks.values() for look in looks}
        return () if any(take.avatar_id in listed for take in in_groups) else tuple(in_groups)
    if listing.groups is None:
        return ()
    groups = {group.id for group in listing.groups}
    return () if any(take.group_id in groups for take in bought) else tuple(bought)


def find_own_groups(snapshot: Snapshot) -> frozenset[str]:
    """Return the groups that this ledger's own sends made: nobody else's looks are expected there.

    The first of a group was saved into no other, and made from no look of one.
    """
    return frozenset(
        take.group_id
        for take in snapshot.all_takes
        if take.group_id and take.key and take.state is not TakeState.PLANNED
        if take.group_wanted is None and take.reference_id is None
    )


def count_unresolved(snapshot: Snapshot) -> Counter[str]:
    """Count the looks that sends of unknown outcome may have made, by look name.

    One that was sent again may have made two: keys are not honoured everywhere.
    """
    made: Counter[str] = Counter()
    for take in snapshot.all_takes:
        if take.name and take.unresolved:
            made[take.name] += 1 if take.resent_at is None else 2
    return made
