"""Whether something is gone: when the API itself says so, twice and some seconds apart.

One answer may come from a copy of the account that lags behind.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from runner.executor.context import RunContext
from runner.policy.decisions import Free, decide_free
from runner.replies import Reply

T = TypeVar("T")

GONE_PAUSE = 3.0
"""Seconds between the two questions after something that seems to be gone."""


async def ask_until_sure(
    context: RunContext, call: Callable[[], Awaitable[Reply[T]]], *, what: str
) -> Reply[T]:
    """Ask for something; where it seems to be gone, return what the second answer says.

    Raises RunStopped.
    """
    reply = await context.ask(call, what=what)
    if decide_free(reply) is not Free.GONE:
        return reply
    await pause_until_sure(context)
    return await context.ask(call, what=what)


async def pause_until_sure(context: RunContext) -> None:
    """Wait before the second question. Raises RunStopped."""
    await context.pause(GONE_PAUSE)
