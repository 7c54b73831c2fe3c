"""From a campaign and what the ledger holds to the plan: one action for each look.

Looks are taken in the order of their references, so that what a look needs is decided before it.
"""

from collections.abc import Callable, Collection, Mapping
from functools import cache, partial
from typing import NamedTuple

from runner.model import Campaign, Look, LookKind
from runner.plan.decided import Decided
from runner.plan.graph import build_graph
from runner.plan.id_references import find_own_take, index_by_id, restore_reference
from runner.plan.identity import MadeFrom, ingredients_json
from runner.plan.model import Plan, PlannedLook, ResolvedOptions
from runner.plan.renames import apply_renames, find_renames
from runner.plan.steps import (
    NOTHING_SENT,
    Adopt,
    Blocked,
    Create,
    Keep,
    Orphaned,
    Rename,
    Resume,
    Stale,
    Step,
)
from runner.plan.take_groups import (
    TakeGroups,
    explain_create,
    explain_failed,
    explain_resume,
    group_takes,
)
from runner.policy.likeness import counts_as_failed
from runner.takes import Snapshot, Take, TakeState

NOT_SELECTED = "not selected"
NO_OPTIONS = ResolvedOptions()
_BRINGS_TAKES = (Create, Resume)


def plan(campaign: Campaign, snapshot: Snapshot, asked: ResolvedOptions = NO_OPTIONS) -> Plan:
    """Return the plan that leads from what the ledger holds to what the campaign says."""
    graph = build_graph(campaign.looks)
    by_id = cache(partial(index_by_id, snapshot))  # only made where something seems to have changed
    made_from = {
        look.key: MadeFrom.of(_ingredients(look, graph.looks, snapshot, by_id))
        for look in graph.order
    }
    moves = find_renames(graph.order, made_from, snapshot)
    decided = Decided(campaign.prices, apply_renames(snapshot, moves), asked, graph)
    differ = _Differ(decided, made_from)
    was = moves.back
    actions = [differ.decide(look, was.get(look.key)) for look in graph.order]
    actions += find_orphans(decided.snapshot, asked, graph.looks)
    unwanted = [take.uid for take in decided.snapshot.all_takes if take.in_flight]
    if unwanted:
        wanted = {uid for action in actions for uid in action.resume.under_way}
        unwanted = [uid for uid in unwanted if uid not in wanted]
    account = snapshot.account_label
    return Plan(campaign.name, account, tuple(actions), tuple(unwanted), moves)


def _ingredients(
    look: Look,
    by_key: Mapping[str, Look],
    snapshot: Snapshot,
    by_id: Callable[[], Mapping[str, Take]],
) -> str:
    """Return what a look is made from, as its pick has it: the same text needs no copy."""
    text = ingredients_json(look, by_key)
    if look.key not in snapshot.takes:
        return text
    pick = snapshot.pick(look.key)
    if pick is not None and pick.ingredients == text:
        return pick.ingredients
    return restore_reference(look, text, snapshot, by_id)


class _Decision(NamedTuple):
    """What is done about a look, with its reason. ``repick`` becomes the pick, for nothing."""

    step: Step
    reason: str
    repick: Take | None = None


