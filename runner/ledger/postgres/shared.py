"""A campaign's ledger in PostgreSQL, held by this process as a lock holds a file."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from typing import Any

import anyio

from runner.ledger.backend import Elsewhere
from runner.ledger.ledger import CampaignLedger
from runner.ledger.postgres.backend import PostgresBackend
from runner.ledger.postgres.connection import PostgresConnection, explain_database_errors
from runner.ledger.postgres.heartbeat import Heartbeat
from runner.ledger.postgres.owner import name_owner
from runner.ledger.postgres.places import find_listener
from runner.ledger.postgres.schema import migrate_schema
from runner.takes import Account


class SharedLedger(CampaignLedger):
    """An open ledger that nobody else writes. Close it, or it is free some seconds after the end.

    Raises LedgerClaimed where another process holds it, StorageError, or UsageError.
    """

    def __init__(
        self, address: str, account: Account, campaign: str, *, concurrency: int, **settings: Any
    ) -> None:
        self._address = address
        connection = PostgresConnection(address)
        with ExitStack() as undo:
            undo.callback(connection.close)
            migrate_schema(connection)
            with explain_database_errors(connection):
                self._shared = PostgresBackend.make(
                    connection, account, campaign, concurrency=concurrency
                )
                self._shared.claim(name_owner())
            self._heartbeat = Heartbeat(self._shared, address)
            self._heartbeat.start()  # a large ledger takes longer to load than a claim holds
            undo.callback(self._heartbeat.stop)
            super().__init__(self._shared, is_remote=True, **settings)
            undo.pop_all()

    @property
    def elsewhere(self) -> Elsewhere:
        """Return what knows the account's other campaigns in the database: itself."""
        return self

    def takes_besides(self) -> Sequence[tuple[Any, ...]]:
        """Return what the account's other campaigns hold."""
        return self.store.ask(self._shared.takes_besides)

    def facts_besides(self, kinds: Sequence[str]) -> Sequence[tuple[Any, ...]]:
        """Return what the account's other campaigns learned of it."""
        return self.store.ask(partial(self._shared.facts_besides, kinds))

    def others_bought(self) -> bool:
        """Return whether the account's other campaigns bought since this was opened."""
        return self.store.ask(self._shared.moved_besides)

    async def keep_alive(self) -> None:
        """Show other machines that the event loop goes on; ends by cancellation."""
        await self._heartbeat.follow_loop()

    def computing(self) -> AbstractContextManager[None]:
        """Count the event loop as alive while it computes for long."""
        return self._heartbeat.computing()

    def await_place(self, since: float) -> AbstractContextManager[anyio.Event]:
        """Wait for a place of the account, in line with this process's other campaigns."""
        return find_listener(self._address).wait(self._shared.account, since)

    def close(self) -> None:
        """Finish what is queued, and leave the campaign to whoever comes next."""
        self._heartbeat.stop()
        self._shared.release_soon()
        super().close()
