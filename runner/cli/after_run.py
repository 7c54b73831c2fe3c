"""Begin what buys more of a campaign when the run that holds its ledger, or is queued, is over."""

import time
from collections.abc import Callable
from contextlib import redirect_stderr
from functools import partial
from io import StringIO

import click

from runner.cli.account import run_on_account
from runner.cli.commands.run import start
from runner.cli.context import Context
from runner.cli.format import warn
from runner.cli.liveness import is_alive
from runner.cli.readonly import find_state
from runner.cli.request import load_campaign
from runner.cli.run_attempt import execute_or_pack
from runner.errors import LedgerLocked
from runner.ledger.reading import read_last_run
from runner.model import Campaign
from runner.plan.options import apply_options
from runner.plan.request import Request
from runner.queue.port import QueuedRun, RunWaiting

MAX_WAIT = 3600.0
"""Seconds for which another run is waited for."""

LOOK_AGAIN = 2.0
"""Seconds between two looks whether it has ended; no request leaves for them."""

UNKNOWN = 20.0
"""Seconds more where that cannot be seen from here: each try asks the account who it is."""


def start_unqueued(context: Context, campaign: Campaign, request: Request) -> int:
    """Carry out in this process what was asked for; return the exit code.

    Raises RunWaiting where a run of the campaign is in the queue, also once it was agreed to.
    """
    if request.on is None or request.simulate:
        return start(context, campaign, request)
    from runner.cli.queue_client import QueueCheck, open_shared_queue

    with open_shared_queue(request.on) as queue:
        planned = apply_options(campaign, request)
        check = QueueCheck(queue, request)
        work = partial(execute_or_pack, campaign=planned, request=request, packer=check)
        return run_on_account(context, campaign, work, request).code


def begin_after_run(begin: Callable[[], int], request: Request) -> int:
    """Plan, ask and buy with ``begin``, once no other run is under way or queued.

    Return the exit code. Nothing is planned or asked before: what there is to buy, and for how
    much, the other run decides. Raises LedgerLocked or RunWaiting where it takes too long.
    """
    deadline: float | None = None
    while True:
        try:
            return begin()
        except (LedgerLocked, RunWaiting) as error:
            waiting, now = error, time.monotonic()
            if deadline is None:
                deadline = now + MAX_WAIT
                click.echo(
                    f"{error.message} This waits for its end, {MAX_WAIT / 60:.0f} minutes at most, "
                    "then plans and asks. Ctrl-C ends only the waiting: nothing was sent.",
                    err=True,
                )
            elif now > deadline:
                raise
        if isinstance(waiting, RunWaiting):
            _wait_while_queued(waiting.run, request, deadline)
        else:
            _wait_while_running(request, deadline)


def _wait_while_queued(run: QueuedRun, request: Request, deadline: float) -> None:
    """Wait as long as a run is in the queue, after the commands that follow or cancel it."""
    from runner.cli.queue_client import advise_to_follow, open_shared_queue

    click.echo(advise_to_follow(request), err=True)
    with open_shared_queue(request.on) as queue:
        if not any(worker.serves(run.account) for worker in queue.list_workers()):
            warn(f"No worker serves {run.account.label} now: run {run.run} waits for one.")
        there: QueuedRun | None = run
        while there and there.ended_at is None and time.monotonic() < deadline:
            time.sleep(LOOK_AGAIN)
            there = queue.find(run.run)


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
