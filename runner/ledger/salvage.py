"""What can still be read of a damaged ledger: its events, as far as they make sense."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from runner.ledger.events import Entry, LedgerState, apply_event


def salvage_state(path: Path) -> LedgerState:
    """Return what the readable events of a damaged ledger amount to; empty where none can be read.

    An event that makes no sense is left out, and so is what follows from it. The file is not
    changed: it is read without its log where the two do not fit.
    """
    state = LedgerState()
    if not path.is_file():
        return state
    for row in _rows(path):
        with suppress(Exception):  # whatever one event holds, the others are worth having
            at, run, take, kind, facts = row
            apply_event(state, Entry(at, run, take, kind, json.loads(facts)))
    return state


def _rows(path: Path) -> Iterator[Any]:
    with suppress(sqlite3.Error, OSError, UnicodeError):
        uri = f"{path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            connection.text_factory = _read_text
            yield from connection.execute(
                "SELECT at, run, take, kind, facts FROM events ORDER BY seq"
            )


def _read_text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
