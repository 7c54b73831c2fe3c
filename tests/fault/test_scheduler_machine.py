"""Any campaign and any course of events: order and pace hold."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from runner.policy.rate_limit import RateLimiter
from runner.policy.ready_queue import Job, Priority, ReadyQueue


@st.composite
def campaigns(draw: st.DrawFn) -> list[Job]:
    """Draw jobs of which each needs up to two of the looks before it; some looks have several."""
    jobs: list[Job] = []
    for number in range(draw(st.integers(1, 14))):
        earlier = [f"look-{other}" for other in range(number)]
        needs = draw(st.lists(st.sampled_from(earlier), max_size=2, unique=True)) if earlier else []
        takes = draw(st.integers(1, 2))
        chain = draw(st.integers(1, 5))
        jobs += [
            Job(f"look-{number}", Priority.SEND, needs=tuple(needs), chain=chain, ordinal=ordinal)
            for ordinal in range(takes)
        ]
    return jobs


@given(jobs=campaigns(), data=st.data())
def test_every_job_is_taken_or_blocked_and_none_before_what_it_needs(
    jobs: list[Job], data: st.DataObject
) -> None:
    queue = ReadyQueue(jobs, ())
    open_jobs = Counter(job.look for job in jobs)
    usable: set[str] = set()
    lost: set[str] = set()
    blocked: set[str] = set()
    taken: list[Job] = []
    running: list[Job] = []
    while True:
        if running and (queue.idle or data.draw(st.booleans())):
            job = running.pop(data.draw(st.integers(0, len(running) - 1)))
            open_jobs[job.look] -= 1
            if data.draw(st.integers(0, 3)):
                usable.add(job.look)
                queue.mark_usable(job.look)
            elif job.look not in usable and not open_jobs[job.look]:
                lost.add(job.look)
                blocked.update(queue.mark_lost(job.look))
            continue
        job_or_none = queue.take()
        if job_or_none is None:
            break
        assert all(key in usable for key in job_or_none.needs)
        taken.append(job_or_none)
        running.append(job_or_none)
    assert len(set(taken)) == len(taken)
    for job in jobs:
        was_taken = job in taken
        reachable = all(key in usable for key in job.needs)
        assert was_taken == reachable
        if job.look in blocked:
            assert not was_taken
    assert all(any(key in lost | blocked for key in needs_of(jobs, look)) for look in blocked)


def needs_of(jobs: list[Job], look: str) -> list[str]:
    return [key for job in jobs if job.look == look for key in job.needs]


class PacerMachine(RuleBasedStateMachine):
    """An account that accepts and refuses as it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.most = 4
        self.rate_limiter = RateLimiter(self.most)
        self.now = 1000.0
        self.sending = 0
        self.busy = 0
        self.silent_until = 0.0
        self.probing = False

    @rule(seconds=st.floats(0.1, 40))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def somebody_wants_to_send(self) -> None:
        wait = self.rate_limiter.wait(self.now, sending=self.sending, in_progress=self.busy)
        if wait == 0.0:
            assert self.now >= self.silent_until
            assert self.sending + self.busy < self.most
            assert not (self.probing and self.sending)
            if self.sending + self.busy >= self.rate_limiter.limit:
                assert not self.sending  # tries for more than was found, and alone
            self.sending += 1
        elif wait is None:
            assert self.sending + self.busy > 0  # something will change and wake it
        else:
            assert self.now + wait == pytest.approx(self.silent_until)

    @precondition(lambda self: self.sending)
    @rule()
    def it_is_accepted(self) -> None:
        self.sending -= 1
        self.busy += 1
        self.probing = False
        self.rate_limiter.accepted(self.now, in_progress=self.busy)

    @precondition(lambda self: self.sending)
    @rule(retry_after=st.none() | st.floats(0, 30))
    def it_is_refused(self, retry_after: float | None) -> None:
        self.sending -= 1
        self.probing = True
        self.rate_limiter.refused(self.now, retry_after, in_progress=self.busy)
        pause = max(1.0, retry_after) if retry_after else 5.0
        self.silent_until = max(self.silent_until, self.now + pause)

    @precondition(lambda self: self.busy)
    @rule()
    def a_job_ends(self) -> None:
        self.busy -= 1
        self.rate_limiter.got_on()

    @invariant()
    def the_limit_is_a_sensible_one(self) -> None:
        assert 1 <= self.rate_limiter.limit <= self.most

    @invariant()
    def it_never_waits_for_ever(self) -> None:
        if not self.sending and not self.busy:
            assert self.rate_limiter.wait(self.silent_until + 1, sending=0, in_progress=0) == 0.0


TestPacer = PacerMachine.TestCase
