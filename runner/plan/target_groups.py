"""Where the takes of a plan will be saved: a group that is known, or a new one by its name.

A look that makes a group of its own gives it its name, so what an earlier purchase of it made is
found under that name, and so are the looks that were saved beside it.
"""

from collections.abc import Mapping
from typing import NamedTuple

from runner.model import LiteralRef, Look, LookKind, LookRef, Reference
from runner.plan.model import Plan, PlannedLook
from runner.plan.renames import apply_renames
from runner.plan.steps import Action
from runner.takes import Snapshot


class TargetGroup(NamedTuple):
    """A group by its id, or, for one that is made by a purchase, by its name."""

    group: str | None = None
    name: str | None = None


NO_GROUP = TargetGroup()


def find_target_groups(
    plan: Plan, snapshot: Snapshot, literal: Mapping[str, str | None]
) -> dict[str, TargetGroup]:
    """Return where each look goes of which takes may be bought, by look key.

    ``literal`` gives the groups of the looks that the manifest names by their ids.
    """
    homes: dict[str, TargetGroup] = {}
    buying = {a.key for a in plan.actions if a.step.takes or (a.step.resume.retries and a.retries)}
    if not buying:
        return homes
    finder = _Finder(apply_renames(snapshot, plan.moves), literal)
    for action in plan.actions:  # in an order that respects every reference
        if action.look is None:
            continue
        goes_to = finder.place(action.look)
        finder.lives[action.key] = finder.living(action, goes_to)
        if action.key in buying and goes_to != NO_GROUP:
            homes[action.key] = goes_to
    return homes


class _Finder:
    def __init__(self, snapshot: Snapshot, literal: Mapping[str, str | None]) -> None:
        self._snapshot = snapshot
        self._groups = {
            take.avatar_id: take.group_id for take in snapshot.all_takes if take.avatar_id
        } | dict(literal)
        self.lives: dict[str, TargetGroup] = {}
        """Where each look is, or will be when what references it is sent."""

    def place(self, look: Look) -> TargetGroup:
        """Return where a new take of a look is saved."""
        if look.kind is LookKind.EXISTING:
            return TargetGroup(group=self._groups.get(look.existing or ""))
        if look.group is not None:
            if isinstance(look.group, LiteralRef):
                return TargetGroup(group=look.group.id)
            return self.lives.get(look.group.look, NO_GROUP)
        if look.kind is LookKind.PROMPT and look.reference is not None:
            return self._of_reference(look.reference)
        return TargetGroup(name=look.name)

    def living(self, action: PlannedLook, goes_to: TargetGroup) -> TargetGroup:
        """Return where a look's pick will be: its group, unless another take replaces it.

        What is picked again is where that take is, and what is under way where it was saved.
        """
        if action.action is Action.ADOPT:
            return goes_to
        takes = {take.uid: take for take in self._snapshot.takes.get(action.key, ())}
        pick = takes.get(action.repick or "") or self._snapshot.pick(action.key)
        if pick is not None and pick.group_id and pick.uid != action.resume.replaces:
            return TargetGroup(group=pick.group_id)
        known = (takes[uid].group_id for uid in action.resume.under_way if uid in takes)
        coming = next(filter(None, known), None)
        return goes_to if coming is None else TargetGroup(group=coming)

    def _of_reference(self, reference: Reference) -> TargetGroup:
        if isinstance(reference, LookRef):
            return self.lives.get(reference.look, NO_GROUP)
        return TargetGroup(group=self._groups.get(reference.id))
