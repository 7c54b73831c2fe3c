"""What waits for a person's approval before anything is made from it. Pure.

An approval belongs to a take: where another one is picked, that one waits again.
"""

from runner.reviews import Review, ReviewState


def explain_approval(label: str, review: Review, because: str | None = None) -> str | None:
    """Return why nothing may be made from a take yet; None where a person approved it.

    ``label`` is ``LOOK#NUMBER``, or the look's key where its take is not there yet. ``because``
    says why it needs an approval, where the manifest does not ask for one by name.
    """
    if review.state is ReviewState.APPROVED:
        return None
    reason = f"waits for approval of {label}"
    if review.state is ReviewState.REJECTED:
        why = f": {review.reason}" if review.reason else ""
        return f"{reason}, which was rejected{why}"
    return f"{reason}: {because}" if because else reason