class _Differ:
    def __init__(self, decided: Decided, made_from: Mapping[str, MadeFrom]) -> None:
        self._decided = decided
        self._snapshot = decided.snapshot
        self._asked = decided.asked
        self._made_from = made_from

    def decide(self, look: Look, old_key: str | None) -> PlannedLook:
        """Decide one look; those that it needs are decided already."""
        key, asked, graph = look.key, self._asked, self._decided.graph
        ingredients, identity = self._made_from[key]
        s = self._group(look, identity)
        selected = asked.selected is None or key in asked.selected
        decision = self._decision(s) if selected else self._decide_unselected(s)
        reason = decision.reason
        if old_key is not None:
            reason = f"renamed from {old_key}, what is paid for is the same; {reason}"
        repick = decision.repick or (s.repick if selected else None)
        kept = s.pick if s.picked_as_wanted else None  # the same hash needs no copy
        planned = PlannedLook(
            key=key,
            step=decision.step,
            reason=reason,
            look=look,
            identity=kept.identity if kept else s.identity,
            ingredients=ingredients,
            price=self._decided.prices.of(look.kind),
            needs=graph.needs[key],
            repick=repick.uid if repick else None,
            chain=graph.chains[key],
            selected=selected,
        )
        if repick is not None:
            self._decided.repicked[key] = repick
        elif (kept is None or planned.resume.replacing) and isinstance(planned.step, _BRINGS_TAKES):
            self._decided.coming[key] = self._name_next(s, planned.takes)
        return planned

    def _create(
        self, s: TakeGroups, takes: int, reason: str, *, regenerates: bool = False
    ) -> _Decision:
        """Buy takes; where that ``regenerates``, they replace a pick that is not wrong."""
        step = Create(
            takes,
            self._resume(s, regenerates=regenerates),
            wanted=len(s.good) + len(s.live) + takes,
            reroll=s.look.key in self._asked.reroll,
        )
        return _Decision(step, reason)

    def _resume(self, s: TakeGroups, *, regenerates: bool = False, selected: bool = True) -> Resume:
        if s.pick is None and not s.live and not s.look.retries:
            return NOTHING_SENT
        replacing = s.picked_as_wanted and (regenerates or s.being_replaced)
        replaced = s.pick if replacing or not s.picked_as_wanted else None
        return Resume(
            under_way=tuple(take.uid for take in s.wanted_live) if s.live else (),
            at_risk=s.at_risk,
            retries=max(0, s.look.retries - len(s.bad) - len(s.wrong)) if selected else 0,
            replaces=replaced.uid if replaced else None,
            replacing=replacing,
        )

    def _group(self, look: Look, identity: str) -> TakeGroups:
        """Sort a look's takes; a face that the manifest has bought again is told apart."""
        takes = self._snapshot.takes.get(look.key)
        if not takes:
            return TakeGroups(look, identity)
        pick = self._snapshot.pick(look.key)
        own = find_own_take(look, self._snapshot)
        if own is not None:  # of this look's takes it names that one, and no other will do
            takes, pick = (own,), pick if pick == own else None
        groups = group_takes(look, identity, takes, pick)
        rule = look.likeness
        if rule is None or not rule.retry or not self._snapshot.faces:
            return groups
        if self._decided.replaces_root(look):
            return groups  # out of date, and no failure
        faces, known = self._decided.faces(), self._snapshot
        wrong = [take for take in groups.good if counts_as_failed(faces, take, rule, known)]
        return groups._replace(wrong=wrong)

    def _decision(self, s: TakeGroups) -> _Decision:
        if s.look.kind is LookKind.EXISTING:
            return self._existing(s)
        rerolled = self._asked.reroll.get(s.look.key)
        missing = s.missing
        if rerolled is not None:  # what an interrupted reroll bought counts
            missing = rerolled - sum(take.reroll for take in s.live)
        allowed = self._allowed(s, missing)
        if allowed > 0 and self._decided.explain_unsent(s.look) is None:
            if rerolled is not None:
                return self._create(s, allowed, f"{allowed} more, the pick stays")
            reason = explain_create(s, self._made_from[s.look.key].ingredients)
            wrong_pick = s.pick in s.wrong
            return self._create(s, allowed, reason, regenerates=wrong_pick)
        if s.live:
            return _Decision(self._resume(s), explain_resume(s.live))
        if s.good and rerolled is None:
            return self._decide_complete(s)
        return self._decide_blocked(s, allowed)

    def _decide_blocked(self, s: TakeGroups, allowed: int) -> _Decision:
        """Decide a look that lacks a take, and of which none may be sent."""
        decided, key = self._decided, s.look.key
        blocked = decided.explain_block(s.look)
        waits = decided.explain_wait(s.look) if blocked is None else None
        # What has failed is bought again by a retry, and not by an approval alone.
        has_failed = allowed == 0 and bool(s.bad)
        waiting = not has_failed and (waits is not None or decided.needs_only_what_waits(s.look))
        reason = blocked or (None if has_failed else waits) or explain_failed(s.bad)
        if not s.good:
            decided.dead[key] = reason
            if waiting:
                decided.waiting.add(key)
        count = allowed if waiting else 0
        step = Blocked(count, wanted=len(s.good) + 1, awaits=waits is not None)
        return _Decision(step, reason)

    def _existing(self, s: TakeGroups) -> _Decision:
        refused = self._asked.refused.get(s.look.key)
        if refused is not None and not s.good:
            self._decided.dead[s.look.key] = refused
            return _Decision(Blocked(), refused)
        if s.good:
            return self._decide_complete(s)
        return _Decision(Adopt(), f"{s.look.existing} exists already; nothing is generated")

    def _decide_unselected(self, s: TakeGroups) -> _Decision:
        """Decide a look that was not selected: only what is under way is finished."""
        if s.live:
            return _Decision(self._resume(s, selected=False), explain_resume(s.live))
        if not s.picked_as_wanted:
            self._decided.absent.add(s.look.key)
        return _Decision(Keep(), NOT_SELECTED)

    def _decide_complete(self, s: TakeGroups) -> _Decision:
        """Decide a look of which nothing is missing: everything it wants is there."""
        pick = s.current
        stale = self._decided.explain_stale(s.look, pick)
        if stale is not None:
            return self._decide_stale(s, stale)
        if s.look.name is not None and pick.name != s.look.name:
            return _Decision(Rename(), f"name changed: {pick.name} → {s.look.name}")
        if s.repick is not None:
            reason = f"take {pick.number} is this look: picked again, for nothing"
            return _Decision(Keep(), reason)
        if s.look.kind is LookKind.EXISTING:
            return _Decision(Keep(), "exists already")
        return _Decision(Keep(), "done" if not s.bad else f"done; {len(s.bad)} more failed")

    def _decide_stale(self, s: TakeGroups, stale: str) -> _Decision:
        """Decide a stale look: it is renewed where that was asked for, and a failure is not."""
        made_anew = self._decided.made_from_reference
        failed = [take for take in made_anew(s.look, s.bad) if take.replaces == s.current.uid]
        again = s.look.key in self._asked.retry and bool(failed)
        if s.look.key not in self._asked.cascade and not again:
            return _Decision(Stale(), stale)
        if made := made_anew(s.look, s.good):
            reason = f"{stale}; {made[-1].label} was made from it: picked again, for nothing"
            return _Decision(Keep(), reason, repick=made[-1])
        if len(failed) > s.look.retries and not again:
            why = f"{stale}; {failed[-1].label}, which was to renew it, failed"
            return _Decision(Stale(), f"{why}: `lookbook retry` buys it again")
        held = self._decided.explain_unsent(s.look)
        if held is not None:
            return _Decision(Stale(), f"{stale}; it cannot be regenerated: {held}")
        return self._create(s, 1, f"{stale}: regenerated", regenerates=True)

    def _allowed(self, s: TakeGroups, missing: int) -> int:
        """Return how many takes may be bought.

        A failure is bought again only where that was asked for.
        """
        if missing <= 0:
            return 0
        if s.look.key in self._asked.reroll:
            return missing if s.good else 0
        if s.look.key in self._asked.retry:
            return missing
        used = len(s.good) + len(s.live) + len(s.bad)
        return max(0, min(missing, s.look.takes + s.look.retries - used))

    def _name_next(self, s: TakeGroups, bought: int) -> str:
        """Return the label of the only take that the pick can become; the key where more may."""
        key = s.look.key
        if len(s.live) + bought != 1:
            return key
        if s.live:
            return s.live[0].label
        takes = self._snapshot.takes.get(key)
        if not takes:
            return f"{key}#1"
        latest = takes[-1]
        return latest.label if latest.state is TakeState.PLANNED else f"{key}#{latest.number + 1}"


def find_orphans(
    snapshot: Snapshot, asked: ResolvedOptions, wanted: Collection[str]
) -> list[PlannedLook]:
    """Return the looks that only the ledger knows, unless all of it was deleted at HeyGen."""
    over = (TakeState.PLANNED, TakeState.DELETED)
    return [
        PlannedLook(
            key=key,
            step=Orphaned(),
            reason="no longer in the manifest; it stays in the ledger and at HeyGen",
            look=None,
            identity=takes[-1].identity,
            ingredients=takes[-1].ingredients,
            selected=asked.selected is None or key in asked.selected,
        )
        for key, takes in sorted(snapshot.takes.items())
        if key not in wanted and any(take.state not in over for take in takes)
    ]
