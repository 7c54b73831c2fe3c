"""References between looks: they exist, they make no circle, and groups agree.

The group rule (docs/api-facts.md, the table of ``avatar_id`` and ``avatar_group_id``): where both
are given, the referenced look must be in the group. Here it is decided symbolically; what depends
on the account is left to the run.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from runner.model import BASE, Look, LookKind, LookRef, Reference
from runner.suggest import suggest


class Fresh(NamedTuple):
    """The group that a look of this campaign makes for itself."""

    look: str


class Known(NamedTuple):
    """A group given by its id."""

    id: str


class Unknown(NamedTuple):
    """The group of a look that is given by its id; two mentions of one look are one group."""

    look_id: str


Group = Fresh | Known | Unknown


class Groups:
    """Finds out which group each look is saved to, as far as the manifest says."""

    def __init__(self, looks: Mapping[str, Look]) -> None:
        self.looks = looks
        self._known: dict[str, Group] = {}

    def of_look(self, key: str) -> Group:
        """Return a look's group; unknown where references are missing or make a circle."""
        chain: dict[str, None] = {}
        group: Group | None = None
        while group is None:
            if key in self._known:
                group = self._known[key]
                break
            look = self.looks.get(key)
            if look is None or key in chain:
                group = Unknown(key)
                break
            chain[key] = None
            where = look.group or look.reference
            if look.kind is LookKind.EXISTING:
                group = Unknown(look.existing or "")
            elif where is None:
                group = Fresh(key)
            elif isinstance(where, LookRef):
                key = where.look
            else:
                group = Known(where.id) if look.group else Unknown(where.id)
        self._known |= dict.fromkeys(chain, group)
        return group

    def of_reference(self, reference: Reference) -> Group:
        """Return the group of what ``avatar_id`` names."""
        if isinstance(reference, LookRef):
            return self.of_look(reference.look)
        return Unknown(reference.id)

    def of_target(self, group: Reference) -> Group:
        """Return the group that ``avatar_group_id`` names."""
        return self.of_look(group.look) if isinstance(group, LookRef) else Known(group.id)


def group_of(group: Group) -> str:
    """Return which group it is, in words."""
    match group:
        case Fresh(look):
            return (
                "the group that the base makes"
                if look == BASE
                else f"the group that `{look}` makes"
            )
        case Known(id_):
            return f"group {id_}"
        case Unknown(look_id):
            return f"the group of look {look_id}"


def groups_differ(one: Group, other: Group) -> bool:
    """Return whether two groups are certainly not the same."""
    return type(one) is type(other) and one != other and not isinstance(one, Unknown)


def find_cycles(looks: Mapping[str, Look]) -> list[list[str]]:
    """Find looks that wait for each other, each circle once, in the order of the manifest."""
    if _in_order(looks):
        return []
    state: dict[str, int] = {}
    found = []
    for start in looks:
        if start in state:
            continue
        path: list[str] = []
        stack = [(start, _needs(looks[start], looks))]
        state[start] = 1
        path.append(start)
        while stack:
            key, needs = stack[-1]
            if not needs:
                stack.pop()
                path.pop()
                state[key] = 2
                continue
            needed = needs.pop()
            if state.get(needed) == 1:
                found.append(path[path.index(needed) :])
            elif needed not in state:
                state[needed] = 1
                path.append(needed)
                stack.append((needed, _needs(looks[needed], looks)))
    return found


def _in_order(looks: Mapping[str, Look]) -> bool:
    """Return whether every look refers to earlier ones only, as most manifests are written."""
    seen = set()
    for key, look in looks.items():
        reference, group = look.reference, look.group
        if isinstance(reference, LookRef) and reference.look not in seen:
            return False
        if group is not None and isinstance(group, LookRef) and group.look not in seen:
            return False
        seen.add(key)
    return True


def _needs(look: Look, looks: Mapping[str, Look]) -> list[str]:
    return [
        where.look
        for where in (look.group, look.reference)
        if isinstance(where, LookRef) and where.look in looks
    ]


def suggestion(key: str, looks: Collection[str]) -> str:
    """Return which look may have been meant."""
    meant = suggest(key, looks)
    if meant:
        return f"Did you mean `{meant[0]}`?"
    names = sorted(looks)
    known = ", ".join(f"`{name}`" for name in names[:8])
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"The looks are {known}{more}. The id of a look of the account is written as plain text."
