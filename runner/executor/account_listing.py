"""Listing what the account holds before a run buys anything new; free, and bounded.

The account's groups once (the API has no filter by name), by the names of what makes a group of its
own, and the looks of the groups that will be used. Where the ledger knows the group, only that.
"""

from collections.abc import Mapping

import anyio

from runner.answers import GroupData, LookData
from runner.executor.desk import Desk
from runner.executor.settle import Unlisted, every_page, looks_in
from runner.executor.tasks import Stopping, one_error
from runner.plan.homes import Home, homes_of
from runner.plan.model import Plan
from runner.plan.namesakes import Listing

__all__ = ["list_account", "remember_strangers"]

SAID_AFTER = 3.0
"""Seconds after which a person is told what is waited for."""


async def list_account(desk: Desk, plan: Plan, literal: Mapping[str, str | None]) -> Listing | None:
    """Return what the account holds where a plan's takes will go; None where it buys nothing.

    ``literal`` gives the groups of the looks that the manifest names by id. Raises Stopping.
    """
    snapshot = desk.ledger.snapshot()
    homes = homes_of(plan, snapshot, literal)
    if not homes:
        return None
    lister = _Lister(desk, homes)
    with one_error():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_say_what_is_waited_for, desk)
            await lister.list_homes()
            tasks.cancel_scope.cancel()
    if desk.closing.is_set():  # the account refused; what stays undone needs a person
        raise Stopping
    return Listing(homes, lister.groups, lister.named, lister.looks, lister.problems)


async def _say_what_is_waited_for(desk: Desk) -> None:
    await desk.clock.sleep(SAID_AFTER)
    desk.observer.said("Listing what the account holds, before anything is bought.")


class _Lister:
    def __init__(self, desk: Desk, homes: Mapping[str, Home]) -> None:
        self._desk = desk
        self._homes = dict.fromkeys(homes.values())
        self.groups: tuple[GroupData, ...] | None = None
        self.named: dict[str, tuple[str, ...]] = {}
        self.looks: dict[str, tuple[LookData, ...]] = {}
        self.problems: dict[Home, str] = {}

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

    async def _list_groups(self, homes: list[Home]) -> None:
        groups = await every_page(
            self._desk, lambda token: self._desk.api.groups(token=token), "the account's groups"
        )
        if isinstance(groups, Unlisted):
            self.problems.update(dict.fromkeys(homes, groups))
            return
        self.groups = tuple(groups)
        takes = self._desk.ledger.snapshot().takes.values()
        known = {take.group_id for of_look in takes for take in of_look}
        known |= self._desk.neighbours().ids
        names = {home.name for home in homes}
        for group in groups:
            if group.name in names and group.id not in known:
                self.named[group.name] = (*self.named.get(group.name, ()), group.id)

    async def _list_looks(self, home: Home, group_id: str) -> None:
        if group_id in self.looks:
            return
        looks = await looks_in(self._desk, group_id)
        if isinstance(looks, Unlisted):
            self.problems[home] = looks
        else:
            self.looks[group_id] = tuple(looks)


async def remember_strangers(desk: Desk, listing: Listing, accepted: frozenset[str]) -> None:
    """Commit what was listed and this ledger does not know: no later send can have made it.

    ``accepted`` are those of which a person said that they are not this campaign's.
    """
    takes = desk.ledger.snapshot().takes.values()
    known = {take.avatar_id for of_look in takes for take in of_look}
    known |= {take.group_id for of_look in takes for take in of_look}
    await desk.ledger.note_listed(listing.strangers(known), accepted)
