"""Begin what buys more of a campaign when the run that holds its ledger has ended."""

import time
from collections.abc import Callable
from contextlib import redirect_stderr
from io import StringIO

import click

from runner.cli.liveness import is_alive
from runner.cli.readonly import find_state
from runner.cli.request import load_campaign
from runner.errors import LedgerLocked
from runner.ledger.reading import read_last_run
from runner.plan.request import Request

MAX_WAIT = 3600.0
"""Seconds for which another run is waited for."""

LOOK_AGAIN = 2.0
"""Seconds between two looks whether it has ended; no request leaves for them."""

UNKNOWN = 20.0
"""Seconds more where that cannot be seen from here: each try asks the account who it is."""


def begin_after_run(begin: Callable[[], int], request: Request) -> int:
    """Plan, ask and buy with ``begin``, once no other run holds the ledger; return the exit code.

    Nothing is planned or asked before: what there is to buy, and for how much, the other run
    decides. Raises LedgerLocked where it takes too long.
    """
    deadline: float | None = None
    while True:
        try:
            return begin()
        except LedgerLocked as error:
            now = time.monotonic()
            if deadline is None:
                deadline = now + MAX_WAIT
                click.echo(
                    f"{error.message} This waits for its end, {MAX_WAIT / 60:.0f} minutes at most, "
                    "then plans and asks. Ctrl-C ends only the waiting: nothing was sent.",
                    err=True,
                )
            elif now > deadline:
                raise
        _wait_while_running(request, deadline)


def _wait_while_running(request: Request, deadline: float) -> None:
    """Wait as long as the ledger says that a run is at work; otherwise only for a moment."""
    with redirect_stderr(StringIO()):  # its warnings were shown already
        state = find_state(load_campaign(request), request)
    is_running: bool | None = True
    while is_running and time.monotonic() < deadline:
        time.sleep(LOOK_AGAIN)
        last = None if state is None else read_last_run(state.location)
        is_running = last is not None and state is not None and is_alive(last, state.location)
    if is_running is None:  # on another machine, which a file does not tell
        time.sleep(UNKNOWN)
