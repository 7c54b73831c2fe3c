"""First sends refused for a reason that may pass: nothing was bought, and they may go again.

A look that we saw completed moments ago may not be known everywhere at HeyGen yet; an upload of
ours may be gone. Both refusals look like a look's own fault, and would fail it and what needs it.
"""

from collections.abc import Awaitable, Callable
from enum import Enum, auto

from runner.executor.context import RunContext
from runner.executor.ports import Intent
from runner.policy.cures import Cure, find_cure
from runner.policy.decisions import GONE_CODES, Purchase, decide_purchase
from runner.replies import CreatedData, Refusal, Reply

LAG = 60.0
"""Seconds for which a reference that was just seen may be unknown to the send."""

LATELY = 600.0
"""Seconds since a reference was completed within which the account may still lag behind."""

JUST_NOW = 60.0
"""Seconds since a reference was completed within which a refusal that may be about it counts so."""

LAG_DELAY = 10.0
"""Seconds between two sends that wait for a reference to be known."""

ASSET_GONE = frozenset({"asset_not_available", "asset_not_found"})

OF_THE_REFERENCE = frozenset({"avatar_id", "avatar_group_id"})
"""The last part of a parameter that names a reference, or the group that it goes to."""


class Concern(Enum):
    """Whether a refusal is about the reference of what was sent."""

    REFERENCE = auto()
    """It names the reference, or has a code of the API's page that says so."""
    PERHAPS = auto()
    """It names nothing, and its code is not known to be about anything else."""
    OTHER = auto()


Renew = Callable[[bytes], Awaitable[Intent]]
"""Prepares a look again after its body named an upload that the account no longer has."""


class TemporaryRefusals:
    """Judges the replies to the first sends of one take, with what is known of its ingredients.

    ``renew`` makes its uploads again, once; None where it has none.
    """

    def __init__(self, context: RunContext, renew: Renew | None) -> None:
        self._context = context
        self._renew = renew
        self._renewal: Renew | None = None
        """What is to be called now: the last refusal was about an upload."""
        self._lagging_since: float | None = None

    def judge(self, intent: Intent, reply: Reply[CreatedData]) -> Purchase:
        """Return the decision about a first send; what may pass is LATER instead of REFUSED."""
        decision = decide_purchase(reply, replay=False)
        if decision is not Purchase.REFUSED or not isinstance(reply, Refusal):
            self._lagging_since = None
            return decision
        if self._renew is not None and reply.code in ASSET_GONE:
            self._renewal, self._renew = self._renew, None
            return Purchase.LATER
        return Purchase.LATER if self._note_lag(intent, reply) else decision

    def take_renewal(self) -> Renew | None:
        """Return what makes the uploads again if the last refusal asks for it, and only then."""
        renewal, self._renewal = self._renewal, None
        return renewal

    @property
    def waiting(self) -> bool:
        """Return whether the last refusal was about a reference that may not be known yet."""
        return self._lagging_since is not None

    def delay(self, attempt: int, reply: Reply[CreatedData]) -> float:
        """Return the wait before the next send, in seconds."""
        wait = self._context.delay(attempt, reply)
        return max(wait, LAG_DELAY) if self.waiting else wait

    def _note_lag(self, intent: Intent, refusal: Refusal) -> bool:
        """Note a refusal that may be about a lag; return whether it is waited for, for a minute."""
        concern = find_concern(refusal, intent.reference_id, intent.group_wanted)
        if concern is Concern.OTHER or not self._may_lag(intent, concern):
            return False
        now = self._context.ticks()
        if self._lagging_since is None:
            self._lagging_since = now
        if now - self._lagging_since < LAG:
            return True
        self._lagging_since = None
        return False

    def _may_lag(self, intent: Intent, concern: Concern) -> bool:
        if concern is Concern.REFERENCE:
            return self._was_seen_lately(intent)
        named = (intent.reference_id, intent.group_wanted)
        return self.waiting or was_completed_lately(self._context, *named, within=JUST_NOW)

    def _was_seen_lately(self, intent: Intent) -> bool:
        """Return whether what the send names was seen usable lately, by this run or the ledger."""
        if intent.reference_id is not None and intent.reference_look is None:
            return True  # a literal id: this run asked for it before it sent anything
        return was_completed_lately(self._context, intent.reference_id, intent.group_wanted)


def find_concern(refusal: Refusal, *ids: str | None) -> Concern:
    """Return whether a refusal is about one of these ids: a reference, or the group it goes to."""
    if refusal.status not in (400, 404):
        return Concern.OTHER
    if refusal.param is not None:
        named = refusal.param.rpartition(".")[2] in OF_THE_REFERENCE
        return Concern.REFERENCE if named else Concern.OTHER
    codes = {"invalid_parameter"} if refusal.status == 400 else GONE_CODES
    listed = refusal.code in codes
    if listed or any(one is not None and one in refusal.message for one in ids):
        return Concern.REFERENCE
    unknown = find_cure(refusal.code) in (Cure.RETRY, Cure.REFRESH)
    return Concern.PERHAPS if unknown else Concern.OTHER


def was_completed_lately(context: RunContext, *ids: str | None, within: float = LATELY) -> bool:
    """Return whether a take of the ledger with one of these ids, or in such a group, is new.

    It was completed at most ``within`` seconds ago.
    """
    now, named = context.clock.now(), {one for one in ids if one is not None}
    return any(
        take.completed_at is not None
        and abs(now - take.completed_at) < within
        and (take.avatar_id in named or take.group_id in named)
        for take in context.ledger.snapshot().all_takes
        if take.avatar_id is not None
    )
