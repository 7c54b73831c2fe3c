"""What is looked up in a ledger's events when somebody asks, and is not kept in memory."""

import json
import threading
from collections.abc import Iterable, KeysView, Mapping
from math import inf

from runner.ledger.backend import Backend, EventRow
from runner.ledger.events import Entry, Note
from runner.ledger.runs import LastRun, find_last_run
from runner.policy.lifecycle import Event
from runner.takes import Take


def was_at(backend: Backend, position: str) -> bool:
    """Return whether a ledger once was at a position, and so holds all that it held then."""
    _meta, event = json.loads(position)
    if event is None:
        return False
    row = backend.event(int(event[0]))
    return row is not None and [row.seq, row.at, row.take, row.kind] == event


def keys_in(backend: Backend) -> set[str]:
    """Return every idempotency key that a take has, or ever had."""
    rows = backend.events(Event.INTENDED, Note.IMPORTED)
    keys = (row.to_entry().facts.get("key") for row in rows)
    return {key for key in keys if key is not None}


def find_beginnings(backend: Backend, queued: str) -> list[EventRow]:
    """Return where a ledger began to carry out a run of the queue, each time, oldest first."""
    begun = backend.events(Note.RUN_STARTED)
    return [row for row in begun if row.to_entry().facts.get("queued") == queued]


class History:
    """The events of an open ledger. ``lock`` guards its backend."""

    def __init__(self, backend: Backend, lock: threading.RLock) -> None:
        self._backend = backend
        self._lock = lock
        self._told: Mapping[str, int] | None = None

    def forget(self) -> None:
        """Look up anew what was kept: takes were imported, or the backend was read again."""
        self._told = None

    def position(self, meta: Mapping[str, str]) -> str:
        """Name the last event that says more than that a run began or ended.

        Events are only ever appended: while this is the same, so is what the ledger holds.
        """
        with self._lock:
            row = self._backend.last_event(Note.RUN_STARTED, Note.RUN_ENDED)
            event = None if row is None else [row.seq, row.at, row.take, row.kind]
            return json.dumps([meta, event])

    @property
    def imported(self) -> KeysView[str]:
        """The takes that a results file told of; this ledger's own sends made the others."""
        return self._first_told.keys()

    @property
    def _first_told(self) -> Mapping[str, int]:
        """The event by which a results file told of each take for the first time."""
        with self._lock:
            if self._told is None:
                first: dict[str, int] = {}
                for row in self._backend.events(Note.IMPORTED):
                    first.setdefault(row.take or "", row.seq)
                self._told = first
            return self._told

    def is_found(self, uid: str) -> bool:
        """Return whether a search found what a take became, or a person said it: no answer did."""
        with self._lock:
            return self._backend.last_event_of(uid, Event.FOUND) is not None

    def was_at(self, position: str) -> bool:
        """Return whether this very ledger once was at a position, and holds all it held then."""
        return was_at(self._backend, position)

    def ever_doubled(self) -> frozenset[str]:
        """Return every look that was ever noted as doubled, also where that was withdrawn."""
        with self._lock:
            rows = [*self._backend.events(Note.KEYS_IGNORED)]
        return frozenset(row.to_entry().facts["look_id"] for row in rows)

    def listed(self) -> tuple[set[str], set[str], set[str]]:
        """Return all looks and groups listed as strangers, those accepted, and those disowned.

        The last are looks of which a person said that no send of this ledger made them.
        """
        with self._lock:
            entries = [row.to_entry() for row in self._backend.events(Note.LISTED)]
        known: set[str] = set()
        accepted: set[str] = set()
        strangers: set[str] = set()
        for entry in entries:
            known.update(entry.facts["ids"])
            accepted.update(entry.facts["accepted"])
            strangers.update(entry.facts.get("strangers", ()))
        return known, accepted, strangers

    def listed_before(self, take: Take) -> frozenset[str]:
        """Return what was listed as a stranger before the first send of a take.

        The order of the events decides. A take that came from elsewhere was sent before it came;
        of what was listed before that too, only the time tells.
        """
        with self._lock:
            send = self._backend.last_event_of(take.uid, Event.INTENDED)
            known = self._first_told.get(take.uid, 0) if send is None else send.seq
            latest = (take.sent_at or 0.0) if send is None else inf
            listed = self._backend.events(Note.LISTED)
            rows = [row for row in listed if row.seq < known and row.at <= latest]
        return frozenset(one for row in rows for one in row.to_entry().facts["ids"])

    def runs_of(self, queued: str) -> frozenset[str]:
        """Return every run of this ledger that carried out the same run of the queue."""
        with self._lock:
            rows = find_beginnings(self._backend, queued)
            return frozenset(row.to_entry().facts["run"] for row in rows)

    def events(self) -> Iterable[Entry]:
        """Return every event, in order."""
        return (row.to_entry() for row in self._backend.events())

    def last_run(self) -> LastRun | None:
        """Return the newest run; None where there was none."""
        return find_last_run(self._backend)

    def body(self, take: Take) -> bytes:
        """Return a take's stored body. Raises KeyError where none is stored."""
        with self._lock:
            if take.body_sha256 is None:
                raise KeyError(take.uid)
            try:
                return self._backend.body(take.body_sha256)
            except ValueError as error:
                raise self._backend.damaged(str(error)) from error

    def keys(self) -> set[str]:
        """Return every idempotency key that a take has, or ever had."""
        return keys_in(self._backend)
