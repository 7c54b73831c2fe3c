"""What an edit of the manifest would cost: which looks it changes, and what follows from that."""

from dataclasses import dataclass
from decimal import Decimal

from runner.model import Campaign
from runner.plan.differ import plan
from runner.plan.model import ResolvedOptions
from runner.plan.steps import Action
from runner.takes import Snapshot


@dataclass(frozen=True, slots=True)
class EditEffect:
    """What changes when one manifest takes another's place.

    ``changed`` are the looks whose prompt is another one, ``cost`` is what a run would then buy for
    them, in USD, and ``added`` by how much its whole price rises. ``stale`` are looks that
    would be out of date because of it, and ``renewal`` is what renewing all of them costs.
    """

    changed: tuple[str, ...]
    cost: Decimal
    added: Decimal
    stale: tuple[str, ...]
    renewal: Decimal


def measure_effect(before: Campaign, after: Campaign, snapshot: Snapshot) -> EditEffect:
    """Compare what two manifests would buy for the same ledger. Pure."""
    prompts = {look.key: look.prompt for look in before.looks}
    changed = tuple(
        look.key for look in after.looks if look.prompt != prompts.get(look.key, look.prompt)
    )
    old, new = plan(before, snapshot), plan(after, snapshot)
    stale_before = {known.key for known in old.actions if known.action is Action.STALE}
    stale = tuple(
        known.key
        for known in new.actions
        if known.action is Action.STALE and known.key not in stale_before
    )
    renewed = plan(after, snapshot, ResolvedOptions(cascade=frozenset(stale)))
    return EditEffect(
        changed,
        sum((known.cost for known in new.actions if known.key in changed), Decimal(0)),
        new.cost - old.cost,
        stale,
        renewed.cost - new.cost,
    )
