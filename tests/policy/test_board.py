"""Which job is next: what was paid for first, then the longest chain, then the manifest's order."""

from runner.policy.ready_queue import Job, Priority, ReadyQueue


def send(look: str, *needs: str, chain: int = 1) -> Job:
    return Job(look, Priority.SEND, needs=needs, chain=chain)


def taken(board: ReadyQueue) -> list[str]:
    jobs = []
    while (job := board.take()) is not None:
        jobs.append(job.look)
    return jobs


def test_the_longest_chain_goes_first_and_equals_keep_their_order() -> None:
    board = ReadyQueue([send("a"), send("b", chain=3), send("c"), send("d", chain=2)], ())
    assert taken(board) == ["b", "d", "a", "c"]


def test_what_was_paid_for_goes_before_what_will_be() -> None:
    jobs = [send("a", chain=9), Job("b", Priority.REPLAY, "u"), Job("c", Priority.WATCH, "v")]
    assert taken(ReadyQueue(jobs, ())) == ["c", "b", "a"]


def test_a_job_waits_for_everything_it_needs() -> None:
    board = ReadyQueue([send("c", "a", "b")], ())
    board.usable("a")
    assert board.take() is None
    board.usable("b")
    assert taken(board) == ["c"]


def test_needs_that_are_usable_already_do_not_hold_a_job_up() -> None:
    assert taken(ReadyQueue([send("b", "a")], ["a"])) == ["b"]


def test_a_lost_look_takes_its_whole_chain_off_and_nothing_else() -> None:
    board = ReadyQueue([send("b", "a"), send("c", "b"), send("d", "c", "x"), send("e", "x")], ())
    assert set(board.lost("a")) == {"b", "c", "d"}
    board.usable("x")
    assert taken(board) == ["e"]


def test_usable_said_twice_releases_once() -> None:
    board = ReadyQueue([send("b", "a")], ())
    board.usable("a")
    board.usable("a")
    assert taken(board) == ["b"]
