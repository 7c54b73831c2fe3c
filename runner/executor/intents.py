"""Build intents from planned looks: ids resolved, groups checked again, images uploaded."""

from dataclasses import dataclass

from runner.executor.context import RunContext, describe_reply
from runner.executor.group_search import fill_in_group, find_group
from runner.executor.ports import Intent
from runner.executor.request import Resolved, build_body
from runner.executor.uploads import AssetCache
from runner.model import LiteralRef, Look, LookRef, Reference
from runner.plan.model import PlannedLook
from runner.replies import Answer, LookData
from runner.takes import Take
from runner.video_facts import VideoFacts


class CannotSend(Exception):
    """This look cannot be sent; says why. Nothing was bought."""


class NotApproved(Exception):
    """This look waits for a person's approval of what it is made from; nothing was bought."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A look that can be referenced: its id and its group."""

    id: str
    group_id: str | None


class IntentBuilder:
    """Makes intents. Literal ids are asked for once in a run, before money moves."""

    def __init__(self, context: RunContext, uploads: AssetCache) -> None:
        self._context = context
        self._uploads = uploads
        self._literal: dict[str, LookData] = {}
        self._groups: dict[str, str] = {}

    async def intent(self, planned: PlannedLook, *, take: str | None) -> Intent:
        """Return what is to be committed and sent for one take of a look.

        ``take`` is a planned take to use again. Raises CannotSend, UploadFailed, or RunStopped.
        """
        look = planned.look
        if look is None or look.name is None or planned.identity is None:
            raise ValueError(f"{planned.key} is not a look that can be bought")
        reference = await self._reference(look.reference)
        group_id = await self._group(look.group)
        apart = reference is not None and reference.group_id not in (None, group_id)
        if reference is not None and group_id is not None and apart:
            raise CannotSend(
                f"its reference {reference.id} is in group {reference.group_id}, not in {group_id}"
            )
        assets = await self._uploads.of(look)
        avatar_id = reference.id if reference is not None else None
        return Intent(
            look=look.key,
            kind=look.kind,
            identity=planned.identity,
            ingredients=planned.ingredients or "",
            name=look.name,
            body=build_body(look, Resolved(avatar_id, group_id, assets)),
            key="",
            price=planned.price,
            take=take,
            replaces=planned.resume.replaces,
            reroll=planned.is_reroll,
            reference_look=look.reference.look if isinstance(look.reference, LookRef) else None,
            reference_id=avatar_id,
            group_wanted=group_id,
        )

    async def renew(self, planned: PlannedLook, sent: bytes) -> Intent:
        """Prepare a look once more, with the uploads that its body named made again.

        Raises CannotSend, UploadFailed, or RunStopped.
        """
        if planned.look is not None:
            await self._uploads.forget(planned.look, sent)
        return await self.intent(planned, take=None)

    async def existing(self, look: Look) -> tuple[Take, VideoFacts | None]:
        """Return a look that exists already as a take to adopt, and what it says of videos.

        Raises CannotSend or RunStopped.
        """
        data = await self._ask(look.existing or "")
        take = Take(
            uid=self._context.entropy.uid(),
            look=look.key,
            number=0,
            kind=look.kind,
            identity="",
            ingredients="",
            name=data.name,
            avatar_id=data.id,
            group_id=data.group_id,
            completed_at=self._context.clock.now(),
        )
        return take, data.video

    async def _reference(self, reference: Reference | None) -> _Known | None:
        if reference is None:
            return None
        if isinstance(reference, LiteralRef):
            data = await self._ask(reference.id)
            return _Known(data.id, data.group_id)
        pick = self._pick(reference.look)
        return _Known(pick.avatar_id or "", pick.group_id)

    async def _group(self, group: Reference | None) -> str | None:
        if group is None or isinstance(group, LiteralRef):
            return group.id if group is not None else None
        pick = self._pick(group.look)
        look_id = pick.avatar_id or ""  # another take may be picked while a run goes on
        group_id = pick.group_id or self._groups.get(look_id)
        group_id = group_id or await find_group(self._context, look_id)
        if group_id is None:
            raise CannotSend(f"the group of {group.look} is not known")
        self._groups[look_id] = group_id
        return group_id

    def _pick(self, key: str) -> Take:
        pick = self._context.ledger.picked(key)
        if pick is None or not pick.usable or not pick.avatar_id:
            raise CannotSend(f"{key} has no usable take")
        return pick

    async def _ask(self, look_id: str) -> LookData:
        """Return a look of the account that can be used. Raises CannotSend or RunStopped."""
        if look_id not in self._literal:
            reply = await self._context.ask(
                lambda: self._context.api.look(look_id), what=f"asking for the look {look_id}"
            )
            if not isinstance(reply, Answer):
                raise CannotSend(f"the look {look_id} cannot be used: {describe_reply(reply)}")
            data: LookData = reply.data
            if not data.usable:
                state = data.status or "without a picture"
                raise CannotSend(f"the look {look_id} cannot be used: it is {state}")
            self._literal[look_id] = await fill_in_group(self._context, data)
        return self._literal[look_id]
