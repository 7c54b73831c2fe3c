"""Who waits for a place of an account, in this process: woken by the database, the longest first.

Whoever commits that a look has ended notifies all machines. Each process listens on one connection
and wakes as many of its campaigns as places became free. If all of them were woken, or each asked
again and again, most would be refused.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import anyio

from runner.ledger.backend import Changes
from runner.ledger.postgres.connection import PostgresConnection, Statement
from runner.policy.lifecycle import Event

CHANNEL = "lookbook_places"

LISTEN_TIMEOUT = 0.5
"""Seconds after which the listener looks whether anybody waits still."""

UNTOLD = 2.0
"""Seconds without a notification after which the longest waiting asks all the same: places become
free also without one, where a machine dies or a pause ends."""

IDLE = 60.0
"""Seconds after which a listener that nobody waits for is ended."""

KEPT = 1.0
"""Seconds for which a place that became free while nobody waited is kept for who comes next."""

FREEING = frozenset(
    {
        Event.REFUSED,
        Event.RETURNED,
        Event.NOT_BOUGHT,
        Event.CONSENT,
        Event.COMPLETED,
        Event.FAILED,
    }
)
"""The events after which a take holds no place any more."""


def notify(account: int, changes: Changes) -> list[Statement]:
    """Return what tells all machines that changes free places of an account."""
    count = sum(entry.kind in FREEING for entry in changes.events)
    payload = f"{account} {count}"
    return [("SELECT pg_notify(%s, %s)", (CHANNEL, payload))] if count else []


@dataclass(frozen=True, slots=True)
class _Waiter:
    """``since`` is when it began to wait, ``wake`` wakes it from any thread."""

    since: float
    wake: Callable[[], None]


class PlaceQueue:
    """The campaigns of this process that wait for places, by account."""

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._lock = threading.Lock()
        self._waiting: defaultdict[int, list[_Waiter]] = defaultdict(list)
        self._kept: dict[int, tuple[int, float]] = {}
        """How many places became free while nobody waited, and when."""

    @contextmanager
    def wait(self, account: int, since: float, wake: Callable[[], None]) -> Iterator[None]:
        """Stand in the line; ``wake`` is called when a place is free."""
        waiter = _Waiter(since, wake)
        with self._lock:
            self._waiting[account].append(waiter)
            count, at = self._kept.pop(account, (0, 0.0))
        if count and self._timer() - at < KEPT:
            self.free(account, count)
        try:
            yield
        finally:
            with self._lock:
                if waiter in self._waiting[account]:
                    self._waiting[account].remove(waiter)

    def free(self, account: int, count: int) -> None:
        """Wake as many as there are places, who has waited longest first."""
        with self._lock:
            waiting = sorted(self._waiting[account], key=lambda one: one.since)
            woken = waiting[:count]
            self._waiting[account] = waiting[count:]
            if count > len(woken):
                self._kept[account] = (count - len(woken), self._timer())
        for waiter in woken:
            waiter.wake()

    def free_untold(self) -> None:
        """Wake whoever has waited longest for each account."""
        with self._lock:
            accounts = [account for account, waiting in self._waiting.items() if waiting]
        for account in accounts:
            self.free(account, 1)

    def is_empty(self) -> bool:
        """Return whether nobody waits."""
        with self._lock:
            return not any(self._waiting.values())


class PlaceListener:
    """Listens for free places as long as a campaign of this process waits for one.

    A database that is away is not waited for here: who waits asks again after a while by itself.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._line = PlaceQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextmanager
    def wait(self, account: int, since: float) -> Iterator[anyio.Event]:
        """Stand in the line, in an event loop; yield what is set when a place is free."""
        import asyncio

        loop, freed = asyncio.get_running_loop(), anyio.Event()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(freed.set)

        with self._line.wait(account, since, wake):
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._listen, name="places", daemon=True)
                    self._thread.start()
            yield freed

    def _listen(self) -> None:
        used_at = told_at = time.monotonic()
        connection: PostgresConnection | None = None
        while True:
            now = time.monotonic()
            used_at = used_at if self._line.is_empty() else now
            with self._lock:
                if now - used_at > IDLE:
                    self._thread = None
                    break
            if now - told_at > UNTOLD:
                self._line.free_untold()
                told_at = now
            try:
                connection = connection or PostgresConnection(self._address)
                for payload in connection.listen(CHANNEL, LISTEN_TIMEOUT):
                    account, count = payload.split()
                    self._line.free(int(account), int(count))
                    told_at = time.monotonic()
            except Exception:  # noqa: BLE001 - whatever it is, it may pass: nobody depends on it
                if connection is not None:
                    connection.close()
                connection = None
                time.sleep(LISTEN_TIMEOUT)
        if connection is not None:
            connection.close()


_listeners: dict[str, PlaceListener] = {}
_lock = threading.Lock()


def find_listener(address: str) -> PlaceListener:
    """Return this process's listener at a database."""
    with _lock:
        return _listeners.setdefault(address, PlaceListener(address))
