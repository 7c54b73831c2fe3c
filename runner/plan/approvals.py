"""Which takes a person has to look at before the rest of a plan can be bought. Pure."""

from runner.plan.model import Plan
from runner.plan.steps import Blocked
from runner.policy.likeness import FaceComparer, explain_hold
from runner.takes import Snapshot, Take


def find_awaited(plan: Plan, snapshot: Snapshot) -> list[Take]:
    """Return the usable picks that nobody approved and that something in a plan waits for.

    The manifest asks for an approval by name, or because a face differs.

    ``snapshot`` has followed the plan's moves.
    """
    actions = {action.key: action for action in plan.actions}
    found: dict[str, Take] = {}
    comparer = FaceComparer(snapshot)
    for action in plan.actions:
        awaits = isinstance(action.step, Blocked) and action.step.awaits
        key = action.reference if action.waiting or awaits else None
        while key in actions:
            look, pick = actions[key].look, snapshot.pick(key)
            if look is not None and pick is not None and pick.usable and pick.uid not in found:
                asked = look.approval and not snapshot.is_approved(pick)
                if asked or explain_hold(comparer, pick, look.likeness, snapshot) is not None:
                    found[pick.uid] = pick
            key = actions[key].reference
    return [*found.values()]
