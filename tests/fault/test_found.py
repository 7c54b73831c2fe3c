"""Bugs that bad days have found: each of these histories is of the kind that broke a promise."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.fault.generate import generate
from tests.fault.history import (
    CALM,
    Command,
    Conditions,
    Day,
    Edit,
    EditKind,
    Fault,
    FaultKind,
    History,
    Shape,
)
from tests.fault.play import Report, play

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

KILLED_AT_THE_ANSWER = Fault(FaultKind.KILL_ANSWER, 1)


def draws(count: int) -> list[Any]:
    """Return so many draws of one history: two in every run of the suite, all in a long one."""
    return [pytest.param(draw, marks=pytest.mark.long if draw > 1 else ()) for draw in range(count)]


def turns(*numbers: int) -> list[Any]:
    """Return turns of a run: every third in every run of the suite, all in a long one."""
    return [
        pytest.param(turn, marks=pytest.mark.long if index % 3 else ())
        for index, turn in enumerate(numbers)
    ]


def survives(
    *days: Day,
    looks: int = 1,
    draw: int = 2,
    balance: Decimal | None = None,
    refunds: bool = True,
    behaviour: tuple[str, ...] = (),
    faces: bool = False,
) -> Report:
    history = History(
        seed=7,
        shape=Shape(draw, looks),
        days=days,
        balance=balance,
        refund_failed=refunds,
        behaviour=behaviour,
        faces=faces,
    )
    report = play(history)
    assert report.broken is None, "\n".join(report.log[-30:])
    return report


def test_a_clock_that_was_ahead_and_is_put_right_does_not_lengthen_a_key() -> None:
    survives(
        Day(clock=36_000.0, faults=(KILLED_AT_THE_ANSWER,)), Day(wait=90_000.0, clock=-36_000.0)
    )


def test_a_clock_that_stood_still_does_not_lengthen_a_key() -> None:
    survives(Day(faults=(KILLED_AT_THE_ANSWER,)), Day(wait=100_000.0, clock=-80_000.0))


@pytest.mark.parametrize("turn", turns(*range(60, 200, 20)))
def test_a_clock_that_is_set_back_does_not_stop_the_polls(turn: int) -> None:
    survives(Day(faults=(Fault(FaultKind.CLOCK, turn, amount=-100_000.0),)), looks=4)


@pytest.mark.parametrize("draw", draws(6))
def test_a_run_whose_wallet_runs_dry_with_requests_under_way_ends(draw: int) -> None:
    slow = Conditions(network=(("slow-answer", 0.3),))
    survives(Day(conditions=slow), looks=8, draw=draw, balance=Decimal(3))


@pytest.mark.parametrize("turn", turns(*range(20, 180, 20)))
def test_an_interrupted_run_with_requests_under_way_ends(turn: int) -> None:
    slow = Conditions(network=(("slow-answer", 0.5),), latency="fixed:20")
    survives(Day(conditions=slow, faults=(Fault(FaultKind.INTERRUPT, turn),)), looks=6)


@pytest.mark.parametrize("draw", draws(6))
def test_looks_of_a_second_day_are_not_asked_after_a_day_later(draw: int) -> None:
    killed = Fault(FaultKind.KILL_COMMIT, 1, "accepted:after-commit")
    survives(Day(faults=(killed,)), Day(wait=80_000.0), looks=8, draw=draw)


@pytest.mark.parametrize("draw", draws(8))
def test_the_picture_of_a_renamed_key_is_not_written_over(draw: int) -> None:
    rename = Day(edits=tuple(Edit(EditKind.KEY, draw + n) for n in range(3)))
    add = Day(edits=tuple(Edit(EditKind.ADD, draw + n) for n in range(6)))
    survives(Day(), rename, add, Day(command=Command.FETCH), looks=4, draw=draw)


@pytest.mark.parametrize("draw", draws(8))
def test_a_failure_that_was_billed_on_another_day_is_not_called_refunded(draw: int) -> None:
    failing = Conditions(faults=(("fail-generation", 0.7),), latency="fixed:20")
    killed = Fault(FaultKind.KILL_ANSWER, 2)
    survives(Day(conditions=failing, faults=(killed,)), Day(), looks=5, draw=draw, refunds=False)


@pytest.mark.parametrize("draw", draws(8))
def test_a_search_does_not_adopt_what_another_take_bought_meanwhile(draw: int) -> None:
    faults = (("truncate", 0.3), ("drop-request", 0.2))
    poor = Conditions(faults=faults, network=(("refuse", 0.2), ("vanish", 0.1)))
    jump = Fault(FaultKind.CLOCK, 40 + 20 * draw, amount=-36_000.0)
    survives(Day(conditions=poor, faults=(jump,)), Day(conditions=poor), looks=6, draw=draw)


@pytest.mark.parametrize("draw", draws(6))
def test_a_stored_refusal_of_an_empty_wallet_does_not_stop_the_others(draw: int) -> None:
    stored = replace(CALM, store_refusals=True, network=(("reset", 0.5),))
    survives(Day(conditions=stored), looks=8, draw=draw, balance=Decimal(2))


@pytest.mark.parametrize("draw", draws(10))
def test_a_reroll_that_fails_in_a_later_run_is_not_bought_again(draw: int) -> None:
    failing = Conditions(faults=(("fail-generation", 0.9),), latency="fixed:20")
    killed = Fault(FaultKind.KILL_COMMIT, 1, "accepted:after-commit")
    reroll = Day(command=Command.REROLL, conditions=failing, faults=(killed,))
    survives(Day(), reroll, Day(), looks=6, draw=draw)


def test_a_first_run_on_a_full_disk_leaves_nothing_that_stops_the_next() -> None:
    full = Fault(FaultKind.DISK_FULL, 1, "before-commit")
    survives(Day(faults=(full,)), Day(), Day(), looks=2)


@pytest.mark.parametrize("draw", draws(4))
def test_a_rebuild_finds_all_takes_of_a_look_that_results_do_not_know(draw: int) -> None:
    unsaid = Fault(FaultKind.KILL_COMMIT, 1, "results:before-write")
    more = tuple(Edit(EditKind.TAKES, draw + n) for n in range(3))
    lost = Edit(EditKind.LOSE_LEDGER, draw)
    survives(
        Day(),
        Day(edits=more, faults=(unsaid,)),
        Day(edits=(lost,), command=Command.REBUILD),
        Day(),
        looks=3,
        draw=draw,
    )


@pytest.mark.parametrize("draw", [573_698, 573_699, 573_700])
def test_a_rebuild_gives_a_new_look_under_an_old_key_no_picture_of_the_old_one(draw: int) -> None:
    killed = Fault(FaultKind.KILL_COMMIT, 2, "accepted:after-commit")
    added = (Edit(EditKind.ADD, 60_856), Edit(EditKind.ADD, 262_573))
    damaged = Edit(EditKind.DAMAGE_LEDGER, 670_048)
    survives(
        Day(),
        Day(edits=(Edit(EditKind.KEY, draw),)),
        Day(edits=added, faults=(killed,)),
        Day(edits=(damaged,), command=Command.REBUILD),
        looks=2,
        draw=draw,
    )


@pytest.mark.parametrize("draw", draws(4))
def test_a_rebuild_takes_a_failure_beside_its_retry_for_what_it_is(draw: int) -> None:
    unsaid = Fault(FaultKind.KILL_COMMIT, 1, "results:before-write")
    failing = Conditions(faults=(("fail-generation", 0.4),), latency="fixed:20")
    added = tuple(Edit(EditKind.ADD, draw + n) for n in range(4))
    lost = Edit(EditKind.LOSE_LEDGER, draw)
    survives(
        Day(),
        Day(edits=added, conditions=failing, faults=(unsaid,)),
        Day(edits=(lost,), command=Command.REBUILD),
        Day(),
        looks=3,
        draw=draw,
        refunds=False,
    )


OVERTAKEN = (Edit(EditKind.KEEP_COPY, 0), Edit(EditKind.ADD, 1), Edit(EditKind.ADD, 2))
PUT_BACK = (Edit(EditKind.RESTORE_LEDGER, 0),)


@pytest.mark.parametrize("command", [Command.FETCH, Command.PRUNE, Command.RECORD, Command.PICK])
def test_no_command_writes_over_results_that_know_more_than_a_ledger_put_back(
    command: Command,
) -> None:
    survives(Day(), Day(edits=OVERTAKEN), Day(edits=PUT_BACK, command=command), Day(), looks=3)


@pytest.mark.parametrize("draw", draws(3))
def test_a_send_of_unknown_outcome_is_held_by_a_ledger_put_back(draw: int) -> None:
    lossy = Conditions(network=(("reset", 0.9),), latency="fixed:20")
    leaving = (Fault(FaultKind.INTERRUPT, 60), Fault(FaultKind.INTERRUPT, 61))
    overtaken = Day(edits=OVERTAKEN, conditions=lossy, faults=leaving)
    survives(Day(), overtaken, Day(edits=PUT_BACK), Day(), looks=3, draw=draw)


def test_a_ledger_with_takes_is_not_begun_anew_beside_results_that_know_more() -> None:
    survives(Day(), Day(edits=OVERTAKEN), Day(edits=PUT_BACK, command=Command.NEW_LEDGER), looks=3)


@pytest.mark.parametrize("draw", draws(6))
def test_what_a_person_called_unbought_does_not_come_back_from_the_results(draw: int) -> None:
    killed = Fault(FaultKind.KILL_SEND, 1)
    interrupt = Fault(FaultKind.INTERRUPT, 15)
    absolved = Fault(FaultKind.KILL_COMMIT, 1, "absolved:after-commit")
    survives(
        Day(faults=(killed,)),
        Day(faults=(interrupt,)),
        Day(wait=200_000.0),
        Day(command=Command.RECONCILE, faults=(absolved,)),
        Day(),
        looks=1,
        draw=draw,
    )


@pytest.mark.parametrize("draw", draws(3))
def test_a_killed_run_with_a_ledger_begun_anew_confuses_no_pictures(draw: int) -> None:
    lost = Edit(EditKind.LOSE_LEDGER, draw)
    unsaid = Fault(FaultKind.KILL_COMMIT, 1, "results:before-write")
    survives(
        Day(),
        Day(edits=(lost,), command=Command.NEW_LEDGER, faults=(unsaid,)),
        Day(),
        looks=3,
        draw=draw,
    )


@pytest.mark.parametrize("draw", [0, 3, 6])
def test_a_clock_that_is_ahead_does_not_let_a_found_look_go_before_its_time(draw: int) -> None:
    resets = Conditions(network=(("reset", 0.05),))
    survives(Day(clock=100_000.0, conditions=resets, concurrency=1), looks=8, draw=draw)


def test_a_rebuild_that_finds_nothing_is_no_ledger_to_buy_everything_again_with() -> None:
    renamed = (Edit(EditKind.RENAME_MANIFEST, 0),)
    survives(Day(), Day(edits=renamed, command=Command.REBUILD), Day(), looks=3)


def test_a_price_that_a_person_says_is_above_what_the_wallet_showed() -> None:
    priced = Day(edits=(Edit(EditKind.ADD, 1),), command=Command.PRICED)
    survives(Day(), priced, looks=2, draw=0, behaviour=("prompt-price=4",))


@pytest.mark.parametrize("draw", draws(3))
def test_what_took_too_long_twice_is_decided_by_a_person(draw: int) -> None:
    slow = Conditions(faults=(("gateway-504", 0.5),), latency="fixed:20")
    unlisted = ("lists-lag=100000",)
    report = survives(Day(conditions=slow), looks=6, draw=draw, behaviour=unlisted)
    assert report.seen["ends exit 6"]


def test_faces_of_looks_that_are_taken_over_after_a_lost_folder_are_measured() -> None:
    lost = Day(edits=(Edit(EditKind.LOSE_FOLDER, 0),), command=Command.ADOPT)
    survives(Day(), lost, Day(command=Command.REBUILD), looks=5, faces=True)


@pytest.mark.long
@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(1_000_129, id="a person names what a lost folder left over"),
        pytest.param(1_005_097, id="a list that no try reads, of a group of the campaign's own"),
        pytest.param(1_005_135, id="a stored refusal of a reference that was too young"),
        pytest.param(1_005_162, id="a picture painted over where the folder was lost"),
        pytest.param(1_005_253, id="a request that arrives when the folder is lost"),
        pytest.param(1_005_308, id="a colleague who buys while a refresh is stopped"),
        pytest.param(1_200_028, id="a folder lost beside a database that was put back"),
        pytest.param(1_210_541, id="a look made twice that another take of its body adopted"),
        pytest.param(1_211_045, id="a look made twice whose take failed, was deleted and rebuilt"),
    ],
)
def test_a_seed_that_the_judge_or_a_player_got_wrong_holds(seed: int) -> None:
    pytest.importorskip("psycopg")
    report = play(generate(seed))
    assert report.broken is None, "\n".join(report.log[-30:])
