"""What answers the review page: one campaign's ledger, plan, basket, edits and run.

The ledger is read beside whoever writes it, and written only while nobody else holds it: a review
that cannot be written at once waits on disk for whoever does.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.cli.context import Context
from runner.cli.picking import find_pickable, foresee_pick
from runner.cli.review_basket import parse_items
from runner.cli.review_client import ClientDesk
from runner.cli.review_decisions import decide_reviews, write_pick, write_reviews
from runner.cli.review_edits import ManifestEdits, describe_edit
from runner.cli.review_purchases import Purchases
from runner.cli.review_reading import CampaignReader, CurrentCampaign
from runner.cli.review_view import ReviewView, describe_campaign, describe_charges, find_differences
from runner.cli.session import open_ledger
from runner.cli.shared_options import name_database
from runner.errors import LedgerLocked, LookbookError
from runner.ledger.state_dirs import StateDir
from runner.model import Campaign
from runner.plan.request import Request
from runner.results.model import Results
from runner.results.writer import results_document
from runner.review.desk import Declined
from runner.reviews import ReviewState
from runner.shell import quote_command
from runner.takes import Snapshot

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
        self, context: Context, request: Request, campaign: Campaign, state: StateDir
    ) -> None:
        self._context = context
        self._state = state
        self._request = request
        self._reader = CampaignReader(request, campaign, state)
        self._purchases = Purchases(context, request, state, self._reader)
        self._basket = self._purchases.basket
        self._client = ClientDesk(request, state)
        self._copy: Path | None = None
        self._edits = ManifestEdits(request)
        self._known: _Known | None = None
        self._told: dict[str, Any] | None = None
        self._glance: object = None
        self._dirty_since: float | None = None
        self._unwritten: str | None = None

    # --- reading ------------------------------------------------------------------------------

    def state(self) -> Mapping[str, Any]:
        return self._told or self._look().view

    def news(self) -> Mapping[str, Any] | None:
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
        known = self._known or self._look()
        where = name_database(self._request)
        command = quote_command("lookbook", "money", self._request.manifest, *where)
        return {"command": command, **describe_charges(known.results, known.campaign)}

    def _note_moves(self) -> bool:
        """Glance at what the page shows; return whether any of it may be different now."""
        moved, seen = self._reader.glance()
        glance = (seen, *self._purchases.glance())
        moved, self._glance = moved or glance != self._glance, glance
        return moved or self._basket.has_moved() or self._purchases.is_going()

    def _know(self) -> _Known:
        """Return what there is now, read anew only where something may have moved."""
        moved = self._note_moves()
        return self._look() if self._known is None or moved else self._known

    def _look(self) -> _Known:
        """Read what there is now."""
        now = self._reader.read()
        basket = self._basket.price(now.campaign, now.snapshot)
        going = self._purchases.is_going()
        left, queued = self._purchases.foresee(now) if going else (None, ())
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
            mine=self._purchases.is_mine,
            paused=self._purchases.is_pausing(),
            left=left,
            queued=queued,
            ended=self._purchases.outcome(),
            basket=basket,
            problem=self._reader.problem or self._unwritten,
        )
        shown = describe_campaign(view)
        self._known = _Known(now.campaign, now.snapshot, now.plan, now.wallet, results, shown)
        self._told = self._told or shown
        return self._known

    def _name_account(self, snapshot: Snapshot) -> str:
        unused = "simulator" if self._request.simulate else "your HeyGen account, not used yet"
        return snapshot.account_label or unused

    # --- deciding -----------------------------------------------------------------------------

    def review(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Record what a person decided about takes; ``waits`` says that it waits for a run."""
        known = self._know()
        state = ReviewState(asked["state"])
        names = [str(name) for name in asked["takes"]]
        words = {"reason": _text(asked.get("reason")), "by": _text(asked.get("by"))}
        at = self._context.clock.now()
        decided = decide_reviews(known.snapshot, dict.fromkeys(names, state), at=at, **words)
        waits = write_reviews(
            *(self._context, known.campaign, self._state, known.snapshot, decided), outputs=False
        )
        self._dirty_since = at
        return {"waits": waits, "decided": [take.label for take, _ in decided]}

    def pick(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make a take its look's pick, for nothing; ``waits`` says that it waits for a run."""
        known = self._know()
        take = find_pickable(known.plan, known.snapshot, str(asked["take"]))
        before = known.snapshot.pick(take.look)
        waits = write_pick(self._context, known.campaign, self._state, known.snapshot, take)
        self._dirty_since = self._context.clock.now()
        return {"before": before.label if before is not None else None, "waits": waits}

    def consequences(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
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
        told = self._client.take_in(self._context, self._look().campaign, asked)
        self._dirty_since = self._context.clock.now()
        return told

    # --- editing ------------------------------------------------------------------------------

    def list_prompt(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._edits.list_parts(str(asked["look"]))

    def propose_edit(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        known = self._known or self._look()
        return describe_edit(self._edits.propose(known.snapshot, asked))

    def write_edit(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        edit = self._edits.propose(self._look().snapshot, asked)
        sha256 = self._edits.write(edit)
        known = self._look()
        bought = {action.key for action in known.plan.actions if action.takes}
        self._basket.add_changed(look for look in edit.effect.changed if look in bought)
        return {"sha256": sha256, **describe_edit(edit)}

    def undo_edit(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        if not self._edits.undo(str(asked["sha256"])):
            raise Declined("This edit cannot be taken back any more.", "Edit the text once more.")
        return {"undone": True}

    # --- buying -------------------------------------------------------------------------------

    def fill_basket(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
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
        """Start a run that carries out the basket's plan, as ``Purchases.buy`` does."""
        self._look()
        return self._purchases.buy(asked)

    def pause(self) -> Mapping[str, Any]:
        """Stop the run from sending more, as Ctrl-C does once, whoever started it."""
        return self._purchases.pause()

    # --- the end ------------------------------------------------------------------------------

    def _write_outputs_when_idle(self) -> None:
        """Write results and catalog anew when nobody has decided anything for a moment.

        Where that fails the page says why, and it is tried again a moment later.
        """
        now, since = self._context.clock.now(), self._dirty_since
        if since is None or now - since < IDLE or self._purchases.is_going():
            return  # a run writes them at its end, and takes in what waits
        before, self._dirty_since = self._unwritten, now
        try:
            self._write_outputs()
        except LedgerLocked:
            pass  # whoever holds it may write them at its end, or may not
        except LookbookError as error:
            self._unwritten = f"{error.message} It is tried again."
        if self._unwritten != before:
            self._known = None  # the page shows it, or no longer does

    def _write_outputs(self) -> None:
        with open_ledger(self._context, self._reader.campaign, self._state, "review") as opened:
            opened.write_outputs()
        self._dirty_since = self._unwritten = None

    def close(self) -> None:
        """Pause the run that was started here, write what is to be written, close the ledger."""
        try:
            self._purchases.end()
            if self._dirty_since is not None:
                with suppress(LedgerLocked):  # a run that holds it writes them at its end
                    self._write_outputs()
        finally:
            self._reader.close()


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise Declined("Words are expected.", status=400)
    return value
