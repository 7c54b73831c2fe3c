"""What refused and undecided sends say of the whole account: when sending has to stop.

One look that is refused says nothing of the others. Many sends in a row that stay undecided, or
that are forbidden, say that the next one would meet the same.
"""

from collections.abc import Mapping

from runner.executor.concurrency import RunStopped
from runner.executor.context import RunContext, explain
from runner.model import LookKind
from runner.policy.decisions import DECIDED, Purchase
from runner.policy.lifecycle import Event
from runner.replies import Answer, CreatedData, Refusal, Reply
from runner.takes import Take, TakeState


class AccountRefusals:
    """Counts what the sends of one run met, and stops sending where it speaks of the account."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._undecided: set[str] = set()
        self._forbidden: dict[str, Refusal] = {}
        self._in_a_row: set[str] = set()
        """The looks that were forbidden since the last one was accepted."""
        self._accepted = False
        self._doubtful: Refusal | None = None

    def count(self, take: Take, decision: Purchase, reply: Reply[CreatedData]) -> None:
        """Count one reply to a paid request, and stop sending where the next would be vain."""
        context = self._context
        if decision is Purchase.BOUGHT:
            self._accepted = True
            self._in_a_row.clear()
        if decision in DECIDED:
            self._undecided.clear()
        elif decision in (Purchase.UNDECIDED, Purchase.UNDECIDED_SLOW) or (
            decision is Purchase.UNDECIDED_PERSON and take.resent_at is None
        ):  # also a page on the way that speaks of money
            self._undecided.add(take.uid)
            if len(self._undecided) >= context.retry_limits.undecided:
                context.stop_because(
                    f"{len(self._undecided)} sends in a row got no answer that decides what "
                    f"became of them; the last: {explain(reply)}"
                )
        if decision is Purchase.FORBIDDEN and isinstance(reply, Refusal):
            self._forbidden[take.uid] = reply
            self._in_a_row.add(take.look)
            if self._are_many:
                context.stop_because(
                    f"{len(self._in_a_row)} looks in a row were forbidden; the last: "
                    f"{explain(reply)}"
                )
        elif decision is Purchase.PERSON:
            context.stop_for_account(explain(reply))
        elif decision is Purchase.ACCOUNT:
            context.stop_because(f"the account refuses more: {explain(reply)}")

    def doubt(self, refusal: Refusal) -> None:
        """Record a refusal of the account that may be an old answer: the other looks show it."""
        self._doubtful = refusal

    @property
    def _are_many(self) -> bool:
        """Return whether so many looks in a row were forbidden that it may be about all of them."""
        return len(self._in_a_row) >= self._context.retry_limits.failures

    async def settle(self) -> list[Take]:
        """Decide, at the end of a run, whether refusals were about looks or about the account.

        Where what was forbidden was about those looks, they fail; return their takes. Otherwise it
        may be about the key or the account: they stay planned, and a person is asked, as about a
        refusal that was doubted where no look was accepted.
        """
        context = self._context
        if self._doubtful is not None and not self._accepted:
            context.stop_for_account(explain(self._doubtful))
        forbidden = {
            uid: reply
            for uid, reply in self._forbidden.items()
            if context.ledger.take(uid).state is TakeState.PLANNED
        }
        if not forbidden or context.account_trouble is not None:
            return []
        own = forbidden if self._accepted else await self._find_own(forbidden)
        if len(own) < len(forbidden):
            rest = [uid for uid in forbidden if uid not in own]
            labels = ", ".join(sorted(context.ledger.take(uid).label for uid in rest))
            context.stop_for_account(
                f"{labels}: {explain(forbidden[rest[-1]])} If it is about what they ask for, edit "
                "them or leave them out (`--exclude`); in the next run others go first"
            )
        return [
            await context.record(
                uid,
                Event.REFUSED,
                {
                    "error_code": reply.code,
                    "error_message": reply.message,
                    "request_id": reply.request_id,
                },
            )
            for uid, reply in own.items()
        ]

    async def _find_own(self, forbidden: Mapping[str, Refusal]) -> Mapping[str, Refusal]:
        """Return what was about the looks themselves although nothing was accepted in this run.

        HeyGen's own word about a few looks is, on an account that generated before and whose key
        is accepted now: else one look that is left over would stop the campaign every night.
        """
        own = {uid: reply for uid, reply in forbidden.items() if reply.enveloped}
        if self._are_many or not own or not _has_generated(self._context):
            return {}
        try:
            user = await self._context.ask(self._context.api.me, what="checking the key")
        except RunStopped:
            return {}
        return own if isinstance(user, Answer) else {}


def _has_generated(context: RunContext) -> bool:
    """Return whether this account is known to have generated: for this ledger or a neighbour."""
    known = context.ledger.snapshot()
    bought = (t for t in known.all_takes if t.kind is not LookKind.EXISTING)
    return any(t.avatar_id is not None for t in bought) or bool(known.prices)
