"""The pace of an account: full pauses, one probe at a time, a limit that is found and held."""

from runner.policy.pacing import MOST_SENDING, Pacer


def test_up_to_the_limit_a_post_may_leave_at_once() -> None:
    pacer = Pacer(3)
    assert pacer.wait(0, sending=1, in_progress=1) == 0
    assert pacer.wait(0, sending=1, in_progress=2) is None


def test_a_429_stops_every_post_for_the_whole_pause() -> None:
    pacer = Pacer(10)
    pacer.refused(100, 30, in_progress=4)
    assert pacer.wait(100, sending=0, in_progress=0) == 30
    assert pacer.wait(129, sending=0, in_progress=0) == 1
    assert pacer.wait(130, sending=0, in_progress=0) == 0


def test_after_a_refusal_only_one_request_probes() -> None:
    pacer = Pacer(10)
    pacer.refused(0, 1, in_progress=5)
    assert pacer.wait(2, sending=0, in_progress=3) == 0
    assert pacer.wait(2, sending=1, in_progress=3) is None
    pacer.accepted(2, in_progress=4)
    assert pacer.wait(2, sending=1, in_progress=3) == 0


def test_an_acceptance_of_what_had_left_before_the_refusal_is_no_probe() -> None:
    pacer = Pacer(10)
    pacer.refused(0, 5, in_progress=3)
    pacer.accepted(1, in_progress=4)
    assert pacer.limit == 4  # but it shows that there is this room
    assert pacer.wait(6, sending=1, in_progress=2) is None


def test_the_limit_that_was_found_is_held() -> None:
    pacer = Pacer(10)
    pacer.refused(0, 1, in_progress=4)
    assert pacer.limit == pacer.places == 4
    pacer.accepted(2, in_progress=4)
    assert pacer.wait(2, sending=0, in_progress=4) is None


def accept(pacer: Pacer, times: int) -> None:
    for _ in range(times):
        pacer.accepted(1000, in_progress=pacer.limit)


def test_more_room_is_tried_for_by_one_request_at_a_time() -> None:
    pacer = Pacer(10)
    pacer.refused(0, 1, in_progress=4)
    accept(pacer, 4)
    assert (pacer.limit, pacer.places) == (4, 5)
    assert pacer.wait(1000, sending=0, in_progress=4) == 0
    assert pacer.wait(1000, sending=1, in_progress=4) is None
    assert pacer.wait(1000, sending=1, in_progress=2) == 0  # this one needs no more room
    for found in range(5, 11):
        pacer.accepted(1000, in_progress=found)
        assert pacer.limit == found
    assert pacer.wait(1000, sending=0, in_progress=10) is None


def test_each_vain_try_for_more_room_makes_the_next_one_rarer() -> None:
    pacer = Pacer(10)
    pacer.refused(0, 1, in_progress=4)
    for limits_worth in (1, 2, 4, 8, 16, 32, 64, 64):
        accept(pacer, 4 * limits_worth - 1)
        assert pacer.places == 4
        accept(pacer, 1)
        assert pacer.places == 5
        pacer.refused(1000, 1, in_progress=4)


def test_more_room_that_was_found_and_lasts_is_a_new_beginning() -> None:
    pacer = Pacer(10)
    pacer.refused(0, 1, in_progress=4)
    accept(pacer, 4)
    pacer.refused(10, 1, in_progress=4)
    accept(pacer, 8)
    pacer.accepted(1000, in_progress=5)
    accept(pacer, 10)  # twice as many as five: the room for five lasted
    pacer.refused(1000, 1, in_progress=5)
    accept(pacer, 10)
    assert pacer.places == 6


def test_no_more_leave_at_once_than_the_client_sends() -> None:
    pacer = Pacer(1000)
    assert pacer.wait(0, sending=MOST_SENDING - 1, in_progress=0) == 0
    assert pacer.wait(0, sending=MOST_SENDING, in_progress=0) is None


def test_a_refusal_while_nothing_of_ours_runs_still_lets_one_try() -> None:
    pacer = Pacer(10)
    pacer.refused(0, None, in_progress=0)
    assert pacer.limit == 1
    assert pacer.wait(60, sending=0, in_progress=0) == 0


def test_how_long_the_account_refuses_counts_until_something_gets_on() -> None:
    pacer = Pacer(10)
    pacer.refused(0, 10, in_progress=0)
    pacer.refused(20, 10, in_progress=0)
    assert pacer.refused_for(50) == 50
    pacer.accepted(55, in_progress=1)
    assert pacer.refused_for(60) == 0


def test_a_pause_longer_than_any_patience_counts_at_once() -> None:
    pacer = Pacer(10)
    pacer.refused(0, 9999, in_progress=0)
    assert pacer.refused_for(1) == 9999
