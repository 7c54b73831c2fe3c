"""A campaign's rows in PostgreSQL (``runner.ledger.backend.Backend``), written by one claimant.

Who claims a campaign raises its epoch. Every transaction begins with ``lookbook.advance``, which
moves the number of the last event where epoch and number are as expected: whoever was fenced, or
lost its connection in the middle of a commit, cannot write past it.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from runner.errors import LedgerClaimed, LedgerDamaged, LookbookError
from runner.ledger.backend import Changes, EventRow, QueuedDecision, TransactionUndone
from runner.ledger.bodies import join_body, list_blobs
from runner.ledger.postgres.account import DEAD_AFTER, AccountPacer
from runner.ledger.postgres.connection import (
    ConnectionLost,
    Fenced,
    PostgresConnection,
    explain_database_errors,
)
from runner.ledger.postgres.erasing import erase_facts
from runner.ledger.postgres.owner import find_owner, name_claim
from runner.ledger.postgres.places import notify
from runner.ledger.postgres.schema import is_migrated, migrate_schema
from runner.ledger.postgres.statements import TAKE_COLUMNS, list_statements, make_fence
from runner.takes import Account

_EVENT = "SELECT seq, at, run, take, kind, facts FROM lookbook.events WHERE campaign = %s"


_CLAIM = (
    "UPDATE lookbook.campaigns SET epoch = epoch + 1, owner = %s, "
    "claimed_at = clock_timestamp(), heartbeat_at = clock_timestamp() WHERE id = %s "
    "AND (heartbeat_at IS NULL OR heartbeat_at < clock_timestamp() - make_interval(secs => %s)) "
    "RETURNING epoch, seq"
)
_IS_OURS = (
    "SELECT epoch, seq FROM lookbook.campaigns WHERE owner = %s AND id = %s "
    "AND heartbeat_at > clock_timestamp() - make_interval(secs => %s)"
)


def _label(connection: PostgresConnection, account: Account, campaign: str) -> str:
    return f"{campaign} of {account.label} on {connection.name}"


class PostgresBackend:
    """The rows of one campaign. Nothing is written before it is claimed."""

    def __init__(
        self, connection: PostgresConnection, ids: tuple[int, int], label: str, concurrency: int = 1
    ) -> None:
        """Take the ids of an account and of its campaign; ``label`` names it for people.

        ``concurrency`` is how many looks of the account this process wants in progress at most.
        """
        self._connection = connection
        self.account, self._campaign = ids
        self.pacer = AccountPacer(connection, self.account, concurrency)
        self._label = label
        self._epoch: int | None = None
        self._releases = False
        self._in_view = False
        self._seq = 0

    @classmethod
    def find(
        cls, connection: PostgresConnection, account: Account, campaign: str
    ) -> "PostgresBackend | None":
        """Open a campaign's rows for reading; None where there are none."""
        if not is_migrated(connection):
            return None
        statement = (
            "SELECT account.id, campaign.id FROM lookbook.accounts account "
            "JOIN lookbook.campaigns campaign ON campaign.account = account.id "
            'WHERE (host, "user", simulated, name) = (%s, %s, %s, %s)'
        )
        values = (account.host, account.user, account.simulated, campaign)
        found = connection.repeat(lambda: connection.fetch(statement, values))
        label = _label(connection, account, campaign)
        return cls(connection, found[0], label) if found else None

    @classmethod
    def make(
        cls,
        connection: PostgresConnection,
        account: Account,
        campaign: str,
        *,
        concurrency: int = 1,
    ) -> "PostgresBackend":
        """Open a campaign's rows for writing; whoever comes first makes its own row."""

        def insert(statement: str, *values: object) -> int:
            found: int = connection.repeat(lambda: connection.fetch(statement, values))[0][0]
            return found

        mine = insert(
            'INSERT INTO lookbook.accounts (host, "user", simulated) VALUES (%s, %s, %s) '
            'ON CONFLICT (host, "user", simulated) DO UPDATE SET host = excluded.host RETURNING id',
            account.host,
            account.user,
            account.simulated,
        )
        row = insert(
            "INSERT INTO lookbook.campaigns (account, name) VALUES (%s, %s) "
            "ON CONFLICT (account, name) DO UPDATE SET name = excluded.name RETURNING id",
            mine,
            campaign,
        )
        label = _label(connection, account, campaign)
        return cls(connection, (mine, row), label, concurrency)

    # --- claiming -----------------------------------------------------------------------------

    def claim(self, owner: str) -> None:
        """Become the only writer. Raises LedgerClaimed where another process is alive and is it.

        From here on every earlier writer is fenced. ``owner`` says who it is (``name_owner``), and
        may be said of several: containers have process 1 each.
        """
        values = (name_claim(owner), self._campaign, DEAD_AFTER)
        try:
            rows = self._connection.fetch(_CLAIM, values)
        except ConnectionLost:  # it may have been committed all the same: then it is ours
            rows = self._fetch(_IS_OURS, *values) or self._fetch(_CLAIM, *values)
        if not rows:
            raise LedgerClaimed(
                f"Another run holds the ledger {self._label}: {self._holder()}.",
                hint="Wait for it to end, or end it; what it bought is recorded either way.",
            )
        self._epoch, self._seq = rows[0]

    def _holder(self) -> str:
        statement = (
            "SELECT owner, to_char(claimed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') "
            "FROM lookbook.campaigns WHERE id = %s"
        )
        owner, since = self._fetch(statement, self._campaign)[0]
        return f"{find_owner(owner)}, since {since} UTC"

    def is_held(self) -> bool:
        """Return whether a living process is the writer."""
        statement = (
            "SELECT heartbeat_at > clock_timestamp() - make_interval(secs => %s) "
            "FROM lookbook.campaigns WHERE id = %s"
        )
        return bool(self._fetch(statement, DEAD_AFTER, self._campaign)[0][0])

    def beat(self, connection: PostgresConnection, *, age: float = 0.0) -> bool:
        """Stamp that the claimant lived ``age`` seconds ago; return whether it is the claimant.

        Over a connection of its own: this one may be waiting.
        """
        rows = connection.fetch(
            "UPDATE lookbook.campaigns SET heartbeat_at = clock_timestamp() "
            "- make_interval(secs => %s) WHERE id = %s AND epoch = %s RETURNING id",
            (age, self._campaign, self._epoch),
        )
        return bool(rows)

    def release(self) -> None:
        """Leave the campaign to whoever comes next, at once."""
        self._fetch(
            "UPDATE lookbook.campaigns SET owner = NULL, claimed_at = NULL, heartbeat_at = NULL "
            "WHERE id = %s AND epoch = %s RETURNING id",
            self._campaign,
            self._epoch,
        )

    # --- reading ------------------------------------------------------------------------------

    @contextmanager
    def one_view(self) -> Iterator[None]:
        """Read everything in one transaction that sees one moment.

        Raises TransactionUndone where its connection is lost: half of it was read.
        """
        self._fetch("SELECT 1")  # a connection that was lost meanwhile is made anew
        self._in_view = True
        try:
            with self._connection.view():
                yield
        except ConnectionLost as error:
            raise TransactionUndone(str(error)) from error
        finally:
            self._in_view = False

    def _fetch(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a statement that may be repeated, unless it is part of a view."""
        if self._in_view:
            return self._connection.fetch(statement, values)
        return self._connection.repeat(lambda: self._connection.fetch(statement, values))

    def _mine(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self._fetch(statement, self._campaign, *values)

    def _events(self, rest: str, *values: object) -> list[EventRow]:
        return [EventRow._make(row) for row in self._mine(f"{_EVENT} {rest}", *values)]

    def _one(self, rest: str, *values: object) -> EventRow | None:
        return next(iter(self._events(rest, *values)), None)

    def meta(self) -> dict[str, str]:
        """Return whose ledger it is."""
        return dict(self._mine("SELECT key, value FROM lookbook.meta WHERE campaign = %s"))

    def takes(self) -> Iterable[Sequence[Any]]:
        """Return the rows of all takes."""
        columns = ", ".join(TAKE_COLUMNS)
        return self._mine(f"SELECT {columns} FROM lookbook.takes WHERE campaign = %s")  # noqa: S608 - our own names

    def has_takes(self) -> bool:
        """Return whether any take was ever sent."""
        return bool(
            self._mine(
                "SELECT 1 FROM lookbook.takes WHERE campaign = %s AND state <> 'planned' LIMIT 1"
            )
        )

    def picks(self) -> dict[str, str]:
        """Return the picks by look."""
        return dict(self._mine("SELECT look, take FROM lookbook.picks WHERE campaign = %s"))

    def assets(self) -> dict[str, str]:
        """Return the uploads by content."""
        return dict(self._mine("SELECT sha256, asset_id FROM lookbook.assets WHERE campaign = %s"))

    def events(self, *kinds: str) -> Iterable[EventRow]:
        """Return the events of these kinds, or all."""
        if not kinds:
            return self._events("ORDER BY seq")
        return self._events("AND kind = ANY(%s) ORDER BY seq", [*map(str, kinds)])

    def event(self, seq: int) -> EventRow | None:
        """Return one event."""
        return self._one("AND seq = %s", seq)

    def last_event(self, *besides: str) -> EventRow | None:
        """Return the last event of another kind."""
        rest = "AND kind <> ALL(%s::text[]) ORDER BY seq DESC LIMIT 1"
        return self._one(rest, [*map(str, besides)])

    def events_after(self, seq: int) -> Sequence[EventRow]:
        """Return the events with higher numbers."""
        return self._events("AND seq > %s ORDER BY seq", seq)

    def last_event_of(self, take: str | None, kind: str) -> EventRow | None:
        """Return the last event of a kind that is about a take."""
        rest = "AND take IS NOT DISTINCT FROM %s AND kind = %s ORDER BY seq DESC LIMIT 1"
        return self._one(rest, take, str(kind))

    def last_at(self) -> float:
        """Return the latest time."""
        rows = self._mine("SELECT max(at) FROM lookbook.events WHERE campaign = %s")
        return rows[0][0] or 0.0

    def body(self, sha256: str) -> bytes:
        """Return a stored body."""
        found = self._mine(
            "SELECT pieces FROM lookbook.bodies WHERE campaign = %s AND sha256 = %s", sha256
        )
        if not found:
            raise KeyError(sha256)
        wanted = list_blobs(found[0][0])
        blobs = dict(
            self._mine(
                "SELECT sha256, data FROM lookbook.blobs WHERE campaign = %s AND sha256 = ANY(%s)",
                wanted,
            )
        )
        if not blobs.keys() >= {*wanted}:
            raise ValueError(f"a piece of the stored body {sha256} is missing")
        return join_body(found[0][0], blobs, sha256)

    def takes_besides(self) -> list[tuple[Any, ...]]:
        """Return what the account's other campaigns hold: campaign, and ``KnownTakes`` of it."""
        return self._mine(
            "SELECT other.name, look || '#' || number, take.name, state, kind, avatar_id, group_id "
            "FROM lookbook.campaigns mine JOIN lookbook.campaigns other "
            "ON other.account = mine.account AND other.id <> mine.id "
            "JOIN lookbook.takes take ON take.campaign = other.id WHERE mine.id = %s "
            "ORDER BY other.name"
        )

    def facts_besides(self, kinds: Sequence[str]) -> list[tuple[Any, ...]]:
        """Return what they learned of the account: campaign, and ``KnownFacts`` of it, in order."""
        return self._mine(
            "SELECT other.name, at, kind, facts FROM lookbook.campaigns mine "
            "JOIN lookbook.campaigns other ON other.account = mine.account AND other.id <> mine.id "
            "JOIN lookbook.events event ON event.campaign = other.id "
            "WHERE mine.id = %s AND kind = ANY(%s) ORDER BY other.name, event.seq",
            [*map(str, kinds)],
        )

    def moved_besides(self) -> bool:
        """Return whether a take of another campaign of the account moved since this was claimed.

        By the database's clock.
        """
        rows = self._mine(
            "SELECT EXISTS (SELECT FROM lookbook.campaigns mine JOIN lookbook.campaigns other "
            "ON other.account = mine.account AND other.id <> mine.id "
            "JOIN lookbook.takes take ON take.campaign = other.id "
            "WHERE mine.id = %s AND take.kind <> 'existing' AND take.moved_at > mine.claimed_at)"
        )
        return bool(rows[0][0])

    # --- decisions that wait ------------------------------------------------------------------

    def queue_decision(self, kind: str, document: str) -> None:
        """Keep what a person decided for whoever writes the campaign."""
        migrate_schema(self._connection)
        self._mine(
            "INSERT INTO lookbook.decisions (campaign, kind, document) VALUES (%s, %s, %s) "
            "RETURNING id",
            kind,
            document,
        )

    def queued_decisions(self) -> list[QueuedDecision]:
        """Return what waits; nothing where an older program made the tables."""
        if self._fetch("SELECT to_regclass('lookbook.decisions') IS NULL")[0][0]:
            return []
        rows = self._mine(
            "SELECT id, kind, document FROM lookbook.decisions WHERE campaign = %s ORDER BY id"
        )
        return [QueuedDecision._make(row) for row in rows]

    def drop_decisions(self, ids: Sequence[int]) -> None:
        """Forget what was taken in."""
        self._mine(
            "DELETE FROM lookbook.decisions WHERE campaign = %s AND id = ANY(%s) RETURNING id",
            [*ids],
        )

    # --- writing ------------------------------------------------------------------------------

    def commit(self, changes: Changes, *, ready: Callable[[], None]) -> None:
        """Write all changes in one transaction, in one round trip.

        Raises TransactionUndone where nothing of them was kept and they may be made again.
        """
        try:
            begin = self.pacer.begin(changes)
            statements = list_statements(changes, self._campaign, self._epoch, self._seq)
            free = notify(self.account, changes)
            self._connection.run([*begin, *statements, *free], ready=ready)
        except ConnectionLost as error:
            self._resolve(changes, error)
        except BaseException:
            self._connection.roll_back()
            raise
        self._seq += len(changes.events)

    def _resolve(self, changes: Changes, error: ConnectionLost) -> None:
        """Find out what became of a commit whose connection was lost.

        Raises Fenced, or TransactionUndone where it is not there.
        """
        self._connection.reconnect()
        # A transaction of ours that still commits holds the row: wait for it.
        statement = "SELECT epoch, seq FROM lookbook.campaigns WHERE id = %s FOR UPDATE"
        epoch, seq = self._fetch(statement, self._campaign)[0]
        if epoch != self._epoch:
            raise Fenced
        if seq == self._seq:  # also where no event was written: the rest may be written twice
            raise TransactionUndone(str(error)) from error
        if seq != self._seq + len(changes.events):
            raise Fenced

    def erase(self, kind: str, erased: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        """Replace the facts of every event of a kind. Raises UsageError for whoever may not."""
        with explain_database_errors(self._connection):
            anew = {
                event.seq: json.dumps(erased(json.loads(event.facts)), ensure_ascii=False)
                for event in self._events("AND kind = %s", str(kind))
            }
            fence = make_fence(self._campaign, self._epoch, self._seq)
            erase_facts(self._connection, self._campaign, fence, anew)

    # --- the whole ----------------------------------------------------------------------------

    def explain(self, error: Exception) -> LookbookError | None:
        """Return what a person can do about an error of the database."""
        return self._connection.explain(error)

    def damaged(self, problem: str) -> LookbookError:
        """Return the error for rows that make no sense."""
        return LedgerDamaged(
            f"The ledger {self._label} is damaged: {problem}.",
            hint="Nothing was changed. Restore the database from a backup.",
        )

    def is_checked(self) -> bool:
        """Return whether its rows are known to be sound: they are compared each time."""
        return False

    def release_soon(self) -> None:
        """Release the campaign when it is closed."""
        self._releases = True

    def close(self, *, sound: bool) -> None:  # noqa: ARG002 - files have a checksum
        """Close the connection; a campaign that is left in order is left to anybody at once."""
        if self._releases:
            self._connection.wait_no_more()
            with suppress(ConnectionLost, LookbookError):
                self.release()
        self._connection.close()
