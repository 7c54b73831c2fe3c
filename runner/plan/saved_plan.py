"""A plan as other programs read it, and as a file that ``run --plan`` carries out exactly.

The printed form and the saved one are the same document (``schemas/plan.schema.json``); the saved
one adds what it was made from, so that a run can say what moved since. Pure: values in and out.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from runner.canonical import tagged_hash
from runner.model import (
    Campaign,
    FileImage,
    Image,
    InlineImage,
    Look,
    LookRef,
    Prices,
    Reference,
    UrlImage,
)
from runner.plan.identity import first_identity
from runner.plan.model import Plan
from runner.plan.request import BasketItem, Errand, Request
from runner.quantities import format_usd
from runner.takes import Account, Snapshot, TakeState

VERSION = 1
MAX_NAMED_CHANGES = 4
"""So many looks are named where more have changed."""


class ChangeKind(StrEnum):
    """What moved since a plan was saved."""

    ACCOUNT = "the account"
    MANIFEST = "the manifest"
    FILE = "a file"
    PRICE = "the price"
    LEDGER = "the ledger"
    PLAN = "the plan"


class Change(NamedTuple):
    """One thing that is not as it was when a plan was saved."""

    kind: ChangeKind
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"


def plan_document(plan: Plan, *, prompts: bool = False) -> dict[str, Any]:
    """Return the plan as other programs read it, with ``prompts`` what each look would send."""
    return {
        "version": VERSION,
        "campaign": plan.campaign,
        "account": plan.account,
        "count": plan.count,
        "cost_usd": float(plan.cost),
        **_waiting(plan),
        "worst_case_usd": float(plan.worst_case),
        "actions": [
            {
                "look": action.key,
                "action": str(action.action),
                "reason": action.reason,
                "takes": action.takes,
                "cost_usd": float(action.cost),
                "reference": action.reference,
                **({"prompt": action.look.prompt if action.look else None} if prompts else {}),
            }
            for action in plan.actions
        ],
    }


def _waiting(plan: Plan) -> dict[str, Any]:
    """Return what waits for a person, where anything does."""
    if not plan.waiting:
        return {}
    return {"waiting": {"count": plan.waiting, "cost_usd": float(plan.waiting_cost)}}


def serialize_plan(
    plan: Plan,
    campaign: Campaign,
    snapshot: Snapshot,
    request: Request,
) -> dict[str, Any]:
    """Return the document of a plan to keep. ``campaign`` is the one the plan was made from."""
    return plan_document(plan) | {
        "saved": {
            "manifest": campaign.manifest.name,
            "simulate": request.simulate,
            "variables": dict(request.variables),
            "select": list(request.select),
            "exclude": list(request.exclude),
            "cascade": request.cascade,
            "takes": request.takes,
            "price": {kind: float(price) for kind, price in request.prices},
            **({"basket": describe_basket(request.basket)} if request.basket else {}),
            **_fingerprints(campaign, snapshot),
        }
    }


def describe_basket(basket: Sequence[BasketItem]) -> list[dict[str, Any]]:
    """Return a basket as it is written down."""
    return [{"look": item.look, "errand": str(item.errand), "takes": item.takes} for item in basket]


def read_basket(items: Iterable[Mapping[str, Any]]) -> tuple[BasketItem, ...]:
    """Return a basket that was written down. Raises ValueError for an errand that there is not."""
    return tuple(
        BasketItem(str(item["look"]), Errand(item["errand"]), int(item.get("takes", 1)))
        for item in items
    )


def read_saved_plan(document: Mapping[str, Any]) -> Request:
    """Return the request of a saved plan that was checked against its schema."""
    saved = document["saved"]
    takes = saved["takes"]
    return Request(
        variables=tuple(saved["variables"].items()),
        simulate=saved["simulate"],
        select=tuple(saved["select"]),
        exclude=tuple(saved["exclude"]),
        cascade=saved["cascade"],
        takes=None if takes is None else int(takes),  # 2.0 is an integer to JSON Schema
        prices=tuple((kind, Decimal(str(usd))) for kind, usd in saved["price"].items()),
        basket=read_basket(saved.get("basket", ())),
        saved=document,
    )


def is_same_target(saved: Request, request: Request) -> bool:
    """Return whether a saved plan is for the manifest, variables and account of a request."""
    manifest = saved.saved["saved"]["manifest"] if saved.saved is not None else None
    return (manifest, dict(saved.variables), saved.simulate) == (
        *(request.manifest.name, dict(request.variables), request.simulate),
    )


def find_changes(
    document: Mapping[str, Any],
    plan: Plan,
    campaign: Campaign,
    snapshot: Snapshot,
    account: Account,
) -> list[Change]:
    """Return what is not as it was when the plan was saved; empty when it holds to the letter.

    ``plan`` is the one that its request gives now, ``account`` the one that would be charged.
    """
    was, now = document["saved"], _fingerprints(campaign, snapshot)
    found: list[Change] = []
    planned_for = document["account"]
    if planned_for is not None and planned_for != account.label:
        found.append(Change(ChangeKind.ACCOUNT, f"{planned_for} → {account.label}"))
    if document["campaign"] != campaign.name or was["manifest"] != campaign.manifest.name:
        found.append(Change(ChangeKind.MANIFEST, f"it was made for {was['manifest']}"))
    if was["looks"] != now["looks"]:
        found.append(Change(ChangeKind.MANIFEST, _different(was["looks"], now["looks"])))
    files = {**was["files"], **now["files"]}
    found += [
        Change(ChangeKind.FILE, name)
        for name in sorted(files)
        if name in was["files"] and name in now["files"] and was["files"][name] != files[name]
    ]
    if was["prices"] != now["prices"]:
        prices = f"{_prices(was['prices'])} → {_prices(now['prices'])}"
        found.append(Change(ChangeKind.PRICE, prices))
    if was["ledger"] != now["ledger"]:
        found.append(Change(ChangeKind.LEDGER, "something was bought, picked or deleted since"))
    return found or _otherwise(document, plan)


# --- fingerprints -------------------------------------------------------------------------------


def _fingerprints(campaign: Campaign, snapshot: Snapshot) -> dict[str, Any]:
    """Return what a plan is made from, so that each kind of change can be told apart."""
    return {
        "looks": {look.key: _look(look) for look in campaign.looks},
        "files": {
            image.source: image.sha256
            for look in campaign.looks
            for image in (look.photo, *look.images)
            if isinstance(image, FileImage)
        },
        "prices": _price_fields(campaign.prices),
        "ledger": _ledger(snapshot),
    }


def _look(look: Look) -> str:
    """Hash what the manifest says of a look; files by their names, their contents come apart."""
    return tagged_hash(
        "lookbook.saved-look.v1",
        [
            str(look.kind),
            look.name,
            look.prompt,
            look.existing,
            _reference(look.reference),
            _reference(look.group),
            [_image(image) for image in (look.photo, *look.images) if image is not None],
            look.takes,
            look.retries,
        ],
    )


def _reference(reference: Reference | None) -> dict[str, str] | None:
    if reference is None:
        return None
    return {"look": reference.look} if isinstance(reference, LookRef) else {"id": reference.id}


def _image(image: Image) -> str:
    if isinstance(image, FileImage):
        return f"file:{image.source}"
    if isinstance(image, InlineImage):
        return f"sha256:{image.sha256}"
    return f"url:{image.url}" if isinstance(image, UrlImage) else f"asset:{image.asset_id}"


def _ledger(snapshot: Snapshot) -> str:
    """Hash what a ledger holds, as far as it has to do with money: pictures on disk do not."""
    same = {TakeState.FETCHED: TakeState.COMPLETED}
    takes = [
        [
            *(take.look, take.number, first_identity(take.identity, take.ingredients)),
            str(same.get(take.state, take.state)),
            *(str(take.billing), str(take.price), take.avatar_id, take.reference_id, take.name),
        ]
        for look in sorted(snapshot.takes)
        for take in snapshot.takes[look]
    ]
    picks = {look: pick.number for look in snapshot.picks if (pick := snapshot.pick(look))}
    return tagged_hash("lookbook.saved-ledger.v1", [takes, picks])


def _price_fields(prices: Prices) -> dict[str, float]:
    return {"photo": float(prices.photo), "prompt": float(prices.prompt)}


# --- words --------------------------------------------------------------------------------------


def _different(was: Mapping[str, str], now: Mapping[str, str]) -> str:
    keys = [key for key in dict.fromkeys([*was, *now]) if was.get(key) != now.get(key)]
    more = f" and {len(keys) - MAX_NAMED_CHANGES} more" if len(keys) > MAX_NAMED_CHANGES else ""
    return ", ".join(_how(key, was, now) for key in keys[:MAX_NAMED_CHANGES]) + more


def _how(key: str, was: Mapping[str, str], now: Mapping[str, str]) -> str:
    if key not in was:
        return f"{key} is new"
    return f"{key} is gone" if key not in now else f"{key} changed"


def _prices(prices: Mapping[str, float]) -> str:
    return ", ".join(f"{kind} {format_usd(usd)}" for kind, usd in prices.items())


def _otherwise(document: Mapping[str, Any], plan: Plan) -> list[Change]:
    """Return where the plan comes out differently: what the account said, or a newer lookbook."""
    before = {action["look"]: action for action in document["actions"]}
    now = plan_document(plan)
    found = [
        Change(ChangeKind.PLAN, f"{look['look']} is now {look['action']}, {look['reason']}")
        for look in now["actions"]
        if look != before.get(look["look"])
    ]
    # What a plan lacks it does not name: nothing waits for a person, for one.
    whole = {name: document.get(name) for name in now} | {"account": now["account"]}
    if not found and whole != now:
        totals = f"its totals are now {now['count']} for {format_usd(now['cost_usd'])}"
        found = [Change(ChangeKind.PLAN, totals)]
    return found
