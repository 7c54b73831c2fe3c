"""Find the group of a look that does not name it: ``group_id`` may be null in every answer.

A list of one group's looks tells all the same which are in it. Free, and asked only where nothing
else says it.
"""

from dataclasses import replace

from runner.executor.context import RunContext
from runner.executor.lists import Unlisted, list_account_groups, list_group_looks
from runner.replies import LookData

MAX_SEARCHED_GROUPS = 200
"""The most groups whose looks are listed to find where some are, the newest first."""


async def fill_in_group(context: RunContext, look: LookData) -> LookData:
    """Return a look with its group, where that can be found. Raises RunStopped."""
    if look.group_id is not None:
        return look
    return replace(look, group_id=await find_group(context, look.id))


async def find_group(context: RunContext, look_id: str) -> str | None:
    """Return the group whose list shows a look, or None. Raises RunStopped."""
    found = await find_groups(context, {look_id})
    return None if isinstance(found, Unlisted) else found.get(look_id)


async def list_all_looks(context: RunContext) -> list[LookData] | Unlisted:
    """Return all looks of the account with their groups, or in words why they cannot be listed.

    Raises RunStopped.
    """
    looks = await list_group_looks(context, None)
    if isinstance(looks, Unlisted):
        return looks
    nameless = {look.id for look in looks if look.group_id is None}
    if not nameless:
        return looks
    found = await find_groups(context, nameless)
    if isinstance(found, Unlisted):
        return found
    return [replace(one, group_id=one.group_id or found.get(one.id)) for one in looks]


async def find_groups(context: RunContext, wanted: set[str]) -> dict[str, str] | Unlisted:
    """Return the groups of those looks that a group's list shows, by look id.

    Or in words why not all lists could be read, where a look was in none that could. Raises
    RunStopped.
    """
    groups = await list_account_groups(context)
    if isinstance(groups, Unlisted):
        return groups
    found: dict[str, str] = {}
    unread: Unlisted | None = None
    newest = sorted(groups, key=lambda group: group.created_at, reverse=True)
    for group in newest[:MAX_SEARCHED_GROUPS]:
        if wanted <= found.keys():
            break
        looks = await list_group_looks(context, group.id)
        if isinstance(looks, Unlisted):
            unread = looks
        else:
            found |= {look.id: group.id for look in looks if look.id in wanted}
    return found if unread is None or wanted <= found.keys() else unread
