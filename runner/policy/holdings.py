"""What the takes of a ledger hold, kept up to date as they change: no purchase walks them all."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from runner.model import LookKind
from runner.takes import COUNTING, Take


class Holding(NamedTuple):
    """What takes have in common that hold money. ``price`` is in USD."""

    run: str | None
    kind: LookKind
    price: Decimal


class Holdings:
    """How many takes hold what. There are as many entries as runs, kinds and prices."""

    def __init__(self, takes: Iterable[Take] = ()) -> None:
        self._counts: Counter[Holding] = Counter()
        for take in takes:
            self.change(None, take)

    def change(self, before: Take | None, after: Take | None) -> None:
        """Count a take as it is now in place of what it was."""
        for take, sign in ((before, -1), (after, 1)):
            if take is not None and take.billing in COUNTING:
                holding = Holding(take.run, take.kind, take.price)
                self._counts[holding] += sign
                if not self._counts[holding]:
                    del self._counts[holding]

    def sum_held(self, counts: Callable[[Holding], bool]) -> Decimal:
        """Return what the takes hold together that are meant, in USD."""
        found = (one.price * count for one, count in self._counts.items() if counts(one))
        return sum(found, Decimal(0))

    def sum_surcharges(
        self, counts_at: Mapping[LookKind, Decimal], counts: Callable[[Holding], bool]
    ) -> Decimal:
        """Return what they count on top of that, where ``counts_at`` is higher; in USD."""
        found = (
            (counts_at.get(one.kind, one.price) - one.price) * count
            for one, count in self._counts.items()
            if counts(one)
        )
        return sum((more for more in found if more > 0), Decimal(0))
