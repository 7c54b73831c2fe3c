"""The open ledger: its state in memory, and transactions that change both at once.

An operation is a function that is handed the ``Store`` and calls ``emit``; a batch of operations
is one transaction. Memory is changed while the transaction is open: when the commit fails, the
store reads back what is on disk, stays *broken*, and says so to everybody who wants to write.
"""

import json
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from runner.canonical import sha256_hex
from runner.ledger import bodies, integrity
from runner.ledger.checksum import leave_checksum
from runner.ledger.database import explain_sqlite_error
from runner.ledger.event_log import log_events
from runner.ledger.events import (
    UNTABLED_NOTES,
    Entry,
    LedgerState,
    Note,
    apply_event,
    changed_fields,
    price_of,
    row_to_take,
    to_facts,
)
from runner.ledger.runs import LastRun, find_last_run
from runner.model import LookKind
from runner.policy.budget import reserved_amount, reserved_in_run
from runner.policy.lifecycle import Event
from runner.policy.price_check import Spending, infer_prices
from runner.takes import Account, AccountFacts, Doubled, MeasuredPrice, Snapshot, Take

__all__ = ["Operation", "Probe", "Store", "keys_in", "spendings_of", "was_at"]

Operation = Callable[["Store"], Any]
Probe = Callable[[str], None]
"""Called at every commit point with ``KIND:before-commit`` and ``KIND:after-commit``."""

SEEN_NOTES = frozenset(
    {Note.PICKED, Note.PRICE_MEASURED, Note.KEYS_IGNORED, Note.KEYS_TRUSTED, *UNTABLED_NOTES}
)
"""Notes that change what a snapshot says."""

FAR_REACHING = frozenset(
    {Note.WALLET, Note.KEYS_IGNORED, Note.KEYS_TRUSTED, Note.IMPORTED, Note.MOVED, Note.REPRICED}
)
"""Rare notes after which prices or sums are worked out anew."""

UNCHECKED_LIFE = 14 * 86_400.0
"""Seconds after which a replay whose key was not checked no longer is."""

MAX_WALLET_LAG = 600.0
"""Seconds after which a wallet that is late counts as showing what was bought."""

_encode = json.JSONEncoder(ensure_ascii=False).encode
_COLUMNS = list(Take.__dataclass_fields__)
_UPSERT = (
    f"INSERT INTO takes ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))}) "  # noqa: S608 - names of our own
    f"ON CONFLICT (uid) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _COLUMNS)}"
)


@cache
def _update(names: tuple[str, ...]) -> str:
    """Return the statement that updates these columns of one take: a fifth of a whole row.

    There are about as many as there are kinds of events.
    """
    sets = ", ".join(f"{name} = ?" for name in names)
    return f"UPDATE takes SET {sets} WHERE uid = ?"  # noqa: S608 - names of our own


def was_at(connection: sqlite3.Connection, position: str) -> bool:
    """Return whether a ledger once was at a position, and so holds all that it held then."""
    _meta, event = json.loads(position)
    if event is None:
        return False
    row = connection.execute(
        "SELECT seq, at, take, kind FROM events WHERE seq = ?", (int(event[0]),)
    ).fetchone()
    return row is not None and list(row) == event


def spendings_of(noted: Sequence[tuple[float, str, Mapping[str, Any]]]) -> list[Spending]:
    """Return what left the wallet in each run, from when, by whom and what was noted of it.

    Where the wallet was late, what it showed before the next run counts, if that was long after.
    """
    latest = {run: (at, facts) for at, run, facts in noted}
    runs = [(at, run, facts) for run, (at, facts) in latest.items() if _is_in_usd(facts)]
    found = []
    for number, (at, run, facts) in enumerate(runs):
        after = facts["after"]
        if facts.get("late"):
            _, _, following = runs[number + 1] if number + 1 < len(runs) else (0, "", facts)
            waited = (following.get("before_at") or 0.0) - at
            after = following["before"] if waited >= MAX_WALLET_LAG else None
        if facts["before"] is not None and after is not None:
            found.append(Spending(run, Decimal(str(facts["before"])), Decimal(str(after))))
    return found


def _is_in_usd(facts: Mapping[str, Any]) -> bool:
    return (facts["currency"] or "usd").lower() == "usd"


