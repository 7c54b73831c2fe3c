"""The queue's tables in PostgreSQL (``runner.queue.port.WorkerQueue``); one connection, one thread.

All times are the database's. What is written of a run that was begun names its attempt: whoever
was taken for dead, and comes back, writes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from runner import __version__
from runner.ledger.postgres.connection import PostgresConnection, explain_database_errors
from runner.ledger.postgres.owner import name_owner
from runner.ledger.postgres.schema import migrate_schema
from runner.queue.pack import Pack
from runner.queue.port import (
    PROTOCOL,
    WORKER_DEAD_AFTER,
    BegunRun,
    Output,
    QueuedRun,
    RunWaiting,
    WorkerSeen,
    make_id,
)
from runner.queue.postgres.pruning import delete_runs, delete_unused_pictures, find_old_runs
from runner.takes import Account

if TYPE_CHECKING:
    from runner.queue.postgres.schedules import PostgresSchedules
    from runner.queue.schedule import Schedule

ACCOUNT_ID = (
    'INSERT INTO lookbook.accounts (host, "user", simulated) VALUES (%s, %s, %s) '
    'ON CONFLICT (host, "user", simulated) DO UPDATE SET host = excluded.host RETURNING id'
)
ENQUEUE = """
INSERT INTO lookbook.runs (id, account, campaign, protocol, pack, queued_by)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id
"""
FIND_SAME = """
SELECT id FROM lookbook.runs WHERE (id, account, campaign, protocol, pack, queued_by)
     = (%s, %s, %s, %s, %s, %s)
"""
RUNS = """
SELECT run.id, account.host, account."user", account.simulated, run.campaign,
       extract(epoch FROM run.queued_at)::double precision, run.queued_by, run.attempt, run.worker,
       extract(epoch FROM run.started_at)::double precision, run.cancelled,
       extract(epoch FROM run.ended_at)::double precision, run.exit_code, run.message
  FROM lookbook.runs run JOIN lookbook.accounts account ON account.id = run.account
"""
WORKERS = """
SELECT worker.name, worker.slots, worker.version, worker.protocol,
       extract(epoch FROM worker.started_at)::double precision,
       extract(epoch FROM clock_timestamp() - worker.beat_at)::double precision,
       account.host, account."user", account.simulated
  FROM lookbook.workers worker
  LEFT JOIN lookbook.worker_accounts served ON served.worker = worker.name
  LEFT JOIN lookbook.accounts account ON account.id = served.account
 ORDER BY worker.name, account.host, account."user"
"""
BEGIN = """
UPDATE lookbook.runs SET attempt = %s, worker = %s,
       started_at = coalesce(started_at, clock_timestamp())
 WHERE id = %s AND ended_at IS NULL AND NOT cancelled AND
       (attempt = %s OR (attempt = %s AND worker = %s))
RETURNING pack, extract(epoch FROM started_at)::double precision
"""
"""Idempotent: made again after a lost answer it begins the same attempt."""

PICTURE = "SELECT sha256, data FROM lookbook.pack_blobs WHERE sha256 = %s"
END_CANCELLED = (
    "UPDATE lookbook.runs SET ended_at = clock_timestamp(), attempt = attempt + 1 "
    "WHERE id = %s AND ended_at IS NULL AND cancelled RETURNING id"
)
CANCEL = """
UPDATE lookbook.runs run SET cancelled = true,
       ended_at = CASE WHEN NOT EXISTS (
           SELECT 1 FROM lookbook.workers worker WHERE worker.name = run.worker
              AND worker.beat_at > clock_timestamp() - make_interval(secs => %s)
       ) THEN clock_timestamp() END
 WHERE id = %s AND ended_at IS NULL RETURNING id
"""
SILENT = """
SELECT run.id
  FROM unnest(%s::text[], %s::text[]) AS asked (run, owner)
  JOIN lookbook.runs run ON run.id = asked.run
  JOIN lookbook.campaigns held ON held.account = run.account AND held.name = run.campaign
 WHERE starts_with(held.owner, asked.owner || ' #')
   AND held.heartbeat_at < clock_timestamp() - make_interval(secs => %s)
