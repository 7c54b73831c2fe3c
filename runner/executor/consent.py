"""The page where a person grants a consent: one for each group, however many looks wait for it."""

import anyio

from runner.executor.context import RunContext
from runner.replies import Answer
from runner.takes import TakeState

RETRY_AFTER = 60.0
"""Seconds after which a consent that could not be started is tried again, for any look."""


class Consents:
    """Starts the consent of a group once, and remembers its page."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._locks: dict[str, anyio.Lock] = {}
        self._pages: dict[str, str] = {}
        self._refused_at: dict[str, float] = {}

    async def page(self, group_id: str) -> str | None:
        """Return the address of a group's consent page, or None where there is none (yet)."""
        async with self._locks.setdefault(group_id, anyio.Lock()):
            if group_id not in self._pages and (known := self._recorded(group_id)) is not None:
                self._pages[group_id] = known
            if group_id not in self._pages:
                await self._start(group_id)
            return self._pages.get(group_id)

    def forget(self, group_id: str | None) -> None:
        """Forget a group's page: the consent was granted, and another one would be a new one."""
        self._pages.pop(group_id or "", None)

    async def _start(self, group_id: str) -> None:
        context = self._context
        refused_at = self._refused_at.get(group_id)
        if refused_at is not None and context.ticks() - refused_at < RETRY_AFTER:
            return
        key = context.entropy.key()
        reply = await context.ask(
            lambda: context.api.consent(group_id, key), what="starting the consent", needed=False
        )
        if isinstance(reply, Answer):
            self._pages[group_id] = reply.data.url
        else:
            self._refused_at[group_id] = context.ticks()

    def _recorded(self, group_id: str) -> str | None:
        """Return the page that an earlier run was given, for a look that still waits for it."""
        for take in self._context.ledger.snapshot().all_takes:
            waits = take.state is TakeState.PENDING_CONSENT and take.group_id == group_id
            if waits and take.consent_url is not None:
                return take.consent_url
        return None
