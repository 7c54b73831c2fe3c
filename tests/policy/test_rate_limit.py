"""The pace of an account: full pauses, one probe at a time, a limit that is found and held."""

import json

import pytest

from runner.heygen import client
from runner.policy.rate_limit import MAX_CONCURRENT_SENDS, RateLimiter


def test_up_to_the_limit_a_post_may_leave_at_once() -> None:
    rate_limiter = RateLimiter(3)
    assert rate_limiter.wait(0, sending=1, in_progress=1) == 0
    assert rate_limiter.wait(0, sending=1, in_progress=2) is None


def test_a_429_stops_every_post_for_the_whole_pause() -> None:
    rate_limiter = RateLimiter(10)
    rate_limiter.refused(100, 30, in_progress=4)
    assert rate_limiter.wait(100, sending=0, in_progress=0) == 30
    assert rate_limiter.wait(129, sending=0, in_progress=0) == 1
    assert rate_limiter.wait(130, sending=0, in_progress=0) == 0
    assert rate_limiter.wait(130, sending=0, in_progress=4) is None


@pytest.mark.parametrize(("named", "pause"), [(None, 5), (0, 5), (0.2, 1), (1.5, 1.5)])
def test_a_429_that_names_no_pause_or_next_to_none_pauses_by_our_own_bounds(
    named: float | None, pause: float
) -> None:
    rate_limiter = RateLimiter(10)
    rate_limiter.refused(100, named, in_progress=4)
    assert rate_limiter.wait(100, sending=0, in_progress=0) == pause


def test_after_a_refusal_only_one_request_probes() -> None:
    rate_limiter = RateLimiter(10)
    rate_limiter.refused(0, 1, in_progress=5)
    assert rate_limiter.wait(2, sending=0, in_progress=3) == 0
    assert rate_limiter.wait(2, sending=1, in_progress=3) is None
    rate_limiter.accepted(1, in_progress=4)  # at the very end of the pause
    assert rate_limiter.wait(2, sending=1, in_progress=3) == 0


def test_an_acceptance_of_what_had_left_before_the_refusal_is_no_probe() -> None:
    rate_limiter = RateLimiter(10)
    rate_limiter.refused(0, 5, in_progress=3)
    rate_limiter.accepted(1, in_progress=4)
    assert rate_limiter.limit == 4  # but it shows that there is this room
    assert rate_limiter.wait(6, sending=1, in_progress=2) is None
    accept(rate_limiter, 2)
    assert rate_limiter.places == 4
    accept(rate_limiter, 1)  # the fourth of four
    assert rate_limiter.places == 5


def test_the_limit_that_was_found_is_held() -> None:
    rate_limiter = RateLimiter(10)
    rate_limiter.refused(0, 1, in_progress=4)
    assert rate_limiter.limit == rate_limiter.places == 4
    rate_limiter.accepted(2, in_progress=4)
    assert rate_limiter.wait(2, sending=0, in_progress=4) is None


def accept(rate_limiter: RateLimiter, times: int) -> None:
    for _ in range(times):
        rate_limiter.accepted(1000, in_progress=rate_limiter.limit)


def test_more_room_is_tried_for_by_one_request_at_a_time() -> None:
    rate_limiter = RateLimiter(10)
    rate_limiter.refused(0, 1, in_progress=4)
    accept(rate_limiter, 4)
    assert (rate_limiter.limit, rate_limiter.places) == (4, 5)
    assert rate_limiter.wait(1000, sending=0, in_progress=4) == 0
    assert rate_limiter.wait(1000, sending=1, in_progress=4) is None
    assert rate_limiter.wait(1000, sending=1, in_progress=2) == 0  # this one needs no more room
    for found in range(5, 11):
        rate_limiter.accepted(1000, in_progress=found)
        assert rate_limiter.limit == found
    assert rate_limiter.wait(1000, sending=0, in_progress=10) is None


