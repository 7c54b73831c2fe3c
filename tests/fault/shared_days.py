"""The same days on a ledger that machines share, and what happens to that besides."""

from dataclasses import replace
from decimal import Decimal
from random import Random

from tests.fault.history import Command, Day, EditKind, Elsewhere, Fault, FaultKind, History

__all__ = ["draw_shared", "play_shared"]

FROM = 1_000_000
"""From this seed on every second seed's ledger lives in a database; all before keep their days."""

OF_FILES = frozenset({EditKind.LOSE_LEDGER, EditKind.DAMAGE_LEDGER, EditKind.RENAME_MANIFEST})
"""What people do to a ledger's file, or what it means there alone."""

OF_ALL = frozenset({EditKind.KEEP_COPY, EditKind.RESTORE_LEDGER, EditKind.RESTORE_RESULTS})
"""What is done to all campaigns of a database at once."""

OF_DISKS = frozenset({FaultKind.DISK_FULL, FaultKind.SLOW_DISK})

ELSE = {Command.REBUILD: Command.FETCH, Command.NEW_LEDGER: Command.RUN}
"""What people do instead of what is refused there, or means nothing."""

POINTS = ("statement", "before-commit", "after-commit", "after-commit")


def draw_shared(history: History) -> History:
    """Return the history on a shared ledger, where its seed is one of those."""
    shared = history.seed >= FROM and history.seed % 2 == 0
    return play_shared(history) if shared else history


def play_shared(history: History) -> History:
    """Return the same history on a ledger that lives in a database."""
    rng = Random(f"shared/{history.seed}")
    exact = not any(how.startswith("ignore-keys") for how in history.behaviour)
    listed = not any("price" in how for how in history.behaviour)
    priced = any(day.command is Command.PRICED for day in history.days)
    history = _share_account(history) if exact else history
    days = tuple(_share(rng, day, history, exact=exact) for day in history.days)
    limited = exact and listed and not priced and rng.random() < 0.25
    usd = Decimal(rng.randint(1, 2 * history.shape.looks)) if limited else None
    return replace(history, days=days, shared=True, month_usd=usd)


def _share_account(history: History) -> History:
    """Return the history with another campaign that runs at the same time, in one of four seeds."""
    rng = Random(f"beside/{history.seed}")
    where = history.elsewhere
    if where in (Elsewhere.CHECKOUT, Elsewhere.BARE) or rng.random() < 0.7:
        return history
    days = []
    for day in history.days:
        turn = int(10 ** rng.uniform(1, 2.5))
        faults = (*day.faults, Fault(FaultKind.BESIDE, turn)) if rng.random() < 0.6 else day.faults
        days.append(replace(day, faults=faults))
    return replace(history, days=tuple(days), elsewhere=where or Elsewhere.SUMMER)


def _share(rng: Random, day: Day, history: History, *, exact: bool) -> Day:
    unfit = OF_FILES if history.elsewhere is None else OF_FILES | OF_ALL
    edits = tuple(edit for edit in day.edits if edit.kind not in unfit)
    faults = [fault for fault in day.faults if fault.kind not in OF_DISKS]
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
        faults.append(_draw_fault(rng, exact=exact))
    if any(fault.kind is FaultKind.BESIDE for fault in faults):  # its loop would stand still too
        faults = [fault for fault in faults if fault.kind is not FaultKind.STOPPED]
    command = ELSE.get(day.command, day.command)
    return replace(day, edits=edits, faults=tuple(faults), command=command)


def _draw_fault(rng: Random, *, exact: bool) -> Fault:
    turn = int(10 ** rng.uniform(1, 3.2))
    kind = rng.choice((FaultKind.DATABASE_LOST,) * 3 + (FaultKind.DATABASE_AWAY, FaultKind.STOPPED))
    if kind is FaultKind.STOPPED and exact:
        return Fault(kind, turn, amount=rng.choice((1.0, 6.0, 30.0, 400.0)))
    if kind is FaultKind.DATABASE_AWAY:
        return Fault(kind, turn, amount=rng.choice((2.0, 15.0, 45.0, 90.0, 300.0)))
    at = int(10 ** rng.uniform(0, 1.7))
    point = rng.choice(POINTS)
    return Fault(FaultKind.DATABASE_LOST, at * (8 if point == "statement" else 1), point)
