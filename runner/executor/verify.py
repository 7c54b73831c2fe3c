"""Literal ids, held against the account before money moves (free, a request for each id)."""

from runner.answers import Answer, GroupData, LookData, Reply
from runner.errors import ApiTrouble
from runner.executor.desk import Desk, said
from runner.executor.tasks import Stopping
from runner.model import LiteralRef, Look
from runner.plan.model import Action, Plan
from runner.policy.verdict import Free, judge_free

__all__ = ["refusals"]


async def refusals(desk: Desk, plan: Plan) -> dict[str, str]:
    """Give the looks that cannot be sent or adopted because of an id in the manifest, and why.

    Raises ApiTrouble when the account could not be asked, Stopping when it refused the key.
    """
    verifier = _Verifier(desk)
    found: dict[str, str] = {}
    for action in plan.actions:
        if action.look is not None and (action.takes or action.action is Action.ADOPT):
            reason = await verifier.refusal(action.look)
            if reason is not None:
                found[action.key] = reason
    return found


class _Verifier:
    """Asks for each id once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._looks: dict[str, LookData | str] = {}
        self._groups: dict[str, GroupData | str] = {}

    async def refusal(self, look: Look) -> str | None:
        """Say why a look cannot be sent or adopted; None where nothing speaks against it."""
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
        if known is not None and known.group_id != group.id:
            return (
                f"its reference {known.id} is in group {known.group_id}, "
                f"not in {group.id} where it would be saved"
            )
        return None

    async def _look(self, look_id: str) -> LookData | str:
        if look_id not in self._looks:
            reply = await self._desk.ask(
                lambda: self._desk.api.look(look_id), what=f"asking for the look {look_id}"
            )
            self._looks[look_id] = _usable(look_id, reply)
        return self._looks[look_id]

    async def _group(self, group_id: str) -> GroupData | str:
        if group_id not in self._groups:
            reply = await self._desk.ask(
                lambda: self._desk.api.group(group_id), what=f"asking for the group {group_id}"
            )
            if isinstance(reply, Answer):
                self._groups[group_id] = reply.data
            else:
                self._groups[group_id] = _refused(f"the group {group_id}", reply)
        return self._groups[group_id]


def _usable(look_id: str, reply: Reply[LookData]) -> LookData | str:
    if not isinstance(reply, Answer):
        return _refused(f"the look {look_id}", reply)
    if reply.data.usable:
        return reply.data
    state = reply.data.status or "without a picture"
    return f"the look {look_id} cannot be used: it is {state}"


def _refused(what: str, reply: Reply[LookData] | Reply[GroupData]) -> str:
    """Say what speaks against an id. Raises where nothing was learned about it."""
    verdict = judge_free(reply)
    if verdict is Free.PERSON:
        raise Stopping
    if verdict is Free.AGAIN:
        raise ApiTrouble(
            f"Whether {what} can be used could not be asked: {said(reply)}",
            hint="Nothing was sent. Run the same command again.",
        )
    return f"{what} cannot be used: {said(reply)}"
