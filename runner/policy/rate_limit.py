"""When the account may be sent another job. Told what happens and when; never waits itself.

A 429 stops every further POST of the account for the whole ``Retry-After``. Afterwards one request
at a time probes until one is accepted. The number in progress at the refusal is the limit that was
found, and it is held. Whether the account has room for more is tried now and then, again by one
request at a time: the more often that was in vain, the rarer.
"""

from collections.abc import Mapping
from typing import Any

DEFAULT_PAUSE = 5.0
"""The pause, in seconds, where a 429 names none, or a moment that has passed."""

MIN_PAUSE = 1.0
"""The shortest pause, in seconds: with less, requests follow as fast as they are refused."""

MAX_CONCURRENT_SENDS = 16
"""POSTs on their way at once. The client sends no more at a time, and what waits behind its gate
would still leave after a 429."""

MAX_PROBE_BACKOFF = 6
"""The probe interval doubles at most six times: one probe in 64 limits' worth of jobs."""


_LEARNT = (
    *("limit", "paused_until", "refusals"),
    *("_since", "_probing", "_seeking", "_found", "_accepted", "_vain"),
)


class RateLimiter:
    """The pace of one account's POSTs.

    ``limit`` is how many jobs may be in progress at once: what was asked for until a 429 came, then
    what the account was seen to take.
    """

    def __init__(self, limit: int) -> None:
        self._most = limit
        self.limit = self._found = limit
        self.paused_until = 0.0
        self.refusals = self._accepted = self._vain = 0
        self._since: float | None = None
        self._probing = False
        self._seeking = False

    @property
    def places(self) -> int:
        """Return how many jobs to keep running: the limit, and one that probes for more."""
        return min(self._most, self.limit + self._seeking)

    def wait(self, now: float, *, sending: int, in_progress: int) -> float | None:
        """Return how long to wait before a POST may leave: 0 for now, None until something changes.

        ``sending`` is how many POSTs are on their way, ``in_progress`` how many jobs were accepted
        and are not finished.
        """
        if now < self.paused_until:
            return self.paused_until - now
        if sending and (self._probing or sending >= MAX_CONCURRENT_SENDS):
            return None
        busy = sending + in_progress
        more = self._seeking and not sending and busy < self._most
        return 0.0 if busy < self.limit or more else None

    def refused(self, now: float, retry_after: float | None, *, in_progress: int) -> None:
        """Record a 429; ``retry_after`` in seconds, ``in_progress`` without the refused one."""
        pause = max(MIN_PAUSE, retry_after) if retry_after else DEFAULT_PAUSE
        self.paused_until = max(self.paused_until, now + pause)
        self.limit = self._found = max(1, min(self.limit, in_progress))
        self._vain = min(MAX_PROBE_BACKOFF, self._vain + self._seeking)
        self._probing, self._seeking = True, False
        self._accepted = 0
        self.refusals += 1
        if self._since is None:
            self._since = now

    def accepted(self, now: float, *, in_progress: int) -> None:
        """Record that a job was accepted; ``in_progress`` counts it."""
        if now >= self.paused_until:  # else it had left before the refusal, and probed nothing
            self._probing = False
        self._since = None
        if in_progress > self.limit:
            # It was on its way when another was refused, or it tried for more: there is this room.
            self.limit, self._accepted = min(self._most, in_progress), 0
        self._accepted += 1
        if self._accepted >= self.limit << self._vain and self.limit < self._most:
            if self.limit > self._found:
                self._found, self._vain = self.limit, 0
            self._seeking = True

    def got_on(self) -> None:
        """Record that a job was finished: the account is alive, its refusals are the usual kind."""
        self._since = None

    def to_facts(self) -> dict[str, Any]:
        """Return what was learnt of the account, as JSON values; nothing before a refusal."""
        return {name: getattr(self, name) for name in _LEARNT} if self.refusals else {}

    @classmethod
    def from_facts(cls, limit: int, facts: Mapping[str, Any]) -> "RateLimiter":
        """Return a limiter for who wants at most ``limit``, with what was learnt of the account."""
        limiter = cls(limit)
        for name in _LEARNT if facts else ():
            setattr(limiter, name, facts[name])
        limiter.limit = min(limit, limiter.limit)
        return limiter

    def refused_for(self, now: float) -> float:
        """Return how long the account has refused without anything of ours getting on."""
        return 0.0 if self._since is None else max(now, self.paused_until) - self._since
