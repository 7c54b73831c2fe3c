"""Pictures that are fetched beside a run: a few at a time, and what waits is a take, not a task."""

from types import SimpleNamespace
from typing import Any, cast

import anyio
import trio
from trio.testing import MockClock

from runner.executor.context import RunContext
from runner.executor.downloads import Downloads
from runner.takes import Take
from tests.executor.harness import campaign, look
from tests.plan.made import take

KEYS = [f"look-{number}" for number in range(9)]
TAKES = {key: take(campaign(look(key)), key) for key in KEYS}


class Counting:
    """A collector's fetches and tasks, counted."""

    def __init__(self) -> None:
        self.started = self.under_way = self.peak = 0
        self.fetched: list[str] = []

    async def fetch(self, one: Take) -> Take:
        self.under_way += 1
        self.peak = max(self.peak, self.under_way)
        await anyio.sleep(1)
        self.under_way -= 1
        self.fetched.append(one.look)
        return one


def test_few_tasks_fetch_all_pictures_and_come_back_for_more() -> None:
    trio.run(fetching, clock=MockClock(autojump_threshold=0))


async def fetching() -> None:
    counting = Counting()
    collector = Downloads(cast("RunContext", SimpleNamespace(interrupted=False)), at_once=2)
    collector._fetch = counting.fetch  # type: ignore[method-assign, assignment]
    async with anyio.create_task_group() as tasks:

        def start_soon(*call: Any) -> None:
            counting.started += 1
            tasks.start_soon(*call)

        for key in KEYS[:6]:
            collector.soon(TAKES[key], cast("Any", SimpleNamespace(start_soon=start_soon)))
        await anyio.sleep(10)  # virtual
        assert (sorted(counting.fetched), counting.peak, counting.started) == (KEYS[:6], 2, 2)
        for key in KEYS[6:]:  # hands that had nothing left to do come back
            collector.soon(TAKES[key], cast("Any", SimpleNamespace(start_soon=start_soon)))
    assert (sorted(counting.fetched), counting.peak, counting.started) == (KEYS, 2, 4)
