"""Which processes of a worker hang, by what the database knows of them.

A process that was stopped, or whose loop hangs, shows no sign of life there and never ends by
itself. So does every process while the database is away: nothing is held against it then.
"""

from collections.abc import Collection

from runner.queue.port import WORKER_DEAD_AFTER

HUNG_AFTER = 20.0
"""Seconds without a sign, while the database was reached all the time, after which a process is
taken for hung: five times what others wait for before they may claim its campaign."""


class SilentRuns:
    """Since when runs have shown no sign of life. ``now`` are seconds that never go back."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self._looked = 0.0

    def find_hung(self, silent: Collection[str], now: float) -> list[str]:
        """Return those of the runs that are ``silent`` now which have been so for too long."""
        if now - self._looked > WORKER_DEAD_AFTER:  # this process or the database was away
            self._since = {}
        self._looked = now
        self._since = {run: self._since.get(run, now) for run in silent}
        return [run for run, since in self._since.items() if now - since >= HUNG_AFTER]


class MainLoop:
    """When the main loop of this process last went on, as its heartbeat sees it."""

    def __init__(self) -> None:
        self._went_on: float | None = None
        self._looked = 0.0

    def go_on(self, now: float) -> None:
        """Note that the loop goes on."""
        self._went_on = now

    def look_in(self, now: float) -> bool:
        """Note the time of a look at it; return whether the loop hangs.

        It went on once, and has not for too long, with the database in reach.
        """
        was_held_up, self._looked = now - self._looked > WORKER_DEAD_AFTER, now
        if was_held_up and self._went_on is not None:
            self._went_on = now
        return self._went_on is not None and now - self._went_on >= HUNG_AFTER
