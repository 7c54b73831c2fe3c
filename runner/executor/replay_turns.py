"""Replays leave one at a time: the next when a list shows what the one before it made.

Before it happens, nobody can know whether an account honours idempotency keys. Where it does not
and its lists are late as well, every replay makes a second look that is not seen for a while. So
the account is asked between two replays: one second look at most is made before it is found, and
after that nothing is sent again (``docs/money.md#while-the-outcome-is-unknown``).
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from runner.executor.context import RunContext
from runner.executor.resolve_unknown import UnknownResolver
from runner.policy.retry import ASKABLE_AFTER
from runner.takes import Take

LIST_GAP = 5.0
"""Seconds between two listings while a replay waits for the one before it."""


class KeysDoubtful(Exception):
    """More looks fit a take that was sent twice than one, and only a person can tell whose."""


class ReplayTurns:
    """Lets one replay of the account leave, and the next when that one has been seen."""

    def __init__(self, context: RunContext, resolver: UnknownResolver) -> None:
        self._context = context
        self._resolver = resolver
        self._sending = anyio.Lock()
        self._seen: set[tuple[str, float | None]] = set()
        """Replays, by uid and time, whose look a list has shown."""
        self._told: str | None = None

    @asynccontextmanager
    async def turn(self, take: Take) -> AsyncIterator[bool]:
        """Wait until a take may be sent again, and hold that; yield whether there was a wait.

        Raises KeysDoubtful, or RunStopped.
        """
        waited = self._sending.locked()
        async with self._sending:
            while (before := self._find_unseen(take)) is not None:
                waited = True
                await self._see(before)
            yield waited

    def mark_seen(self, take: Take) -> None:
        """Record that a list shows what the last replay of a take made."""
        self._seen.add((take.uid, take.resent_at))

    def _find_unseen(self, take: Take) -> Take | None:
        """Return another take that was sent again, and what that made is not known yet."""
        return next(
            (
                other
                for other in self._context.ledger.unchecked_replays()
                if other.uid != take.uid
                and (other.unresolved or other.avatar_id is not None)
                and (other.uid, other.resent_at) not in self._seen
            ),
            None,
        )

    async def _see(self, take: Take) -> None:
        """Ask the account for what a replay made, or wait until that can be asked again.

        A replay whose own answer was lost is searched for when lists should show whatever it made.
        Raises KeysDoubtful, or RunStopped.
        """
        age, late = self._resolver.age_of_all(take), self._context.retry_limits.replay_listed
        if take.unresolved and age < late:
            await self._wait(take, late - age, late - age)
            return
        if take.unresolved:
            finding = await self._resolver.search(take)
            if finding.needs_person and len(finding.fits) > 1:  # or one send made two
                raise KeysDoubtful
            seen = finding.problem is None
        else:
            seen = await self._resolver.check_keys(take)
        if seen or age >= ASKABLE_AFTER:
            self.mark_seen(take)
        else:
            await self._wait(take, LIST_GAP, ASKABLE_AFTER - age)

    async def _wait(self, take: Take, seconds: float, at_most: float) -> None:
        if take.uid != self._told:
            self._told = take.uid
            why = f"HeyGen to list {take.label}, which was sent twice, before another is"
            self._context.observer.waiting(why, at_most)
        await self._context.pause(seconds, sending=True)
