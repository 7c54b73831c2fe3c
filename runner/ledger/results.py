"""The results document: what ``run`` and ``export`` print and ``results.json`` holds.

Stable and without the time of its writing, so that it can be committed and compared. Its form is
``schemas/results.schema.json``. Pure: campaign, snapshot and plan in, JSON values out.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from runner.model import Billing, Campaign, LookState, Snapshot, Take, TakeState
from runner.plan.model import Plan, PlannedLook
from runner.plan.moves import with_moves
from runner.plan.states import shown_take, state_of
from runner.policy.budget import held

__all__ = ["document"]

VERSION = 1


def document(
    campaign: Campaign,
    snapshot: Snapshot,
    plan: Plan,
    wallet: Mapping[str, Any] | None,
    only: Collection[str] | None = None,
) -> dict[str, Any]:
    """Give the results of a campaign as its ledger stands.

    ``plan`` is the plan from this very snapshot: it says which looks are blocked or stale. ``only``
    are the keys of the looks to tell of, totals included; None: all of them.
    """
    snapshot = with_moves(snapshot, plan.moves)
    entries = {
        action.key: _entry(action, snapshot)
        for action in plan.actions
        if only is None or action.key in only
    }
    orphans = [entries.pop(a.key) for a in plan.actions if a.look is None and a.key in entries]
    looks = [entries[look.key] for look in campaign.looks if look.key in entries]
    takes = [
        take
        for key, of_look in snapshot.takes.items()
        for take in of_look
        if only is None or key in only
    ]
    listed_on = campaign.prices.listed_on
    results = {
        "version": VERSION,
        "campaign": campaign.name,
        "account": snapshot.account.label if snapshot.account else None,
        "manifest": campaign.manifest.name,
        "prices": {
            "photo": float(campaign.prices.photo),
            "prompt": float(campaign.prices.prompt),
            "listed_on": listed_on.isoformat() if listed_on else None,
        },
        "looks": looks,
        "orphans": orphans,
        "totals": _totals(looks, takes, wallet),
    }
    if campaign.matrices:
        results["matrices"] = [
            {"id": matrix.id, "axes": {axis: list(values) for axis, values in matrix.axes}}
            for matrix in campaign.matrices
        ]
    return results


def _entry(action: PlannedLook, snapshot: Snapshot) -> dict[str, Any]:
    """Give one look, describing its picked take."""
    look = action.look
    takes = [t for t in snapshot.takes.get(action.key, ()) if t.state is not TakeState.PLANNED]
    pick = snapshot.pick(action.key)
    shown = shown_take(action, takes, pick)
    state = state_of(action, shown)
    entry: dict[str, Any] = {
        "look": action.key,
        "kind": str(look.kind if look else takes[-1].kind),
        "title": look.title if look else action.key,
        "name": look.name if look and look.name else (shown.name if shown else None),
        "prompt": look.prompt if look else json.loads(takes[-1].ingredients).get("prompt"),
        "state": str(state),
        "avatar_id": shown.avatar_id if shown else None,
        "avatar_group_id": shown.group_id if shown else None,
        "reference": action.reference if look else (shown.reference_look if shown else None),
        "identity": action.identity,
        "cost_usd": float(sum((held(take) for take in takes), Decimal(0))),
        **_picture(shown),
        "tags": list(look.tags) if look else [],
        "matrix": look.matrix if look else None,
        "axes": dict(look.axes) if look else {},
        "takes": [_take(take, picked=pick is not None and take.uid == pick.uid) for take in takes],
    }
    if state in (LookState.BLOCKED, LookState.STALE):
        entry["reason"] = action.reason
    if shown is not None and shown.state is TakeState.FAILED:
        entry["error"] = _error(shown)
    return entry


def _take(take: Take, *, picked: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "take": take.number,
        "picked": picked,
        "state": str(take.state),
        "billing": str(take.billing),
        "price_usd": float(take.price),
        "kind": str(take.kind),
        "identity": take.identity,
        "request": json.loads(take.ingredients or "{}"),
        "name": take.name,
        "reference_look": take.reference_look,
        "reference_id": take.reference_id,
        "avatar_id": take.avatar_id,
        "avatar_group_id": take.group_id or take.group_wanted,
        **_picture(take),
        "sent_at": _time(take.sent_at),
        "accepted_at": _time(take.accepted_at),
        "completed_at": _time(take.completed_at),
        "idempotency_key": take.key,
        "request_id": take.request_id,
    }
    if take.consent_url is not None:
        entry["consent_url"] = take.consent_url
    if take.state is TakeState.FAILED or (take.error_message and take.state is TakeState.UNKNOWN):
        entry["error"] = _error(take)
    return entry


def _picture(take: Take | None) -> dict[str, Any]:
    return {
        name: getattr(take, name) if take is not None else None
        for name in ("image", "sha256", "width", "height")
    }


def _error(take: Take) -> dict[str, str]:
    return {
        "code": take.error_code or "unknown",
        "message": take.error_message or "no reason was given",
    }


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _totals(
    looks: list[dict[str, Any]], takes: Iterable[Take], wallet: Mapping[str, Any] | None
) -> dict[str, Any]:
    sent = [take for take in takes if take.state is not TakeState.PLANNED]
    return {
        "looks": len(looks),
        "takes": len(sent),
        "states": dict(sorted(Counter(look["state"] for look in looks).items())),
        "cost_usd": float(sum((held(take) for take in sent), Decimal(0))),
        "billed_usd": _sum(sent, Billing.BILLED),
        "assumed_billed_usd": _sum(sent, Billing.ASSUMED),
        "refunded_usd": _sum(sent, Billing.REFUNDED),
        "reserved_usd": _sum(sent, Billing.RESERVED),
        "unknown_usd": _sum(sent, Billing.UNKNOWN),
        "wallet": dict(wallet) if wallet is not None else None,
    }


def _sum(takes: Iterable[Take], billing: Billing) -> float:
    return float(sum((take.price for take in takes if take.billing is billing), Decimal(0)))
