"""Transactions of an open ledger: operations change its memory and its backend at once.

An operation is a function that is handed the ``Store`` and calls ``emit``; a batch of operations
is one transaction of the backend. Memory is changed before the transaction is committed: when that
fails, the store reads back what the backend has, the ledger stays *broken*, and says so to
everybody who wants to write.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from runner.executor.ports import AccountBusy, Failpoint
from runner.ledger.backend import MAX_TRIES, Changes, Places, TransactionUndone, repeat_undone
from runner.ledger.event_log import log_events
from runner.ledger.state import Store

StoreOperation = Callable[[Store], Any]


@dataclass(frozen=True, slots=True)
class Send:
    """An operation that records that a request is about to leave, for which it needs a place.

    ``resent`` is the uid of a take whose body leaves again.
    """

    operation: StoreOperation
    resent: str | None = None

    def __call__(self, store: Store) -> Any:
        """Carry it out."""
        return self.operation(store)


class Transactions:
    """Every change of a ledger that is open goes through ``transact``."""

    def __init__(self, store: Store, failpoint: Failpoint | None = None) -> None:
        self._store = store
        self._failpoint = failpoint or (lambda _point: None)
        self._broken: Exception | None = None

    def transact(self, operations: Sequence[StoreOperation]) -> list[Any]:
        """Carry out operations in one durable transaction; return each one's result or exception.

        An operation that raises must do so before it emits. Raises a LookbookError when the ledger
        could not be written: nothing of the batch is then kept, and the store stays broken.
        """
        results: list[Any] = []
        with self._store.backend_lock:
            for tries_left in reversed(range(MAX_TRIES)):
                if self._broken is not None:
                    raise self._broken
                places = self._reserve(operations)
                with self._store.lock:
                    results = self._carry_out_all(operations, places)
                    changes = self._store.take_changes()
                if changes.is_empty:
                    if places is not None and self._store.backend.pacer is not None:
                        self._store.backend.pacer.abandon()
                    break
                if self._commit(changes, may_repeat=tries_left > 0):
                    break
            return results

    def _reserve(self, operations: Sequence[StoreOperation]) -> Places | None:
        """Ask for places for what is about to leave; None where the run keeps the pace itself."""
        pacer = self._store.backend.pacer
        sends = [operation for operation in operations if isinstance(operation, Send)]
        if pacer is None or not sends:
            return None
        resent = [send.resent for send in sends if send.resent is not None]
        reserve = partial(pacer.reserve, len(sends), resent=resent)
        return self._store.ask(lambda: repeat_undone(reserve))

    def _carry_out_all(
        self, operations: Sequence[StoreOperation], places: Places | None
    ) -> list[Any]:
        """Return what each operation gives or raises; sends only as far as there are places."""
        results: list[Any] = []
        left = 0 if places is None else places.granted
        self._store.month_ceilings = () if places is None else places.ceilings
        for operation in operations:
            if places is None or not isinstance(operation, Send):
                results.append(self._carry_out(operation))
            elif left > 0:
                left -= 1
                results.append(self._carry_out(operation))
            else:
                results.append(AccountBusy(*places[1:4]))
        return results

    def _carry_out(self, operation: StoreOperation) -> Any:
        """Return an operation's result, or what it raised: that is for one caller, not for all."""
        try:
            return operation(self._store)
        except Exception as error:  # noqa: BLE001 - its caller raises it
            return self._store.backend.explain(error) or error

    def _commit(self, changes: Changes, *, may_repeat: bool) -> bool:
        """Commit; return whether that was done, or is to be repeated from what there is now."""
        kinds = [entry.kind for entry in changes.events]

        def ready() -> None:
            for kind in kinds:
                self._failpoint(f"{kind}:before-commit")

        try:
            self._store.backend.commit(changes, ready=ready)
            for kind in kinds:
                self._failpoint(f"{kind}:after-commit")
        except Exception as error:
            problem: Exception = error
            if isinstance(error, TransactionUndone) and may_repeat:
                try:
                    self._reload()
                except Exception as unread:  # noqa: BLE001 - it breaks the ledger like any other
                    problem = unread
                else:
                    return False
            self._broken = self._store.backend.explain(problem) or problem
            with suppress(Exception):  # it may be unreadable
                self._reload()  # what is said from here on must be what was committed
            if self._broken is error:
                raise
            raise self._broken from error
        log_events(changes.events, self._store.state.takes)
        return True

    def _reload(self) -> None:
        """Load what there is. Raises what the backend raises."""
        self._store.load_whole()

    @property
    def is_broken(self) -> bool:
        """Return whether a commit failed: what is in memory may be more than what was committed."""
        return self._broken is not None

    def close(self) -> None:
        """Close the ledger; what was committed stays."""
        self._store.close(sound=self._broken is None)
