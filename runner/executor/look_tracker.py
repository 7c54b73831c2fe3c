"""What became of every look so far in a run, and the jobs that follow from it."""

from runner.executor.context import RunContext
from runner.executor.face_gate import FaceGate
from runner.executor.look_report import Hold, LookReport
from runner.executor.ports import OverBudget, OverMonthCeiling
from runner.plan.model import Plan, PlannedLook
from runner.policy.look_progress import LookProgress, compute_goal
from runner.policy.ready_queue import Job, Priority, ReadyQueue
from runner.takes import Billing, Snapshot, Take, TakeState, count_usable


class LookTracker:
    """Tracks the looks of a plan through a run, and queues their jobs."""

    def __init__(
        self,
        plan: Plan,
        context: RunContext,
        queue: ReadyQueue,
        report: LookReport,
        faces: FaceGate,
    ) -> None:
        self._plan = plan
        self._context = context
        self._queue = queue
        self._report = report
        self._faces = faces
        self._actions = {action.key: action for action in plan.actions}
        self._unwanted = frozenset(plan.unwanted_in_flight)
        self._progress: dict[str, LookProgress] = {}
        self._over_budget: list[tuple[Job, OverBudget]] = []
        self._failures_in_a_row = 0
        self._counted: set[str] = set()
        """Usable takes whose job is over: a job goes on while a face is measured."""

    # --- before the first job -----------------------------------------------------------------

    def queue_jobs(self) -> None:
        """Queue every job of the plan: what was sent before what will be."""
        ledger = self._context.ledger
        known = ledger.snapshot()  # once: it holds everything that was ever bought
        held = []
        for key in self._actions:
            self._progress[key] = self._begin(self._actions[key], known)
            if self.is_usable(key):
                if key in self._faces.gated:
                    held.append(key)
                else:
                    self._queue.mark_usable(key)
        for take in (ledger.take(uid) for uid in self._plan.unwanted_in_flight):
            if take.pending:
                self._queue_job(take.look, Priority.WATCH, take.uid)
        for action in self._plan.actions:
            if action.key in self._report.held:
                continue
            for take in (ledger.take(uid) for uid in action.resume.under_way):
                step = Priority.WATCH if take.pending else Priority.REPLAY
                self._queue_job(action.key, step, take.uid, chain=action.chain)
            takes = known.takes.get(action.key, ())
            refused = any(t.state is TakeState.PLANNED and t.error_code is not None for t in takes)
            for _ in range(action.takes):
                ordinal = self._progress[action.key].open_job()
                self._queue_purchase(action, ordinal, refused=refused)
        for key in held:  # what waits for them is queued by now
            self._release(key)

    def _begin(self, action: PlannedLook, known: Snapshot) -> LookProgress:
        takes = known.takes.get(action.key, ())
        wanted = action.look.takes if action.look is not None else 0
        self._counted.update(take.uid for take in takes if take.usable)
        there = count_usable(takes, action.identity) + len(action.resume.under_way)
        return LookProgress(
            retries=action.retries,
            goal=compute_goal(wanted, there=there, bought=action.takes),
            spare=[take.uid for take in takes if take.state is TakeState.PLANNED],
        )

    def _queue_job(self, key: str, step: Priority, uid: str, *, chain: int = 1) -> None:
        self._queue.add(Job(key, step, uid, chain=chain, ordinal=self._progress[key].open_job()))

    def _queue_purchase(self, action: PlannedLook, ordinal: int, *, refused: bool = False) -> None:
        job = Job(
            action.key,
            Priority.SEND,
            needs=action.needs,
            chain=action.chain,
            refused=refused,
            ordinal=ordinal,
        )
        self._queue.add(job)

    def is_usable(self, key: str) -> bool:
        """Return whether a look's pick is what the manifest wants, and is not to be replaced."""
        pick = self._context.ledger.picked(key)
        action = self._actions[key]
        if pick is None or (action.resume.replacing and pick.uid == action.resume.replaces):
            return False
        return pick.usable and pick.identity == action.identity

    def take_spare(self, key: str) -> str | None:
        """Return a planned take of a look for its next purchase, or None."""
        return self._progress[key].take_spare()

    # --- what a job came to -------------------------------------------------------------------

    def record_result(self, job: Job, take: Take) -> None:
        """Record where a job left its take: queue a retry, block looks, or make others ready."""
        progress = self._progress[job.look]
        if take.usable:
            self._failures_in_a_row = 0
            self._counted.add(take.uid)
            if self._faces.counts_as_failed(take) and self._retry(job):
                return
            progress.close_job()
            if self.is_usable(job.look):
                self._release(job.look)
        elif take.uid in self._unwanted:
            progress.close_job()  # nobody wants it any more, however it ended
        elif take.failed:
            self._record_failed_take(job, take)
        elif take.state is TakeState.PLANNED:
            self.conclude(job, Hold.UNSENT, take.error_message or "it could not be sent")
        else:
            # What waits for it stays queued: a consent may still be given in this run.
            progress.release()
            self._report.hold(job.look, Hold.UNDER_WAY, f"{take.label} is {take.state}")
            if take.state is TakeState.PROCESSING and not self._context.stop.is_set():
                self._count_failure(f"{take.label} stays in processing")
        if take.billing is Billing.NONE:
            self._requeue_over_budget()

    def _record_failed_take(self, job: Job, take: Take) -> None:
        self._report.broken.add(job.look)
        reason = take.error_message or "no reason given"
        self._count_failure(reason)
        if not self._retry(job):
            self.conclude(job, Hold.FAILED, take.error_message or "it failed")

    def _retry(self, job: Job) -> bool:
        """Queue another purchase instead of a job that failed; return whether there may be one."""
        action = self._actions[job.look]
        takes = self._context.ledger.takes_of(job.look)
        unwanted = [t for t in takes if t.uid in self._unwanted and t.in_flight]
        counted = [t for t in takes if t.uid in self._counted]
        good = [t for t in counted if not self._faces.counts_as_failed(t)]
        ordinal = self._progress[job.look].retry(
            good=count_usable(good, action.identity),
            unwanted=sum(take.identity == action.identity for take in unwanted),
        )
        if ordinal is not None:
            self._queue_purchase(action, ordinal)
        return ordinal is not None

    def refine(self, planned: PlannedLook) -> PlannedLook:
        """Return what is bought of a look now: it replaces a pick whose face is a failure."""
        pick = self._context.ledger.picked(planned.key)
        if pick is None or planned.is_reroll or pick.identity != planned.identity:
            return planned
        wrong = pick.usable and self._faces.counts_as_failed(pick)
        return planned.with_replaced(pick.uid) if wrong else planned

    def _count_failure(self, reason: str) -> None:
        """Count a failure, and stop the run after too many of them in a row."""
        self._failures_in_a_row += 1
        if self._failures_in_a_row >= self._context.retry_limits.failures:
            self._context.stop_because(
                f"{self._failures_in_a_row} looks in a row failed; the last: {reason}"
            )

    def conclude(self, job: Job, hold: Hold, reason: str) -> None:
        """Close a job that came to nothing; after a look's last one, block what waits for it."""
        progress = self._progress[job.look]
        progress.close_job()
        self._report.hold(job.look, hold, reason)
        if progress.open > 0:
            return
        if self.is_usable(job.look):
            if job.look in self._faces.gated:  # another take came to nothing: its face decides
                self._release(job.look)
            return
        self._block(job.look, hold, reason, f"{job.look} is not usable: {reason}")

    def _block(self, key: str, hold: Hold, reason: str, told: str) -> None:
        """Block what waits for a look, and report ``told`` of each."""
        blocked = self._queue.mark_lost(key)
        for waiting in blocked:
            self._report.hold(waiting, hold, told)
        if blocked and not (hold is Hold.UNSENT and self._context.closing.is_set()):
            self._context.observer.looks_blocked(blocked, f"{key}: {reason}")

    def _release(self, key: str) -> None:
        """Make ready what waits for a look that is usable, unless its face has to wait."""
        reason = self._faces.explain_hold(key)
        if reason is None:
            self._queue.mark_usable(key)
        elif self._progress[key].open == 0:  # else another take may take its place
            self._block(key, Hold.APPROVAL, reason, reason)

    def resume(self, take: Take) -> None:
        """Queue a job for a released take: a person gave the consent that it waited for."""
        ordinal = self._progress[take.look].resume(take.uid)
        if ordinal is not None:
            self._report.release(take.look)
            self._queue.add(Job(take.look, Priority.WATCH, take.uid, ordinal=ordinal))

    # --- the budget ---------------------------------------------------------------------------

    def set_aside(self, job: Job, error: OverBudget) -> None:
        """Keep a job that a ceiling has no room for until a reservation is given back."""
        self._over_budget.append((job, error))

    def _requeue_over_budget(self) -> None:
        for job, _error in self._over_budget:
            self._queue.add(job)
        self._over_budget.clear()

    def conclude_over_budget(self) -> None:
        """Close the jobs that no ceiling had room for until the end."""
        for job, error in self._over_budget:
            self.conclude(job, Hold.BUDGET, str(error))
        told = [e.told for _, e in self._over_budget if isinstance(e, OverMonthCeiling)]
        self._report.notes += dict.fromkeys(told)
