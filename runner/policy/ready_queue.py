"""Which job is next: a pure priority queue, longest remaining chain first.

A job is ready once every look it needs is usable. The longest chain of references decides when a
run ends, so the job with the longest chain behind it goes first; ties keep the manifest's order.
What was refused the last time goes last: refused again, it must not keep others from their turn.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum


class Priority(IntEnum):
    """What a job does first. Lower goes first: what is paid for before what is not."""

    WATCH = 0
    """A take was accepted: wait for it."""
    REPLAY = 1
    """The outcome of a send is unknown: find out."""
    SEND = 2
    """Buy a take."""


@dataclass(frozen=True, slots=True)
class Job:
    """A unit of work that occupies one place of the account's concurrency until it is done.

    ``look`` and ``ordinal`` identify it within a run. ``uid`` is the take that it waits for or
    replays; ``needs`` are the looks that must be usable first, ``chain`` is the length of the
    longest chain of looks that wait for it, ``refused`` whether its last send was.
    """

    look: str
    step: Priority = field(compare=False)
    uid: str | None = field(default=None, compare=False)
    needs: tuple[str, ...] = field(default=(), compare=False)
    chain: int = field(default=1, compare=False)
    refused: bool = field(default=False, compare=False)
    ordinal: int = 1


class ReadyQueue:
    """The jobs of a run that were not started, those that are ready in order of priority."""

    def __init__(self, jobs: Iterable[Job] = (), usable: Iterable[str] = ()) -> None:
        self._usable = set(usable)
        self._ready: list[tuple[int, bool, int, int, Job]] = []
        self._waiting: dict[str, list[Job]] = {}
        self._missing: dict[Job, int] = {}
        self._serial = 0
        for job in jobs:
            self.add(job)

    def add(self, job: Job) -> None:
        """Add a job; it becomes ready when all that it needs is usable."""
        missing = [key for key in job.needs if key not in self._usable]
        if not missing:
            self._serial += 1
            heapq.heappush(self._ready, (job.step, job.refused, -job.chain, self._serial, job))
            return
        self._missing[job] = len(missing)
        for key in missing:
            self._waiting.setdefault(key, []).append(job)

    def take(self, *, sending: bool = True) -> Job | None:
        """Remove and return the first ready job, or None; unless ``sending``, one that polls."""
        if not self._ready or (not sending and self._ready[0][-1].step is not Priority.WATCH):
            return None
        return heapq.heappop(self._ready)[-1]

    def mark_usable(self, look: str) -> None:
        """Mark a look as usable; jobs that lacked no other look become ready."""
        if look in self._usable:
            return
        self._usable.add(look)
        for job in self._waiting.pop(look, ()):
            self._missing[job] -= 1
            if not self._missing[job]:
                del self._missing[job]
                self.add(job)

    def mark_lost(self, look: str) -> list[str]:
        """Mark a look as unusable in this run; return all looks it blocks, transitively.

        Their jobs leave the queue.
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
