"""The database in which several machines keep their ledgers, named by an address.

Nothing of PostgreSQL is imported before somebody names one.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from runner.errors import UsageError
from runner.extras import install_command
from runner.ledger.cluster import Cluster
from runner.ledger.location import LedgerLocation
from runner.policy.budget import CountedPrice, MonthCeiling
from runner.takes import Account


class LedgerDatabase(Protocol):
    """Holds the ledgers of campaigns; ``name`` says for people which it is, without who asks."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def address(self) -> str:
        """Its address, which may carry a password: for what connects to it, and for no text."""

    def find_ledger(self, account: Account, campaign: str) -> LedgerLocation:
        """Return where a campaign's ledger lives, or will."""

    def find_accounts(self, campaign: str) -> list[Account]:
        """Return the accounts that have a campaign of this name there."""

    def find_ceilings(
        self, account: Account, campaign: str, counted: Iterable[CountedPrice]
    ) -> list[MonthCeiling]:
        """Return the ceilings of this month that hold for an account.

        ``counted`` is what takes of ``campaign`` would count at in a run that is about to begin.
        """

    def open_cluster(self) -> AbstractContextManager[Cluster | None]:
        """Open what operates the database; None where it has no ledgers yet."""


class SharedLedgers(NamedTuple):
    """The database that a command was given, and the option that names it in another command.

    The option carries no password, and is empty where the environment names the database.
    """

    database: LedgerDatabase
    option: tuple[str, ...] = ()


class PostgresDatabase:
    """A PostgreSQL database (``runner.ledger.shared.LedgerDatabase``)."""

    def __init__(self, address: str, name: str) -> None:
        self.address = address
        self.name = name

    def find_ledger(self, account: Account, campaign: str) -> LedgerLocation:
        """Return where a campaign's ledger lives."""
        from runner.ledger.postgres.location import DatabaseLocation

        return DatabaseLocation(self.address, self.name, account, campaign)

    def find_accounts(self, campaign: str) -> list[Account]:
        """Return the accounts that have a campaign of this name."""
        from runner.ledger.postgres.location import find_accounts

        return find_accounts(self.address, campaign)

    def find_ceilings(
        self, account: Account, campaign: str, counted: Iterable[CountedPrice]
    ) -> list[MonthCeiling]:
        from runner.ledger.postgres.location import read_ceilings

        return read_ceilings(self.address, account, campaign, counted)

    def open_cluster(self) -> AbstractContextManager[Cluster | None]:
        """Open what operates the database."""
        from runner.ledger.postgres.cluster import open_cluster

        return open_cluster(self.address)


class NamedDatabase(NamedTuple):
    """A database, the passwords that its address carries, and the address without them."""

    database: LedgerDatabase
    passwords: tuple[str, ...]
    shown: str


def open_database(address: str) -> NamedDatabase:
    """Return the database that an address names; nobody is asked yet.

    Raises UsageError for what is no address, and where the extra is not installed.
    """
    try:
        from runner.ledger.postgres.address import describe_address, split_secrets
    except ImportError:
        raise UsageError(
            "A shared ledger needs the extra `distributed`, which is not installed.",
            hint=f"Install it: {install_command('distributed')}",
        ) from None
    name = describe_address(address)
    return NamedDatabase(PostgresDatabase(address, name), *split_secrets(address))
