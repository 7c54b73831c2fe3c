"""What refused and undecided sends say of the whole account: when sending has to stop.

One look that is refused says nothing of the others. Many sends in a row that stay undecided, or
that are forbidden, say that the next one would meet the same.
"""

from runner.executor.context import RunContext, explain
from runner.policy.decisions import DECIDED, Purchase
from runner.policy.lifecycle import Event
from runner.replies import CreatedData, Refusal, Reply
from runner.takes import Take, TakeState


class AccountRefusals:
    """Counts what the sends of one run met, and stops sending where it speaks of the account."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._undecided: set[str] = set()
        self._forbidden: dict[str, Refusal] = {}
        self._in_a_row = 0
        self._accepted = False

    def count(self, take: Take, decision: Purchase, reply: Reply[CreatedData]) -> None:
        """Count one reply to a paid request, and stop sending where the next would be vain."""
        context = self._context
        if decision is Purchase.BOUGHT:
            self._accepted = True
            self._in_a_row = 0
        if decision in DECIDED:
            self._undecided.clear()
        elif decision in (Purchase.UNDECIDED, Purchase.UNDECIDED_SLOW):
            self._undecided.add(take.uid)
            if len(self._undecided) >= context.retry_limits.undecided:
                context.stop_because(
                    f"{len(self._undecided)} sends in a row got no answer that decides what "
                    f"became of them; the last: {explain(reply)}"
                )
        if decision is Purchase.FORBIDDEN and isinstance(reply, Refusal):
            self._forbidden[take.uid] = reply
            self._in_a_row += 1
            if self._in_a_row >= context.retry_limits.failures:
                context.stop_for_account(explain(reply))
        elif decision is Purchase.PERSON:
            context.stop_for_account(explain(reply))
        elif decision is Purchase.ACCOUNT:
            context.stop_because(f"the account refuses more: {explain(reply)}")

    async def settle_forbidden(self) -> list[Take]:
        """Decide, at the end of a run, whether what was forbidden was about those looks.

        Where another look was accepted in the same run, it was: they fail. Otherwise it was about
        the key, and a person is asked. Return the takes that failed.
        """
        context = self._context
        forbidden = {
            uid: reply
            for uid, reply in self._forbidden.items()
            if context.ledger.take(uid).state is TakeState.PLANNED
        }
        if not forbidden or context.account_trouble is not None:
            return []
        if not self._accepted:
            labels = ", ".join(context.ledger.take(uid).label for uid in forbidden)
            context.stop_for_account(f"{labels}: {explain([*forbidden.values()][-1])}")
            return []
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
            for uid, reply in forbidden.items()
        ]
