"""The looks as a graph: what each needs, an order that respects it, what hangs on each."""

from collections.abc import Sequence

from runner.model import Look, LookRef

__all__ = ["chains", "in_order", "needs_of"]


def needs_of(look: Look) -> tuple[str, ...]:
    """Give the keys of the looks that must be usable first: its reference, and its group's."""
    reference = look.reference.look if isinstance(look.reference, LookRef) else None
    group = look.group.look if isinstance(look.group, LookRef) else None
    if reference is None:
        return () if group is None else (group,)
    return (reference,) if group is None or group == reference else (reference, group)


def in_order(looks: Sequence[Look]) -> list[Look]:
    """Give the looks so that every one comes after what it needs; otherwise in their own order.

    Raises ValueError for a cycle: the manifest's rules refuse it before.
    """
    by_key = {look.key: look for look in looks}
    done: set[str] = set()
    order: list[Look] = []
    for look in looks:
        stack = [look]
        while stack:
            top = stack[-1]
            waiting = [key for key in needs_of(top) if key not in done]
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


def chains(order: Sequence[Look]) -> dict[str, int]:
    """Give for each look the length of the longest chain that waits for it, itself included."""
    longest = {look.key: 1 for look in order}
    for look in reversed(order):
        for key in needs_of(look):
            longest[key] = max(longest[key], longest[look.key] + 1)
    return longest
