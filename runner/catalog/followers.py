"""What hangs on a look: the looks that were made from it, and what renewing them costs. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from runner.quantities import format_usd
from runner.results.model import LookEntry


@dataclass(frozen=True, slots=True)
class Followers:
    """Looks made from one: ``direct`` by their places, ``count`` with all that hangs on those.

    ``renewal`` is what making anew those that have a picture costs.
    """

    direct: tuple[int, ...]
    count: int
    renewal: str


def find_followers(
    entries: Sequence[LookEntry], places: Mapping[str, int], prices: Mapping[str, float]
) -> dict[int, Followers]:
    """Return what hangs on each look, by its place; looks on which nothing hangs have no entry.

    ``entries`` are the looks of the manifest, ``prices`` what a generation costs, in USD by kind.
    """
    children: dict[int, list[int]] = {}
    for index, entry in enumerate(entries):
        parent = places.get(entry["reference"] or "")
        if parent is not None and parent != index:
            children.setdefault(parent, []).append(index)
    sums: dict[int, tuple[int, Decimal]] = {}
    for index in children:
        _sum(index, children, entries, prices, sums)
    return {
        index: Followers(tuple(made), sums[index][0], format_usd(sums[index][1]))
        for index, made in children.items()
    }


def _sum(
    top: int,
    children: Mapping[int, Sequence[int]],
    entries: Sequence[LookEntry],
    prices: Mapping[str, float],
    sums: dict[int, tuple[int, Decimal]],
) -> None:
    """Work out how many looks hang on one and what they cost, from the farthest to the nearest."""
    order, seen = [top], {top}
    for index in order:  # grows while it is walked; a circle ends it
        fresh = [c for c in children.get(index, ()) if c not in seen and c not in sums]
        seen.update(fresh)
        order += fresh
    for index in reversed(order):
        count, usd = 0, Decimal(0)
        for child in children.get(index, ()):
            below, cost = sums.get(child, (0, Decimal(0)))
            count += 1 + below
            usd += cost
            if entries[child]["image"] is not None:
                usd += Decimal(str(prices.get(entries[child]["kind"], 0.0)))
        sums[index] = count, usd
