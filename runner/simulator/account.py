"""The account: everything that was made, uploaded, charged and counted.

Memory is authoritative; each change is also noted for the journal, and ``SimulatedAccount.commit``
writes the notes of one request as one line. Nothing happens by itself: ``advance`` brings the
account to a moment of the clock that is handed in.
"""

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from functools import cache
from heapq import heappop, heappush
from typing import Any, Final, get_args, get_type_hints

from runner.simulator.journal import Journal, JournalLine, StateError
from runner.simulator.records import (
    AVATAR_TYPES,
    AssetRow,
    ChargeRow,
    GroupRow,
    LookRow,
    StoredAnswer,
)
from runner.simulator.tables import NumberList

REPLAY_SECONDS = 24 * 3600
"""How long an idempotency key replays (the facts: within 24 hours)."""

Row = LookRow | GroupRow | AssetRow | ChargeRow | StoredAnswer
ROWS: Final[dict[str, type[Row]]] = {
    "group": GroupRow,
    "look": LookRow,
    "asset": AssetRow,
    "charge": ChargeRow,
    "answer": StoredAnswer,
}
NAMES = {cls: name for name, cls in ROWS.items()}
COLUMNS = {cls: tuple(field.name for field in fields(cls)) for cls in ROWS.values()}

LookFilter = tuple[str | None, bool | None, str | None]
"""Group id, whether public, avatar type; None where it does not matter."""


