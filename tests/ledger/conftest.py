"""A ledger on disk, with time and names handed in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.ledger.ledger import LedgerFile
from runner.takes import Account
from tests.ledger.names import Ticking


@pytest.fixture
def ticking() -> Ticking:
    return Ticking()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ledger(path: Path, ticking: Ticking) -> Iterator[LedgerFile]:
    opened = LedgerFile(path, now=ticking.now, entropy=ticking, inline=True)
    opened.begin(Account("api.example", "me"), "spring", {})
    yield opened
    opened.close()
