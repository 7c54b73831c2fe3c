"""The open ledger: its state in memory, and transactions that change both at once.

An operation is a function that is handed the ``Store`` and calls ``emit``; a batch of operations
is one transaction of the backend. Memory is changed before the transaction is committed: when that
fails, the store reads back what the backend has, stays *broken*, and says so to everybody who wants
to write.
"""

import json
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any, TypeVar

from runner.canonical import sha256_hex
from runner.errors import LookbookError, UsageError
from runner.executor.ports import AccountBusy
from runner.face_measures import FORGOTTEN, forget_face
from runner.ledger import bodies, integrity
from runner.ledger.backend import (
    Backend,
    Changes,
    Erasing,
    Places,
    TakeChange,
    TransactionUndone,
)
from runner.ledger.event_log import log_events
from runner.ledger.events import (
    UNTABLED_NOTES,
    Entry,
    LedgerState,
    Note,
    apply_event,
    changed_fields,
    row_to_take,
    to_facts,
)
from runner.ledger.runs import LastRun, find_last_run
from runner.model import LookKind
from runner.policy.budget import reserved_amount, reserved_in_run
from runner.policy.lifecycle import Event
from runner.policy.price_check import Spending, infer_prices
from runner.takes import Account, AccountFacts, Doubled, MeasuredPrice, Snapshot, Take

T = TypeVar("T")
Operation = Callable[["Store"], Any]


@dataclass(frozen=True, slots=True)
class Send:
    """An operation that records that a request is about to leave, for which it needs a place.

    ``resent`` is the uid of a take whose body leaves again.
    """

    operation: Operation
    resent: str | None = None

    def __call__(self, store: "Store") -> Any:
        """Carry it out."""
        return self.operation(store)


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

MAX_TRIES = 5
"""How often a transaction is made that the database undoes."""

OWNER = frozenset({"campaign", "host", "user", "simulated"})
"""What every ledger says of whose it is, once anything happened in it."""

UNCHECKED_LIFE = 14 * 86_400.0
"""Seconds after which a replay whose key was not checked no longer is."""

MAX_WALLET_LAG = 600.0
"""Seconds after which a wallet that is late counts as showing what was bought."""

FOLDED_NOTES = (
    Note.WALLET,
    Note.PRICE_MEASURED,
    Note.KEYS_IGNORED,
    Note.KEYS_TRUSTED,
    Note.KEYS_CHECKED,
    *UNTABLED_NOTES,
)
"""Notes that no table is derived from: what they say is folded when a ledger is opened."""


def was_at(backend: Backend, position: str) -> bool:
    """Return whether a ledger once was at a position, and so holds all that it held then."""
    _meta, event = json.loads(position)
    if event is None:
        return False
    row = backend.event(int(event[0]))
    return row is not None and [row.seq, row.at, row.take, row.kind] == event


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


def keys_in(backend: Backend) -> set[str]:
    """Return every idempotency key that a take has, or ever had."""
    rows = backend.events(Event.INTENDED, Note.IMPORTED)
    keys = (row.to_entry().facts.get("key") for row in rows)
    return {key for key in keys if key is not None}


