"""A campaign's ledger in PostgreSQL, held by this process as a lock holds a file."""

import os
import socket
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

from runner.ledger.backend import Elsewhere
from runner.ledger.ledger import CampaignLedger
from runner.ledger.postgres.backend import PostgresBackend
from runner.ledger.postgres.connection import PostgresConnection, explain_database_errors
from runner.takes import Account

BEAT = 1.0
"""Seconds between two heartbeats."""


class SharedLedger(CampaignLedger):
    """An open ledger that nobody else writes. Close it, or it is free some seconds after the end.

    Raises LedgerClaimed where another process holds it, StorageError, or UsageError.
    """

    def __init__(
        self, address: str, account: Account, campaign: str, *, concurrency: int, **settings: Any
    ) -> None:
        connection = PostgresConnection(address)
        with ExitStack() as undo:
            undo.callback(connection.close)
            connection.repeat(connection.migrate)
            with explain_database_errors(connection):
                self._shared = PostgresBackend.make(
                    connection, account, campaign, concurrency=concurrency
                )
                self._shared.claim(f"process {os.getpid()} on {socket.gethostname()}")
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

    def close(self) -> None:
        """Finish what is queued, and leave the campaign to whoever comes next."""
        self._heartbeat.stop()
        self._shared.release_soon()
        super().close()


class Heartbeat:
    """A thread that stamps each second that this process lives, until it is fenced or stopped.

    It has a connection of its own: the ledger's may wait for an account's row. A process that is
    stopped (SIGSTOP) stamps nothing, and may be taken for dead: it is fenced then.
    """

    def __init__(self, backend: PostgresBackend, address: str) -> None:
        self._backend = backend
        self._address = address
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to stamp."""
        self._thread.start()

    def stop(self) -> None:
        """Stamp no more."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _beat(self) -> None:
        connection: PostgresConnection | None = None
        while not self._ended.wait(BEAT):
            try:
                connection = connection or PostgresConnection(self._address)
                if not self._backend.beat(connection):
                    break
            except Exception:  # noqa: BLE001 - whatever it is, the claim stands, and it may pass
                if connection is not None:
                    connection.close()
                connection = None
        if connection is not None:
            connection.close()
