"""A plan that fits under a ceiling: what most looks depend on first, the rest left for later."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from runner.model import LookKind
from runner.plan.model import Plan, PlannedLook
from runner.plan.steps import Create, LeftOut

REASON = "left out: the ceiling has no room for it"


def fit_budget(
    plan: Plan, room: Decimal, *, counts_at: Mapping[LookKind, Decimal] | None = None
) -> Plan:
    """Return the plan with as many generations as fit into ``room`` USD.

    ``counts_at`` are prices that count instead of the plan's own where they are higher.

    The looks that most others depend on go first, so a look that is left out never leaves a bought
    one without its reference. What is left out is ``blocked`` and named in ``left_out``.
    """
    weights = _dependents(plan)
    order = {action.key: number for number, action in enumerate(plan.actions)}
    buying = [action for action in plan.actions if action.takes]
    buying.sort(key=lambda action: (-weights[action.key], order[action.key]))
    floors = counts_at or {}
    left_out = set(plan.left_out)
    fitting: dict[str, int] = {}
    for action in buying:
        floor = floors.get(action.look.kind) if action.look is not None else None
        price = max(action.price, floor or Decimal(0))
        affordable = int(room // price) if price else action.takes
        takes = min(action.takes, affordable)
        if takes <= 0 or any(key in left_out for key in action.needs):
            left_out.add(action.key)
            continue
        fitting[action.key] = takes
        room -= price * takes
    actions = tuple(_trim(action, fitting, left_out) for action in plan.actions)
    return replace(plan, actions=actions, left_out=tuple(k for k in order if k in left_out))


def _trim(action: PlannedLook, fitting: dict[str, int], left_out: set[str]) -> PlannedLook:
    create = action.step
    if not isinstance(create, Create):
        return action
    if action.key in left_out:
        return action._replace(step=LeftOut(create), reason=REASON)
    takes = fitting[action.key]
    if takes == create.takes:
        return action
    reason = f"{action.reason}; {takes} of {create.takes} takes fit under the ceiling"
    short = create.takes - takes
    step = replace(create, takes=takes, wanted=create.wanted - short, short=short)
    return action._replace(step=step, reason=reason)


def _dependents(plan: Plan) -> dict[str, int]:
    """Return for each look how many hang on it, directly or through others."""
    weights = {action.key: 1 for action in plan.actions}
    for action in reversed(plan.actions):
        for key in action.needs:
            if key in weights:
                weights[key] += weights[action.key]
    return weights
