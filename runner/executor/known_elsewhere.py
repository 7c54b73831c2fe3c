"""What is looked up before a search is judged: what other ledgers know, and what was listed.

All at once and off the event loop, because it may wait for a database; what is judged then is
judged at one moment, without a wait in between.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from runner.executor.context import RunContext
from runner.takes import Neighbours, Take


@dataclass(frozen=True, slots=True)
class KnownElsewhere:
    """What no send of this ledger made; ``listed_before`` is by the uid of a send."""

    neighbours: Neighbours
    strangers: frozenset[str]
    listed_before: Mapping[str, frozenset[str]]

    def not_made_by(self, take: Take) -> frozenset[str]:
        """Return the looks and groups that a send cannot have made, whoever took them over."""
        return self.neighbours.made | self.strangers | self.listed_before[take.uid]

    def before_each(
        self, takes: Iterable[Take], elsewhere: Collection[str]
    ) -> list[frozenset[str]]:
        """Return what was listed before each send, of those of ``elsewhere`` as if nothing was."""
        before = [self.listed_before[take.uid] for take in takes]
        return before + [frozenset()] * len(elsewhere)

    def unresolved(self, take: Take) -> tuple[str, ...]:
        """Return the sends of a take's name that other campaigns search for."""
        return self.neighbours.unresolved.get(take.name or "", ())


async def look_up_elsewhere(context: RunContext, takes: Iterable[Take]) -> KnownElsewhere:
    """Look up what can be known of some sends."""
    uids, ledger = [take.uid for take in takes], context.ledger

    def answer() -> KnownElsewhere:
        listed = {uid: ledger.listed_before(uid) for uid in uids}
        return KnownElsewhere(context.neighbours(), ledger.strangers, listed)

    return await ledger.wait_for(answer)
