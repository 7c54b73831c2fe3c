"""What people decide about takes: read from what they typed, and written or kept."""

from collections.abc import Mapping, Sequence

import anyio

from runner.cli.context import Context
from runner.cli.decision_queue import queue_picks, queue_reviews
from runner.cli.picking import find_named_take
from runner.cli.session import open_ledger
from runner.errors import LedgerLocked, UsageError
from runner.ledger.state_dirs import StateDir
from runner.model import Campaign
from runner.reviews import Review, ReviewState
from runner.takes import Snapshot, Take


def decide_reviews(
    snapshot: Snapshot,
    named: Mapping[str, ReviewState],
    *,
    at: float,
    reason: str | None,
    by: str | None,
) -> list[tuple[Take, Review]]:
    """Return what is decided about takes, named as LOOK#N, or LOOK for the picked one.

    ``at`` is now, in Unix seconds. Raises UsageError for what cannot be decided, and for a
    rejection without a reason: whoever makes another take needs it.
    """
    decided: dict[str, tuple[Take, Review]] = {}
    for name, state in named.items():
        take = find_reviewable(snapshot, name)
        if take.uid in decided:
            raise UsageError(f"{take.label} is named twice.")
        review = Review.of_words(state, reason=reason, by=by, at=at)
        if state is ReviewState.REJECTED and review.reason is None:
            raise UsageError(
                "A rejection needs a reason: whoever makes another take reads it.",
                hint='Add --reason "what is wrong with it".',
            )
        decided[take.uid] = take, review.follow(snapshot.review(take))
    return [*decided.values()]


def find_reviewable(snapshot: Snapshot, name: str) -> Take:
    """Return the take that ``LOOK#N`` names, or the pick of ``LOOK``.

    Raises UsageError where there is none, or nothing to look at.
    """
    pick = snapshot.pick(name) if "#" not in name else None
    take = pick or find_named_take(snapshot, name)
    if not take.usable:
        raise UsageError(
            f"{take.label} has no picture to decide about.",
            hint="Only a take that was generated can be approved or rejected.",
        )
    return take


def write_reviews(
    context: Context,
    campaign: Campaign,
    state: StateDir,
    snapshot: Snapshot,
    decided: Sequence[tuple[Take, Review]],
    *,
    outputs: bool = True,
) -> bool:
    """Write reviews into the ledger, and ``outputs`` made of them; return whether they wait.

    They are kept for whoever holds the ledger, which is said.
    """
    try:
        with open_ledger(context, campaign, state, "review") as opened:
            anyio.run(opened.ledger.record_reviews, [(take.uid, one) for take, one in decided])
            if outputs:
                opened.write_outputs()
    except LedgerLocked:
        queue_reviews(context, state, campaign.name, snapshot, decided)
        return True
    return False


def write_pick(
    context: Context, campaign: Campaign, state: StateDir, snapshot: Snapshot, take: Take
) -> bool:
    """Make a take its look's pick in the ledger; return whether it waits, as a review may."""
    try:
        with open_ledger(context, campaign, state, "pick") as opened:
            anyio.run(opened.ledger.pick, take.look, take.uid)
    except LedgerLocked:
        queue_picks(context, state, snapshot, [take])
        return True
    return False
