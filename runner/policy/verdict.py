"""What an answer decides. The one place where errors are mapped to decisions.

For the request that costs (``judge_purchase``) a first send and a replay are told apart: a refusal
of a first send proves that nothing was bought, a refusal of a *replay* proves nothing, because the
first send may have been charged (design, "What a run promises", 1). For requests that are free
(``judge_free``) the question is only whether to ask again.
"""

from enum import StrEnum
from typing import Any

from runner.answers import Answer, Lost, NotSent, Refusal, Reply

__all__ = ["Free", "Purchase", "judge_free", "judge_purchase"]

DECISIVE = frozenset({400, 401, 402, 403, 404, 413, 422, 429})
"""Statuses that, for a first send, prove that nothing was bought (design)."""

PERSON = frozenset({401, 402, 403})
"""The key, the permission or the wallet: nothing that this program can mend."""

ACCOUNT_CODES = frozenset({"resource_limit_reached"})
"""Refusals that every further look of the account would meet as well."""


class Purchase(StrEnum):
    """What follows from the reply to a request that costs."""

    BOUGHT = "bought"
    """Decided: the look exists and was paid for."""
    REFUSED = "refused"
    """Decided: nothing was bought, and it is this look's own fault. It fails."""
    PACED = "paced"
    """Decided: nothing was bought (429). Later again, under a fresh key."""
    UNREACHED = "unreached"
    """Decided: it was never sent. Later again, under a fresh key."""
    PERSON = "person"
    """Decided: nothing was bought (401, 402, 403). The run stops, a person is asked."""
    ACCOUNT = "account"
    """Decided: nothing was bought, and every other look would meet the same. The run stops."""
    UNDECIDED = "undecided"
    """The server may have done it. Later again, same key, same bytes."""
    UNDECIDED_PACED = "undecided_paced"
    """A replay met a 429: it proves nothing. Again after the pause, same key, same bytes."""
    UNDECIDED_PERSON = "undecided_person"
    """A replay met a 401, 402 or 403: it proves nothing. The run stops, the take stays unknown."""
    UNDECIDED_REFUSED = "undecided_refused"
    """A replay was refused: it proves nothing, and asking again will not help. Search."""


def judge_purchase(reply: Reply[Any], *, replay: bool) -> Purchase:
    """Say what the reply to ``POST /v3/avatars`` decides."""
    if isinstance(reply, Answer):
        return Purchase.BOUGHT
    if isinstance(reply, NotSent):
        return Purchase.UNDECIDED if replay else Purchase.UNREACHED
    if isinstance(reply, Lost) or reply.status not in DECISIVE:
        return Purchase.UNDECIDED
    return _judge_replay(reply) if replay else _judge_first(reply)


def _judge_first(refusal: Refusal) -> Purchase:
    if refusal.status == 429:
        return Purchase.PACED
    if refusal.status in PERSON:
        return Purchase.PERSON
    return Purchase.ACCOUNT if refusal.code in ACCOUNT_CODES else Purchase.REFUSED


def _judge_replay(refusal: Refusal) -> Purchase:
    if refusal.status == 429:
        return Purchase.UNDECIDED_PACED
    if refusal.status in PERSON:
        return Purchase.UNDECIDED_PERSON
    return Purchase.UNDECIDED_REFUSED


class Free(StrEnum):
    """What follows from the reply to a request that costs nothing."""

    DONE = "done"
    AGAIN = "again"
    """Worth another try: 409 in progress, 429, 5xx, no connection, no answer."""
    GONE = "gone"
    """404: what was asked for does not exist."""
    PERSON = "person"
    """401, 402, 403: the run stops, a person is asked."""
    REFUSED = "refused"
    """Any other refusal: asking again will not help."""


def judge_free(reply: Reply[Any]) -> Free:
    """Say what the reply to a request that costs nothing means."""
    if isinstance(reply, Answer):
        return Free.DONE
    if isinstance(reply, NotSent | Lost):
        return Free.REFUSED if isinstance(reply, NotSent) and reply.final else Free.AGAIN
    if reply.status in (408, 409, 425, 429) or reply.status >= 500:
        return Free.AGAIN
    if reply.status == 404:
        return Free.GONE
    return Free.PERSON if reply.status in PERSON else Free.REFUSED
