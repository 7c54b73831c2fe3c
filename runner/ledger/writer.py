"""Who carries out the ledger's transactions: a thread that commits what is queued, or the caller.

A durable commit waits for the disk. While one is under way others queue up, and the next
transaction takes them all: many writers share one wait, and nobody waits for a timer.
"""

import asyncio
import queue
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

from runner.ledger.transactions import StoreOperation, Transactions

_Queued = tuple[StoreOperation, asyncio.AbstractEventLoop, "asyncio.Future[Any]"]


class Writer(Protocol):
    """Carries out one operation and returns when it is on disk."""

    async def write(self, operation: StoreOperation) -> Any:
        """Return the operation's result, or raise what it raised."""
        ...

    def close(self) -> None:
        """Finish what is queued."""
        ...


class InlineCommit:
    """A ``runner.ledger.writer.Writer`` that writes in the calling thread, one by one."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def write(self, operation: StoreOperation) -> Any:
        return _result(self._transactions.transact([operation])[0])

    def close(self) -> None:
        """Do nothing: no operation is ever queued."""


class GroupCommit:
    """A thread that writes everything that is queued in one transaction. Needs asyncio."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._queue: queue.SimpleQueue[_Queued | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="ledger", daemon=True)
        self._thread.start()

    async def write(self, operation: StoreOperation) -> Any:
        """Return the operation's result, or raise what it raised.

        A caller that is cancelled meanwhile changes nothing: the operation is carried out.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._queue.put((operation, loop, future))
        return _result(await future)

    def close(self) -> None:
        """Finish what is queued, then end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while batch := self._next():
            results: Sequence[Any]
            try:
                results = self._transactions.transact([operation for operation, _, _ in batch])
            except Exception as error:  # noqa: BLE001 - every caller gets it
                results = [error] * len(batch)
            told: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
            for (_, loop, future), result in zip(batch, results, strict=True):
                told.setdefault(loop, []).append((future, result))
            for loop, outcomes in told.items():  # waking a loop is a system call: once for all
                with suppress(RuntimeError):  # it is closed: nobody waits, the record is on disk
                    loop.call_soon_threadsafe(_settle, outcomes)

    def _next(self) -> list[_Queued]:
        """Wait for work, and take all there is; an empty list ends the thread."""
        batch: list[_Queued] = []
        item = self._queue.get()
        while item is not None:
            batch.append(item)
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return batch
        if batch:
            self._queue.put(None)  # the end, after this last batch
        return batch


def _settle(outcomes: "Sequence[tuple[asyncio.Future[Any], Any]]") -> None:
    for future, result in outcomes:
        if not future.done():
            future.set_result(result)


def _result(result: Any) -> Any:
    if isinstance(result, Exception):
        raise result
    return result
