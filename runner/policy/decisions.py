"""What an answer decides. The one place where errors are mapped to decisions.

For the request that costs (``decide_purchase``) a first send and a replay differ: a decisive
refusal of a first send proves that nothing was bought, a refusal of a *replay* proves nothing,
because the first send may have been charged (``docs/money.md#what-an-answer-decides``). For what is
free (``decide_free``) the question is only whether to ask again.

What came in the API's own envelope is the API's word. What came without it (a gateway's page, a
firewall's) says something of the way only, and decides less.
"""

from enum import StrEnum
from typing import Any

from runner.replies import Answer, Lost, NotSent, Refusal, Reply

IN_PROGRESS = "request_in_progress"
"""The code of a 409 that says that the first request of this key is still under way."""

NEVER_DECISIVE = frozenset({408, 425, 499})
"""4xx statuses that decide nothing, even in the API's envelope."""

DECISIVE_ALONE = frozenset({401, 403, 404, 405, 413})
"""Statuses that decide a first send also without the API's envelope."""

NOT_ROUTED = frozenset({404, 405})
"""Statuses that without the envelope come from a gateway: they say nothing about the look."""

PERSON = frozenset({401, 402, 403})
"""Statuses about the key, the wallet or a permission: only a person can fix them."""

MONEY = frozenset(
    {
        "insufficient_balance",
        "insufficient_credit",
        "insufficient_credits",
        "insufficient_funds",
        "payment_required",
        "plan_upgrade_required",
        "trial_limit_exceeded",
    }
)
"""Codes that speak of the account's money or plan, whatever their status."""

LIMITS = frozenset({"quota_exceeded", "resource_limit_exceeded", "resource_limit_reached"})
"""Codes of a limit of the account that every further look would meet as well, whatever status."""

ACCOUNTS_OWN = frozenset({"ai_vendor_access_restricted"})
"""Codes of a 403 that are about what the account may do, whichever look asks."""

LOOKS_OWN = frozenset(
    {
        "asset_not_available",
        "avatar_consent_required",
        "content_policy_violation",
        "resource_access_denied",
    }
)
"""Codes of a 403 that are about what one look asks for, not about the key."""

GONE_CODES = frozenset(
    {"avatar_group_not_found", "avatar_not_found", "not_found", "resource_not_found"}
)
"""Codes of a 404 by which the API itself says that a look or a group does not exist."""


class Purchase(StrEnum):
    """What follows from the reply to a request that costs."""

    BOUGHT = "bought"
    """Decided: the look exists and was paid for."""
    REFUSED = "refused"
    """Decided: nothing was bought, and it is this look's own fault. It fails."""
    FORBIDDEN = "forbidden"
    """Decided: nothing was bought (403). Whether it is about this look or the account, the end of
    the run tells."""
    LATER = "later"
    """Decided: nothing was bought, for a reason that may pass. Later again, a fresh key."""
    PACED = "paced"
    """Decided: nothing was bought (429). Later again, under a fresh key."""
    UNREACHED = "unreached"
    """Decided: it was never sent. Later again, under a fresh key."""
    PERSON = "person"
    """Decided: nothing was bought (the key or the money). The run stops, a person is asked."""
    ACCOUNT = "account"
    """Decided: nothing was bought, and every other look would meet the same. The run stops."""
    UNDECIDED = "undecided"
    """The server may have done it. Later again, same key, same bytes."""
    UNDECIDED_SLOW = "undecided_slow"
    """Something took too long to wait for (504). Search; at most once again, same key and bytes."""
    UNDECIDED_PACED = "undecided_paced"
    """A 429 that proves nothing. Again after the pause, same key, same bytes."""
    UNDECIDED_PERSON = "undecided_person"
    """The key, the money or a permission, and it proves nothing. The take stays unknown."""
    UNDECIDED_REFUSED = "undecided_refused"
    """A replay was refused: it proves nothing, and asking again will not help. Search."""


DECIDED = frozenset(kind for kind in Purchase if not kind.startswith("undecided"))
UNDECIDED = frozenset(Purchase) - DECIDED


def decide_purchase(reply: Reply[Any], *, replay: bool) -> Purchase:
    """Return what the reply to ``POST /v3/avatars`` decides."""
    if isinstance(reply, Answer):
        return Purchase.BOUGHT
    if isinstance(reply, NotSent):
        return Purchase.UNDECIDED if replay else Purchase.UNREACHED
    if isinstance(reply, Lost):
        return Purchase.UNDECIDED
    if replay or not is_decisive(reply):
        return _judge_undecided(reply)
    return _judge_first(reply)


