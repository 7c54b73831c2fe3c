"""Structured concurrency without exception groups: of many errors, one is raised."""

from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import anyio

Call = Callable[[], Coroutine[Any, Any, None]]


class RunStopped(Exception):
    """The run is being stopped: nothing more is sent. Control flow, never seen outside a run."""


@contextmanager
def unwrap_exception_group() -> Iterator[None]:
    """Raise, instead of a group of errors, the first that is not a mere consequence of a stop."""
    try:
        yield
    except BaseExceptionGroup as group:
        leaves = list(_leaves(group))
        chosen = next((leaf for leaf in leaves if not isinstance(leaf, RunStopped)), leaves[0])
        raise chosen from chosen.__cause__


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


async def run_concurrently(calls: Sequence[Call]) -> None:
    """Run some calls side by side and wait for all of them. Raises one error, if there was one."""
    if len(calls) < 2:
        for call in calls:
            await call()
        return
    with unwrap_exception_group():
        async with anyio.create_task_group() as tasks:
            for call in calls:
                tasks.start_soon(call)