class Store:
    """A ledger that is open, for one process. Every change goes through ``transact``.

    ``run`` names the run that events are written under; ``now`` gives Unix seconds.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        now: Callable[[], float],
        failpoint: Probe | None = None,
        writing: bool = True,
    ) -> None:
        self._writing = writing
        self.backend = backend
        self._now = now
        self._failpoint = failpoint or (lambda _point: None)
        self._lock = threading.RLock()
        """Guards what is in memory; never held while the backend is waited for."""
        self._backend_lock = threading.RLock()
        """Guards the backend, and so is held during a commit; taken before ``_lock``."""
        self._broken: Exception | None = None
        self._changes = Changes()
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
        """Load what the backend holds. Raises LedgerDamaged where that makes no sense."""
        try:
            with self.backend.one_view():  # another process may write meanwhile
                self._load()
                integrity.verify(self.backend, self.state)
        except LookbookError:
            raise
        except Exception as error:  # no such state, no number, no JSON: SQLite keeps any text
            problem = str(error) or type(error).__name__
            raise (self.backend.explain(error) or self.backend.damaged(problem)) from error

    # --- reading ------------------------------------------------------------------------------

    def meta(self) -> dict[str, str]:
        """Return whose ledger it is; empty for a ledger that was just made."""
        return dict(sorted(self._meta.items()))

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
            reviews=MappingProxyType(dict(self.state.reviews)),
            videos=MappingProxyType(dict(self.state.videos)),
        )

    def learn(self, facts: AccountFacts) -> None:
        """Go by what the other ledgers of the folder learned of the account."""
        with self._lock:
            self.learned, self._snapshot = facts, None

    def position(self) -> str:
        """Name the last event that says more than that a run began or ended.

        Events are only ever appended: while this is the same, so is what the ledger holds.
        """
        with self._backend_lock:
            row = self.backend.last_event(Note.RUN_STARTED, Note.RUN_ENDED)
            event = None if row is None else [row.seq, row.at, row.take, row.kind]
            return json.dumps([self.meta(), event])

    @property
    def imported(self) -> set[str]:
        """The takes that a results file told of; this ledger's own sends made the others."""
        with self._backend_lock:
            if self._imported is None:
                rows = self.backend.events(Note.IMPORTED)
                self._imported = {row.take for row in rows if row.take is not None}
            return self._imported

    def is_found(self, uid: str) -> bool:
        """Return whether a search found what a take became, or a person said it: no answer did."""
        with self._backend_lock:
            return self.backend.last_event_of(uid, Event.FOUND) is not None

    def keys(self) -> set[str]:
        """Return every idempotency key that a take has, or ever had."""
        return keys_in(self.backend)

    def was_at(self, position: str) -> bool:
        """Return whether this very ledger once was at a position, and holds all it held then."""
        return was_at(self.backend, position)

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
        with self._backend_lock:
            rows = [*self.backend.events(Note.KEYS_IGNORED)]
        return frozenset(row.to_entry().facts["look_id"] for row in rows)

    def forget_faces(self) -> int:
        """Erase everything that was measured of faces; return how many pictures that were."""
        if not isinstance(self.backend, Erasing):
            raise UsageError(
                "A ledger that machines share erases no events.",
                hint="Whoever keeps the database can: rows of `events` of the kind face_measured.",
            )
        with self._backend_lock, self._lock:
            known = sum(one.model != FORGOTTEN for one in self.state.faces.values())
            self.backend.erase(Note.FACE_MEASURED, forget_face)
            self.state.faces.clear()
            self._snapshot = None
        return known

    def listed(self) -> tuple[set[str], set[str], set[str]]:
        """Return all looks and groups listed as strangers, those accepted, and those disowned.

        The last are looks of which a person said that no send of this ledger made them.
        """
        with self._backend_lock:
            entries = [row.to_entry() for row in self.backend.events(Note.LISTED)]
            entries += [entry for entry in self._changes.events if entry.kind == Note.LISTED]
        known: set[str] = set()
        accepted: set[str] = set()
        strangers: set[str] = set()
        for entry in entries:
            known.update(entry.facts["ids"])
            accepted.update(entry.facts["accepted"])
            strangers.update(entry.facts.get("strangers", ()))
        return known, accepted, strangers

    def listed_before(self, uid: str) -> frozenset[str]:
        """Return what was listed as a stranger before the first send of a take.

        The order of the events decides; for a take that came from elsewhere, the time.
        """
        with self._backend_lock:
            send = self.backend.last_event_of(uid, Event.INTENDED)
            sent_at = self.state.takes[uid].sent_at or 0.0
            rows = [
                row
                for row in self.backend.events(Note.LISTED)
                if (row.at <= sent_at if send is None else row.seq < send.seq)
            ]
        return frozenset(one for row in rows for one in row.to_entry().facts["ids"])

    def ask(self, question: Callable[[], T]) -> T:
        """Return what the backend answers, while nobody else uses it."""
        with self._backend_lock:
            try:
                return question()
            except Exception as error:
                explained = self.backend.explain(error)
                if explained is None:
                    raise
                raise explained from error

    def events(self) -> Iterable[Entry]:
        """Return every event, in order."""
        return (row.to_entry() for row in self.backend.events())

    def follow(self) -> list[Entry]:
        """Apply the events that another process wrote since, to memory alone; return them.

        For a ledger that was opened for reading.
        """
        entries = []
        for row in self.backend.events_after(self._followed):
            entry = row.to_entry()
            before = reserved_amount(self.state.takes.get(entry.take or ""))
            moved = apply_event(self.state, entry)
            self.spent += (reserved_amount(moved) if moved is not None else before) - before
            self._followed = row.seq
            self._snapshot = None
            entries.append(entry)
        if any(entry.kind in FAR_REACHING for entry in entries):
            with self.backend.one_view():
                self._load()
        return entries

    def last_run(self) -> LastRun | None:
        """Return the newest run; None where there was none."""
        return find_last_run(self.backend)

    def body(self, uid: str) -> bytes:
        """Return a take's stored body. Raises KeyError where none is stored."""
        with self._backend_lock:
            sha256 = self.state.takes[uid].body_sha256
            if sha256 is None:
                raise KeyError(uid)
            try:
                return self.backend.body(sha256)
            except ValueError as error:
                raise self.backend.damaged(str(error)) from error

    def _load(self) -> None:
        self.state, self.spent = LedgerState(), Decimal(0)
        self._changes, self._snapshot, self._imported = Changes(), None, None
        self._meta = self.backend.meta()
        if self._meta and not OWNER.issubset(self._meta):
            raise ValueError("it does not say whose it is")
        for row in self.backend.takes():
            take = row_to_take(row)
            self.state.put(take)
            self.spent += reserved_amount(take)
        takes = self.state.takes
        self.state.picks = {
            sys.intern(look): takes[uid].uid if uid in takes else uid
            for look, uid in self.backend.picks().items()
        }
        self.state.assets = self.backend.assets()
        for event in self.backend.events(*FOLDED_NOTES):
            entry = event.to_entry()
            apply_event(self.state, entry)
            if entry.kind == Note.KEYS_TRUSTED:
                self.trusted_at = entry.at
        self.state.last_at = self.backend.last_at()
        last = self.backend.last_event()
        self._followed = last.seq if last is not None else 0
        self._inferred = self._infer_prices()
        self.spent_in_run = reserved_in_run(takes.values(), self.run or "")
        self._hold_doubled(())

    def _infer_prices(self) -> Mapping[LookKind, MeasuredPrice]:
        """Return the prices that earlier runs confirm, for kinds that no run ever measured."""
        kinds = {take.kind for take in self.state.takes.values()} - {LookKind.EXISTING}
        if kinds <= self.state.prices.keys():
            return {}
        entries = [row.to_entry() for row in self.backend.events(Note.WALLET)]
        noted = [(entry.at, entry.run, entry.facts) for entry in entries if entry.run is not None]
        return infer_prices([*self.state.takes.values()], spendings_of(noted))

    # --- writing ------------------------------------------------------------------------------

    def transact(self, operations: Sequence[Operation]) -> list[Any]:
        """Carry out operations in one durable transaction; return each one's result or exception.

        An operation that raises must do so before it emits. Raises a LookbookError when the ledger
        could not be written: nothing of the batch is then kept, and the store stays broken.
        """
        results: list[Any] = []
        with self._backend_lock:
            for tries_left in reversed(range(MAX_TRIES)):
                if self._broken is not None:
                    raise self._broken
                places = self._reserve(operations)
                with self._lock:
                    results = self._carry_out_all(operations, places)
                    changes, self._changes = self._changes, Changes()
                if changes.is_empty:
                    if places is not None and self.backend.pacer is not None:
                        self.backend.pacer.abandon()
                    break
                if self._commit(changes, may_repeat=tries_left > 0):
                    break
            return results

    def _reserve(self, operations: Sequence[Operation]) -> Places | None:
        """Ask for places for what is about to leave; None where the run keeps the pace itself."""
        sends = [operation for operation in operations if isinstance(operation, Send)]
        if self.backend.pacer is None or not sends:
            return None
        try:
            resent = [send.resent for send in sends if send.resent is not None]
            return self.backend.pacer.reserve(len(sends), resent=resent)
        except Exception as error:
            explained = self.backend.explain(error)
            if explained is None:
                raise
            raise explained from error

    def _carry_out_all(self, operations: Sequence[Operation], places: Places | None) -> list[Any]:
        """Return what each operation gives or raises; sends only as far as there are places."""
        results: list[Any] = []
        left = 0 if places is None else places.granted
        for operation in operations:
            if places is None or not isinstance(operation, Send):
                results.append(self._carry_out(operation))
            elif left > 0:
                left -= 1
                results.append(self._carry_out(operation))
            else:
                results.append(AccountBusy(places.seconds, places.refused_for))
        return results

    def _carry_out(self, operation: Operation) -> Any:
        """Return an operation's result, or what it raised: that is for one caller, not for all."""
        try:
            return operation(self)
        except Exception as error:  # noqa: BLE001 - its caller raises it
            return self.backend.explain(error) or error

    def _commit(self, changes: Changes, *, may_repeat: bool) -> bool:
        """Commit; return whether that was done, or is to be repeated from what there is now."""
        kinds = [entry.kind for entry in changes.events]

        def ready() -> None:
            for kind in kinds:
                self._failpoint(f"{kind}:before-commit")

        try:
            self.backend.commit(changes, ready=ready)
            for kind in kinds:
                self._failpoint(f"{kind}:after-commit")
        except Exception as error:
            if isinstance(error, TransactionUndone) and may_repeat:
                with self._lock, self.backend.one_view():
                    self._load()
                return False
            explained = self.backend.explain(error)
            if explained is None:
                raise
            self._broken = explained
            with suppress(Exception), self._lock, self.backend.one_view():  # may be unreadable
                self._load()  # what is said from here on must be what was committed
            raise explained from error
        log_events(changes.events, self.state.takes)
        return True

    def emit(self, kind: str, facts: Mapping[str, Any], take: str | None = None) -> Take | None:
        """Append one event and bring what is derived from it up to date, in memory and on disk."""
        before = self.state.takes.get(take) if take is not None else None
        doubled = [*self.state.doubled.values()]
        entry = Entry(self._now(), self.run, take, str(kind), facts)
        moved = apply_event(self.state, entry)
        if moved is not None or kind in SEEN_NOTES:
            self._snapshot = None
        self._changes.events.append(entry)
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

    def note_refusal(self, retry_after: float | None) -> None:
        """Commit a 429 to the account's pace."""
        self._changes.refusals.append(retry_after)

    def put_body(self, body: bytes) -> str:
        """Store a request body; return its SHA-256."""
        sha256 = sha256_hex(body)
        pieces, blobs = bodies.split_body(body)
        self._changes.blobs |= blobs
        self._changes.bodies[sha256] = pieces
        return sha256

    def put_meta(self, values: Mapping[str, str]) -> None:
        """Write down whose ledger it is."""
        self._snapshot = None
        self._meta |= values
        self._changes.meta |= values

    def _write_take(self, before: Take | None, moved: Take) -> None:
        if before is None:
            self._changes.takes.append(TakeChange(moved.uid, to_facts(moved), is_new=True))
        elif changed := changed_fields(before, moved):
            self._changes.takes.append(TakeChange(moved.uid, changed, is_new=False))
        if before is not None and before.look != moved.look:
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
            self._changes.assets.append((facts["sha256"], facts["asset_id"]))
        elif entry.kind == Note.ASSET_FORGOTTEN:
            self._changes.assets.append((None, facts["asset_id"]))

    def _put_pick(self, look: str) -> None:
        self._changes.picks[look] = self.state.picks.get(look)

    def close(self) -> None:
        """Close the backend; what was committed stays."""
        with self._backend_lock:
            self.backend.close(sound=self._writing and self._broken is None)
