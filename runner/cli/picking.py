"""Which take ``LOOK#N`` names, whether it may become its look's pick, and what would follow."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from runner.errors import UsageError
from runner.model import Campaign
from runner.plan import Action, Plan, ResolvedOptions
from runner.plan import plan as make_plan
from runner.plan.change_text import describe_change
from runner.suggest import suggest
from runner.takes import Snapshot, Take
from runner.words import state_word


def find_named_take(snapshot: Snapshot, name: str) -> Take:
    """Return the take that ``LOOK#N`` names. Raises UsageError with those that there are."""
    look, mark, number = name.partition("#")
    takes = snapshot.takes.get(look, ())
    if not takes:
        close = suggest(look, snapshot.takes, count=3)
        hint = f"Did you mean {' or '.join(close)}?" if close else "`lookbook status` lists them."
        raise UsageError(f"There is no take of a look {look!r}.", hint=hint)
    for take in takes:
        if mark and str(take.number) == number:
            return take
    there = ", ".join(f"{take.label} ({state_word(take.state).lower()})" for take in takes)
    raise UsageError(f"{name!r} names no take.", hint=f"There are: {there}.")


def find_pickable(plan: Plan, snapshot: Snapshot, name: str) -> Take:
    """Return the take that is meant. Raises UsageError where it cannot be its look's pick."""
    take = find_named_take(snapshot, name)
    if not take.usable:
        raise UsageError(
            f"{take.label} cannot be picked: it is {state_word(take.state).lower()}.",
            hint="A take can be picked once it is completed.",
        )
    for action in plan.actions:
        if action.key == take.look and action.look is not None and action.ingredients is not None:
            if action.identity == take.identity:
                return take
            changes = describe_change(take.ingredients, action.ingredients)
            raise UsageError(
                f"{take.label} is not what the manifest wants any more: {changes}.",
                hint="Put the manifest back to what it was then; the next run picks it again, for "
                "nothing.",
            )
    raise UsageError(f"{take.look} is no longer in the manifest.")


def find_stale(plan: Plan) -> set[str]:
    """Return the looks that are out of date."""
    return {action.key for action in plan.actions if action.action is Action.STALE}


def foresee_pick(
    campaign: Campaign, snapshot: Snapshot, plan: Plan, take: Take
) -> Mapping[str, Any]:
    """Return what would be out of date if a take were picked, and what renewing costs."""
    picked = replace(snapshot, picks={**snapshot.picks, take.look: take.uid})
    then, now = make_plan(campaign, picked), find_stale(plan)
    stale = find_stale(then) - now
    renewed = make_plan(campaign, picked, ResolvedOptions(cascade=frozenset(stale)))
    bought = [action for action in renewed.actions if action.resume.replacing and action.takes]
    return {
        "stale": sorted(stale),
        "current": sorted(now - find_stale(then)),
        "cost_usd": float(sum((action.cost for action in bought), Decimal(0))),
        "waits": max(0, then.waiting - plan.waiting),
    }
