"""A ledger that SQLite can read and that makes no sense is damaged, and says so."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from runner.errors import LedgerDamaged, LookbookError, UsageError
from runner.ledger.backend import Backend
from runner.ledger.checksum import is_as_left
from runner.ledger.events import LedgerState
from runner.ledger.ledger import LedgerFile
from runner.ledger.reading import LedgerFollower, read_snapshot
from runner.plan.renames import KeyRenames
from runner.policy.lifecycle import Event
from runner.takes import Account, Snapshot
from tests.ledger.names import Ticking, connection_of, intent

OFFSETS = 500


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small ledger of everything: bought, lost, failed, moved, imported and uploaded."""
    import asyncio

    path = tmp_path_factory.mktemp("sound") / "ledger.sqlite"
    ticking = Ticking()
    ledger = LedgerFile(path, now=ticking.now, entropy=ticking, inline=True)
    ledger.begin(Account("api.example", "me"), "spring", {})

    async def fill() -> None:
        for look in ("a", "b", "c"):
            take = await ledger.intend(intent(look, key=f"key-{look}", body=look.encode() * 9000))
            facts = {"avatar_id": f"look-{look}", "group_id": "g"}
            await ledger.record(take.uid, Event.ACCEPTED, facts)
            await ledger.record(take.uid, Event.COMPLETED, {"completed_at": 5.0})
        lost = await ledger.intend(intent("d", key="key-d", body=b'"' + b"x" * 5000 + b'"'))
        await ledger.record(lost.uid, Event.LOST, {"error_message": "reset"})
        await ledger.save_asset("ff", "asset-1")
        await ledger.follow(KeyRenames({"a": "b", "b": "a"}))
        picked = ledger.picked("c")
        assert picked is not None
        other = replace(picked, uid="other", look="e", avatar_id="look-e")
        await ledger.import_takes([(other, True)])

    asyncio.run(fill())
    ledger.end({"exit": 0})
    ledger.close()
    return path


def opened(path: Path) -> Snapshot:
    """Return what a command that may buy sees of a ledger."""
    ticking = Ticking()
    ledger = LedgerFile(path, now=ticking.now, entropy=ticking, inline=True)
    try:
        return ledger.snapshot()
    finally:
        ledger.close()


def test_a_ledger_with_a_flipped_bit_is_refused_or_says_the_same(
    sound: Path, tmp_path: Path
) -> None:
    data, known = sound.read_bytes(), read_snapshot(sound)
    path = tmp_path / "ledger.sqlite"
    refused = 0
    for number in range(OFFSETS):
        offset = number * len(data) // OFFSETS
        flipped = bytearray(data)
        flipped[offset] ^= 1 << number % 8
        for look in (read_snapshot, opened):
            path.write_bytes(flipped)
            error = refusal(look, path, known, f"bit {number % 8} of byte {offset}")
            newer = isinstance(error, UsageError) and 60 <= offset < 64  # PRAGMA user_version
            assert error is None or isinstance(error, LedgerDamaged) or newer, f"{offset}: {error}"
            refused += error is not None
            for rest in tmp_path.iterdir():
                rest.unlink()
    assert refused > 50


def refusal(
    look: Callable[[Path], Snapshot], path: Path, known: Snapshot, where: str
) -> LookbookError | None:
    """Return why a ledger is refused; None where it says what it said before."""
    try:
        assert look(path) == known, where
    except LookbookError as error:
        return error
    return None


