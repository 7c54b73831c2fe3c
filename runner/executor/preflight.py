"""Literal ids, checked against the account before money moves (free, a request for each id)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from runner.errors import ApiTrouble
from runner.executor.concurrency import RunStopped
from runner.executor.context import RunContext, describe_reply
from runner.executor.group_search import find_groups
from runner.executor.lists import Unlisted
from runner.executor.temporary_refusals import LAG, LAG_DELAY, was_completed_lately
from runner.model import LiteralRef, Look
from runner.plan.model import Plan
from runner.plan.steps import Action
from runner.policy.decisions import Free, decide_free
from runner.replies import Answer, GroupData, LookData, Reply

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Verified:
    """What the account says of the ids in a manifest.

    ``refused`` are the looks that cannot be sent or adopted because of one, and why; ``groups``
    where the looks are that are named by their ids.
    """

    refused: Mapping[str, str]
    groups: Mapping[str, str | None]


async def verify_ids(context: RunContext, plan: Plan) -> Verified:
    """Check the literal ids of what would be sent or adopted against the account.

    Where anything is bought, what is under way is asked about too: nobody refuses it any more, but
    what references it is saved where it was. Raises ApiTrouble when the account could not be asked,
    RunStopped when it refused the key.
    """
    verifier = _Verifier(context)
    found: dict[str, str] = {}
    buys = any(action.takes for action in plan.actions)
    for action in plan.actions:
        sends = action.takes or action.action is Action.ADOPT
        if action.look is not None and (sends or (buys and action.resume.under_way)):
            reason = await verifier.refusal(action.look)
            if reason is not None and sends:
                found[action.key] = reason
    return Verified(found, verifier.groups)


class _Verifier:
    """Asks for each id once."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._looks: dict[str, LookData | str] = {}
        self._groups: dict[str, GroupData | str] = {}

    @property
    def groups(self) -> dict[str, str | None]:
        """Return the groups of the looks that were asked for."""
        known = self._looks.items()
        return {look_id: look.group_id for look_id, look in known if isinstance(look, LookData)}

    async def refusal(self, look: Look) -> str | None:
        """Return why a look cannot be sent or adopted; None where nothing speaks against it."""
        named = look.existing
        if named is None and isinstance(look.reference, LiteralRef):
            named = look.reference.id
        known = await self._look(named) if named is not None else None
        if isinstance(known, str):
            return known
        if not isinstance(look.group, LiteralRef):
            return None
        group = await self._group(look.group.id)
        if isinstance(group, str):
            return group
        if known is not None and known.group_id not in (None, group.id):
            return (
                f"its reference {known.id} is in group {known.group_id}, "
                f"not in {group.id} where it would be saved"
            )
        return None

    async def _look(self, look_id: str) -> LookData | str:
        if look_id not in self._looks:
            self._looks[look_id] = await self._until_known(
                look_id, lambda: self._ask_for_look(look_id)
            )
        return self._looks[look_id]

    async def _ask_for_look(self, look_id: str) -> LookData | str:
        reply = await self._context.ask(
            lambda: self._context.api.look(look_id), what=f"asking for the look {look_id}"
        )
        usable = _usable(look_id, reply)
        if isinstance(usable, str) or usable.group_id is not None:
            return usable
        found = await find_groups(self._context, {look_id})
        if isinstance(found, Unlisted):
            raise ApiTrouble(
                f"Which group the look {look_id} is in could not be found out: {found}",
                hint="Nothing was sent. Run the same command again.",
            )
        return replace(usable, group_id=found.get(look_id))

    async def _group(self, group_id: str) -> GroupData | str:
        if group_id not in self._groups:
            self._groups[group_id] = await self._until_known(
                group_id, lambda: self._ask_for_group(group_id)
            )
        return self._groups[group_id]

    async def _ask_for_group(self, group_id: str) -> GroupData | str:
        reply = await self._context.ask(
            lambda: self._context.api.group(group_id), what=f"asking for the group {group_id}"
        )
        if isinstance(reply, Answer):
            group: GroupData = reply.data
            return group
        return _refused(f"the group {group_id}", reply)

    async def _until_known(self, named: str, ask: Callable[[], Awaitable[T | str]]) -> T | str:
        """Return what an id is; one that was completed lately is asked for again for a minute."""
        found = await ask()
        waited = 0.0
        while (
            isinstance(found, str) and waited < LAG and was_completed_lately(self._context, named)
        ):
            await self._context.pause(LAG_DELAY)
            waited += LAG_DELAY
            found = await ask()
        return found


def _usable(look_id: str, reply: Reply[LookData]) -> LookData | str:
    if not isinstance(reply, Answer):
        return _refused(f"the look {look_id}", reply)
    if reply.data.usable:
        return reply.data
    state = reply.data.status or "without a picture"
    return f"the look {look_id} cannot be used: it is {state}"


def _refused(what: str, reply: Reply[LookData] | Reply[GroupData]) -> str:
    """Return what speaks against an id. Raises where nothing was learned about it."""
    verdict = decide_free(reply)
    if verdict is Free.PERSON:
        raise RunStopped
    if verdict is Free.AGAIN:
        raise ApiTrouble(
            f"Whether {what} can be used could not be asked: {describe_reply(reply)}",
            hint="Nothing was sent. Run the same command again.",
        )
    return f"{what} cannot be used: {describe_reply(reply)}"
