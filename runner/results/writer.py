"""The results document: what ``run`` and ``export`` print and ``results.json`` holds.

Stable and without the time of its writing, so that it can be committed and compared. Its form is
``schemas/results.schema.json``. Pure: campaign, snapshot and plan in, JSON values out.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any

from runner.model import Campaign, Credits, Matrix
from runner.plan.look_state import displayed_take, look_state
from runner.plan.model import Plan, PlannedLook
from runner.plan.renames import apply_renames
from runner.policy.budget import reserved_amount
from runner.results.charges import Cause, CauseFinder
from runner.results.likeness import LikenessEntries
from runner.results.model import (
    CreditsEntry,
    ErrorEntry,
    LookEntry,
    MatrixEntry,
    MeasuredEntry,
    Results,
    TakeEntry,
)
from runner.results.reviews import describe_review
from runner.results.times import format_time
from runner.results.totals import count_reviews, count_totals
from runner.results.videos import add_video
from runner.reviews import NOT_REVIEWED
from runner.takes import PENDING, LookState, Snapshot, Take, TakeState

VERSION = 1


def results_document(
    campaign: Campaign,
    snapshot: Snapshot,
    plan: Plan,
    wallet: Mapping[str, Any] | None,
    only: Collection[str] | None = None,
) -> Results:
    """Return the results of a campaign as its ledger stands.

    ``plan`` is the plan from this very snapshot: it says which looks are blocked or stale. ``only``
    are the keys of the looks to tell of, totals included; None: all of them.
    """
    snapshot = apply_renames(snapshot, plan.moves)
    told = {a.key: a for a in plan.actions if only is None or a.key in only}
    faces = LikenessEntries(snapshot) if snapshot.faces else None
    causes = CauseFinder(snapshot)
    orphans = [a for a in told.values() if a.look is None]
    looks = [told[look.key] for look in campaign.looks if look.key in told]
    takes = [
        take
        for key, of_look in snapshot.takes.items()
        for take in of_look
        if only is None or key in only
    ]
    stands = [_stands(action, snapshot) for action in looks]
    listed_on = campaign.prices.listed_on
    results: Results = {
        "version": VERSION,
        "campaign": campaign.name,
        "account": snapshot.account_label,
        "manifest": campaign.manifest.name,
        "prices": {
            "photo": float(campaign.prices.photo),
            "prompt": float(campaign.prices.prompt),
            "listed_on": listed_on.isoformat() if listed_on else None,
        },
        "looks": [_entry(action, snapshot, causes, faces) for action in looks],
        "orphans": [_entry(action, snapshot, causes, faces) for action in orphans],
        "totals": count_totals([state for _, state in stands], takes, wallet),
    }
    _add_what_was_seen(results, snapshot)
    if snapshot.reviews:
        results["totals"]["review"] = count_reviews((shown for shown, _ in stands), snapshot)
    if campaign.matrices:
        results["matrices"] = [_matrix(matrix) for matrix in campaign.matrices]
    if written := _credits(campaign.credits):
        results["credits"] = written
    return results


def _matrix(matrix: Matrix) -> MatrixEntry:
    return {"id": matrix.id, "axes": {axis: list(values) for axis, values in matrix.axes}}


def _add_what_was_seen(results: Results, snapshot: Snapshot) -> None:
    """Add what the wallet and the lists showed of the account: its prices, looks made twice."""
    if doubled := sum((look.price for look in snapshot.doubled), Decimal(0)):
        results["totals"]["doubled_usd"] = float(doubled)
    if snapshot.doubled:
        results["doubled"] = [
            {"avatar_id": d.look_id, "name": d.name, "take": d.take, "usd": float(d.price)}
            for d in snapshot.doubled
        ]
    if measured := _measured(snapshot):
        results["prices"]["measured"] = measured


def _credits(stated: Credits) -> CreditsEntry:
    """Return who made the pictures, as far as the manifest says it."""
    entry: CreditsEntry = {}
    if stated.creator:
        entry["creator"] = stated.creator
    if stated.credit:
        entry["credit"] = stated.credit
    if stated.copyright:
        entry["copyright"] = stated.copyright
    return entry


def _measured(snapshot: Snapshot) -> dict[str, MeasuredEntry]:
    """Return what the account's wallet showed that a generation costs, where it did."""
    return {
        str(kind): {
            "usd": float(price.usd),
            "state": str(price.state),
            "planned_usd": float(price.planned),
            "sends": price.sends,
        }
        for kind, price in sorted(snapshot.prices.items())
    }


