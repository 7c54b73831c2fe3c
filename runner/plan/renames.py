"""Looks whose key was renamed in the manifest: recognised by what was paid for, and kept."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from runner.model import Look
from runner.plan.graph import list_needs
from runner.plan.identity import MadeFrom, compute_identity, rename_references
from runner.takes import Snapshot, Take, TakeState

_NO_RENAMES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class KeyRenames:
    """Which looks have another key now.

    ``to`` maps the old key to the new one. ``staying`` are looks, by their old keys, whose
    references do not follow: the manifest goes on naming the key, and so means the look that has it
    now. They become stale, which costs nothing, where following would make them another purchase.
    """

    to: Mapping[str, str] = field(default_factory=lambda: _NO_RENAMES)
    staying: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.to)

    def new(self, key: str) -> str:
        """Return the key that a look has now."""
        return self.to.get(key, key)

    @property
    def back(self) -> dict[str, str]:
        """Return the old key of each new one."""
        return {new: old for old, new in self.to.items()}


def find_renames(
    order: Sequence[Look], made_from: Mapping[str, MadeFrom], snapshot: Snapshot
) -> KeyRenames:
    """Return the looks that only changed their key: renamed, swapped, or moved up by one.

    ``order`` respects references, so that a renamed look is known before those that name it. Where
    the new key's own look was edited away, its takes stay there, as an older version's takes do.
    """
    free = _given_away(made_from, snapshot)
    to: dict[str, str] = {}
    back: dict[str, str] = {}
    if not free:
        return KeyRenames()
    for look in order:
        plain = made_from[look.key]
        for identity in (_rename_identity(plain, back), plain.identity):
            old = free.get(identity)
            if old is not None and old not in (look.key, *to):
                to[old] = look.key
                back[look.key] = old
                break
    return KeyRenames(to, _staying(order, made_from, snapshot, to)) if to else KeyRenames()


def _given_away(made_from: Mapping[str, MadeFrom], snapshot: Snapshot) -> dict[str, str]:
    """Return identity → key for what was sent under keys that the manifest has no such look for."""
    free: dict[str, str] = {}
    for key, takes in snapshot.takes.items():
        wanted = made_from[key].identity if key in made_from else None
        bought = [take.identity for take in _sent(takes)]
        if wanted not in bought:
            for identity in bought:
                free.setdefault(identity, key)
    return free


def _rename_identity(made_from: MadeFrom, moves: Mapping[str, str]) -> str:
    """Return the identity that a look has where its references follow renamed keys."""
    renamed = rename_references(made_from.ingredients, moves)
    same = renamed == made_from.ingredients
    return made_from.identity if same else compute_identity(renamed)


def _staying(
    order: Sequence[Look],
    made_from: Mapping[str, MadeFrom],
    snapshot: Snapshot,
    to: Mapping[str, str],
) -> frozenset[str]:
    """Return the looks that were bought with the very references that the manifest still names."""
    back = {new: old for old, new in to.items()}
    left = to.keys() - back.keys()  # whoever has these keys now was never bought under another
    staying = set()
    for look in order:
        needs = list_needs(look)
        if not any(key in to or key in back for key in needs):
            continue
        plain = made_from[look.key]
        old = back.get(look.key, look.key)
        had = {take.identity for take in _sent(snapshot.takes.get(old, ()))}
        follows = left.isdisjoint(needs) and _rename_identity(plain, back) in had
        if not follows and plain.identity in had:
            staying.add(old)
    return frozenset(staying)


def _sent(takes: Iterable[Take]) -> list[Take]:
    return [take for take in takes if take.state is not TakeState.PLANNED]


def apply_renames(snapshot: Snapshot, moves: KeyRenames) -> Snapshot:
    """Return the snapshot as it will be when the ledger has followed the renamed keys."""
    if not moves:
        return snapshot
    takes: dict[str, tuple[Take, ...]] = {
        key: tuple(rename_take(take, moves) for take in of_key)
        for key, of_key in snapshot.takes.items()
        if key not in moves.to
    }
    for old, new in moves.to.items():
        there = takes.get(new, ())
        after = max((take.number for take in there), default=0)
        moved = (rename_take(take, moves) for take in snapshot.takes.get(old, ()))
        takes[new] = (*there, *(replace(take, number=after + take.number) for take in moved))
    picks = rename_picks(snapshot.picks, moves)
    return replace(snapshot, takes=MappingProxyType(takes), picks=MappingProxyType(picks))


def rename_picks(picks: Mapping[str, str], moves: KeyRenames) -> dict[str, str]:
    """Return the pick of each key: what moved in is what the manifest means, so its pick counts."""
    staying = {key: uid for key, uid in picks.items() if key not in moves.to}
    return staying | {moves.to[key]: uid for key, uid in picks.items() if key in moves.to}


def rename_take(take: Take, moves: KeyRenames) -> Take:
    """Return one take under its new key, with its references followed unless they stay."""
    to = _NO_RENAMES if take.look in moves.staying else moves.to
    ingredients = rename_references(take.ingredients, to)
    named = take.reference_look
    return replace(
        take,
        look=moves.new(take.look),
        reference_look=to.get(named, named) if named is not None else None,
        ingredients=ingredients,
        identity=take.identity
        if ingredients == take.ingredients
        else compute_identity(ingredients),
    )
