"""An account and a folder for each test."""

from pathlib import Path

import pytest

from tests.cli.hands import Office


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(tmp_path, monkeypatch)
