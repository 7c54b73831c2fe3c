"""How long and how often: backoff, polling, the life of an idempotency key. Times in seconds.

Every retry and every wait is bounded in number and in time (design, "What a run promises", 8). The
random number is handed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["KEY_LIFE", "KEY_MARGIN", "Patience", "backoff", "key_is_alive", "next_poll"]

KEY_LIFE = 24 * 3600.0
"""The same key replays the first answer for this long (the API page)."""

KEY_MARGIN = 3600.0
"""Kept free at the end of a key's life: clocks differ, and requests are under way for a while."""

CLOCK_SLACK = 300.0
"""How far a clock may seem to run backwards before nothing is concluded from it any more."""


@dataclass(frozen=True, slots=True)
class Patience:
    """The bounds of one run.

    ``retries`` is how often one request is sent again (``HEYGEN_MAX_RETRIES``). ``unanswered`` is
    how long a send without an answer is tried again in one run. ``processing`` is how long a look
    may stay in processing before the run stops waiting for it, ``paused`` how long the account may
    refuse (429) while nothing of ours gets on.
    """

    retries: int = 5
    unanswered: float = 600.0
    processing: float = 1800.0
    paused: float = 1800.0
    failures: int = 8
    """So many looks in a row that fail stop the run: something is wrong with all of them."""
    silences: int = 6
    """So many free requests in a row that stay unanswered, with all their retries, end sending."""


def backoff(attempt: int, jitter: float, *, base: float = 0.5, cap: float = 30.0) -> float:
    """Give the wait after try ``attempt``, counted from 1; ``jitter`` is in [0, 1)."""
    return float(min(cap, base * 2 ** (attempt - 1)) * (0.5 + jitter / 2))


def key_is_alive(first_sent_at: float, now: float, *, latest_seen: float) -> bool:
    """Say whether a key may still be sent, with the margin. All three are Unix seconds.

    ``latest_seen`` is the latest time that is known to have passed (the ledger's last event, a
    server's date): a clock that was set back must not make an old key look young. Where time
    cannot be trusted the key counts as over, because a search is safe and a send is not.
    """
    if now < first_sent_at - CLOCK_SLACK or now < latest_seen - CLOCK_SLACK:
        return False
    return max(now, latest_seen) - first_sent_at < KEY_LIFE - KEY_MARGIN


def next_poll(age: float, durations: Sequence[float]) -> float:
    """Give how long to wait before asking again after a look that has been processing for ``age``.

    ``durations`` are how long this account's looks have taken so far, in ascending order. Before
    the fastest of them there is little to see; around them a slot is worth asking for; a look that
    takes longer than all is asked after ever less often.
    """
    if not durations:
        return min(15.0, max(0.5, 0.15 * age))
    fastest, typical = durations[0], durations[len(durations) // 2]
    if age < 0.8 * fastest:
        return min(60.0, max(0.5, 0.8 * fastest - age))
    if age < 3 * typical:
        return min(15.0, max(0.5, 0.06 * typical))
    return min(60.0, max(1.0, 0.15 * age))