class SimulatedAccount:
    """One account, in memory, with an optional journal behind it."""

    def __init__(self, journal: Journal | None = None, *, refund_failed: bool = True) -> None:
        self.looks: dict[str, LookRow] = {}
        self.groups: dict[str, GroupRow] = {}
        self.assets: dict[str, AssetRow] = {}
        self.charges: dict[str, ChargeRow] = {}
        self.answers: dict[str, StoredAnswer] = {}
        self.counts: dict[str, dict[str, int]] = {}
        self.spent = 0
        self.in_progress: set[str] = set()
        self._tables: dict[type[Row], dict[str, Any]] = {
            LookRow: self.looks,
            GroupRow: self.groups,
            AssetRow: self.assets,
            ChargeRow: self.charges,
            StoredAnswer: self.answers,
        }
        self._by_seq: dict[int, str] = {}
        self._look_lists: dict[LookFilter, NumberList] = {}
        self._group_lists: dict[bool | None, NumberList] = {}
        self._due: list[tuple[float, int, str]] = []
        self._aging: deque[StoredAnswer] = deque()
        self._made: list[tuple[float, int]] = []
        self._fresh: list[str] = []
        self._refund_failed = refund_failed
        self._notes: list[JournalLine] = []
        self._journal: Journal | None = None
        if journal is not None:
            self._load(journal)

    # What the journal knows -----------------------------------------------------------------------

    def _load(self, journal: Journal) -> None:
        try:
            self._take_in(journal)
            journal.rewrite(self._entries())
        except (AttributeError, LookupError, TypeError, ValueError) as problem:
            raise StateError(f"{journal.path}: its rows make no sense: {problem}") from problem
        self._journal = journal

    def _take_in(self, journal: Journal) -> None:
        for entry in journal.read():
            match entry:
                case ["-", str(name), str(row_id)] if name in ROWS:
                    row = self._tables[ROWS[name]].get(row_id)
                    if row is not None:
                        self.drop(row)
                case ["+", str(counter), str(key), int(number)]:
                    self.counts.setdefault(counter, {})[key] = number
                case [str(name), dict(values)] if name in ROWS:
                    self.put(_revive(ROWS[name], values))
                case ["-", "webhook", _] | ["webhook", _]:
                    pass  # endpoints that nothing was ever sent to; older state files have some
                case _:
                    raise StateError(f"{journal.path}: cannot read {str(entry)[:80]}")

    def _entries(self) -> Iterator[JournalLine]:
        for cls, table in self._tables.items():
            rows = table.values()
            ordered = sorted(rows, key=lambda row: row.seq) if cls in (LookRow, GroupRow) else rows
            for row in ordered:
                yield [NAMES[cls], _plain(row)]
        for counter, numbers in self.counts.items():
            for key, number in numbers.items():
                yield ["+", counter, key, number]

    def commit(self) -> None:
        """Make what changed since the last call outlive this process."""
        if self._journal is not None and self._notes:
            self._journal.append(self._notes)
            self._notes = []

    def close(self) -> None:
        """Commit and release the state file."""
        self.commit()
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    # Changes --------------------------------------------------------------------------------------

    def put(self, row: Row) -> None:
        """Insert a row, or replace the one with the same id."""
        before = self._tables[type(row)].get(row.id)
        self._tables[type(row)][row.id] = row
        match row:
            case LookRow() if before is None:
                self._list_look(row)
            case GroupRow() if before is None:
                self._by_seq[row.seq] = row.id
                for key in (None, row.public):
                    self._group_lists.setdefault(key, NumberList()).add(row.seq)
            case StoredAnswer():
                self._aging.append(row)
            case ChargeRow():
                known = before.amount - before.refunded if before is not None else 0
                self.spent += row.amount - row.refunded - known
                if before is None:
                    self._fresh.append(row.id)
        if self._journal is not None:
            self._notes.append([NAMES[type(row)], _plain(row)])

    def drop(self, row: Row) -> None:
        """Remove a row."""
        del self._tables[type(row)][row.id]
        match row:
            case LookRow():
                self._unlist_look(row)
            case GroupRow():
                del self._by_seq[row.seq]
                for key in (None, row.public):
                    self._group_lists[key].discard(row.seq)
        if self._journal is not None:
            self._notes.append(["-", NAMES[type(row)], row.id])

    def count(self, counter: str, key: str, by: int = 1) -> int:
        """Add to a figure and return it."""
        numbers = self.counts.setdefault(counter, {})
        number = numbers[key] = numbers.get(key, 0) + by
        if self._journal is not None:
            self._notes.append(["+", counter, key, number])
        return number

    def counted(self, counter: str, key: str) -> int:
        """Return a figure, zero if it was never counted."""
        return self.counts.get(counter, {}).get(key, 0)

    def next_seq(self) -> int:
        """Return the next number in the order of making."""
        return self.count("last", "seq")

    def note_peak(self) -> None:
        """Remember the most generations that were ever in progress at once."""
        more = len(self.in_progress) - self.counted("peak", "in_progress")
        if more > 0:
            self.count("peak", "in_progress", more)

    def next_due(self) -> float:
        """When the next generation ends; minus infinity when none is in progress."""
        while self._due and self._due[0][2] not in self.in_progress:
            heappop(self._due)
        return self._due[0][0] if self._due else -math.inf

    def advance(self, now: float) -> None:
        """Process everything that is due at this moment, and drop expired stored answers."""
        while self._due and self._due[0][0] <= now:
            _, _, look_id = heappop(self._due)
            if look_id in self.in_progress:
                self.in_progress.discard(look_id)
                if self._refund_failed:
                    self._refund(self.looks[look_id])
        while self._aging and now - self._aging[0].at >= REPLAY_SECONDS:
            answer = self._aging.popleft()
            if self.answers.get(answer.id) is answer:
                self.drop(answer)

    def _refund(self, look: LookRow) -> None:
        charge = self.charges.get(look.id)
        if look.outcome != "completed" and charge and not charge.refunded:
            self.put(replace(charge, refunded=charge.amount))

    # Reading --------------------------------------------------------------------------------------

    def find_looks(
        self, chosen: LookFilter, before: int | None, limit: int
    ) -> tuple[list[LookRow], bool]:
        """Return one page of looks, newest first, and whether more follow."""
        group_id, public, avatar_type = chosen
        if group_id is not None:
            group = self.groups.get(group_id)
            if group is None or public not in (None, group.public):
                return [], False
            chosen = (group_id, None, avatar_type)
        listing = self._look_lists.get(chosen)
        if listing is None:
            return [], False
        seqs, more = listing.page(before, limit)
        return [self.looks[self._by_seq[seq]] for seq in seqs], more

    def find_groups(
        self, before: int | None, limit: int, *, public: bool | None
    ) -> tuple[list[GroupRow], bool]:
        """Return one page of groups, newest first, and whether more follow."""
        listing = self._group_lists.get(public)
        seqs, more = listing.page(before, limit) if listing else ([], False)
        return [self.groups[self._by_seq[seq]] for seq in seqs], more

    def newer_than(self, moment: float) -> int | None:
        """Return the number of the first look that was made after a moment; None where none was."""
        place = bisect_right(self._made, (moment, math.inf))
        return self._made[place][1] if place < len(self._made) else None

    def not_shown(self, moment: float) -> int:
        """Return what is spent by charges that were taken after a moment, in millionths."""
        self._fresh = [one for one in self._fresh if self.charges[one].at > moment]
        return sum(self.charges[one].amount - self.charges[one].refunded for one in self._fresh)

    def looks_of(self, group_id: str) -> list[LookRow]:
        """Return every look of a group, oldest first."""
        listing = self._look_lists.get((group_id, None, None))
        return [self.looks[self._by_seq[seq]] for seq in listing.all()] if listing else []

    def cover(self, group_id: str) -> tuple[LookRow | None, int]:
        """Return the look that stands for a group, and how many looks there are."""
        listing = self._look_lists.get((group_id, None, None))
        seq = listing.oldest() if listing else None
        if listing is None or seq is None:
            return None, 0
        return self.looks[self._by_seq[seq]], len(listing)

    # Bookkeeping ----------------------------------------------------------------------------------

    def _list_look(self, look: LookRow) -> None:
        self._by_seq[look.seq] = look.id
        for key in _filters(look):
            self._look_lists.setdefault(key, NumberList()).add(look.seq)
        if not look.public:
            self._made.append((look.made_at, look.seq))
            heappush(self._due, (look.ready_at, look.seq, look.id))
            self.in_progress.add(look.id)

    def _unlist_look(self, look: LookRow) -> None:
        del self._by_seq[look.seq]
        self.in_progress.discard(look.id)
        for key in _filters(look):
            listing = self._look_lists[key]
            listing.discard(look.seq)
            if not len(listing):
                del self._look_lists[key]


