"""A run is carried out until it ends, or is asked to stop: by a signal, or by another process.

Another process leaves a file, which names the run: it stops that one and no later one.
"""

import json
import signal
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any

import anyio

from runner.cli.session import OpenSession
from runner.executor.concurrency import unwrap_exception_group
from runner.executor.context import RunContext
from runner.executor.session import Session
from runner.files import read_note, write_atomic
from runner.ledger.state_dirs import StateDir
from runner.policy.exit_codes import Outcome

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


async def with_signals(
    session: Session, work: OpenSession, beside: Sequence[Callable[[], Coroutine[Any, Any, None]]]
) -> Outcome:
    """Carry out the plan; a signal stops sending, a second one leaves at once.

    What is done ``beside`` it ends with it.
    """
    outcomes: list[Outcome] = []
    with unwrap_exception_group():
        async with anyio.create_task_group() as tasks:
            if work.outside.handles_signals:
                tasks.start_soon(listen, session.context, tasks.cancel_scope)
            tasks.start_soon(work.progress.keep_fresh)
            for task in beside:
                tasks.start_soon(task)
            outcomes.append(await session.carry_out())
            tasks.cancel_scope.cancel()
    return outcomes[0] if outcomes else await session.end()


def _stopping_signals() -> list[signal.Signals]:
    """Return the signals that stop a run; SIGHUP, of a closed terminal, unless ``nohup`` hid it."""
    found = [signal.SIGINT, signal.SIGTERM]
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:
        found.append(hangup)
    return found


async def listen(context: RunContext, scope: anyio.CancelScope) -> None:
    """Handle signals: the first stops sending, the second ends everything."""
    with anyio.open_signal_receiver(*_stopping_signals()) as received:
        async for _number in received:
            if context.interrupted:
                scope.cancel()
                return
            stop_sending(context)
