"""Whether the process of a run is at work."""

import os
import socket

from runner.ledger.runs import LastRun


def is_alive(last: LastRun) -> bool | None:
    """Return whether a run's process is at work; None where that cannot be known from here."""
    if last.ended_at is not None or last.pid is None:
        return False
    if last.host != socket.gethostname() or os.name != "posix":
        return None
    try:
        os.kill(last.pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's process
        return True
    return True
