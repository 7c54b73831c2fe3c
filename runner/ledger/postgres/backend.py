"""A campaign's rows in PostgreSQL (``runner.ledger.backend.Backend``), written by one claimant.

Who claims a campaign raises its epoch. Every transaction begins with ``lookbook.advance``, which
moves the number of the last event where epoch and number are as expected: whoever was fenced, or
lost its connection in the middle of a commit, cannot write past it.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from runner.errors import LedgerClaimed, LedgerDamaged, LookbookError
from runner.ledger.backend import Changes, TransactionUndone
from runner.ledger.postgres.account import DEAD_AFTER, AccountPacer
from runner.ledger.postgres.connection import (
    LENGTHEN,
    ConnectionLost,
    Fenced,
    PostgresConnection,
    explain_database_errors,
)
from runner.ledger.postgres.decisions import CampaignDecisions
from runner.ledger.postgres.erasing import erase_facts
from runner.ledger.postgres.owner import find_owner, name_claim
from runner.ledger.postgres.places import notify
from runner.ledger.postgres.schema import is_migrated
from runner.ledger.postgres.statements import list_statements, make_fence
from runner.takes import Account

MANY = 500
"""A commit of more events, such as an import, may take longer than others."""

_CLAIM = (
    "UPDATE lookbook.campaigns SET epoch = epoch + 1, owner = %s, "
    "claimed_at = clock_timestamp(), heartbeat_at = clock_timestamp() WHERE id = %s "
    "AND (heartbeat_at IS NULL OR heartbeat_at < clock_timestamp() - make_interval(secs => %s)) "
    "RETURNING epoch, seq"
)
_BEAT = (
    "UPDATE lookbook.campaigns SET heartbeat_at = clock_timestamp() "
    "- make_interval(secs => %s) WHERE id = %s AND epoch = %s RETURNING id"
)
_IS_OURS = (
    "SELECT epoch, seq FROM lookbook.campaigns WHERE owner = %s AND id = %s "
    "AND heartbeat_at > clock_timestamp() - make_interval(secs => %s)"
)


def _label(connection: PostgresConnection, account: Account, campaign: str) -> str:
    return f"{campaign} of {account.label} on {connection.name}"


class PostgresBackend(CampaignDecisions):
    """The rows of one campaign. Nothing is written before it is claimed."""

    def __init__(
        self, connection: PostgresConnection, ids: tuple[int, int], label: str, concurrency: int = 1
    ) -> None:
        """Take the ids of an account and of its campaign; ``label`` names it for people.

        ``concurrency`` is how many looks of the account this process wants in progress at most.
        """
        self.account, campaign = ids
        super().__init__(connection, campaign)
        self.pacer = AccountPacer(connection, self.account, concurrency)
        self._label = label
        self._epoch: int | None = None
        self._releases = False
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
        return bool(connection.fetch(_BEAT, (age, self._campaign, self._epoch)))

    def release(self) -> None:
        """Leave the campaign to whoever comes next, at once."""
        self._fetch(
            "UPDATE lookbook.campaigns SET owner = NULL, claimed_at = NULL, heartbeat_at = NULL "
            "WHERE id = %s AND epoch = %s RETURNING id",
            self._campaign,
            self._epoch,
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
            is_long = len(changes.events) > MANY
            longer = LENGTHEN if is_long else ()
            # It holds the campaign's row, so no heartbeat comes through: it is the next one itself.
            alive = ((_BEAT, (0.0, self._campaign, self._epoch)),) if is_long else ()
            every = [*begin, *longer, *statements, *alive, *free]
            self._connection.run(every, ready=ready)
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
