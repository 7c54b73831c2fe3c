"""A state folder and a ledger from a stranger: nothing in them leads elsewhere or acts."""

import json
import os
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from runner.errors import LedgerDamaged, LookbookError, UsageError
from runner.ledger import database
from runner.ledger.checksum import CHECKSUM_FILE, is_as_left, leave_checksum
from runner.ledger.layout import check_layout
from runner.ledger.lock import lock_ledger
from runner.ledger.neighbours import read_neighbours
from runner.ledger.reading import read_ledger
from runner.ledger.state_check import check_state_folder
from runner.ledger.state_dirs import LAST_USED, StateDir, StateDirs
from runner.takes import Account
from tests.fuzz.ledger import bought

NOW = 1_800_000_000.0
ACCOUNT = Account("api.heygen.com", "jane")

NAMES = [
    "images",
    "thumbs",
    "pictures",
    "results.json",
    "catalog.html",
    "made-from.json",
    "last-used.json",
    "ledger.sqlite",
    "ledger.sqlite-wal",
    "ledger.lock",
    "ledger.owner.json",
    "ledger.checksum.json",
    "simulator.state",
    "simulator.state.lock",
    "simulator.state.files",
    "review.json",
    ".gitignore",
]


def make(kind: str, path: Path) -> None:
    if kind == "link":
        path.symlink_to(path.parents[2])
    elif kind == "broken link":
        path.symlink_to("nowhere")
    elif kind == "link in a circle":
        path.symlink_to(path.name)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with closing(socket.socket(socket.AF_UNIX)) as one:
            one.bind(str(path))


@pytest.fixture
def places(tmp_path: Path) -> StateDirs:
    root = tmp_path / "spring.lookbook"
    root.mkdir()
    return StateDirs(tmp_path / "spring.yaml")


@pytest.mark.parametrize("kind", ["link", "broken link", "link in a circle", "pipe", "socket"])
def test_what_is_no_plain_file_in_a_state_folder_is_refused_whatever_its_name(
    places: StateDirs, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(places.root)  # a socket's path must be short
    for name in NAMES:
        make(kind, Path(name) if kind == "socket" else places.root / name)
        with pytest.raises(UsageError, match=rf"{name} is a (symbolic link|pipe|socket), not a "):
            places.first()
        (places.root / name).unlink()
    places.first()


def test_every_way_to_a_state_folder_is_checked(places: StateDirs, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    places.root.rmdir()
    places.root.symlink_to("elsewhere")
    for way in (
        places.first,
        places.simulated,
        places.all,
        places.last_used,
        lambda: places.of(ACCOUNT),
        lambda: places.named("simulator"),
        lambda: lock_ledger(places.root, now=NOW).__enter__(),
    ):
        with pytest.raises(UsageError, match=r"spring.lookbook is a symbolic link, not a folder"):
            way()
    assert list((tmp_path / "elsewhere").iterdir()) == []
    places.root.unlink()
    places.root.mkdir()
    (places.root / "simulated").symlink_to("../elsewhere")
    with pytest.raises(UsageError, match=r"simulated is a symbolic link"):
        places.simulated()


def test_a_folder_where_a_file_belongs_is_refused_before_anything_is_bought(
    places: StateDirs,
) -> None:
    (places.root / "results.json").mkdir()
    with pytest.raises(UsageError, match=r"results.json is a folder, not a file"):
        check_state_folder(places.root)
    (places.root / "results.json").rmdir()
    (places.root / "images").write_text("")
    with pytest.raises(UsageError, match=r"images is a file, not a folder"):
        check_state_folder(places.root)


def test_a_state_folder_as_runs_leave_it_is_fine(places: StateDirs) -> None:
    check_state_folder(places.root / "not there yet")
    for name in ("images", "thumbs", "pictures", "api.example_jane", "images.before-20260101T0Z"):
        (places.root / name).mkdir()
    for name in ("ledger.sqlite", "ledger.sqlite-wal", "results.json", "notes.txt", ".gitignore"):
        (places.root / name).write_text("")
    check_state_folder(places.root)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "7", '{"folder": 7}', '{"folder": "../../elsewhere"}', '{"folder": "/etc"}',
     '{"folder": null}', '{"folder": "\\u0000"}', "[" * 100_000, " " * 2_000_000, "\xff"],
)  # fmt: skip
def test_an_odd_note_of_who_ran_last_means_the_only_ledger_there_is(
    places: StateDirs, text: str, tmp_path: Path
) -> None:
    database.open_for_writing(places.root / "ledger.sqlite").close()
    (tmp_path / "elsewhere").mkdir()
    database.open_for_writing(tmp_path / "elsewhere" / "ledger.sqlite").close()
    (places.root / LAST_USED).write_bytes(text.encode("latin-1"))
    assert places.last_used() == StateDir(places.root)


