"""What answers the review page: one campaign's ledger, plan, basket, edits and run.

The ledger is read beside whoever writes it, and written only while nobody else holds it: a review
that cannot be written at once waits on disk for whoever does.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import click

from runner.cli.context import Context
from runner.cli.decision_queue import queue_picks, queue_reviews
from runner.cli.eta import RunEta
from runner.cli.pausing import want_pause
from runner.cli.picking import find_pickable, foresee_pick
from runner.cli.review_basket import Basket, parse_items
from runner.cli.review_client import ClientDesk
from runner.cli.review_decisions import decide_reviews
from runner.cli.review_edits import ManifestEdits, describe_edit
from runner.cli.review_money import describe_charges
from runner.cli.review_reading import CampaignReader, CurrentCampaign
from runner.cli.review_run import ReviewRun
from runner.cli.review_view import ReviewView, describe_campaign, find_differences
from runner.cli.session import open_ledger
from runner.errors import LedgerLocked, UsageError
from runner.ledger.state_dirs import StateDir
from runner.model import Campaign
from runner.plan import ResolvedOptions
from runner.plan import plan as make_plan
from runner.plan.options import resolve_options
from runner.plan.request import DEFAULT_CONCURRENCY, BasketItem, Request
from runner.quantities import format_usd
from runner.results.model import Results
from runner.results.writer import results_document
from runner.review.desk import Declined
from runner.reviews import Review, ReviewState
from runner.shell import quote_command
from runner.takes import Snapshot, Take

IDLE = 3.0
"""Seconds without a decision after which results and catalog are written anew."""


@dataclass(frozen=True, slots=True)
class _Known(CurrentCampaign):
    """What was known when the page was last told, and the view of it."""

    results: Results
    view: dict[str, Any]


class ReviewDesk:
    """``runner.review.desk.Desk`` over a state folder. For one thread, ``find_picture`` aside."""

    def __init__(
        self,
        context: Context,
        request: Request,
        campaign: Campaign,
        state: StateDir,
    ) -> None:
        self._context = context
        self._state = state
        self._request = request
        self._reader = CampaignReader(request, campaign, state)
        self._basket = Basket(request, state)
        self._client = ClientDesk(request, state)
        self._copy: Path | None = None
        self._edits = ManifestEdits(request)
        self._bought: tuple[BasketItem, ...] = ()
        self._run = ReviewRun(state.folder)
        self._known: _Known | None = None
        self._told: dict[str, Any] | None = None
        self._pausing: str | None = None
        self._glance: object = None
        self._dirty_since: float | None = None

    # --- reading ------------------------------------------------------------------------------

    def state(self) -> Mapping[str, Any]:
        """Return everything that the page shows, as it was when there last was news."""
        return self._told or self._look().view

    def news(self) -> Mapping[str, Any] | None:
        """Return what has changed since the last news; None where nothing has."""
        self._write_outputs_when_idle()
        before, known = self.state(), self._know()
        self._told = known.view
        return find_differences(before, known.view) or None

    def find_picture(self, look: str, take: int) -> tuple[Path, str, str | None] | None:
        """Return the state folder, a take's picture in it and its SHA-256."""
        known = self._known
        takes = known.snapshot.takes.get(look, ()) if known is not None else ()
        found = next((one for one in takes if one.number == take and one.image), None)
        if found is None or found.image is None:
            return None
        return self._state.folder, found.image, found.sha256

    def list_charges(self, _asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return every charge with its reason, sums, and the command that lists them."""
        known = self._known or self._look()
        where = ("--simulate",) if self._request.simulate else ()
        command = quote_command("lookbook", "money", self._request.manifest, *where)
        return {"command": command, **describe_charges(known.results, known.campaign)}

    def _has_moved(self) -> bool:
        """Return whether anything that the page shows may be different now."""
        moved, seen = self._reader.glance()
        glance = (seen, self._run.is_going, self._run.paused)
        moved, self._glance = moved or glance != self._glance, glance
        return moved or self._basket.has_moved() or self._is_going()

    def _is_going(self) -> bool:
        """Return whether a run is at work, whoever started it."""
        return self._run.is_going or self._reader.find_run_elsewhere() is not None

    def _know(self) -> _Known:
        """Return what there is now, read anew only where something may have moved."""
        moved = self._has_moved()
        return self._look() if self._known is None or moved else self._known

    def _look(self) -> _Known:
        """Read what there is now."""
        now = self._reader.read()
        basket = self._basket.price(now.campaign, now.snapshot)
        going = self._is_going()
        left, queued = self._foresee(now) if going else (None, ())
        results = results_document(now.campaign, now.snapshot, now.plan, now.wallet)
        view = ReviewView(
            now.campaign,
            now.snapshot,
            now.plan,
            results,
            label=self._name_account(now.snapshot),
            simulated=self._request.simulate,
            last_run=self._reader.last_run(),
            going=going,
            mine=self._run.is_going,
            paused=self._is_pausing(),
            left=left,
            queued=queued,
            ended=self._run.outcome(),
            basket=basket,
            problem=self._reader.problem,
        )
        shown = describe_campaign(view)
        self._known = _Known(now.campaign, now.snapshot, now.plan, now.wallet, results, shown)
        self._told = self._told or shown
        return self._known

    def _is_pausing(self) -> bool:
        """Return whether the run that is at work was asked to pause."""
        if self._run.is_going:
            return self._run.paused
        elsewhere = self._reader.find_run_elsewhere()
        return elsewhere is not None and elsewhere.run == self._pausing

    def _name_account(self, snapshot: Snapshot) -> str:
        if snapshot.account is not None:
            return snapshot.account.label
        return "simulator" if self._request.simulate else "your HeyGen account, not used yet"

    def _foresee(self, now: CurrentCampaign) -> tuple[float | None, Sequence[str]]:
        """Return how many seconds the run takes, if that is known, and what is not sent yet."""
        asked = ResolvedOptions()
        if self._run.is_going:
            bought = Request(basket=self._bought)
            with suppress(UsageError):
                asked = resolve_options(now.campaign, now.snapshot, bought)
        plan, clock = make_plan(now.campaign, now.snapshot, asked), self._context.clock
        eta = RunEta(plan, now.snapshot, slots=lambda: DEFAULT_CONCURRENCY, now=clock.now)
        left = eta.left()
        queued = () if self._is_pausing() else [a.key for a in plan.actions if a.takes]
        return None if left is None else float(round(left)), queued

    # --- deciding -----------------------------------------------------------------------------

    def review(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Record what a person decided about takes; ``waits`` says that it waits for a run."""
        known = self._know()
        state = ReviewState(asked["state"])
        names = [str(name) for name in asked["takes"]]
        words = {"reason": _text(asked.get("reason")), "by": _text(asked.get("by"))}
        at = self._context.clock.now()
        decided = decide_reviews(known.snapshot, dict.fromkeys(names, state), at=at, **words)
        waits = self._keep(known, decided)
        return {"waits": waits, "decided": [take.label for take, _ in decided]}

    def _keep(self, known: _Known, decided: Sequence[tuple[Take, Review]]) -> bool:
        """Write reviews, or keep them for whoever holds the ledger; return whether they wait."""
        waits = False
        try:
            with open_ledger(self._context, known.campaign, self._state, "review") as opened:
                reviews = [(take.uid, review) for take, review in decided]
                anyio.run(opened.ledger.record_reviews, reviews)
        except LedgerLocked:
            account = known.snapshot.account.label if known.snapshot.account else None
            queue_reviews(self._context, self._state, known.campaign.name, account, decided)
            waits = True
        self._dirty_since = self._context.clock.now()
        return waits

    def pick(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make a take its look's pick, for nothing; ``waits`` says that it waits for a run."""
        known = self._know()
        take = find_pickable(known.plan, known.snapshot, str(asked["take"]))
        before = known.snapshot.pick(take.look)
        waits = False
        try:
            with open_ledger(self._context, known.campaign, self._state, "pick") as opened:
                anyio.run(opened.ledger.pick, take.look, take.uid)
        except LedgerLocked:
            account = known.snapshot.account.label if known.snapshot.account else None
            queue_picks(self._context, self._state, account, [take])
            waits = True
        self._dirty_since = self._context.clock.now()
        return {"before": before.label if before is not None else None, "waits": waits}

    def consequences(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what would be out of date if a take were picked, and what renewing costs."""
        known = self._known or self._look()
        take = find_pickable(known.plan, known.snapshot, str(asked["take"]))
        return foresee_pick(known.campaign, known.snapshot, known.plan, take)

    # --- the client ---------------------------------------------------------------------------

    def make_client_copy(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Write a page for a client into the state folder; in any thread."""
        if self._known is None:
            raise Declined("Nothing was read yet.")
        made = self._client.make_copy(self._known.results, asked)
        self._copy = Path(made["file"])
        return made | {"file": self._copy.name}

    def find_client_copy(self) -> Path | None:
        """Return the copy that was made last."""
        return self._copy

    def take_in(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Merge a client's answers; return in lines who said what."""
        told = self._client.take_in(self._context, self._look().campaign, asked)
        self._dirty_since = self._context.clock.now()
        return told

    # --- editing ------------------------------------------------------------------------------

    def list_prompt(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the texts that a look's prompt is made of, and who shares each."""
        return self._edits.list_parts(str(asked["look"]))

    def propose_edit(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what an edited prompt changes in the manifest, and what that costs."""
        known = self._known or self._look()
        return describe_edit(self._edits.propose(known.snapshot, asked))

    def write_edit(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Write an edited prompt into the manifest, and put what it changes into the basket."""
        edit = self._edits.propose(self._look().snapshot, asked)
        sha256 = self._edits.write(edit)
        known = self._look()
        bought = {action.key for action in known.plan.actions if action.takes}
        self._basket.add_changed(look for look in edit.effect.changed if look in bought)
        return {"sha256": sha256, **describe_edit(edit)}

    def undo_edit(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Put the manifest back as it was before an edit, if nothing else changed it since."""
        if not self._edits.undo(str(asked["sha256"])):
            raise Declined("This edit cannot be taken back any more.", "Edit the text once more.")
        return {"undone": True}

    # --- buying -------------------------------------------------------------------------------

    def fill_basket(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Put into the basket what is in ``asked``, and nothing else; return what it comes to."""
        items, before = parse_items(asked["items"]), self._basket.items
        self._basket.replace(items)
        known = self._look()
        problem = self._basket.offer.get("problem")
        if problem and set(items) - set(before):
            self._basket.replace(before)
            self._look()
            raise Declined(problem)
        return known.view["basket"]  # type: ignore[no-any-return]

    def buy(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Start a run that carries out the basket's plan, which a person has seen and agreed to.

        ``plan`` and ``cost_usd`` are what the page showed; where that is not the offer any more,
        nothing is bought and the new one is shown.
        """
        self._look()
        offer, items = self._basket.offer, self._basket.items
        if self._is_going():
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
        command = [*self._basket.command("-", offer["at_most_usd"]), "--yes"]
        self._run.start(command, self._basket.text)
        self._bought = items
        self._basket.empty()
        return {"started": True}

    def pause(self) -> Mapping[str, Any]:
        """Stop the run from sending more, as Ctrl-C does once, whoever started it."""
        elsewhere = self._reader.find_run_elsewhere()
        if self._run.is_going:
            self._run.pause()
        elif elsewhere is not None and elsewhere.run is not None:
            want_pause(self._state, elsewhere.run)
            self._pausing = elsewhere.run
        else:
            raise Declined("The run has ended.")
        return {"paused": True}

    # --- the end ------------------------------------------------------------------------------

    def _write_outputs_when_idle(self) -> None:
        """Write results and catalog anew when nobody has decided anything for a moment."""
        since = self._dirty_since
        quiet = since is not None and self._context.clock.now() - since >= IDLE
        if quiet and not self._is_going():  # a run writes them at its end, and takes in what waits
            self._write_outputs()

    def _write_outputs(self) -> None:
        self._dirty_since = None
        try:
            with open_ledger(self._context, self._reader.campaign, self._state, "review") as opened:
                opened.write_outputs()
        except LedgerLocked:
            return  # whoever holds it writes them at its end

    def close(self) -> None:
        """Pause the run that was started here, write what is to be written, close the ledger."""
        if self._run.is_going:
            click.echo("Pausing the run that this page started: nothing more is sent.", err=True)
            self._run.pause()
            if not self._run.wait():
                click.echo(f"It is still at work: process {self._run.pid}.", err=True)
        if self._dirty_since is not None:
            self._write_outputs()
        self._reader.close()


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise Declined("Words are expected.", status=400)
    return value
