"""What was paid, as the page shows it: every charge with its reason, and sums. Pure.

Rows and words are those of ``lookbook money``; the sums by axis are the page's own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter

from runner.catalog import words
from runner.quantities import format_usd
from runner.results.model import LookEntry, Results, TakeEntry
from runner.words import BILLING_WORDS

MAX_ROWS = 500
"""Charges that the page lists; ``lookbook money`` has all of them."""

_TWICE = "made twice"
_UNKNOWN = "unknown"
"""A day, and a month, that nobody wrote down."""


@dataclass(frozen=True, slots=True)
class MoneyRow:
    """One charge. ``index`` is the look's place in the catalog; None where it is in none."""

    day: str
    index: int | None
    label: str
    cause: str
    reason: str
    usd: Decimal
    billing: str
    axes: Mapping[str, str]

    @property
    def amount(self) -> str:
        """The charge in words."""
        return format_usd(self.usd)

    @property
    def month(self) -> str:
        """Its month in UTC."""
        return self.day[:7]


@dataclass(frozen=True, slots=True)
class MoneySum:
    """What one month, value or reason cost together; ``share`` is of the largest of its kind."""

    label: str
    count: int
    amount: str
    share: float


@dataclass(frozen=True, slots=True)
class MoneyView:
    """Charges with their sums; ``rows`` are the newest, ``count`` is how many there are."""

    total: str
    count: int
    rows: tuple[MoneyRow, ...]
    sums: tuple[tuple[str, tuple[MoneySum, ...]], ...]


def build_money(results: Results, axes: Iterable[str]) -> MoneyView | None:
    """Return every charge of a results document, and sums by month, axis and reason.

    None where nothing was charged. ``axes`` are those of the campaign's matrices.
    """
    rows = list(_rows(results))
    if not rows:
        return None
    rows.sort(key=lambda row: row.day, reverse=True)
    months = sorted(_group(rows, attrgetter("month")), key=attrgetter("label"), reverse=True)
    sums = [("Month", tuple(months))]
    sums += [(axis, _group(rows, _on(axis))) for axis in axes]
    sums.append(("Reason", _group(rows, attrgetter("cause"))))
    return MoneyView(
        format_usd(sum((row.usd for row in rows), Decimal(0))),
        len(rows),
        tuple(rows[:MAX_ROWS]),
        tuple((heading, found) for heading, found in sums if found),
    )


def _rows(results: Results) -> Iterable[MoneyRow]:
    entries: Sequence[LookEntry] = [*results["looks"], *results["orphans"]]
    for index, look in enumerate(entries):
        for take in look["takes"]:
            if "charge" in take:
                yield _row(index, look, take)
    for doubled in results.get("doubled", ()):
        yield MoneyRow(
            _UNKNOWN,
            None,
            words.strip_controls(doubled["take"]),
            _TWICE,
            _TWICE,
            Decimal(str(doubled["usd"])),
            BILLING_WORDS["assumed_billed"][0],
            {},
        )


def _row(index: int, look: LookEntry, take: TakeEntry) -> MoneyRow:
    day = words.strip_controls(take["sent_at"] or _UNKNOWN)[:10]
    axes = {words.strip_controls(k): words.strip_controls(v) for k, v in look["axes"].items()}
    charge = take["charge"]
    return MoneyRow(
        day,
        index,
        f"{words.strip_controls(look['look'])}#{take['take']}",
        words.strip_controls(charge["cause"]),
        words.strip_controls(charge["reason"]),
        Decimal(str(take["price_usd"])),
        BILLING_WORDS[take["billing"]][0],
        axes,
    )


def _on(axis: str) -> Callable[[MoneyRow], str]:
    """Return what tells a row's value on an axis; nothing where the look has none."""
    return lambda row: words.human_label(row.axes.get(axis, ""))


def _group(rows: Iterable[MoneyRow], key: Callable[[MoneyRow], str]) -> tuple[MoneySum, ...]:
    """Sum rows by what a key says of them; rows of which it says nothing are left out."""
    sums: dict[str, tuple[int, Decimal]] = {}
    for row in rows:
        label = key(row)
        if label:
            count, usd = sums.get(label, (0, Decimal(0)))
            sums[label] = count + 1, usd + row.usd
    most = max((usd for _, usd in sums.values()), default=Decimal(0)) or Decimal(1)
    return tuple(
        MoneySum(label, count, format_usd(usd), float(usd / most))
        for label, (count, usd) in sorted(sums.items(), key=lambda item: (-item[1][1], item[0]))
    )
