"""From a campaign and what the ledger holds to the plan: one action for each look.

Looks are taken in the order of their references, so that what a look needs is decided before it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import NamedTuple

from runner.model import Campaign, LikenessRule, LiteralRef, Look, LookKind, LookRef
from runner.plan.graph import Graph, build_graph
from runner.plan.id_references import find_own_take, index_by_id, restore_reference
from runner.plan.identity import compute_identity, ingredients_json
from runner.plan.model import Action, Plan, PlannedLook, ResolvedOptions
from runner.plan.renames import apply_renames, find_renames
from runner.plan.take_groups import (
    TakeGroups,
    explain_create,
    explain_failed,
    explain_resume,
    group_takes,
)
from runner.policy.approval import explain_approval
from runner.policy.likeness import FaceComparer, counts_as_failed, explain_hold
from runner.reviews import NOT_REVIEWED
from runner.takes import Snapshot, Take, TakeState

NOT_SELECTED = "not selected"
NO_OPTIONS = ResolvedOptions()


def plan(campaign: Campaign, snapshot: Snapshot, asked: ResolvedOptions = NO_OPTIONS) -> Plan:
    """Return the plan that leads from what the ledger holds to what the campaign says."""
    graph = build_graph(campaign.looks)
    by_key = {look.key: look for look in campaign.looks}
    by_id = cache(partial(index_by_id, snapshot))  # only made where something seems to have changed
    ingredients = {look.key: _ingredients(look, by_key, snapshot, by_id) for look in graph.order}
    moves = find_renames(graph.order, ingredients, snapshot)
    rules = {look.key: look.likeness for look in campaign.looks if look.likeness is not None}
    gates = frozenset(look.key for look in campaign.looks if look.approval)
    held = apply_renames(snapshot, moves)
    differ = _Differ(campaign, held, asked, ingredients, graph, rules, gates)
    was = moves.back
    actions = [differ.decide(look, was.get(look.key)) for look in graph.order]
    actions += differ.orphans(by_key)
    wanted = {uid for action in actions for uid in action.under_way}
    unwanted_in_flight = tuple(
        take.uid for take in differ.snapshot.all_takes if take.in_flight and take.uid not in wanted
    )
    account = snapshot.account_label
    return Plan(campaign.name, account, tuple(actions), unwanted_in_flight, moves)


def _ingredients(
    look: Look,
    by_key: Mapping[str, Look],
    snapshot: Snapshot,
    by_id: Callable[[], Mapping[str, Take]],
) -> str:
    """Return what a look is made from, as its pick has it: the same text needs no copy."""
    text, pick = ingredients_json(look, by_key), snapshot.pick(look.key)
    if pick is not None and pick.ingredients == text:
        return pick.ingredients
    return restore_reference(look, text, snapshot, by_id)


class _Decision(NamedTuple):
    """An action with its reason.

    ``takes`` are bought, and where it ``regenerates``, to replace a pick that is not wrong.
    ``repick`` becomes the pick, for nothing. ``waiting`` takes wait for a person.
    """

    action: Action
    reason: str
    takes: int = 0
    regenerates: bool = False
    repick: Take | None = None
    waiting: int = 0


@dataclass(slots=True)
class _Differ:
    campaign: Campaign
    snapshot: Snapshot
    asked: ResolvedOptions
    ingredients: Mapping[str, str]
    graph: Graph
    _rules: Mapping[str, LikenessRule]
    """What the manifest says of another face, by look, where it says anything."""
    _approvals: Collection[str]
    """Looks whose take a person must approve before anything is made from it."""
    dead: dict[str, str] = field(default_factory=dict)
    """Looks that will have no usable pick, with the reason."""
    absent: set[str] = field(default_factory=set)
    """Looks that will have no usable pick because they were not selected."""
    changing: set[str] = field(default_factory=set)
    """Looks whose pick will be a take that is not there yet."""
    repicked: dict[str, Take] = field(default_factory=dict)
    """Looks whose pick will be another take that is there."""
    waiting: set[str] = field(default_factory=set)
    """Looks that are ``dead`` only because a person is needed first."""
    coming: dict[str, str] = field(default_factory=dict)
    """What the take will be called that a changing look's pick will be, where that is known."""
    _comparer: FaceComparer | None = None

    def decide(self, look: Look, old_key: str | None) -> PlannedLook:
        """Decide one look; those that it needs are decided already."""
        key, asked = look.key, self.asked
        ingredients = self.ingredients[key]
        takes = self.snapshot.takes.get(key, ())
        pick = self.snapshot.pick(key)
        own = find_own_take(look, self.snapshot)
        if own is not None:  # of this look's takes it names that one, and no other will do
            takes, pick = (own,), pick if pick == own else None
        s = self._group(look, compute_identity(ingredients), takes, pick)
        selected = asked.selected is None or key in asked.selected
        decision = self._decision(s) if selected else self._decide_unselected(s)
        reason = decision.reason
        if old_key is not None:
            reason = f"renamed from {old_key}, what is paid for is the same; {reason}"
        repick = decision.repick or (s.repick if selected else None)
        replacing = s.picked_as_wanted and (decision.regenerates or s.being_replaced)
        moving = decision.action in (Action.CREATE, Action.RESUME) and not s.picked_as_wanted
        if repick is not None:
            self.repicked[key] = repick
        elif replacing or moving:
            self.changing.add(key)
            self.coming[key] = _name_next(key, decision, s.live, self.snapshot)
        bought = decision.takes
        kept = s.pick if s.picked_as_wanted else None  # the same hash needs no copy
        return PlannedLook(
            key=key,
            action=decision.action,
            reason=reason,
            look=look,
            identity=kept.identity if kept else s.identity,
            ingredients=ingredients,
            takes=bought,
            price=self.campaign.prices.of(look.kind),
            at_risk=s.at_risk,
            retries=self._retries(s, decision) if selected else 0,
            needs=self.graph.needs[key],
            under_way=tuple(take.uid for take in s.wanted_live) if s.live else (),
            replaces=s.pick.uid if s.pick and (moving or replacing) else None,
            repick=repick.uid if repick else None,
            chain=self.graph.chains[key],
            replacing=replacing,
            reroll=bought > 0 and key in asked.reroll,
            wanted=len(s.good) + len(s.live) + bought if bought else 1,
            selected=selected,
            waiting=decision.waiting,
        )

    def _group(
        self, look: Look, identity: str, takes: Sequence[Take], pick: Take | None
    ) -> TakeGroups:
        """Sort a look's takes; a face that the manifest has bought again is told apart."""
        groups = group_takes(look, identity, takes, pick)
        rule = look.likeness
        if rule is None or not rule.retry or not self.snapshot.faces:
            return groups
        wrong = [t for t in groups.good if counts_as_failed(self._faces(), t, rule, self.snapshot)]
        return groups._replace(wrong=wrong)

    def _faces(self) -> FaceComparer:
        if self._comparer is None:
            self._comparer = FaceComparer(self.snapshot)
        return self._comparer

    def _decision(self, s: TakeGroups) -> _Decision:
        if s.look.kind is LookKind.EXISTING:
            return self._existing(s)
        blocked = self._blocked(s.look)
        waits = self._waits(s.look) if blocked is None else None
        waiting = waits is not None or self._needs_only_what_waits(s.look)
        blocked = blocked or waits
        missing = s.missing
        if s.look.key in self.asked.reroll:  # what an interrupted reroll bought counts
            missing = self.asked.reroll[s.look.key] - sum(take.reroll for take in s.live)
        allowed = self._allowed(s, missing)
        if allowed > 0 and blocked is None:
            if s.look.key in self.asked.reroll:
                return _Decision(Action.CREATE, f"{allowed} more, the pick stays", allowed)
            reason = explain_create(s, self.ingredients[s.look.key])
            wrong_pick = s.pick is not None and s.pick in s.wrong
            return _Decision(Action.CREATE, reason, allowed, regenerates=wrong_pick)
        if s.live:
            return _Decision(Action.RESUME, explain_resume(s.live))
        if s.good and s.look.key not in self.asked.reroll:
            return self._decide_complete(s, blocked)
        reason = blocked or explain_failed(s.bad)
        if not s.good:
            self.dead[s.look.key] = reason
            if waiting:
                self.waiting.add(s.look.key)
        return _Decision(Action.BLOCKED, reason, waiting=max(0, allowed) if waiting else 0)

    def _existing(self, s: TakeGroups) -> _Decision:
        refused = self.asked.refused.get(s.look.key)
        if refused is not None and not s.good:
            self.dead[s.look.key] = refused
            return _Decision(Action.BLOCKED, refused)
        if s.good:
            return self._decide_complete(s, None)
        return _Decision(Action.ADOPT, f"{s.look.existing} exists already; nothing is generated")

    def _decide_unselected(self, s: TakeGroups) -> _Decision:
        """Decide a look that was not selected: only what is under way is finished."""
        if s.live:
            return _Decision(Action.RESUME, explain_resume(s.live))
        if not s.picked_as_wanted:
            self.absent.add(s.look.key)
        return _Decision(Action.KEEP, NOT_SELECTED)

    def _decide_complete(self, s: TakeGroups, blocked: str | None) -> _Decision:
        """Decide a look of which nothing is missing: everything it wants is there."""
        pick = s.current
        stale = self._stale(s.look, pick)
        if stale is not None:
            return self._decide_stale(s, stale, blocked)
        if s.look.name is not None and pick.name != s.look.name:
            return _Decision(Action.RENAME, f"name changed: {pick.name} → {s.look.name}")
        if s.repick is not None:
            reason = f"take {pick.number} is this look: picked again, for nothing"
            return _Decision(Action.KEEP, reason)
        if s.look.kind is LookKind.EXISTING:
            return _Decision(Action.KEEP, "exists already")
        return _Decision(Action.KEEP, "done" if not s.bad else f"done; {len(s.bad)} more failed")

    def _decide_stale(self, s: TakeGroups, stale: str, blocked: str | None) -> _Decision:
        """Decide a stale look: it is renewed where that was asked for, and a failure is not."""
        failed = self._failed_renewals(s, s.current)
        again = s.look.key in self.asked.retry and bool(failed)
        if s.look.key not in self.asked.cascade and not again:
            return _Decision(Action.STALE, stale)
        made = self._made_from_it(s)
        if made is not None:
            reason = f"{stale}; {made.label} was made from it: picked again, for nothing"
            return _Decision(Action.KEEP, reason, repick=made)
        if len(failed) > s.look.retries and not again:
            why = f"{stale}; {failed[-1].label}, which was to renew it, failed"
            return _Decision(Action.STALE, f"{why}: `lookbook retry` buys it again")
        if blocked is not None:
            return _Decision(Action.STALE, f"{stale}; it cannot be regenerated: {blocked}")
        return _Decision(Action.CREATE, f"{stale}: regenerated", 1, regenerates=True)

    def _stale(self, look: Look, pick: Take) -> str | None:
        if look.reference is None or look.kind is not LookKind.PROMPT:
            return None
        if isinstance(look.reference, LiteralRef):
            return None  # the literal id is part of the identity
        key = look.reference.look
        if key in self.changing:
            return f"reference {key} will have a new take"
        now = self._pick_of(key)
        if now is not None and now.avatar_id != pick.reference_id:
            return f"reference {key} has a new take"
        return None

    def _failed_renewals(self, s: TakeGroups, pick: Take) -> list[Take]:
        """Return the failed takes that were to renew a stale pick from its reference as it is."""
        if not isinstance(s.look.reference, LookRef) or s.look.reference.look in self.changing:
            return []
        now = self._pick_of(s.look.reference.look)
        return [
            take
            for take in s.bad
            if take.replaces == pick.uid and now is not None and take.reference_id == now.avatar_id
        ]

    def _made_from_it(self, s: TakeGroups) -> Take | None:
        """Return a take of a stale look made from its reference's pick, if there is one."""
        if not isinstance(s.look.reference, LookRef) or s.look.reference.look in self.changing:
            return None
        now = self._pick_of(s.look.reference.look)
        made = [t for t in s.good if now is not None and t.reference_id == now.avatar_id]
        return made[-1] if made else None

    def _pick_of(self, key: str) -> Take | None:
        """Return the pick of a look as it will be, as far as that take is there."""
        return self.repicked.get(key) or self.snapshot.pick(key)

    def _allowed(self, s: TakeGroups, missing: int) -> int:
        """Return how many takes may be bought.

        A failure is bought again only where that was asked for.
        """
        if missing <= 0:
            return 0
        if s.look.key in self.asked.reroll:
            return missing if s.good else 0
        if s.look.key in self.asked.retry:
            return missing
        used = len(s.good) + len(s.live) + len(s.bad)
        return max(0, min(missing, s.look.takes + s.look.retries - used))

    def _retries(self, s: TakeGroups, decision: _Decision) -> int:
        """Return how many failures of this run may be bought again without asking."""
        if not decision.takes and not s.live:
            return 0
        return max(0, s.look.retries - len(s.bad) - len(s.wrong))

    def _blocked(self, look: Look) -> str | None:
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
        return self._outside_its_group(look)

    def _needs_only_what_waits(self, look: Look) -> bool:
        """Return whether what blocks a look is only that other looks wait for a person."""
        dead = self.dead.keys() & self.graph.needs[look.key]
        return bool(dead) and dead <= self.waiting and look.key not in self.asked.refused

    def _waits(self, look: Look) -> str | None:
        """Return why nothing may be made from a look's reference before a person agrees."""
        if not isinstance(look.reference, LookRef):
            return None
        waits = self._waits_for_approval(look.reference.look)
        if waits is not None or look.reference.look in self.changing:
            return waits
        reference = self._pick_of(look.reference.look)
        rule = self._rules.get(look.reference.look)
        if reference is None or rule is None:
            return None
        return explain_hold(self._faces(), reference, rule, self.snapshot)

    def _waits_for_approval(self, key: str) -> str | None:
        """Return why nothing may be made from a look before a person approves its take."""
        if key not in self._approvals:
            return None
        if key in self.changing:
            return explain_approval(self.coming[key], NOT_REVIEWED)
        pick = self._pick_of(key)
        if pick is None:
            return explain_approval(key, NOT_REVIEWED)
        return explain_approval(pick.label, self.snapshot.review(pick))

    def _outside_its_group(self, look: Look) -> str | None:
        """Check the group rule against the groups that the ledger recorded, before money moves."""
        if look.reference is None or look.group is None:
            return None
        if any(key in self.changing for key in self.graph.needs[look.key]):
            return None  # decided when those are there: the executor looks again
        if not isinstance(look.reference, LookRef):
            return None  # decided against the account, before the look is sent
        reference = self._pick_of(look.reference.look)
        if isinstance(look.group, LookRef):
            saved = self._pick_of(look.group.look)
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
        """Return the looks that only the ledger knows, unless all of it was deleted at HeyGen."""
        over = (TakeState.PLANNED, TakeState.DELETED)
        return [
            PlannedLook(
                key=key,
                action=Action.ORPHANED,
                reason="no longer in the manifest; it stays in the ledger and at HeyGen",
                look=None,
                identity=takes[-1].identity,
                ingredients=takes[-1].ingredients,
                selected=self.asked.selected is None or key in self.asked.selected,
            )
            for key, takes in sorted(self.snapshot.takes.items())
            if key not in wanted and any(take.state not in over for take in takes)
        ]


def _name_next(key: str, decision: _Decision, live: Sequence[Take], snapshot: Snapshot) -> str:
    """Return the label of the only take that a look's pick can become; its key where more may."""
    if len(live) + decision.takes != 1:
        return key
    if live:
        return live[0].label
    takes = snapshot.takes.get(key, ())
    latest = max(takes, key=lambda take: take.number, default=None)
    if latest is None:
        return f"{key}#1"
    return latest.label if latest.state is TakeState.PLANNED else f"{key}#{latest.number + 1}"
