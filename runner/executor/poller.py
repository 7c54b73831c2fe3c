"""Waiting for looks: one poller asks for everybody, by the page where that takes fewer requests.

When a look is asked after depends on how long this account's looks have taken so far.
"""

import math
from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio
from anyio.abc import TaskGroup

from runner.executor.concurrency import Call, RunStopped, run_concurrently, unwrap_exception_group
from runner.executor.consent import Consents
from runner.executor.context import FreeCall, RunContext
from runner.executor.group_search import fill_in_group
from runner.executor.rate_gate import RateGate
from runner.policy.decisions import Free, decide_free
from runner.policy.lifecycle import Event
from runner.policy.look_events import LOOK_GONE, events_of, is_stuck, shown_status
from runner.policy.poll_strategy import PAGE_SIZE, PollStrategy
from runner.policy.retry import next_poll, poll_gap
from runner.quantities import format_duration
from runner.replies import Answer, LookData, Reply
from runner.takes import Take, TakeState

MAX_POLL_DELAY = 30.0
"""Timeout of one poll, in seconds; the next poll is its retry."""

MIN_WAIT_PER_LOOK = 60.0
"""Seconds for which each run waits for a look, even one submitted by an earlier run."""

GONE_AFTER = 120.0
"""Seconds for which a look has to be missing (404) before it counts as deleted at HeyGen."""

MAX_RECORDING_WAIT = 1.0
"""Seconds for which a round of polls waits until what it saw is recorded: then polling goes on."""

CONSENT_POLL = 15.0
"""Seconds between two polls of a look that waits for consent."""

FRESH_REPLY_AGE = 5.0
"""Age in seconds up to which a look is polled from its beginning, so that its duration counts."""


@dataclass(slots=True)
class _Watched:
    """``since`` (its acceptance), ``begun`` (in this run) and ``due`` are ticks of the run's clock.

    ``timed``: it was watched from its beginning, and waited for nobody but HeyGen.
    ``missing_since``: from when on the account seemed not to have it. ``busy``: what was heard of
    it is being written down.
    """

    take: Take
    since: float
    begun: float
    due: float
    timed: bool
    done: anyio.Event = field(default_factory=anyio.Event)
    missing_since: float | None = None
    busy: bool = False


