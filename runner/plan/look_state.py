"""A look's state, as people and selections name it: its picked take's, or what hinders that."""

from collections.abc import Sequence

from runner.plan.model import PlannedLook
from runner.plan.steps import Action
from runner.takes import LookState, Snapshot, Take, TakeState


def displayed_take(action: PlannedLook, takes: Sequence[Take], pick: Take | None) -> Take | None:
    """Choose the take that stands for its look: the pick, unless an edit is under way or failed."""
    if pick is not None and (action.look is None or pick.identity == action.identity):
        return pick
    mine = [take for take in takes if take.identity == action.identity]
    if mine:
        return mine[-1]
    return pick or (takes[-1] if takes else None)


def look_state(action: PlannedLook, shown: Take | None) -> LookState:
    """Return a look's state from its action and the take that stands for it."""
    if action.action is Action.STALE:
        return LookState.STALE
    wanted = action.look is None or (shown is not None and shown.identity == action.identity)
    if shown is not None and wanted and shown.state is not TakeState.DELETED:
        return LookState(shown.state)
    if action.action is Action.BLOCKED:
        return LookState.BLOCKED
    return LookState.PLANNED if shown is None or wanted else LookState.CHANGED


def look_states(actions: Sequence[PlannedLook], snapshot: Snapshot) -> dict[str, LookState]:
    """Return the state of every look of a plan; ``snapshot`` has followed the plan's moves."""
    found: dict[str, LookState] = {}
    for action in actions:
        takes = [t for t in snapshot.takes.get(action.key, ()) if t.state is not TakeState.PLANNED]
        found[action.key] = look_state(
            action, displayed_take(action, takes, snapshot.pick(action.key))
        )
    return found
