"""The money protocol for one take: intent, send, decide, commit (``docs/money.md``).

Before a POST leaves, its intent is on disk; what the server answered is on disk before anything
else happens. A first send that is not decided becomes ``unknown``: the account is searched, and
where nothing was made it is sent again with the same key and the same bytes. A refusal of such a
replay decides nothing.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

import anyio

from runner.executor.concurrency import RunStopped
from runner.executor.context import RunContext, describe_reply, explain
from runner.executor.ports import Intent
from runner.executor.rate_gate import RateGate
from runner.executor.refunds import usd_balance
from runner.executor.refusals import AccountRefusals
from runner.executor.replay_turns import KeysDoubtful, ReplayTurns
from runner.executor.resolve_unknown import UnknownResolver
from runner.executor.sender import KeyOver, Sender
from runner.executor.temporary_refusals import Renew, TemporaryRefusals
from runner.policy.decisions import (
    IN_PROGRESS,
    MONEY,
    UNDECIDED,
    Purchase,
    decide_purchase,
)
from runner.policy.lifecycle import Event
from runner.replies import Answer, CreatedData, Lost, Refusal, Reply
from runner.takes import Take

log = logging.getLogger("runner.executor")


class Buyer:
    """Buys takes and replays those whose outcome is unknown."""

    def __init__(self, context: RunContext, rate_gate: RateGate, resolver: UnknownResolver) -> None:
        self._context = context
        self._rate_gate = rate_gate
        self._resolver = resolver
        self._replays = ReplayTurns(context, resolver)
        self._asking = anyio.Lock()
        self._asked = False
        self.refusals = AccountRefusals(context)
        self._sender = Sender(context, rate_gate, self.refusals)

    async def buy(
        self, intent: Intent, *, undecided: Callable[[], None], renew: Renew | None = None
    ) -> Take:
        """Buy one take. Return it accepted, failed, unknown, or planned again: nothing was bought.

        ``intent.key`` is replaced by a fresh one for every first send. ``undecided`` hears when
        only replays are left to decide, which may take long. ``renew`` is called once where an
        upload that the body names is gone. Raises OverBudget, or RunStopped when the run is stopped
        before anything left.
        """
        context = self._context
        unreached = later = 0
        excuses = TemporaryRefusals(context, renew)
        await self._learn_the_time()
        while True:
            async with self._rate_gate.turn(partial(self._sender.intend, intent)) as sent:
                context.sent[sent.uid] = context.ticks()
                context.observer.take_changed(sent, Event.INTENDED)
                judge = partial(excuses.judge, intent)
                take, decision, reply = await self._sender.send(sent, intent.body, judge)
            intent = replace(intent, take=take.uid)
            renewal = excuses.take_renewal()
            if renewal is not None:
                intent = replace(await renewal(intent.body), take=take.uid)
            elif decision in UNDECIDED:
                undecided()
                return await self.replay(take, reply)
            if decision is Purchase.UNREACHED:
                unreached += 1
                if unreached > context.retry_limits.retries:
                    context.stop_because(f"HeyGen cannot be reached: {describe_reply(reply)}")
                    return take
                wait = context.delay(unreached, reply)
                await self._pause(take, wait, "it is sent again")
            elif decision is Purchase.LATER:
                later += 1
                if later > context.retry_limits.retries and not excuses.waiting:
                    self._give_up(reply)
                    return take
                wait = excuses.delay(later, reply)
                await self._pause(take, wait, "it is sent again")
            elif decision is not Purchase.PACED:
                return take

    async def _pause(self, take: Take, wait: float, before: str) -> None:
        log.info("%s: waiting %.1f s before %s", take.label, wait, before)
        await self._context.pause(wait, sending=True)

    def _give_up(self, reply: Reply[CreatedData]) -> None:
        """Stop where something on the way refuses every send; a look's own trouble is its own."""
        if isinstance(reply, Refusal) and not reply.enveloped:
            self._context.stop_because(f"nothing gets through to HeyGen: {explain(reply)}")

    async def replay(self, take: Take, reply: Reply[CreatedData] | None = None) -> Take:
        """Settle an unknown take: search for it, and send it again where nothing was made of it.

        ``reply`` is what its last send met, if that was just now. Return it accepted, found by a
        search, or still unknown, also where the run is stopped. Raises OverBudget.
        """
        context = self._context
        begun = context.ticks()
        attempt = 0
        await self._learn_the_time()
        try:
            while context.key_is_alive(take):
                if reply is not None:
                    kind = decide_purchase(reply, replay=True)
                    if kind is Purchase.UNDECIDED_PERSON and isinstance(reply, Refusal):
                        await self._stop_unless_stale(take, reply)
                        return take
                    if kind is Purchase.UNDECIDED_REFUSED:
                        break
                    in_progress = kind is Purchase.UNDECIDED_PACED or _is_in_progress(reply)
                    attempt += 0 if in_progress else 1
                    limits, waited = context.retry_limits, context.ticks() - begun
                    if attempt > limits.retries or waited > limits.unanswered:
                        return take
                    wait = context.delay(max(attempt, 3 if in_progress else 1), reply)
                    await self._pause(take, wait, "its replay")
                async with self._resolver.turn(take):
                    take, reply = await self._search_and_resend(take, reply)
                if reply is None:
                    return take
        except RunStopped:
            return take
        return await self._resolver.settle(take)

    async def _search_and_resend(
        self, take: Take, reply: Reply[CreatedData] | None
    ) -> tuple[Take, Reply[CreatedData] | None]:
        """Send a stored body again where a search shows that nothing was made of it.

        Return the take, and what its send or the search met where both are to be tried again: None
        where it is bought or found, or left to a person. Raises OverBudget, or RunStopped.
        """
        take = await self._resolver.settle_in_turn(take, listed=_is_in_progress(reply))
        if not self._is_missing(take):
            return take, self._find_trouble(take)
        try:
            async with self._replays.turn(take) as waited:
                if waited:
                    take = await self._resolver.settle_in_turn(take, listed=True)
                    if not self._is_missing(take):
                        return take, self._find_trouble(take)
                return await self._resend(take)
        except (KeyOver, KeysDoubtful):  # its last second, or a replay showed that none is honoured
            return take, None

    def _is_missing(self, take: Take) -> bool:
        """Return whether the search for a take has shown that its body has to leave again."""
        finding = self._resolver.findings.get(take.uid)
        return finding is not None and not finding.needs_person and finding.problem is None

    def _find_trouble(self, take: Take) -> Reply[CreatedData] | None:
        """Return why a search is to be made again; None where it was finished, or never will be."""
        finding = self._resolver.findings.get(take.uid)
        if finding is None or finding.needs_person or finding.problem is None:
            return None
        return Lost(finding.problem)

    async def _resend(self, take: Take) -> tuple[Take, Reply[CreatedData] | None]:
        """Send a stored body again; return what ``_search_and_resend`` does. Raises KeyOver."""
        context = self._context
        async with self._rate_gate.turn(partial(self._sender.resend, take)) as sent:
            context.observer.take_changed(sent, Event.RESENT)
            body = await context.ledger.wait_for(partial(context.ledger.body, sent.uid))
            judge = partial(decide_purchase, replay=True)
            take, decision, answer = await self._sender.send(sent, body, judge)
        if decision is not Purchase.BOUGHT:
            return take, answer
        self._resolver.findings.pop(take.uid, None)
        take = await self._as_it_is_now(take)
        if not take.pending:
            self._rate_gate.ended(take.uid)  # nobody waits for it any more
        return take, None

    async def _as_it_is_now(self, take: Take) -> Take:
        """Fetch a look afresh that a replay named, and check that keys are honoured.

        A replay shows a look as it was at creation. What was bought is bought, also where the run
        is stopped meanwhile.
        """
        context = self._context
        with suppress(RunStopped):
            look_id = take.avatar_id or ""
            shown = await context.ask(lambda: context.api.look(look_id), what="asking for a look")
            if isinstance(shown, Answer):
                take = await self._resolver.show(take, shown.data)
        if await self._resolver.check_keys(take):
            self._replays.mark_seen(take)
        return take

    async def _learn_the_time(self) -> None:
        """Read the API's clock once before anything paid leaves: key lifetimes depend on it."""
        async with self._asking:
            if self._context.server_epoch is None and not self._asked:
                with suppress(RunStopped):
                    await self._context.ask(self._context.api.me, what="asking for the time")
                self._asked = True

    async def _stop_unless_stale(self, take: Take, refusal: Refusal) -> None:
        """Stop for the account where it refuses now; a refusal stored under a key says nothing.

        None is stored under a fresh key; a gateway's page is not HeyGen's word. Raises RunStopped.
        """
        fresh = take.resent_at is None and refusal.enveloped
        is_stale = False if fresh else await self._is_stale(take, refusal)
        if is_stale is None:
            self.refusals.doubt(refusal)
        elif not is_stale:
            self._context.stop_for_account(explain(refusal))

    async def _is_stale(self, take: Take, refusal: Refusal) -> bool | None:
        """Return whether a refusal of the account is an old answer, stored under this key.

        It says nothing of the other looks then, and must not stop them for the life of a key. The
        present is asked: the wallet where it was about money, else whether the key is accepted.
        None where only another look's send can show it: the account has no wallet in dollars.
        Raises RunStopped.
        """
        context = self._context
        user = await context.ask(context.api.me, what="looking into the wallet")
        if not isinstance(user, Answer):
            return False
        if refusal.status in (401, 403) and refusal.code not in MONEY:
            return True
        balance = usd_balance(user.data)
        return None if balance is None else balance >= take.price


def _is_in_progress(reply: Reply[CreatedData] | None) -> bool:
    return isinstance(reply, Refusal) and reply.status == 409 and reply.code == IN_PROGRESS