class Poller:
    """Follows accepted takes until they are usable, failed, waiting for consent, or out of time."""

    def __init__(
        self, context: RunContext, rate_gate: RateGate, consented: Callable[[Take], None]
    ) -> None:
        self._context = context
        self._rate_gate = rate_gate
        self._consented = consented
        self._consents = Consents(context)
        self._watched: dict[str, _Watched] = {}
        self._changed = anyio.Event()
        self._recordings: TaskGroup
        self._next_round = 0.0
        self._round_begun = -math.inf
        self._paging = PollStrategy()
        self.durations: list[float] = []
        """How long this account's looks have taken, in ascending order, in seconds."""

    async def until_decided(self, take: Take) -> Take:
        """Wait until a take is usable, failed or waits for consent; bounded, and ended by a stop.

        Return the take as the ledger has it then: still processing when the wait was ended, or when
        the run was being stopped already and nobody asks any more.
        """
        context = self._context
        if context.stop.is_set():
            return take
        wall = context.clock.now()
        age = max(0.0, wall - (take.accepted_at or wall))
        now = context.ticks()
        watched = _Watched(
            take,
            since=now - age,
            begun=now,
            due=now + next_poll(age, self.durations),
            timed=age < FRESH_REPLY_AGE,
        )
        self._watched[take.uid] = watched
        self._rate_gate.began(take.uid)
        if watched.due < self._next_round:
            self._changed.set()
        await watched.done.wait()
        return watched.take

    async def poll_forever(self) -> None:
        """Poll as long as the run goes on. Ends every wait when the run is stopped."""
        try:
            with unwrap_exception_group():
                async with anyio.create_task_group() as self._recordings:
                    while True:
                        await self._until_something_is_due()
                        await self._poll_due()
        except RunStopped:
            for watched in [*self._watched.values()]:
                self._release(watched)

    async def _until_something_is_due(self) -> None:
        """Wait for the next round of questions: not before one is due, nor in too quick a row."""
        context = self._context
        now = context.ticks()
        oldest = max((now - watched.since for watched in self._watched.values()), default=0.0)
        gap = poll_gap(self.durations, oldest)
        rest = max(self._round_begun + gap, now + gap / 2)  # a round itself takes time as well
        while True:
            self._changed = anyio.Event()
            due = min((one.due for one in self._watched.values() if not one.busy), default=None)
            self._next_round = math.inf if due is None else max(due, rest)
            wait = self._next_round - context.ticks()
            if wait <= 0:
                return
            await context.pause(min(wait, 3600.0), until=self._changed)

    async def _poll_due(self) -> None:
        """Poll every look that is due, many by one page where that saves requests."""
        now = self._round_begun = self._context.ticks()
        due = [one for one in self._watched.values() if one.due <= now and not one.busy]
        if not self.durations:  # a page of them tells as well as all when the first may be done
            for watched in due[:-PAGE_SIZE]:
                self._postpone(watched)
            due = due[-PAGE_SIZE:]
        groups: dict[str | None, list[_Watched]] = {}
        for watched in due:
            groups.setdefault(watched.take.group_id, []).append(watched)
        whole, single = self._paging.begin_round(groups, watched=len(self._watched))
        calls: list[Call] = [partial(self._poll_page, group, of) for group, of in whole.items()]
        calls += [partial(self._poll_one, watched) for watched in single]
        await run_concurrently(calls)

    async def _poll_one(self, watched: _Watched) -> None:
        look_id = watched.take.avatar_id or ""
        reply = await self._once(lambda: self._context.api.look(look_id))
        if isinstance(reply, Answer):
            await self._observe(watched, reply.data)
        elif reply is not None and decide_free(reply) is Free.GONE and self._note_missing(watched):
            if not watched.busy:
                await self._record_beside(watched, partial(self._give_up, watched))
        else:
            self._postpone(watched)

    async def _give_up(self, watched: _Watched) -> None:
        code, message = LOOK_GONE
        facts = {"error_code": code, "error_message": message}
        watched.take = await self._context.record(watched.take.uid, Event.FAILED, facts)
        self._release(watched)

    async def _once(self, call: FreeCall, *, needed: bool = True) -> Reply[Any] | None:
        """Request once, with a short timeout.

        The next poll is the retry, and others wait for this.
        """
        with anyio.move_on_after(MAX_POLL_DELAY):
            return await self._context.ask(call, what="asking for a look", retries=0, needed=needed)
        return None

    def _note_missing(self, watched: _Watched) -> bool:
        """Note that a look is missing; return whether it was for long enough.

        A copy of the account may lag behind.
        """
        now = self._context.ticks()
        if watched.missing_since is None:
            watched.missing_since = now
        return now - watched.missing_since >= GONE_AFTER

    async def _poll_page(self, group_id: str | None, due: list[_Watched]) -> None:
        """Go through the pages of a group, or of the account, until every due look was seen.

        Whatever else is on them and watched is looked at as well: it is free. The order of a list
        is not documented; what is not found in time is asked after by itself.
        """
        watched_by_id = {watched.take.avatar_id: watched for watched in self._watched.values()}
        missing = {watched.take.avatar_id for watched in due}
        token: str | None = None
        pages = 0
        while missing and self._paging.goes_on(group_id, pages, len(missing), of=len(due)):
            asked = token
            reply = await self._once(
                lambda: self._context.api.looks(group_id=group_id, limit=PAGE_SIZE, token=asked),  # noqa: B023
                needed=False,
            )
            if not isinstance(reply, Answer):
                break
            pages += 1
            news: list[Call] = []
            for look in reply.data.items:
                watched = watched_by_id.pop(look.id, None)
                if watched is None or (watched.done.is_set() and look.id not in missing):
                    continue
                missing.discard(look.id)
                if not self._pass_over(watched, look):
                    news.append(partial(self._observe, watched, look))
            await run_concurrently(news)  # one wait for the disk, not one for each look
            token = reply.data.next_token
            if token is None:
                break
        self._paging.took(group_id, pages, left=len(missing), watched=len(self._watched))
        await run_concurrently(
            [partial(self._poll_one, w) for w in due if w.take.avatar_id in missing]
        )

    async def _observe(self, watched: _Watched, look: LookData) -> None:
        """Commit a look's events, once: two lists that are read at a time may both show them."""
        if not self._pass_over(watched, look):
            await self._record_beside(watched, partial(self._hear, watched, look))

    async def _record_beside(self, watched: _Watched, record: Call) -> None:
        """Record what was seen of a look; a ledger that is away keeps no other look waiting."""
        recorded = anyio.Event()

        async def finish() -> None:
            try:
                await record()
            finally:
                watched.busy = False
                recorded.set()
                goes_on = self._watched.get(watched.take.uid) is watched
                if goes_on and watched.due < self._next_round:
                    self._changed.set()

        watched.busy = True
        self._recordings.start_soon(finish)
        with anyio.move_on_after(MAX_RECORDING_WAIT):
            await recorded.wait()

    def _pass_over(self, watched: _Watched, look: LookData) -> bool:
        """Go past a look of which there is nothing to write down; return whether that is so.

        It is still in processing, and polled again later, or written already.
        """
        if watched.busy or self._watched.get(watched.take.uid) is not watched:
            return True
        take = watched.take
        if take.state is not TakeState.PROCESSING:
            return False
        if events_of(take.state, look, now=0.0, shown=shown_status(take)):
            return False
        watched.missing_since = None
        self._postpone(watched)
        return True

    async def _hear(self, watched: _Watched, look: LookData) -> None:
        now = self._context.clock.now()
        watched.missing_since = None
        was = watched.take.state
        if watched.take.group_id is None and look.status != "failed":
            look = await fill_in_group(self._context, look)
        for event, facts in events_of(was, look, now=now, shown=shown_status(watched.take)):
            watched.take = await self._context.record(watched.take.uid, event, facts)
        take = watched.take
        if take.state is TakeState.PENDING_CONSENT:
            await self._let_go_for_consent(watched, look.group_id)
        elif was is TakeState.PENDING_CONSENT and watched.done.is_set():
            self._release(watched)  # its job let go of it: hand it back
            self._consents.forget(take.group_id)
            self._consented(take)
        elif take.state is TakeState.PROCESSING:
            self._postpone(watched)
        else:
            if take.usable and watched.timed:
                insort(self.durations, self._context.ticks() - watched.since)
            self._release(watched)

    async def _let_go_for_consent(self, watched: _Watched, shown: str | None) -> None:
        """Start the consent once, release the waiting job, and poll from now and then.

        ``shown`` is the group that HeyGen shows: it may be found after the look has begun to wait.
        """
        context, take = self._context, watched.take
        watched.timed = False
        group_id = take.group_id or shown
        paused = (
            context.rate_limiter.paused_until > context.ticks()
        )  # a 429 stops every POST of the account
        if take.consent_url is None and group_id is not None and not paused:
            url = await self._consents.page(group_id)
            if url is not None:
                facts = {"consent_url": url, "group_id": group_id}
                watched.take = await context.record(take.uid, Event.CONSENT, facts)
        watched.due = context.ticks() + CONSENT_POLL
        self._rate_gate.ended(take.uid)
        watched.done.set()

    def _postpone(self, watched: _Watched) -> None:
        """Schedule the next poll, or give up a look that takes longer than the run will wait."""
        now = self._context.ticks()
        age = now - watched.since
        # A look that seems to be missing is asked after until that is certain, and one that was
        # sent long ago gets a moment in this run as well.
        early = now - watched.begun < MIN_WAIT_PER_LOOK
        missing_since = watched.missing_since
        seems_gone = missing_since is not None and (
            now - missing_since < GONE_AFTER + MIN_WAIT_PER_LOOK
        )
        if age <= self._context.retry_limits.processing or early or seems_gone:
            watched.due = now + next_poll(age, self.durations)
            return
        stuck = is_stuck(watched.take, now=self._context.clock.now())
        then = "`lookbook reconcile` decides it" if stuck else "the next run goes on waiting for it"
        self._context.observer.said(
            f"{watched.take.label} is still in progress after {format_duration(age)}; {then}"
        )
        self._release(watched)

    def _release(self, watched: _Watched) -> None:
        self._watched.pop(watched.take.uid, None)
        self._rate_gate.ended(watched.take.uid)
        watched.done.set()
