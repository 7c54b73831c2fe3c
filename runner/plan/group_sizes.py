"""What a plan asks of the account's avatar groups: how full one gets, how many are made. Pure."""

from collections import Counter
from collections.abc import Mapping

from runner.model import LiteralRef, Look, LookKind, LookRef
from runner.plan.model import Plan
from runner.plan.namesakes import Listing
from runner.quantities import pluralize
from runner.takes import Snapshot

MAX_LOOKS_PER_GROUP = 500
"""How many looks a group holds on some accounts (docs/api-facts.md)."""

MAX_GROUPS = 3
"""How many groups some accounts hold (docs/api-facts.md)."""


def group_notes(plan: Plan, snapshot: Snapshot, listing: Listing | None = None) -> list[str]:
    """Return what may be refused because of the account's limits on groups, in words.

    What a group holds the account says, where it was listed, else the ledger.
    """
    looks = {action.key: action.look for action in plan.actions if action.look is not None}
    homes = {key: _home(key, looks) for key in looks}
    planned = Counter[str]()
    made = 0
    for action in plan.actions:
        if action.look is None or not action.takes:
            continue
        home = homes[action.key]
        if home == action.key and action.look.kind is not LookKind.EXISTING:
            made += action.takes  # each take makes a group of its own
        else:
            planned[home] += action.takes
    held = _count_members(homes, snapshot, listing or Listing())
    notes = [
        f"{count + held[home]} looks would be in the group of {home}: some accounts take no more "
        f"than {MAX_LOOKS_PER_GROUP} in one. A second base takes the rest."
        for home, count in planned.items()
        if count + held[home] > MAX_LOOKS_PER_GROUP
    ]
    groups = listing.groups if listing is not None else None
    there = len(groups or ())
    if made and there <= MAX_GROUPS < made + there:  # one that holds more has no such limit
        beside = f" beside the {there} that the account has" if there else ""
        notes.append(
            f"{pluralize(made, 'group')} would be made{beside}: some accounts hold {MAX_GROUPS} at "
            "most. Deleting a whole group at HeyGen frees a slot, deleting looks does not."
        )
    return notes


def _home(key: str, looks: dict[str, Look]) -> str:
    """Return the look in whose group a look is saved, itself where it makes one, or an id."""
    seen = {key}
    while True:
        target = looks[key].group or looks[key].reference
        if isinstance(target, LiteralRef):
            return target.id
        if not isinstance(target, LookRef) or target.look not in looks or target.look in seen:
            return key
        key = target.look
        seen.add(key)


def _count_members(homes: Mapping[str, str], snapshot: Snapshot, listing: Listing) -> Counter[str]:
    """Count the looks in each home's group: as the account lists it, else as the ledger knows."""
    sizes = Counter(
        take.group_id
        for take in snapshot.all_takes
        if take.group_id is not None and take.avatar_id is not None and take.state != "deleted"
    )
    for group_id, looks in listing.looks.items():
        sizes[group_id] = len(looks)
    known = {homes[key]: target.group for key, target in listing.homes.items() if target.group}
    held = Counter[str]()
    for home in set(homes.values()):
        pick = snapshot.pick(home)
        group = known.get(home) or (pick.group_id if pick is not None else home)
        held[home] = sizes[group] if group is not None else 0
    return held
