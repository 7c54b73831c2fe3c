"""Looks whose key was renamed in the manifest: recognised by what was paid for, and kept."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from runner.model import Look, Snapshot, Take, TakeState
from runner.plan.identity import identity_of, renamed

__all__ = ["find_moves", "moved_take", "with_moves"]


def find_moves(
    order: Sequence[Look], ingredients: Mapping[str, str], snapshot: Snapshot
) -> dict[str, str]:
    """Give old key → new key for every look that only changed its key.

    ``order`` respects references, so that a renamed look is known before those that name it.
    """
    wanted = {look.key for look in order}
    orphans: dict[str, str] = {}
    for key, takes in snapshot.takes.items():
        if key not in wanted:
            for take in takes:
                if take.state is not TakeState.PLANNED:
                    orphans.setdefault(take.identity, key)
    moves: dict[str, str] = {}
    back: dict[str, str] = {}
    if not orphans:
        return moves
    for look in order:
        if look.key in snapshot.takes:
            continue
        old = orphans.get(identity_of(renamed(ingredients[look.key], back)))
        if old is not None and old not in moves:
            moves[old] = look.key
            back[look.key] = old
    return moves


def with_moves(snapshot: Snapshot, moves: Mapping[str, str]) -> Snapshot:
    """Give the snapshot as it will be when the ledger has followed the renamed keys."""
    if not moves:
        return snapshot
    takes = {
        moves.get(key, key): tuple(moved_take(take, moves) for take in of_key)
        for key, of_key in snapshot.takes.items()
    }
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
