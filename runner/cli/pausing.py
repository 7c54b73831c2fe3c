"""A run that is asked to stop sending: by a signal, or by a file that another process left.

The file names the run, so that it stops that one and no later one, however often it is asked.
"""

import json
from contextlib import suppress

from runner.executor.context import RunContext
from runner.files import read_note, write_atomic
from runner.ledger.state_dirs import StateDir

NAME = "pause-wanted.json"


def want_pause(state: StateDir, run: str) -> None:
    """Ask a run that holds the ledger to stop sending. Raises StorageError."""
    note = (json.dumps({"run": run}) + "\n").encode()
    write_atomic(state.folder / NAME, note, within=state.folder)


def is_pause_wanted(state: StateDir, run: str | None) -> bool:
    """Return whether a run was asked to stop sending; the wish is taken away by being read."""
    path = state.folder / NAME
    try:
        wanted = bool(read_note(path)["run"] == run)
    except (OSError, ValueError, LookupError, TypeError):
        return False
    with suppress(OSError):
        path.unlink()
    return wanted


def stop_sending(context: RunContext) -> None:
    """Stop a run as Ctrl-C does once, and say so."""
    context.interrupt()
    context.observer.said(
        "Stopping: nothing more is sent; requests under way are answered, looks in "
        "progress are left to the next run. Once more to leave at once."
    )
