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


async def with_group(context: RunContext, look: LookData) -> LookData:
    """Return a look with its group, where that can be found. Raises RunStopped."""
    if look.group_id is not None:
        return look
    return replace(look, group_id=await find_group(context, look.id))


async def find_group(context: RunContext, look_id: str) -> str | None:
    """Return the group whose list shows a look, or None. Raises RunStopped."""
    return (await _find_groups(context, {look_id})).get(look_id)


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
    found = await _find_groups(context, nameless)
    return [replace(one, group_id=one.group_id or found.get(one.id)) for one in looks]


async def _find_groups(context: RunContext, wanted: set[str]) -> dict[str, str]:
    """Return the groups of those looks that a group's list shows, by look id."""
    groups = await list_account_groups(context)
    found: dict[str, str] = {}
    if isinstance(groups, Unlisted):
        return found
    newest = sorted(groups, key=lambda group: group.created_at, reverse=True)
    for group in newest[:MAX_SEARCHED_GROUPS]:
        if wanted <= found.keys():
            break
        looks = await list_group_looks(context, group.id)
        if not isinstance(looks, Unlisted):
            found |= {look.id: group.id for look in looks if look.id in wanted}
    return found
