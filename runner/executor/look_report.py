"""What became of every look of a plan: bookkeeping during a run, an outcome after it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from typing import assert_never

from runner.executor.findings import Finding
from runner.plan.model import Plan, PlannedLook
from runner.plan.steps import (
    Action,
    Adopt,
    Blocked,
    Create,
    Keep,
    LeftOut,
    Orphaned,
    Rename,
    Resume,
    Stale,
)
from runner.policy.exit_codes import Outcome
from runner.policy.look_events import is_stuck
from runner.takes import Snapshot, Take, TakeState, count_usable


class Hold(StrEnum):
    """Why a look did not get on."""

    FAILED = "failed"
    """It failed or was refused, or what it needs was."""
    BUDGET = "budget"
    """A ceiling left no room for it, or for what it needs."""
    UNDER_WAY = "under_way"
    """It, or what it needs, is still under way; the next run goes on."""
    UNSENT = "unsent"
    """It could not be sent, and nothing was bought: the account, or the network."""
    PERSON = "person"
    """What became of it only a person can say."""
    CONSENT = "consent"
    """It, or what it needs, waits for a person's consent."""
    APPROVAL = "approval"
    """A person has to look at what it is made from first: its review, or its face."""


OPEN = (Hold.PERSON, Hold.CONSENT, Hold.APPROVAL, Hold.UNDER_WAY)
"""How a look may be open-ended; what waits for several looks waits for the first of these."""


class LookReport:
    """Which looks were held back, and why. The first reason of a look stays.

    ``findings`` and ``pictures`` are filled by the resolver and the downloads meanwhile: searches
    that decided nothing, by the uid of their take, and pictures that could not be had, by its
    label. ``unmeasured`` are the takes without a measured face, by their labels, that something
    waits for a person's approval of. ``broken`` are looks of which a take failed; ``retryable``
    says whether a failure is among what the run left undone, so that `lookbook retry` would buy
    something.
    """

    def __init__(
        self, plan: Plan, findings: Mapping[str, Finding], pictures: Mapping[str, str]
    ) -> None:
        self._plan = plan
        self.findings = findings
        self.pictures = pictures
        self.held: dict[str, tuple[Hold, str]] = {}
        self.broken: set[str] = set()
        self.unmeasured: Collection[str] = ()
        self.retryable = True
        self.notes: list[str] = []

    def hold(self, look: str, hold: Hold, reason: str) -> None:
        """Record why a look is held back; its first reason stays."""
        self.held.setdefault(look, (hold, reason))

    def release(self, look: str) -> None:
        """Withdraw the reason: the look can go on after all."""
        self.held.pop(look, None)

    def explain(self, look: str) -> str:
        """Return why a look is held back: what this run met, else what the plan says."""
        if look in self.held:
            return self.held[look][1]
        return next((a.reason for a in self._plan.actions if a.key == look), "")

    def outcome(
        self,
        snapshot: Snapshot,
        *,
        account: str | None,
        stopped: str | None,
        price: str | None,
        interrupted: bool,
        is_replayable: Callable[[Take], bool],
        now: float,
    ) -> Outcome:
        """Return what the run came to, from what the ledger holds now (``now`` in Unix seconds).

        ``is_replayable`` says of an unknown take whether the next run may still send it again.
        """
        looks: dict[Hold, list[str]] = {hold: [] for hold in Hold}
        waiting: dict[str, Hold] = {}
        for action in self._plan.actions:  # in the order of their references
            hold = self._of(action, snapshot, is_replayable, interrupted=interrupted, now=now)
            if hold in (Hold.UNSENT, Hold.UNDER_WAY):
                needed = {waiting[key] for key in action.needs if key in waiting}
                hold = next((open_hold for open_hold in OPEN if open_hold in needed), hold)
            if hold is not None and (action.selected or action.action is Action.RESUME):
                looks[hold].append(action.key)
            if hold in OPEN:
                waiting[action.key] = hold
        left = {*looks[Hold.FAILED], *looks[Hold.UNSENT]}
        self.retryable = any(
            take.state is TakeState.FAILED for key in left for take in snapshot.takes.get(key, ())
        )
        return Outcome(
            account=account,
            persons=tuple(looks[Hold.PERSON]),
            consents=tuple(looks[Hold.CONSENT]),
            approvals=tuple(looks[Hold.APPROVAL]),
            under_way=tuple(looks[Hold.UNDER_WAY]),
            over_budget=tuple(looks[Hold.BUDGET]),
            failed=tuple(looks[Hold.FAILED] + looks[Hold.UNSENT]),
            stopped=stopped,
            price=price,
        )

    def _of(
        self,
        action: PlannedLook,
        snapshot: Snapshot,
        is_replayable: Callable[[Take], bool],
        *,
        interrupted: bool,
        now: float,
    ) -> Hold | None:
        """Return why a look is not done, or None when it is, as far as the plan wanted it."""
        takes = snapshot.takes.get(action.key, ())
        going = [take for take in takes if take.in_flight]
        if going:
            unresolved = [take for take in going if take.unresolved]
            asks = any(self._needs_person(take, is_replayable) for take in unresolved)
            if asks or any(is_stuck(take, now=now) for take in going):
                return Hold.PERSON
            consent = any(take.state is TakeState.PENDING_CONSENT for take in going)
            return Hold.CONSENT if consent else Hold.UNDER_WAY
        if self.pictures and any(take.label in self.pictures for take in takes):
            return Hold.FAILED
        if _wants_no_more(action, takes):
            return Hold.BUDGET if action.create is not None and action.create.short else None
        if action.key in self.held:
            return self.held[action.key][0]
        if interrupted and action.action is not Action.BLOCKED:
            return Hold.UNDER_WAY
        if action.waiting:
            return Hold.APPROVAL
        return Hold.FAILED if action.action is Action.BLOCKED else Hold.UNSENT

    def _needs_person(self, take: Take, is_replayable: Callable[[Take], bool]) -> bool:
        finding = self.findings.get(take.uid)
        return finding is not None and finding.is_left_to_person(alive=is_replayable(take))


def _wants_no_more(action: PlannedLook, takes: Sequence[Take]) -> bool:
    """Return whether all that a plan wanted to be generated of a look is there."""
    match action.step:
        case Keep() | Rename() | Stale() | Orphaned():
            return True
        case Create() | Resume() | LeftOut() | Blocked() | Adopt():
            return count_usable(takes, action.identity) >= action.wanted
        case _ as never:
            assert_never(never)
