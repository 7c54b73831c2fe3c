"""A backup of a ledger is one whole file, also beside a run."""

import os
import shutil
from pathlib import Path

import pytest

from runner.cli.commands.export import write_backup
from runner.errors import LedgerDamaged, UsageError
from runner.ledger.reading import read_snapshot
from runner.ledger.state_dirs import StateDirs
from tests.cli.hands import ACCOUNT, Office


async def test_a_backup_is_whole_where_a_copied_file_is_not(office: Office, tmp_path: Path) -> None:
    ledger = office.ledger()
    ledger.begin(ACCOUNT, "spring", {})
    take = await office.bought(ledger, "navy")
    state, backup = StateDirs(office.manifest).all()[0], tmp_path / "backup.sqlite"
    backup.write_text("an older one")
    assert write_backup(state, backup) == 0  # the run goes on: what it bought is in the log
    by_hand = tmp_path / "by-hand.sqlite"
    shutil.copy(office.ledger_path, by_hand)
    assert read_snapshot(backup) == ledger.snapshot()
    assert read_snapshot(by_hand).takes == {}
    assert [name for name in os.listdir(tmp_path) if "backup" in name] == ["backup.sqlite"]  # noqa: PTH208
    ledger.close()
    shutil.copy(backup, office.ledger_path)
    assert (
        read_snapshot(office.ledger_path).takes["navy"]
        == (take,)
        == tuple(read_snapshot(backup).takes["navy"])
    )
    with pytest.raises(UsageError, match="the ledger itself"):
        write_backup(state, office.ledger_path)
    office.ledger_path.write_bytes(b"no ledger" * 500)
    with pytest.raises(LedgerDamaged):
        write_backup(state, backup)
    assert read_snapshot(backup).takes["navy"] == (take,)


def test_there_is_nothing_to_back_up_before_the_first_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no ledger yet"):
        write_backup(None, tmp_path / "backup.sqlite")