def changed(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


NONSENSE: dict[str, tuple[str, ...]] = {
    "a state": ("UPDATE takes SET state = 'completed' WHERE state = 'unknown'",),
    "a state that does not exist": ("UPDATE takes SET state = 'complete'",),
    "a price": ("UPDATE takes SET price = 'one' WHERE look = 'c'",),
    "a look's id": ("UPDATE takes SET avatar_id = 'look_c' WHERE look = 'c'",),
    "a take that is gone": ("DELETE FROM takes WHERE look = 'c'",),
    "a pick": ("UPDATE picks SET take = 'other' WHERE look = 'c'",),
    "an upload": ("UPDATE assets SET asset_id = 'asset-2'",),
    "whose it is": ("UPDATE meta SET value = 'you' WHERE key = 'user'",),
    "a stored body": ("UPDATE bodies SET pieces = '[\"y\"]'",),
    "a piece of a body": ("DELETE FROM blobs",),
    "an event": (
        "DROP TRIGGER events_are_never_changed",
        "UPDATE events SET facts = replace(facts, 'look-c', 'look-x')",
    ),
    "an event of a newer program": (
        "INSERT INTO events (at, kind, facts) VALUES (1, 'foretold', '{}')",
    ),
    "an event that is gone": (
        "DROP TRIGGER events_are_never_deleted",
        "DELETE FROM events WHERE kind = 'picked' AND facts LIKE '%\"c\"%'",
    ),
}


@pytest.mark.parametrize("what", NONSENSE)
@pytest.mark.parametrize("look", [read_snapshot, opened])
def test_tables_that_are_not_what_the_events_say_are_damage(
    sound: Path, tmp_path: Path, what: str, look: Callable[[Path], Snapshot]
) -> None:
    path = tmp_path / "ledger.sqlite"
    shutil.copy(sound, path)
    changed(path, *NONSENSE[what])
    with pytest.raises(LedgerDamaged, match="is damaged") as caught:
        look(path)
    assert "--rebuild" in (caught.value.hint or "")


def test_a_ledger_is_checked_anew_unless_it_is_byte_for_byte_what_was_left(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runner.ledger import integrity

    folded: list[int] = []
    check = integrity.check_tables

    def counting(backend: Backend, state: LedgerState) -> None:
        folded.append(1)
        check(backend, state)

    monkeypatch.setattr(integrity, "check_tables", counting)
    for name in (sound.name, "ledger.checksum.json"):
        shutil.copy(sound.with_name(name), tmp_path)
    path = tmp_path / sound.name
    assert is_as_left(path)
    known = opened(path)
    assert (folded, read_snapshot(path)) == ([], known)
    changed(path, "PRAGMA application_id = 7")
    Path(f"{path}-wal").write_bytes(b"what another ledger left")
    assert not is_as_left(path)
    assert (read_snapshot(path), folded) == (known, [1])


WRITES_AND_ENDS = """
import sqlite3, sys
ledger = sqlite3.connect(sys.argv[1])
ledger.execute("PRAGMA application_id = 7")
ledger.close()
"""


@pytest.mark.skipif(os.name != "posix", reason="only POSIX drops locks with a descriptor")
def test_who_follows_a_ledger_keeps_its_log_while_others_read_the_file_and_a_writer_ends(
    sound: Path, tmp_path: Path
) -> None:
    for name in (sound.name, "ledger.checksum.json"):
        shutil.copy(sound.with_name(name), tmp_path)
    path = tmp_path / sound.name
    with closing(LedgerFollower(path)):
        assert is_as_left(path)
        subprocess.run([sys.executable, "-c", WRITES_AND_ENDS, str(path)], check=True)
        assert Path(f"{path}-wal").exists()


async def test_an_older_copy_beside_a_newer_log_is_damage(
    ledger: LedgerFile, path: Path, tmp_path: Path
) -> None:
    """The log of a run that was killed is read into whatever file lies beside it."""
    take = await ledger.intend(intent("a", key="key-a"))
    connection_of(ledger).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    older = tmp_path / "older.sqlite"
    shutil.copy(path, older)
    for number in range(60):
        await ledger.intend(intent(f"b{number}", key=f"key-{number}", price=Decimal(1)))
    connection_of(ledger).execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    await ledger.record(take.uid, Event.ACCEPTED, {"avatar_id": "look-a", "group_id": "g"})
    shutil.copy(f"{path}-wal", f"{older}-wal")
    whole = tmp_path / "whole.sqlite"
    for suffix in ("", "-wal"):
        shutil.copy(f"{path}{suffix}", f"{whole}{suffix}")
    assert opened(whole) == ledger.snapshot()
    with pytest.raises(LedgerDamaged, match="another copy"):
        opened(older)


async def test_picks_of_looks_that_exchanged_their_keys_are_on_disk(
    ledger: LedgerFile, path: Path
) -> None:
    for look in ("a", "b"):
        take = await ledger.intend(intent(look, key=f"key-{look}"))
        facts = {"avatar_id": f"look-{look}", "group_id": "g"}
        await ledger.record(take.uid, Event.ACCEPTED, facts)
        await ledger.record(take.uid, Event.COMPLETED, {"completed_at": 5.0})
    await ledger.follow(KeyRenames({"a": "b", "b": "a"}))
    with closing(sqlite3.connect(path)) as connection:
        assert dict(connection.execute("SELECT look, take FROM picks")) == ledger.snapshot().picks
