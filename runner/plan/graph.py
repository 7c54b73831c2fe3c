"""The looks as a graph: what each needs, an order that respects it, how much hangs on each."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from runner.model import Look, LookRef

Needs = Mapping[str, tuple[str, ...]]


class Graph(NamedTuple):
    """A campaign's looks with what their references come to.

    ``looks`` has them by key, ``order`` every one after what it needs. ``needs`` gives the keys
    that a look needs, ``chains`` the length of the longest chain that waits for it, itself
    included.
    """

    looks: Mapping[str, Look]
    order: list[Look]
    needs: Needs
    chains: Mapping[str, int]


def build_graph(looks: Sequence[Look]) -> Graph:
    """Return the graph of a campaign's looks, their own order kept as far as it can be.

    Raises ValueError for a cycle: the manifest's rules refuse it before.
    """
    by_key = {look.key: look for look in looks}
    needs = {look.key: list_needs(look) for look in looks}
    order = _in_order(by_key, needs)
    return Graph(by_key, order, needs, _chains(order, needs))


def list_needs(look: Look) -> tuple[str, ...]:
    """Return the keys of the looks that must be usable first: its reference, and its group's."""
    needs = (look.reference.look,) if isinstance(look.reference, LookRef) else ()
    if isinstance(look.group, LookRef) and look.group.look not in needs:
        return (*needs, look.group.look)
    return needs


def _in_order(looks: Mapping[str, Look], needs: Needs) -> list[Look]:
    done: dict[str, Look] = {}
    for first in looks:
        stack = [first]
        while stack:
            key = stack[-1]
            waiting = [need for need in needs[key] if need not in done]
            if not waiting or key in done:
                done[stack.pop()] = looks[key]
            elif len(stack) > 2 * len(looks) + 1:  # each look needs two others at most
                raise ValueError(f"the references of {key} form a cycle")
            else:
                stack += waiting
    return list(done.values())


def _chains(order: Sequence[Look], needs: Needs) -> dict[str, int]:
    longest = {look.key: 1 for look in order}
    for look in reversed(order):
        behind = longest[look.key] + 1
        for key in needs[look.key]:
            longest[key] = max(longest[key], behind)
    return longest