@pytest.mark.parametrize("text", ["{}", "[" * 100_000, '{"pid": [], "host": {}}', " " * 2_000_000])
def test_an_odd_owner_of_a_lock_is_nobody(places: StateDirs, text: str) -> None:
    with lock_ledger(places.root, now=NOW):
        (places.root / "ledger.owner.json").write_text(text)
        with (
            pytest.raises(LookbookError, match="its owner left no name"),
            lock_ledger(places.root, now=NOW),
        ):
            pass


@pytest.mark.parametrize("text", ["[" * 100_000, '{"ledger.sqlite": [[[]]]}', "\xff"])
def test_an_odd_checksum_vouches_for_nothing(places: StateDirs, text: str) -> None:
    path = places.root / "ledger.sqlite"
    database.open_for_writing(path).close()
    leave_checksum(path)
    assert is_as_left(path)
    path.with_name(CHECKSUM_FILE).write_bytes(text.encode("latin-1"))
    assert not is_as_left(path)


def test_a_neighbour_that_leads_elsewhere_is_not_read(places: StateDirs, tmp_path: Path) -> None:
    other = tmp_path / "summer.lookbook"
    other.mkdir()
    os.mkfifo(other / "results.json")
    (other / "ledger.sqlite").symlink_to(tmp_path / "some.sqlite")
    database.open_for_writing(tmp_path / "some.sqlite").close()
    (tmp_path / "circle.lookbook").symlink_to("circle.lookbook")
    (tmp_path / "file.lookbook").write_text("")
    (tmp_path / "deep.lookbook").mkdir()
    (tmp_path / "deep.lookbook" / "results.json").write_text('{"looks": ' + "[" * 100_000)
    unreadable = read_neighbours(places.first()).unreadable
    assert unreadable == (
        str(tmp_path / "deep.lookbook" / "results.json"),
        str(other / "ledger.sqlite"),
    )


# --- the database ---------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", database.BESIDE)
def test_sqlite_is_never_led_through_a_link_or_to_a_pipe(places: StateDirs, ending: str) -> None:
    path = places.root / "ledger.sqlite"
    database.open_for_writing(path).close()
    odd = Path(f"{path}{ending}")
    odd.unlink(missing_ok=True)
    for kind in ("broken link", "pipe"):
        make(kind, odd)
        for opening in (database.open_for_reading, database.open_for_writing):
            with pytest.raises(UsageError, match=r"is a (symbolic link|pipe), not a file"):
                opening(path)
        odd.unlink()
    assert not (places.root / "nowhere").exists()


@pytest.mark.parametrize(
    ("sql", "oddity"),
    [
        ("CREATE TRIGGER t AFTER INSERT ON takes BEGIN DELETE FROM picks; END", "trigger t"),
        ("CREATE VIEW more AS SELECT load_extension('evil')", "view more"),
        ("CREATE UNIQUE INDEX one ON takes (state)", "index one"),
        ("CREATE TABLE other (x)", "table other"),
        ("DROP TRIGGER events_are_never_changed", "events_are_never_changed is missing"),
        ("DROP TABLE takes; CREATE VIEW takes AS SELECT * FROM events", "takes"),
        ("DROP TABLE picks; CREATE TABLE picks (look, take AS (look))", "picks is not as it was"),
        ("PRAGMA user_version = -1", "its version is -1"),
    ],
)
def test_a_ledger_with_tables_or_triggers_of_its_own_is_damaged(
    places: StateDirs, sql: str, oddity: str
) -> None:
    path = places.root / "ledger.sqlite"
    database.open_for_writing(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)
    leave_checksum(path)  # anybody can
    for opening in (database.open_for_reading, database.open_for_writing):
        with pytest.raises(LedgerDamaged, match=oddity):
            opening(path)


