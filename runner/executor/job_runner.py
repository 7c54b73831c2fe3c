"""One job from its first step to a take that is decided, or that the run stops waiting for."""

from functools import partial

from runner.executor.admission import Admission
from runner.executor.context import RunContext
from runner.executor.face_gate import FaceGate
from runner.executor.intents import IntentBuilder, NotApproved
from runner.executor.look_tracker import LookTracker
from runner.executor.poller import Poller
from runner.executor.price_probe import PriceProbe, SingleSend
from runner.executor.purchase import Buyer
from runner.executor.resolve_unknown import UnknownResolver
from runner.model import FileImage, Look
from runner.plan.model import Plan, PlannedLook
from runner.policy.approval import explain_approval
from runner.policy.ready_queue import Job, Priority
from runner.reviews import NOT_REVIEWED
from runner.takes import Take


class JobRunner:
    """Runs jobs: buys or replays a take, and polls it until it is decided."""

    def __init__(
        self,
        plan: Plan,
        context: RunContext,
        *,
        admission: Admission,
        tracker: LookTracker,
        faces: FaceGate,
        probe: PriceProbe,
        intents: IntentBuilder,
        buyer: Buyer,
        poller: Poller,
        resolver: UnknownResolver,
    ) -> None:
        self._actions = {action.key: action for action in plan.actions}
        self._context = context
        self._admission = admission
        self._tracker = tracker
        self._faces = faces
        self._probe = probe
        self._intents = intents
        self._buyer = buyer
        self._poller = poller
        self._resolver = resolver

    async def run(self, job: Job) -> Take:
        """Run one job; return its take as the ledger has it then.

        Raises OverBudget, CannotSend, NotApproved, UploadFailed, or RunStopped.
        """
        if not self._admission.is_single(job):
            return await self._finish(job)
        try:
            look = self._actions[job.look].look
            if look is None:
                raise ValueError(f"{job.look} is not a look that can be bought")
            single = await self._probe.open(look.kind)
            take = await self._finish(job, single)
            await self._probe.close(single, take)
        finally:
            self._admission.mark_measured(job)
        return take

    async def _finish(self, job: Job, single: SingleSend | None = None) -> Take:
        """Send what the job sends, and poll its take; ``single`` is read once it is accepted."""
        self._admission.begin_deciding()
        try:
            take = await self._begin(job)
        finally:
            self._admission.end_deciding(job)
        if single is not None and await self._probe.look(single, take):
            self._admission.mark_measured(job)
        if take.pending:
            take = await self._poller.until_decided(take)
            await self._resolver.check_keys(take)  # lists that lag have caught up by now
        return take

    async def _begin(self, job: Job) -> Take:
        if job.uid is not None:
            take = self._context.ledger.take(job.uid)
            return await self._buyer.replay(take) if job.step is Priority.REPLAY else take
        planned = self._tracker.refine(self._actions[job.look])
        self._check_approval(planned)
        intent = await self._intents.intent(planned, take=self._tracker.take_spare(job.look))
        return await self._buyer.buy(
            intent,
            undecided=partial(self._admission.mark_sent, job),
            renew=partial(self._intents.renew, planned) if _has_files(planned.look) else None,
        )

    def _check_approval(self, planned: PlannedLook) -> None:
        """Raise NotApproved where, since the plan, a person withdrew or another face was picked."""
        reference = planned.reference
        action = self._actions.get(reference or "")
        if action is None or action.look is None:
            return
        why = self._faces.explain_hold(action.key)
        if action.look.approval:
            pick = self._context.ledger.picked(action.key)
            review = self._context.ledger.review(pick.uid) if pick is not None else NOT_REVIEWED
            why = explain_approval(pick.label if pick is not None else action.key, review)
        if why is not None:
            raise NotApproved(why)


def _has_files(look: Look | None) -> bool:
    """Return whether the body of a look names uploads."""
    return look is not None and any(
        isinstance(image, FileImage) for image in (look.photo, *look.images)
    )
