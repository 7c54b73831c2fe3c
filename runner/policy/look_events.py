"""What a look at HeyGen says of its take: the events that follow, in order."""

from typing import Any

from runner.policy.lifecycle import Event
from runner.replies import LookData
from runner.takes import PENDING, Take, TakeState

LOOK_GONE = ("not_found", "the account no longer has this look")
"""Error code and message of a take whose look was deleted at HeyGen."""

UNKNOWN_STATUS = "unknown_status"
"""Error code of a take that HeyGen shows with a status that its page does not list."""

STATUSES = (None, "completed", "failed", "pending_consent", "processing")
"""The statuses that are documented (docs/api-facts.md); None, where it is left out, means ready."""

STUCK_AFTER = 24 * 3600.0
"""Seconds after which an unknown status is no longer waited for."""

LookEvent = tuple[Event, dict[str, Any]]


def events_of(
    state: TakeState, look: LookData, *, now: float, shown: str | None = None
) -> list[LookEvent]:
    """Return the events that lead from ``state`` to what HeyGen shows; ``now`` in seconds.

    A look that is completed but has no picture yet is not usable yet: no event. A status that the
    API does not document counts as still under way, also of a look that waited for a consent: no
    person can do anything about it. It is told once: ``shown`` is what was told of it before
    (``shown_status``). What a finished look says of videos is in the fact ``video``,
    which the ledger keeps beside the take (``VideoFacts``).
    """
    if state not in PENDING:
        return []
    waiting = state is TakeState.PENDING_CONSENT
    known: dict[str, Any] = {} if shown is None else {"error_code": None, "error_message": None}
    steps: list[LookEvent] = []
    if look.status not in STATUSES:
        words = _status_in_words(look)
        if waiting:
            steps.append((Event.CONSENTED, {"consent_url": None}))
        if words != shown:
            steps.append((Event.SHOWN, {"error_code": UNKNOWN_STATUS, "error_message": words}))
        return steps
    if look.status == "failed":
        code = look.error_code or "generation_failed"
        message = look.error_message or "HeyGen gave no reason"
        return [(Event.FAILED, {"error_code": code, "error_message": message})]
    if look.status == "pending_consent" and not waiting:
        group = {"group_id": look.group_id} if look.group_id else {}  # its page is the group's
        return [(Event.CONSENT, {**known, **group})]
    if waiting and look.status != "pending_consent":
        steps.append((Event.CONSENTED, {"consent_url": None, **known}))
    if look.usable:
        facts: dict[str, Any] = {"completed_at": now, **known}
        if look.group_id:
            facts["group_id"] = look.group_id
        if look.video is not None:
            facts["video"] = look.video.to_facts()
        steps.append((Event.COMPLETED, facts))
    return steps or ([(Event.SHOWN, known)] if known else [])


def _status_in_words(look: LookData) -> str:
    words = f"HeyGen shows the status {look.status or 'without a word'}"
    return f"{words}: {look.error_message}" if look.error_message else words


def shown_status(take: Take) -> str | None:
    """Return what a take's unknown status was told as, or None where its status is known."""
    return take.error_message if take.error_code == UNKNOWN_STATUS else None


def is_stuck(take: Take, *, now: float) -> bool:
    """Return whether a take's status has been one that nobody knows for a day."""
    since = take.accepted_at or take.sent_at
    if not take.pending:
        return False
    return shown_status(take) is not None and since is not None and now - since > STUCK_AFTER
