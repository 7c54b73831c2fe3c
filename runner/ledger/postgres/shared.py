"""A campaign's ledger in PostgreSQL, held by this process as a lock holds a file."""

import os
import socket
import threading
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

from runner.errors import LookbookError
from runner.ledger.ledger import CampaignLedger
from runner.ledger.neighbours import FACTS, KnownFacts, KnownTakes
from runner.ledger.postgres.backend import PostgresBackend
from runner.ledger.postgres.connection import ConnectionLost, PostgresConnection
from runner.takes import Account, AccountFacts, Neighbours

BEAT = 1.0
"""Seconds between two heartbeats."""


class SharedLedger(CampaignLedger):
    """An open ledger that nobody else writes. Close it, or it is free some seconds after the end.

    Raises LedgerLocked where another process holds it, StorageError, or UsageError.
    """

    def __init__(
        self, address: str, account: Account, campaign: str, *, concurrency: int, **settings: Any
    ) -> None:
        connection = PostgresConnection(address)
        try:
            connection.migrate()
            self._shared = PostgresBackend(connection, account, campaign, concurrency=concurrency)
            self._shared.claim(f"process {os.getpid()} on {socket.gethostname()}")
            self._heartbeat = Heartbeat(self._shared, address)
            super().__init__(self._shared, **settings)
        except BaseException:
            connection.close()
            raise
        self._heartbeat.start()

    def read_neighbours(self) -> Neighbours:
        """Read what the account's other campaigns hold."""
        found = KnownTakes()
        rows = self.store.ask(self._shared.takes_besides)
        for campaign, of_it in groupby(sorted(rows, key=itemgetter(0)), key=itemgetter(0)):
            found.add(campaign, (row[1:] for row in of_it))
        return found.to_neighbours()

    def read_account_facts(self) -> AccountFacts:
        """Read what the account's other campaigns learned of it."""
        found = KnownFacts()
        rows = self.store.ask(partial(self._shared.facts_besides, FACTS))
        for campaign, of_it in groupby(rows, key=itemgetter(0)):
            found.add(campaign, (row[1:] for row in of_it))
        return found.to_facts()

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
            except (ConnectionLost, LookbookError):  # it is away: the claim stands meanwhile
                if connection is not None:
                    connection.close()
                connection = None
        if connection is not None:
            connection.close()
