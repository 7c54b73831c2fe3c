"""Which takes a person has to look at before the rest of a plan can be bought. Pure."""

from runner.plan.model import Plan
from runner.reviews import ReviewState
from runner.takes import Snapshot, Take

__all__ = ["find_awaited"]


def find_awaited(plan: Plan, snapshot: Snapshot) -> list[Take]:
    """Return the usable picks that nobody approved and that something in a plan waits for.

    ``snapshot`` has followed the plan's moves.
    """
    actions = {action.key: action for action in plan.actions}
    found: dict[str, Take] = {}
    for action in plan.actions:
        key = action.reference if action.waiting else None
        while key in actions:
            reference = actions[key]
            pick = snapshot.pick(key)
            gated = reference.look is not None and reference.look.approval
            if gated and pick is not None and pick.usable and not is_approved(snapshot, pick):
                found.setdefault(pick.uid, pick)
            key = reference.reference
    return [*found.values()]


def is_approved(snapshot: Snapshot, take: Take) -> bool:
    """Return whether a person approved a take."""
    return snapshot.review(take).state is ReviewState.APPROVED
