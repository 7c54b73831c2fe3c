"""Looks whose key was renamed in the manifest: recognised by what was paid for, and kept."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from runner.model import Look, Snapshot, Take, TakeState
from runner.plan.graph import needs_of
from runner.plan.identity import identity_of, renamed

__all__ = ["find_moves", "moved_take", "with_moves"]


def find_moves(
    order: Sequence[Look], ingredients: Mapping[str, str], snapshot: Snapshot
) -> dict[str, str]:
    """Give old key → new key for every look that only changed its key, swaps included.

    ``order`` respects references, so that a renamed look is known before those that name it. A key
    that other looks of the manifest name is never given away: they mean the look that has it now.
    """
    if not snapshot.takes:
        return {}
    identities = {look.key: identity_of(ingredients[look.key]) for look in order}
    named = {key for look in order for key in needs_of(look)}
    free: dict[str, str] = {}
    for key, takes in snapshot.takes.items():
        sent = [take for take in takes if take.state is not TakeState.PLANNED]
        kept = any(take.identity == identities.get(key) for take in sent)
        if key not in identities or not (kept or key in named):
            for take in sent:
                free.setdefault(take.identity, key)
    moves: dict[str, str] = {}
    back: dict[str, str] = {}
    if not free:
        return moves
    for look in order:
        old = free.get(identity_of(renamed(ingredients[look.key], back)))
        if old is not None and old not in (look.key, *moves):
            moves[old] = look.key
            back[look.key] = old
    return _without_collisions(moves, snapshot)


def _without_collisions(moves: dict[str, str], snapshot: Snapshot) -> dict[str, str]:
    """Leave out what would put two looks' histories under one key."""
    while True:
        clashing = [
            old
            for old, new in moves.items()
            if new not in moves
            and any(take.state is not TakeState.PLANNED for take in snapshot.takes.get(new, ()))
        ]
        if not clashing:
            return moves
        moves = {old: new for old, new in moves.items() if old not in clashing}


def with_moves(snapshot: Snapshot, moves: Mapping[str, str]) -> Snapshot:
    """Give the snapshot as it will be when the ledger has followed the renamed keys."""
    if not moves:
        return snapshot
    takes: dict[str, tuple[Take, ...]] = {}
    for key, of_key in snapshot.takes.items():
        new = moves.get(key, key)
        takes[new] = (*takes.get(new, ()), *(moved_take(take, moves) for take in of_key))
    picks = {moves.get(key, key): uid for key, uid in snapshot.picks.items()}
    return replace(snapshot, takes=MappingProxyType(takes), picks=MappingProxyType(picks))


def moved_take(take: Take, moves: Mapping[str, str]) -> Take:
    """Give one take under its new key, with its references followed."""
    ingredients = renamed(take.ingredients, moves)
    named = take.reference_look
    return replace(
        take,
        look=moves.get(take.look, take.look),
        reference_look=moves.get(named, named) if named is not None else None,
        ingredients=ingredients,
        identity=take.identity if ingredients == take.ingredients else identity_of(ingredients),
    )
