"""Values that ledger tests share."""

import sqlite3
from decimal import Decimal
from typing import Any

from runner.executor.ports import Intent
from runner.ledger.ledger import LedgerFile
from runner.ledger.sqlite import SqliteBackend
from runner.model import LookKind


class Ticking:
    """A clock that is one second later each time, and names by number."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0
        self.count = 0

    def now(self) -> float:
        self.time += 1
        return self.time

    def key(self) -> str:
        return self.uid()

    def uid(self) -> str:
        self.count += 1
        return f"id-{self.count}"

    def random(self) -> float:
        return 0.5


def intent(look: str = "a", **more: Any) -> Intent:
    values: dict[str, Any] = {
        "look": look,
        "kind": LookKind.PROMPT,
        "identity": f"identity of {look}",
        "ingredients": '{"type":"prompt"}',
        "name": f"name of {look}",
        "body": b'{"name":"a"}',
        "key": "key-1",
        "price": Decimal("1.00"),
    }
    return Intent(**{**values, **more})


def connection_of(ledger: LedgerFile) -> sqlite3.Connection:
    """Return the connection beneath a ledger file that is open."""
    assert isinstance(ledger.store.backend, SqliteBackend)
    return ledger.store.backend.connection
