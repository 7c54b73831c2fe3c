"""Ways to break what machines share, on purpose: the judge must see each."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from runner.ledger import ledger as ledger_module
from runner.ledger.backend import Changes, Places, TransactionUndone
from runner.ledger.postgres.account import AccountPacer
from runner.ledger.postgres.backend import PostgresBackend
from runner.ledger.postgres.connection import ConnectionLost
from runner.ledger.shared import PostgresDatabase

__all__ = ["SHARED_MUTATIONS"]

Patch = pytest.MonkeyPatch
NOW_AT = "SELECT epoch, seq FROM lookbook.campaigns WHERE id = %s"


def _look_anew(backend: PostgresBackend) -> None:
    backend._epoch, backend._seq = backend._mine(NOW_AT)[0]


def write_although_fenced(patch: Patch) -> None:
    """A writer takes whatever epoch and number there are for its own."""
    commit = PostgresBackend.commit

    def unfenced(self: PostgresBackend, changes: Changes, **named: Any) -> None:
        if not self.pacer._begun:
            _look_anew(self)
        else:  # the transaction is open: nothing else may be asked in it but this
            self._epoch, self._seq = self._connection.fetch(NOW_AT, (self._campaign,))[0]
        commit(self, changes, **named)

    patch.setattr(PostgresBackend, "commit", unfenced)


def repeat_whatever_was_lost(patch: Patch) -> None:
    """A commit whose answer was lost is made once more, whether or not it was done."""

    def repeated(self: PostgresBackend, _changes: Changes, error: ConnectionLost) -> None:
        self._connection.reconnect()
        _look_anew(self)
        raise TransactionUndone(str(error)) from error

    patch.setattr(PostgresBackend, "_resolve", repeated)


def forget_whatever_was_lost(patch: Patch) -> None:
    """A commit whose connection was lost counts as done."""

    def believed(self: PostgresBackend, changes: Changes, _error: ConnectionLost) -> None:
        self._connection.reconnect()
        _look_anew(self)
        self._seq -= len(changes.events)  # as if they were there

    patch.setattr(PostgresBackend, "_resolve", believed)


def grant_every_place(patch: Patch) -> None:
    """Whoever asks for a place of the account gets one."""

    def granted(_self: AccountPacer, count: int, _resent: Any) -> Places:
        return Places(count)

    def locked(self: AccountPacer, count: int, resent: Any) -> Places:
        self._lock()
        return granted(self, count, resent)

    patch.setattr(AccountPacer, "_find_places", locked)


def ignore_the_month(patch: Patch) -> None:
    """No ceiling by month is checked, neither by the plan nor by what leaves."""
    patch.setattr(PostgresDatabase, "find_ceilings", lambda *_args: [])
    patch.setattr(ledger_module, "check_month_ceilings", lambda *_args: None)


SHARED_MUTATIONS: Mapping[Callable[[Patch], None], str] = {
    write_although_fenced: "",
    repeat_whatever_was_lost: "",
    forget_whatever_was_lost: "",
    grant_every_place: "are in progress",
    ignore_the_month: "the ceiling by month",
}
"""Every mutation, and a part of what the judge says of it."""
