"""Which looks are not built upon before their faces were measured, and which wait for a person."""

from runner.executor.context import RunContext
from runner.executor.face_measuring import FaceMeasuring
from runner.model import LookRef
from runner.plan.model import Plan
from runner.policy.approval import explain_approval
from runner.policy.likeness import FaceComparer, NoLikeness, counts_as_failed, explain_hold
from runner.reviews import ReviewState
from runner.takes import Take


def find_gated(plan: Plan) -> tuple[frozenset[str], frozenset[str]]:
    """Return the looks that a rule may hold, and all whose faces must be measured at once.

    A rule counts where something is to be bought on the look, or the look itself again because of
    its face; what that is compared with is measured as well.
    """
    actions = {action.key: action for action in plan.actions}
    references = {
        key: action.look.reference.look
        for key, action in actions.items()
        if action.look is not None and isinstance(action.look.reference, LookRef)
    }
    built_upon = {references[a.key] for a in plan.actions if a.takes and a.key in references}
    held = frozenset(
        key
        for key in built_upon
        if (look := actions[key].look) is not None
        and look.likeness is not None
        and look.likeness.hold is not None
    )
    retried = [
        a.key
        for a in plan.actions
        if a.look is not None and a.look.likeness is not None and a.look.likeness.retry
        if a.takes or a.resume.under_way
    ]
    measured: set[str] = set()
    for start in (*held, *retried):
        key: str | None = start
        while key is not None and key not in measured:
            measured.add(key)
            key = references.get(key)
    return held, frozenset(measured)


class FaceGate:
    """Holds what references a look whose face differs. Nothing is bought on a wrong face."""

    def __init__(self, plan: Plan, context: RunContext, measuring: FaceMeasuring) -> None:
        self._context = context
        self._measuring = measuring
        self._rules = {
            action.key: action.look.likeness for action in plan.actions if action.look is not None
        }
        self.gated, self.needed = find_gated(plan)
        self.unmeasured: set[str] = set()
        """The takes that only a person can judge, by their labels: no face could be measured."""

    async def measure(self, take: Take) -> None:
        """Measure a take that was fetched, where its face is needed before anything is built on."""
        if take.look in self.needed:
            await self._measuring.measure(take)
            await self._measure_compared(take)

    async def measure_picks(self) -> None:
        """Measure the picks of earlier runs that are needed."""
        for key in sorted(self.needed):
            take = self._context.ledger.picked(key)
            if take is not None and take.usable:
                await self.measure(take)

    async def _measure_compared(self, take: Take) -> None:
        """Measure what a take is compared with: what it was made from may be in no manifest now."""
        for other in FaceComparer(self._context.ledger.snapshot()).list_compared(take):
            if other.usable:
                await self._measuring.measure(other)

    def explain_hold(self, key: str) -> str | None:
        """Return why nothing may be bought on a look's pick; None where nothing hinders that."""
        ledger = self._context.ledger
        take = ledger.picked(key)
        if take is None or key not in self.gated:
            return None
        self.unmeasured.discard(take.label)
        review = ledger.review(take.uid)
        if review.state is ReviewState.APPROVED:
            return None
        snapshot = ledger.snapshot()
        comparer = FaceComparer(snapshot)
        likeness = comparer.compare(take)
        root = comparer.find_unmeasured_root(take) if likeness is not None else None
        if likeness is None or likeness.none == NoLikeness.WAITING or root is not None:
            self.unmeasured.add(take.label)
            because = f"the face of {(root or take).label} could not be measured"
            return explain_approval(take.label, review, because)
        return explain_hold(comparer, take, self._rules[key], snapshot)

    def counts_as_failed(self, take: Take) -> bool:
        """Return whether the manifest has a take bought again because of its face."""
        rule = self._rules.get(take.look)
        if rule is None or not rule.retry:
            return False
        snapshot = self._context.ledger.snapshot()
        return counts_as_failed(FaceComparer(snapshot), take, rule, snapshot)
