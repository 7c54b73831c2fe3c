"""Listing what the account holds before a run buys anything new; free, and bounded.

The account's groups once (the API has no filter by name), by the names of what makes a group of its
own, and the looks of the groups that will be used. Where the ledger knows the group, only that.
"""

from collections import defaultdict
from collections.abc import Mapping

import anyio

from runner.executor.concurrency import RunStopped, unwrap_exception_group
from runner.executor.context import RunContext
from runner.executor.group_search import list_all_looks
from runner.executor.lists import Unlisted, list_account_groups, list_group_looks
from runner.model import LookKind
from runner.plan.model import Plan
from runner.plan.namesakes import Listing
from runner.plan.target_groups import TargetGroup, find_target_groups
from runner.replies import GroupData, LookData

SAID_AFTER = 3.0
"""Seconds after which a message says what the run waits for."""


async def list_account(
    context: RunContext, plan: Plan, literal: Mapping[str, str | None]
) -> Listing | None:
    """Return what the account holds where a plan's takes will go; None where it buys nothing.

    ``literal`` gives the groups of the looks that the manifest names by id. Raises RunStopped.
    """
    snapshot = context.ledger.snapshot()
    homes = find_target_groups(plan, snapshot, literal)
    if not homes:
        return None
    lister = _Lister(context, homes)
    with unwrap_exception_group():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_say_what_is_waited_for, context)
            await lister.list_homes()
            tasks.cancel_scope.cancel()
    if context.closing.is_set():  # the account refused; what stays undone needs a person
        raise RunStopped
    return Listing(homes, lister.groups, lister.named, lister.looks, lister.problems)


async def _say_what_is_waited_for(context: RunContext) -> None:
    await context.clock.sleep(SAID_AFTER)
    context.observer.said("Listing what the account holds, before anything is bought.")


class _Lister:
    def __init__(self, context: RunContext, homes: Mapping[str, TargetGroup]) -> None:
        self._context = context
        self._homes = dict.fromkeys(homes.values())
        self.groups: tuple[GroupData, ...] | None = None
        self.named: dict[str, tuple[str, ...]] = {}
        self.looks: dict[str, tuple[LookData, ...]] = {}
        self.problems: dict[TargetGroup, str] = {}

    async def list_homes(self) -> None:
        """List the groups that are known, and those of the account that bear a new one's name."""
        by_name = [home for home in self._homes if home.group is None]
        if by_name:
            await self._list_groups(by_name)
        for home in self._homes:
            if home.group is not None:
                await self._list_looks(home, home.group)
            for group_id in self.named.get(home.name or "", ()):
                await self._list_looks(home, group_id)

    async def _list_groups(self, homes: list[TargetGroup]) -> None:
        groups = await list_account_groups(self._context)
        if isinstance(groups, Unlisted):
            self.problems.update(dict.fromkeys(homes, groups))
            return
        self.groups = tuple(groups)
        takes = self._context.ledger.snapshot().all_takes
        # A neighbour's group is listed all the same: it may have made a look in a group of ours.
        own = {take.group_id for take in takes}
        names = {home.name for home in homes}
        for group in groups:
            if group.name in names and group.id not in own:
                self.named[group.name] = (*self.named.get(group.name, ()), group.id)
        missing = {name for name in names if name and name not in self.named}
        if not takes and groups and missing:
            problem = await self._list_renamed(missing)
            if problem is not None:
                blind = [home for home in homes if home.name in missing]
                self.problems.update(dict.fromkeys(blind, problem))

    async def _list_renamed(self, names: set[str]) -> Unlisted | None:
        """Find groups by the names of their looks: a look can be renamed, its group keeps its name.

        Only where a ledger knows nothing yet, and the account has groups that no campaign beside it
        is known to have made. An account of more looks than a listing reads is
        searched by its groups' names alone; another list that cannot be read is returned.
        """
        neighbours = await self._context.read_neighbours()
        if neighbours.founded.issuperset((group.id, group.name) for group in self.groups or ()):
            return None
        looks = await list_all_looks(self._context)
        if isinstance(looks, Unlisted):
            return None if looks.final else looks
        made = neighbours.made
        by_group: dict[str, list[LookData]] = defaultdict(list)
        for look in looks:
            if look.group_id:
                by_group[look.group_id].append(look)
            if look.name in names and look.group_id and look.id not in made:
                found = self.named.get(look.name, ())
                if look.group_id not in found:
                    self.named[look.name] = (*found, look.group_id)
        if all(look.group_id for look in looks):  # or a group's looks are not all known
            named = {group for of_name in self.named.values() for group in of_name}
            self.looks |= {group: tuple(by_group[group]) for group in named & by_group.keys()}
        return None

    async def _list_looks(self, home: TargetGroup, group_id: str) -> None:
        if group_id in self.looks:
            return
        looks = await list_group_looks(self._context, group_id)
        if isinstance(looks, Unlisted):
            self.problems[home] = looks
        else:
            self.looks[group_id] = tuple(looks)


async def remember_strangers(
    context: RunContext, listing: Listing, accepted: frozenset[str]
) -> None:
    """Commit what was listed and this ledger did not make: no later send can have made it.

    ``accepted`` are those of which a person said that they are not this campaign's.
    """
    takes = context.ledger.snapshot().all_takes
    made = {take.avatar_id for take in takes if take.kind is not LookKind.EXISTING}
    known = made | {take.group_id for take in takes}
    await context.ledger.note_listed(listing.strangers(known), accepted)
