"""What a look at HeyGen says of its take: the events that follow, in order."""

from typing import Any

from runner.answers import LookData
from runner.policy.lifecycle import Event
from runner.takes import TakeState

__all__ = ["GONE", "events_of"]

GONE = ("not_found", "the account no longer has this look")
"""Error code and message of a take whose look was deleted at HeyGen."""

Step = tuple[Event, dict[str, Any]]


def events_of(state: TakeState, look: LookData, *, now: float) -> list[Step]:
    """Give the events that bring a take of ``state`` to what HeyGen shows; ``now`` in Unix seconds.

    A look that is completed but has no picture yet is not usable yet, and a status that the API
    page does not list counts as still processing: both give no event.
    """
    if state not in (TakeState.PROCESSING, TakeState.PENDING_CONSENT):
        return []
    waiting = state is TakeState.PENDING_CONSENT
    if look.status == "pending_consent":
        return [] if waiting else [(Event.CONSENT, {})]
    if look.status == "failed":
        code = look.error_code or "generation_failed"
        message = look.error_message or "HeyGen gave no reason"
        return [(Event.FAILED, {"error_code": code, "error_message": message})]
    steps: list[Step] = [(Event.CONSENTED, {"consent_url": None})] if waiting else []
    if look.usable:
        facts: dict[str, Any] = {"completed_at": now}
        if look.group_id:
            facts["group_id"] = look.group_id
        steps.append((Event.COMPLETED, facts))
    return steps
