"""Searching the account for what a lost answer may have bought (``docs/money.md``).

By the name in the stored body, in its group; for a row of the table that makes its own group, in
the groups made inside the send window. What a send cannot have made is never adopted: a look that a
ledger or results file in the folder knows, or that was listed before the first send. What fits is
decided by ``runner.policy.match_candidates``.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Sequence

import anyio

from runner.executor.concurrency import RunStopped
from runner.executor.context import RunContext, describe_reply
from runner.executor.findings import Finding
from runner.executor.gone import ask_until_sure
from runner.executor.group_search import fill_in_group
from runner.executor.known_elsewhere import KnownElsewhere, look_up_elsewhere
from runner.executor.lists import list_account_groups, list_group_looks
from runner.model import LookKind
from runner.policy.decisions import Free, decide_free
from runner.policy.lifecycle import Event
from runner.policy.look_events import events_of, shown_status
from runner.policy.match_candidates import (
    decide_match,
    find_candidates,
    find_send_window,
    find_unexplained,
    order_by_claims,
)
from runner.policy.retry import ASKABLE_AFTER, CLOCK_SLACK
from runner.replies import Answer, LookData
from runner.takes import Billing, Doubled, Take, TakeState, find_target_group

log = logging.getLogger("runner.executor")

UNANSWERED_GAP = 1.0
"""Seconds between two checks of a send of the same name that is still under way."""


class UnknownResolver:
    """Searches for unknown takes and adopts what is certain.

    ``unwanted`` are the uids of takes that the manifest does not want: they are never sent again.
    """

    def __init__(self, context: RunContext, unwanted: Collection[str] = ()) -> None:
        self._context = context
        self._turns: defaultdict[str | None, anyio.Lock] = defaultdict(anyio.Lock)
        self.unwanted = frozenset(unwanted)
        self.findings: dict[str, Finding] = {}
        """The last finding for each take that stayed unknown."""

    def turn(self, take: Take) -> anyio.Lock:
        """Return what is held while the sends of one name are searched for and sent again.

        One at a time: what the one adopts or makes decides what is left for the next.
        """
        return self._turns[take.name]

    async def settle(self, take: Take) -> Take:
        """Search for one unknown take; return it processing or further, or still unknown."""
        try:
            async with self.turn(take):
                return await self.settle_in_turn(take)
        except RunStopped:
            return take

    async def settle_in_turn(self, take: Take, *, listed: bool = False) -> Take:
        """Search for one unknown take while its ``turn`` is held.

        ``listed``: it is old enough to be in a list, whenever it was sent. Raises RunStopped.
        """
        if not listed:
            await self._until_listed(take)
        finding = await self.search(take)
        log.info(
            "%s: searched the account: %s, %d candidates%s",
            take.label,
            finding.fit.name,
            len(finding.candidates),
            f", not finished: {finding.problem}" if finding.problem else "",
        )
        certain = finding.certain
        if certain is None:
            self.findings[take.uid] = finding
            return take
        self.findings.pop(take.uid, None)
        return await self.adopt(take, certain)

    async def adopt(self, take: Take, look: LookData) -> Take:
        """Commit that a take became this look, and what the look shows. No answer says so."""
        now = self._context.clock.now()
        facts = {
            "avatar_id": look.id,
            "group_id": look.group_id,
            "accepted_at": now - self.age(take),
            "billing": str(Billing.ASSUMED),
            "error_code": None,
            "error_message": None,
        }
        take = await self._context.record(take.uid, Event.FOUND, facts)
        take = await self.show(take, look)
        await self.check_keys(take)
        return take

    async def show(self, take: Take, look: LookData) -> Take:
        """Commit what a look shows of its take."""
        now = self._context.clock.now()
        for event, more in events_of(take.state, look, now=now, shown=shown_status(take)):
            take = await self._context.record(take.uid, event, more)
        return take

    async def search(self, take: Take) -> Finding:
        """Search the account for a take without deciding anything. Raises RunStopped."""
        named = await self._named(take)
        if isinstance(named, str):
            return Finding(take, problem=named)
        known = await self._look_up(take)
        recorded = {other.avatar_id for other in self._every() if other.avatar_id}
        fits = self._unknown(take, named, known.not_made_by(take) | recorded)
        taken_over = self._taken_over(take, fits, known)
        candidates = tuple(look for look in fits if look not in taken_over)
        rivals = [t for t in self._unresolved(take) if t.uid != take.uid]
        before, elsewhere = known.listed_before, known.unresolved(take)
        same = [t for t in rivals if t.body_sha256 and t.body_sha256 == take.body_sha256]
        candidates = order_by_claims(candidates, [before[t.uid] for t in same])
        unexplained = find_unexplained(candidates, known.before_each([take, *rivals], elsewhere))
        fit = decide_match(
            len(candidates),
            taken_over=len(taken_over),
            unexplained=len(unexplained),
            same=1 + len(same),
            others=len([*(t for t in rivals if t not in same), *elsewhere]),
            alive=self.is_replayable(take),
            replayable=any(map(self.is_replayable, same)),
        )
        labels = (*(rival.label for rival in rivals), *elsewhere)
        return Finding(take, candidates, labels, taken_over, fit=fit)

    async def check_keys(self, take: Take) -> bool:
        """Check that the account made no second look for the key of a take that was sent again.

        Return whether the list is one that would show it. One that cannot be read shows nothing,
        and a run that is stopped looks no further.
        """
        if take.resent_at is None or take.avatar_id is None:
            return False
        try:
            named = await self._named(take)
        except RunStopped:
            return False
        if isinstance(named, str):
            return False
        known = await self._look_up(take)
        before = known.before_each(self._unresolved(take), known.unresolved(take))
        unknown = self._unknown(take, named, known.not_made_by(take) | self._bought())
        doubled = find_unexplained(unknown, before)
        if doubled:
            await self._distrust(take, doubled)
        # What others are searched for, or were found to be, may be this one's second look.
        listed = self._context.retry_limits.replay_listed
        is_clear = len(unknown) == len(doubled)
        is_clear &= all(self.age(other) >= listed for other in self._found(take))
        is_late = self.age_of_all(take) >= listed
        is_shown = any(look.id == take.avatar_id for look in named)
        if is_clear and is_late and (is_shown or self.age(take) >= ASKABLE_AFTER):
            await self._context.ledger.note_checked(take.uid)
        return is_shown and (is_clear or is_late)

    async def _distrust(self, take: Take, doubled: Sequence[LookData]) -> None:
        """Commit and announce that the account made a second look for one key."""
        looks = [Doubled(look.id, look.name, take.label, take.price) for look in doubled]
        await self._context.ledger.note_doubled(looks)
        ids = ", ".join(look.id for look in doubled)
        self._context.observer.said(
            f"HeyGen does not honour idempotency keys here: {take.label} was sent again under its "
            f"own key, and {ids} was made as well. ${take.price * len(looks)} more was charged and "
            "counts against every ceiling. Nothing is sent a second time on this account any more, "
            "until `lookbook reconcile MANIFEST --trust-keys` says that it honours keys."
        )

    async def restore_trust(self) -> None:
        """Trust keys again where every doubled look turned out to be another send's."""
        doubled = {look.look_id for look in self._context.ledger.snapshot().doubled}
        known = (await self._context.read_neighbours()).made
        if doubled and doubled.issubset(known | self._bought()):
            await self._context.ledger.trust_keys("a ledger knows what was taken for a second look")

    async def _named(self, take: Take) -> list[LookData] | str:
        """Return the looks of a take's name in the groups where it can be, or why not.

        Also in groups that another campaign has taken over. What is listed is remembered: a send
        that leaves later cannot have made it.

        Never while a send of that name is on its way, also one that began meanwhile: its look may
        be listed before its answer is here, and would be taken for this take's.
        """
        while True:
            while self.is_sending(take):
                await self._context.pause(UNANSWERED_GAP)
            named = await self._list_named(take)
            if not self.is_sending(take):
                break
        if not isinstance(named, str):
            known = {other.avatar_id for other in self._every()}
            await self._context.ledger.note_listed({look.id for look in named} - known)
        return named

    def is_sending(self, take: Take) -> bool:
        """Return whether a send of a take's name is on its way, or was when a run ended."""
        return any(known.state is TakeState.SUBMITTING for known in self._unresolved(take))

    async def _list_named(self, take: Take) -> list[LookData] | str:
        """List once what ``_named`` returns."""
        groups = await self._groups_of(take, self._every())
        if isinstance(groups, str):
            return groups
        named: list[LookData] = []
        for group_id in groups:
            looks = await list_group_looks(self._context, group_id)
            if isinstance(looks, str):
                return looks
            named += [look for look in looks if look.name == take.name]
        return named

    async def _look_up(self, take: Take) -> KnownElsewhere:
        """Look up what is known of a take, and of every send of its name that is unresolved now."""
        while True:
            asked = [take, *self._unresolved(take)]
            known = await look_up_elsewhere(self._context, asked)
            if known.listed_before.keys() >= {other.uid for other in self._unresolved(take)}:
                return known

    def _unknown(
        self, take: Take, named: list[LookData], known: frozenset[str]
    ) -> tuple[LookData, ...]:
        """Return the looks of which nobody knows what made them.

        What the ledgers hold now counts, not what they held before the search: meanwhile another
        take of this name may have been sent, and what was found may be its look.
        """
        doubled = {look.look_id for look in self._context.ledger.snapshot().doubled}
        return find_candidates(named, take.name, excluded=(known, doubled))

    def _taken_over(
        self, take: Take, looks: Sequence[LookData], known: KnownElsewhere
    ) -> tuple[LookData, ...]:
        """Return the looks that another campaign counts on, or whose own group it counts on."""
        theirs = known.neighbours.taken_over
        makes_group = take.reference_id is None and find_target_group(take, self._every()) is None
        return tuple(
            look for look in looks if look.id in theirs or (makes_group and look.group_id in theirs)
        )

    def _bought(self) -> frozenset[str]:
        """Return the looks that takes of this ledger bought, and did not only take over."""
        takes = (take for take in self._every() if take.kind is not LookKind.EXISTING)
        return frozenset(take.avatar_id for take in takes if take.avatar_id)

    def _unresolved(self, take: Take) -> list[Take]:
        """Return the sends of a take's name of which it is not known what became."""
        return [t for t in self._every() if t.name == take.name and t.unresolved]

    def is_replayable(self, take: Take) -> bool:
        """Return whether a run may send an unknown take again."""
        return take.uid not in self.unwanted and self._context.key_is_alive(take)

    def _every(self) -> list[Take]:
        return self._context.ledger.snapshot().all_takes

    def age(self, take: Take) -> float:
        """Return how long ago a take was last sent, in seconds.

        When that was may be told by the server's clock; how long ago it is, is what counts.
        """
        now = self._context.earliest_now()
        return max(0.0, now - (take.resent_at or take.sent_at or now))

    def age_of_all(self, take: Take) -> float:
        """Return how long ago the last send of a take's name left that no answer decided.

        A time that is ahead says nothing: it came from another machine, whose clock is wrong.
        """
        latest = self._context.earliest_now() + CLOCK_SLACK
        others = (*self._found(take), *self._unresolved(take))
        sent = (other for other in others if 0 < (other.resent_at or other.sent_at or 0) <= latest)
        return min(map(self.age, [take, *sent]))

    def _found(self, take: Take) -> list[Take]:
        """Return the other takes of a name that were found, as far as one knows.

        One may have been given a look that this take's key made, before its own was listed.
        """
        named = (other for other in self._every() if other.name == take.name)
        sent = (other for other in named if other.sent_at is not None and other.uid != take.uid)
        return [other for other in sent if other.billing is Billing.ASSUMED]

    async def _until_listed(self, take: Take) -> None:
        """Wait until a send is old enough to be listed. Raises RunStopped.

        Longer where a replay was lost as well: it may have been paid for twice by now, and a third
        send must not be what shows that lists lag.
        """
        if take.sent_at is not None:
            limits = self._context.retry_limits
            listed = limits.listed if take.resent_at is None else limits.replay_listed
            wait = listed - self.age(take)
            if wait > 0:
                await self._context.pause(wait)

    async def _groups_of(self, take: Take, every: list[Take]) -> list[str] | str:
        """Return the groups where the look can be, or why they could not be found."""
        target = find_target_group(take, every)
        if target is not None:
            return [target]
        if take.kind is LookKind.PROMPT and take.reference_id is not None:
            reference = take.reference_id
            reply = await ask_until_sure(
                self._context,
                lambda: self._context.api.look(reference),
                what="asking for a reference",
            )
            if isinstance(reply, Answer):
                shown = await fill_in_group(self._context, reply.data)
                if shown.group_id is not None:
                    return [shown.group_id]
            if decide_free(reply) is Free.GONE:
                return []
            return f"the group of its reference {reference} is not known: {describe_reply(reply)}"
        groups = await list_account_groups(self._context)
        if isinstance(groups, str):
            return groups
        skew = self._context.now_at_server() - self._context.clock.now()
        first, last = find_send_window(take.sent_at or 0.0, take.resent_at, skew)
        # A group that somebody knows was made by another send, and so was one that was there.
        found = await look_up_elsewhere(self._context, [take])
        not_ours = {other.group_id for other in self._every() if other.uid != take.uid}
        not_ours |= found.not_made_by(take)
        made = [group.id for group in groups if first <= group.created_at <= last]
        return [group_id for group_id in made if group_id not in not_ours]