def _filters(look: LookRow) -> list[LookFilter]:
    kind = AVATAR_TYPES[look.kind]
    return [
        (None, None, None),
        (None, look.public, None),
        (None, None, kind),
        (None, look.public, kind),
        (look.group_id, None, None),
        (look.group_id, None, kind),
    ]


def _plain(row: Row) -> dict[str, object]:
    return {name: getattr(row, name) for name in COLUMNS[type(row)]}


@cache
def _accepted(cls: Callable[..., Row]) -> dict[str, tuple[object, ...]]:
    """Return the types, or the very texts, that each column of a row may have."""
    accepted: dict[str, tuple[object, ...]] = {}
    for name, kind in get_type_hints(cls).items():
        kinds = get_args(kind) or (kind,)
        accepted[name] = (*kinds, int) if float in kinds else kinds
    return accepted


def _fits(value: object, accepted: tuple[object, ...]) -> bool:
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return type(value) in accepted or (isinstance(value, str) and value in accepted)


def _revive(cls: Callable[..., Row], values: dict[str, object]) -> Row:
    wanted = _accepted(cls)
    for name, value in values.items():
        if name in wanted and not _fits(value, wanted[name]):
            raise StateError(f"the state file holds a row whose {name} is {str(value)[:40]!r}")
    try:
        return cls(**values)
    except TypeError as problem:
        raise StateError(f"the state file holds an unknown row: {problem}") from problem
