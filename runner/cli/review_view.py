"""What the review page shows of a campaign: campaign, ledger and plan as JSON values. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from statistics import median
from typing import Any

from runner.catalog.faces import WHY_NONE, crop_face
from runner.catalog.money import MoneyRow, build_money
from runner.cli.failures import FailureGroup, group_failures
from runner.ledger.runs import LastRun
from runner.model import Campaign
from runner.plan import Action, Plan, PlannedLook
from runner.plan.approvals import find_awaited
from runner.policy.cures import Cure, find_cure
from runner.policy.eta import measure_durations
from runner.results.model import LookEntry, Results, ReviewEntry, TakeEntry
from runner.results.times import parse_time
from runner.takes import Billing, Snapshot
from runner.words import BILLING_WORDS, ERROR_WORDS, STATE_WORDS

CURES = {
    Cure.EDIT_PROMPT: "Change the prompt or the picture: the same text would be refused again.",
    Cure.EDIT: "Change the manifest: it would be refused again as it is.",
    Cure.LINK: "Check the link of its image, then buy it again.",
    Cure.REFRESH: "Something it needs is gone at HeyGen: `lookbook reconcile --record` finds out.",
    Cure.UPLOAD: "An image that it uses is gone at HeyGen: buy it again to upload the file again.",
    Cure.ACCESS: "The account lacks a permission: mend that at HeyGen, then buy it again.",
    Cure.FORBIDDEN: "HeyGen forbids it: edit it, or buy it again when a permission was missing.",
    Cure.RETRY: "Another take may succeed.",
    Cure.REFERENCE: "It follows when what it needs is there.",
}
"""What helps against a failure, as the page says it; the buttons stand beside it."""


@dataclass(frozen=True, slots=True)
class ReviewView:
    """What a view is made from, at one moment.

    ``problem`` is what is wrong with the manifest as it is now; the campaign is then the last good
    one. ``going`` says whether a run is at work, ``mine`` whether it was started by this page.
    ``left`` are the seconds that it takes, where that is known, ``queued`` the looks that it has
    not sent yet, as far as can be known from here. ``ended`` is what the last run that
    the page started came to.
    """

    campaign: Campaign
    snapshot: Snapshot
    plan: Plan
    results: Results
    label: str
    simulated: bool
    last_run: LastRun | None = None
    going: bool = False
    mine: bool = False
    paused: bool = False
    left: float | None = None
    queued: Sequence[str] = ()
    ended: Mapping[str, Any] | None = None
    basket: Mapping[str, Any] | None = None
    problem: str | None = None


def describe_campaign(view: ReviewView) -> dict[str, Any]:
    """Return everything that the page shows; looks by key, in the manifest's order."""
    actions = {action.key: action for action in view.plan.actions}
    needed: dict[str, list[str]] = {}
    for action in view.plan.actions:
        for key in action.needs:
            needed.setdefault(key, []).append(action.key)
    durations = measure_durations(view.snapshot.all_takes)
    gates = {look.key for look in view.campaign.looks if look.approval}
    looks = {
        entry["look"]: _look(entry, actions[entry["look"]], needed, gate=entry["look"] in gates)
        for entry in view.results["looks"]
    }
    return {
        "campaign": view.campaign.name,
        "manifest": view.campaign.manifest.name,
        "account": view.label,
        "simulated": view.simulated,
        "problem": view.problem,
        "money": _money(view),
        "plan": {
            "count": view.plan.count,
            "cost_usd": float(view.plan.cost),
            "waiting": view.plan.waiting,
            "waiting_usd": float(view.plan.waiting_cost),
            "awaited": [take.label for take in find_awaited(view.plan, view.snapshot)],
        },
        "run": _run(view, median(durations) if durations else None),
        "matrices": [
            {"id": matrix.id, "axes": [[axis, list(values)] for axis, values in matrix.axes]}
            for matrix in view.campaign.matrices
        ],
        "problems": [_failure(group) for group in group_failures(view.results["looks"])],
        "basket": view.basket or {"items": [], "count": 0, "cost_usd": 0.0},
        "order": list(looks),
        "looks": looks,
    }


def _money(view: ReviewView) -> dict[str, Any]:
    totals = view.results["totals"]
    budget = view.campaign.budget.campaign_usd
    wallet = totals["wallet"]
    return {
        "charged_usd": totals["billed_usd"] + totals["assumed_billed_usd"],
        "held_usd": totals["reserved_usd"] + totals["unknown_usd"],
        "doubled_usd": totals.get("doubled_usd", 0.0),
        "ceiling_usd": None if budget is None else float(budget),
        "run_ceiling_usd": _usd(view.campaign.budget.run_usd),
        "wallet_usd": wallet["after"] if wallet is not None else None,
        "currency": wallet["currency"] if wallet is not None else None,
    }


