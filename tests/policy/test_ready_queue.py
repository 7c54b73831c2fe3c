"""Which job is next: what was paid for first, then the longest chain, then the manifest's order."""

from dataclasses import replace

from runner.policy.ready_queue import Job, Priority, ReadyQueue


def send(look: str, *needs: str, chain: int = 1) -> Job:
    return Job(look, Priority.SEND, needs=needs, chain=chain)


def taken(queue: ReadyQueue) -> list[str]:
    jobs = []
    while (job := queue.take()) is not None:
        jobs.append(job.look)
    return jobs


def test_the_longest_chain_goes_first_and_equals_keep_their_order() -> None:
    queue = ReadyQueue([send("a"), send("b", chain=3), send("c"), send("d", chain=2)], ())
    assert taken(queue) == ["b", "d", "a", "c"]


def test_what_was_refused_the_last_time_goes_last_among_what_is_bought() -> None:
    again = replace(send("a", chain=9), refused=True)
    assert taken(ReadyQueue([again, send("b"), send("c", chain=2)])) == ["c", "b", "a"]


def test_what_was_paid_for_goes_before_what_will_be() -> None:
    jobs = [send("a", chain=9), Job("b", Priority.REPLAY, "u"), Job("c", Priority.WATCH, "v")]
    assert taken(ReadyQueue(jobs, ())) == ["c", "b", "a"]


def test_a_job_waits_for_everything_it_needs() -> None:
    queue = ReadyQueue([send("c", "a", "b")], ())
    queue.mark_usable("a")
    assert queue.take() is None
    queue.mark_usable("b")
    assert taken(queue) == ["c"]


def test_needs_that_are_usable_already_do_not_hold_a_job_up() -> None:
    assert taken(ReadyQueue([send("b", "a")], ["a"])) == ["b"]


def test_a_lost_look_takes_its_whole_chain_off_and_nothing_else() -> None:
    queue = ReadyQueue([send("b", "a"), send("c", "b"), send("d", "c", "x"), send("e", "x")], ())
    assert set(queue.mark_lost("a")) == {"b", "c", "d"}
    queue.mark_usable("x")
    assert taken(queue) == ["e"]


def test_usable_said_twice_releases_once() -> None:
    queue = ReadyQueue([send("b", "a")], ())
    queue.mark_usable("a")
    queue.mark_usable("a")
    assert taken(queue) == ["b"]


def test_two_takes_of_a_look_wait_and_become_ready_each_for_itself() -> None:
    jobs = [Job("b", Priority.SEND, needs=("a", "c"), ordinal=number) for number in (1, 2)]
    queue = ReadyQueue(jobs)
    queue.mark_usable("a")
    assert queue.take() is None
    queue.mark_usable("c")
    assert [queue.take(), queue.take(), queue.take()] == [*jobs, None]


def test_a_job_is_known_by_its_look_and_ordinal() -> None:
    assert Job("a", Priority.SEND) == Job("a", Priority.WATCH, "u")
    assert Job("a", Priority.SEND, ordinal=1) != Job("a", Priority.SEND, ordinal=2)
