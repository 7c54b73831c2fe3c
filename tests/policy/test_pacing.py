"""The pace of an account: full pauses, one probe at a time, a limit that is found and held."""

from runner.policy.pacing import Pacer


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
    pacer.accepted()
    assert pacer.wait(2, sending=1, in_progress=3) == 0


def test_the_limit_that_was_found_is_held_and_raised_slowly() -> None:
    pacer = Pacer(10)
    pacer.refused(0, 1, in_progress=4)
    assert pacer.limit == 4
    for _ in range(4):
        pacer.accepted()
    assert pacer.limit == 5
    for _ in range(100):
        pacer.accepted()
    assert pacer.limit == 10


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
    pacer.accepted()
    assert pacer.refused_for(60) == 0


def test_a_pause_longer_than_any_patience_counts_at_once() -> None:
    pacer = Pacer(10)
    pacer.refused(0, 9999, in_progress=0)
    assert pacer.refused_for(1) == 9999
