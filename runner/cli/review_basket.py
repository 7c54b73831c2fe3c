"""What is to be bought from the review page: a saved plan in the state folder.

It is priced anew each time. The file is the basket: it outlives the server, is shared by all that
serve this campaign, and is what ``lookbook run --plan`` carries out.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from runner.cli.request import load_saved_plan
from runner.cli.review_reading import look_at_file
from runner.cli.shared_options import name_database
from runner.errors import UsageError
from runner.files import write_atomic
from runner.ledger.state_dirs import StateDir
from runner.model import Campaign
from runner.plan import Action, Plan
from runner.plan import plan as make_plan
from runner.plan.options import resolve_options
from runner.plan.request import BasketItem, Errand, Request
from runner.plan.saved_plan import describe_basket, is_same_target, read_basket, serialize_plan
from runner.policy.budget import room_left
from runner.quantities import format_amount
from runner.shell import quote_command
from runner.takes import Snapshot

BASKET_FILE = "basket.json"
MAX_TAKES = 100

_DONE = (Action.KEEP, Action.RESUME, Action.RENAME)
"""Where nothing is bought either: the look is there, or was sent."""


def parse_items(asked: Iterable[Mapping[str, Any]]) -> tuple[BasketItem, ...]:
    """Return what a page asks to put into the basket. Raises ValueError in words."""
    items = tuple(sorted(read_basket(asked)))
    if len({item.look for item in items}) < len(items):
        raise ValueError("a look is in the basket twice")
    if any(not 1 <= item.takes <= MAX_TAKES for item in items):
        raise ValueError(f"between 1 and {MAX_TAKES} takes of a look")
    return items


class Basket:
    """The basket of one campaign.

    ``offer`` is what it came to last, as the page shows it, and ``text`` the plan of exactly that.
    """

    def __init__(self, request: Request, state: StateDir) -> None:
        self._request = request
        self._path = state.folder / BASKET_FILE
        self._seen: object = None
        self.text = b""
        self.items: tuple[BasketItem, ...] = ()
        self.offer: dict[str, Any] = {}

    def has_moved(self) -> bool:
        """Return whether somebody else put something in or took something out."""
        return look_at_file(self._path) != self._seen

    def replace(self, items: Iterable[BasketItem]) -> None:
        """Put these in, in place of all that is in it; ``price`` writes them down."""
        if self.has_moved():
            self._reload()
        self.items = tuple(sorted(items))

    def add_changed(self, looks: Iterable[str]) -> None:
        """Put in looks whose prompt was edited, instead of what else was to be bought of them."""
        items = {item.look: item for item in self.items}
        items |= {look: BasketItem(look, Errand.MAKE) for look in looks}
        self.replace(items.values())

    def empty(self) -> None:
        """Take everything out: it is bought, or nothing is left of it."""
        self.items = ()
        self.offer = self._describe()
        self._write(b"")

    def price(self, campaign: Campaign, snapshot: Snapshot) -> dict[str, Any]:
        """Return what it comes to, and write its plan. What is done or gone meanwhile falls out."""
        if self.has_moved():
            self._reload()
        known = {look.key for look in campaign.looks}
        self.items = tuple(item for item in self.items if item.look in known)
        if not self.items:
            self.empty()
            return self.offer
        try:
            plan = self._plan(campaign, snapshot)
        except UsageError as error:
            self.offer = self._describe() | {"problem": error.message}
            return self.offer
        done = {known.key for known in plan.actions if known.action in _DONE and not known.takes}
        if any(item.look in done for item in self.items):
            self.items = tuple(item for item in self.items if item.look not in done)
            plan = self._plan(campaign, snapshot)
        if not self.items:
            self.empty()
            return self.offer
        self._write(self._serialize(plan, campaign, snapshot))
        self.offer = self._describe() | self._describe_plan(plan, campaign, snapshot)
        return self.offer

    def command(
        self, plan_file: str | Path, most: float, database: Sequence[str] | None = None
    ) -> list[str | Path]:
        """Return the command that carries out the plan in a file, and spends at most so much.

        ``database`` are the options that name where the ledger is, if they are not the page's own.
        """
        plan = ["--plan", plan_file, "--max-cost", format_amount(most)]
        if database is None:
            database = name_database(self._request)
        return ["run", self._request.manifest, *plan, *database]

    def _wanted(self) -> Request:
        return replace(self._request, basket=self.items)

    def _plan(self, campaign: Campaign, snapshot: Snapshot) -> Plan:
        return make_plan(campaign, snapshot, resolve_options(campaign, snapshot, self._wanted()))

    def _serialize(self, plan: Plan, campaign: Campaign, snapshot: Snapshot) -> bytes:
        document = serialize_plan(plan, campaign, snapshot, self._wanted())
        return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()

    def _describe(self) -> dict[str, Any]:
        items = describe_basket(self.items)
        return {"items": items, "count": 0, "cost_usd": 0.0, "lines": []}

    def _describe_plan(self, plan: Plan, campaign: Campaign, snapshot: Snapshot) -> dict[str, Any]:
        room = room_left(campaign.budget, snapshot.spent)
        wanted = {item.look for item in self.items}
        beside = self._path if self._request.manifest.is_absolute() else os.path.relpath(self._path)
        return {
            "count": plan.count,
            "cost_usd": float(plan.cost),
            "at_most_usd": float(plan.worst_case),
            "left_usd": None if room is None else float(room - plan.cost),
            "plan": hashlib.sha256(self.text).hexdigest(),
            "command": quote_command("lookbook", *self.command(beside, float(plan.worst_case))),
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

    def _reload(self) -> None:
        """Read what is on disk now; a file that cannot be used counts as none."""
        self.items, self.text, self._seen = (), b"", look_at_file(self._path)
        if self._seen is None:
            return
        with suppress(UsageError):
            saved = load_saved_plan(self._path)
            if is_same_target(saved, self._request):
                self.items = saved.basket

    def _write(self, text: bytes) -> None:
        """Leave the plan on disk, or nothing where there is none."""
        if text == self.text and not self.has_moved():
            return
        if text:
            write_atomic(self._path, text, within=self._path.parent)
        elif self.text:
            self._path.unlink(missing_ok=True)
        self.text, self._seen = text, look_at_file(self._path)
