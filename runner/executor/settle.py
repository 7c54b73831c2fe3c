"""Searching the account for what a lost answer may have bought (design, "What a run promises", 1).

By the name in the stored body, in its group; for a row of the table that makes its own group, in
the groups made inside the send window. Adopted only if exactly one unresolved take bears that name
and exactly one unrecorded look fits; otherwise a person decides.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from runner.answers import Answer, LookData, Page, Reply
from runner.executor.desk import Desk, said
from runner.executor.tasks import Stopping
from runner.model import LookKind
from runner.policy.lifecycle import Event
from runner.policy.observe import events_of
from runner.policy.patience import CLOCK_SLACK
from runner.policy.verdict import Free, judge_free
from runner.takes import Take, TakeState

__all__ = ["Finding", "Searcher", "is_unresolved", "looks_in"]

T = TypeVar("T")
PageCall = Callable[[str | None], Awaitable[Reply[Page[T]]]]

PAGES = 200
"""The most pages that one search reads: 10,000 looks or groups."""

SEND_WINDOW = 900.0
"""How long after the last send, in seconds, the server may still have made the group."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a search found. ``problem`` is why it could not be finished, if it could not."""

    take: Take
    candidates: tuple[LookData, ...] = ()
    rivals: tuple[str, ...] = ()
    problem: str | None = None

    @property
    def certain(self) -> LookData | None:
        """The one look that the take became, where there can be no doubt."""
        alone = self.problem is None and not self.rivals and len(self.candidates) == 1
        return self.candidates[0] if alone else None


class Searcher:
    """Searches for unknown takes and adopts what is certain."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.findings: dict[str, Finding] = {}
        """The last finding for each take that stayed unknown."""

    async def settle(self, take: Take) -> Take:
        """Search for one unknown take; gives it processing or further, or still unknown."""
        try:
            finding = await self.search(take)
        except Stopping:
            return take
        certain = finding.certain
        if certain is None:
            self.findings[take.uid] = finding
            return take
        return await self.adopt(take, certain)

    async def adopt(self, take: Take, look: LookData) -> Take:
        """Commit that a take became this look, and what the look shows."""
        now = self._desk.clock.now()
        # When it was sent may be told by the server's clock; how long ago that was is what counts.
        age = min(now, self._desk.now_at_server()) - (take.resent_at or take.sent_at or now)
        facts = {
            "avatar_id": look.id,
            "group_id": look.group_id,
            "accepted_at": now - max(0.0, age),
            "error_code": None,
            "error_message": None,
        }
        take = await self._desk.record(take.uid, Event.FOUND, facts)
        for event, more in events_of(take.state, look, now=now):
            take = await self._desk.record(take.uid, event, more)
        return take

    async def search(self, take: Take) -> Finding:
        """Look for a take on the account without deciding anything. Raises Stopping."""
        groups = await self._groups_of(take, self._every())
        if isinstance(groups, str):
            return Finding(take, problem=groups)
        named: list[LookData] = []
        for group_id in groups:
            looks = await looks_in(self._desk, group_id)
            if isinstance(looks, str):
                return Finding(take, problem=looks)
            named += [look for look in looks if look.name == take.name]
        # What the ledger holds now, not before the search: meanwhile another take of this name may
        # have been sent, and what was found may be its look.
        every = self._every()
        recorded = {known.avatar_id for known in every if known.avatar_id}
        candidates = tuple(look for look in named if look.id not in recorded)
        rivals = tuple(
            known.label
            for known in every
            if known.uid != take.uid and known.name == take.name and is_unresolved(known)
        )
        return Finding(take, candidates, rivals)

    def _every(self) -> list[Take]:
        return [t for takes in self._desk.ledger.snapshot().takes.values() for t in takes]

    async def _groups_of(self, take: Take, every: list[Take]) -> list[str] | str:
        """Give the groups where the look can be, or why they could not be found."""
        if take.group_wanted is not None:
            return [take.group_wanted]
        if take.kind is LookKind.PROMPT and take.reference_id is not None:
            for known in every:
                if known.avatar_id == take.reference_id and known.group_id:
                    return [known.group_id]
            reference = take.reference_id
            reply = await self._desk.ask(
                lambda: self._desk.api.look(reference), what="asking for a reference"
            )
            if isinstance(reply, Answer) and reply.data.group_id:
                return [reply.data.group_id]
            if judge_free(reply) is Free.GONE:
                return []
            return f"the group of its reference {reference} is not known: {said(reply)}"
        groups = await every_page(
            self._desk, lambda token: self._desk.api.groups(token=token), "the account's groups"
        )
        if isinstance(groups, str):
            return groups
        first, last = self._window(take)
        return [group.id for group in groups if first <= group.created_at <= last]

    def _window(self, take: Take) -> tuple[float, float]:
        """Give from when to when the server may have made the group, by its own clock or ours."""
        skew = self._desk.now_at_server() - self._desk.clock.now()
        first = take.sent_at or 0.0
        last = take.resent_at or first
        return (
            min(first, first + skew) - CLOCK_SLACK,
            max(last, last + skew) + SEND_WINDOW,
        )


async def looks_in(desk: Desk, group_id: str | None) -> list[LookData] | str:
    """Give all looks of a group, or of the account; or in words why they could not be listed.

    Raises Stopping.
    """
    whose = f"the looks of {group_id or 'the account'}"
    return await every_page(
        desk, lambda token: desk.api.looks(group_id=group_id, token=token), whose
    )


async def every_page(desk: Desk, call: PageCall[T], what: str) -> list[T] | str:
    """Give everything that a list holds, page after page; or in words why it could not be read.

    Raises Stopping.
    """
    found: list[T] = []
    token: str | None = None
    for _page in range(PAGES):
        reply = await desk.ask(partial(call, token), what=f"listing {what}")
        if judge_free(reply) is Free.GONE:
            return []  # the group is not there any more, and so are its looks
        if not isinstance(reply, Answer):
            return f"{what} could not be listed: {said(reply)}"
        found += reply.data.items
        token = reply.data.next_token
        if token is None:
            return found
    return f"{what} are more than {len(found)}"


def is_unresolved(take: Take) -> bool:
    """Whether it is not known what became of a take's send."""
    return take.state in (TakeState.UNKNOWN, TakeState.SUBMITTING)