WALLET = "INSERT INTO events (at, kind, facts) VALUES (1, 'wallet', '"
SHOWN = '"before": 1, "after": 1, "currency": "usd"'


@pytest.mark.parametrize(
    ("sql", "oddity"),
    [
        ("UPDATE takes SET ingredients = '[]'", "what base#1 was made of cannot be read"),
        ("UPDATE takes SET sent_at = 9e15 WHERE look = 'navy'", "navy#1 has a time that no"),
        ("UPDATE takes SET number = -1 WHERE look = 'navy'", "navy#-1 has a number out of"),
        ("UPDATE takes SET image = 'images/../../x'", "the picture of .* lies outside"),
        ("UPDATE takes SET image = '/etc/passwd'", "the picture of .* lies outside"),
        ("UPDATE takes SET price = 'NaN'", "damaged"),
        ("UPDATE takes SET price = '-1'", "-1 is no price"),
        ("INSERT INTO events (at, kind, facts) VALUES (1, 'wallet', '[]')", "says cannot be read"),
        ("INSERT INTO events (at, kind, facts) VALUES (9e18, 'wallet', '{}')", "no time that"),
        ("INSERT INTO events (at, kind, facts) VALUES (1, 'wallet', '{}')", "no amount"),
        (f'{WALLET}{{"difference": 1e999, "known": 1, {SHOWN}}}\')', "no amount"),
        (f'{WALLET}{{"difference": 1, "known": 1e999, {SHOWN}}}\')', "no amount"),
        (f'{WALLET}{{"before_at": [1], "late": true, {SHOWN}}}\')', "no amount"),
        ("INSERT INTO events (at, kind, facts) VALUES (1, 'listed', '{\"ids\": 7}')", "no list"),
        ("DELETE FROM meta WHERE key = 'user'", "it does not say whose it is"),
    ],
)
def test_a_ledger_whose_rows_hold_what_no_lookbook_writes_is_damaged(
    places: StateDirs, sql: str, oddity: str
) -> None:
    path = places.root / "ledger.sqlite"
    bought(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)
    leave_checksum(path)  # anybody can
    with pytest.raises(LedgerDamaged, match=oddity):
        read_ledger(path)


def test_a_ledger_that_was_analyzed_or_is_of_the_very_first_form_is_sound(
    places: StateDirs,
) -> None:
    path = places.root / "ledger.sqlite"
    database.open_for_writing(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE INDEX events_of_a_take ON events (take) WHERE take IS NOT NULL; ANALYZE"
        )
        assert check_layout(connection, database.SCHEMA_VERSION) is None
    database.open_for_writing(path).close()


def test_a_value_of_a_ledger_has_a_bound(
    places: StateDirs, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = places.root / "ledger.sqlite"
    monkeypatch.setattr(database, "MAX_VALUE_BYTES", 10_000)
    with closing(database.open_for_writing(path)) as connection:
        insert = "INSERT INTO meta VALUES ('a', ?)"
        connection.execute(insert, ("x" * 5_000,))
        with pytest.raises(sqlite3.DataError, match="too big"):
            connection.execute(insert, ("x" * 20_000,))


def test_notes_of_ours_are_json_that_we_read_back(places: StateDirs) -> None:
    database.open_for_writing(places.root / "ledger.sqlite").close()
    places.use(places.first())
    assert json.loads((places.root / LAST_USED).read_text()) == {"folder": "."}
    assert places.last_used() == places.first()
