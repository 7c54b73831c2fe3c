"""By the page or one by one: which takes fewer requests, learnt from how many pages it took so far.

The order of a list is not documented. Where the newest looks come first, what is in progress lies
on the first pages; where it does not, paging is soon given up for questions about single looks.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TypeVar

__all__ = ["PAGE_SIZE", "PollStrategy"]

PAGE_SIZE = 50
"""The most looks that one page of a list holds (the API page)."""

DECAY = 0.9
"""What paging once cost counts less with every round that did without it."""

T = TypeVar("T")


class PollStrategy:
    """Remembers, for each group and for the whole account (None), how many pages a round took.

    It counts in multiples of the pages that everything in progress would fill by itself.
    """

    def __init__(self) -> None:
        self._cost: dict[str | None, float] = {}
        self._expected: dict[str | None, float] = {}

    def choose(
        self, groups: Mapping[str | None, Sequence[T]], *, watched: int
    ) -> tuple[dict[str | None, list[T]], list[T]]:
        """Return what to ask for by the page, and what by itself.

        ``groups`` are the looks that are due, by group, ``watched`` how many are in progress. What
        lies in groups that do not pay for themselves may pay together, as pages of the account.
        """
        paged: dict[str | None, list[T]] = {}
        rest: list[T] = []
        for group, looks in groups.items():
            if group is not None and self._pays(group, len(looks), watched):
                paged[group] = [*looks]
            else:
                rest += looks
        if self._pays(None, len(rest), watched):
            paged[None], rest = rest, []
        return paged, rest

    def goes_on(self, group: str | None, pages: int, missing: int, *, of: int) -> bool:
        """Return whether another page is worth it after ``pages``.

        ``missing`` of so many are left.
        """
        return pages < of and missing > max(1.0, self._expected[group] - pages)

    def took(self, group: str | None, pages: int, *, left: int, watched: int) -> None:
        """Record how many pages it took, and how many looks were ``left`` to ask after singly."""
        self._cost[group] = (pages + left) / _full(watched)

    def _pays(self, group: str | None, looks: int, watched: int) -> bool:
        if looks < 2:
            return False
        expected = self._cost.get(group, 1.0) * _full(watched)
        self._expected[group] = expected
        if looks > expected:
            return True
        if group in self._cost:
            self._cost[group] = max(1.0, self._cost[group] * DECAY)
        return False


def _full(watched: int) -> int:
    """Return how many pages everything in progress fills."""
    return max(1, math.ceil(watched / PAGE_SIZE))
