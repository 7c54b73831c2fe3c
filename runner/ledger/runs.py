"""When the last run was, and how it ended: read from a ledger without changing it."""

import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from runner.ledger.database import open_for_reading
from runner.ledger.fold import Note

__all__ = ["LastRun", "read_last_run"]


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest run of a ledger, of whatever command. Times are Unix seconds.

    ``ended_at`` and ``exit`` are None while it goes on, and for ever where it was killed; ``host``
    and ``pid`` say whose it is. ``stopped`` is why it ended before its plan did.
    """

    started_at: float
    host: str | None = None
    pid: int | None = None
    ended_at: float | None = None
    exit: int | None = None
    stopped: str | None = None


def read_last_run(path: Path) -> LastRun | None:
    """Read the newest run; None where there was none. Raises LedgerDamaged or StorageError."""
    if not path.is_file():
        return None
    with closing(open_for_reading(path)) as connection:
        rows = connection.execute(
            "SELECT at, kind, facts FROM events WHERE kind IN (?, ?) ORDER BY seq DESC LIMIT 2",
            (Note.RUN_STARTED, Note.RUN_ENDED),
        ).fetchall()
    events = {kind: (at, json.loads(facts)) for at, kind, facts in reversed(rows)}
    if not rows or Note.RUN_STARTED not in events:
        return None
    at, begun = events[Note.RUN_STARTED]
    run = LastRun(at, begun.get("host"), begun.get("pid"))
    if rows[0][1] == Note.RUN_STARTED:
        return run
    ended_at, end = events[Note.RUN_ENDED]
    return LastRun(at, run.host, run.pid, ended_at, end.get("exit"), end.get("stopped"))
