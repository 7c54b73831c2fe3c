"""A ledger's rows in memory, for as long as the process lives: nothing is durable here."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from runner.errors import LedgerDamaged, LookbookError
from runner.ledger.backend import Changes, EventRow, QueuedDecision
from runner.ledger.bodies import join_body
from runner.takes import TakeState


class MemoryBackend:
    """Tables as dictionaries (``runner.ledger.backend.Backend``).

    ``name`` says in messages which ledger it is.
    """

    def __init__(self, name: str = "in memory") -> None:
        self._name = name
        self._meta: dict[str, str] = {}
        self._events: list[EventRow] = []
        self._takes: dict[str, dict[str, Any]] = {}
        self._picks: dict[str, str] = {}
        self._assets: dict[str, str] = {}
        self._bodies: dict[str, str] = {}
        self._blobs: dict[str, bytes] = {}
        self._decisions: list[QueuedDecision] = []

    pacer = None

    # --- reading ------------------------------------------------------------------------------

    def one_view(self) -> AbstractContextManager[object]:
        """Do nothing: no other process writes here."""
        return nullcontext()

    def meta(self) -> dict[str, str]:
        """Return whose ledger it is."""
        return dict(self._meta)

    def takes(self) -> Iterable[Sequence[Any]]:
        """Return the rows of all takes."""
        return [tuple(row.values()) for row in self._takes.values()]

    def has_takes(self) -> bool:
        """Return whether any take was ever sent."""
        return any(row["state"] != TakeState.PLANNED for row in self._takes.values())

    def picks(self) -> dict[str, str]:
        """Return the picks by look."""
        return dict(self._picks)

    def assets(self) -> dict[str, str]:
        """Return the uploads by content."""
        return dict(self._assets)

    def events(self, *kinds: str) -> Iterable[EventRow]:
        """Return the events of these kinds, or all."""
        return [row for row in self._events if not kinds or row.kind in kinds]

    def event(self, seq: int) -> EventRow | None:
        """Return one event."""
        return self._events[seq - 1] if 0 < seq <= len(self._events) else None

    def last_event(self, *besides: str) -> EventRow | None:
        """Return the last event of another kind."""
        return next((row for row in reversed(self._events) if row.kind not in besides), None)

    def events_after(self, seq: int) -> Sequence[EventRow]:
        """Return the events with higher numbers."""
        return self._events[seq:]

    def last_event_of(self, take: str | None, kind: str) -> EventRow | None:
        """Return the last event of a kind that is about a take."""
        found = (row for row in reversed(self._events) if (row.take, row.kind) == (take, kind))
        return next(found, None)

    def last_at(self) -> float:
        """Return the latest time."""
        return max((row.at for row in self._events), default=0.0)

    def body(self, sha256: str) -> bytes:
        """Return a stored body."""
        pieces = self._bodies[sha256]
        try:
            return join_body(pieces, self._blobs, sha256)
        except KeyError:
            raise ValueError(f"a piece of the stored body {sha256} is missing") from None

    # --- writing ------------------------------------------------------------------------------

    def commit(self, changes: Changes, *, ready: Callable[[], None]) -> None:
        """Apply all changes."""
        ready()
        self._meta |= changes.meta
        self._bodies = {**changes.bodies, **self._bodies}
        self._blobs = {**changes.blobs, **self._blobs}
        for number, entry in enumerate(changes.events, start=len(self._events) + 1):
            facts = json.dumps(entry.facts, ensure_ascii=False)
            row = EventRow(number, entry.at, entry.run, entry.take, str(entry.kind), facts)
            self._events.append(row)
        for change in changes.takes:
            self._takes[change.uid] = self._takes.get(change.uid, {}) | change.columns
        for look, take in changes.picks.items():
            if take is None:
                self._picks.pop(look, None)
            else:
                self._picks[look] = take
        for sha256, asset_id in changes.assets:
            if sha256 is None:
                kept = {sha: known for sha, known in self._assets.items() if known != asset_id}
                self._assets = kept
            else:
                self._assets[sha256] = asset_id

    held = False

    def is_held(self) -> bool:
        """Return whether somebody is said to write it."""
        return self.held

    def queue_decision(self, kind: str, document: str) -> None:
        """Keep what a person decided for whoever writes the ledger."""
        self._decisions.append(QueuedDecision(len(self._decisions) + 1, kind, document))

    def queued_decisions(self) -> Sequence[QueuedDecision]:
        """Return what waits."""
        return [*self._decisions]

    def drop_decisions(self, ids: Sequence[int]) -> None:
        """Forget what was taken in."""
        self._decisions = [one for one in self._decisions if one.id not in ids]

    def erase(self, kind: str, erased: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        """Replace the facts of every event of a kind."""
        found = [number for number, row in enumerate(self._events) if row.kind == kind]
        for number in found:
            facts = json.dumps(erased(json.loads(self._events[number].facts)))
            self._events[number] = self._events[number]._replace(facts=facts)

    # --- the whole ----------------------------------------------------------------------------

    def explain(self, _error: Exception) -> LookbookError | None:
        """Return None: there is no database whose error it could be."""
        return None

    def damaged(self, problem: str) -> LookbookError:
        """Return the error for rows that make no sense."""
        return LedgerDamaged(f"The ledger {self._name} is damaged: {problem}.")

    def is_checked(self) -> bool:
        """Return whether its rows are known to be sound: they are compared each time."""
        return False

    def close(self, *, sound: bool) -> None:
        """Do nothing: its rows are there for whoever opens it next."""
