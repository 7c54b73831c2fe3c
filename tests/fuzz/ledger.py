"""Any bytes as a ledger: amounts that can be planned with and told of, or one clear refusal.

The first byte says how: the file itself, changes to a sound one or to its log, or (with a brace as
the second) its rows as JSON. Rows are written as a program would that means harm: the tables agree
with the events, and the checksum vouches for them, unless the input says otherwise.
"""

import json
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import Any

from runner.cli.terminal import escape_text
from runner.errors import LookbookError
from runner.executor.ports import OverBudget
from runner.ledger import database
from runner.ledger.checksum import leave_checksum
from runner.ledger.events import Entry, LedgerState, apply_event
from runner.ledger.facts import to_facts
from runner.ledger.ledger import LedgerFile
from runner.ledger.reading import has_sent, has_takes, read_keys, read_ledger
from runner.ledger.state_dirs import read_owner
from runner.plan import plan
from runner.plan.saved_plan import plan_document
from runner.policy.lifecycle import Event
from runner.results.charges import charges_document
from runner.results.writer import results_document
from runner.takes import Snapshot
from tests.executor.harness import campaign, look
from tests.fuzz.target import Target, demand, folder, written
from tests.ledger.names import Ticking, intent
from tests.plan.made import ACCOUNT

SPRING = campaign(look("navy"), look("night", on="navy"))
ROWS, FILE, PATCHED, LOG = b"{"[0], 0, 1, 2
COLUMNS = ("at", "run", "take", "kind", "facts")

WORDS = (
    *('"meta"', '"events"', '"takes"', '"picks"', '"assets"', '"vouched"', '"host"', '"user"'),
    *('"run_started"', '"intended"', '"accepted"', '"completed"', '"fetched"', '"picked"'),
    *('"lost"', '"wallet"', '"imported"', '"repriced"', '"moved"', '"reviewed"', '"listed"'),
    *('"price_measured"', '"keys_ignored"', '"keys_checked"', '"face_measured"', '"price"'),
    *('"number"', '"image"', '"state"', '"billing"', '"kind"', '"identity"', '"sent_at"'),
    *("NaN", '"NaN"', '"Infinity"', '"-1"', '"1e999999"', "1e999", "null", "true", "9" * 30),
    *('"../../x"', '"/x"', "\\ud800", "\\u0000", "\\u202e", "[[[[", "SQLite format 3\0"),
)


def run(data: bytes) -> None:
    """Lay it where a ledger lies, and do with it what the commands do."""
    path = folder() / "ledger" / "ledger.sqlite"
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir()
    if not lay(data, path):
        return
    before = path.read_bytes()
    for question in (read_owner, has_takes, has_sent, read_keys):
        ask(question, path)
    if ask(told, path) is not None:
        demand(path.read_bytes() == before, "who reads a ledger changes nothing")
    ask(continued, path)


def ask(question: Any, path: Path) -> Any:
    """Return an answer; a refusal is words."""
    try:
        return question(path)
    except OverBudget:
        return None
    except LookbookError as error:
        for line in [*error.message.splitlines(), *(error.hint or "").splitlines()]:
            written(escape_text(line), "the refusal")
        return None


def told(path: Path) -> Snapshot:
    """Read it as plan, status, export and money do."""
    snapshot, wallet = read_ledger(path)
    demand(snapshot.spent.is_finite() and snapshot.spent >= 0, "what is spent is an amount")
    made = plan(SPRING, snapshot)
    results = results_document(SPRING, snapshot, made, wallet)
    for told_of in (plan_document(made), results, charges_document(snapshot, "spring")):
        written(json.dumps(told_of, ensure_ascii=True, allow_nan=False, default=list), "a document")
    for takes in snapshot.takes.values():
        for take in takes:
            demand(take.price.is_finite() and take.price >= 0, "a price is an amount")
            inside = Path("/state") / (take.image or "")
            demand(inside.resolve().is_relative_to("/state"), "a picture lies in the folder")
    return snapshot


def continued(path: Path) -> None:
    """Open it as a run does, buy, and read again what was there."""
    ticking = Ticking()
    ledger = LedgerFile(path, now=ticking.now, entropy=ticking, inline=True)
    try:
        known = list(ledger.store.history.events())
        ledger.begin(ledger.store.account() or ACCOUNT, "spring", {})
        ledger.snapshot()
        ledger.end({})
        demand(list(ledger.store.history.events())[: len(known)] == known, "what happened stays")
    finally:
        ledger.close()


# --- how bytes become a ledger --------------------------------------------------------------------


def lay(data: bytes, path: Path) -> bool:
    """Write what the bytes say; return False where they say nothing."""
    if data[:1] == b"{":
        return lay_rows(data, path)
    how, rest = data[:1], data[1:]
    if not how:
        return False
    if how[0] % 3 == FILE:
        path.write_bytes(rest)
        return True
    file, log = sound()
    path.write_bytes(patched(file, rest) if how[0] % 3 == PATCHED else file)
    if how[0] % 3 == LOG:
        Path(f"{path}-wal").write_bytes(patched(log, rest))
    elif how[0] >= 128:
        leave_checksum(path)
    return True


def patched(content: bytes, script: bytes) -> bytes:
    """Change bytes: each four of the script are a place, what to put there, and how often."""
    changed = bytearray(content)
    for start in range(0, len(script) - 3, 4):
        place = int.from_bytes(script[start : start + 2], "big") * 7 % max(1, len(changed))
        value, times = script[start + 2], script[start + 3] % 8 + 1
        changed[place : place + times] = bytes([value]) * times
    return bytes(changed)


