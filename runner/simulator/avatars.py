"""``POST /v3/avatars``: the union on ``type``, the combination table, the wallet and the limit."""

import binascii
import math
from base64 import b64decode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import formatdate
from sys import intern
from typing import Any
from urllib.parse import urlsplit

from runner.simulator import media, refusals
from runner.simulator.checks import RequestForm
from runner.simulator.forms import NEW_AVATAR
from runner.simulator.pictures import Seen
from runner.simulator.portrait import people
from runner.simulator.records import AvatarKind, ChargeRow, GenerationOutcome, GroupRow, LookRow
from runner.simulator.refusals import ApiError, invalid
from runner.simulator.service import ApiCall, HttpAnswer, data
from runner.simulator.views import asset_of, group_view, look_view, status

PHOTO_SIDE = 512
NEIGHBOUR_FACES = 6
"""How many faces a new one is told apart from, and how many it is chosen among."""

DAY_SECONDS = 24 * 3600

_NEW_AVATAR = RequestForm(NEW_AVATAR)
Fields = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A request for a generation that has passed every check of its own fields."""

    kind: AvatarKind
    name: str
    group: GroupRow | None
    face: str
    scene: str
    reference: LookRow | None = None
    prompt: str | None = None


async def create_avatar(call: ApiCall) -> HttpAnswer:
    """Accept one generation, and charge for it."""
    fields = _NEW_AVATAR.read(call)
    order = await _READERS[fields["type"]](call, fields)
    _check_allowed(call, order)
    _check_places(call, order)
    _check_limit(call)
    _check_wallet(call, order)
    look, group = _begin(call, order)
    item = look_view(call, look, created=True)
    if call.sim.behaviour.no_group:
        return data({"avatar_item": {**item, "group_id": None}, "avatar_group": None})
    return data({"avatar_item": item, "avatar_group": group_view(call, group, created=True)})


async def _photo(call: ApiCall, fields: Fields) -> Order:
    seen = await _file(call, fields["file"], "file", media.IMAGES, smallest=PHOTO_SIDE)
    group = _group(call, fields.get("avatar_group_id"))
    scene = seen.scene or call.sim.pictures.scene("", "", [])
    return Order(kind="photo", name=fields["name"], group=group, face=seen.face, scene=scene)


async def _digital_twin(call: ApiCall, fields: Fields) -> Order:
    seen = await _file(call, fields["file"], "file", media.VIDEOS)
    group = _group(call, fields.get("avatar_group_id"))
    scene = call.sim.pictures.scene("", "", [])
    return Order(kind="digital_twin", name=fields["name"], group=group, face=seen.face, scene=scene)


async def _prompt(call: ApiCall, fields: Fields) -> Order:
    """Apply the combination table: ``avatar_id`` says who, ``avatar_group_id`` only where to."""
    prompt = fields["prompt"]
    tints = [
        (await _file(call, image, f"reference_images[{place}]", media.IMAGES)).tint
        for place, image in enumerate(fields.get("reference_images", ()))
    ]
    reference = _reference(call, fields.get("avatar_id"))
    group = _group(call, fields.get("avatar_group_id"))
    if reference is not None:
        if group is None:
            group = _own(call.sim.account.groups[reference.group_id], "avatar_id")
        elif reference.group_id != group.id:
            message = f"Avatar {reference.id} is not in avatar group {group.id}."
            raise refusals.unusable_reference("avatar_id", message)
    face = reference.face if reference else _new_face(call, prompt, group)
    scene = call.sim.pictures.scene(prompt, reference.scene if reference else "", tints)
    return Order(
        kind="prompt",
        name=fields["name"],
        group=group,
        face=face,
        scene=scene,
        reference=reference,
        prompt=prompt,
    )


_READERS: dict[str, Callable[[ApiCall, Fields], Awaitable[Order]]] = {
    "photo": _photo,
    "prompt": _prompt,
    "digital_twin": _digital_twin,
}


def _new_face(call: ApiCall, prompt: str, group: GroupRow | None) -> str:
    """Make up a face that is told apart from those of its group and of the newest groups."""
    account = call.sim.account
    newest, _ = account.find_groups(None, NEIGHBOUR_FACES, public=False)
    covers = [account.cover(other.id)[0] for other in (*newest, *([group] if group else []))]
    chances = [call.sim.dice.digest("face", call.number, index) for index in range(NEIGHBOUR_FACES)]
    return call.sim.pictures.new_face(chances, prompt, {look.face for look in covers if look})


def _reference(call: ApiCall, look_id: str | None) -> LookRow | None:
    if look_id is None:
        return None
    look = call.sim.account.looks.get(look_id)
    if look is None:
        raise refusals.unknown_reference(look_id)
    if look.ready_at <= call.now < look.ready_at + call.sim.behaviour.reference_lag:
        drawn = call.sim.dice.fraction("reference", call.number)
        if drawn < 1 / 3:
            raise refusals.unknown_reference(look_id)
        if drawn < 2 / 3:
            raise refusals.unusable_reference("avatar_id", f"Avatar {look_id} is not ready.")
        raise refusals.unlisted_reference()
    state = status(look, call.sim.account.groups.get(look.group_id), call.now)
    if state != "completed":
        message = f"Avatar {look_id} has no usable image: its status is {state}."
        raise refusals.unusable_reference("avatar_id", message)
    return look


def _group(call: ApiCall, group_id: str | None) -> GroupRow | None:
    if group_id is None:
        return None
    group = call.sim.account.groups.get(group_id)
    if group is None:
        raise refusals.no_group(group_id, "avatar_group_id")
    return _own(group, "avatar_group_id")


def _own(group: GroupRow, param: str) -> GroupRow:
    if group.public:
        raise refusals.not_yours(f"Avatar group {group.id}", param)
    return group


async def _file(
    call: ApiCall, file: Fields, param: str, types: frozenset[str], *, smallest: int = 1
) -> Seen:
    """Read one of the three forms of a file; what it shows decides who the picture shows."""
    if file["type"] == "url":
        return _read_url(call, file["url"], f"{param}.url")
    if file["type"] == "asset_id":
        return _read_asset(call, file["asset_id"], types, smallest, f"{param}.asset_id")
    return await _inline(call, file["data"], file["media_type"], smallest, f"{param}.data")


def _read_url(call: ApiCall, url: str, param: str) -> Seen:
    """Read a file at an address; none is fetched, hosts under ``.invalid`` stand for what fails."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        sound = parts.scheme == "https" and bool(host) and (parts.port is None or parts.port > 0)
    except ValueError:
        sound, host = False, ""
    if not sound:
        raise invalid(param, f"{param} must be an https URL.")
    if host == "mislabelled.invalid":
        message = "Content type not match image/jpeg != image/png"
        raise invalid(param, message)
    if host == "slow.invalid" or host.endswith(".slow.invalid"):
        raise ApiError(504, "gateway_timeout", f"Fetching {param} took too long.", param=param)
    if host == "invalid" or host.endswith(".invalid"):
        raise ApiError(400, "download_failed", f"{param} could not be fetched.", param=param)
    return call.sim.pictures.seen_at(url)


