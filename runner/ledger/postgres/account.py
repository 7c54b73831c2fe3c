"""An account's pace, kept on its row: one limit, one pause and one probe for all machines.

Whoever is about to send locks that row, counts what may be in progress over all campaigns of the
account, and asks the policy of a single run (``runner.policy.rate_limit``), made of what the row
says. The lock is held until the intent is committed, and taken before any campaign's row. A place
is held by the take's own state: it cannot be lost, and a rollback gives it back.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from runner.ledger.backend import Changes, Places
from runner.ledger.postgres.ceilings import lock_ceilings
from runner.ledger.postgres.connection import PostgresConnection, Statement
from runner.policy.budget import MonthCeiling
from runner.policy.lifecycle import Event
from runner.policy.rate_limit import RateLimiter
from runner.policy.retry import RetryLimits

DEAD_AFTER = 4.0
"""Seconds without a heartbeat after which a campaign may be claimed from its owner."""

FRESH_UNKNOWN = 300.0
"""Seconds for which a send without an answer counts as being sent, or as in progress."""

WATCHED = RetryLimits().processing
"""Seconds for which a look counts as in progress while its campaign has a run that may wait."""

UNWATCHED = 900.0
"""Seconds for which a look counts as in progress although no run asks after it any more."""

GETTING_ON = frozenset({Event.COMPLETED, Event.FAILED})
"""What shows that the account is alive."""

LOCK = "SELECT pace FROM lookbook.accounts WHERE id = %s FOR UPDATE"
SAVE = "UPDATE lookbook.accounts SET pace = %s WHERE id = %s"
COUNT = """
SELECT (SELECT 'paused by ' || paused_by || ' since '
                || to_char(paused_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC'
          FROM lookbook.accounts WHERE id = %s),
       (SELECT count(*) FROM lookbook.ceilings WHERE account IS NULL OR account = %s),
       extract(epoch FROM clock_timestamp())::double precision,
       count(*) FILTER (WHERE state = 'submitting' AND alive AND age < %s),
       count(*) FILTER (WHERE state = 'processing' AND age < CASE WHEN alive THEN %s ELSE %s END),
       count(*) FILTER (WHERE (state = 'unknown' OR (state = 'submitting' AND NOT alive))
                              AND age < %s)
  FROM (SELECT take.state,
               extract(epoch FROM clock_timestamp() - take.moved_at) AS age,
               coalesce(campaign.heartbeat_at
                        > clock_timestamp() - make_interval(secs => %s), false) AS alive
          FROM lookbook.takes take JOIN lookbook.campaigns campaign ON campaign.id = take.campaign
         WHERE campaign.account = %s AND take.uid <> ALL(%s::text[])
           AND take.state IN ('submitting', 'processing', 'unknown')) counted
"""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What may be in progress at an account, at a time of the database's clock (Unix seconds).

    ``paused`` says who paused it, if anybody did, ``ceilings`` how many hold for it.
    """

    paused: str | None
    ceilings: int
    now: float
    sending: int
    in_progress: int
    unknown: int


def count_traffic(
    connection: PostgresConnection, account: int, besides: Sequence[str] = ()
) -> Traffic:
    """Return what may be in progress at an account, besides takes of these uids."""
    ages = (FRESH_UNKNOWN, WATCHED, UNWATCHED, FRESH_UNKNOWN)
    values = (account, account, *ages, DEAD_AFTER, account, [*besides])
    return Traffic(*connection.fetch(COUNT, values)[0])


class AccountPacer:
    """The pace of one account, over a connection that a ledger writes with (``Pacer``)."""

    def __init__(self, connection: PostgresConnection, account: int, concurrency: int) -> None:
        self._connection = connection
        self._account = account
        self._concurrency = concurrency
        self._begun = False
        """Whether places were reserved in a transaction that is open."""
        self._has_learnt = False
        """Whether the account was ever seen to refuse: until then an acceptance says nothing."""

    def reserve(self, count: int, *, resent: Sequence[str]) -> Places:
        """Lock the account, and return how many requests may leave; locked only where any may."""
        return self._connection.repeat(lambda: self._reserve(count, resent))

    def _reserve(self, count: int, resent: Sequence[str]) -> Places:
        try:
            places = self._find_places(count, resent)
        except BaseException:
            self.abandon()
            raise
        self._begun = places.granted > 0
        if not self._begun:
            self.abandon()
        return places

    def _find_places(self, count: int, resent: Sequence[str]) -> Places:
        limiter = self._lock()
        there = self._count(resent)
        if there.paused is not None:
            return Places(0, paused=f"The account is {there.paused}")
        granted, wait = 0, None
        while granted < count:
            wait = limiter.wait(
                there.now,
                sending=there.sending + granted,
                in_progress=there.in_progress + there.unknown,
            )
            if wait != 0.0:
                break
            granted += 1
        ceilings: tuple[MonthCeiling, ...] = ()
        if granted and there.ceilings and count > len(resent):
            ceilings = lock_ceilings(self._connection, self._account)
        return Places(granted, wait or None, limiter.refused_for(there.now), None, ceilings)

    def abandon(self) -> None:
        """Release the account."""
        self._connection.roll_back()
        self._begun = False

    def begin(self, changes: Changes) -> list[Statement]:
        """Return what a transaction begins with: the account's pace, as far as changes tell of it.

        Only where they do is the account locked for them, if it is not for what is sent.
        """
        kinds = [entry.kind for entry in changes.events]
        accepted = kinds.count(Event.ACCEPTED)
        gets_on = not GETTING_ON.isdisjoint(kinds)
        tells = changes.refusals or (self._has_learnt and (accepted or gets_on))
        begun, self._begun = self._begun, False
        if not tells:
            return [] if begun else [("BEGIN", ())]
        limiter = self._lock(begun=begun)
        there = self._count(())
        for number in range(1, accepted + 1):
            limiter.accepted(there.now, in_progress=there.in_progress + number)
        if gets_on:
            limiter.got_on()
        for retry_after in changes.refusals:
            limiter.refused(there.now, retry_after, in_progress=there.in_progress)
        self._has_learnt = True
        return [(SAVE, (json.dumps(limiter.to_facts()), self._account))]

    def _lock(self, *, begun: bool = False) -> RateLimiter:
        """Lock the account's row, in a transaction that is begun for it where none is.

        Nothing is counted in the same statement: it would see what was there before it waited.
        """
        if not begun:
            self._connection.run([("BEGIN", ())])
        (row,) = self._connection.fetch(LOCK, (self._account,))
        facts = json.loads(row[0])
        self._has_learnt = bool(facts)
        return RateLimiter.from_facts(self._concurrency, facts)

    def _count(self, besides: Sequence[str]) -> Traffic:
        return count_traffic(self._connection, self._account, besides)
