"""The ledger: durable, append-only, rebuilt from its events, clear about what is wrong."""

import asyncio
import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.canonical import sha256_hex
from runner.errors import LedgerDamaged, LedgerLocked, LookbookError, StorageError, UsageError
from runner.executor.ports import OverBudget
from runner.ledger import bodies, database
from runner.ledger.facts import to_facts
from runner.ledger.layout import check_layout, list_migrations
from runner.ledger.ledger import LedgerFile
from runner.ledger.lock import lock_ledger
from runner.ledger.reading import has_takes, read_snapshot
from runner.ledger.state_dirs import read_owner
from runner.plan.renames import KeyRenames
from runner.policy.budget import Ceilings
from runner.policy.lifecycle import Event, ImpossibleEvent
from runner.takes import Account, Billing, TakeState
from tests.ledger.history import replay_events
from tests.ledger.names import Ticking, connection_of, intent


async def bought(ledger: LedgerFile, look: str = "a") -> str:
    """Bring one take of a look to its end; return its uid."""
    take = await ledger.intend(intent(look, key=ledger._entropy.key()))
    await ledger.record(take.uid, Event.ACCEPTED, {"avatar_id": f"look-{look}", "group_id": "g"})
    await ledger.record(take.uid, Event.COMPLETED, {"completed_at": 5.0})
    await ledger.record(take.uid, Event.FETCHED, {"image": f"images/{look}.png", "sha256": "0"})
    return take.uid


async def test_what_was_committed_is_there_for_another_reader(
    ledger: LedgerFile, path: Path
) -> None:
    take = await ledger.intend(intent())
    seen = read_snapshot(path).takes["a"][0]
    assert (seen.state, seen.billing) == (TakeState.SUBMITTING, Billing.RESERVED)
    assert seen == take
    assert seen.price == Decimal("1.00")


async def test_a_snapshot_and_a_position_are_the_same_until_something_happens(
    ledger: LedgerFile,
) -> None:
    uid = await bought(ledger)
    held, position = ledger.snapshot(), ledger.position()
    ledger.end({"exit": 0})
    ledger.begin(Account("api.example", "me"), "spring", {})
    assert (ledger.snapshot(), ledger.position()) == (held, position)
    await ledger.record(uid, Event.IMAGE_MISSING, {})
    after = ledger.snapshot()
    assert after.takes["a"][0].state is TakeState.COMPLETED
    assert ledger.position() != position
    position = ledger.position()
    await ledger.pick("b", uid)
    assert ledger.snapshot().picks == {"a": uid, "b": uid}
    assert ledger.position() != position
    position = ledger.position()
    ledger.begin(Account("api.example", "me"), "summer", {})
    assert ledger.snapshot().campaign == "summer"
    assert ledger.position() != position


async def test_a_ledger_knows_the_positions_that_it_was_at_and_no_other_ledgers(
    ledger: LedgerFile, path: Path, ticking: Ticking
) -> None:
    nothing = ledger.position()
    await bought(ledger, "a")
    earlier = ledger.position()
    copy = path.with_name("older.sqlite")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    await bought(ledger, "b")
    later = ledger.position()
    assert ledger.was_at(earlier)
    assert ledger.was_at(later)
    assert not ledger.was_at(nothing)
    older = LedgerFile(copy, now=ticking.now, entropy=ticking, inline=True)
    try:
        assert older.was_at(earlier)
        assert not older.was_at(later)
        older.begin(Account("api.example", "me"), "spring", {})
        await bought(older, "b")  # another event in the place of each
        assert not older.was_at(later)
        assert not ledger.was_at(older.position())
    finally:
        older.close()


