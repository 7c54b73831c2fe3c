"""Campaigns and ledgers in memory: what a plan is made from, written as short as it reads."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from runner.canonical import canonical_json
from runner.model import BASE, Campaign, LookKind, LookRef
from runner.plan import PlannedLook, ResolvedOptions, plan
from runner.plan.identity import collect_ingredients, compute_identity
from runner.takes import Account, Billing, Snapshot, Take, TakeState

ACCOUNT = Account("api.example", "me")


def take(campaign: Campaign, key: str, number: int = 1, **more: Any) -> Take:
    """Return a completed take of a look of the campaign, made from its reference's take 1."""
    looks = {look.key: look for look in campaign.looks}
    look = looks[key]
    ingredients = canonical_json(collect_ingredients(look, looks))
    named = look.reference.look if isinstance(look.reference, LookRef) else None
    made = Take(
        uid=f"{key}-{number}",
        look=key,
        number=number,
        kind=look.kind,
        identity=compute_identity(ingredients),
        ingredients=ingredients,
        name=look.name,
        state=TakeState.FETCHED,
        billing=Billing.NONE if look.kind is LookKind.EXISTING else Billing.BILLED,
        price=Decimal(1),
        avatar_id=look.existing or f"id-{key}-{number}",
        group_id="group",
        reference_look=named,
        reference_id=f"id-{named}-1" if named is not None else None,
        image=f"images/{key}.{number}.png",
        sha256="ab" * 32,
    )
    return replace(made, **more)


def held(*takes: Take, picks: Mapping[str, str] | None = None) -> Snapshot:
    """Return a ledger with these takes; the first usable one of each look is picked."""
    by_look: dict[str, tuple[Take, ...]] = {}
    for one in takes:
        by_look[one.look] = (*by_look.get(one.look, ()), one)
    first = {
        key: next((one.uid for one in of_key if one.usable), "") for key, of_key in by_look.items()
    }
    return Snapshot(
        account=ACCOUNT,
        campaign="spring",
        takes=by_look,
        picks={key: uid for key, uid in first.items() if uid} | dict(picks or {}),
    )


def done(campaign: Campaign) -> Snapshot:
    """Return the ledger of a campaign of which everything was generated once."""
    return held(*(take(campaign, look.key) for look in campaign.looks))


def actions(
    campaign: Campaign, snapshot: Snapshot, asked: ResolvedOptions | None = None
) -> dict[str, PlannedLook]:
    """Return the plan's actions by look."""
    return {
        action.key: action
        for action in plan(campaign, snapshot, asked or ResolvedOptions()).actions
    }


def summary(campaign: Campaign, snapshot: Snapshot, asked: ResolvedOptions | None = None) -> str:
    """Return the plan as ``key action takes`` in words, the base left out where it is kept."""
    return ", ".join(
        f"{key} {action.action}{f' {action.takes}' if action.takes else ''}"
        for key, action in actions(campaign, snapshot, asked).items()
        if key != BASE or action.action != "keep"
    )
