"""Making a failing history short: whatever can be left out while it still fails is left out."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from tests.fault.history import CALM, Day, History
from tests.fault.play import Report, play

__all__ = ["shrunk"]

T = TypeVar("T")

MOST_PLAYS = 400
"""So many histories are tried at the most."""


def shrunk(
    report: Report, *, again: Callable[[History], Report] = play, most: int = MOST_PLAYS
) -> Report:
    """Return the shortest report that is found which breaks the same promise.

    Days, edits, faults, looks and kinds of weather go first, then single strikes of the weather.
    """
    promise = _promise(report)
    plays = 0
    better = True
    while better and plays < most:
        better = False
        for simpler in islice(_simpler(report), most - plays):
            plays += 1
            tried = again(simpler)
            if _promise(tried) == promise:
                report, better = tried, True
                break
    return report


def _promise(report: Report) -> str | None:
    """Return what was broken, without names and figures.

    Those change when a history is shortened.
    """
    if report.broken is None:
        return None
    words = report.broken.split()
    return " ".join(word for word in words if word.strip(".,:…").isalpha())[:40]


def _simpler(report: Report) -> Iterator[History]:
    """Return histories with one thing less, the largest things first."""
    history = report.history
    days = history.days
    for place in range(len(days)):
        if len(days) > 1:
            yield replace(history, days=_without(days, place))
    for place, day in enumerate(days):
        for other in _simpler_day(day):
            yield replace(history, days=(*days[:place], other, *days[place + 1 :]))
    shape = history.shape
    for number in reversed(range(shape.looks - 1)):
        key = f"look-{number:02d}"
        if key not in shape.without:
            yield replace(history, shape=replace(shape, without=shape.without | {key}))
    for place in range(len(history.armed)):
        yield replace(history, armed=_without(history.armed, place))
    if history.behaviour:
        yield replace(history, behaviour=())
    if history.balance is not None:
        yield replace(history, balance=None)
    if history.campaign_usd is not None:
        yield replace(history, campaign_usd=None)
    for strike in dict.fromkeys(report.strikes):
        if strike not in history.muted:
            yield replace(history, muted=history.muted | {strike})


def _simpler_day(day: Day) -> Iterator[Day]:
    if day.conditions != CALM:
        yield replace(day, conditions=CALM)
    for place in range(len(day.faults)):
        yield replace(day, faults=_without(day.faults, place))
    for place in range(len(day.edits)):
        yield replace(day, edits=_without(day.edits, place))
    if day.clock:
        yield replace(day, clock=0.0)
    if day.max_cost is not None:
        yield replace(day, max_cost=None)
    conditions = day.conditions
    for place in range(len(conditions.faults)):
        yield replace(
            day, conditions=replace(conditions, faults=_without(conditions.faults, place))
        )
    for place in range(len(conditions.network)):
        yield replace(
            day, conditions=replace(conditions, network=_without(conditions.network, place))
        )
    plain = replace(CALM, faults=conditions.faults, network=conditions.network)
    if conditions != plain:
        yield replace(day, conditions=plain)


def _without(values: tuple[T, ...], place: int) -> tuple[T, ...]:
    return values[:place] + values[place + 1 :]
