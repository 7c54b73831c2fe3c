"""Which job is next: a pure ready-heap, longest remaining chain first.

A job is ready once every look it needs is usable. Chains are what a run can be late by, so the job
that most looks wait for goes first; among equals the manifest's order holds.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

__all__ = ["Job", "Priority", "ReadyQueue"]


class Priority(IntEnum):
    """What a job does first. Lower goes first: what was paid for before what will be."""

    WATCH = 0
    """A take was accepted: wait for it."""
    REPLAY = 1
    """The outcome of a send is unknown: find out."""
    SEND = 2
    """Buy a take."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something that occupies a place in the account's concurrency until it is done."""

    look: str
    step: Priority
    uid: str | None = None
    needs: tuple[str, ...] = ()
    chain: int = 1


class ReadyQueue:
    """The jobs of a run: ``take`` gives the next, ``usable`` and ``lost`` say what became."""

    def __init__(self, jobs: Iterable[Job], usable: Iterable[str]) -> None:
        self._usable = set(usable)
        self._ready: list[tuple[int, int, int, Job]] = []
        self._waiting: dict[str, list[Job]] = {}
        self._missing: dict[int, int] = {}
        self._serial = 0
        for job in jobs:
            self.add(job)

    def add(self, job: Job) -> None:
        """Add a job; it becomes ready when all that it needs is usable."""
        missing = [key for key in job.needs if key not in self._usable]
        if not missing:
            self._serial += 1
            heapq.heappush(self._ready, (job.step, -job.chain, self._serial, job))
            return
        self._missing[id(job)] = len(missing)
        for key in missing:
            self._waiting.setdefault(key, []).append(job)

    def take(self, *, sending: bool = True) -> Job | None:
        """Return the first ready job, or None. Without ``sending``, only one that waits."""
        if not self._ready or (not sending and self._ready[0][-1].step is not Priority.WATCH):
            return None
        return heapq.heappop(self._ready)[-1]

    def usable(self, look: str) -> None:
        """Record that a look can be referenced: jobs that waited for it alone become ready."""
        if look in self._usable:
            return
        self._usable.add(look)
        for job in self._waiting.pop(look, ()):
            self._missing[id(job)] -= 1
            if not self._missing[id(job)]:
                del self._missing[id(job)]
                self.add(job)

    def lost(self, look: str) -> list[str]:
        """Record that a look will not be usable in this run; return every look that waited for it.

        The jobs of those looks, and of what waits for them in turn, are taken off the board.
        """
        blocked: dict[str, None] = {}
        queue = [look]
        while queue:
            for job in self._waiting.pop(queue.pop(), ()):
                if job.look not in blocked:
                    blocked[job.look] = None
                    queue.append(job.look)
        return list(blocked)

    @property
    def idle(self) -> bool:
        """Return whether nothing is ready."""
        return not self._ready
