"""What an open ledger asks of the database beneath it: rows to load, one transaction at a time.

The ledger's logic exists once (``ledger``, ``state``, ``transactions``) and knows no SQL. A backend
keeps rows: SQLite in a file (``sqlite``) or PostgreSQL (``postgres``). Both, and one in memory that
tests use, pass one contract (``tests/ledger/test_backends.py``).
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

from runner.canonical import sha256_hex
from runner.errors import LookbookError
from runner.ledger.bodies import split_body
from runner.ledger.events import Entry
from runner.ledger.facts import changed_fields, to_facts
from runner.policy.budget import CountedPrice, MonthCeiling
from runner.takes import Take

T = TypeVar("T")


class TransactionUndone(Exception):
    """Nothing of a transaction was kept, through no fault of its own: it may be made again.

    What is in memory must be loaded anew before.
    """


MAX_TRIES = 10
"""How often a transaction is made that the database undoes."""


def repeat_undone(work: Callable[[], T], *, pause: Callable[[], None] = lambda: None) -> T:
    """Return what ``work`` returns, done again after a pause where the database undid it.

    For what changes nothing in memory. Raises TransactionUndone after ``MAX_TRIES``.
    """
    for _ in range(MAX_TRIES - 1):
        try:
            return work()
        except TransactionUndone:
            pause()
    return work()


class EventRow(NamedTuple):
    """One row of ``events``: its number, from 1 and without gaps, and ``facts`` as JSON text."""

    seq: int
    at: float
    run: str | None
    take: str | None
    kind: str
    facts: str

    def to_entry(self) -> Entry:
        """Return the event. Raises ValueError where its facts are no JSON."""
        return Entry(self.at, self.run, self.take, self.kind, json.loads(self.facts))


class TakeChange(NamedTuple):
    """The columns of a take that an event changed; of a new take all, in the fields' order."""

    uid: str
    columns: dict[str, Any]
    is_new: bool


