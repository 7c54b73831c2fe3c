"""What answers the review page: one campaign's ledger, plan, basket and run.

The ledger is read beside whoever writes it, and written only while nobody else holds it: a review
that cannot be written at once waits on disk for whoever does.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import click

from runner.cli.campaign import load_campaign
from runner.cli.context import Context
from runner.cli.eta import RunEta
from runner.cli.liveness import is_alive
from runner.cli.outputs import make_results
from runner.cli.request import DEFAULT_CONCURRENCY
from runner.cli.review_decisions import decide_reviews
from runner.cli.review_file import add_reviews
from runner.cli.review_queue import has_queued_reviews, queue_reviews
from runner.cli.review_run import ReviewRun
from runner.cli.review_view import ReviewView, describe_campaign, find_differences
from runner.cli.session import open_ledger
from runner.cli.take_names import find_named_take
from runner.errors import LedgerLocked, LookbookError, ManifestError, UsageError
from runner.files import write_atomic
from runner.ledger.ledger import LedgerFollower
from runner.ledger.neighbours import read_account_facts
from runner.ledger.state_dirs import StateDir
from runner.model import Campaign
from runner.plan import Action, Plan, ResolvedOptions
from runner.plan import plan as make_plan
from runner.plan.options import (
    BasketItem,
    Errand,
    PlanOptions,
    resolve_options,
)
from runner.plan.pricing import apply_quotes, quote_prices
from runner.plan.renames import apply_renames
from runner.plan.saved_plan import serialize_plan
from runner.policy.budget import room_left
from runner.quantities import format_usd
from runner.review.desk import Declined
from runner.reviews import Review, ReviewState
from runner.shell import quote_command
from runner.takes import Snapshot, Take
from runner.words import state_word

__all__ = ["ReviewDesk"]

BASKET = "basket.json"
IDLE = 3.0
"""Seconds without a decision after which results and catalog are written anew."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What was known when the page was last told: campaign, ledger, plan, and the view of them."""

    campaign: Campaign
    snapshot: Snapshot
    plan: Plan
    view: dict[str, Any]


