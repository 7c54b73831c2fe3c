"""What all parts of one run share: the ports, the bounds, and whether the run is being stopped."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio

from runner.answers import Refusal, Reply
from runner.executor.ports import Api, Clock, Entropy, Images, Ledger, Observer
from runner.executor.tasks import Stopping
from runner.model import Take
from runner.policy.lifecycle import Event
from runner.policy.pacing import Pacer
from runner.policy.patience import Patience, backoff
from runner.policy.verdict import Free, judge_free

__all__ = ["Desk", "said"]

FreeCall = Callable[[], Awaitable[Reply[Any]]]


@dataclass(slots=True)
class Desk:
    """One run's ports and its only shared mutable state: the stop and the pace.

    ``account_trouble`` is why the account needs a person; ``stopped`` is why the run ends before
    its plan does. ``server_ahead`` is how many seconds the API's clock is ahead of ours, as its
    answers last said.
    """

    api: Api
    ledger: Ledger
    images: Images
    clock: Clock
    entropy: Entropy
    observer: Observer
    patience: Patience
    pacer: Pacer
    stop: anyio.Event = field(default_factory=anyio.Event)
    account_trouble: str | None = None
    stopped: str | None = None
    interrupted: bool = False
    server_ahead: float = 0.0

    def ticks(self) -> float:
        """Give seconds of a clock that never jumps, for measuring waits.

        The wall clock is for what outlives the run, and may be set by anybody at any moment.
        """
        return anyio.current_time()

    # --- stopping -----------------------------------------------------------------------------

    def interrupt(self) -> None:
        """Stop sending because a person (or the system) said so; what is on its way is finished."""
        self.interrupted = True
        self.stop.set()

    def stop_for_account(self, reason: str) -> None:
        """Stop sending because the account needs a person."""
        self.account_trouble = self.account_trouble or reason
        self.stop_because(reason)

    def stop_because(self, reason: str) -> None:
        """Stop sending; what is on its way is finished."""
        if self.stopped is None and not self.interrupted:
            self.stopped = reason
        self.stop.set()

    def check(self) -> None:
        """Raise Stopping when the run is being stopped."""
        if self.stop.is_set():
            raise Stopping

    async def pause(self, seconds: float | None, *, until: anyio.Event | None = None) -> None:
        """Wait so long, or until something happens, but not beyond a stop. Raises Stopping."""
        self.check()
        waits: list[Callable[[], Awaitable[object]]] = [self.stop.wait]
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
        self.check()

    # --- writing ------------------------------------------------------------------------------

    async def record(self, uid: str, event: Event, facts: Mapping[str, Any] | None = None) -> Take:
        """Commit an event, even if this task is cancelled meanwhile; the observer hears it."""
        with anyio.CancelScope(shield=True):
            take = await self.ledger.record(uid, event, facts or {})
        self.observer.take_changed(take, event)
        return take

    # --- asking -------------------------------------------------------------------------------

    def now_at_server(self) -> float:
        """Give the time by the API's clock as far as it is known, in Unix seconds."""
        return self.clock.now() + self.server_ahead

    def heard(self, reply: Reply[Any]) -> None:
        """Learn the server's clock from an answer's date."""
        server_time = getattr(reply, "server_time", None)
        if server_time is not None:
            self.server_ahead = server_time - self.clock.now()

    async def ask(self, call: FreeCall, *, what: str) -> Reply[Any]:
        """Send a request that is free, again and again within the bounds; gives the last reply.

        Stops the run when the account refuses the key. Raises Stopping when the run is stopped
        while waiting for another try.
        """
        attempt = 0
        while True:
            attempt += 1
            reply = await call()
            self.heard(reply)
            verdict = judge_free(reply)
            if verdict is Free.PERSON:
                self.stop_for_account(f"{what}: {said(reply)}")
                return reply
            if verdict is not Free.AGAIN or attempt > self.patience.retries:
                return reply
            await self.pause(self.delay(attempt, reply))

    def delay(self, attempt: int, reply: Reply[Any]) -> float:
        """Give the wait before another try: backoff with jitter, or what the server asks for."""
        wait = backoff(attempt, self.entropy.random())
        if isinstance(reply, Refusal) and reply.retry_after is not None:
            wait = max(wait, min(reply.retry_after, self.patience.paused))
        return wait


def said(reply: Reply[Any]) -> str:
    """Say in words what a reply was that is not an answer."""
    if isinstance(reply, Refusal):
        request = f" (request {reply.request_id})" if reply.request_id else ""
        return f"HTTP {reply.status} {reply.code}: {reply.message}{request}"
    return getattr(reply, "reason", "answered")
