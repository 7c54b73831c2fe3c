"""What is bought from the review page: its basket, and the run that carries it out.

The run is the command itself, in a process of its own. So a page that is closed, or a server that
dies, takes nothing with it: the run has its own ledger lock, its own ceiling, and resumes like any
other.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import click

from runner.cli.context import Context
from runner.cli.review_basket import Basket
from runner.cli.review_reading import CampaignReader, CurrentCampaign
from runner.cli.shared_options import hand_on_database
from runner.cli.supervise import want_pause
from runner.errors import StorageError, UsageError
from runner.files import make_folder, read_file
from runner.ledger.runs import LastRun
from runner.ledger.state_dirs import StateDir
from runner.plan import ResolvedOptions
from runner.plan import plan as make_plan
from runner.plan.options import resolve_options
from runner.plan.request import DEFAULT_CONCURRENCY, BasketItem, Request
from runner.plan.run_eta import RunEta
from runner.quantities import format_usd
from runner.review.desk import Declined

LOG = "review-run.log"
MAX_LOG = 4 * 1024 * 1024
TOLD_LINES = 12
"""Lines of the run's last words that the page shows."""

PATIENCE = 20.0
"""Seconds that a run gets to leave cleanly when the server ends."""


class ReviewRun:
    """One run and what became of it."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / LOG
        self._process: subprocess.Popen[bytes] | None = None
        self.paused = False

    @property
    def is_going(self) -> bool:
        """Return whether it is at work."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Return the process that is, or was, at work."""
        return self._process.pid if self._process is not None else None

    def start(self, arguments: Sequence[str | Path], given: bytes, more: Mapping[str, str]) -> None:
        """Start ``lookbook`` with these arguments, and ``more`` in its environment.

        It reads ``given``. Raises StorageError.
        """
        make_folder(self._log.parent)
        try:
            with self._log.open("wb") as log, TemporaryFile() as stdin:
                stdin.write(given)
                stdin.seek(0)
                self._process = subprocess.Popen(  # noqa: S603 - this very program
                    [sys.executable, "-m", "runner", *arguments],
                    stdin=stdin,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, **more, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"},
                    start_new_session=True,
                )
        except OSError as error:
            raise StorageError(f"The run could not be started: {error.strerror}.") from error
        self.paused = False

    def pause(self) -> None:
        """Stop it from sending more, as Ctrl-C does once."""
        if self._process is not None and self.is_going:
            self.paused = True
            with suppress(OSError):
                self._process.send_signal(signal.SIGINT)

    def wait(self) -> bool:
        """Wait until it has left, for a bounded time; return whether it has."""
        if self._process is None:
            return True
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            return False
        return True

    def outcome(self) -> dict[str, Any] | None:
        """Return exit code and last words of a run that ended; None where none has."""
        if self._process is None or self.is_going:
            return None
        try:
            text = read_file(self._log, MAX_LOG).decode("utf-8", "replace")
        except OSError:
            text = ""
        lines = [line.rstrip() for line in text.splitlines() if line.strip()]
        return {"exit": self._process.returncode, "words": lines[-TOLD_LINES:]}


class Purchases:
    """The basket of a campaign and the run at work for it, whoever started that one."""

    def __init__(
        self, context: Context, request: Request, state: StateDir, reader: CampaignReader
    ) -> None:
        self.basket = Basket(request, state)
        self._context = context
        self._request = request
        self._state = state
        self._reader = reader
        self._run = ReviewRun(state.folder)
        self._bought: tuple[BasketItem, ...] = ()
        self._pausing: str | None = None

    @property
    def is_mine(self) -> bool:
        """Return whether a run is at work that the page started."""
        return self._run.is_going

    def is_going(self) -> bool:
        """Return whether a run is at work, whoever started it."""
        return self.is_mine or self._reader.find_run_elsewhere() is not None

    def is_pausing(self) -> bool:
        """Return whether the run that is at work was asked to pause."""
        if self.is_mine:
            return self._run.paused
        elsewhere = self._reader.find_run_elsewhere()
        return elsewhere is not None and elsewhere.run == self._pausing

    def outcome(self) -> dict[str, Any] | None:
        """Return what the last run that the page started came to."""
        return self._run.outcome()

    def glance(self) -> tuple[bool, bool]:
        """Return how the page's own run looks from outside."""
        return self.is_mine, self._run.paused

    def foresee(self, now: CurrentCampaign) -> tuple[float | None, Sequence[str]]:
        """Return how many seconds the run takes, if that is known, and what is not sent yet."""
        asked = ResolvedOptions()
        if self.is_mine:
            bought = Request(basket=self._bought)
            with suppress(UsageError):
                asked = resolve_options(now.campaign, now.snapshot, bought)
        plan, clock = make_plan(now.campaign, now.snapshot, asked), self._context.clock
        eta = RunEta(plan, now.snapshot, slots=lambda: DEFAULT_CONCURRENCY, now=clock.now)
        left = eta.left()
        queued = () if self.is_pausing() else [a.key for a in plan.actions if a.takes]
        return None if left is None else float(round(left)), queued

    def buy(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Start a run that carries out the basket's plan, which a person has seen and agreed to.

        ``plan`` and ``cost_usd`` are what the page showed; where that is not the offer any more,
        nothing is bought and the new one is shown.
        """
        offer, items = self.basket.offer, self.basket.items
        if self.is_going():
            raise Declined("A run is at work: buy when it has ended.")
        if not offer.get("count"):
            raise Declined("There is nothing to buy in the basket.")
        if (asked["plan"], asked["cost_usd"]) != (offer["plan"], offer["cost_usd"]):
            raise Declined(
                f"Something has moved: the basket now costs {format_usd(offer['cost_usd'])}.",
                "Nothing was bought. Look at it once more.",
            )
        if (left := offer.get("left_usd")) is not None and left < 0:
            raise Declined("The budget in the manifest has no room for all of it.")
        database, more = hand_on_database(self._request)
        command = [*self.basket.command("-", offer["at_most_usd"], database), "--yes"]
        self._run.start(command, self.basket.text, more)
        self._bought = items
        self.basket.empty()
        return {"started": True}

    def pause(self) -> Mapping[str, Any]:
        """Stop the run from sending more, as Ctrl-C does once, whoever started it."""
        elsewhere = self._reader.find_run_elsewhere()
        if self.is_mine:
            self._run.pause()
        elif elsewhere is not None and self._is_far(elsewhere):
            raise Declined(f"The run is at work on {elsewhere.host}: stop it there.")
        elif elsewhere is not None and elsewhere.run is not None:
            want_pause(self._state, elsewhere.run)
            self._pausing = elsewhere.run
        else:
            raise Declined("The run has ended.")
        return {"paused": True}

    def _is_far(self, run: LastRun) -> bool:
        """Return whether a run looks into no folder of this machine."""
        return self._state.shared is not None and run.host != socket.gethostname()

    def end(self) -> None:
        """Pause the run that the page started, and wait until it has left, for a bounded time."""
        if not self.is_mine:
            return
        click.echo("Pausing the run that this page started: nothing more is sent.", err=True)
        self._run.pause()
        if not self._run.wait():
            click.echo(f"It is still at work: process {self._run.pid}.", err=True)
