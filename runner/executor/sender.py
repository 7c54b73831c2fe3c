"""One paid request: committed before it leaves, sent, and what was answered committed.

Nothing is decided about the take here but what the reply says (``docs/money.md``).
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from runner.executor.context import RunContext, describe_reply
from runner.executor.ports import Intent
from runner.executor.rate_gate import RateGate
from runner.executor.refusals import AccountRefusals
from runner.policy.decisions import Purchase, decide_purchase
from runner.policy.lifecycle import Event
from runner.policy.retry import KEY_MARGIN
from runner.replies import Answer, CreatedData, Lost, Refusal, Reply
from runner.takes import ANSWER_TAKEN, SLOW_CODES, Take, find_target_group

log = logging.getLogger("runner.executor")

TOO_LATE = Lost(
    "this process was stopped, or its disk took too long, before the request could leave"
)
"""What is known of a request that was committed and did not leave: another process may have taken
it over, and its key may be over by the time that this one goes on."""


class KeyOver(Exception):
    """A key's life ended while a replay waited for a place; nothing was committed."""


NOT_ACCEPTED = {
    Purchase.REFUSED: Event.REFUSED,
    Purchase.FORBIDDEN: Event.RETURNED,
    Purchase.LATER: Event.RETURNED,
    Purchase.PACED: Event.RETURNED,
    Purchase.UNREACHED: Event.RETURNED,
    Purchase.PERSON: Event.RETURNED,
    Purchase.ACCOUNT: Event.RETURNED,
}
"""What is recorded of each decision other than a purchase; all the rest leaves the take unknown."""


NOTHING_DONE = frozenset({Purchase.PACED, Purchase.UNREACHED})
"""What says of a replay that it did nothing: then it counts as if it had never left."""


class Sender:
    """Commits, sends, and commits what came of it."""

    def __init__(self, context: RunContext, rate_gate: RateGate, refusals: AccountRefusals) -> None:
        self._context = context
        self._rate_gate = rate_gate
        self._begun: dict[str, float] = {}
        """When the commit of what is about to leave began, in ticks, by take."""
        self._resent_before: dict[str, float | None] = {}
        """When the body of what is sent again had been sent again before, by take."""
        self._refusals = refusals

    async def intend(self, intent: Intent) -> Take:
        """Commit an intent under a fresh key."""
        context = self._context
        key, sent_at, begun = context.entropy.key(), context.earliest_now(), context.ticks()
        take = await context.ledger.intend(replace(intent, key=key, sent_at=sent_at))
        self._begun[take.uid] = begun
        return take

    async def resend(self, take: Take) -> Take:
        """Commit that the stored body of a take leaves again.

        Raises KeyOver where its key's life ended while it waited for a place.
        """
        context = self._context
        if not context.key_is_alive(take):
            raise KeyOver
        self._begun[take.uid] = context.ticks()
        self._resent_before[take.uid] = take.resent_at
        return await context.ledger.resend(take.uid, at=context.earliest_now())

    async def send(
        self, take: Take, body: bytes, judge: Callable[[Reply[CreatedData]], Purchase]
    ) -> tuple[Take, Purchase, Reply[CreatedData]]:
        """Send one request and commit its outcome, whatever happens to this task."""
        context = self._context
        if take.key is None:
            raise ValueError(f"{take.label} has no idempotency key")
        reply: Reply[CreatedData] = TOO_LATE
        try:
            if context.ticks() - self._begun.pop(take.uid) < KEY_MARGIN:
                reply = await context.api.create_avatar(body, take.key)
        except BaseException:  # cancelled: the request may have arrived
            await context.record(take.uid, Event.LOST, {"error_message": "the run was ended"})
            raise
        context.heard(reply)
        holder = self._holder(take, reply)
        decision = judge(reply) if holder is None else Purchase.UNDECIDED
        log.info(
            "%s: send %d: %s (%s)", take.label, take.attempts, decision.name, describe_reply(reply)
        )
        if holder is None:
            take = await self._commit(take, body, decision, reply)
        else:
            words = f"its answer names the look that {holder.label} was found to be"
            facts = {"error_code": ANSWER_TAKEN, "error_message": words}
            take = await context.record(take.uid, Event.LOST, facts)
        await self._tell(take, decision, reply)
        return take, decision, reply

    def _holder(self, take: Take, reply: Reply[CreatedData]) -> Take | None:
        """Return the take that was found to be the look that a replay is answered with.

        Sends of one body are interchangeable while none is answered: where the keys of both counted
        as over, one was taken to have made what the other made. One look is one take's: what
        became of the other send is not known, and this key can tell nothing more.
        """
        if take.resent_at is None or not isinstance(reply, Answer):
            return None
        made, every = reply.data.look.id, self._context.ledger.snapshot().all_takes
        return next((t for t in every if t.avatar_id == made and t.uid != take.uid), None)

    async def _commit(
        self, take: Take, body: bytes, decision: Purchase, reply: Reply[CreatedData]
    ) -> Take:
        if isinstance(reply, Answer):
            facts: dict[str, Any] = {
                "avatar_id": reply.data.look.id,
                "group_id": self._find_group(take, reply.data),
                "accepted_at": self._context.clock.now(),
                "request_id": reply.request_id,
                "error_code": None,
                "error_message": None,
            }
            return await self._context.record(take.uid, Event.ACCEPTED, facts)
        facts = {"error_message": describe_reply(reply)}
        if isinstance(reply, Refusal):
            was_slow = take.error_code in SLOW_CODES  # and stays that, whatever its replay met
            facts = {
                "error_code": take.error_code if was_slow else reply.code,
                "error_message": reply.message + _about_urls(decision, body),
                "request_id": reply.request_id,
            }
        if take.resent_at is not None and decide_purchase(reply, replay=False) in NOTHING_DONE:
            facts["resent_at"] = self._resent_before[take.uid]
        return await self._context.record(take.uid, NOT_ACCEPTED.get(decision, Event.LOST), facts)

    def _find_group(self, take: Take, created: CreatedData) -> str | None:
        """Return where a look was saved: as the answer says, or as the request asked."""
        if created.group is not None:
            return created.group.id
        return find_target_group(take, self._context.ledger.snapshot().all_takes)

    async def _tell(self, take: Take, decision: Purchase, reply: Reply[CreatedData]) -> None:
        """Apply what a reply means for the rate limit and the whole run."""
        if decision is Purchase.BOUGHT:
            self._rate_gate.accepted(take.uid)
        elif decision in (Purchase.PACED, Purchase.UNDECIDED_PACED):
            retry_after = reply.retry_after if isinstance(reply, Refusal) else None
            await self._rate_gate.refused(retry_after)
        self._refusals.count(take, decision, reply)


def _about_urls(decision: Purchase, body: bytes) -> str:
    """Return what may have been slow, where a body names pictures by their URL."""
    if decision is not Purchase.UNDECIDED_SLOW or b'"type":"url"' not in body:
        return ""
    return " (an image URL of this look may be too slow for HeyGen: a local file is not)"
