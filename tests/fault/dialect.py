"""The few statements that the product asks PostgreSQL, as SQLite understands them.

The tables, functions and triggers of ``runner/ledger/postgres/*.sql`` are written down here once
more, as far as a campaign's ledger needs them; what a statement means otherwise is the product's.
"""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import errors

from runner.ledger.postgres.ceilings import (
    CEILINGS,
    COUNT_ROWS,
    LOCK_TOTAL_CEILING,
    RECOUNTED,
)
from runner.ledger.postgres.connection import FENCED
from runner.ledger.postgres.schema import _read_migrations
from runner.ledger.postgres.statements import _COUNT_AT, _EVENTS
from runner.takes import COUNTING, Take
from tests.fault.chance import month_of

__all__ = ["VIEWED", "Rows", "SqliteTables"]

VIEWED = ("takes", "events", "picks", "assets", "meta")
"""What is judged of a campaign."""

_TAKE = ", ".join(Take.__dataclass_fields__)

SCHEMA = f"""
CREATE TABLE migrations (version INTEGER PRIMARY KEY);
CREATE TABLE expansions (version INTEGER PRIMARY KEY);
CREATE TABLE accounts (id INTEGER PRIMARY KEY, host, "user", simulated, pace DEFAULT '{{}}',
    paused_by, paused_at, UNIQUE (host, "user", simulated));
CREATE TABLE campaigns (id INTEGER PRIMARY KEY, account, name, epoch DEFAULT 0, seq DEFAULT 0,
    owner, claimed_at, heartbeat_at, counts_at DEFAULT '{{}}', UNIQUE (account, name));
CREATE TABLE meta (campaign, key, value, PRIMARY KEY (campaign, key));
CREATE TABLE events (campaign, seq INTEGER, at REAL, run, take, kind, facts,
    PRIMARY KEY (campaign, seq));
CREATE TABLE takes (campaign, {_TAKE}, moved_at REAL, bought_at REAL, PRIMARY KEY (campaign, uid));
CREATE TABLE picks (campaign, look, take, PRIMARY KEY (campaign, look));
CREATE TABLE assets (campaign, sha256, asset_id, PRIMARY KEY (campaign, sha256));
CREATE TABLE bodies (campaign, sha256, pieces, PRIMARY KEY (campaign, sha256));
CREATE TABLE blobs (campaign, sha256, data, PRIMARY KEY (campaign, sha256));
CREATE TABLE decisions (id INTEGER PRIMARY KEY, campaign, kind, document);
CREATE TABLE ceilings (account UNIQUE, usd, set_by);
CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT raise(ABORT, 'append-only'); END;
CREATE TRIGGER events_remain BEFORE DELETE ON events BEGIN SELECT raise(ABORT, 'append-only'); END;
CREATE TRIGGER takes_are_begun AFTER INSERT ON takes WHEN NEW.moved_at IS NULL BEGIN
    UPDATE takes SET moved_at = clock_timestamp(),
        bought_at = CASE WHEN NEW.state = 'submitting' THEN clock_timestamp()
            ELSE coalesce(NEW.sent_at, NEW.accepted_at, NEW.completed_at, clock_timestamp()) END
        WHERE campaign = NEW.campaign AND uid = NEW.uid;
END;
CREATE TRIGGER takes_are_stamped AFTER UPDATE OF state ON takes
    WHEN NEW.state = 'submitting' AND OLD.state <> 'submitting' BEGIN
    UPDATE takes SET bought_at = clock_timestamp() WHERE campaign = NEW.campaign AND uid = NEW.uid;
END;
"""

_REWRITTEN = (
    (r"\blookbook\.", ""),
    (r"make_interval\(secs => %s\)", "%s"),
    (r" AT TIME ZONE 'UTC'", ""),
    (r"extract\(epoch FROM ((?:[^()]|\([^()]*\))*)\)", r"(\1)"),
    (r"::(double precision|text\[\]|text)", ""),
    (r"= ANY\(%s\)", "IN (SELECT value FROM json_each(%s))"),
    (r"<> ALL\(%s\)", "NOT IN (SELECT value FROM json_each(%s))"),
    (r"IS NOT DISTINCT FROM", "IS"),
    (r" FOR UPDATE", ""),
    (r"SELECT FROM", "SELECT 1 FROM"),
    (r"^BEGIN .*", "BEGIN"),
    (r"%s", "?"),
)


