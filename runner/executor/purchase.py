"""The money protocol for one take: intent, send, decide, commit (design, "What a run promises", 1).

Before a POST leaves, its intent is on disk; what the server answered is on disk before anything
else happens. A first send that is not decided becomes ``unknown`` and is sent again with the same
key and the same bytes; a refusal of such a replay decides nothing.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import anyio

from runner.answers import Answer, CreatedData, Refusal, Reply
from runner.executor.desk import Desk, said
from runner.executor.gate import Gate
from runner.executor.ports import Intent
from runner.executor.tasks import Stopping
from runner.executor.wallet import balance_of
from runner.policy.lifecycle import Event
from runner.policy.verdict import Purchase, judge_purchase
from runner.takes import Take

__all__ = ["Buyer"]

Settle = Callable[[Take], Awaitable[Take]]

NOT_ACCEPTED = {
    Purchase.REFUSED: Event.REFUSED,
    Purchase.FORBIDDEN: Event.DEFERRED,
    Purchase.LATER: Event.DEFERRED,
    Purchase.PACED: Event.DEFERRED,
    Purchase.UNREACHED: Event.DEFERRED,
    Purchase.PERSON: Event.DEFERRED,
    Purchase.ACCOUNT: Event.DEFERRED,
}
"""What is recorded of each decision other than a purchase; all the rest leaves the take unknown."""


class Buyer:
    """Buys takes and replays those whose outcome is unknown."""

    def __init__(self, desk: Desk, gate: Gate, settle: Settle) -> None:
        self._desk = desk
        self._gate = gate
        self._settle = settle
        self._asking = anyio.Lock()
        self._asked = False

    async def buy(self, intent: Intent, *, undecided: Callable[[], None]) -> Take:
        """Buy one take. Gives it accepted, failed, unknown, or planned again: nothing was bought.

        ``intent.key`` is replaced by a fresh one for every first send. ``undecided`` hears when
        only replays are left to decide, which may take long. Raises OverBudget, or Stopping when
        the run is stopped before anything left.
        """
        desk = self._desk
        unreached = 0
        await self._learn_the_time()
        while True:
            async with self._gate.turn():
                # A clock that is wrong now and put right later must not lengthen the key's life.
                sent_at = min(desk.clock.now(), desk.now_at_server())
                intent = replace(intent, key=desk.entropy.key(), sent_at=sent_at)
                with anyio.CancelScope(shield=True):
                    take = await desk.ledger.intend(intent)
                desk.observer.take_changed(take, Event.INTENDED)
                take, decision, reply = await self._send(take, intent.body, replay=False)
            intent = replace(intent, take=take.uid)
            if decision is Purchase.UNDECIDED:
                undecided()
                return await self.replay(take, reply)
            if decision is Purchase.UNREACHED:
                unreached += 1
                if unreached > desk.patience.retries:
                    desk.stop_because(f"HeyGen cannot be reached: {said(reply)}")
                    return take
                await desk.pause(desk.delay(unreached, reply), sending=True)
            elif decision is not Purchase.PACED:
                return take

    async def replay(self, take: Take, reply: Reply[CreatedData] | None = None) -> Take:
        """Send an unknown take again within the bounds: same key, same bytes.

        ``reply`` is what its last send met, if that was just now. Gives it accepted, found by a
        search, or still unknown. Raises OverBudget.
        """
        desk = self._desk
        begun = desk.ticks()
        attempt = 0
        await self._learn_the_time()
        while self._desk.key_is_alive(take):
            if reply is not None:
                in_progress = isinstance(reply, Refusal) and reply.status in (409, 429)
                attempt += 0 if in_progress else 1
                waited = desk.ticks() - begun
                if attempt > desk.patience.retries or waited > desk.patience.unanswered:
                    return take
                try:
                    wait = desk.delay(max(attempt, 3 if in_progress else 1), reply)
                    await desk.pause(wait, sending=True)
                except Stopping:
                    return take
            try:
                async with self._gate.turn():
                    with anyio.CancelScope(shield=True):
                        take = await desk.ledger.resend(take.uid)
                    desk.observer.take_changed(take, Event.RESENT)
                    body = desk.ledger.body(take.uid)
                    take, decision, reply = await self._send(take, body, replay=True)
            except Stopping:
                return take
            if decision is Purchase.BOUGHT:
                return take
            if decision is Purchase.UNDECIDED_PERSON:
                if not await self._is_stale(take, reply):
                    desk.stop_for_account(said(reply))
                return take
            if decision is Purchase.UNDECIDED_REFUSED:
                break
        return await self._settle(take)

    async def _learn_the_time(self) -> None:
        """Hear the API's clock once before anything paid leaves: a key's life is counted by it."""
        async with self._asking:
            if self._desk.server_epoch is None and not self._asked:
                with suppress(Stopping):
                    await self._desk.ask(self._desk.api.me, what="asking for the time")
                self._asked = True

    async def _is_stale(self, take: Take, reply: Reply[CreatedData]) -> bool:
        """Whether a replay was told of an empty wallet that is not empty: an old answer, stored.

        It says nothing of the other looks then, and must not stop them for the life of a key.
        """
        if not isinstance(reply, Refusal) or reply.status != 402:
            return False
        desk = self._desk
        try:
            user = await desk.ask(desk.api.me, what="looking into the wallet")
        except Stopping:
            return False
        balance = balance_of(user.data) if isinstance(user, Answer) else None
        return balance is not None and balance >= take.price

    async def _send(
        self, take: Take, body: bytes, *, replay: bool
    ) -> tuple[Take, Purchase, Reply[CreatedData]]:
        """Let one request leave and commit what came back, whatever happens to this task."""
        desk = self._desk
        if take.key is None:
            raise ValueError(f"{take.label} has no idempotency key")
        try:
            reply = await desk.api.create_avatar(body, take.key)
        except BaseException:  # cancelled: the request may have arrived
            await desk.record(take.uid, Event.LOST, {"error_message": "the run was ended"})
            raise
        desk.heard(reply)
        decision = judge_purchase(reply, replay=replay)
        take = await self._commit(take, decision, reply)
        self._tell(take.uid, decision, reply)
        return take, decision, reply

    async def _commit(self, take: Take, decision: Purchase, reply: Reply[CreatedData]) -> Take:
        if isinstance(reply, Answer):
            facts: dict[str, Any] = {
                "avatar_id": reply.data.look.id,
                "group_id": reply.data.group.id if reply.data.group is not None else None,
                "accepted_at": self._desk.clock.now(),
                "request_id": reply.request_id,
                "error_code": None,
                "error_message": None,
            }
            return await self._desk.record(take.uid, Event.ACCEPTED, facts)
        facts = {"error_message": said(reply)}
        if isinstance(reply, Refusal):
            facts = {
                "error_code": reply.code,
                "error_message": reply.message,
                "request_id": reply.request_id,
            }
        return await self._desk.record(take.uid, NOT_ACCEPTED.get(decision, Event.LOST), facts)

    def _tell(self, take: str, decision: Purchase, reply: Reply[CreatedData]) -> None:
        """Let the pace and the run hear what follows for everybody."""
        desk = self._desk
        if decision is Purchase.BOUGHT:
            self._gate.accepted(take)
        elif decision in (Purchase.PACED, Purchase.UNDECIDED_PACED):
            retry_after = reply.retry_after if isinstance(reply, Refusal) else None
            self._gate.refused(retry_after)
        elif decision is Purchase.PERSON:
            desk.stop_for_account(said(reply))
        elif decision is Purchase.ACCOUNT:
            desk.stop_because(f"the account refuses more: {said(reply)}")