async def test_the_database_itself_refuses_to_change_an_event(
    ledger: LedgerFile, path: Path
) -> None:
    await bought(ledger)
    with sqlite3.connect(path) as other:
        for statement in ("UPDATE events SET at = 0", "DELETE FROM events"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                other.execute(statement)
    other.close()


async def test_the_state_of_every_take_can_be_rebuilt_from_the_events(ledger: LedgerFile) -> None:
    for look in ("a", "b", "c"):
        await bought(ledger, look)
    lost = await ledger.intend(intent("a", key="key-9"))
    await ledger.record(lost.uid, Event.LOST, {"error_message": "reset"})
    await ledger.resend(lost.uid)
    await ledger.save_asset("ff", "asset-1")
    await ledger.save_asset("ee", "asset-2")
    await ledger.forget_asset("asset-1")
    await ledger.follow(KeyRenames({"b": "better"}))
    state = replay_events(ledger.store.history.events())
    assert state.takes == ledger.store.state.takes
    assert state.picks == ledger.store.state.picks
    assert state.assets == ledger.store.state.assets == {"ee": "asset-2"}


async def test_the_tables_hold_what_memory_holds(
    ledger: LedgerFile, path: Path, ticking: Ticking
) -> None:
    await bought(ledger, "a")
    await ledger.follow(KeyRenames({"a": "z"}))
    before = ledger.snapshot()
    ledger.close()
    again = LedgerFile(path, now=ticking.now, entropy=ticking, inline=True)
    assert again.snapshot() == before
    assert again.snapshot().pick("z") is not None
    again.close()


async def test_a_send_without_an_answer_is_unknown_when_the_next_run_begins(
    path: Path, ticking: Ticking
) -> None:
    first = LedgerFile(path, now=ticking.now, entropy=ticking, inline=True)
    first.begin(Account("api.example", "me"), "spring", {})
    take = await first.intend(intent())
    first.close()
    second = LedgerFile(path, now=ticking.now, entropy=ticking, inline=True)
    second.begin(Account("api.example", "me"), "spring", {})
    assert second.take(take.uid).state is TakeState.UNKNOWN
    assert second.take(take.uid).billing is Billing.UNKNOWN
    assert second.take(take.uid).key == "key-1"
    assert second.body(take.uid) == b'{"name":"a"}'
    second.close()


async def test_an_impossible_event_changes_nothing(ledger: LedgerFile) -> None:
    uid = await bought(ledger)
    before = ledger.take(uid)
    with pytest.raises(ImpossibleEvent):
        await ledger.record(uid, Event.INTENDED, {})
    assert ledger.take(uid) == before
    assert replay_events(ledger.store.history.events()).takes[uid] == before


async def test_a_large_picture_is_stored_once_and_comes_back_byte_for_byte(
    ledger: LedgerFile, path: Path
) -> None:
    picture = "QUJD" * 5000
    made = [f'{{"n":{n},"data":"{picture}","e":"é"}}'.encode() for n in range(3)]
    takes = [
        await ledger.intend(intent(f"l{n}", body=body, key=f"k{n}")) for n, body in enumerate(made)
    ]
    assert [ledger.body(take.uid) for take in takes] == made
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT count(*) FROM blobs").fetchone() == (1,)
    other.close()


@given(st.binary(max_size=200).map(lambda raw: raw.hex() * 40), st.text(max_size=50))
def test_any_body_is_split_and_joined_to_itself(large: str, small: str) -> None:
    data = json.dumps({"data": large, "name": small}, ensure_ascii=False).encode(errors="ignore")
    pieces, blobs = bodies.split_body(data)
    assert bodies.join_body(pieces, blobs, sha256_hex(data)) == data


# --- money ----------------------------------------------------------------------------------------


async def test_a_reservation_over_the_runs_ceiling_commits_nothing(
    path: Path, ticking: Ticking
) -> None:
    ceilings = Ceilings(run=Decimal(2))
    ledger = LedgerFile(path, now=ticking.now, entropy=ticking, ceilings=ceilings, inline=True)
    ledger.begin(Account("api.example", "me"), "spring", {})
    for look in ("a", "b"):
        await ledger.intend(intent(look, key=look))
    events = len(list(ledger.store.history.events()))
    with pytest.raises(OverBudget, match="ceiling"):
        await ledger.intend(intent("c", key="c"))
    assert len(list(ledger.store.history.events())) == events
    assert "c" not in ledger.snapshot().takes
    ledger.close()


async def test_a_refusal_releases_its_reservation(path: Path, ticking: Ticking) -> None:
    ceilings = Ceilings(run=Decimal(1))
    ledger = LedgerFile(path, now=ticking.now, entropy=ticking, ceilings=ceilings, inline=True)
    ledger.begin(Account("api.example", "me"), "spring", {})
    take = await ledger.intend(intent("a"))
    await ledger.record(take.uid, Event.REFUSED, {"error_code": "invalid_parameter"})
    assert ledger.snapshot().spent == 0
    await ledger.intend(intent("b", key="b"))
    ledger.close()


@pytest.mark.parametrize(
    ("events", "held"),
    [
        ([], 1),
        ([Event.LOST], 1),
        ([Event.ACCEPTED], 1),
        ([Event.ACCEPTED, Event.FAILED], 1),
        ([Event.ACCEPTED, Event.FAILED, Event.REFUNDED], 0),
        ([Event.REFUSED], 0),
        ([Event.RETURNED], 0),
        ([Event.LOST, Event.NOT_BOUGHT], 0),
    ],
)
async def test_what_a_take_holds_after_each_end(
    ledger: LedgerFile, events: list[Event], held: int
) -> None:
    take = await ledger.intend(intent())
    for event in events:
        await ledger.record(take.uid, event, {})
    assert ledger.snapshot().spent == held
    assert ledger.store.spent_in_run == held


async def test_group_commit_never_lets_concurrency_through_a_ceiling(
    path: Path, ticking: Ticking
) -> None:
    ceilings = Ceilings(run=Decimal(7))
    ledger = LedgerFile(path, now=ticking.now, entropy=ticking, ceilings=ceilings)
    ledger.begin(Account("api.example", "me"), "spring", {})
    asked = [ledger.intend(intent(f"l{n}", key=f"k{n}")) for n in range(50)]
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(not isinstance(result, OverBudget) for result in results) == 7
    assert ledger.snapshot().spent == 7
    ledger.close()
    assert read_snapshot(path).spent == 7


# --- trouble --------------------------------------------------------------------------------------


async def test_a_commit_that_fails_breaks_the_ledger_and_loses_nothing_that_was_said(
    path: Path, ticking: Ticking
) -> None:
    ledger = LedgerFile(path, now=ticking.now, entropy=ticking, inline=True)
    ledger.begin(Account("api.example", "me"), "spring", {})
    await ledger.intend(intent("a"))
    connection_of(ledger).execute("PRAGMA max_page_count = 1")
    with pytest.raises(StorageError, match="full"):
        await ledger.intend(intent("b", body=b'"' + b"x" * 100_000 + b'"', key="b"))
    with pytest.raises(StorageError):
        await ledger.intend(intent("c", key="c"))
    said = ledger.snapshot()
    ledger.close()
    assert set(read_snapshot(path).takes) == {"a"}
    assert said == read_snapshot(path)


def test_a_file_that_is_no_database_is_refused_with_what_to_do(path: Path) -> None:
    path.write_bytes(b"this is not a ledger" * 100)
    with pytest.raises(LedgerDamaged) as caught:
        database.open_for_writing(path)
    assert "--rebuild" in (caught.value.hint or "")
    assert path.read_bytes().startswith(b"this is not")


def test_a_damaged_page_is_noticed(path: Path, ticking: Ticking) -> None:
    ledger = LedgerFile(path, now=ticking.now, entropy=ticking, inline=True)
    ledger.begin(Account("api.example", "me"), "spring", {})
    ledger.close()
    data = bytearray(path.read_bytes())
    data[4096 : 4096 * 3] = b"\xff" * 8192
    path.write_bytes(bytes(data))
    with pytest.raises(LedgerDamaged):
        read_snapshot(path)
    with pytest.raises(LedgerDamaged):
        database.open_for_writing(path)


def test_a_ledger_whose_log_was_folded_can_be_read_without_it(path: Path, tmp_path: Path) -> None:
    reader = sqlite3.connect(path)  # as long as somebody reads, closing leaves the log behind
    writing = LedgerFile(path, now=lambda: 0.0, entropy=Ticking(), inline=True)
    reader.execute("SELECT 1 FROM meta").fetchall()
    writing.begin(Account("api.example", "me"), "spring", {})
    writing.close()
    alone = tmp_path / "alone.sqlite"
    shutil.copy(path, alone)
    assert read_owner(alone) is None
    database.checkpoint_wal(path)
    shutil.copy(path, alone)
    reader.close()
    assert read_owner(alone) == (Account("api.example", "me"), "spring")


async def test_a_folder_that_is_read_only_shows_what_a_killed_run_left_in_the_log(
    path: Path, tmp_path: Path, ticking: Ticking, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing = LedgerFile(path, now=ticking.now, entropy=ticking, inline=True)
    writing.begin(Account("api.example", "me"), "spring", {})
    database.checkpoint_wal(path)
    await writing.intend(intent("navy"))
    left = tmp_path / "read-only" / "ledger.sqlite"
    left.parent.mkdir()
    for ending in ("", "-wal"):
        shutil.copy(f"{path}{ending}", f"{left}{ending}")
    writing.close()
    connect = sqlite3.connect

    def connect_read_only(place: Any, **how: Any) -> sqlite3.Connection:
        if str(place).startswith(left.as_uri()) and "immutable" not in place:
            raise sqlite3.OperationalError("unable to open database file")
        opened: sqlite3.Connection = connect(place, **how)
        return opened

    monkeypatch.setattr(sqlite3, "connect", connect_read_only)
    monkeypatch.setattr(os, "access", lambda *_asked: False)
    before = [*left.parent.iterdir()]
    assert [take.look for take in read_snapshot(left).all_takes] == ["navy"]
    assert [*left.parent.iterdir()] == before
    left.with_name("ledger.sqlite-wal").unlink()
    assert read_snapshot(left).all_takes == []
    assert read_owner(left) == (Account("api.example", "me"), "spring")


def test_a_file_that_was_only_just_begun_is_an_empty_ledger(path: Path) -> None:
    path.write_bytes(b"")
    assert read_snapshot(path).takes == {}
    assert read_owner(path) is None
    assert not has_takes(path)


@pytest.mark.parametrize("opening", [database.open_for_reading, database.open_for_writing])
def test_a_ledger_that_a_neighbour_is_making_just_now_is_not_damaged(
    path: Path,
    opening: Callable[[Path], sqlite3.Connection],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    check = check_layout

    def made_meanwhile(connection: sqlite3.Connection, version: int) -> str | None:
        monkeypatch.setattr(database, "check_layout", check)
        database.migrate(neighbour)
        return check(connection, version)

    with closing(sqlite3.connect(path, isolation_level=None)) as neighbour:
        neighbour.execute("PRAGMA journal_mode = WAL").fetchone()
        monkeypatch.setattr(database, "check_layout", made_meanwhile)
        with closing(opening(path)) as opened:
            assert opened.execute("SELECT count(*) FROM takes").fetchone() == (0,)


def test_a_newer_ledger_is_not_touched(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(UsageError, match="newer lookbook"):
        database.open_for_writing(path)


class Tracked(sqlite3.Connection):
    """A connection that knows whether it was closed."""

    open_now: ClassVar[set[int]] = set()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.open_now.add(id(self))

    def close(self) -> None:
        super().close()
        self.open_now.discard(id(self))


@pytest.mark.parametrize("refused", ["newer", "damaged", "not a ledger"])
@pytest.mark.parametrize("opening", [database.open_for_reading, database.open_for_writing])
def test_a_ledger_that_is_refused_is_closed(
    path: Path,
    refused: str,
    opening: Callable[[Path], sqlite3.Connection],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database.open_for_writing(path).close()
    if refused == "newer":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 99")
    elif refused == "damaged":
        path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 8192)
    else:
        path.write_bytes(b"\x00garbage" * 4096)
    monkeypatch.setattr(Tracked, "open_now", set())
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Tracked))
    with pytest.raises(LookbookError):
        opening(path)
    assert Tracked.open_now == set()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_folder_is_said_clearly(path: Path) -> None:
    path.parent.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(StorageError, match="writable"):
            database.open_for_writing(path)
    finally:
        path.parent.chmod(stat.S_IRWXU)


def test_a_second_run_is_told_who_holds_the_ledger(tmp_path: Path) -> None:
    with (
        lock_ledger(tmp_path, now=1_800_000_000.0),
        pytest.raises(LedgerLocked, match=rf"process {os.getpid()} on .*2027-01-15"),
        lock_ledger(tmp_path, now=1_800_000_001.0),
    ):
        pass
    with lock_ledger(tmp_path, now=1_800_000_002.0):
        pass


# --- migrations -----------------------------------------------------------------------------------


def layout(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return sorted((name, " ".join(sql.split())) for name, sql in rows)


def without_comments(sql: str) -> str:
    return "\n".join(line.split("--")[0] for line in sql.splitlines())


def test_migrations_lead_to_exactly_the_schema_of_today() -> None:
    fresh = sqlite3.connect(":memory:")
    schema = Path(database.__file__).with_name("schema.sql").read_text("utf-8")
    fresh.executescript(without_comments(schema))
    migrated = sqlite3.connect(":memory:")
    for script in list_migrations():
        migrated.executescript(without_comments(script))
    assert layout(migrated) == layout(fresh)
    fresh.close()
    migrated.close()


def test_migrations_are_numbered_without_gaps() -> None:
    folder = Path(database.__file__).parent / "migrations"
    numbers = [int(entry.name[:4]) for entry in sorted(folder.glob("*.sql"))]
    assert numbers == list(range(1, database.SCHEMA_VERSION + 1))


def test_a_migration_that_fails_leaves_the_ledger_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.open_for_writing(path).close()
    good = list_migrations()
    broken = [*good, "CREATE TABLE more (x TEXT) STRICT; SELECT no_such_function();"]
    monkeypatch.setattr(database, "list_migrations", lambda: broken)
    connection = sqlite3.connect(path, isolation_level=None)
    before = layout(connection)
    with pytest.raises(sqlite3.OperationalError):
        database.migrate(connection)
    connection.close()
    again = sqlite3.connect(path)
    assert again.execute("PRAGMA user_version").fetchone() == (database.SCHEMA_VERSION,)
    assert layout(again) == before
    again.close()


def test_commits_are_durable(path: Path) -> None:
    connection = database.open_for_writing(path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    connection.close()


async def test_every_field_of_a_take_has_a_column(ledger: LedgerFile) -> None:
    uid = await bought(ledger)
    columns = {row[1] for row in connection_of(ledger).execute("PRAGMA table_info(takes)")}
    assert columns == set(to_facts(ledger.take(uid)))
