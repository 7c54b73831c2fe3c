"""Whether a ledger still says what was written into it: its tables are checked against its events.

SQLite's own check finds a page that is out of order; it does not find a word that has changed on
the disk, nor a copy of the file that was put back beside another one's log. Events are the truth
and tables are a cache, so a ledger is sound where folding the events anew gives the same tables.
That takes as long as the ledger is, so it is left out where ``checksum`` vouches for the file.
"""

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner.errors import LedgerDamaged, LookbookError
from runner.ledger.bodies import read_body
from runner.ledger.checksum import is_as_left
from runner.ledger.database import REBUILD, explain_sqlite_error
from runner.ledger.events import Entry, LedgerState, Note, apply_event
from runner.policy.lifecycle import Event

__all__ = ["check_tables", "damaged", "verify"]

KINDS = frozenset(map(str, (*Event, *Note)))


def verify(connection: sqlite3.Connection, path: Path, state: LedgerState) -> None:
    """Raise LedgerDamaged where a ledger's events do not amount to ``state``, what its tables say.

    A file that is byte for byte what a program of ours left is not folded anew.
    """
    if is_as_left(path):
        return
    try:
        check_tables(connection, state)
    except LookbookError:
        raise
    except sqlite3.Error as error:
        raise explain_sqlite_error(error, path) from error
    except Exception as error:  # whatever nonsense the file holds, it is the file's
        raise damaged(path, str(error) or type(error).__name__) from error


def damaged(path: Path, problem: str) -> LedgerDamaged:
    """Return the error for a ledger that SQLite can read and that makes no sense."""
    return LedgerDamaged(f"The ledger {path} is damaged: {problem}.", hint=REBUILD)


def check_tables(connection: sqlite3.Connection, state: LedgerState) -> None:
    """Raise ValueError, or what folding nonsense raises, where tables and events differ."""
    folded = LedgerState()
    owner: Mapping[str, Any] | None = None
    rows = connection.execute("SELECT seq, at, run, take, kind, facts FROM events ORDER BY seq")
    for number, (seq, at, run, take, kind, facts) in enumerate(rows, start=1):
        if seq != number:
            raise ValueError(f"event {number} is missing")
        if kind not in KINDS:
            raise ValueError(f"event {number} is a {kind!r}, unless a newer lookbook wrote it")
        entry = Entry(at, run, take, kind, json.loads(facts))
        apply_event(folded, entry)
        if kind == Note.RUN_STARTED:
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
    if owner is not None and owner != dict(connection.execute("SELECT key, value FROM meta")):
        raise ValueError("its events are another account's or campaign's")
    for take in state.takes.values():
        if take.unresolved and take.body_sha256:
            read_body(connection, take.body_sha256)
