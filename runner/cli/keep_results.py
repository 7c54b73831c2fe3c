"""What is done beside a run: results.json is kept up to date, decisions are taken in.

Who reads results.json beside a long run, or after a kill, has it too.

A colleague who has only that file buys again what it does not name.
"""

from collections.abc import Callable
from time import perf_counter

import anyio

from runner.cli.decision_queue import import_queued_decisions
from runner.cli.fingerprint import Fingerprint
from runner.cli.outputs import encode_results, make_results
from runner.cli.pausing import is_pause_wanted, stop_sending
from runner.cli.session import OpenSession
from runner.errors import StorageError
from runner.files import write_atomic
from runner.model import Campaign

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
                write_atomic(left.state.results, encode_results(results))
        except StorageError:
            return
        await work.ledger.wait_for(left.remember_results)
        wait = next_wait(timer() - begun)


async def take_in_decisions(work: OpenSession) -> None:
    """Commit what people decided beside a run, every second; ends by cancellation.

    The wish that the run pauses is one of the decisions.
    """
    while True:
        await anyio.sleep(GLANCE_EVERY)
        await import_queued_decisions(work.ledger, work.state)
        if not work.context.interrupted and is_pause_wanted(work.state, work.ledger.run):
            stop_sending(work.context)


def next_wait(took: float) -> float:
    """Return how long to wait after a write that took so long; both in seconds."""
    return max(EVERY, took / SHARE)
