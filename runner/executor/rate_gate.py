"""The one door through which every paid request leaves: it keeps the account's pace.

Who wants to send waits here until the pacer lets it, and nowhere else; status requests do not pass.
Where other machines send from the account as well, the ledger has the last word: a place is taken
in the transaction that records the intent.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio

from runner.executor.context import RunContext
from runner.executor.ports import AccountBusy
from runner.takes import Take

PLACE_WAIT = 10.0
"""Seconds after which a place of an account is asked for again if nobody says that one is free."""

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
        self._full_since: float | None = None
        """Since when (ticks) the account has had no place for this run; None where it had one."""
        self._paused: str | None = None
        """Who paused the account, where a person did."""
        self._in_progress: set[str] = set()
        self._changed = anyio.Event()

    @asynccontextmanager
    async def turn(self, commit: Callable[[], Awaitable[Take]]) -> AsyncIterator[Take]:
        """Wait for the permission to send one request, commit that, and yield what was committed.

        The permission is held while the request is under way. First come, first served, and only
        the first in the queue watches the pace. Raises RunStopped when the run is being stopped,
        also while waiting, and what ``commit`` raises.
        """
        take = None
        while take is None:
            async with self._queue:
                await self._wait()
                self._sending += 1
                in_queue = self._full_since is not None
                if in_queue:  # nobody else asks while there may be no place
                    take = await self._commit(commit)
            if not in_queue:
                take = await self._commit(commit)
        try:
            yield take
        finally:
            self._sending -= 1
            self._wake()

    async def _commit(self, commit: Callable[[], Awaitable[Take]]) -> Take | None:
        """Commit what is about to be sent; return None where the account has no place for it."""
        try:
            with anyio.CancelScope(shield=True):
                take = await commit()
        except BaseException as error:
            self._sending -= 1
            self._wake()
            if not isinstance(error, AccountBusy):
                raise
            await self._wait_for_place(error)
            return None
        self._full_since = self._paused = None
        return take

    async def _wait_for_place(self, busy: AccountBusy) -> None:
        """Wait until other machines may have left a place. Raises RunStopped."""
        context = self._context
        self._full_since = self._full_since or context.ticks()
        self._stop_if_refused(busy.refused_for)
        if busy.paused is not None and busy.paused != self._paused:
            context.observer.said(
                f"{busy.paused}: nothing is sent until it is resumed (`lookbook cluster resume`); "
                "what was sent goes on."
            )
        self._paused = busy.paused
        if busy.seconds is not None:
            until = context.ticks() + busy.seconds
            context.rate_limiter.paused_until = max(context.rate_limiter.paused_until, until)
            return
        with context.ledger.await_place(self._full_since) as freed:
            await context.pause(PLACE_WAIT, until=freed, sending=True)

    async def _wait(self) -> None:
        context = self._context
        while True:
            context.check(sending=True)
            now = context.ticks()
            seconds = context.rate_limiter.wait(
                now, sending=self._sending, in_progress=len(self._in_progress)
            )
            self._stop_if_refused(context.rate_limiter.refused_for(now))
            context.check(sending=True)
            if seconds == 0.0:
                return
            if seconds is None:
                log.debug("waiting until a look in progress ends: %d are", len(self._in_progress))
                await context.pause(None, until=self._changed, sending=True)
            else:
                log.info("waiting %.1f s: HeyGen asked for a pause (429)", seconds)
                context.observer.waiting("HeyGen asked for a pause (429)", seconds)
                await context.pause(seconds, sending=True)

    def _stop_if_refused(self, seconds: float) -> None:
        """Stop sending where the account has refused for so long that nobody should wait."""
        context = self._context
        if seconds > context.retry_limits.paused:
            minutes = round(context.retry_limits.paused / 60)
            context.stop_because(
                f"HeyGen refuses new jobs (429), with pauses of more than {minutes} minutes"
            )

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

    async def refused(self, retry_after: float | None) -> None:
        """Record that HeyGen refused a job because there are too many (429)."""
        context = self._context
        if await context.ledger.note_refusal(retry_after):
            return  # what this run has in progress says nothing of the account's limit
        context.rate_limiter.refused(
            context.ticks(), retry_after, in_progress=len(self._in_progress)
        )

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()
