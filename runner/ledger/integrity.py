"""Whether a ledger still says what was written into it: its tables are checked against its events.

SQLite's own check finds a page that is out of order; it does not find a word that has changed on
the disk, nor a copy of the file that was put back beside another one's log. Events are the truth
and tables are a cache, so a ledger is sound where folding the events anew gives the same tables.
That takes as long as the ledger is, so it is left out where the backend vouches for its rows.
"""

from collections.abc import Mapping
from typing import Any

from runner.errors import LookbookError
from runner.ledger.backend import Backend
from runner.ledger.events import LedgerState, Note, apply_event
from runner.policy.lifecycle import Event

KINDS = frozenset(map(str, (*Event, *Note)))


def verify(backend: Backend, state: LedgerState) -> None:
    """Raise LedgerDamaged where a ledger's events do not amount to ``state``, what its tables say.

    Rows that the backend vouches for are not folded anew. Errors of the database are raised as they
    are.
    """
    if backend.is_checked():
        return
    try:
        check_tables(backend, state)
    except LookbookError:
        raise
    except Exception as error:  # whatever nonsense the ledger holds, it is the ledger's
        if backend.explain(error) is not None:
            raise  # the database's own: a connection that was lost is made anew by whoever loads
        raise backend.damaged(str(error) or type(error).__name__) from error


def check_tables(backend: Backend, state: LedgerState) -> None:
    """Raise ValueError, or what folding nonsense raises, where tables and events differ."""
    folded = LedgerState()
    owner: Mapping[str, Any] | None = None
    for number, row in enumerate(backend.events(), start=1):
        if row.seq != number:
            raise ValueError(f"event {number} is missing")
        if row.kind not in KINDS:
            raise ValueError(f"event {number} is a {row.kind!r}, unless a newer lookbook wrote it")
        entry = row.to_entry()
        apply_event(folded, entry)
        if row.kind == Note.RUN_STARTED:
            owner = entry.facts.get("owner", owner)
    for uid in folded.takes.keys() | state.takes.keys():
        if folded.takes.get(uid) != state.takes.get(uid):
            take = folded.takes.get(uid) or state.takes[uid]
            raise ValueError(f"its table and its events disagree about {take.label}")
    # A pick that only the events know was lost when keys were exchanged (until November 2026).
    if not state.picks.items() <= folded.picks.items():
        raise ValueError("its table and its events disagree about which takes are picked")
    state.picks = folded.picks
    if folded.assets != state.assets:
        raise ValueError("its table and its events disagree about what was uploaded")
    if owner is not None and owner != backend.meta():
        raise ValueError("its events are another account's or campaign's")
    for take in state.takes.values():
        if take.unresolved and take.body_sha256:
            backend.body(take.body_sha256)
