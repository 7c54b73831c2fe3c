"""Where one campaign's ledger lives in a database (``runner.ledger.location.LedgerLocation``)."""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from runner.errors import LookbookError
from runner.ledger.backend import Backend
from runner.ledger.ledger import CampaignLedger
from runner.ledger.postgres.backend import PostgresBackend
from runner.ledger.postgres.ceilings import find_ceilings
from runner.ledger.postgres.connection import PostgresConnection, explain_database_errors
from runner.ledger.postgres.schema import is_migrated
from runner.ledger.postgres.shared import SharedLedger
from runner.policy.budget import CountedPrice, MonthCeiling
from runner.takes import Account


class DatabaseLocation:
    """One campaign of one account, at an address."""

    def __init__(self, address: str, name: str, account: Account, campaign: str) -> None:
        self._address = address
        self._name = name
        self._account = account
        self._campaign = campaign

    def __str__(self) -> str:
        """Return the campaign, its account, and the database without who asks it."""
        return f"{self._campaign} of {self._account.label} on {self._name}"

    def read(self) -> Backend | None:
        """Open the campaign's rows for reading; nothing is made for it."""
        connection = PostgresConnection(self._address)
        try:
            with explain_database_errors(connection):
                backend = PostgresBackend.find(connection, self._account, self._campaign)
        except LookbookError:
            connection.close()
            raise
        if backend is None:
            connection.close()
        return backend

    @contextmanager
    def peek(self) -> Iterator[Backend | None]:
        """Open the campaign's rows for one small question."""
        with (
            closing(PostgresConnection(self._address)) as connection,
            explain_database_errors(connection),
        ):
            yield PostgresBackend.find(connection, self._account, self._campaign)

    def is_held(self) -> bool:
        """Return whether a living process holds the campaign, on whatever machine."""
        with (
            closing(PostgresConnection(self._address)) as connection,
            explain_database_errors(connection),
        ):
            backend = PostgresBackend.find(connection, self._account, self._campaign)
            return backend is not None and backend.is_held()

    def open(self, *, concurrency: int, **settings: Any) -> CampaignLedger:
        """Claim the campaign; the tables are made by whoever comes first."""
        return SharedLedger(
            self._address, self._account, self._campaign, concurrency=concurrency, **settings
        )


def find_accounts(address: str, campaign: str) -> list[Account]:
    """Return the accounts that a database holds a campaign of this name for."""
    with (
        closing(PostgresConnection(address)) as connection,
        explain_database_errors(connection),
    ):
        if not is_migrated(connection):
            return []
        statement = (
            'SELECT host, "user", simulated FROM lookbook.accounts account '
            "JOIN lookbook.campaigns campaign ON campaign.account = account.id "
            'WHERE campaign.name = %s AND campaign.seq > 0 ORDER BY host, "user"'
        )
        rows = connection.repeat(lambda: connection.fetch(statement, [campaign]))
    return [Account(host, user, simulated=simulated) for host, user, simulated in rows]


def read_ceilings(
    address: str, account: Account, campaign: str, counted: Iterable[CountedPrice]
) -> list[MonthCeiling]:
    """Return the ceilings of this month that hold for an account (``find_ceilings``)."""
    with (
        closing(PostgresConnection(address)) as connection,
        explain_database_errors(connection),
    ):
        return connection.repeat(lambda: find_ceilings(connection, account, campaign, counted))
