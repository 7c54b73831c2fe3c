"""The time left: what looks have taken so far, played on what remains."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.model import LookKind
from runner.policy.eta import estimate_remaining, estimate_run, measure_durations
from runner.policy.ready_queue import Job, Priority
from runner.takes import Take


def job(look: str, *needs: str, chain: int = 1) -> Job:
    return Job(look, Priority.SEND, needs=needs, chain=chain)


def take(accepted: float | None, completed: float | None) -> Take:
    made = Take("uid", "a", 1, LookKind.PROMPT, "i", "{}", "name")
    return replace(made, accepted_at=accepted, completed_at=completed)


def test_nothing_left_is_no_time() -> None:
    assert estimate_run([], [], ["base"], [], slots=10) == 0


def test_before_a_look_was_ever_completed_it_is_unknown() -> None:
    assert estimate_run([job("a")], [], [], [], slots=10) is None
    assert estimate_run([], [("a", 30.0)], [], [], slots=10) is None


def test_independent_looks_share_the_slots() -> None:
    jobs = [job(f"look-{i}") for i in range(12)]
    assert estimate_run(jobs, [], [], [60.0], slots=4) == 180
    assert estimate_run(jobs, [], [], [60.0], slots=12) == 60
    assert estimate_run(jobs, [], [], [60.0], slots=11) == 120  # one is left for a second round


def test_a_chain_takes_its_looks_one_after_another() -> None:
    jobs = [job("c", "b"), job("b", "a", chain=2), job("a", chain=3)]
    assert estimate_run(jobs, [], [], [60.0], slots=10) == 180


def test_the_longest_chain_goes_first() -> None:
    chain = [job("a", chain=3), job("b", "a", chain=2), job("c", "b")]
    others = [job(f"look-{i}") for i in range(3)]
    assert estimate_run([*others, *chain], [], [], [10.0], slots=2) == 30


def test_what_is_in_progress_holds_a_slot_for_the_rest_of_its_time() -> None:
    assert estimate_run([], [("a", 40.0)], [], [60.0], slots=10) == 20
    assert estimate_run([job("b")], [("a", 40.0)], [], [60.0], slots=1) == 80
    assert estimate_run([job("b", "a")], [("a", 40.0)], [], [60.0], slots=10) == 80


def test_a_look_counts_as_the_middle_of_what_looks_have_taken() -> None:
    assert estimate_run([job("a")], [], [], [10.0, 50.0, 400.0], slots=1) == 50


def test_a_look_that_waits_for_one_that_never_comes_takes_no_time() -> None:
    assert estimate_run([job("b", "lost")], [], [], [60.0], slots=1) == 0


def test_what_outlasts_the_first_to_be_completed_makes_the_rest_slower() -> None:
    going = [(f"look-{i}", 100.0) for i in range(3)]
    fast = estimate_run([job("a")], [], [], [20.0], slots=4)
    assert fast == 20
    assert estimate_run([job("a")], going, [], [20.0], slots=4) == 100


def test_more_looks_in_progress_than_slots_is_no_contradiction() -> None:
    going = [("a", 0.0), ("b", 30.0)]
    assert estimate_run([job("c")], going, [], [60.0], slots=1) == 120


@pytest.mark.parametrize(
    ("age", "left"),
    [
        (0.0, 60.0),
        (30.0, 30.0),
        (60.0, 60.0),  # only the one of 120 took longer than it has
        (119.0, 1.0),
        (200.0, 50.0),  # a quarter of its age again
        (86_400.0, 60.0),  # sent yesterday: it is done as soon as somebody looks
    ],
)
def test_the_rest_of_a_look_depends_on_its_age(age: float, left: float) -> None:
    assert estimate_remaining(age, [40.0, 60.0, 120.0]) == left


def test_durations_are_from_acceptance_to_completion_in_ascending_order() -> None:
    takes = [take(100, 190), take(100, 130), take(100, None), take(None, 130)]
    assert measure_durations(takes) == [30, 90]


def test_what_was_only_looked_at_later_says_nothing_of_how_long_it_took() -> None:
    existing = replace(take(100, 130), kind=LookKind.EXISTING)
    assert measure_durations([take(100, 90_000), take(100, 100), take(130, 100), existing]) == []


many = st.lists(st.floats(1, 1000), min_size=1, max_size=9).map(sorted)


@given(many, st.integers(0, 30), st.integers(1, 12), st.lists(st.floats(0, 5000), max_size=9))
def test_the_time_left_is_never_negative_and_more_slots_never_take_longer(
    durations: list[float], count: int, slots: int, ages: list[float]
) -> None:
    jobs = [job(f"look-{i}") for i in range(count)]
    going = [(f"going-{i}", age) for i, age in enumerate(ages)]
    left = estimate_run(jobs, going, [], durations, slots=slots)
    more = estimate_run(jobs, going, [], durations, slots=slots + 1)
    assert left is not None
    assert more is not None
    assert 0 <= more <= left
