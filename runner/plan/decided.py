"""What was decided of the looks so far, and what follows for the next.

It may not be sent, wait for a person, or be out of date because of what it is made from.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from runner.model import LiteralRef, Look, LookKind, LookRef, Prices
from runner.plan.graph import Graph
from runner.plan.model import ResolvedOptions
from runner.policy.approval import explain_approval
from runner.policy.likeness import FaceComparer, explain_hold
from runner.reviews import NOT_REVIEWED
from runner.takes import Snapshot, Take


@dataclass(slots=True)
class Decided:
    """The looks that were decided; those that a look needs are decided before it."""

    prices: Prices
    snapshot: Snapshot
    asked: ResolvedOptions
    graph: Graph
    dead: dict[str, str] = field(default_factory=dict)
    """Looks that will have no usable pick, with the reason."""
    absent: set[str] = field(default_factory=set)
    """Looks that will have no usable pick because they were not selected."""
    coming: dict[str, str] = field(default_factory=dict)
    """Looks whose pick will be a take that is not there yet, with what it will be called."""
    repicked: dict[str, Take] = field(default_factory=dict)
    """Looks whose pick will be another take that is there."""
    waiting: set[str] = field(default_factory=set)
    """Looks that are ``dead`` only because a person is needed first."""
    _comparer: FaceComparer | None = None

    def faces(self) -> FaceComparer:
        """Return what compares faces; it is made where one is needed."""
        if self._comparer is None:
            self._comparer = FaceComparer(self.snapshot)
        return self._comparer

    def find_pick(self, key: str) -> Take | None:
        """Return the pick of a look as it will be, as far as that take is there."""
        return self.repicked.get(key) or self.snapshot.pick(key)

    # --- out of date --------------------------------------------------------------------------

    def explain_stale(self, look: Look, pick: Take) -> str | None:
        """Return why a look's pick is made from a take that its reference no longer has."""
        if look.kind is not LookKind.PROMPT or not isinstance(look.reference, LookRef):
            return None  # a literal id is part of the identity
        key = look.reference.look
        if key in self.coming:
            return f"reference {key} will have a new take"
        now = self.find_pick(key)
        if now is not None and now.avatar_id != pick.reference_id:
            return f"reference {key} has a new take"
        return None

    def replaces_root(self, look: Look) -> bool:
        """Return whether what a look's chain of references begins with will have another pick."""
        at = look
        while isinstance(at.reference, LookRef):
            at = self.graph.looks[at.reference.look]
        return at.key in self.coming or at.key in self.repicked

    def made_from_reference(self, look: Look, takes: Sequence[Take]) -> list[Take]:
        """Return those of a look's takes that were made from its reference as it will be."""
        if not isinstance(look.reference, LookRef) or look.reference.look in self.coming:
            return []
        now = self.find_pick(look.reference.look)
        return [take for take in takes if now is not None and take.reference_id == now.avatar_id]

    # --- blocked ------------------------------------------------------------------------------

    def explain_unsent(self, look: Look) -> str | None:
        """Return why nothing of a look may be sent: it is blocked, or waits for a person."""
        return self.explain_block(look) or self.explain_wait(look)

    def explain_block(self, look: Look) -> str | None:
        """Return why a look cannot be sent, whatever a person says."""
        if look.key in self.asked.refused:
            return self.asked.refused[look.key]
        for key in self.graph.needs[look.key]:
            if key in self.absent:
                return (
                    f"it needs {key}, which is not selected and not there; "
                    f"`--select +{look.key}` includes it"
                )
            if key in self.dead:
                return f"{key} is not usable: {self.dead[key]}"
        return None if look.group is None else self._outside_its_group(look)

    def _outside_its_group(self, look: Look) -> str | None:
        """Check the group rule against the groups that the ledger recorded, before money moves."""
        if look.group is None or not isinstance(look.reference, LookRef):
            return None  # a literal id's is decided against the account, before the look is sent
        if any(key in self.coming for key in self.graph.needs[look.key]):
            return None  # decided when those are there: the executor looks again
        reference = self.find_pick(look.reference.look)
        if isinstance(look.group, LiteralRef):
            group: str | None = look.group.id
        else:
            saved = self.find_pick(look.group.look)
            group = saved.group_id if saved else None
        if reference is None or group is None or reference.group_id in (None, group):
            return None
        return (
            f"its reference {reference.label} is in group {reference.group_id}, "
            f"not in {group} where it would be saved"
        )

    # --- waiting for a person -----------------------------------------------------------------

    def needs_only_what_waits(self, look: Look) -> bool:
        """Return whether what blocks a look is only that other looks wait for a person."""
        dead = self.dead.keys() & self.graph.needs[look.key]
        return bool(dead) and dead <= self.waiting and look.key not in self.asked.refused

    def explain_wait(self, look: Look) -> str | None:
        """Return why nothing may be made from a look's reference before a person agrees."""
        if not isinstance(look.reference, LookRef):
            return None
        key = look.reference.look
        named = self.graph.looks[key]
        waits = self._waits_for_approval(key) if named.approval else None
        if waits is not None or key in self.coming:
            return waits
        reference, rule = self.find_pick(key), named.likeness
        if reference is None or rule is None:
            return None
        return explain_hold(self.faces(), reference, rule, self.snapshot)

    def _waits_for_approval(self, key: str) -> str | None:
        """Return why nothing may be made from a look before a person approves its take."""
        pick = self.find_pick(key)
        if key in self.coming or pick is None:
            return explain_approval(self.coming.get(key, key), NOT_REVIEWED)
        return explain_approval(pick.label, self.snapshot.review(pick))
