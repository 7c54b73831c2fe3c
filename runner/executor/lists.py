"""Lists of the account, read page after page to their end."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from runner.executor.context import RunContext, describe_reply
from runner.executor.gone import ask_until_sure
from runner.policy.decisions import Free, decide_free
from runner.policy.poll_strategy import PAGE_SIZE
from runner.replies import Answer, GroupData, ListPage, LookData, Reply

T = TypeVar("T")
PageCall = Callable[[str | None], Awaitable[Reply[ListPage[T]]]]

MAX_LISTED = 10_000
"""The most looks or groups that one search takes, and so 200 pages, however many one has."""


class Unlisted(str):
    """In words why a list could not be read whole. ``final``: another try would end the same."""

    __slots__ = ()
    final = False


class Endless(Unlisted):
    """It has more entries than are read, or begins again at its end."""

    __slots__ = ()
    final = True


async def list_group_looks(context: RunContext, group_id: str | None) -> list[LookData] | Unlisted:
    """Return all looks of a group, or of the account; or in words why they could not be listed.

    Raises RunStopped.
    """
    whose = f"the looks of {group_id or 'the account'}"
    return await read_every_page(
        lambda token: context.ask(
            lambda: context.api.looks(group_id=group_id, token=token), what=f"listing {whose}"
        ),
        whose,
        is_gone=None if group_id is None else partial(_is_gone, context, group_id),
    )


async def list_account_groups(context: RunContext) -> list[GroupData] | Unlisted:
    """Return all groups of the account, or in words why they could not be listed.

    Raises RunStopped.
    """
    whose = "the account's groups"
    return await read_every_page(
        lambda token: context.ask(lambda: context.api.groups(token=token), what=f"listing {whose}"),
        whose,
    )


async def _is_gone(context: RunContext, group_id: str) -> bool:
    """Return whether the API says of a group itself that it does not exist.

    That its list is not found does not say so: lists may be away for minutes.
    """
    reply = await ask_until_sure(
        context, lambda: context.api.group(group_id), what="asking for a group"
    )
    return decide_free(reply) is Free.GONE


async def read_every_page(
    ask: PageCall[T],
    what: str,
    *,
    most: int = MAX_LISTED,
    is_gone: Callable[[], Awaitable[bool]] | None = None,
) -> list[T] | Unlisted:
    """Return everything that a list holds, page after page; or in words why it cannot be read.

    It has at ``most`` so many entries. ``is_gone`` says, where the list is not found, whether what
    it is of was deleted: then it is empty. Raises what ``ask`` does.
    """
    found: list[T] = []
    token: str | None = None
    seen: set[str] = set()
    for _page in range(most // PAGE_SIZE):
        reply = await ask(token)
        if is_gone is not None and decide_free(reply) is Free.GONE and await is_gone():
            return []
        if not isinstance(reply, Answer):
            return Unlisted(f"{what} could not be listed: {describe_reply(reply)}")
        found += reply.data.items
        token = reply.data.next_token
        if token is None:
            return found
        if len(found) > most:
            break
        if token in seen:
            return Endless(f"{what} cannot be listed: HeyGen's list begins again at its end")
        seen.add(token)
    return Endless(f"{what} cannot be listed: there are more than {len(found):,}")
