"""One look in a run: what is open, what was let go of, and when a failure is bought again."""

import pytest

from runner.policy.look_progress import MAX_CONSENT_REQUESTS, LookProgress, compute_goal


def opened(jobs: int, *, retries: int = 1, goal: int = 1) -> LookProgress:
    progress = LookProgress(retries=retries, goal=goal)
    for _ in range(jobs):
        progress.open_job()
    return progress


def test_jobs_are_numbered_and_no_number_comes_twice() -> None:
    progress = opened(2)
    progress.close_job()
    assert progress.open == 1
    assert progress.open_job() == 3


def test_a_failure_is_bought_again_in_the_place_of_its_job_as_often_as_is_allowed() -> None:
    progress = opened(1, retries=2)
    assert [progress.retry(good=0, unwanted=0) for _ in range(3)] == [2, 3, None]
    assert (progress.open, progress.retries) == (1, 0)


@pytest.mark.parametrize(
    ("jobs", "released", "good", "unwanted"),
    [(1, 0, 1, 0), (2, 0, 0, 0), (1, 1, 0, 0), (1, 0, 0, 1)],
    ids=["one is usable", "another job is open", "one was released", "one is over after an edit"],
)
def test_nothing_is_bought_again_while_enough_takes_are_there_or_may_come(
    jobs: int, released: int, good: int, unwanted: int
) -> None:
    progress = opened(jobs + released)
    for _ in range(released):
        progress.release()
    assert progress.retry(good=good, unwanted=unwanted) is None
    assert (progress.open, progress.retries) == (jobs, 1)
    progress.goal += 1
    assert progress.retry(good=good, unwanted=unwanted) is not None


def test_a_released_take_that_is_resumed_is_open_again() -> None:
    progress = opened(1)
    progress.release()
    assert (progress.open, progress.released) == (0, 1)
    assert progress.resume("u1") == 2
    assert (progress.open, progress.released) == (1, 0)


def test_a_take_that_keeps_asking_for_consent_is_not_resumed_for_ever() -> None:
    progress = opened(1)
    for _ in range(MAX_CONSENT_REQUESTS):
        progress.release()
        assert progress.resume("u1") is not None
    progress.release()
    assert progress.resume("u1") is None
    assert (progress.open, progress.released) == (0, 1)
    progress.open_job()
    progress.release()
    assert progress.resume("u2") is not None  # another take of the look has its own count


def test_planned_takes_are_used_up_before_new_ones_are_made() -> None:
    progress = LookProgress(spare=["u1", "u2"])
    assert {progress.take_spare(), progress.take_spare()} == {"u1", "u2"}
    assert progress.take_spare() is None


@pytest.mark.parametrize(
    ("wanted", "there", "bought", "goal"),
    [(2, 0, 2, 2), (1, 1, 3, 4), (3, 1, 0, 3), (3, 0, 1, 3), (1, 2, 0, 1)],
)
def test_the_goal_is_the_manifests_number_or_what_was_asked_for_beyond(
    wanted: int, there: int, bought: int, goal: int
) -> None:
    assert compute_goal(wanted, there=there, bought=bought) == goal
