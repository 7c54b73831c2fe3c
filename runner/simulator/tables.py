"""Sorted listings that page in logarithmic time, however many rows they hold."""

from bisect import bisect_left


class NumberList:
    """Sequence numbers in order; rows are read newest first, from a cursor downwards."""

    __slots__ = ("_seqs",)

    def __init__(self) -> None:
        self._seqs: list[int] = []

    def __len__(self) -> int:
        return len(self._seqs)

    def add(self, seq: int) -> None:
        """Append a number, which is larger than every one before it."""
        self._seqs.append(seq)

    def discard(self, seq: int) -> None:
        """Remove a number."""
        place = bisect_left(self._seqs, seq)
        if place < len(self._seqs) and self._seqs[place] == seq:
            del self._seqs[place]

    def oldest(self) -> int | None:
        """Return the first number still listed."""
        return self._seqs[0] if self._seqs else None

    def page(self, before: int | None, limit: int) -> tuple[list[int], bool]:
        """Return up to ``limit`` numbers below ``before``, descending, and whether more follow."""
        end = len(self._seqs) if before is None else bisect_left(self._seqs, before)
        start = max(0, end - limit)
        return self._seqs[start:end][::-1], start > 0

    def all(self) -> list[int]:
        """Every number, oldest first."""
        return list(self._seqs)
