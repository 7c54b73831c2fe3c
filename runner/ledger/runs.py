"""When the last run of a ledger was, and how it ended."""

from dataclasses import dataclass, replace

from runner.ledger.backend import Backend
from runner.ledger.events import Note


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
