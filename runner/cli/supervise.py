"""A run is carried out until it ends, or is asked to stop: by a signal, or by another process.

Another process leaves a file, which names the run: it stops that one and no later one. Beside the
run results.json is kept up to date, so that who reads it beside a long run, or after a kill, has it
too: a colleague who has only that file buys again what it does not name. Decisions that wait for
the ledger are taken in.
"""

import json
import signal
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from time import perf_counter
from typing import Any

import anyio

from runner.cli.decision_queue import import_queued_decisions
from runner.cli.format import warn
from runner.cli.outputs import encode_results, make_results
from runner.cli.session import OpenSession
from runner.errors import StorageError
from runner.executor.concurrency import unwrap_exception_group
from runner.executor.context import RunContext
from runner.executor.session import Session
from runner.files import read_note, write_atomic
from runner.ledger.state_dirs import StateDir
from runner.model import Campaign
from runner.policy.exit_codes import Outcome
from runner.results.fingerprint import RESULTS, Fingerprint

PAUSE_FILE = "pause-wanted.json"


def want_pause(state: StateDir, run: str) -> None:
    """Ask a run that holds the ledger to stop sending. Raises StorageError."""
    note = (json.dumps({"run": run}) + "\n").encode()
    write_atomic(state.folder / PAUSE_FILE, note, within=state.folder)


def take_pause_wish(state: StateDir, run: str | None) -> bool:
    """Take away the wish that a run stops sending; return whether there was one."""
    path = state.folder / PAUSE_FILE
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


EVERY = 60.0
"""Seconds between two writes, if they are quick."""

GLANCE_EVERY = 1.0
"""Seconds between two glances at the folder in which decisions wait for the ledger."""

SHARE = 0.02
"""The most of a run's time that is spent on them."""


async def keep_results(
    campaign: Campaign,
    work: OpenSession,
    left: Fingerprint,
    *,
    timer: Callable[[], float] = perf_counter,
) -> None:
    """Write results.json again and again, where something has happened; ends by cancellation.

    A disk that is full ends it: the run itself will say so. The catalog waits for the run's end.
    """
    wait, known = EVERY, work.ledger.snapshot()
    while True:
        await anyio.sleep(wait)
        snapshot = work.ledger.snapshot()
        if snapshot is known:
            continue
        known, begun = snapshot, timer()
        try:
            with work.ledger.computing():
                results = make_results(campaign, snapshot, work.ledger.wallet)
                if results["account"] is None:
                    continue
                write_atomic(left.folder / RESULTS, encode_results(results))
        except StorageError:
            return
        await work.ledger.wait_for(left.remember_results)
        wait = next_wait(timer() - begun)


async def take_in_decisions(work: OpenSession) -> None:
    """Commit what people decided beside a run, every second; ends by cancellation.

    The wish that the run pauses is one of the decisions. One that cannot be used is told once.
    """
    told: set[str] = set()

    def say_once(message: str) -> None:
        if message not in told:
            told.add(message)
            warn(message)

    while True:
        await anyio.sleep(GLANCE_EVERY)
        await import_queued_decisions(work.ledger, work.state, say_once)
        if not work.context.interrupted and take_pause_wish(work.state, work.ledger.run):
            stop_sending(work.context)


def next_wait(took: float) -> float:
    """Return how long to wait after a write that took so long; both in seconds."""
    return max(EVERY, took / SHARE)
