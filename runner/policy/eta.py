"""How long the rest of a run takes, judged by what this account's looks have taken so far. Pure.

It simulates the rest of the run on the queue that the run itself takes its jobs from: so many
places, longest chain first, each look as long as the account's looks usually are. All times are
seconds.
"""

import heapq
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from statistics import median

from runner.model import LookKind
from runner.policy.ready_queue import Job, ReadyQueue
from runner.takes import Take

LATE = 1800.0
"""Longer durations are not counted: such a look was only polled late, by a later run."""

OVERDUE = 0.25
"""A look that outlasts every other is expected to take this share of its age again.

At most as long as looks usually take: one that was sent yesterday is done when it is looked at.
"""


def measure_durations(takes: Iterable[Take]) -> list[float]:
    """Return how long looks took from acceptance to completion, in ascending order."""
    found = []
    for take in takes:
        if take.kind is LookKind.EXISTING or take.accepted_at is None or take.completed_at is None:
            continue
        if 0 < take.completed_at - take.accepted_at <= LATE:
            found.append(take.completed_at - take.accepted_at)
    return sorted(found)


def estimate_remaining(age: float, durations: Sequence[float]) -> float:
    """Return how much longer a look takes that has been in progress for ``age``.

    It is compared with those that took longer than it has so far; ``durations`` are ascending, and
    not empty.
    """
    longer = durations[bisect_right(durations, age) :]
    if longer:
        return median(longer) - age
    return min(OVERDUE * age, median(durations))


def estimate_run(
    waiting: Iterable[Job],
    going: Iterable[tuple[str, float]],
    usable: Iterable[str],
    durations: Sequence[float],
    *,
    slots: int,
) -> float | None:
    """Return how long it is until everything is done: 0 where nothing is left, None if unknown.

    ``waiting`` are the jobs that have not begun, ``going`` the looks in progress with their ages,
    ``usable`` the looks that can be referenced already, ``durations`` (ascending) what looks have
    taken so far. ``slots`` is how many may be in progress at once. It is unknown while no look was
    ever completed. A job whose reference never comes takes no time.
    """
    jobs, begun = list(waiting), list(going)
    if not jobs and not begun:
        return 0.0
    if not durations:
        return None
    # The first that are completed are the fastest: what outlasts them says something as well.
    usual = median(durations)
    durations = sorted([*durations, *(age for _look, age in begun if age > usual)])
    typical = median(durations)
    queue = ReadyQueue(jobs, usable)
    ends = [(estimate_remaining(age, durations), look) for look, age in begun]
    heapq.heapify(ends)
    now = 0.0
    while True:
        while len(ends) < max(1, slots) and (job := queue.take()) is not None:
            heapq.heappush(ends, (now + typical, job.look))
        if not ends:
            return now
        now, look = heapq.heappop(ends)
        queue.mark_usable(look)