@cache
def translate(statement: str) -> str:
    """Return a statement of PostgreSQL as SQLite understands it."""
    for pattern, replacement in _REWRITTEN:
        statement = re.sub(pattern, replacement, statement)
    return statement


def _encode(value: Any) -> Any:
    """Return a value as SQLite can hold it: an array as JSON."""
    if isinstance(value, list | tuple):
        return json.dumps(value)
    return str(value) if isinstance(value, Decimal) else value


class _Fenced(errors.RaiseException):
    sqlstate = FENCED


class Rows:
    """What a statement answered."""

    def __init__(self, rows: Sequence[Sequence[Any]] = ()) -> None:
        self._rows = [tuple(row) for row in rows]

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all rows."""
        return self._rows

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the first row, None where there is none."""
        return self._rows[0] if self._rows else None

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Iterate over all rows."""
        return iter(self._rows)


class SqliteLink:
    """One connection to the stand-in, which answers as psycopg does (``shared.Link``)."""

    closed = False

    def __init__(self, rows: sqlite3.Connection, now: Callable[[], float]) -> None:
        self._rows = rows
        self._now = now

    def carry_out(self, statement: str, values: Sequence[Any]) -> Rows:
        """Carry out one statement."""
        try:
            return Rows(self._answer(statement, values))
        except sqlite3.Error as error:
            raise psycopg.DatabaseError(f"{error} ({statement})") from error

    def _answer(self, statement: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
        if statement.startswith("SET ") or "advisory" in statement:
            return []
        if statement.startswith("SELECT lookbook.advance("):
            return self._advance(*values)
        if statement == _EVENTS:
            campaign, *columns = values
            events = [(campaign, *row) for row in zip(*columns, strict=True)]
            self._rows.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", events)
            return []
        if statement in (LOCK_TOTAL_CEILING, COUNT_ROWS):
            return [(0,)]
        if statement == CEILINGS:
            return self._find_ceilings(values[0])
        if statement == _COUNT_AT:
            return self._count_at(*values)
        if statement == RECOUNTED:
            return [(self._recount(*values),)]
        told = [*map(_encode, values)]
        return self._rows.execute(translate(statement), told).fetchall()

    def _advance(self, campaign: int, epoch: int, seq: int, more: int) -> Sequence[Any]:
        """Move the number of a campaign's last event (``lookbook.advance``)."""
        done = self._rows.execute(
            "UPDATE campaigns SET seq = seq + ? WHERE id = ? AND epoch = ? AND seq = ?",
            (more, campaign, epoch, seq),
        )
        if done.rowcount != 1:
            raise _Fenced("another process has claimed this campaign")
        return []

    def _find_ceilings(self, account: int) -> list[tuple[Any, ...]]:
        """Return the ceilings that hold for an account, with what counts for this month."""
        month, found = month_of(self._now()), []
        ceilings = (
            "SELECT account, host || '/' || \"user\", usd, set_by FROM ceilings "
            "LEFT JOIN accounts ON id = account WHERE account = ? OR account IS NULL"
        )
        for whose, label, usd, set_by in self._rows.execute(ceilings, (account,)).fetchall():
            spent = self._sum_spent(whose, month)
            found.append((label, month, Decimal(str(usd)), spent, set_by))
        return found

    def _sum_spent(self, account: int | None, month: str) -> Decimal:
        """Return what the takes of an account, or of all, count for a month."""
        campaigns = "SELECT id, counts_at FROM campaigns WHERE ? IN (account, 'all')"
        found = self._rows.execute(campaigns, ("all" if account is None else account,)).fetchall()
        counted = [self._sum_counted(one, month, json.loads(least)) for one, least in found]
        return sum(counted, Decimal(0))

    def _sum_counted(self, campaign: int, month: str, at_least: Mapping[str, str]) -> Decimal:
        """Return what a campaign's takes count for a month, each kind at a price at least."""
        takes = "SELECT kind, price, billing, bought_at FROM takes WHERE campaign = ?"
        counted = [
            max(Decimal(price), Decimal(at_least.get(kind, price)))
            for kind, price, billing, bought_at in self._rows.execute(takes, (campaign,))
            if billing in COUNTING and month_of(bought_at) == month
        ]
        return sum(counted, Decimal(0))

    def _count_at(self, campaign: int, kind: str, usd: Decimal, is_open: bool) -> Sequence[Any]:
        """Change what a campaign's takes of a kind count at (``lookbook.count_at``)."""
        known = json.loads(self._one("SELECT counts_at FROM campaigns WHERE id = ?", campaign))
        if is_open or (kind in known and Decimal(known[kind]) > usd):
            change = "UPDATE campaigns SET counts_at = ? WHERE id = ?"
            self._rows.execute(change, (json.dumps(known | {kind: str(usd)}), campaign))
        return []

    def _recount(self, kind: str, usd: Decimal, is_open: bool, account: int, name: str) -> Decimal:
        """Return what that would add to this month."""
        campaign = self._one(
            "SELECT id FROM campaigns WHERE (account, name) = (?, ?)", account, name
        )
        of_it = "SELECT counts_at FROM campaigns WHERE id = ?"
        before, month = json.loads(self._one(of_it, campaign)), month_of(self._now())
        was = self._sum_counted(campaign, month, before)
        self._rows.execute("SAVEPOINT recount")
        self._count_at(campaign, kind, usd, is_open)
        more = self._sum_counted(campaign, month, json.loads(self._one(of_it, campaign))) - was
        self._rows.execute("ROLLBACK TO recount")
        self._rows.execute("RELEASE recount")
        return more

    def _one(self, question: str, *values: Any) -> Any:
        return self._rows.execute(question, values).fetchone()[0]

    def commit(self, *, wait: bool) -> None:
        """Commit."""
        self._rows.execute("COMMIT")

    def roll_back(self) -> None:
        """End a transaction that is open."""
        if not self.closed and self._rows.in_transaction:
            self._rows.execute("ROLLBACK")

    def pipeline(self) -> AbstractContextManager[object]:
        """Send statements together."""
        return nullcontext()

    def close(self) -> None:
        """Close it; nothing of an open transaction is kept."""
        self.roll_back()
        self.closed = True
        self._rows.close()