def is_decisive(refusal: Refusal) -> bool:
    """Return whether this refusal of a first send proves that nothing was bought."""
    if not refusal.enveloped:
        return refusal.status in DECISIVE_ALONE
    in_progress = refusal.status == 409 and refusal.code == IN_PROGRESS
    return 400 <= refusal.status < 500 and refusal.status not in NEVER_DECISIVE and not in_progress


def _judge_first(refusal: Refusal) -> Purchase:
    """Judge a refusal that decides."""
    status, code = refusal.status, _word(refusal)
    if code in MONEY:
        return Purchase.PERSON
    if code in LIMITS:
        return Purchase.ACCOUNT
    if status in (401, 402) or (status == 403 and code in ACCOUNTS_OWN):
        return Purchase.PERSON
    if status == 403:
        own = code in LOOKS_OWN or refusal.param is not None
        return Purchase.REFUSED if own else Purchase.FORBIDDEN
    if status == 429:
        return Purchase.PACED
    if status == 409 or _is_not_routed(refusal):
        return Purchase.LATER
    return Purchase.REFUSED


def _judge_undecided(refusal: Refusal) -> Purchase:
    """Judge a refusal of a replay, or one of a first send that does not decide."""
    status, code = refusal.status, _word(refusal)
    if code in MONEY or status in PERSON:
        return Purchase.UNDECIDED_PERSON
    if status == 429 and code not in LIMITS:
        return Purchase.UNDECIDED_PACED
    if status == 504:
        return Purchase.UNDECIDED_SLOW
    if is_decisive(refusal) and not _is_not_routed(refusal):
        return Purchase.UNDECIDED_REFUSED
    return Purchase.UNDECIDED


def _word(refusal: Refusal) -> str | None:
    """Return the API's own code, or None where something in between answered."""
    return refusal.code if refusal.enveloped else None


def _is_not_routed(refusal: Refusal) -> bool:
    return not refusal.enveloped and refusal.status in NOT_ROUTED


def what_helps(refusal: Refusal) -> str | None:
    """Return what a person can do about a refusal of the whole account, or None."""
    code = _word(refusal)
    if code in ("plan_upgrade_required", "trial_limit_exceeded"):
        return "The account's plan does not allow it; HeyGen's billing page changes that."
    if code in MONEY or refusal.status == 402:
        return "Add money to the API wallet on HeyGen's billing page."
    if code == "quota_exceeded":
        return "It is a quota of the day or of the plan: wait until it is renewed, or raise it."
    if code in LIMITS:
        return (
            "An account holds so many avatar groups (some hold three): deleting looks frees no "
            "slot, deleting a whole group at HeyGen does. A group holds so many looks: deleting "
            "some of it makes room. A larger plan may allow more."
        )
    if refusal.status == 401:
        return "Check HEYGEN_API_KEY."
    return _what_permits(refusal) if refusal.status == 403 else None


def _what_permits(refusal: Refusal) -> str:
    """Return what may help against a 403."""
    if not refusal.enveloped:
        return "It came from a proxy or a firewall on the way, not from HeyGen itself."
    if refusal.code in ACCOUNTS_OWN:
        return "An owner of the HeyGen account can lift the restriction."
    return "The key or the plan may lack a permission; an owner of the HeyGen account can tell."


class Free(StrEnum):
    """What follows from the reply to a request that costs nothing."""

    DONE = "done"
    AGAIN = "again"
    """Worth another try: in progress, 429, 5xx, no connection, no answer, a gateway's page."""
    GONE = "gone"
    """The API's own word: what was asked for does not exist."""
    PERSON = "person"
    """The key, the money, a permission: the run stops, a person is asked."""
    REFUSED = "refused"
    """Any other refusal: asking again will not help."""


def decide_free(reply: Reply[Any]) -> Free:
    """Return what the reply to a request that costs nothing means."""
    if isinstance(reply, Answer):
        return Free.DONE
    if isinstance(reply, NotSent | Lost):
        return Free.REFUSED if isinstance(reply, NotSent) and reply.final else Free.AGAIN
    status, code = reply.status, _word(reply)
    if is_gone(reply):
        return Free.GONE
    if code in MONEY or status == 401:
        return Free.PERSON
    if not 400 <= status < 500 or status in (408, 409, 425, 429, 499):
        return Free.AGAIN
    if not reply.enveloped:
        return Free.REFUSED if status == 413 else Free.AGAIN
    if status in PERSON and code not in LOOKS_OWN:
        return Free.PERSON
    return Free.REFUSED


def is_gone(reply: Reply[Any]) -> bool:
    """Return whether the API itself, not something on the way, says that a thing is gone."""
    return isinstance(reply, Refusal) and reply.status == 404 and _word(reply) in GONE_CODES
