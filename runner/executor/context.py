"""What all parts of one run share: the ports, the bounds, and whether the run is being stopped."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio

from runner.executor.concurrency import RunStopped, unwrap_exception_group
from runner.executor.ports import Api, Clock, Entropy, Faces, Images, Ledger, Observer
from runner.policy.decisions import Free, decide_free, what_helps
from runner.policy.lifecycle import Event
from runner.policy.rate_limit import RateLimiter
from runner.policy.retry import KEY_LIFE, KEY_MARGIN, RetryLimits, backoff, key_is_alive
from runner.replies import Refusal, Reply
from runner.takes import Neighbours, Take

log = logging.getLogger("runner.executor")

MAX_FREE_WAIT = 120.0
"""A free request that is asked to wait longer, in seconds, is given up for now and made later."""

FreeCall = Callable[[], Awaitable[Reply[Any]]]


@dataclass(slots=True)
class RunContext:
    """One run's ports and its only shared mutable state: the stop and the pace.

    ``closing`` says that nothing more is sent, while what was bought is still waited for; ``stop``
    ends every wait as well. ``account_trouble`` is why the account needs a person, ``stopped`` why
    the run ends before its plan does. ``server_epoch`` is the API's time when our ticks were zero,
    as its answers last said; None until one did. ``wanted`` is the identity that the manifest wants
    of each look, ``neighbours`` reads what the other ledgers and results files of the folder know,
    ``unanswered`` how many free requests in a row got no answer, ``sent`` the ticks of the first
    sends of this run, by take. ``faces`` measures
    faces; None where it cannot. ``price_trouble`` is which price the wallet contradicts.
    """

    api: Api
    ledger: Ledger
    images: Images
    clock: Clock
    entropy: Entropy
    observer: Observer
    retry_limits: RetryLimits
    rate_limiter: RateLimiter
    closing: anyio.Event = field(default_factory=anyio.Event)
    stop: anyio.Event = field(default_factory=anyio.Event)
    account_trouble: str | None = None
    price_trouble: str | None = None
    stopped: str | None = None
    interrupted: bool = False
    wanted: Mapping[str, str] = field(default_factory=dict)
    neighbours: Callable[[], Neighbours] = Neighbours
    unanswered: int = 0
    server_epoch: float | None = None
    sent: dict[str, float] = field(default_factory=dict)
    faces: Faces | None = None

    def ticks(self) -> float:
        """Return seconds of a clock that never jumps, for measuring waits.

        The wall clock is for what outlives the run, and may be set by anybody at any moment.
        """
        return anyio.current_time()

    # --- stopping -----------------------------------------------------------------------------

    def interrupt(self) -> None:
        """Stop because a person (or the system) said so: requests under way are finished."""
        log.info("interrupted: nothing more is sent")
        self.interrupted = True
        self.closing.set()
        self.stop.set()

    def stop_for_account(self, reason: str, *, key: bool = False) -> None:
        """Stop sending because the account needs a person; a refused ``key`` ends waits as well."""
        self.account_trouble = self.account_trouble or reason
        self.stop_because(reason)
        if key:
            self.stop.set()

    def stop_for_price(self, reason: str) -> None:
        """Stop sending because the wallet contradicts a price; what was bought is waited for."""
        self.price_trouble = self.price_trouble or reason
        self.stop_because(reason)

    def stop_because(self, reason: str) -> None:
        """Stop sending; what was bought is still waited for."""
        if self.stopped is None and not self.interrupted:
            log.info("sending stops: %s", reason)
            self.stopped = reason
        self.closing.set()

    def check(self, *, sending: bool = False) -> None:
        """Raise RunStopped when the run is being stopped; for who sends also when it is closing."""
        if self.stop.is_set() or (sending and self.closing.is_set()):
            raise RunStopped

    async def pause(
        self, seconds: float | None, *, until: anyio.Event | None = None, sending: bool = False
    ) -> None:
        """Wait so long, or until something happens, but not beyond a stop. Raises RunStopped.

        Who is about to send waits with ``sending``: its wait also ends when the run is closing.
        """
        self.check(sending=sending)
        waits: list[Callable[[], Awaitable[object]]] = [
            self.closing.wait if sending else self.stop.wait
        ]
        if until is not None:
            waits.append(until.wait)
        if seconds is not None:
            waits.append(lambda: self.clock.sleep(seconds))
        async with anyio.create_task_group() as tasks:

            async def first(wait: Callable[[], Awaitable[object]]) -> None:
                await wait()
                tasks.cancel_scope.cancel()

            for wait in waits:
                tasks.start_soon(first, wait)
        self.check(sending=sending)

    # --- writing ------------------------------------------------------------------------------

    async def record(self, uid: str, event: Event, facts: Mapping[str, Any] | None = None) -> Take:
        """Commit an event, even if this task is cancelled meanwhile; the observer hears it."""
        known = self.ledger.take(uid)
        wanted = self.wanted.get(known.look, known.identity) == known.identity
        with anyio.CancelScope(shield=True):
            take = await self.ledger.record(uid, event, facts or {}, wanted=wanted)
        self.observer.take_changed(take, event)
        return take

    # --- reading ------------------------------------------------------------------------------

    async def read_neighbours(self) -> Neighbours:
        """Return what other ledgers and results files know by now."""
        return await self.ledger.wait_for(self.neighbours)

    # --- asking -------------------------------------------------------------------------------

    def key_is_alive(self, take: Take) -> bool:
        """Return whether the stored body of a take may still be sent under its own key.

        Never on an account that was seen to make a second look for one key, nor where the key was
        answered with the look of another take, or its send and its replay took too long. The API's
        own time decides. Where its answers name none, only what this run sent itself has a known
        age, by a clock that never jumps: any other key counts as over, because our own clock may
        have been set back.
        """
        if take.sent_at is None or take.key is None or take.body_sha256 is None:
            return False  # a take from results.json has no body here
        if not self.ledger.honours_keys or take.is_key_spent:
            return False
        if self.server_epoch is None:
            sent = self.sent.get(take.uid)
            return sent is not None and self.ticks() - sent < KEY_LIFE - KEY_MARGIN
        return key_is_alive(take.sent_at, self.clock.now(), latest_seen=self.now_at_server())

    def now_at_server(self) -> float:
        """Return the time by the API's clock as far as it is known, in Unix seconds."""
        if self.server_epoch is None:
            return self.clock.now()
        return self.server_epoch + self.ticks()

    def earliest_now(self) -> float:
        """Return the earlier of the machine's time and the API's: when something is sent now.

        A clock that is ahead and put right later must not make a send younger than it is.
        """
        return min(self.clock.now(), self.now_at_server())

    def heard(self, reply: Reply[Any]) -> None:
        """Estimate the server's clock from a reply's ``Date``."""
        server_time = getattr(reply, "server_time", None)
        if server_time is not None:
            self.server_epoch = server_time - self.ticks()

    async def ask(
        self, call: FreeCall, *, what: str, retries: int | None = None, needed: bool = True
    ) -> Reply[Any]:
        """Retry an idempotent request within the configured limits; return the last reply.

        A refused key ends the run, and what the account refuses otherwise (402, 403) ends sending,
        if it is ``needed``. Requests that stay unanswered one after another end sending as well.
        Raises RunStopped when the run is stopped, also while the request is under way.
        """
        attempt = 0
        most = self.retry_limits.retries if retries is None else retries
        while True:
            attempt += 1
            reply = await self._unless_stopped(call)
            self.heard(reply)
            verdict = decide_free(reply)
            if verdict is Free.PERSON:
                key = isinstance(reply, Refusal) and reply.status == 401
                if key or needed:
                    self.stop_for_account(f"{what}: {explain(reply)}", key=key)
            if verdict is not Free.AGAIN:
                self.unanswered = 0
                return reply
            wait = self.delay(attempt, reply)
            log.info("%s: try %d of %d met %s", what, attempt, most + 1, describe_reply(reply))
            if attempt > most or wait > MAX_FREE_WAIT:
                self.unanswered += 1
                if self.unanswered >= self.retry_limits.silences:
                    self.stop_because(f"HeyGen does not answer any more: {describe_reply(reply)}")
                return reply
            log.info("%s: waiting %.1f s before the next try", what, wait)
            await self.pause(wait)

    async def _unless_stopped(self, call: FreeCall) -> Reply[Any]:
        """Wait for a reply, but not beyond a stop. Raises RunStopped."""
        self.check()
        replies: list[Reply[Any]] = []
        with unwrap_exception_group():
            async with anyio.create_task_group() as tasks:

                async def listen() -> None:
                    await self.stop.wait()
                    tasks.cancel_scope.cancel()

                tasks.start_soon(listen)
                replies.append(await call())
                tasks.cancel_scope.cancel()
        if not replies:
            raise RunStopped
        return replies[0]

    def delay(self, attempt: int, reply: Reply[Any]) -> float:
        """Return the wait before another try: backoff with jitter, or what the server asks for."""
        wait = backoff(attempt, self.entropy.random())
        if isinstance(reply, Refusal) and reply.retry_after is not None:
            wait = max(wait, min(reply.retry_after, self.retry_limits.paused))
        return wait


def describe_reply(reply: Reply[Any]) -> str:
    """Return in words what a reply was that is not an answer."""
    if isinstance(reply, Refusal):
        words = reply.message
        if not words.startswith(f"HTTP {reply.status} "):  # else no words of HeyGen's came
            words = f"HTTP {reply.status} {reply.code}: {words}"
        return f"{words.rstrip('.')} (request {reply.request_id})" if reply.request_id else words
    return getattr(reply, "reason", "answered")


def explain(reply: Reply[Any]) -> str:
    """Return HeyGen's words about a refusal, and what helps where that is known."""
    helps = what_helps(reply) if isinstance(reply, Refusal) else None
    words = describe_reply(reply)
    return f"{words.rstrip('.')}. {helps}" if helps else words
