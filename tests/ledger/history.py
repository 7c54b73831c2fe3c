"""A ledger whose history is written anew, in order: what happened otherwise, or at another time."""

import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from runner.ledger.events import Entry, LedgerState, apply_event
from runner.ledger.facts import to_facts

TIMES = ("sent_at", "resent_at", "accepted_at", "completed_at")


def replay_events(entries: Iterable[Entry]) -> LedgerState:
    """Return the state that a whole ledger's events amount to."""
    state = LedgerState()
    for entry in entries:
        apply_event(state, entry)
    return state


def rewrite(path: Path, change: Callable[[list[Entry]], list[Entry]]) -> None:
    """Replace a ledger's events, and all that is derived from them."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        rows = db.execute("SELECT at, run, take, kind, facts FROM events ORDER BY seq").fetchall()
        told = [Entry(at, run, take, kind, json.loads(text)) for at, run, take, kind, text in rows]
        entries = change(told)
        state = replay_events(entries)
        db.execute("BEGIN")
        triggers = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        guards = dict(db.execute(triggers).fetchall())
        for name in guards:
            db.execute(f"DROP TRIGGER {name}")
        for table in ("events", "takes", "picks"):
            db.execute(f"DELETE FROM {table}")
        db.executemany(
            "INSERT INTO events (at, run, take, kind, facts) VALUES (?, ?, ?, ?, ?)",
            [(e.at, e.run, e.take, e.kind, json.dumps(e.facts)) for e in entries],
        )
        for take in state.takes.values():
            facts = to_facts(take)
            db.execute(
                f"INSERT INTO takes ({', '.join(facts)}) VALUES ({', '.join('?' * len(facts))})",
                [*facts.values()],
            )
        db.executemany("INSERT INTO picks VALUES (?, ?)", state.picks.items())
        for made in guards.values():
            db.execute(made)
        db.execute("COMMIT")


def age(path: Path, seconds: float) -> None:
    """Move everything in a ledger so much earlier."""

    def earlier(entry: Entry) -> Entry:
        facts = {
            name: value - seconds if name in TIMES and value is not None else value
            for name, value in entry.facts.items()
        }
        return replace(entry, at=entry.at - seconds, facts=facts)

    rewrite(path, lambda entries: [earlier(entry) for entry in entries])


def lose(path: Path, look: str) -> None:
    """Rewrite history so that the first take of a look got no answer."""

    def without_answer(entries: list[Entry]) -> list[Entry]:
        uid = next(e.take for e in entries if e.take and e.facts.get("look") == look)
        kept = []
        for entry in entries:
            if entry.take == uid and entry.kind == "intended":
                lost = replace(entry, kind="lost", facts={"error_message": "reset"})
                kept += [entry, lost]
            elif entry.take != uid and entry.facts.get("take") != uid:
                kept.append(entry)
        return kept

    rewrite(path, without_answer)