def serialize_results(results: Results, *, links: bool = True) -> Iterator[str]:
    """Return a results document as indented JSON text, in pieces, with a final newline.

    Without ``links`` no take has a consent's page: whoever opens that consents. Files are committed
    and handed over, and never have them.
    """
    frame = _json({**results, "looks": [], "orphans": []})
    for name, entries in (("looks", results["looks"]), ("orphans", results["orphans"])):
        before, empty, frame = frame.partition(f'\n  "{name}": []')  # no text holds a line end
        yield before + (empty if not entries else f'\n  "{name}": [')
        for number, entry in enumerate(entries):
            piece = _json(entry if links else _without_links(entry)).replace("\n", "\n    ")
            yield f"{',' if number else ''}\n    {piece}"
        yield "\n  ]" if entries else ""
    yield frame + "\n"


def _without_links(entry: LookEntry) -> LookEntry:
    if not any("consent_url" in take for take in entry["takes"]):
        return entry
    takes = [take.copy() for take in entry["takes"]]
    for take in takes:
        take.pop("consent_url", None)
    return {**entry, "takes": takes}


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)


def _stands(action: PlannedLook, snapshot: Snapshot) -> tuple[Take | None, LookState]:
    """Return the take that stands for a look, and the look's state."""
    takes = [t for t in snapshot.takes.get(action.key, ()) if t.state is not TakeState.PLANNED]
    shown = displayed_take(action, takes, snapshot.pick(action.key))
    return shown, look_state(action, shown)


def _entry(
    action: PlannedLook, snapshot: Snapshot, causes: CauseFinder, faces: LikenessEntries | None
) -> LookEntry:
    """Return one look, describing its picked take."""
    look = action.look
    takes = [t for t in snapshot.takes.get(action.key, ()) if t.state is not TakeState.PLANNED]
    pick = snapshot.pick(action.key)
    shown, state = _stands(action, snapshot)
    bought = {take.uid: (cause, reason) for take, cause, reason in causes.find(action.key)}
    entry: LookEntry = {
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
        "cost_usd": float(sum((reserved_amount(take) for take in takes), Decimal(0))),
        "image": shown.image if shown else None,
        "sha256": shown.sha256 if shown else None,
        "width": shown.width if shown else None,
        "height": shown.height if shown else None,
        "tags": list(look.tags) if look else [],
        "matrix": look.matrix if look else None,
        "axes": dict(look.axes) if look else {},
        "takes": [
            _take(take, snapshot, bought, picked=pick is not None and take.uid == pick.uid)
            for take in takes
        ],
        "review": describe_review(snapshot.review(shown) if shown else NOT_REVIEWED),
    }
    if state in (LookState.BLOCKED, LookState.STALE, LookState.CHANGED):
        entry["reason"] = action.reason
    if shown is not None and shown.state is TakeState.FAILED:
        entry["error"] = _error(shown)
    if shown is not None and (video := snapshot.videos.get(shown.avatar_id or "")):
        add_video(entry, video)
    if faces is not None:
        faces.add(entry, look, takes, shown)
    return entry


EXPLAINED = PENDING | {TakeState.UNKNOWN}
"""States in which a take's message says what is known of it so far."""


def _take(
    take: Take, snapshot: Snapshot, bought: Mapping[str, tuple[Cause, str]], *, picked: bool
) -> TakeEntry:
    entry: TakeEntry = {
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
        "image": take.image,
        "sha256": take.sha256,
        "width": take.width,
        "height": take.height,
        "sent_at": format_time(take.sent_at),
        "accepted_at": format_time(take.accepted_at),
        "completed_at": format_time(take.completed_at),
        "idempotency_key": take.key,
        "request_id": take.request_id,
        "review": describe_review(snapshot.review(take)),
    }
    if video := snapshot.videos.get(take.avatar_id or ""):
        add_video(entry, video)
    if take.uid in bought:
        cause, reason = bought[take.uid]
        entry["charge"] = {"cause": str(cause), "reason": reason}
    if (resent_at := format_time(take.resent_at)) is not None:
        entry["resent_at"] = resent_at
    if take.consent_url is not None:
        entry["consent_url"] = take.consent_url
    if take.state is TakeState.FAILED or (take.error_message and take.state in EXPLAINED):
        entry["error"] = _error(take)
    return entry


def _error(take: Take) -> ErrorEntry:
    return {
        "code": take.error_code or "unknown",
        "message": take.error_message or "no reason was given",
    }