@dataclass(slots=True)
class Changes:
    """What one transaction writes. ``takes`` and ``assets`` stand in the order of their events.

    ``picks`` are by look, None where none is left. An asset is ``(sha256, asset_id)``, or
    ``(None, asset_id)`` where that upload is forgotten. ``bodies`` and ``blobs`` are by SHA-256;
    those that are stored already stay.
    """

    events: list[Entry] = field(default_factory=list)
    takes: list[TakeChange] = field(default_factory=list)
    picks: dict[str, str | None] = field(default_factory=dict)
    assets: list[tuple[str | None, str]] = field(default_factory=list)
    bodies: dict[str, str] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    meta: dict[str, str] = field(default_factory=dict)
    refusals: list[float | None] = field(default_factory=list)
    """The ``Retry-After`` of each 429, in seconds: for a backend with a pacer."""
    counted: list[CountedPrice] = field(default_factory=list)
    """What takes of a kind count at: for a backend that other campaigns' ceilings look into."""

    def put_take(self, before: Take | None, after: Take) -> None:
        """Write what an event changed of a take."""
        if before is None:
            self.takes.append(TakeChange(after.uid, to_facts(after), is_new=True))
        elif changed := changed_fields(before, after):
            self.takes.append(TakeChange(after.uid, changed, is_new=False))

    def put_body(self, body: bytes) -> str:
        """Store a request body; return its SHA-256."""
        sha256 = sha256_hex(body)
        pieces, blobs = split_body(body)
        self.blobs |= blobs
        self.bodies[sha256] = pieces
        return sha256

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing to write."""
        return not (self.events or self.bodies or self.meta or self.refusals)


class Places(NamedTuple):
    """How many requests of an account may leave, and why no more; see ``AccountBusy``.

    ``ceilings`` hold for what they cost together.
    """

    granted: int
    seconds: float | None = None
    refused_for: float = 0.0
    paused: str | None = None
    ceilings: tuple[MonthCeiling, ...] = ()


class Pacer(Protocol):
    """Keeps the pace of an account that other processes send from as well."""

    def reserve(self, count: int, *, resent: Sequence[str]) -> Places:
        """Begin a transaction in which so many requests may be recorded as sent, or fewer.

        ``resent`` are the uids of takes that leave again: they hold their places already.
        """

    def abandon(self) -> None:
        """End a transaction that was begun and in which nothing is written."""


class Backend(Protocol):
    """Keeps a ledger's rows. Any error that ``explain`` knows may be raised by every method.

    ``pacer`` is None where nobody else sends from the account: a run keeps its pace itself.
    """

    @property
    def pacer(self) -> Pacer | None:
        """What keeps the account's pace."""

    def one_view(self) -> AbstractContextManager[object]:
        """Read everything as it is at one moment, whatever other processes commit meanwhile.

        Raises TransactionUndone where that was interrupted, and may be done again.
        """

    def meta(self) -> dict[str, str]:
        """Return whose ledger it is; empty for one that was just made."""

    def takes(self) -> Iterable[Sequence[Any]]:
        """Return the rows of all takes, values in the order of the fields of ``Take``."""

    def has_takes(self) -> bool:
        """Return whether any take was ever sent."""

    def picks(self) -> dict[str, str]:
        """Return the uid of the picked take of each look."""

    def assets(self) -> dict[str, str]:
        """Return the asset id of each local picture, by the SHA-256 of its content."""

    def events(self, *kinds: str) -> Iterable[EventRow]:
        """Return the events of these kinds, or all, in order."""

    def event(self, seq: int) -> EventRow | None:
        """Return one event by its number."""

    def last_event(self, *besides: str) -> EventRow | None:
        """Return the last event that is of none of these kinds."""

    def events_after(self, seq: int) -> Sequence[EventRow]:
        """Return the events with higher numbers than this, in order."""

    def last_event_of(self, take: str | None, kind: str) -> EventRow | None:
        """Return the last event of a kind that is about a take, or about none."""

    def last_at(self) -> float:
        """Return the latest time that any event was written at; 0 where there is none."""

    def body(self, sha256: str) -> bytes:
        """Return a stored body. Raises KeyError where none is stored, ValueError where changed."""

    def commit(self, changes: Changes, *, ready: Callable[[], None]) -> None:
        """Write all changes in one durable transaction, or none of them.

        ``ready`` is called when everything is done but the commit. Raises TransactionUndone where
        the same may be made again.
        """

    def erase(self, kind: str, erased: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        """Replace the facts of every event of a kind, so that nothing of them is left.

        Raises UsageError for whoever may not.
        """

    def explain(self, error: Exception, /) -> LookbookError | None:
        """Return what a person can do about an error of the database; None for any other error."""

    def damaged(self, problem: str) -> LookbookError:
        """Return the error for rows that can be read and make no sense."""

    def is_checked(self) -> bool:
        """Return whether its rows are known to be sound without folding the events anew."""

    def close(self, *, sound: bool) -> None:
        """Close it; ``sound`` where this process wrote it and every commit succeeded."""


@runtime_checkable
class Elsewhere(Protocol):
    """Knows what the account's other campaigns hold that live with this one, in one database."""

    def takes_besides(self) -> Sequence[tuple[Any, ...]]:
        """Return their takes: the campaign's name, then what ``KnownTakes`` takes in."""

    def facts_besides(self, kinds: Sequence[str]) -> Sequence[tuple[Any, ...]]:
        """Return their events of these kinds: the campaign's name, then time, kind and facts."""


class QueuedDecision(NamedTuple):
    """What a person decided while somebody else wrote the ledger, as JSON text."""

    id: int
    kind: str
    document: str


@runtime_checkable
class KeepsDecisions(Protocol):
    """A backend that keeps decisions for whoever writes the ledger; a file's wait in its folder."""

    def is_held(self) -> bool:
        """Return whether a living process writes it, on whatever machine."""

    def queue_decision(self, kind: str, document: str) -> None:
        """Keep one. Raises what every method may raise."""

    def queued_decisions(self) -> Sequence[QueuedDecision]:
        """Return those that wait, the oldest first."""

    def drop_decisions(self, ids: Sequence[int]) -> None:
        """Forget those that were taken in."""
