"""Waits are bounded, keys grow old, and polls follow what looks have taken."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from runner.policy.patience import KEY_LIFE, KEY_MARGIN, backoff, key_is_alive, next_poll

HOUR = 3600.0
seconds = st.floats(0, 1e6)


@given(st.integers(1, 60), st.floats(0, 0.999999))
def test_backoff_is_positive_and_never_above_its_cap(attempt: int, jitter: float) -> None:
    assert 0 < backoff(attempt, jitter) <= 30


def test_backoff_grows_and_jitter_spreads_it() -> None:
    waits = [backoff(attempt, 0.5) for attempt in range(1, 6)]
    assert all(later > earlier for earlier, later in pairwise(waits))
    assert backoff(3, 0.0) < backoff(3, 0.9)


def test_a_key_lives_a_day_less_the_margin() -> None:
    end = KEY_LIFE - KEY_MARGIN
    assert key_is_alive(1000, 1000 + end - 1, latest_seen=1000)
    assert not key_is_alive(1000, 1000 + end, latest_seen=1000)


def test_a_clock_that_was_set_back_makes_no_key_young() -> None:
    assert not key_is_alive(1000, 1000 + HOUR, latest_seen=1000 + 30 * HOUR)
    assert not key_is_alive(1000, 1000 - HOUR, latest_seen=1000)


def test_small_differences_between_clocks_are_forgiven() -> None:
    assert key_is_alive(1000, 990, latest_seen=1005)


@given(seconds, seconds, seconds)
def test_a_key_is_never_alive_beyond_its_life_by_either_clock(
    sent: float, now: float, seen: float
) -> None:
    if key_is_alive(sent, now, latest_seen=seen):
        assert max(now, seen) - sent < KEY_LIFE - KEY_MARGIN


@given(seconds, st.lists(st.floats(0.1, 1e5), max_size=9))
def test_a_poll_is_always_ahead_and_never_further_than_needed(
    age: float, durations: list[float]
) -> None:
    known = sorted(durations)
    wait = next_poll(age, known)
    assert wait >= 0.5
    fastest = known[0] if known else 0.0
    assert wait <= max(60.0, 0.8 * fastest)


def test_nobody_asks_before_the_fastest_look_can_be_done() -> None:
    assert next_poll(0, [60.0, 80.0, 100.0]) == 48.0