def lay_rows(data: bytes, path: Path) -> bool:
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        return False
    connection = database.open_for_writing(path)
    # What no table takes is not a ledger; everything else may lie in one.
    with closing(connection), suppress(sqlite3.Error, OverflowError, UnicodeEncodeError):
        insert_rows(connection, said)
    if said.get("vouched", True):
        leave_checksum(path)
    return True


def insert_rows(connection: sqlite3.Connection, said: Mapping[str, Any]) -> None:
    rows = [row for row in pieces(said, "events") if isinstance(row, list) and len(row) == 5]
    for row in rows:
        facts = row[4] if isinstance(row[4], str) else json.dumps(row[4])
        statement = f"INSERT INTO events ({', '.join(COLUMNS)}) VALUES (?, ?, ?, ?, ?)"
        connection.execute(statement, (*row[:4], facts))
    state = folded(rows)
    takes = said.get("takes")
    for take in takes if isinstance(takes, list) else map(to_facts, state.takes.values()):
        if isinstance(take, dict) and take.keys() <= set(COLUMNS_OF_TAKES):
            marks = ", ".join("?" * len(take))
            statement = f"INSERT INTO takes ({', '.join(take)}) VALUES ({marks})"
            connection.execute(statement, [*take.values()])
    for table, columns, ours in (
        ("meta", "key, value", {}),
        ("picks", "look, take", state.picks),
        ("assets", "sha256, asset_id", state.assets),
    ):
        told_rows = said.get(table)
        pairs = told_rows if isinstance(told_rows, dict) else ours
        statement = f"INSERT INTO {table} ({columns}) VALUES (?, ?)"
        connection.executemany(statement, pairs.items())
    connection.executemany("INSERT INTO bodies (sha256, pieces) VALUES (?, ?)", BODIES.items())


def pieces(said: Mapping[str, Any], name: str) -> list[Any]:
    found = said.get(name)
    return found if isinstance(found, list) else []


def folded(rows: list[Any]) -> LedgerState:
    """Return what the events amount to, as far as they do."""
    state = LedgerState()
    with suppress(Exception):
        for at, by, take, kind, facts in rows:
            apply_event(state, Entry(at, by, take, kind, facts))
    return state


COLUMNS_OF_TAKES: list[str] = []
BODIES: dict[str, str] = {}


# --- where a search starts ------------------------------------------------------------------------


@cache
def sound() -> tuple[bytes, bytes]:
    """Return a ledger with a base and two looks, and the log of one that is still open."""
    path = folder() / "sound" / "ledger.sqlite"
    path.parent.mkdir(exist_ok=True)
    ledger = bought(path)
    log = Path(f"{path}-wal").read_bytes()
    ledger.close()
    return path.read_bytes(), log


def bought(path: Path) -> LedgerFile:
    """Return a ledger in which something of everything happened, still open."""
    import asyncio

    ticking = Ticking()
    ledger = LedgerFile(path, now=ticking.now, entropy=ticking, inline=True)

    async def happen() -> None:
        for key in ("base", "navy", "night"):
            sent = await ledger.intend(intent(key))
            if key == "night":
                continue
            ids = {"avatar_id": f"id-{key}", "group_id": "group", "accepted_at": ticking.now()}
            await ledger.record(sent.uid, Event.ACCEPTED, ids)
            await ledger.record(sent.uid, Event.COMPLETED, {"completed_at": ticking.now()})
            image = {"image": f"images/{key}.1.png", "sha256": "ab" * 32}
            await ledger.record(sent.uid, Event.FETCHED, image | {"width": 512, "height": 512})
        await ledger.save_asset("cd" * 32, "asset_1")
        await ledger.note_listed({"stranger"}, {"stranger"})

    ledger.begin(ACCOUNT, "spring", {})
    asyncio.run(happen())
    wallet = {"currency": "usd", "before": 10.0, "after": 7.0, "before_at": ticking.now()}
    ledger.note_wallet(wallet)
    return ledger


def as_rows(path: Path) -> dict[str, Any]:
    """Return a ledger's rows in the form of an input."""
    with closing(sqlite3.connect(path)) as connection:
        events = connection.execute("SELECT at, run, take, kind, facts FROM events ORDER BY seq")
        rows = [[*row[:4], json.loads(row[4])] for row in events]
        takes = connection.execute("SELECT * FROM takes")
        COLUMNS_OF_TAKES[:] = [column[0] for column in takes.description]
        named = [dict(zip(COLUMNS_OF_TAKES, row, strict=True)) for row in takes]
        meta = dict(connection.execute("SELECT key, value FROM meta"))
        BODIES.update(connection.execute("SELECT sha256, pieces FROM bodies"))
    for row in rows:  # which process it was says nothing
        if row[3] == "run_started":
            row[4] |= {"host": "here", "pid": 1}
    return {"meta": meta, "events": rows, "takes": named}


def seeds() -> list[bytes]:
    file, _log = sound()
    rows = as_rows(folder() / "sound" / "ledger.sqlite")
    events_alone = {name: rows[name] for name in ("meta", "events")}
    inputs = [events_alone, {**events_alone, "vouched": False}, rows, {"meta": {}}]
    return [
        *(json.dumps(one).encode() for one in inputs),
        bytes([FILE]) + file[:4096],
        bytes([FILE]),
        bytes([PATCHED]) + bytes(range(0, 240, 5)),
        bytes([129 + PATCHED]) + bytes(range(0, 240, 3)),
        bytes([LOG]) + bytes(range(0, 200, 7)),
    ]


WATCHED = ("runner.ledger", "runner.plan", "runner.results")
TARGET = Target("ledger", run, seeds, WORDS, WATCHED, longest=8192, json=True)
