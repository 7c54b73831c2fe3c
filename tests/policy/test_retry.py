"""Waits are bounded, keys grow old, and polls follow what looks have taken."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.policy.retry import (
    KEY_LIFE,
    KEY_MARGIN,
    backoff,
    first_poll,
    key_is_alive,
    next_poll,
    poll_gap,
)

HOUR = 3600.0
seconds = st.floats(0, 1e6)


@given(st.integers(1, 60), st.floats(0, 0.999999))
def test_backoff_is_positive_and_never_above_its_cap(attempt: int, jitter: float) -> None:
    assert 0 < backoff(attempt, jitter) <= 30


def test_backoff_grows_and_jitter_spreads_it() -> None:
    waits = [backoff(attempt, 0.5) for attempt in range(1, 6)]
    assert all(later > earlier for earlier, later in pairwise(waits))
    assert backoff(3, 0.0) < backoff(3, 0.9)


def test_a_key_lives_a_day_less_an_hour() -> None:
    assert key_is_alive(1000, 1000 + 23 * HOUR - 1, latest_seen=1000)
    assert not key_is_alive(1000, 1000 + 23 * HOUR, latest_seen=1000)


def test_a_clock_that_was_set_back_makes_no_key_young() -> None:
    assert not key_is_alive(1000, 1000 + HOUR, latest_seen=1000 + 30 * HOUR)
    assert not key_is_alive(1000, 1000 - HOUR, latest_seen=1000)


def test_small_differences_between_clocks_are_forgiven() -> None:
    assert key_is_alive(1000, 990, latest_seen=1005)
    # Five minutes behind the send, or behind what has passed: each of the two counts by itself.
    assert [key_is_alive(1000, now, latest_seen=0) for now in (700, 699)] == [True, False]
    assert [key_is_alive(0, now, latest_seen=1000) for now in (700, 699)] == [True, False]


@given(seconds, seconds, seconds)
def test_a_key_is_never_alive_beyond_its_life_by_either_clock(
    sent: float, now: float, seen: float
) -> None:
    if key_is_alive(sent, now, latest_seen=seen):
        assert max(now, seen) - sent < KEY_LIFE - KEY_MARGIN


ages = st.floats(0, 1e5)
known = st.lists(st.floats(0.1, 1e5), min_size=1, max_size=30).map(sorted)


@given(ages)
def test_while_nothing_is_known_questions_follow_ever_slower(age: float) -> None:
    assert 0.5 <= next_poll(age, []) <= max(0.5, 0.15 * age)
    assert poll_gap([], age) == 0.5


@given(ages, known)
def test_a_look_is_asked_after_at_its_first_moment_then_in_every_round_then_ever_less(
    age: float, durations: list[float]
) -> None:
    first, wait = first_poll(durations), next_poll(age, durations)
    assert 0 <= first <= durations[0]
    if age < first:
        assert wait == pytest.approx(min(60.0, first - age))
    elif age < 3 * durations[len(durations) // 2]:
        assert wait == 0
    else:
        assert 1 <= wait <= 60


@given(known, ages)
def test_a_round_is_never_later_than_a_fifteenth_of_what_a_look_takes(
    durations: list[float], oldest: float
) -> None:
    typical = durations[len(durations) // 2]
    assert 0.05 <= poll_gap(durations, oldest) <= max(0.05, min(15.0, typical / 15))


def test_the_more_is_known_the_closer_to_the_fastest_look_the_first_question_comes() -> None:
    assert first_poll([60.0]) == 48.0
    assert first_poll([60.0] * 20) == pytest.approx(59.4)
    assert first_poll([20.0, *[40.0] * 99]) == pytest.approx(19.6)


def test_looks_that_take_the_same_time_are_asked_after_in_closer_rounds() -> None:
    alike, unlike = [2.0] * 20, [1.0 + n / 10 for n in range(20)]
    assert poll_gap(alike, 2.0) == pytest.approx(0.05)
    assert poll_gap(unlike, 2.0) == pytest.approx(0.132)
    assert poll_gap(alike[:3], 2.0) == pytest.approx(0.132)  # three say little


def test_looks_that_were_done_first_do_not_make_the_others_alike() -> None:
    assert poll_gap([20.0] * 20, 21.0) < poll_gap([20.0] * 20, 40.0)
