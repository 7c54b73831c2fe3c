"""The one door through which every paid request leaves: it keeps the account's pace.

Who wants to send waits here until the pacer lets it, and nowhere else; status requests do not pass.
"""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio

from runner.executor.context import RunContext

log = logging.getLogger("runner.executor")


class RateGate:
    """Counts what is being sent and what is in progress, and asks the pacer before each POST.

    ``on_room`` hears when the account may take more jobs than before.
    """

    def __init__(self, context: RunContext, on_room: Callable[[], None]) -> None:
        self._context = context
        self._on_room = on_room
        self._queue = anyio.Lock()
        self._sending = 0
        self._in_progress: set[str] = set()
        self._changed = anyio.Event()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for the permission to send one request, and hold it while the request is under way.

        First come, first served, and only the first in the queue watches the pace.

        Raises RunStopped when the run is being stopped, also while waiting.
        """
        async with self._queue:
            await self._wait()
            self._sending += 1
        try:
            yield
        finally:
            self._sending -= 1
            self._wake()

    async def _wait(self) -> None:
        context = self._context
        while True:
            context.check(sending=True)
            now = context.ticks()
            seconds = context.rate_limiter.wait(
                now, sending=self._sending, in_progress=len(self._in_progress)
            )
            if context.rate_limiter.refused_for(now) > context.retry_limits.paused:
                minutes = round(context.retry_limits.paused / 60)
                context.stop_because(
                    f"HeyGen refuses new jobs (429), with pauses of more than {minutes} minutes"
                )
            elif seconds == 0.0:
                return
            elif seconds is None:
                log.debug("waiting until a look in progress ends: %d are", len(self._in_progress))
                await context.pause(None, until=self._changed, sending=True)
            else:
                log.info("waiting %.1f s: HeyGen asked for a pause (429)", seconds)
                context.observer.waiting("HeyGen asked for a pause (429)", seconds)
                await context.pause(seconds, sending=True)

    async def pause_over(self) -> None:
        """Wait until no pause is ordered: a 429 stops every POST of the account, also a free one.

        Raises RunStopped.
        """
        context = self._context
        while (seconds := context.rate_limiter.paused_until - context.ticks()) > 0:
            await context.pause(seconds, sending=True)

    def began(self, uid: str) -> None:
        """Record that a job is in progress at HeyGen."""
        self._in_progress.add(uid)

    def accepted(self, uid: str) -> None:
        """Record that HeyGen accepted a job that was sent."""
        rate_limiter = self._context.rate_limiter
        before = rate_limiter.places
        self.began(uid)
        rate_limiter.accepted(self._context.ticks(), in_progress=len(self._in_progress))
        if rate_limiter.places > before:
            self._on_room()

    def ended(self, uid: str) -> None:
        """Record that a job is no longer in progress."""
        if uid in self._in_progress:
            self._in_progress.remove(uid)
            self._context.rate_limiter.got_on()
        self._wake()

    def refused(self, retry_after: float | None) -> None:
        """Record that HeyGen refused a job because there are too many (429)."""
        context = self._context
        context.rate_limiter.refused(
            context.ticks(), retry_after, in_progress=len(self._in_progress)
        )

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()
