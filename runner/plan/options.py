"""What a request comes to for one campaign. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from runner.errors import UsageError
from runner.model import BASE, Campaign, Look, LookKind
from runner.plan.differ import plan
from runner.plan.model import ResolvedOptions
from runner.plan.renames import apply_renames
from runner.plan.request import BasketItem, Errand, Request
from runner.plan.selection import list_candidates, select
from runner.takes import Snapshot


def apply_options(campaign: Campaign, request: Request) -> Campaign:
    """Return the campaign with the takes and prices that were asked for.

    The number of takes is for looks: of a base one is enough, unless the manifest says otherwise.
    """
    if request.prices:
        campaign = replace(campaign, prices=campaign.prices._replace(**dict(request.prices)))
    if request.takes is not None:
        looks = tuple(_with_takes(look, request.takes) for look in campaign.looks)
        campaign = replace(campaign, looks=looks)
    return campaign


def _with_takes(look: Look, takes: int) -> Look:
    bought = look.key != BASE and look.kind is not LookKind.EXISTING
    return look._replace(takes=takes) if bought else look


def select_looks(campaign: Campaign, snapshot: Snapshot, request: Request) -> frozenset[str] | None:
    """Return the keys that are selected; None where nothing was said. Raises UsageError."""
    if not request.select and not request.exclude:
        return None
    looks = list_candidates(plan(campaign, snapshot), snapshot)
    return select(looks, request.select, request.exclude)


def resolve_options(campaign: Campaign, snapshot: Snapshot, request: Request) -> ResolvedOptions:
    """Return what a request comes to, look by look. ``campaign`` is adjusted to it already.

    Raises UsageError for a selection that cannot be used, and for a reroll of what was never
    generated.
    """
    refused = dict(request.refused)
    if request.basket:
        return replace(_resolve_basket(campaign, snapshot, request.basket), refused=refused)
    selected = select_looks(campaign, snapshot, request)
    every = frozenset(look.key for look in campaign.looks)
    asked = ResolvedOptions(selected=selected, refused=refused)
    if request.retry:
        wanted = selected or every
        again = failed_looks(campaign, snapshot, wanted)
        # What exists already is taken over for nothing, and is what the others may be made from.
        existing = {look.key for look in campaign.looks if look.kind is LookKind.EXISTING}
        asked = replace(asked, selected=again | (existing & wanted), retry=again)
    if request.reroll:
        wanted = selected or every
        _refuse_new(campaign, snapshot, wanted)
        asked = replace(asked, selected=wanted, reroll=dict.fromkeys(wanted, request.reroll))
    if request.cascade:
        asked = replace(asked, cascade=every if asked.selected is None else asked.selected)
    return asked


def _resolve_basket(
    campaign: Campaign, snapshot: Snapshot, basket: tuple[BasketItem, ...]
) -> ResolvedOptions:
    """Return what a basket comes to. Raises UsageError for a look that there is not."""
    strange = {item.look for item in basket} - {look.key for look in campaign.looks}
    if strange:
        raise UsageError(f"{', '.join(sorted(strange))}: no longer in the manifest.")

    def looks_of(errand: Errand) -> frozenset[str]:
        return frozenset(item.look for item in basket if item.errand is errand)

    if more := looks_of(Errand.MORE):
        _refuse_new(campaign, snapshot, more)
    return ResolvedOptions(
        selected=frozenset(item.look for item in basket),
        cascade=looks_of(Errand.RENEW),
        retry=looks_of(Errand.RETRY),
        reroll={item.look: item.takes for item in basket if item.errand is Errand.MORE},
    )


def failed_looks(
    campaign: Campaign, snapshot: Snapshot, selected: frozenset[str]
) -> frozenset[str]:
    """Return the looks that only a retry buys: what failed, and what depends on it."""

    def count(asked: ResolvedOptions) -> Mapping[str, int]:
        """Count what would be bought of each look, also of what waits for a person first."""
        return {a.key: a.takes + a.waiting for a in plan(campaign, snapshot, asked).actions}

    plain, again = count(ResolvedOptions()), count(ResolvedOptions(retry=selected))
    return selected & {key for key, takes in again.items() if takes > plain[key]}


def _refuse_new(campaign: Campaign, snapshot: Snapshot, wanted: frozenset[str]) -> None:
    """Refuse to reroll what has no picked take of what the manifest says: that is a run's work."""
    whole = plan(campaign, snapshot)
    held = apply_renames(snapshot, whole.moves)
    for action in whole.actions:
        if action.key not in wanted:
            continue
        if action.look is None:
            raise UsageError(f"{action.key} is no longer in the manifest.")
        if action.look.kind is LookKind.EXISTING:
            raise UsageError(f"{action.key} exists at HeyGen already; it cannot be generated.")
        pick = held.pick(action.key)
        if pick is None or not pick.usable or pick.identity != action.identity:
            raise UsageError(
                f"{action.key} was not generated yet as the manifest has it: {action.reason}.",
                hint="`lookbook run` generates it; a reroll buys more of what is there.",
            )