class ReviewDesk:
    """``runner.review.desk.Desk`` over a state folder. For one thread, ``find_picture`` aside."""

    def __init__(
        self,
        context: Context,
        manifest: Path,
        campaign: Campaign,
        state: StateDir,
        *,
        simulated: bool,
    ) -> None:
        self._context = context
        self._manifest = manifest
        self._variables = campaign.given
        self._state = state
        self._simulated = simulated
        self._campaign = campaign
        self._manifest_seen = _seen(manifest)
        self._problem: str | None = None
        self._follower: LedgerFollower | None = None
        self._basket: tuple[BasketItem, ...] = ()
        self._bought: tuple[BasketItem, ...] = ()
        self._offer: dict[str, Any] = {}
        self._run = ReviewRun(state.folder)
        self._known: _Known | None = None
        self._glance: object = None
        self._dirty_since: float | None = None

    # --- reading ------------------------------------------------------------------------------

    def state(self) -> Mapping[str, Any]:
        """Return everything that the page shows."""
        return self._look().view

    def news(self) -> Mapping[str, Any] | None:
        """Return what has changed since the last news; None where nothing has."""
        self._write_outputs_when_idle()
        if self._known is None:
            self._look()
            return None
        if not self._has_moved():
            return None
        before = self._known.view
        return find_differences(before, self._look().view) or None

    def find_picture(self, look: str, take: int) -> tuple[Path, str, str | None] | None:
        """Return the state folder, a take's picture in it and its SHA-256."""
        known = self._known
        takes = known.snapshot.takes.get(look, ()) if known is not None else ()
        found = next((one for one in takes if one.number == take and one.image), None)
        if found is None or found.image is None:
            return None
        return self._state.folder, found.image, found.sha256

    def _has_moved(self) -> bool:
        """Return whether anything that the page shows may be different now."""
        follower = self._open_follower()
        moved = follower is not None and follower.follow()
        glance = (
            _seen(self._manifest),
            self._run.is_going,
            self._run.paused,
            has_queued_reviews(self._state),
            self._is_going(),
            follower is None,
        )
        moved, self._glance = moved or glance != self._glance, glance
        return moved or (self._is_going() and self._known is not None)

    def _open_follower(self) -> LedgerFollower | None:
        if self._follower is None and self._state.ledger.is_file():
            self._follower = LedgerFollower(self._state.ledger)
        return self._follower

    def _is_going(self) -> bool:
        """Return whether a run is at work, whoever started it."""
        if self._run.is_going:
            return True
        follower = self._follower
        last = follower.last_run() if follower is not None else None
        return last is not None and last.pid != os.getpid() and is_alive(last) is True

    def _look(self) -> _Known:
        """Read what there is now."""
        self._reload_manifest()
        follower = self._open_follower()
        if follower is not None:
            follower.follow()
        snapshot = follower.snapshot() if follower is not None else Snapshot()
        if snapshot.account is not None and follower is not None:
            follower.learn(read_account_facts(self._state, snapshot.account))
            snapshot = follower.snapshot()
        snapshot = add_reviews(snapshot, self._state)
        campaign = apply_quotes(
            self._campaign, quote_prices(self._campaign, PlanOptions(), snapshot)
        )
        plan = make_plan(campaign, snapshot)
        snapshot = apply_renames(snapshot, plan.moves)
        self._offer = self._price_basket(campaign, snapshot)
        going = self._is_going()
        last = follower.last_run() if follower is not None else None
        left, queued = self._foresee(campaign, snapshot) if going else (None, ())
        view = ReviewView(
            campaign,
            snapshot,
            plan,
            make_results(campaign, snapshot, follower.wallet if follower is not None else None),
            label=self._name_account(snapshot),
            simulated=self._simulated,
            last_run=last,
            going=going,
            mine=self._run.is_going,
            paused=self._run.paused and self._run.is_going,
            left=left,
            queued=queued,
            ended=self._run.outcome(),
            basket=self._offer,
            problem=self._problem,
        )
        self._known = _Known(campaign, snapshot, plan, describe_campaign(view))
        return self._known

    def _name_account(self, snapshot: Snapshot) -> str:
        if snapshot.account is not None:
            return snapshot.account.label
        return "simulator" if self._simulated else "your HeyGen account, not used yet"

    def _foresee(
        self, campaign: Campaign, snapshot: Snapshot
    ) -> tuple[float | None, Sequence[str]]:
        """Return how many seconds the run takes, if that is known, and what is not sent yet."""
        plan = self._plan_run(campaign, snapshot)
        eta = RunEta(plan, snapshot, slots=lambda: DEFAULT_CONCURRENCY, now=self._context.clock.now)
        left = eta.left()
        queued = () if self._run.paused else [a.key for a in plan.actions if a.takes]
        return None if left is None else float(round(left)), queued

    def _plan_run(self, campaign: Campaign, snapshot: Snapshot) -> Plan:
        """Return what the run that goes on has left, as far as that is known here."""
        asked = ResolvedOptions()
        if self._run.is_going:
            with suppress(UsageError):
                asked = resolve_options(campaign, snapshot, PlanOptions(basket=self._bought))
        return make_plan(campaign, snapshot, asked)

    def _reload_manifest(self) -> None:
        """Read the manifest where it has changed; one that is wrong leaves the last good one."""
        seen = _seen(self._manifest)
        if seen == self._manifest_seen:
            return
        self._manifest_seen = seen
        try:
            self._campaign = load_campaign(self._manifest, self._variables)
            self._problem = None
        except ManifestError as error:
            self._problem = f"{error.message} The page shows what it was before."
        except LookbookError as error:
            self._problem = error.message

    # --- deciding -----------------------------------------------------------------------------

    def review(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Record what a person decided about takes; ``waits`` says that it waits for a run."""
        known = self._look()
        state = ReviewState(asked["state"])
        names = [str(name) for name in asked["takes"]]
        words = {"reason": _text(asked.get("reason")), "by": _text(asked.get("by"))}
        at = self._context.clock.now()
        decided = decide_reviews(known.snapshot, dict.fromkeys(names, state), at=at, **words)
        waits = self._keep(known, decided)
        return {"waits": waits, "decided": [take.label for take, _ in decided]}

    def _keep(self, known: _Known, decided: Sequence[tuple[Take, Review]]) -> bool:
        """Write reviews, or keep them for whoever holds the ledger; return whether they wait."""
        try:
            with open_ledger(self._context, known.campaign, self._state, "review") as opened:
                reviews = [(take.uid, review) for take, review in decided]
                anyio.run(opened.ledger.record_reviews, reviews)
        except LedgerLocked:
            account = known.snapshot.account.label if known.snapshot.account else None
            queue_reviews(self._context, self._state, known.campaign.name, account, decided)
            return True
        self._dirty_since = self._context.clock.now()
        return False

    def pick(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make a take its look's pick, for nothing."""
        known = self._look()
        take = _find_pickable(known, str(asked["take"]))
        try:
            with open_ledger(self._context, known.campaign, self._state, "pick") as opened:
                before = opened.ledger.picked(take.look)
                anyio.run(opened.ledger.pick, take.look, take.uid)
        except LedgerLocked as error:
            raise Declined(
                "A run holds the ledger: picking waits until it has ended.",
                "Approving and rejecting work meanwhile.",
            ) from error
        self._dirty_since = self._context.clock.now()
        return {"before": before.label if before is not None else None}

    def consequences(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what would be out of date if a take were picked, and what renewing costs."""
        known = self._known or self._look()
        take = _find_pickable(known, str(asked["take"]))
        picked = replace(known.snapshot, picks={**known.snapshot.picks, take.look: take.uid})
        now = _stale(known.plan)
        then = make_plan(known.campaign, picked)
        stale = sorted(_stale(then) - now)
        again = sorted(now - _stale(then))
        renewed = make_plan(known.campaign, picked, ResolvedOptions(cascade=frozenset(stale)))
        bought = [action for action in renewed.actions if action.replacing and action.takes]
        cost = sum((action.cost for action in bought), Decimal(0))
        waits = then.waiting - known.plan.waiting
        return {
            "stale": stale,
            "current": again,
            "cost_usd": float(cost),
            "waits": max(0, waits),
        }

    # --- buying -------------------------------------------------------------------------------

    def fill_basket(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Put into the basket what is in ``asked``, and nothing else; return what it comes to."""
        items = tuple(
            sorted(
                BasketItem(str(one["look"]), Errand(one["errand"]), int(one.get("takes", 1)))
                for one in asked["items"]
            )
        )
        if len({item.look for item in items}) < len(items):
            raise Declined("A look is in the basket twice.", status=400)
        if any(not 1 <= item.takes <= 100 for item in items):
            raise Declined("Between 1 and 100 takes of a look.", status=400)
        before, self._basket = self._basket, items
        known = self._look()
        if self._offer.get("problem") and set(items) - set(before):
            problem, self._basket = self._offer["problem"], before
            self._look()
            raise Declined(problem)
        return known.view["basket"]  # type: ignore[no-any-return]

    def _price_basket(self, campaign: Campaign, snapshot: Snapshot) -> dict[str, Any]:
        """Return what the basket comes to, and leave its plan on disk: the command line knows it.

        What is done meanwhile falls out of it.
        """
        items = [
            {"look": item.look, "errand": str(item.errand), "takes": item.takes}
            for item in self._basket
        ]
        offer: dict[str, Any] = {"items": items, "count": 0, "cost_usd": 0.0, "lines": []}
        if not self._basket:
            return offer
        plan_options = PlanOptions(basket=self._basket)
        try:
            asked = resolve_options(campaign, snapshot, plan_options)
            plan = make_plan(campaign, snapshot, asked)
        except UsageError as error:
            return offer | {"problem": error.message}
        document = serialize_plan(
            plan,
            campaign,
            snapshot,
            plan_options,
            variables=self._variables,
            simulate=self._simulated,
        )
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        fingerprint = hashlib.sha256(text.encode()).hexdigest()
        if fingerprint != self._offer.get("plan"):
            write_atomic(self._state.folder / BASKET, text.encode(), within=self._state.folder)
        room = room_left(campaign.budget, snapshot.spent)
        wanted = {item.look for item in self._basket}
        return offer | {
            "count": plan.count,
            "cost_usd": float(plan.cost),
            "at_most_usd": float(plan.worst_case),
            "left_usd": None if room is None else float(room - plan.cost),
            "plan": fingerprint,
            "command": self._command(campaign, plan),
            "lines": [
                {
                    "look": action.key,
                    "action": str(action.action),
                    "why": action.reason,
                    "takes": action.takes,
                    "cost_usd": float(action.cost),
                }
                for action in plan.actions
                if action.key in wanted or action.takes
            ],
        }

    def _command(self, campaign: Campaign, plan: Plan) -> str:
        words = self._arguments(campaign, plan)
        return quote_command("lookbook", *[word for word in words if word != "--yes"])

    def _arguments(self, campaign: Campaign, plan: Plan) -> list[str]:
        """Return the command that carries out exactly the basket's plan, and spends no more."""
        folder = campaign.manifest.parent
        plan_file = os.path.relpath(self._state.folder / BASKET, folder)
        return [
            *("run", campaign.manifest.name, "--plan", plan_file),
            *("--max-cost", f"{plan.worst_case:.2f}", "--yes"),
            *(["--simulate"] if self._simulated else []),
        ]

    def buy(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Start a run that carries out the basket's plan, which a person has seen and agreed to.

        ``plan`` and ``cost_usd`` are what the page showed; where that is not the offer any more,
        nothing is bought and the new one is shown.
        """
        known = self._look()
        offer = self._offer
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
        asked_options = resolve_options(
            known.campaign, known.snapshot, PlanOptions(basket=self._basket)
        )
        plan = make_plan(known.campaign, known.snapshot, asked_options)
        self._run.start(
            self._arguments(known.campaign, plan), folder=known.campaign.manifest.parent
        )
        self._bought, self._basket = self._basket, ()
        return {"started": True}

    def pause(self) -> Mapping[str, Any]:
        """Stop the run that was started here from sending more, as Ctrl-C does once."""
        if not self._run.is_going:
            raise Declined(
                "The run was started elsewhere, or has ended.",
                "Press Ctrl-C once in the terminal where it runs.",
            )
        self._run.pause()
        return {"paused": True}

    # --- the end ------------------------------------------------------------------------------

    def _write_outputs_when_idle(self) -> None:
        """Write results and catalog anew when nobody has decided anything for a moment."""
        since = self._dirty_since
        if since is not None and self._context.clock.now() - since >= IDLE:
            self._write_outputs()

    def _write_outputs(self) -> None:
        self._dirty_since = None
        try:
            with open_ledger(self._context, self._campaign, self._state, "review") as opened:
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
        if self._follower is not None:
            self._follower.close()


def _find_pickable(known: _Known, name: str) -> Take:
    """Return the take that is meant. Raises Declined where it cannot be its look's pick."""
    take = find_named_take(known.snapshot, name)
    if not take.usable:
        raise Declined(f"{take.label} cannot be picked: it is {state_word(take.state).lower()}.")
    action = next((a for a in known.plan.actions if a.key == take.look), None)
    if action is None or action.look is None:
        raise Declined(f"{take.look} is no longer in the manifest.")
    if action.identity != take.identity:
        raise Declined(
            f"{take.label} is of an earlier version of the manifest.",
            "Put the manifest back to what it was then; it is picked again, for nothing.",
        )
    return take


def _stale(plan: Plan) -> set[str]:
    return {action.key for action in plan.actions if action.action is Action.STALE}


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise Declined("Words are expected.", status=400)
    return value


def _seen(path: Path) -> tuple[int, int, int] | None:
    """Return how a file looks from outside; None where it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
