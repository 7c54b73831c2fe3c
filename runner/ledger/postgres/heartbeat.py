"""What shows other machines that the holder of a campaign lives."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio

from runner.ledger.postgres.backend import PostgresBackend
from runner.ledger.postgres.connection import PostgresConnection

BEAT = 1.0
"""Seconds between two heartbeats, and for which a sign of the event loop counts as of now."""

MAX_COMPUTATION = 60.0
"""Seconds for which a loop that announced a long computation counts as alive without a sign."""


class Heartbeat:
    """A thread that stamps each second that this process lives, until it is fenced or stopped.

    While a run is under way it stamps when its event loop was last seen to go on: a loop that hangs
    is taken for dead like a process that was stopped (SIGSTOP), and may be fenced. It has a
    connection of its own: the ledger's may wait for an account's row.
    """

    def __init__(
        self,
        backend: PostgresBackend,
        address: str,
        *,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._backend = backend
        self._address = address
        self._timer = timer
        self._seen_at: float | None = None
        """When the loop was last seen to go on, or until when it is not asked; None: no loop."""
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

    async def follow_loop(self) -> None:
        """Sign as long as the event loop goes on; ends by cancellation."""
        try:
            while True:
                self._sign(0.0)
                await anyio.sleep(BEAT / 2)
        finally:
            self._seen_at = None

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Count the loop as alive while it computes for long, within ``MAX_COMPUTATION``."""
        self._sign(MAX_COMPUTATION)
        try:
            yield
        finally:
            self._sign(0.0)

    def _sign(self, ahead: float) -> None:
        self._seen_at = self._timer() + ahead

    def age(self) -> float:
        """Return for how many seconds the process has shown no sign of life; 0 while it does."""
        seen_at = self._seen_at
        age = 0.0 if seen_at is None else self._timer() - seen_at
        return 0.0 if age <= BEAT else age

    def _beat(self) -> None:
        connection: PostgresConnection | None = None
        while not self._ended.wait(BEAT):
            try:
                connection = connection or PostgresConnection(self._address)
                if not self._backend.beat(connection, age=self.age()):
                    break
            except Exception:  # noqa: BLE001 - whatever it is, the claim stands, and it may pass
                if connection is not None:
                    connection.close()
                connection = None
        if connection is not None:
            connection.close()
