"""How long and how often: backoff, polling, the life of an idempotency key. Times in seconds.

Every retry and every wait is bounded in number and in time (``docs/api-notes.md``). The
random number is handed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass

KEY_LIFE = 24 * 3600.0
"""The same key replays the first answer for this long (docs/api-facts.md)."""

KEY_MARGIN = 3600.0
"""Safety margin at the end of a key's life: clocks differ, and requests take a while."""

ASKABLE_AFTER = 900.0
"""So old a send has to be before a person may say that the account does not list what it made.

How far HeyGen's lists lag is not documented; nobody has reported more than minutes.
"""

MIN_POLL = 0.5
"""The first poll of a look, and the least interval, while no duration is known."""

MIN_SAMPLES = 8
"""The least number of durations that a spread is computed from."""

MIN_POLL_GAP = 0.05
MAX_POLL_GAP = 15.0
"""Bounds of the interval between two rounds of polling."""

CLOCK_SLACK = 300.0
"""How far a clock may run backwards before it is no longer trusted."""


@dataclass(frozen=True, slots=True)
class RetryLimits:
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
    undecided: int = 8
    """So many sends in a row without an answer that decides stop sending."""
    listed: float = 15.0
    """So old, in seconds, is a send whose look a list should show, if it made one."""
    replay_listed: float = 60.0
    """So old, in seconds, is a replay whose second look every list should show, if it made one."""
    silences: int = 6
    """So many free requests in a row that stay unanswered, with all their retries, end sending."""


def backoff(attempt: int, jitter: float) -> float:
    """Return the wait after try ``attempt``, counted from 1, in seconds; ``jitter`` in [0, 1)."""
    return float(min(30.0, 0.5 * 2 ** (attempt - 1)) * (0.5 + jitter / 2))


def key_is_alive(first_sent_at: float, now: float, *, latest_seen: float) -> bool:
    """Return whether a key may still be sent, with the margin. All three are Unix seconds.

    ``latest_seen`` is the latest time that is known to have passed (the ledger's last event, a
    server's date): a clock that was set back must not make an old key look young. Where time
    cannot be trusted the key counts as over, because a search is safe and a send is not.
    """
    if now < first_sent_at - CLOCK_SLACK or now < latest_seen - CLOCK_SLACK:
        return False
    return max(now, latest_seen) - first_sent_at < KEY_LIFE - KEY_MARGIN


def first_poll(durations: Sequence[float]) -> float:
    """Return the age at which a look is worth asking after for the first time.

    ``durations`` are how long this account's looks have taken so far, in ascending order. The
    fewer they are, the more likely the next look is faster than the fastest of them.
    """
    if not durations:
        return MIN_POLL
    known, fastest = len(durations), durations[0]
    typical = durations[known // 2]
    return max(0.0, fastest - max(0.2 * fastest, 2 * (typical - fastest)) / known)


def poll_gap(durations: Sequence[float], oldest: float) -> float:
    """Return how long the account is left in peace between two rounds of questions.

    A slot that is done is noticed half a gap late on average, so this is what a run loses against
    what it asks: 3 % of a typical look. Where looks take almost the same time, all that is asked is
    asked within a short while, and the gap may be shorter. ``oldest`` is the age of the oldest look
    in progress: while there are older ones than were seen to be done, that is not known.
    """
    if not durations:
        return MIN_POLL
    known, typical = len(durations), durations[len(durations) // 2]
    gap = 0.066 * typical
    if known >= MIN_SAMPLES:
        spread = max(oldest, durations[known * 9 // 10]) - durations[0]
        gap = min(gap, max(0.02 * typical, 0.1 * spread))
    return min(MAX_POLL_GAP, max(MIN_POLL_GAP, gap))


def next_poll(age: float, durations: Sequence[float]) -> float:
    """Return the delay before the next poll of a look that has been processing for ``age``.

    Before the fastest look can be done there is nothing to see; around the durations that are known
    every round asks (0); a look that takes much longer is asked after ever less often.
    """
    if not durations:
        return min(15.0, max(MIN_POLL, 0.15 * age))
    first, typical = first_poll(durations), durations[len(durations) // 2]
    if age < first:
        return min(60.0, first - age)
    if age < 3 * typical:
        return 0.0
    return min(60.0, max(1.0, 0.15 * age))