def _usd(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


def _run(view: ReviewView, typical: float | None) -> dict[str, Any]:
    last = view.last_run
    return {
        "going": view.going,
        "mine": view.mine,
        "paused": view.paused,
        "since": last.started_at if last is not None and view.going else None,
        "left": view.left,
        "queued": list(view.queued),
        "typical": typical,
        "ended": view.ended,
    }


def _failure(group: FailureGroup) -> dict[str, Any]:
    return {
        "message": group.message,
        "cure": CURES[group.cure],
        "retry": group.cure is Cure.RETRY,
        "looks": list(group.looks),
        "blocked": list(group.blocked),
    }


def _look(
    entry: LookEntry, action: PlannedLook, needed: Mapping[str, Sequence[str]], *, gate: bool
) -> dict[str, Any]:
    """Return one look, with what a plain run would do with it and what hangs on it."""
    label, meaning = STATE_WORDS[entry["state"]]
    look: dict[str, Any] = {
        "key": entry["look"],
        "title": entry["title"],
        "kind": entry["kind"],
        "state": entry["state"],
        "label": label,
        "meaning": meaning,
        "prompt": entry["prompt"],
        "reference": entry["reference"],
        "matrix": entry["matrix"],
        "axes": dict(entry["axes"]),
        "tags": list(entry["tags"]),
        "spent_usd": entry["cost_usd"],
        "price_usd": float(action.price),
        "action": str(action.action),
        "why": action.reason,
        "buys": action.takes,
        "waits": action.waiting,
        "gate": gate,
        "needed_by": list(needed.get(entry["look"], ())),
        "takes": [_take(take, action) for take in entry["takes"]],
    }
    if action.action is Action.BLOCKED and entry["takes"] and entry["state"] == "failed":
        look["retry"] = True
    return look


def _take(entry: TakeEntry, action: PlannedLook) -> dict[str, Any]:
    review: ReviewEntry = entry.get("review") or {"state": "undecided"}
    take: dict[str, Any] = {
        "take": entry["take"],
        "picked": entry["picked"],
        "state": entry["state"],
        "label": STATE_WORDS[entry["state"]][0],
        "billing": BILLING_WORDS[entry["billing"]][0],
        "counts": entry["billing"] not in (Billing.NONE, Billing.REFUNDED),
        "price_usd": entry["price_usd"],
        "picture": (entry["sha256"] or "0")[:16] if entry["image"] is not None else None,
        "usable": entry["state"] in ("completed", "fetched"),
        "current": entry["identity"] == action.identity,
        "prompt": entry["request"].get("prompt"),
        "made_from": entry["reference_look"],
        "sent": parse_time(entry["accepted_at"] or entry["sent_at"]),
        "done": parse_time(entry["completed_at"]),
        "review": review,
    }
    if "consent_url" in entry:
        take["consent_url"] = entry["consent_url"]
    if (error := entry.get("error")) is not None:
        code = error["code"].lower()
        take["error"] = {
            "meaning": ERROR_WORDS.get(code, error["message"]),
            "cure": CURES[find_cure(code)] if entry["state"] == "failed" else "",
        }
    if (face := describe_face(entry)) is not None:
        take["face"] = face
    return take


def describe_face(entry: TakeEntry) -> dict[str, Any] | None:
    """Return how far a take's face is from others, and where it is; None where nothing is known.

    ``crop`` is left, top, width and height as fractions of the picture, ``shape`` the crop's width
    divided by its height.
    """
    likeness = entry.get("likeness")
    if likeness is None:
        return None
    accepted = likeness.get("accepted", False)
    face: dict[str, Any] = {
        "base": likeness.get("base"),
        "reference": likeness.get("reference"),
        "warn": likeness.get("warn"),
        "hold": likeness.get("hold"),
        "differs": likeness.get("differs", False) and not accepted,
        "held": likeness.get("held", False),
        "none": WHY_NONE.get(likeness.get("none", "")),
    }
    if "face" in entry and entry["width"] and entry["height"]:
        left, top, wide, high = crop_face(entry["face"])
        face["crop"] = [left, top, wide, high]
        face["shape"] = wide * entry["width"] / (high * entry["height"])
    return face


def find_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a view that are not as they were, looks one by one; empty: none."""
    news: dict[str, Any] = {
        name: value for name, value in after.items() if name != "looks" and value != before[name]
    }
    known = before["looks"]
    looks = {key: look for key, look in after["looks"].items() if look != known.get(key)}
    return news | ({"looks": looks} if looks else {})


def describe_charges(results: Results, campaign: Campaign) -> dict[str, Any]:
    """Return every charge, newest first, and sums by month, axis and reason."""
    axes = dict.fromkeys(axis for matrix in campaign.matrices for axis, _ in matrix.axes)
    view = build_money(results, axes)
    if view is None:
        return {"total": None, "count": 0, "rows": [], "sums": []}
    return {
        "total": view.total,
        "count": view.count,
        "rows": [_describe_row(row) for row in view.rows],
        "sums": [[heading, [asdict(one) for one in found]] for heading, found in view.sums],
    }


def _describe_row(row: MoneyRow) -> dict[str, Any]:
    return {
        "day": row.day,
        "look": row.label.rpartition("#")[0],
        "take": row.label,
        "reason": row.reason,
        "usd": row.amount,
        "billing": row.billing,
    }