class SqliteTables:
    """The tables of a shared database in an SQLite file (``shared.Tables``)."""

    def __init__(self, folder: Path, now: Callable[[], float]) -> None:
        self._path = folder / "database"
        self._now = now
        with closing(self._connect()) as rows:
            rows.executescript(SCHEMA)
            numbers = [(number,) for number in range(1, 1 + len(_read_migrations()))]
            rows.executemany("INSERT INTO migrations VALUES (?)", numbers)

    def _connect(self) -> sqlite3.Connection:
        def describe(at: float | None, _form: str) -> str | None:
            return None if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"

        rows = sqlite3.connect(self._path, isolation_level=None)
        rows.execute("PRAGMA journal_mode = MEMORY")
        rows.execute("PRAGMA synchronous = OFF")
        for name in ("clock_timestamp", "now"):
            rows.create_function(name, 0, self._now)
        rows.create_function("to_char", 2, describe)
        for name in ("to_regclass", "to_regproc"):
            rows.create_function(name, 1, lambda name: name)
        return rows

    def open(self) -> SqliteLink:
        """Open a connection."""
        return SqliteLink(self._connect(), self._now)

    def ask(self, query: str, *values: object) -> list[Any]:
        """Return what is committed now."""
        with closing(self._connect()) as rows:
            return rows.execute(translate(query), values).fetchall()

    def view(self, campaign: int) -> sqlite3.Connection:
        """Open the rows of one campaign, under the names that a file has."""
        rows = self._connect()
        for table in VIEWED:
            rows.execute(
                f"CREATE TEMP VIEW {table} AS SELECT * FROM main.{table} "
                f"WHERE campaign = {campaign}"
            )
        return rows

    def copy(self) -> None:
        """Keep a copy of everything, as a nightly backup does."""
        self._path.with_suffix(".copy").write_bytes(self._path.read_bytes())

    def restore(self) -> None:
        """Put the copy in the place of what is there."""
        self._path.write_bytes(self._path.with_suffix(".copy").read_bytes())

    def close(self) -> None:
        """Do nothing: nobody is connected any more."""
