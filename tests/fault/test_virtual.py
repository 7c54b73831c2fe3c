"""Virtual time itself: waits cost nothing, order is fixed, and the dead do nothing."""

import asyncio
import time

import anyio
import pytest

from tests.fault.environment import Killed
from tests.fault.virtual import Deadlock, VirtualLoop, fixed_order


def test_waiting_moves_the_clock_and_takes_no_time() -> None:
    loop = VirtualLoop(100.0)
    begun = time.monotonic()
    loop.run_until_complete(asyncio.sleep(86_400))
    assert loop.time() == pytest.approx(86_500)
    assert time.monotonic() - begun < 5
    loop.close()


def test_anyio_bounds_follow_virtual_time() -> None:
    loop = VirtualLoop(0.0)

    async def bounded() -> None:
        with anyio.fail_after(150):
            await anyio.sleep(1000)

    with pytest.raises(TimeoutError):
        loop.run_until_complete(bounded())
    assert loop.time() == pytest.approx(150)
    loop.close()


def test_tasks_that_are_due_together_always_run_in_the_same_order() -> None:
    with fixed_order():
        assert one_order() == one_order()


def one_order() -> list[int]:
    loop = VirtualLoop(0.0)
    order: list[int] = []

    async def work(number: int) -> None:
        try:
            await anyio.sleep(5 if number % 3 else 500)
        finally:
            order.append(number)

    async def everybody() -> None:
        with anyio.move_on_after(50):
            async with anyio.create_task_group() as tasks:
                for number in range(40):
                    tasks.start_soon(work, number)

    loop.run_until_complete(everybody())
    loop.close()
    assert sorted(order) == list(range(40))
    return order


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_waiting_for_nothing_is_an_error() -> None:
    loop = VirtualLoop(0.0)

    async def forever() -> None:
        await anyio.Event().wait()

    with pytest.raises(Deadlock):
        loop.run_until_complete(forever())
    loop.abandon()


def test_a_killed_process_runs_no_further() -> None:
    done: list[str] = []

    def kill(turn: int) -> None:
        if turn == 4:
            raise Killed

    loop = VirtualLoop(0.0, kill)

    async def work() -> None:
        try:
            while True:
                await anyio.sleep(1)
                done.append("worked")
        finally:
            await anyio.sleep(1)
            done.append("tidied up")

    with pytest.raises(Killed):
        loop.run_until_complete(work())
    loop.abandon()
    assert done
    assert "tidied up" not in done
