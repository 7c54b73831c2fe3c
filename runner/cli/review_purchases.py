"""What is bought from the review page: its basket, and the run that carries it out."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import click

from runner.cli.context import Context
from runner.cli.eta import RunEta
from runner.cli.pausing import want_pause
from runner.cli.review_basket import Basket
from runner.cli.review_reading import CampaignReader, CurrentCampaign
from runner.cli.review_run import ReviewRun
from runner.errors import UsageError
from runner.ledger.state_dirs import StateDir
from runner.plan import ResolvedOptions
from runner.plan import plan as make_plan
from runner.plan.options import resolve_options
from runner.plan.request import DEFAULT_CONCURRENCY, BasketItem, Request
from runner.quantities import format_usd
from runner.review.desk import Declined


class Purchases:
    """The basket of a campaign and the run at work for it, whoever started that one."""

    def __init__(
        self, context: Context, request: Request, state: StateDir, reader: CampaignReader
    ) -> None:
        self.basket = Basket(request, state)
        self._context = context
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
        command = [*self.basket.command("-", offer["at_most_usd"]), "--yes"]
        self._run.start(command, self.basket.text)
        self._bought = items
        self.basket.empty()
        return {"started": True}

    def pause(self) -> Mapping[str, Any]:
        """Stop the run from sending more, as Ctrl-C does once, whoever started it."""
        elsewhere = self._reader.find_run_elsewhere()
        if self.is_mine:
            self._run.pause()
        elif elsewhere is not None and elsewhere.run is not None:
            want_pause(self._state, elsewhere.run)
            self._pausing = elsewhere.run
        else:
            raise Declined("The run has ended.")
        return {"paused": True}

    def end(self) -> None:
        """Pause the run that the page started, and wait until it has left, for a bounded time."""
        if not self.is_mine:
            return
        click.echo("Pausing the run that this page started: nothing more is sent.", err=True)
        self._run.pause()
        if not self._run.wait():
            click.echo(f"It is still at work: process {self._run.pid}.", err=True)
