"""Reading a ledger that somebody else may be writing, without changing it, wherever it lives.

``ledger`` is a file's path, or a ``LedgerLocation``. Everything here raises LedgerDamaged or
StorageError.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from runner.errors import LookbookError
from runner.ledger.backend import KeepsDecisions, QueuedDecision
from runner.ledger.events import Entry, Note
from runner.ledger.history import find_beginnings, keys_in, was_at
from runner.ledger.location import LedgerLocation, find_location
from runner.ledger.runs import LastRun, find_last_run
from runner.ledger.state import Store
from runner.ledger.view import LedgerView
from runner.model import LookKind
from runner.policy.lifecycle import Event
from runner.takes import Snapshot, TakeState

LedgerPlace = Path | LedgerLocation


@contextmanager
def open_ledger_store(ledger: LedgerPlace) -> Iterator[Store | None]:
    """Open a ledger for reading; None where there is none."""
    backend = find_location(ledger).read()
    if backend is None:
        yield None
        return
    try:
        yield Store(backend)
    except LookbookError:
        raise
    except Exception as error:
        explained = backend.explain(error)
        if explained is None:
            raise
        raise explained from error
    finally:
        backend.close(sound=False)


# --- what it holds --------------------------------------------------------------------------------


def read_snapshot(ledger: LedgerPlace) -> Snapshot:
    """Read what a ledger holds; an empty snapshot where there is none."""
    return read_ledger(ledger)[0]


def read_ledger(ledger: LedgerPlace) -> tuple[Snapshot, dict[str, Any] | None]:
    """Read what a ledger holds, and what the wallet showed before and after its last run.

    An empty snapshot where there is none, and None where nobody looked into the wallet.
    """
    with open_ledger_store(ledger) as store:
        return (Snapshot(), None) if store is None else (store.snapshot(), store.state.wallet)


def has_takes(ledger: LedgerPlace) -> bool:
    """Return whether anything was ever sent from a ledger."""
    with find_location(ledger).peek() as backend:
        return backend is not None and backend.has_takes()


def has_sent(ledger: LedgerPlace) -> bool:
    """Return whether a ledger holds what its own sends made, or may have made.

    What results files told, and looks that exist already, can be told again.
    """
    with open_ledger_store(ledger) as store:
        return store is not None and any(
            take.state is not TakeState.PLANNED
            and take.kind is not LookKind.EXISTING
            and take.uid not in store.history.imported
            for take in store.state.takes.values()
        )


def read_keys(ledger: LedgerPlace) -> set[str]:
    """Read every idempotency key that a take of a ledger has, or ever had."""
    with find_location(ledger).peek() as backend:
        return set() if backend is None else keys_in(backend)


def has_been_at(ledger: LedgerPlace, position: str) -> bool:
    """Return what ``CampaignLedger.was_at`` returns, for a ledger that is not open."""
    with find_location(ledger).peek() as backend:
        return backend is not None and was_at(backend, position)


# --- what happened --------------------------------------------------------------------------------


def read_events(ledger: LedgerPlace, look: str) -> list[Entry]:
    """Read what happened to the takes of one look, and its picks, oldest first."""
    with open_ledger_store(ledger) as store:
        if store is None:
            return []
        mine = {take.uid for take in store.state.takes.values() if take.look == look}
        return [
            entry
            for entry in store.history.events()
            if entry.take in mine
            or (entry.kind in (Note.PICKED, Note.REVIEWED) and entry.facts["take"] in mine)
        ]


def read_last_run(ledger: LedgerPlace) -> LastRun | None:
    """Read the newest run; None where there was none."""
    with find_location(ledger).peek() as backend:
        return None if backend is None else find_last_run(backend)


def read_variables(ledger: LedgerPlace) -> dict[str, dict[str, str]]:
    """Read what ``--var`` gave in each run that a ledger knows it of, by the run's id.

    Runs of older programs, and commands that buy nothing, do not say.
    """
    with find_location(ledger).peek() as backend:
        rows = [] if backend is None else [*backend.events(Note.RUN_STARTED)]
    runs = [json.loads(row.facts) for row in rows]
    return {facts["run"]: facts["variables"] for facts in runs if "variables" in facts}


HARMLESS = frozenset(
    {
        *(Note.RUN_STARTED, Note.RUN_ENDED, Note.WALLET, Note.LISTED),
        *(Note.KEYS_CHECKED, Note.KEYS_IGNORED, Note.KEYS_TRUSTED),
        *(Note.ASSET_SAVED, Note.ASSET_FORGOTTEN, Note.VIDEO_SHOWN),
        *(Note.FACE_MEASURED, Note.FACES_FORGOTTEN, Note.FACE_ACCEPTED, Note.REVIEWED),
        *(Event.LOST, Event.SHOWN, Event.CONSENT, Event.CONSENTED, Event.COMPLETED, Event.FAILED),
        *(Event.FETCHED, Event.IMAGE_MISSING, Event.IMAGE_REMOVED),
    }
)
"""What others may note while a run is interrupted: nothing is bought, picked or deleted."""


def has_begun(ledger: LedgerPlace, queued: str) -> bool:
    """Return whether a run of the queue has begun in a ledger."""
    with find_location(ledger).peek() as backend:
        return backend is not None and bool(find_beginnings(backend, queued))


def is_progress_of(ledger: LedgerPlace, queued: str) -> bool:
    """Return whether a run of the queue has begun in a ledger, and all since then is its own.

    When it began, its plan held to the letter. Nobody else has bought, picked or deleted since.
    """
    with find_location(ledger).peek() as backend:
        own = [] if backend is None else find_beginnings(backend, queued)
        if backend is None or not own:
            return False
        runs = {row.to_entry().facts["run"] for row in own}
        since = backend.events_after(own[0].seq)
        return all(row.run in runs or row.kind in HARMLESS for row in since)


def read_send_time(ledger: LedgerPlace, uid: str) -> float | None:
    """Return when a take's first send was committed, by its machine's clock in Unix seconds.

    None for a take that came from elsewhere.
    """
    with find_location(ledger).peek() as backend:
        row = None if backend is None else backend.last_event_of(uid, Event.INTENDED)
    return None if row is None else row.at


@dataclass(frozen=True, slots=True)
class WalletReading:
    """What the wallet showed before or after a run: Unix seconds, the run's id, and USD."""

    at: float
    run: str | None
    balance: Decimal


