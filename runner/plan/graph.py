"""The looks as a graph: what each needs, an order that respects it, how much hangs on each."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from runner.model import Look, LookRef

Needs = Mapping[str, tuple[str, ...]]


class Graph(NamedTuple):
    """A campaign's looks with what their references come to.

    ``order`` holds every look after what it needs, ``needs`` gives the keys that a look needs, and
    ``chains`` the length of the longest chain that waits for it, itself included.
    """

    order: list[Look]
    needs: Needs
    chains: Mapping[str, int]


def build_graph(looks: Sequence[Look]) -> Graph:
    """Return the graph of a campaign's looks, their own order kept as far as it can be.

    Raises ValueError for a cycle: the manifest's rules refuse it before.
    """
    needs = {look.key: list_needs(look) for look in looks}
    order = _in_order(looks, needs)
    return Graph(order, needs, _chains(order, needs))


def list_needs(look: Look) -> tuple[str, ...]:
    """Return the keys of the looks that must be usable first: its reference, and its group's."""
    reference = look.reference.look if isinstance(look.reference, LookRef) else None
    group = look.group.look if isinstance(look.group, LookRef) else None
    if reference is None:
        return () if group is None else (group,)
    return (reference,) if group is None or group == reference else (reference, group)


def _in_order(looks: Sequence[Look], needs: Needs) -> list[Look]:
    by_key = {look.key: look for look in looks}
    done: set[str] = set()
    order: list[Look] = []
    for look in looks:
        stack = [look]
        while stack:
            top = stack[-1]
            waiting = [key for key in needs[top.key] if key not in done]
            if not waiting or top.key in done:
                stack.pop()
                if top.key not in done:
                    done.add(top.key)
                    order.append(top)
            elif len(stack) > 2 * len(by_key) + 1:  # each look needs two others at most
                raise ValueError(f"the references of {top.key} form a cycle")
            else:
                stack.extend(by_key[key] for key in waiting)
    return order


def _chains(order: Sequence[Look], needs: Needs) -> dict[str, int]:
    longest = {look.key: 1 for look in order}
    for look in reversed(order):
        behind = longest[look.key] + 1
        for key in needs[look.key]:
            longest[key] = max(longest[key], behind)
    return longest
