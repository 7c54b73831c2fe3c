"""Which job may start now: places, sends at a time, and purchases that go alone.

A generation of a kind whose price the wallet has not confirmed waits until nothing else of this run
can be charged, and everything else waits while the wallet is read around it.
"""

from collections.abc import Callable

from runner.executor.context import RunContext
from runner.executor.price_probe import PriceProbe
from runner.plan.model import Plan
from runner.policy.rate_limit import MAX_CONCURRENT_SENDS
from runner.policy.ready_queue import Job, Priority, ReadyQueue


class Admission:
    """Admits jobs from the queue. ``wake`` is called whenever another one may be admitted."""

    def __init__(
        self,
        plan: Plan,
        context: RunContext,
        queue: ReadyQueue,
        probe: PriceProbe,
        *,
        concurrency: int,
        wake: Callable[[], None],
    ) -> None:
        self._actions = {action.key: action for action in plan.actions}
        self._context = context
        self._queue = queue
        self._probe = probe
        self._concurrency = concurrency
        self._wake = wake
        self._running = 0
        self._undecided = 0
        """How many jobs are sending, or finding out what became of a send."""
        self._unsent: set[Job] = set()
        self._single: Job | None = None
        """The purchase that runs alone, while the wallet is read around it."""
        self._next_single: Job | None = None
        """The purchase that runs alone as soon as nothing else can be charged."""

    @property
    def is_idle(self) -> bool:
        """Return whether no admitted job is running."""
        return self._running == 0

    def is_single(self, job: Job) -> bool:
        """Return whether a job runs alone, so that the wallet shows its price."""
        return self._single == job

    def admit(self) -> Job | None:
        """Take the job that may start now off the queue, or return None.

        A job leaves the queue only when it can be sent soon, as far as is known: which one has
        priority is decided as late as possible.
        """
        if self._running >= self._concurrency:
            return None
        job = self._choose()
        if job is not None:
            self._running += 1
            if job.step is Priority.SEND:
                self._unsent.add(job)
        return job

    def _choose(self) -> Job | None:
        context = self._context
        if self._single is not None:
            return None
        has_room = (
            self._running < context.rate_limiter.places and len(self._unsent) < MAX_CONCURRENT_SENDS
        )
        sending = has_room and not context.closing.is_set()
        if self._next_single is None:
            job = self._queue.take(sending=sending)
            if job is None or job.step is not Priority.SEND or not self._start_check(job):
                return job
            self._next_single = job
            if self._may_be_charged():
                context.observer.said(
                    f"{job.look} waits until what is under way is done: it goes alone, because its "
                    "price is not confirmed yet."
                )
        if self._may_be_charged() or not sending:
            return self._queue.take(sending=False) if context.closing.is_set() else None
        self._single, self._next_single = self._next_single, None
        return self._single

    def _may_be_charged(self) -> bool:
        """Return whether something of this run that is in flight may still move the wallet."""
        settled = self._probe.charged_at_once and self._undecided == 0
        return self._running > 0 and not settled

    def _start_check(self, job: Job) -> bool:
        look = self._actions[job.look].look
        return look is not None and self._probe.start_check(
            look.kind, self._actions[job.look].price
        )

    # --- what became of an admitted job -------------------------------------------------------

    def begin_deciding(self) -> None:
        """Count a job whose take is being sent, or searched for."""
        self._undecided += 1

    def end_deciding(self, job: Job) -> None:
        """Count a job less: its take was accepted, refused, or given up."""
        self._undecided -= 1
        self.mark_sent(job)
        if self._next_single is not None:
            self._wake()

    def mark_sent(self, job: Job) -> None:
        """Record that a job no longer waits to be sent: another one may."""
        if job in self._unsent:
            self._unsent.remove(job)
            self._wake()

    def mark_measured(self, job: Job) -> None:
        """Admit other jobs again, if this one ran alone: the wallet showed what it cost."""
        if self._single == job:
            self._single = None
            self._wake()

    def end(self) -> None:
        """Record that a job is over."""
        self._running -= 1
        self._wake()
