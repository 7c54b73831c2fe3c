"""When the last run was, and how it ended: read from a ledger without changing it."""

import json
from contextlib import closing
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from runner.ledger.backend import Backend
from runner.ledger.database import open_for_reading
from runner.ledger.events import Note
from runner.ledger.sqlite import SqliteBackend
from runner.policy.lifecycle import Event


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest run of a ledger, of whatever command. Times are Unix seconds.

    ``ended_at`` and ``exit`` are None while it goes on, and for ever where it was killed; ``host``
    and ``pid`` say whose it is. ``stopped`` is why it ended before its plan did, ``run`` its id.
    """

    started_at: float
    host: str | None = None
    pid: int | None = None
    ended_at: float | None = None
    exit: int | None = None
    stopped: str | None = None
    run: str | None = None


def read_last_run(path: Path) -> LastRun | None:
    """Read the newest run; None where there was none. Raises LedgerDamaged or StorageError."""
    if not path.is_file():
        return None
    with closing(open_for_reading(path)) as connection:
        return find_last_run(SqliteBackend(connection, path))


def find_last_run(backend: Backend) -> LastRun | None:
    """Return the newest run of a ledger that is open; None where there was none."""
    started = backend.last_event_of(None, Note.RUN_STARTED)
    if started is None:
        return None
    begun = started.to_entry().facts
    run = LastRun(started.at, begun.get("host"), begun.get("pid"), run=begun.get("run"))
    ended = backend.last_event_of(None, Note.RUN_ENDED)
    if ended is None or ended.seq < started.seq:
        return run
    end = ended.to_entry().facts
    return replace(run, ended_at=ended.at, exit=end.get("exit"), stopped=end.get("stopped"))


def read_variables(path: Path) -> dict[str, dict[str, str]]:
    """Read what ``--var`` gave in each run that a ledger knows it of, by the run's id.

    Runs of older programs, and commands that buy nothing, do not say. Raises LedgerDamaged or
    StorageError.
    """
    with closing(open_for_reading(path)) as connection:
        rows = connection.execute(
            "SELECT facts FROM events WHERE kind = ?", (Note.RUN_STARTED,)
        ).fetchall()
    runs = [json.loads(text) for (text,) in rows]
    return {facts["run"]: facts["variables"] for facts in runs if "variables" in facts}


@dataclass(frozen=True, slots=True)
class WalletReading:
    """What the wallet showed before or after a run: Unix seconds, the run's id, and USD."""

    at: float
    run: str | None
    balance: Decimal


def read_send_time(path: Path, uid: str) -> float | None:
    """Return when a take's first send was committed, by this machine's clock in Unix seconds.

    None for a take that came from elsewhere. Raises LedgerDamaged or StorageError.
    """
    with closing(open_for_reading(path)) as connection:
        row = connection.execute(
            "SELECT at FROM events WHERE kind = ? AND take = ? ORDER BY seq DESC LIMIT 1",
            (Event.INTENDED, uid),
        ).fetchone()
    return None if row is None else float(row[0])


def read_wallet_readings(path: Path) -> list[WalletReading]:
    """Read every dollar balance that the runs of a ledger saw, oldest first, each once.

    Ledgers of the first version hold them without their times: those count as read when they were
    written down, at the end of the run. Raises LedgerDamaged or StorageError.
    """
    if not path.is_file():
        return []
    with closing(open_for_reading(path)) as connection:
        rows = connection.execute(
            "SELECT at, run, facts FROM events WHERE kind = ? ORDER BY seq", (Note.WALLET,)
        ).fetchall()
    readings: dict[WalletReading, None] = {}
    for written_at, run, text in rows:
        facts = json.loads(text)
        if (facts["currency"] or "usd").lower() != "usd":
            continue
        for name in ("before", "after"):
            if (balance := facts[name]) is not None:
                at = facts.get(f"{name}_at") or written_at
                readings[WalletReading(at, run, Decimal(str(balance)))] = None
    return sorted(readings, key=lambda reading: reading.at)