def test_each_vain_try_for_more_room_makes_the_next_one_rarer() -> None:
    rate_limiter = RateLimiter(10)
    rate_limiter.refused(0, 1, in_progress=4)
    for limits_worth in (1, 2, 4, 8, 16, 32, 64, 64):
        accept(rate_limiter, 4 * limits_worth - 1)
        assert rate_limiter.places == 4
        accept(rate_limiter, 1)
        assert rate_limiter.places == 5
        rate_limiter.refused(1000, 1, in_progress=4)


def test_more_room_that_was_found_and_lasts_is_a_new_beginning() -> None:
    rate_limiter = RateLimiter(10)
    rate_limiter.refused(0, 1, in_progress=4)
    accept(rate_limiter, 4)
    rate_limiter.refused(10, 1, in_progress=4)
    accept(rate_limiter, 8)
    rate_limiter.accepted(1000, in_progress=5)
    accept(rate_limiter, 10)  # twice as many as five: the room for five lasted
    rate_limiter.refused(1000, 1, in_progress=5)
    accept(rate_limiter, 10)
    assert rate_limiter.places == 6
    rate_limiter.accepted(1000, in_progress=6)  # the first of six
    rate_limiter.refused(1000, 1, in_progress=6)
    accept(rate_limiter, 6 * 4 - 1)
    assert rate_limiter.places == 6


def test_while_there_is_all_the_room_that_was_asked_for_no_try_for_more_is_in_vain() -> None:
    rate_limiter = RateLimiter(4)
    accept(rate_limiter, 10)
    rate_limiter.refused(0, 1, in_progress=2)
    accept(rate_limiter, 2)
    assert rate_limiter.places == 3


def test_no_more_leave_at_once_than_the_client_sends() -> None:
    assert MAX_CONCURRENT_SENDS == client._MAX_CONCURRENT_REQUESTS
    rate_limiter = RateLimiter(1000)
    assert rate_limiter.wait(0, sending=MAX_CONCURRENT_SENDS - 1, in_progress=0) == 0
    assert rate_limiter.wait(0, sending=MAX_CONCURRENT_SENDS, in_progress=0) is None


def test_a_refusal_while_nothing_of_ours_runs_still_lets_one_try() -> None:
    rate_limiter = RateLimiter(10)
    rate_limiter.refused(0, None, in_progress=0)
    assert rate_limiter.limit == 1
    assert rate_limiter.wait(60, sending=0, in_progress=0) == 0


def test_how_long_the_account_refuses_counts_until_something_gets_on() -> None:
    rate_limiter = RateLimiter(10)
    assert rate_limiter.refused_for(5) == 0
    rate_limiter.refused(5, 10, in_progress=0)
    rate_limiter.refused(20, 10, in_progress=0)
    assert rate_limiter.refused_for(50) == 45
    rate_limiter.accepted(55, in_progress=1)
    assert rate_limiter.refused_for(60) == 0
    rate_limiter.refused(60, 10, in_progress=1)
    rate_limiter.got_on()
    assert rate_limiter.refused_for(80) == 0


def test_a_pause_longer_than_any_patience_counts_at_once() -> None:
    rate_limiter = RateLimiter(10)
    rate_limiter.refused(0, 9999, in_progress=0)
    assert rate_limiter.refused_for(1) == 9999


def test_what_was_learnt_is_kept_for_another_machine_that_may_want_less() -> None:
    first = RateLimiter(10)
    assert first.to_facts() == {}
    assert RateLimiter.from_facts(10, {}).places == 10
    first.refused(0.0, 30.0, in_progress=6)
    facts = json.loads(json.dumps(first.to_facts()))
    assert facts["refusals"] == 1
    second = RateLimiter.from_facts(10, facts)
    assert second.to_facts() == facts
    assert second.wait(10.0, sending=0, in_progress=0) == 20.0
    second.accepted(31.0, in_progress=1)
    assert second.wait(31.0, sending=0, in_progress=5) == 0.0
    assert second.wait(31.0, sending=0, in_progress=6) is None
    third = RateLimiter.from_facts(3, facts)
    assert third.places == 3
    assert third.wait(30.0, sending=0, in_progress=3) is None
