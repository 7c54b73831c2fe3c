"""When the account may be sent another job. Told what happens and when; never waits itself.

A 429 stops every further POST of the account for the whole ``Retry-After``. Afterwards one request
at a time probes until one is accepted; the number in progress at the refusal is the limit that was
found, and it is raised by one for every limit's worth of acceptances.
"""

__all__ = ["Pacer"]

DEFAULT_PAUSE = 5.0
"""The pause, in seconds, where a 429 names none, or a moment that has passed."""

SHORTEST_PAUSE = 1.0
"""Less is no pause: requests would follow each other as fast as they are refused."""


class Pacer:
    """The pace of one account's POSTs. ``limit`` is how many jobs may be in progress at once."""

    def __init__(self, limit: int) -> None:
        self._most = limit
        self.limit = limit
        self.paused_until = 0.0
        self.refusals = 0
        self._since: float | None = None
        self._probing = False
        self._accepted = 0

    def wait(self, now: float, *, sending: int, in_progress: int) -> float | None:
        """Say how long to wait before a POST may leave: 0 for now, None until something changes.

        ``sending`` is how many POSTs are on their way, ``in_progress`` how many jobs were accepted
        and are not finished.
        """
        if now < self.paused_until:
            return self.paused_until - now
        if sending + in_progress >= self.limit or (self._probing and sending > 0):
            return None
        return 0.0

    def refused(self, now: float, retry_after: float | None, *, in_progress: int) -> None:
        """Hear of a 429; ``retry_after`` in seconds, ``in_progress`` without the refused one."""
        pause = max(SHORTEST_PAUSE, retry_after) if retry_after else DEFAULT_PAUSE
        self.paused_until = max(self.paused_until, now + pause)
        self.limit = max(1, min(self.limit, in_progress))
        self._probing = True
        self._accepted = 0
        self.refusals += 1
        if self._since is None:
            self._since = now

    def accepted(self) -> None:
        """Hear that a job was accepted."""
        self._probing = False
        self._since = None
        self._accepted += 1
        if self._accepted >= self.limit and self.limit < self._most:
            self.limit += 1
            self._accepted = 0

    def got_on(self) -> None:
        """Hear that a job was finished: the account is alive, its refusals are the usual kind."""
        self._since = None

    def refused_for(self, now: float) -> float:
        """Give how long the account has refused without anything of ours getting on."""
        return 0.0 if self._since is None else max(now, self.paused_until) - self._since