def read_wallet_readings(ledger: LedgerPlace) -> list[WalletReading]:
    """Read every dollar balance that the runs of a ledger saw, oldest first, each once.

    Ledgers of the first version hold them without their times: those count as read when they were
    written down, at the end of the run.
    """
    with find_location(ledger).peek() as backend:
        rows = [] if backend is None else [*backend.events(Note.WALLET)]
    readings: dict[WalletReading, None] = {}
    for row in rows:
        facts = json.loads(row.facts)
        if (facts["currency"] or "usd").lower() != "usd":
            continue
        for name in ("before", "after"):
            if (balance := facts[name]) is not None:
                at = facts.get(f"{name}_at") or row.at
                readings[WalletReading(at, row.run, Decimal(str(balance)))] = None
    return sorted(readings, key=lambda reading: reading.at)


# --- as it goes on --------------------------------------------------------------------------------


class LedgerFollower(LedgerView):
    """A ledger that is read while others write it: it is loaded once, and then follows its events.

    For one thread. Close it when nobody looks any more.
    """

    def __init__(self, ledger: LedgerPlace) -> None:
        """Open a ledger for reading. Raises LookupError where there is none."""
        backend = find_location(ledger).read()
        if backend is None:
            raise LookupError(f"there is no ledger {ledger}")
        try:
            super().__init__(Store(backend))
        except BaseException:
            backend.close(sound=False)
            raise

    def follow(self) -> bool:
        """Take in what was written since; return whether anything was."""
        return bool(self.store.follow())

    def last_run(self) -> LastRun | None:
        """Return the newest run; None where there was none."""
        return self.store.history.last_run()

    def is_held(self) -> bool | None:
        """Return whether a living process writes it; None where only that process can tell."""
        backend: object = self.store.backend
        return backend.is_held() if isinstance(backend, KeepsDecisions) else None

    def queued_decisions(self) -> Sequence[QueuedDecision]:
        """Return what waits in the database for whoever writes the ledger."""
        backend: object = self.store.backend
        return backend.queued_decisions() if isinstance(backend, KeepsDecisions) else ()

    def close(self) -> None:
        """Close the ledger."""
        self.store.close()
