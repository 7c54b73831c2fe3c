"""What is left of a run and how long that takes: follows a plan by the events of its takes."""

from bisect import insort
from collections.abc import Callable, Iterable

from runner.plan import Plan
from runner.policy.eta import estimate_run, measure_durations
from runner.policy.lifecycle import Event
from runner.policy.ready_queue import Job, Priority
from runner.quantities import format_estimate
from runner.takes import Snapshot, Take, TakeState

GOING = frozenset({Event.INTENDED, Event.ACCEPTED, Event.FOUND, Event.RESENT, Event.CONSENTED})
"""After these a take is in progress."""

OVER = frozenset({Event.COMPLETED, Event.FAILED, Event.REFUSED, Event.RETURNED, Event.CONSENT})
"""After these it is not: nobody knows when a person gives a consent."""


class RunEta:
    """The work that a plan has left. ``slots`` says how many looks may be in progress at once.

    ``now`` gives Unix seconds. What looks have taken is learned from every take in ``snapshot``,
    whatever run bought it, and from those of this run.
    """

    def __init__(
        self, plan: Plan, snapshot: Snapshot, *, slots: Callable[[], int], now: Callable[[], float]
    ) -> None:
        self._slots = slots
        self.now = now
        takes = {take.uid: take for take in snapshot.all_takes}
        self._durations = measure_durations(takes.values())
        self._waiting = {
            action.key: [
                Job(
                    action.key,
                    Priority.SEND,
                    needs=action.needs,
                    chain=action.chain,
                    ordinal=number,
                )
                for number in range(action.takes)
            ]
            for action in plan.actions
            if action.takes
        }
        self._going: dict[str, tuple[str, float]] = {}
        under_way = [uid for action in plan.actions for uid in action.resume.under_way]
        for take in (takes[uid] for uid in (*under_way, *plan.unwanted_in_flight) if uid in takes):
            if take.state is not TakeState.PENDING_CONSENT:
                self._going[take.uid] = (take.look, take.accepted_at or now())
        busy = {look for look, _since in self._going.values()}
        busy |= {key for key, jobs in self._waiting.items() if jobs}
        self._usable = {action.key for action in plan.actions} - busy

    def follow(self, take: Take, event: Event) -> None:
        """Follow one event of one take."""
        if event in GOING:
            jobs = self._waiting.get(take.look)
            if event is Event.INTENDED and jobs:
                jobs.pop()
                if not jobs:
                    del self._waiting[take.look]
            self._going[take.uid] = (take.look, take.accepted_at or self.now())
        elif event in OVER:
            self._going.pop(take.uid, None)
        if event is Event.COMPLETED:
            self._usable.add(take.look)
            for duration in measure_durations([take]):
                insort(self._durations, duration)

    def drop_blocked(self, looks: Iterable[str]) -> None:
        """Record that looks will not be sent."""
        for look in looks:
            self._waiting.pop(look, None)

    @property
    def in_progress(self) -> int:
        """How many takes were sent and are not finished."""
        return len(self._going)

    def left(self) -> float | None:
        """Return the seconds until everything is done; None while no look was ever completed."""
        now = self.now()
        waiting = [job for jobs in self._waiting.values() for job in jobs]
        going = [(look, max(0.0, now - since)) for look, since in self._going.values()]
        return estimate_run(waiting, going, self._usable, self._durations, slots=self._slots())


def estimate_plan(plan: Plan, snapshot: Snapshot, *, slots: int, now: Callable[[], float]) -> str:
    """Return how long a plan takes with so many ``slots``; empty where it generates nothing."""
    if not plan.unwanted_in_flight and not any(
        action.takes or action.resume.under_way for action in plan.actions
    ):
        return ""
    left = RunEta(plan, snapshot, slots=lambda: slots, now=now).left()
    if left is None:
        return "time not known yet"
    return format_estimate(left) if left else ""