def keys_in(connection: sqlite3.Connection) -> set[str]:
    """Return every idempotency key that a take has, or ever had."""
    rows = connection.execute(
        "SELECT facts FROM events WHERE kind IN (?, ?)", (Event.INTENDED, Note.IMPORTED)
    )
    return {json.loads(facts).get("key") for (facts,) in rows} - {None}


class Store:
    """A ledger that is open, for one process. Every change goes through ``transact``.

    ``run`` names the run that events are written under; ``now`` gives Unix seconds.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        *,
        now: Callable[[], float],
        failpoint: Probe | None = None,
        writing: bool = True,
    ) -> None:
        self._writing = writing
        self._connection = connection
        self._path = path
        self._now = now
        self._failpoint = failpoint or (lambda _point: None)
        self._lock = threading.RLock()
        self._broken: Exception | None = None
        self._emitted: list[Entry] = []
        self._snapshot: Snapshot | None = None
        self._imported: set[str] | None = None
        self._followed = 0
        self.learned = AccountFacts()
        self.trusted_at = 0.0
        """When a person, or a look that turned up, last withdrew that keys are not honoured."""
        self.run: str | None = None
        self.state: LedgerState
        self.spent: Decimal
        self.spent_in_run: Decimal
        self._open()

    def _open(self) -> None:
        """Load what the file holds. Raises LedgerDamaged where that makes no sense."""
        try:
            self._load()
        except sqlite3.Error as error:
            raise explain_sqlite_error(error, self._path) from error
        except Exception as error:  # no such state, no number, no JSON: SQLite keeps any text
            raise integrity.damaged(self._path, str(error) or type(error).__name__) from error
        integrity.verify(self._connection, self._path, self.state)

    # --- reading ------------------------------------------------------------------------------

    def meta(self) -> dict[str, str]:
        """Return whose ledger it is; empty for a ledger that was just made."""
        return dict(self._connection.execute("SELECT key, value FROM meta"))

    def account(self) -> Account | None:
        """Return the account that this ledger belongs to."""
        meta = self.meta()
        if "host" not in meta:
            return None
        return Account(meta["host"], meta["user"], simulated=meta["simulated"] == "true")

    def snapshot(self) -> Snapshot:
        """Return everything that is known now, as one frozen value; the same until a write."""
        with self._lock:
            if self._snapshot is None:
                self._snapshot = self._build_snapshot()
            return self._snapshot

    def takes_of(self, look: str) -> list[Take]:
        """Return the takes of one look as they are now."""
        with self._lock:  # another thread writes
            return [take for take in self.state.takes.values() if take.look == look]

    def _build_snapshot(self) -> Snapshot:
        by_look: dict[str, list[Take]] = {}
        for take in self.state.takes.values():
            by_look.setdefault(take.look, []).append(take)
        return Snapshot(
            account=self.account(),
            campaign=self.meta().get("campaign"),
            takes=MappingProxyType(
                {
                    look: tuple(sorted(takes, key=lambda take: take.number))
                    for look, takes in by_look.items()
                }
            ),
            picks=MappingProxyType(dict(self.state.picks)),
            spent=self.spent,
            doubled=tuple(self.state.doubled.values()),
            prices=MappingProxyType({**self.learned.prices, **self._inferred, **self.state.prices}),
            faces=MappingProxyType(dict(self.state.faces)),
            faces_accepted=frozenset(self.state.faces_accepted),
            reviews=MappingProxyType(dict(self.state.reviews)),
        )

    def learn(self, facts: AccountFacts) -> None:
        """Go by what the other ledgers of the folder learned of the account."""
        with self._lock:
            self.learned, self._snapshot = facts, None

    def position(self) -> str:
        """Name the last event that says more than that a run began or ended.

        Events are only ever appended: while this is the same, so is what the ledger holds.
        """
        with self._lock:  # another thread writes
            row = self._connection.execute(
                "SELECT seq, at, take, kind FROM events WHERE kind NOT IN (?, ?) "
                "ORDER BY seq DESC LIMIT 1",
                (Note.RUN_STARTED, Note.RUN_ENDED),
            ).fetchone()
            return json.dumps([self.meta(), row])

    @property
    def imported(self) -> set[str]:
        """The takes that a results file told of; this ledger's own sends made the others."""
        with self._lock:
            if self._imported is None:
                rows = self._connection.execute(
                    "SELECT DISTINCT take FROM events WHERE kind = ?", (Note.IMPORTED,)
                )
                self._imported = {uid for (uid,) in rows}
            return self._imported

    def is_found(self, uid: str) -> bool:
        """Return whether a search found what a take became, or a person said it: no answer did."""
        with self._lock:
            query = "SELECT 1 FROM events WHERE take = ? AND kind = ? LIMIT 1"
            return self._connection.execute(query, (uid, Event.FOUND)).fetchone() is not None

    def keys(self) -> set[str]:
        """Return every idempotency key that a take has, or ever had."""
        return keys_in(self._connection)

    def was_at(self, position: str) -> bool:
        """Return whether this very ledger once was at a position, and holds all it held then."""
        return was_at(self._connection, position)

    def unchecked_replays(self) -> list[Take]:
        """Return the takes that were sent again, and whose keys were not checked late enough.

        Those of weeks ago no longer count: what bears their name by now may be anybody's.
        """
        with self._lock:
            first, checked = self.state.last_at - UNCHECKED_LIFE, self.state.checked
            return [
                take
                for take in self.state.takes.values()
                if take.resent_at is not None
                and take.resent_at > first
                and take.resent_at != checked.get(take.uid)
            ]

    def ever_doubled(self) -> frozenset[str]:
        """Return every look that was ever noted as doubled, also where that was withdrawn."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT facts FROM events WHERE kind = ?", (Note.KEYS_IGNORED,)
            ).fetchall()
        return frozenset(json.loads(facts)["look_id"] for (facts,) in rows)

    def listed(self) -> tuple[set[str], set[str], set[str]]:
        """Return all looks and groups listed as strangers, those accepted, and those disowned.

        The last are looks of which a person said that no send of this ledger made them.
        """
        known: set[str] = set()
        accepted: set[str] = set()
        strangers: set[str] = set()
        for (text,) in self._connection.execute(
            "SELECT facts FROM events WHERE kind = ?", (Note.LISTED,)
        ):
            facts = json.loads(text)
            known.update(facts["ids"])
            accepted.update(facts["accepted"])
            strangers.update(facts.get("strangers", ()))
        return known, accepted, strangers

    def listed_before(self, uid: str) -> frozenset[str]:
        """Return what was listed as a stranger before the first send of a take.

        The order of the events decides; for a take that came from elsewhere, the time.
        """
        with self._lock:
            (seq,) = self._connection.execute(
                "SELECT max(seq) FROM events WHERE take = ? AND kind = ?", (uid, Event.INTENDED)
            ).fetchone()
            sent = self.state.takes[uid].sent_at or 0.0
            rows = self._connection.execute(
                "SELECT facts FROM events WHERE kind = ? AND (seq < ? OR (? IS NULL AND at <= ?))",
                (Note.LISTED, seq, seq, sent),
            ).fetchall()
        return frozenset(one for (facts,) in rows for one in json.loads(facts)["ids"])

    def events(self) -> Iterable[Entry]:
        """Return every event, in order."""
        rows = self._connection.execute(
            "SELECT at, run, take, kind, facts FROM events ORDER BY seq"
        )
        for at, run, take, kind, facts in rows:
            yield Entry(at, run, take, kind, json.loads(facts))

    def follow(self) -> list[Entry]:
        """Apply the events that another process wrote since, to memory alone; return them.

        For a ledger that was opened for reading.
        """
        rows = self._connection.execute(
            "SELECT seq, at, run, take, kind, facts FROM events WHERE seq > ? ORDER BY seq",
            (self._followed,),
        ).fetchall()
        entries = []
        for seq, at, run, take, kind, facts in rows:
            entry = Entry(at, run, take, kind, json.loads(facts))
            before = reserved_amount(self.state.takes.get(take or ""))
            moved = apply_event(self.state, entry)
            self.spent += (reserved_amount(moved) if moved is not None else before) - before
            self._followed = seq
            self._snapshot = None
            entries.append(entry)
        if any(entry.kind in FAR_REACHING for entry in entries):
            self._load()
        return entries

    def last_run(self) -> LastRun | None:
        """Return the newest run; None where there was none."""
        return find_last_run(self._connection)

    def body(self, uid: str) -> bytes:
        """Return a take's stored body. Raises KeyError where none is stored."""
        with self._lock:
            sha256 = self.state.takes[uid].body_sha256
            if sha256 is None:
                raise KeyError(uid)
            try:
                return bodies.read_body(self._connection, sha256)
            except ValueError as error:
                raise integrity.damaged(self._path, str(error)) from error

    def _load(self) -> None:
        self.state, self.spent = LedgerState(), Decimal(0)
        self._snapshot = None
        names = ", ".join(_COLUMNS)
        for row in self._connection.execute(f"SELECT {names} FROM takes"):  # noqa: S608 - our own names
            take = row_to_take(row)
            self.state.put(take)
            self.spent += reserved_amount(take)
        picks = self._connection.execute("SELECT look, take FROM picks")
        self.state.picks = {
            sys.intern(look): self.state.takes[uid].uid if uid in self.state.takes else uid
            for look, uid in picks
        }
        self.state.assets = dict(self._connection.execute("SELECT sha256, asset_id FROM assets"))
        last, seq = self._connection.execute("SELECT max(at), max(seq) FROM events").fetchone()
        self.state.last_at, self._followed = last or 0.0, seq or 0
        wallet = self._connection.execute(
            "SELECT facts FROM events WHERE kind = ? ORDER BY seq DESC LIMIT 1", (Note.WALLET,)
        ).fetchone()
        self.state.wallet = json.loads(wallet[0]) if wallet else None
        rows = self._connection.execute(
            "SELECT facts FROM events WHERE kind = ? ORDER BY seq", (Note.PRICE_MEASURED,)
        )
        self.state.prices = dict(price_of(json.loads(text)) for (text,) in rows)
        self._inferred = self._infer_prices()
        self.spent_in_run = reserved_in_run(self.state.takes.values(), self.run or "")
        self._load_doubled()
        self._load_untabled()
        self._load_checked()

    def _load_untabled(self) -> None:
        """Read what was measured in pictures, and what people decided about faces and takes."""
        rows = self._connection.execute(
            "SELECT at, run, kind, facts FROM events WHERE kind IN (?, ?, ?) ORDER BY seq",
            UNTABLED_NOTES,
        )
        for at, run, kind, facts in rows:
            apply_event(self.state, Entry(at, run, None, kind, json.loads(facts)))

    def _load_checked(self) -> None:
        """Read which replays were listed late enough to show what their keys made."""
        for (text,) in self._connection.execute(
            "SELECT facts FROM events WHERE kind = ? ORDER BY seq", (Note.KEYS_CHECKED,)
        ):
            facts = json.loads(text)
            self.state.checked[facts["take"]] = facts["resent_at"]

    def _load_doubled(self) -> None:
        """Read which looks were made twice, if nobody has withdrawn that since."""
        rows = self._connection.execute(
            "SELECT at, run, kind, facts FROM events WHERE kind IN (?, ?) ORDER BY seq",
            (Note.KEYS_IGNORED, Note.KEYS_TRUSTED),
        )
        for at, run, kind, facts in rows.fetchall():
            if kind == Note.KEYS_TRUSTED:
                self.trusted_at = at
            apply_event(self.state, Entry(at, run, None, kind, json.loads(facts)))
        self._hold_doubled(())

    def _infer_prices(self) -> Mapping[LookKind, MeasuredPrice]:
        """Return the prices that earlier runs confirm, for kinds that no run ever measured."""
        kinds = {take.kind for take in self.state.takes.values()} - {LookKind.EXISTING}
        if kinds <= self.state.prices.keys():
            return {}
        rows = self._connection.execute(
            "SELECT at, run, facts FROM events WHERE kind = ? AND run IS NOT NULL ORDER BY seq",
            (Note.WALLET,),
        )
        noted = [(at, run, json.loads(text)) for at, run, text in rows]
        return infer_prices([*self.state.takes.values()], spendings_of(noted))

    # --- writing ------------------------------------------------------------------------------

    def transact(self, operations: Sequence[Operation]) -> list[Any]:
        """Carry out operations in one durable transaction; return each one's result or exception.

        An operation that raises must do so before it emits. Raises a LookbookError when the file
        could not be written: nothing of the batch is then on disk, and the store stays broken.
        """
        with self._lock:
            if self._broken is not None:
                raise self._broken
            try:
                return self._transact(operations)
            except sqlite3.Error as error:
                self._broken = explain_sqlite_error(error, self._path)
                with suppress(sqlite3.Error):
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                    self._load()  # what is said from here on must be what is on disk
                raise self._broken from error

    def _transact(self, operations: Sequence[Operation]) -> list[Any]:
        self._connection.execute("BEGIN IMMEDIATE")
        self._emitted = []
        results: list[Any] = []
        for operation in operations:
            try:
                results.append(operation(self))
            except sqlite3.Error:
                raise
            except Exception as error:  # noqa: BLE001 - it is the answer to one caller, not to all
                results.append(error)
        emitted = self._emitted
        kinds = [entry.kind for entry in emitted]
        for kind in kinds:
            self._failpoint(f"{kind}:before-commit")
        self._connection.execute("COMMIT")
        for kind in kinds:
            self._failpoint(f"{kind}:after-commit")
        log_events(emitted, self.state.takes)
        return results

    def emit(self, kind: str, facts: Mapping[str, Any], take: str | None = None) -> Take | None:
        """Append one event and bring what is derived from it up to date, in memory and on disk."""
        before = self.state.takes.get(take) if take is not None else None
        doubled = [*self.state.doubled.values()]
        entry = Entry(self._now(), self.run, take, str(kind), facts)
        moved = apply_event(self.state, entry)
        if moved is not None or kind in SEEN_NOTES:
            self._snapshot = None
        self._connection.execute(
            "INSERT INTO events (at, run, take, kind, facts) VALUES (?, ?, ?, ?, ?)",
            (entry.at, entry.run, take, entry.kind, _encode(facts)),
        )
        self._emitted.append(entry)
        if entry.kind == Note.KEYS_TRUSTED:
            self.trusted_at = entry.at
        if entry.kind == Note.IMPORTED:
            self._imported = None
        if moved is not None:
            self._write_take(before, moved)
        else:
            self._write_note(entry)
        if len(doubled) != len(self.state.doubled):
            self._hold_doubled(doubled)
        return moved

    def put_body(self, body: bytes) -> str:
        """Store a request body; return its SHA-256."""
        sha256 = sha256_hex(body)
        pieces, blobs = bodies.split_body(body)
        if blobs:
            self._connection.executemany(
                "INSERT OR IGNORE INTO blobs (sha256, data) VALUES (?, ?)", blobs.items()
            )
        self._connection.execute(
            "INSERT OR IGNORE INTO bodies (sha256, pieces) VALUES (?, ?)", (sha256, pieces)
        )
        return sha256

    def put_meta(self, values: Mapping[str, str]) -> None:
        """Write down whose ledger it is."""
        self._snapshot = None
        self._connection.executemany(
            "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", values.items()
        )

    def _write_take(self, before: Take | None, moved: Take) -> None:
        if before is None:
            self._connection.execute(_UPSERT, [*to_facts(moved).values()])
        elif changes := changed_fields(before, moved):
            self._connection.execute(_update(tuple(changes)), [*changes.values(), moved.uid])
        if before is not None and before.look != moved.look:
            self._connection.execute("DELETE FROM picks WHERE look = ?", (before.look,))
            self._put_pick(before.look)  # where keys are exchanged it is another take's by now
            self._put_pick(moved.look)
        was, now = reserved_amount(before), reserved_amount(moved)
        self.spent += now - was
        if moved.run == self.run:
            self.spent_in_run += now
        if before is not None and before.run == self.run:
            self.spent_in_run -= was

    def _hold_doubled(self, before: Iterable[Doubled]) -> None:
        """Count what was made twice against the ceilings, or release it."""
        for sign, looks in ((-1, before), (1, self.state.doubled.values())):
            for look in looks:
                self.spent += sign * look.price
                if look.run == self.run:
                    self.spent_in_run += sign * look.price

    def _write_note(self, entry: Entry) -> None:
        facts = entry.facts
        if entry.kind == Note.PICKED:
            self._put_pick(facts["look"])
        elif entry.kind == Note.ASSET_SAVED:
            self._connection.execute(
                "INSERT OR REPLACE INTO assets (sha256, asset_id) VALUES (?, ?)",
                (facts["sha256"], facts["asset_id"]),
            )
        elif entry.kind == Note.ASSET_FORGOTTEN:
            self._connection.execute("DELETE FROM assets WHERE asset_id = ?", (facts["asset_id"],))

    def _put_pick(self, look: str) -> None:
        if look in self.state.picks:
            self._connection.execute(
                "INSERT OR REPLACE INTO picks (look, take) VALUES (?, ?)",
                (look, self.state.picks[look]),
            )

    def close(self) -> None:
        """Close the file; what was committed stays."""
        with self._lock:
            self._connection.close()
            if self._writing and self._broken is None:
                leave_checksum(self._path)
