"""The schedules' table in PostgreSQL: which runs workers queue by themselves.

What is due is moved on and queued in one statement: of several workers one does it, once.
"""

import json
import secrets
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from runner.queue.pack import Pack
from runner.queue.port import PROTOCOL
from runner.queue.schedule import Schedule, compute_next
from runner.takes import Account

Fetch = Callable[..., list[tuple[Any, ...]]]

NOW = "SELECT extract(epoch FROM clock_timestamp())::double precision"
SCHEDULES = """
SELECT schedule.id, account.host, account."user", account.simulated, schedule.campaign,
       schedule.cron, schedule.zone, schedule.pack, schedule.created_by,
       extract(epoch FROM schedule.next_at)::double precision,
       extract(epoch FROM schedule.last_at)::double precision, schedule.last_run
  FROM lookbook.schedules schedule JOIN lookbook.accounts account ON account.id = schedule.account
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

    def add(self, pack: Pack, account: int, cron: str, zone: str, *, by: str) -> str:
        """Keep a schedule of an account, whose pictures are kept already; return its id."""
        next_at, name = compute_next(cron, zone, self._fetch(NOW)[0][0]), secrets.token_hex(3)
        self._fetch(
            "INSERT INTO lookbook.schedules "
            "(id, account, campaign, cron, zone, protocol, pack, created_by, next_at) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, to_timestamp(%s)) RETURNING 1",
            *(name, account, pack.campaign, cron, zone, PROTOCOL, pack.to_json(), by, next_at),
        )
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
        rest = "WHERE schedule.next_at <= clock_timestamp() AND schedule.protocol = %s"
        due = [one for one in self.find(rest, PROTOCOL) if one.account in accounts]
        started = [one.id for one in due if self._start(one)]
        return self.find("WHERE schedule.id = ANY(%s)", started) if started else []

    def _start(self, due: Schedule) -> bool:
        """Queue a run that is due, unless another worker did; return whether this one did."""
        run, next_at = secrets.token_hex(4), compute_next(due.cron, due.zone, self._now())
        rows = self._fetch(START, next_at, due.id, run)
        note = (
            "UPDATE lookbook.schedules SET last_run = %s "
            "WHERE id = %s AND EXISTS (SELECT FROM lookbook.runs WHERE id = %s) RETURNING 1"
        )
        self._fetch(note, run, due.id, run)
        return bool(rows)

    def _now(self) -> float:
        now: float = self._fetch(NOW)[0][0]
        return now


def _read(row: Sequence[Any]) -> Schedule:
    name, host, user, simulated, campaign, cron, zone, pack, *rest = row
    most = Decimal(json.loads(pack)["options"]["max_cost"])
    account = Account(host, user, simulated=simulated)
    return Schedule(name, account, campaign, cron, zone, most, *rest)
