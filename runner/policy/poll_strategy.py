"""Choose between polling by page and by single look, from how many requests each took so far.

The order of a list is not documented. Where the newest looks come first, what is in progress lies
on the first pages; where they do not, paging soon gives way to requests for single looks.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TypeVar

PAGE_SIZE = 50
"""The most looks or groups on one page of a list (docs/api-facts.md)."""

DECAY = 0.9
"""Factor by which the known cost of paging shrinks in each round that does without it."""

T = TypeVar("T")


class PollStrategy:
    """Remembers, for each group and for the whole account (None), how many pages a round took.

    It counts in multiples of the pages that everything in progress would fill by itself.
    """

    def __init__(self) -> None:
        self._cost: dict[str | None, float] = {}
        self._expected: dict[str | None, float] = {}

    def begin_round(
        self, groups: Mapping[str | None, Sequence[T]], *, watched: int
    ) -> tuple[dict[str | None, list[T]], list[T]]:
        """Begin a round: return which looks to request by page, by group, and which one by one.

        ``groups`` are the looks that are due, by group, ``watched`` how many are in progress. Looks
        of groups that are too small to be paged may share pages of the whole account. A group that
        is not paged is expected to cost a little less next time, so that it is tried again.
        """
        paged: dict[str | None, list[T]] = {}
        rest: list[T] = []
        for group, looks in groups.items():
            if group is not None and self._saves_requests(group, len(looks), watched):
                paged[group] = [*looks]
                continue
            if group is not None:
                self._decay(group, len(looks))
            rest += looks
        if self._saves_requests(None, len(rest), watched):
            paged[None], rest = rest, []
        else:
            self._decay(None, len(rest))
        for group in paged:
            self._expected[group] = self._estimate_pages(group, watched)
        return paged, rest

    def goes_on(self, group: str | None, pages: int, missing: int, *, of: int) -> bool:
        """Return whether another page is worth it after ``pages``.

        ``missing`` of so many are left.
        """
        return pages < of and missing > max(1.0, self._expected[group] - pages)

    def took(self, group: str | None, pages: int, *, left: int, watched: int) -> None:
        """Record how many pages a round took, and how many looks were ``left`` over."""
        self._cost[group] = (pages + left) / _full_pages(watched)

    def _estimate_pages(self, group: str | None, watched: int) -> float:
        """Return how many requests a round of pages is expected to take."""
        return self._cost.get(group, 1.0) * _full_pages(watched)

    def _saves_requests(self, group: str | None, looks: int, watched: int) -> bool:
        """Return whether paging is expected to take fewer requests than single looks."""
        return looks > 1 and looks > self._estimate_pages(group, watched)

    def _decay(self, group: str | None, looks: int) -> None:
        """Lower the known cost of paging after a round that could have paged and did not."""
        if looks > 1 and group in self._cost:
            self._cost[group] = max(1.0, self._cost[group] * DECAY)


def _full_pages(watched: int) -> int:
    """Return how many pages everything in progress fills."""
    return max(1, math.ceil(watched / PAGE_SIZE))
