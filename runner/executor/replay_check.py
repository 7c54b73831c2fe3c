"""Listing once more after a replay: whether its key made a second look after all.

A list that lags shows neither the first look nor the second while a take is settled, and a take
that is adopted when it is done is never asked after again. So each take that was sent twice is
checked once more when its replay is old enough: at the end of the run, which waits for that, or
before the next one plans anything.
"""

from contextlib import suppress

from runner.executor.concurrency import RunStopped
from runner.executor.context import RunContext
from runner.executor.resolve_unknown import UnknownResolver


async def check_replays(context: RunContext, *, wait: bool = False) -> None:
    """Check the keys of all takes that were sent again and not checked late enough since.

    ``wait``: until their replays are old enough to be listed. Raises no RunStopped: what is not
    checked now is checked by the next run.
    """
    resolver = UnknownResolver(context)
    with suppress(RunStopped):
        for take in context.ledger.unchecked_replays():
            # What settles a take lists its group; what was on its way is unknown once a run begins.
            if take.avatar_id is None or resolver.is_sending(take):
                continue
            if wait:
                await _until_listed(context, resolver.age_of_all(take))
            await resolver.check_keys(take)


async def _until_listed(context: RunContext, age: float) -> None:
    seconds = context.retry_limits.replay_listed - age
    if seconds > 0:
        context.observer.waiting("HeyGen to list what was sent twice", seconds)
        await context.pause(seconds)
