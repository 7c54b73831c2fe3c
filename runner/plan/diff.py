"""From a campaign and what the ledger holds to the plan: one action for each look.

Looks are taken in the order of their references, so that what a look needs is decided before it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from runner.canonical import canonical_json
from runner.model import (
    Campaign,
    LiteralRef,
    Look,
    LookKind,
    LookRef,
    Snapshot,
    Take,
    TakeState,
)
from runner.plan.graph import chains, in_order, needs_of
from runner.plan.identity import identity_of, ingredients_of
from runner.plan.model import Action, Plan, PlannedLook
from runner.plan.moves import find_moves, with_moves
from runner.plan.reasons import what_changed

__all__ = ["plan"]

_UNDER_WAY = frozenset(
    {
        TakeState.SUBMITTING,
        TakeState.UNKNOWN,
        TakeState.PROCESSING,
        TakeState.PENDING_CONSENT,
    }
)


def plan(campaign: Campaign, snapshot: Snapshot, *, retry: Collection[str] = ()) -> Plan:
    """Give the plan that leads from what the ledger holds to what the campaign says.

    ``retry`` are keys of looks whose failures a person asked to buy again.
    """
    order = in_order(campaign.looks)
    by_key = {look.key: look for look in campaign.looks}
    ingredients = {look.key: canonical_json(ingredients_of(look, by_key)) for look in order}
    moves = find_moves(order, ingredients, snapshot)
    differ = _Differ(campaign, with_moves(snapshot, moves), frozenset(retry), ingredients)
    longest = chains(order)
    was = {new: old for old, new in moves.items()}
    actions = [differ.decide(look, longest[look.key], was.get(look.key)) for look in order]
    actions += differ.orphans(by_key)
    wanted = {uid for action in actions for uid in action.under_way}
    strays = tuple(
        take.uid
        for takes in differ.snapshot.takes.values()
        for take in takes
        if take.state in _UNDER_WAY and take.uid not in wanted
    )
    account = snapshot.account.label if snapshot.account else None
    return Plan(campaign.name, account, tuple(actions), strays, moves)


@dataclass(slots=True)
class _Differ:
    campaign: Campaign
    snapshot: Snapshot
    retry: frozenset[str]
    ingredients: Mapping[str, str]
    dead: dict[str, str] = field(default_factory=dict)
    """Looks that will have no usable pick, with the reason."""
    changing: set[str] = field(default_factory=set)
    """Looks whose pick will be another take than now."""

    def decide(self, look: Look, chain: int, old_key: str | None) -> PlannedLook:
        """Decide one look; those that it needs are decided already."""
        identity = identity_of(self.ingredients[look.key])
        takes = self.snapshot.takes.get(look.key, ())
        mine = [take for take in takes if take.identity == identity]
        sketch = _Sketch(
            look=look,
            identity=identity,
            takes=[take for take in takes if take.state is not TakeState.PLANNED],
            good=[take for take in mine if take.usable],
            live=[take for take in mine if take.state in _UNDER_WAY],
            bad=[take for take in mine if take.state is TakeState.FAILED],
            pick=self.snapshot.pick(look.key),
        )
        action, reason, bought = self._action(sketch)
        if old_key is not None:
            reason = f"renamed from {old_key}, what is paid for is the same; {reason}"
        price = self.campaign.prices.of(look.kind)
        unknown = [t for t in sketch.live if t.state in (TakeState.UNKNOWN, TakeState.SUBMITTING)]
        retries = self._retries(sketch, bought)
        repick = sketch.repick
        if (
            action in (Action.CREATE, Action.RESUME)
            and (sketch.pick is None or sketch.pick.identity != identity)
        ) or repick is not None:
            self.changing.add(look.key)
        return PlannedLook(
            key=look.key,
            action=action,
            reason=reason,
            look=look,
            identity=identity,
            ingredients=self.ingredients[look.key],
            takes=bought,
            price=price,
            cost=price * bought,
            at_risk=sum((take.price for take in unknown), Decimal(0)),
            retries=retries,
            retry_cost=price * retries,
            reference=_reference_of(look),
            needs=needs_of(look),
            under_way=tuple(take.uid for take in sketch.live),
            replaces=sketch.pick.uid if sketch.pick else None,
            repick=repick.uid if repick else None,
            chain=chain,
        )

    def _action(self, s: "_Sketch") -> tuple[Action, str, int]:
        if s.look.kind is LookKind.EXISTING:
            if s.good:
                return self._settled(s)
            return Action.ADOPT, f"{s.look.existing} exists already; nothing is generated", 0
        missing = s.look.takes - len(s.good) - len(s.live)
        allowed = self._allowed(s, missing)
        blocked = self._blocked(s.look)
        if allowed > 0 and blocked is None:
            return Action.CREATE, _why_create(s, self.ingredients[s.look.key]), allowed
        if s.live:
            return Action.RESUME, _why_resume(s.live), 0
        if s.good:
            return self._settled(s)
        reason = blocked or _why_failed(s.bad)
        self.dead[s.look.key] = reason
        return Action.BLOCKED, reason, 0

    def _settled(self, s: "_Sketch") -> tuple[Action, str, int]:
        """Decide a look of which nothing is to be bought: everything it wants is there."""
        pick = s.current
        stale = self._stale(s.look, pick)
        if stale is not None:
            return Action.STALE, stale, 0
        if s.look.name is not None and pick.name != s.look.name:
            return Action.RENAME, f"name changed: {pick.name} → {s.look.name}", 0
        if s.repick is not None:
            return Action.KEEP, f"take {pick.number} is this look: picked again, for nothing", 0
        if s.look.kind is LookKind.EXISTING:
            return Action.KEEP, "exists already", 0
        return Action.KEEP, "done" if not s.bad else f"done; {len(s.bad)} more failed", 0

    def _stale(self, look: Look, pick: Take) -> str | None:
        if look.reference is None or look.kind is not LookKind.PROMPT:
            return None
        if isinstance(look.reference, LiteralRef):
            return None  # the literal id is part of the identity
        key = look.reference.look
        if key in self.changing:
            return f"reference {key} will have a new take"
        now = self.snapshot.pick(key)
        if now is not None and now.avatar_id != pick.reference_id:
            return f"reference {key} has a new take"
        return None

    def _allowed(self, s: "_Sketch", missing: int) -> int:
        """How many takes may be bought: a failure is bought again only where that was asked for."""
        if missing <= 0:
            return 0
        if s.look.key in self.retry:
            return missing
        used = len(s.good) + len(s.live) + len(s.bad)
        return max(0, min(missing, s.look.takes + s.look.retries - used))

    def _retries(self, s: "_Sketch", bought: int) -> int:
        """How many failures of this run may be bought again without asking."""
        if not bought and not s.live:
            return 0
        return max(0, s.look.retries - len(s.bad))

    def _blocked(self, look: Look) -> str | None:
        for key in needs_of(look):
            if key in self.dead:
                return f"{key} is not usable: {self.dead[key]}"
        return self._outside_its_group(look)

    def _outside_its_group(self, look: Look) -> str | None:
        """Hold the group rule against the groups that the ledger recorded, before money moves."""
        if look.reference is None or look.group is None:
            return None
        if any(key in self.changing for key in needs_of(look)):
            return None  # decided when those are there: the executor looks again
        if not isinstance(look.reference, LookRef):
            return None  # decided against the account, before the look is sent
        reference = self.snapshot.pick(look.reference.look)
        if isinstance(look.group, LookRef):
            saved = self.snapshot.pick(look.group.look)
            group = saved.group_id if saved else None
        else:
            group = look.group.id
        if reference is None or group is None or reference.group_id is None:
            return None
        if reference.group_id == group:
            return None
        return (
            f"its reference {reference.label} is in group {reference.group_id}, "
            f"not in {group} where it would be saved"
        )

    def orphans(self, wanted: Mapping[str, Look]) -> list[PlannedLook]:
        """Give the looks that only the ledger knows."""
        return [
            PlannedLook(
                key=key,
                action=Action.ORPHANED,
                reason="no longer in the manifest; it stays in the ledger and at HeyGen",
                look=None,
                identity=takes[-1].identity,
                ingredients=takes[-1].ingredients,
            )
            for key, takes in sorted(self.snapshot.takes.items())
            if key not in wanted and any(take.state is not TakeState.PLANNED for take in takes)
        ]


@dataclass(slots=True)
class _Sketch:
    """A look beside its takes: all that were sent, and those that have its identity."""

    look: Look
    identity: str
    takes: list[Take]
    good: list[Take]
    live: list[Take]
    bad: list[Take]
    pick: Take | None

    @property
    def current(self) -> Take:
        """The take that is, or for nothing becomes, the pick. Only where ``good`` is not empty."""
        if self.pick is not None and self.pick.identity == self.identity:
            return self.pick
        return self.good[0]

    @property
    def repick(self) -> Take | None:
        """A take of this identity that becomes the pick again, because an edit was taken back."""
        if not self.good or self.live or self.pick is None:
            return None
        return self.current if self.current.uid != self.pick.uid else None


def _why_create(s: _Sketch, ingredients: str) -> str:
    if s.bad:
        return f"{len(s.bad)} of its takes failed; bought again"
    if s.good or s.live:
        return f"{len(s.good) + len(s.live)} of {s.look.takes} takes are there"
    if s.takes:
        return what_changed((s.pick or s.takes[-1]).ingredients, ingredients)
    return "new"


def _why_resume(live: list[Take]) -> str:
    states = {take.state for take in live}
    if TakeState.UNKNOWN in states or TakeState.SUBMITTING in states:
        return (
            "it was sent and the outcome is unknown: sent again under its own key, or searched for"
        )
    if TakeState.PENDING_CONSENT in states:
        return "it waits for a person's consent"
    return "it is under way"


def _why_failed(bad: list[Take]) -> str:
    if not bad:
        return "it cannot be generated"
    last = bad[-1]
    said = last.error_message or last.error_code or "no reason given"
    return f"{last.label} failed: {said}; `lookbook retry` buys it again"


def _reference_of(look: Look) -> str | None:
    if isinstance(look.reference, LookRef):
        return look.reference.look
    return look.reference.id if look.reference is not None else None