"""
NOTE_KILLED = """
UPDATE lookbook.runs
   SET killed = CASE WHEN %s::integer = ANY(killed) THEN killed ELSE killed || %s::integer END
 WHERE id = %s AND attempt = %s RETURNING cardinality(killed)
"""
"""Idempotent as well."""

LAST_LINE = 500
"""Characters that are kept of the last line that a run wrote."""


class PostgresQueue:
    """The queue (``runner.queue.port.RunQueue`` and ``runner.queue.port.WorkerQueue``).

    For one thread; close it at the end (``runner.queue.worker.ClosingQueue``).
    """

    def __init__(self, address: str) -> None:
        """Connect. Raises StorageError or UsageError."""
        self._connection = PostgresConnection(address)
        self._address = address
        self._known_schedules: PostgresSchedules | None = None

    def again(self) -> "PostgresQueue":
        """Return the same queue for another thread."""
        return PostgresQueue(self._address)

    def close(self) -> None:
        self._connection.close()

    def migrate(self) -> None:
        """Make the tables, where they are not there."""
        migrate_schema(self._connection)

    def is_there(self) -> bool:
        """Return whether the database has the tables."""
        statement = "SELECT to_regclass('lookbook.runs') IS NOT NULL"
        return bool(self._fetch(statement)[0][0])

    def _fetch(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a statement that may be made again."""
        with explain_database_errors(self._connection):
            return self._connection.fetch_again(statement, values)

    def _account(self, account: Account) -> int:
        found: int = self._fetch(ACCOUNT_ID, account.host, account.user, account.simulated)[0][0]
        return found

    # --- runs ---------------------------------------------------------------------------------

    def enqueue(self, pack: Pack, *, by: str) -> str:
        self._keep_pictures(pack)
        account = self._account(pack.account)
        values = (account, pack.campaign, PROTOCOL, pack.to_json(), by)
        while not self._fetch(ENQUEUE, run := make_id(), *values):
            if self._fetch(FIND_SAME, run, *values):  # the answer to the first time was lost
                break
            there = self._runs(
                "WHERE run.account = %s AND run.campaign = %s AND run.ended_at IS NULL",
                *(account, pack.campaign),
            )
            if there:  # else it has ended meanwhile, or the id is another's
                raise RunWaiting(there[0])
        self._keep_pictures(pack)  # again: before the run was there its pictures may be pruned
        return run

    def _keep_pictures(self, pack: Pack) -> None:
        """Keep the pictures of a pack that are not there; wait for whoever is deleting one."""
        find = "SELECT sha256 FROM lookbook.pack_blobs WHERE sha256 = ANY(%s) FOR KEY SHARE"
        keep = "INSERT INTO lookbook.pack_blobs VALUES (%s, %s) ON CONFLICT DO NOTHING RETURNING 1"
        there = {found for (found,) in self._fetch(find, [*pack.contents])}
        for content_sum, content in pack.contents.items():
            if content_sum not in there:
                self._fetch(keep, content_sum, content)

    def _runs(self, rest: str, *values: object) -> list[QueuedRun]:
        return [_read_run(row) for row in self._fetch(f"{RUNS} {rest}", *values)]

    def find(self, run: str) -> QueuedRun | None:
        return next(iter(self._runs("WHERE run.id = %s", run)), None)

    def list_runs(self, *, ended: int = 20, campaign: str | None = None) -> list[QueuedRun]:
        """Return the runs in the queue in its order, and before them the last that ``ended``."""
        meant = "WHERE coalesce(run.campaign = %s::text, true) AND run.ended_at"
        over = self._runs(
            f"{meant} IS NOT NULL ORDER BY run.ended_at DESC LIMIT %s", campaign, ended
        )
        waiting = self._runs(f"{meant} IS NULL ORDER BY run.queued_at", campaign)
        return [*reversed(over), *waiting]

    def read_output(self, run: str, *, after: int = 0) -> list[Output]:
        statement = (
            "SELECT number, error, text FROM lookbook.run_output "
            "WHERE run = %s AND number > %s ORDER BY number LIMIT 1000"
        )
        return [Output(*row) for row in self._fetch(statement, run, after)]

    def cancel(self, run: str) -> QueuedRun | None:
        """Take a run out of the queue, or ask its worker to end it; return what there was."""
        there = self.find(run)
        self._fetch(CANCEL, WORKER_DEAD_AFTER, run)
        return there

    def find_old_runs(self, age: float) -> list[str]:
        """Return the runs that ended more than so many seconds ago. Raises UsageError."""
        return find_old_runs(self._fetch, age)

    def delete_runs(self, runs: Sequence[str]) -> int:
        """Delete runs that have ended, and what only they had; return how many pictures."""
        delete_runs(self._fetch, runs)
        with explain_database_errors(self._connection):
            return self._connection.repeat(lambda: delete_unused_pictures(self._connection))

    # --- schedules ----------------------------------------------------------------------------

    def add_schedule(self, pack: Pack, cron: str, zone: str, *, by: str) -> str:
        """Run a pack at the times of a cron expression; return the schedule's id."""
        self._keep_pictures(pack)
        name = self._schedules().add(pack, self._account(pack.account), cron, zone, by=by)
        self._keep_pictures(pack)  # again, as of a run
        return name

    def list_schedules(self) -> "list[Schedule]":
        return self._schedules().find()

    def remove_schedule(self, schedule: str) -> bool:
        """Forget a schedule; return whether there was one."""
        return self._schedules().remove(schedule)

    def start_due(self, accounts: Sequence[Account]) -> "list[Schedule]":
        """Queue what is due of accounts; return it."""
        return self._schedules().start_due(accounts)

    def _schedules(self) -> "PostgresSchedules":
        from runner.queue.postgres.schedules import PostgresSchedules

        if self._known_schedules is None:
            self._known_schedules = PostgresSchedules(self._fetch)
        return self._known_schedules

    # --- workers ------------------------------------------------------------------------------

    def list_workers(self) -> list[WorkerSeen]:
        found: dict[str, WorkerSeen] = {}
        accounts: dict[str, list[Account]] = {}
        for name, slots, version, protocol, started, silent, *account in self._fetch(WORKERS):
            if account[0] is not None:
                host, user, simulated = account
                accounts.setdefault(name, []).append(Account(host, user, simulated=simulated))
            served = tuple(accounts.get(name, ()))
            found[name] = WorkerSeen(name, served, slots, version, protocol, started, silent)
        return [*found.values()]

    def find_named(self, name: str) -> Account | None:
        statement = (
            'SELECT host, "user", simulated FROM lookbook.account_names named '
            "JOIN lookbook.accounts account ON account.id = named.account WHERE named.name = %s"
        )
        for host, user, simulated in self._fetch(statement, name):
            return Account(host, user, simulated=simulated)
        return None

    def name_account(self, name: str, account: Account) -> Account:
        self._fetch(
            "INSERT INTO lookbook.account_names VALUES (%s, %s) ON CONFLICT DO NOTHING RETURNING 1",
            *(name, self._account(account)),
        )
        return self.find_named(name) or account

    def enlist(self, worker: str, accounts: Sequence[Account], slots: int) -> None:
        statement = (
            "INSERT INTO lookbook.workers (name, version, protocol, slots) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (name) DO UPDATE SET beat_at = clock_timestamp() RETURNING 1"
        )
        self._fetch(statement, worker, __version__, PROTOCOL, slots)
        for account in accounts:
            self._fetch(
                "INSERT INTO lookbook.worker_accounts VALUES (%s, %s) ON CONFLICT DO NOTHING "
                "RETURNING 1",
                *(worker, self._account(account)),
            )

    def beat(self, worker: str) -> bool:
        statement = (
            "UPDATE lookbook.workers SET beat_at = clock_timestamp() WHERE name = %s RETURNING 1"
        )
        return bool(self._fetch(statement, worker))

    def leave(self, worker: str) -> None:
        self._fetch("DELETE FROM lookbook.workers WHERE name = %s RETURNING 1", worker)

    def remove_dead_workers(self) -> list[str]:
        statement = (
            "DELETE FROM lookbook.workers WHERE beat_at < clock_timestamp() - "
            "make_interval(secs => %s) RETURNING name"
        )
        return [name for (name,) in self._fetch(statement, WORKER_DEAD_AFTER)]

    # --- carrying out -------------------------------------------------------------------------

    def find_new(self, accounts: Sequence[Account]) -> list[QueuedRun]:
        wanted = set(accounts)
        new = self._runs(
            "WHERE NOT run.handed_over AND run.ended_at IS NULL AND run.protocol = %s "
            "ORDER BY run.queued_at",
            PROTOCOL,
        )
        return [run for run in new if run.account in wanted]

    def note_handed_over(self, run: str) -> None:
        self._fetch("UPDATE lookbook.runs SET handed_over = true WHERE id = %s RETURNING 1", run)

    def begin(self, run: str, worker: str) -> BegunRun | None:
        while (there := self.find(run)) is not None and there.ended_at is None:
            if there.cancelled:
                self._fetch(END_CANCELLED, run)
                return None
            last, attempt = there.attempt, there.attempt + 1
            rows = self._fetch(BEGIN, attempt, worker, run, last, attempt, worker)
            for pack, started_at in rows:  # none where another worker was faster
                begun = replace(there, attempt=attempt, worker=worker, started_at=started_at)
                return BegunRun(begun, pack)
        return None

    def read_pictures(self, begun: BegunRun) -> BegunRun:
        contents: dict[str, bytes] = {}
        with explain_database_errors(self._connection):
            for checksum in {*begun.read_pack().pictures.values()}:
                contents.update(self._connection.repeat(partial(self._read_picture, checksum)))
        return replace(begun, contents=contents)

    def _read_picture(self, checksum: str) -> list[tuple[Any, ...]]:
        """Return one picture's row, in time for a large one over a slow line."""
        with self._connection.view():
            return self._connection.fetch(PICTURE, (checksum,))

    def is_wanted(self, begun: BegunRun) -> bool:
        there = self.find(begun.run.run)
        return there is not None and there.attempt == begun.attempt and not there.cancelled

    def find_silent(self, pids: Mapping[str, int]) -> list[str]:
        """Return those of some runs whose process holds its campaign and shows no sign of life."""
        owners = [name_owner(pid) for pid in pids.values()]
        return [run for (run,) in self._fetch(SILENT, [*pids], owners, WORKER_DEAD_AFTER)]

    def note_killed(self, begun: BegunRun) -> int:
        attempt = begun.attempt
        rows = self._fetch(NOTE_KILLED, attempt, attempt, begun.run.run, attempt)
        return sum(kills for (kills,) in rows)  # none where another worker has it now

    def write_output(self, begun: BegunRun, text: str, *, error: bool) -> None:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        statement = (
            "WITH mine AS (UPDATE lookbook.runs SET message = coalesce(%s, message) "
            "WHERE id = %s AND attempt = %s RETURNING id) "
            "INSERT INTO lookbook.run_output (run, error, text) SELECT id, %s, %s FROM mine "
            "RETURNING number"
        )
        text = text.replace("\0", "\ufffd")  # which no text of PostgreSQL can have
        last = lines[-1][:LAST_LINE].replace("\0", "\ufffd") if lines and error else None
        self._fetch(statement, last, begun.run.run, begun.attempt, error, text)

    def end(self, begun: BegunRun, exit_code: int) -> bool:
        statement = (
            "UPDATE lookbook.runs SET ended_at = coalesce(ended_at, clock_timestamp()), "
            "exit_code = %s WHERE id = %s AND attempt = %s RETURNING 1"
        )
        return bool(self._fetch(statement, exit_code, begun.run.run, begun.attempt))


def _read_run(row: Sequence[Any]) -> QueuedRun:
    run, host, user, simulated, campaign, queued_at, queued_by, attempt, worker, *rest = row
    account = Account(host, user, simulated=simulated)
    return QueuedRun(run, account, campaign, queued_at, queued_by, attempt, worker, *rest)
