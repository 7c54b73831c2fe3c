"""Looks of the ledger under other names: a reference spelled by the id of a take is that look.

What was bought with ``{look: base}`` is not bought again where the manifest now names the id of the
very take that it was made from, nor the other way round. Only what the ledger holds is recognised:
a look that was never bought is spelled as the manifest has it.
"""

import json
from collections.abc import Callable, Mapping

from runner.canonical import canonical_json
from runner.model import Look, LookKind, LookRef
from runner.plan.identity import compute_identity
from runner.takes import Snapshot, Take, TakeState


def index_by_id(snapshot: Snapshot) -> dict[str, Take]:
    """Return the takes of a ledger by the id that they have at HeyGen."""
    every = snapshot.all_takes
    return {take.avatar_id: take for take in every if take.avatar_id}


def find_own_take(look: Look, snapshot: Snapshot) -> Take | None:
    """Return the take of a look's own key that it names as the look that exists already."""
    if look.kind is not LookKind.EXISTING:
        return None
    takes = snapshot.takes.get(look.key, ())
    found = (take for take in takes if take.avatar_id == look.existing and take.usable)
    return next(found, None)


def restore_reference(
    look: Look, ingredients: str, snapshot: Snapshot, by_id: Callable[[], Mapping[str, Take]]
) -> str:
    """Return what a look is made from, in the spelling in which the ledger bought it.

    The manifest's own spelling where that was bought, or nothing that means the same was.
    """
    own = find_own_take(look, snapshot)
    if own is not None:
        return own.ingredients
    if look.kind is not LookKind.PROMPT:
        return ingredients
    sent = [t for t in snapshot.takes.get(look.key, ()) if t.state is not TakeState.PLANNED]
    if not sent or any(take.identity == compute_identity(ingredients) for take in sent):
        return ingredients
    for take in sent:
        other = _respell(look, ingredients, take, by_id())
        if other is not None and compute_identity(other) == take.identity:
            return other
    return ingredients


def _respell(look: Look, ingredients: str, take: Take, by_id: Mapping[str, Take]) -> str | None:
    """Return the other spelling of the reference that a take was made from, if it has one."""
    made = json.loads(ingredients)
    named, made_from = made.get("reference"), by_id.get(take.reference_id or "")
    if not isinstance(named, dict) or made_from is None:
        return None
    if named.get("look") == made_from.look:
        return canonical_json(made | {"reference": {"id": made_from.avatar_id}})
    meant = by_id.get(named.get("id", ""))
    # A look that the manifest names by its key is shown as stale where another take was used.
    exact = not isinstance(look.reference, LookRef)
    if meant is None or meant.look != made_from.look or (exact and meant.uid != made_from.uid):
        return None
    return canonical_json(made | {"reference": {"look": meant.look}})
