"""Pictures: fetched with a fresh link, beside the run and never in its way; free at any time."""

from collections import deque
from collections.abc import Callable, Collection

import anyio
from anyio.abc import TaskGroup

from runner.executor.concurrency import RunStopped
from runner.executor.context import RunContext, describe_reply
from runner.executor.ports import Downloaded
from runner.policy.lifecycle import Event
from runner.policy.retry import backoff
from runner.replies import Answer
from runner.takes import Take, TakeState


class Downloads:
    """Fetches pictures of completed takes; ``problems`` says, by label, why one is missing.

    ``fetched`` is called with every take whose picture came.
    """

    def __init__(
        self,
        context: RunContext,
        *,
        at_once: int = 4,
        fetched: Callable[[Take], None] = lambda _take: None,
    ) -> None:
        self._context = context
        self._fetched = fetched
        self._limit = anyio.Semaphore(at_once)
        self._most_hands = at_once
        self._hands = 0
        self._waiting: deque[Take] = deque()
        self.problems: dict[str, str] = {}

    def soon(self, take: Take, tasks: TaskGroup) -> None:
        """Fetch one take's picture in ``tasks`` when its turn comes.

        Looks may be done faster than pictures arrive: what waits is a take, not a task.
        """
        self._waiting.append(take)
        if self._hands < self._most_hands:
            self._hands += 1
            tasks.start_soon(self._work)

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self.fetch(self._waiting.popleft())
        finally:
            self._hands -= 1

    async def fetch(self, take: Take) -> Take:
        """Fetch one take's picture; return the take, fetched if that worked."""
        async with self._limit:
            if self._context.interrupted:
                return take
            try:
                return await self._fetch(take)
            except RunStopped:
                return take

    async def _fetch(self, take: Take) -> Take:
        context = self._context
        look_id = take.avatar_id or ""
        attempt = 0
        while True:
            attempt += 1
            reply = await context.ask(
                lambda: context.api.look(look_id), what="asking for a fresh link"
            )
            if not isinstance(reply, Answer):
                self.problems[take.label] = describe_reply(reply)
                return take
            url = reply.data.preview_image_url
            if url is None:
                self.problems[take.label] = "HeyGen shows no picture of it"
                return take
            got = await context.images.fetch(url, look=take.look, number=take.number)
            if isinstance(got, Downloaded):
                facts = {
                    "image": got.image,
                    "sha256": got.sha256,
                    "width": got.width,
                    "height": got.height,
                }
                self.problems.pop(take.label, None)
                take = await context.record(take.uid, Event.FETCHED, facts)
                self._fetched(take)
                return take
            if attempt > context.retry_limits.retries or not (got.expired or got.again):
                self.problems[take.label] = got.reason
                return take
            await context.pause(backoff(attempt, context.entropy.random()))


async def find_unfetched(
    context: RunContext, *, wanted: Collection[str], thorough: bool
) -> list[Take]:
    """Return every usable take whose picture is not on disk; a lost one is recorded as missing.

    A picture that was removed on purpose (``prune --local``) is missing once its take is the pick
    of a ``wanted`` look, however it became that; ``wanted`` are looks by the ledger's keys.

    ``thorough`` reads the pictures and also finds those whose content was changed. A file older
    than its take is read in any case: it is what an earlier look of that name left in this folder,
    where the take's own picture was fetched in another.
    """
    snapshot = context.ledger.snapshot()
    picks = {snapshot.picks.get(key) for key in wanted}
    missing: list[Take] = []
    for take in snapshot.all_takes:
        removed = take.image is None and take.uid not in picks
        if (
            take.state is TakeState.FETCHED
            and not removed
            and not _there(context, take, thorough=thorough)
        ):
            missing.append(await context.record(take.uid, Event.IMAGE_MISSING))
        elif take.state is TakeState.COMPLETED and take.avatar_id:
            missing.append(take)
    return missing


def _there(context: RunContext, take: Take, *, thorough: bool) -> bool:
    if take.image is None or take.sha256 is None:
        return False
    written = context.images.written_at(take.image)
    if written is None:
        return False
    if thorough or written < (take.sent_at or 0.0):
        return context.images.present(take.image, take.sha256)
    return True
