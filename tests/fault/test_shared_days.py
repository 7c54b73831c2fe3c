"""Bad days on a ledger that machines share: the promises are the same."""

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

pytest.importorskip("psycopg")

from tests.fault import shared_mutations
from tests.fault.coverage import ENOUGH, MANY, list_unexercised
from tests.fault.generate import generate
from tests.fault.history import (
    CALM,
    Conditions,
    Day,
    Edit,
    EditKind,
    Elsewhere,
    Fault,
    FaultKind,
    History,
    Shape,
)
from tests.fault.play import Report, play
from tests.fault.shared_days import FROM
from tests.fault.shared_mutations import SHARED_MUTATIONS

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::RuntimeWarning")]

Mutation = Callable[[pytest.MonkeyPatch], None]

ADDED = (Edit(EditKind.ADD, 0),)

SLOW = Conditions(latency="fixed:300")

TOGETHER = Day(faults=(Fault(FaultKind.BESIDE, 30),), conditions=SLOW, concurrency=3)
"""Two campaigns of one account at the same time."""


def shared(*days: Day, looks: int = 6, **more: Any) -> History:
    return History(7, Shape(2, looks), days, shared=True, **more)


def survives(history: History) -> Report:
    report = play(history)
    assert report.broken is None, "\n".join(report.log[-30:])
    return report


def lost(point: str, *numbers: int) -> tuple[Fault, ...]:
    return tuple(Fault(FaultKind.DATABASE_LOST, number, point) for number in numbers)


def stopped(turn: int, seconds: float) -> tuple[Fault, ...]:
    return (Fault(FaultKind.STOPPED, turn, amount=seconds),)


def away(turn: int, seconds: float) -> tuple[Fault, ...]:
    return (Fault(FaultKind.DATABASE_AWAY, turn, amount=seconds),)


def test_no_promise_is_broken_on_a_day_with_a_shared_ledger() -> None:
    report = play(generate(6, shared=True))
    assert report.broken is None, f"{report.broken}: make fault SEED=6 SEEDS=1 SHARED=1"


@pytest.mark.long
def test_every_kind_of_trouble_happens_on_shared_days() -> None:
    seen: Counter[str] = Counter()
    broken = {}
    for seed in range(MANY):
        if seed >= ENOUGH and not list_unexercised(seen, seeds=ENOUGH, shared=True):
            break
        report = play(generate(seed, shared=True))
        seen += report.seen
        if report.broken is not None:
            broken[seed] = report.broken
    assert not broken
    assert list_unexercised(seen, seeds=ENOUGH, shared=True) == []


def test_seeds_before_the_first_shared_one_keep_their_days() -> None:
    assert not any(generate(seed).shared for seed in (0, 1, 2, 311, 700_021, FROM - 2, FROM + 1))
    assert generate(FROM).shared


def test_one_seed_is_one_history_on_a_shared_ledger_too() -> None:
    history = shared(Day(faults=lost("after-commit", 4) + stopped(60, 30.0)), looks=3)
    first, second = play(history), play(history)
    assert first.log == second.log
    assert first.books == second.books


def test_commits_whose_connection_is_lost_are_made_once() -> None:
    for point, apart in (("statement", 29), ("before-commit", 3), ("after-commit", 3)):
        faults = lost(point, *(number * apart for number in range(1, 6)))
        report = survives(shared(Day(faults=faults), looks=4))
        assert report.seen[f"database lost {point}"] > 2


def test_a_process_that_was_stopped_for_long_is_fenced() -> None:
    report = survives(shared(Day(faults=stopped(60, 30.0))))
    assert report.seen["a process fenced"]


def test_a_colleague_is_refused_while_a_process_counts_as_alive() -> None:
    report = survives(shared(Day(), Day(edits=ADDED, faults=stopped(60, 1.0))))
    assert report.seen["a colleague ends LedgerClaimed"]
    assert report.seen["a decision that waits"]
    assert not report.seen["a process fenced"]


def test_what_a_killed_process_held_is_refused_for_four_seconds() -> None:
    killed = (Fault(FaultKind.KILL_COMMIT, 2, "accepted:after-commit"),)
    report = survives(shared(Day(faults=killed), Day(wait=1.0)))
    assert report.seen["ends LedgerClaimed"]


def test_two_campaigns_at_the_same_time_keep_to_one_limit() -> None:
    report = survives(shared(TOGETHER, looks=3, elsewhere=Elsewhere.SUMMER))
    assert report.seen["injected beside"]


@pytest.mark.parametrize(("seconds", "ends"), [(20.0, 0), (90.0, 1)])
def test_a_database_that_is_away_is_waited_for_within_a_minute(seconds: float, ends: int) -> None:
    report = survives(shared(Day(conditions=CALM, faults=away(60, seconds))))
    assert report.seen["ends StorageError"] == ends


def test_an_older_backup_of_the_database_loses_nothing_that_results_name() -> None:
    copied = Day(edits=(Edit(EditKind.KEEP_COPY, 0), Edit(EditKind.ADD, 0)))
    report = survives(shared(Day(), copied, Day(edits=(Edit(EditKind.RESTORE_LEDGER, 0),))))
    assert report.seen["edit restore-ledger"]


def test_a_lost_folder_loses_no_ledger() -> None:
    report = survives(shared(Day(), Day(edits=(Edit(EditKind.LOSE_FOLDER, 0),)), looks=3))
    assert report.seen["edit lose-folder"]


def some_shared_days(mutation: Mutation) -> Iterator[History]:
    """Yield days on which a mutation ought to be noticed, the likeliest first."""
    name = mutation.__name__
    for number in range(8):
        if name == "write_although_fenced":
            yield shared(Day(faults=stopped(74 + 12 * number, 30.0), conditions=SLOW))
        elif name == "ignore_the_month":
            yield shared(Day(), month_usd=Decimal(2))
        elif name == "grant_every_place":
            yield shared(TOGETHER, looks=3 + number, elsewhere=Elsewhere.SUMMER)
        else:
            point = "after-commit" if name == "repeat_whatever_was_lost" else "before-commit"
            yield shared(Day(faults=lost(point, 5 + number, 9 + number)))


QUICK = ("write_although_fenced", "ignore_the_month")
"""What is broken in every run of the suite; the others are in a long one."""


def listed() -> Iterator[object]:
    for mutation in SHARED_MUTATIONS:
        name = mutation.__name__
        yield pytest.param(mutation, marks=[pytest.mark.long] * (name not in QUICK), id=name)


@pytest.mark.parametrize("mutation", list(listed()))
def test_the_judge_catches_on_shared_days(
    mutation: Mutation, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutation(monkeypatch)
    for history in some_shared_days(mutation):
        broken = play(history).broken
        if broken is not None:
            assert SHARED_MUTATIONS[mutation] in broken
            return
    pytest.fail("nobody noticed")


@pytest.mark.long
def test_the_unbroken_protocol_survives_the_same_shared_days() -> None:
    for mutation in SHARED_MUTATIONS:
        survives(next(some_shared_days(mutation)))


def test_every_shared_mutation_is_in_the_list() -> None:
    named = {one.__name__ for one in SHARED_MUTATIONS}
    made = {
        name
        for name, value in vars(shared_mutations).items()
        if callable(value) and getattr(value, "__module__", "") == shared_mutations.__name__
    }
    assert {name for name in made if not name.startswith("_")} == named