def _read_asset(
    call: ApiCall, asset_id: str, types: frozenset[str], smallest: int, param: str
) -> Seen:
    asset = asset_of(call, asset_id)
    if asset is None:
        raise refusals.no_asset(asset_id, param)
    if asset.state != "completed":
        raise invalid(param, f"Asset {asset_id} is not uploaded yet.")
    if asset.mime_type not in types:
        raise invalid(param, f"Asset {asset_id} is {asset.mime_type}, which is not accepted here.")
    if asset.mime_type in media.IMAGES and min(asset.width, asset.height) < smallest:
        size = f"{asset.width} x {asset.height}"
        raise invalid(
            param, f"Asset {asset_id} is {size}; at least {smallest} x {smallest} is needed."
        )
    return Seen(asset.face, asset.scene, asset.tint)


async def _inline(call: ApiCall, text: str, media_type: str, smallest: int, param: str) -> Seen:
    try:
        content = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise invalid(param, f"{param} is not valid base64.") from None
    if len(content) > media.MAX_BYTES:
        raise refusals.too_large(media.MAX_BYTES, param)
    if media.sniff(content[:64]) != media_type:
        raise invalid(param, f"{param} is not {media_type}.")
    if media_type in media.IMAGES:
        size = media.dimensions(content)
        if size is None or min(size) < smallest:
            shown = f"{size[0]} x {size[1]}" if size else "not readable"
            raise invalid(param, f"{param} is {shown}; at least {smallest} x {smallest} is needed.")
    return await call.sim.pictures.study(content)


