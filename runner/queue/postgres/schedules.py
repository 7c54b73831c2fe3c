"""The schedules' table in PostgreSQL: which runs workers queue by themselves.

What is due is moved on and queued in one statement: of several workers one does it, once.
"""

import logging
import secrets
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from runner.errors import UsageError
from runner.ledger.postgres.connection import Fetch
from runner.queue.pack import Pack, UnreadablePack
from runner.queue.port import PROTOCOL, make_id
from runner.queue.schedule import Schedule, compute_next
from runner.takes import Account

log = logging.getLogger("runner.queue")

NOW = "SELECT extract(epoch FROM clock_timestamp())::double precision"
SCHEDULES = """
SELECT schedule.id, account.host, account."user", account.simulated, schedule.campaign,
       schedule.cron, schedule.zone, schedule.protocol, schedule.pack, schedule.created_by,
       extract(epoch FROM schedule.next_at)::double precision,
       extract(epoch FROM schedule.last_at)::double precision, schedule.last_run
  FROM lookbook.schedules schedule JOIN lookbook.accounts account ON account.id = schedule.account
"""
ADD = """
INSERT INTO lookbook.schedules
       (id, account, campaign, cron, zone, protocol, pack, created_by, next_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, to_timestamp(%s)) ON CONFLICT DO NOTHING RETURNING id
"""
FIND_SAME = """
SELECT id FROM lookbook.schedules
 WHERE (id, account, campaign, cron, zone, protocol, pack, created_by)
     = (%s, %s, %s, %s, %s, %s, %s, %s)
"""
"""Its next time may have come meanwhile, and another one be there."""
NOTE_STARTED = """
UPDATE lookbook.schedules schedule SET last_run = run.id FROM lookbook.runs run
 WHERE run.id = %s AND schedule.id = %s AND run.queued_by = 'schedule ' || %s
RETURNING schedule.id
"""
START = """
WITH due AS (
    UPDATE lookbook.schedules SET next_at = to_timestamp(%s), last_at = clock_timestamp(),
           last_run = NULL
     WHERE id = %s AND next_at <= clock_timestamp() RETURNING *
), queued AS (
    INSERT INTO lookbook.runs (id, account, campaign, protocol, pack, queued_by)
        SELECT %s, account, campaign, protocol, pack, 'schedule ' || id FROM due
    ON CONFLICT DO NOTHING RETURNING id
)
SELECT (SELECT id FROM queued) FROM due
"""


class PostgresSchedules:
    """The schedules, asked over the connection of a queue."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._told: set[str] = set()

    def add(self, pack: Pack, account: int, cron: str, zone: str, *, by: str) -> str:
        """Keep a schedule of an account, whose pictures are kept already; return its id."""
        next_at = compute_next(cron, zone, self._now())
        values = (account, pack.campaign, cron, zone, PROTOCOL, pack.to_json(), by)
        while not self._fetch(ADD, name := secrets.token_hex(3), *values, next_at):
            if self._fetch(FIND_SAME, name, *values):  # the answer to the first time was lost
                break
        return name

    def find(self, rest: str = "", *values: object) -> list[Schedule]:
        """Return the schedules by when they are due."""
        rows = self._fetch(f"{SCHEDULES} {rest} ORDER BY schedule.next_at, schedule.id", *values)
        return [_read(row) for row in rows]

    def remove(self, name: str) -> bool:
        """Forget a schedule; return whether there was one."""
        return bool(self._fetch("DELETE FROM lookbook.schedules WHERE id = %s RETURNING 1", name))

    def start_due(self, accounts: Sequence[Account]) -> list[Schedule]:
        """Queue the runs of accounts that are due; return their schedules as they are then."""
        found = self.find("WHERE schedule.next_at <= clock_timestamp()")
        due = [one for one in found if one.account in accounts and one.max_cost is not None]
        started = [one.id for one in due if self._start(one)]
        return self.find("WHERE schedule.id = ANY(%s)", started) if started else []

    def _start(self, due: Schedule) -> bool:
        """Queue a run that is due, unless another worker did; return whether this one did."""
        try:
            next_at = compute_next(due.cron, due.zone, self._now())
        except UsageError as error:  # a machine without that time zone, say: another may have it
            if due.id not in self._told:
                log.warning("the schedule %s is not started here: %s", due.id, error.message)
            self._told.add(due.id)
            return False
        run = make_id()
        rows = self._fetch(START, next_at, due.id, run)
        self._fetch(NOTE_STARTED, run, due.id, due.id)
        return bool(rows)

    def _now(self) -> float:
        now: float = self._fetch(NOW)[0][0]
        return now


def _read(row: Sequence[Any]) -> Schedule:
    name, host, user, simulated, campaign, cron, zone, protocol, pack, *rest = row
    account = Account(host, user, simulated=simulated)
    most = _read_max_cost(pack) if protocol == PROTOCOL else None
    return Schedule(name, account, campaign, cron, zone, most, *rest)


def _read_max_cost(pack: str) -> Decimal | None:
    try:
        return Pack.from_json(pack, {}).most_usd
    except UnreadablePack:
        return None
