"""An open ledger in memory: what its events amount to, and what is written of a change.

``emit`` is the one way to change it, in an operation of a transaction (``transactions``).
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from operator import attrgetter
from types import MappingProxyType
from typing import Any, TypeVar

from runner.errors import LookbookError
from runner.face_measures import FORGOTTEN, forget_face
from runner.ledger import integrity
from runner.ledger.backend import Backend, Changes, repeat_undone
from runner.ledger.events import UNTABLED_NOTES, Entry, LedgerState, Note, apply_event
from runner.ledger.facts import price_of
from runner.ledger.history import History
from runner.ledger.loading import read_rows
from runner.model import LookKind
from runner.policy.budget import CountedPrice, MonthCeiling, reserved_amount, reserved_in_run
from runner.policy.holdings import Holdings
from runner.policy.lifecycle import Event
from runner.takes import Account, AccountFacts, Doubled, Snapshot, Take

T = TypeVar("T")

SEEN_NOTES = frozenset(
    {Note.PICKED, Note.PRICE_MEASURED, Note.KEYS_IGNORED, Note.KEYS_TRUSTED, *UNTABLED_NOTES}
)
"""Notes that change what a snapshot says."""

FAR_REACHING = frozenset(
    {Note.WALLET, Note.KEYS_IGNORED, Note.KEYS_TRUSTED, Note.IMPORTED, Note.MOVED, Note.REPRICED}
)
"""Rare notes after which prices or sums are worked out anew."""

_number = attrgetter("number")


class Store:
    """A ledger that is open, for one process.

    ``run`` names the run that events are written under; ``now`` gives Unix seconds.
    """

    def __init__(self, backend: Backend, *, now: Callable[[], float] = lambda: 0.0) -> None:
        self.backend = backend
        self._now = now
        self.lock = threading.RLock()
        """Guards what is in memory; never held while the backend is waited for."""
        self.backend_lock = threading.RLock()
        """Guards the backend, and so is held during a commit; taken before ``lock``."""
        self.history = History(backend, self.backend_lock)
        self._changes = Changes()
        self._snapshot: Snapshot | None = None
        self._holdings: Holdings | None = None
        self._followed = 0
        self.learned = AccountFacts()
        self.trusted_at = 0.0
        """When a person, or a look that turned up, last withdrew that keys are not honoured."""
        self.month_ceilings: Sequence[MonthCeiling] = ()
        """The ceilings of the month, as they stand in the transaction under way."""
        self.run: str | None = None
        self.state: LedgerState
        self.spent: Decimal
        self.spent_in_run: Decimal
        self._open()

    def _open(self) -> None:
        """Load what the backend holds. Raises LedgerDamaged where that makes no sense."""
        try:
            self.load_whole(lambda: integrity.verify(self.backend, self.state))
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
        with self.lock:
            if self._snapshot is None:
                self._snapshot = self._build_snapshot()
            return self._snapshot

    @property
    def holdings(self) -> Holdings:
        """What the takes hold, as they are now; for whoever has ``lock``."""
        if self._holdings is None:
            self._holdings = Holdings(self.state.takes.values())
        return self._holdings

    def takes_of(self, look: str) -> list[Take]:
        """Return the takes of one look as they are now."""
        with self.lock:  # another thread writes
            return [take for take in self.state.takes.values() if take.look == look]

    def _build_snapshot(self) -> Snapshot:
        state, by_look = self.state, dict[str, list[Take]]()
        for take in state.takes.values():
            by_look.setdefault(take.look, []).append(take)
        takes = {look: tuple(sorted(mine, key=_number)) for look, mine in by_look.items()}
        return Snapshot(
            account=self.account(),
            campaign=self.meta().get("campaign"),
            takes=MappingProxyType(takes),
            picks=MappingProxyType(dict(state.picks)),
            spent=self.spent,
            doubled=tuple(state.doubled.values()),
            prices=MappingProxyType({**self.learned.prices, **self._inferred, **state.prices}),
            faces=MappingProxyType(dict(state.faces)),
            reviews=MappingProxyType(dict(state.reviews)),
            videos=MappingProxyType(dict(state.videos)),
        )

    def learn(self, facts: AccountFacts) -> None:
        """Go by what the other ledgers of the folder learned of the account."""
        with self.lock:
            self.learned, self._snapshot = facts, None

    def forget_faces(self) -> int:
        """Erase everything that was measured of faces; return how many pictures that were.

        Raises UsageError for whoever may not.
        """
        with self.backend_lock, self.lock:
            known = sum(one.model != FORGOTTEN for one in self.state.faces.values())
            self.backend.erase(Note.FACE_MEASURED, forget_face)
            self.state.faces.clear()
            self._snapshot = None
        return known

    def ask(self, question: Callable[[], T]) -> T:
        """Return what the backend answers, while nobody else uses it."""
        with self.backend_lock:
            try:
                return question()
            except Exception as error:
                explained = self.backend.explain(error)
                if explained is None:
                    raise
                raise explained from error

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
            self._snapshot = self._holdings = None
            entries.append(entry)
        if any(entry.kind in FAR_REACHING for entry in entries):
            self.load_whole()
        return entries

    def load_whole(self, verify: Callable[[], None] = lambda: None) -> None:
        """Load everything as it is at one moment, and verify it: another process may write."""

        def read() -> None:
            with self.backend.one_view():
                self.load()
                verify()

        repeat_undone(read)

    def load(self) -> None:
        """Read the backend anew: what is in memory is given up."""
        rows = read_rows(self.backend)
        self.history.forget()
        with self.lock:  # not before: others read what is in memory while the backend is waited for
            self._meta, self.state, self.spent = rows.meta, rows.state, rows.spent
            self._inferred, self._followed = rows.inferred, rows.last
            self.trusted_at = rows.trusted_at
            self._changes, self._snapshot, self._holdings = Changes(), None, None
            self.spent_in_run = reserved_in_run(self.state.takes.values(), self.run or "")
            self._hold_doubled(())

    # --- writing ------------------------------------------------------------------------------

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
            self.history.forget()
        if moved is not None:
            self._write_take(before, moved)
        else:
            self._write_note(entry)
        if len(doubled) != len(self.state.doubled):
            self._hold_doubled(doubled)
        return moved

    def move(self, event: Event, facts: Mapping[str, Any], uid: str) -> Take:
        """Emit an event of a take; return the take as it is then."""
        moved = self.emit(event, facts, uid)
        if moved is None:
            raise TypeError("an event of a take gives a take")
        return moved

    def intended(self, counts_at: Mapping[LookKind, Decimal]) -> Decimal:
        """Return what the intents of the transaction under way cost together, in USD.

        A lower price than ``counts_at`` counts at that.
        """
        intents = [one.facts for one in self._changes.events if one.kind == Event.INTENDED]
        known = ((Decimal(facts["price"]), LookKind(facts["kind"])) for facts in intents)
        return sum((max(price, counts_at.get(kind, price)) for price, kind in known), Decimal(0))

    def count_at(self, counted: CountedPrice) -> None:
        """Commit what takes of a kind count at against ceilings by month."""
        self._changes.counted.append(counted)

    def take_changes(self) -> Changes:
        """Hand over what was emitted since the last transaction."""
        changes, self._changes = self._changes, Changes()
        return changes

    def note_refusal(self, retry_after: float | None) -> None:
        """Commit a 429 to the account's pace."""
        self._changes.refusals.append(retry_after)

    def put_body(self, body: bytes) -> str:
        """Store a request body; return its SHA-256."""
        return self._changes.put_body(body)

    def put_meta(self, values: Mapping[str, str]) -> None:
        """Write down whose ledger it is."""
        self._snapshot = None
        self._meta |= values
        self._changes.meta |= values

    def _write_take(self, before: Take | None, moved: Take) -> None:
        self._changes.put_take(before, moved)
        if self._holdings is not None:
            self._holdings.change(before, moved)
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
        elif entry.kind == Note.PRICE_MEASURED:
            kind, measured = price_of(facts)
            if measured.is_settled:
                self.count_at(CountedPrice(kind, measured.usd, is_open=False))

    def _put_pick(self, look: str) -> None:
        self._changes.picks[look] = self.state.picks.get(look)

    def close(self, *, sound: bool = False) -> None:
        """Close the backend; ``sound`` where this process wrote it and every commit succeeded."""
        with self.backend_lock:
            self.backend.close(sound=sound)