def _check_allowed(call: ApiCall, order: Order) -> None:
    words = call.sim.behaviour.forbid
    if words is not None and words in f"{order.name}\n{order.prompt or ''}":
        raise refusals.forbidden()


def _check_places(call: ApiCall, order: Order) -> None:
    """Refuse a group beyond the account's slots, a look beyond a group's, or a used-up quota."""
    account, behaviour = call.sim.account, call.sim.behaviour
    own = sum(not group.public for group in account.groups.values())
    if order.group is None and behaviour.max_groups and own >= behaviour.max_groups:
        message = f"You have exceeded your limit of {behaviour.max_groups} photo avatars"
        raise ApiError(400, "resource_limit_exceeded", message)
    if order.group is not None and behaviour.max_looks:
        looks = account.cover(order.group.id)[1]
        if looks >= behaviour.max_looks:
            message = f"Avatar group {order.group.id} has {looks} looks, which is the limit."
            raise ApiError(400, "resource_limit_reached", message)
    if behaviour.daily_quota and account.counted("made", _day(call)) >= behaviour.daily_quota:
        raise ApiError(429, "quota_exceeded", "The quota of generations of this day is used up.")


def _day(call: ApiCall) -> str:
    return str(int(call.now // DAY_SECONDS))


def _check_limit(call: ApiCall) -> None:
    account = call.sim.account
    if len(account.in_progress) < call.sim.settings.concurrency:
        return
    wait = max(1, math.ceil(account.next_due() - call.now))
    dated = call.sim.dice.fraction("retry-after", call.number) < 0.5
    after = formatdate(math.ceil(call.now) + wait, usegmt=True) if dated else str(wait)
    message = f"{len(account.in_progress)} generations are in progress, which is the limit."
    raise ApiError(429, "rate_limit_exceeded", message, headers={"Retry-After": after})


def _check_wallet(call: ApiCall, order: Order) -> None:
    left = call.sim.opening_balance - call.sim.account.spent
    if call.sim.settings.balance is not None and left < call.sim.price(order.kind):
        message = "The wallet does not hold the price of a generation."
        raise ApiError(call.sim.behaviour.money_status, "insufficient_credit", message)


def _begin(call: ApiCall, order: Order) -> tuple[LookRow, GroupRow]:
    sim, account = call.sim, call.sim.account
    group = order.group
    if group is None:
        seq = account.next_seq()
        name = sim.dice.name("group_", seq)
        group = GroupRow(seq=seq, id=name, name=order.name, created_at=int(call.now))
        account.put(group)
    seq = account.next_seq()
    width, height = sim.pictures.size(order.scene)
    face = _drifted(call, order) if order.reference and _strikes(call, "drift") else order.face
    look = LookRow(
        seq=seq,
        id=sim.dice.name("look_", seq),
        name=order.name,
        kind=order.kind,
        group_id=group.id,
        ready_at=call.now + sim.settings.latency.sample(sim.dice.fraction("latency", call.number)),
        outcome=_outcome(call),
        needs_consent=group.consent != "approved" and _strikes(call, "consent"),
        expired_link=_strikes(call, "expired-link"),
        odd_status=_strikes(call, "odd-status"),
        made_at=call.now,
        reference=order.reference.id if order.reference else None,
        prompt=order.prompt,
        gender=people.decode_face(face).gender,
        face=intern(face),
        scene=order.scene,
        width=width,
        height=height,
    )
    account.put(look)
    account.count("made", _day(call))
    account.put(
        ChargeRow(
            id=look.id,
            name=look.name,
            idempotency_key=call.headers.get("idempotency-key"),
            amount=sim.price(order.kind),
            at=look.ready_at if sim.behaviour.charge_at_completion else call.now,
        )
    )
    account.note_peak()
    return look, group


def _drifted(call: ApiCall, order: Order) -> str:
    """Return another face than the reference's, as the fault has it."""
    chances = [
        call.sim.dice.digest("drift", call.number, index) for index in range(NEIGHBOUR_FACES)
    ]
    return call.sim.pictures.drifted_face(chances, order.face)


def _strikes(call: ApiCall, kind: str) -> bool:
    struck = kind in call.faults
    if struck:
        call.sim.account.count("faults", kind)
    return struck


def _outcome(call: ApiCall) -> GenerationOutcome:
    if _strikes(call, "fail-generation"):
        return "failed"
    return "moderated" if _strikes(call, "moderation") else "completed"
