"""Whether the process of a run is at work."""

import os
import socket
from typing import Protocol

from runner.ledger.runs import LastRun


class _KnowsHolder(Protocol):
    def is_held(self) -> bool | None:
        """Return whether a living process holds it; None where only that process can tell."""


def is_alive(last: LastRun, ledger: _KnowsHolder | None = None) -> bool | None:
    """Return whether a run's process is at work; None where that cannot be known from here.

    ``ledger`` is where its ledger lives: a database knows that of every machine.
    """
    if last.ended_at is not None or last.pid is None:
        return False
    held = ledger.is_held() if ledger is not None else None
    if held is not None:
        return held
    if last.host != socket.gethostname() or os.name != "posix":
        return None
    try:
        os.kill(last.pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's process
        return True
    return True
