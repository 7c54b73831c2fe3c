"""The API's own forms: what a look, a group, an asset or a user looks like on the wire."""

from typing import Any

from runner.simulator.records import AVATAR_TYPES, AssetRow, GroupRow, LookRow, to_usd
from runner.simulator.service import ApiCall
from runner.simulator.signing import LINK_SECONDS, link

UNLISTED_STATUS_SECONDS = 24 * 3600
"""For how long a look shows a status that the API's page does not list, where a fault says so."""

ERRORS = {
    "failed": {"code": "generation_failed", "message": "The image could not be generated."},
    "moderated": {"code": "moderation_failed", "message": "The image did not pass moderation."},
    "under_review": {"code": "under_review", "message": "A person looks at this image first."},
}
"""What a look shows beside its outcome, or beside a status that the page does not list."""


def status(look: LookRow, group: GroupRow | None, now: float) -> str:
    """Return what has become of a look by now."""
    if now < look.ready_at:
        return "processing"
    if look.outcome != "completed":
        return "failed"
    if look.needs_consent and (group is None or group.consent != "approved"):
        return "pending_consent"
    return "completed"


def visible_status(call: ApiCall, look: LookRow, state: str) -> str | None:
    """Return a status as this account spells it."""
    if (
        look.odd_status
        and state == "completed"
        and call.now < look.ready_at + UNLISTED_STATUS_SECONDS
    ):
        return "under_review"
    statuses = call.sim.behaviour.statuses
    if statuses == "capitals":
        return state.upper()
    if statuses == "unlisted" and state == "processing":
        return "queued"
    return None if statuses == "absent" and state == "completed" else state


def image_path(look: LookRow) -> str:
    """Return the path of a look's image on this server."""
    return f"/files/looks/{look.id}"


def _image_url(call: ApiCall, look: LookRow) -> str:
    life = -60 if look.expired_link else LINK_SECONDS
    return call.link(link(call.sim.dice, image_path(look), int(call.now) + life))


VOICES = {"female": "voice_sim_female", "male": "voice_sim_male"}
"""The voice that a look is shown with, by gender; a look without one has none."""


def look_view(call: ApiCall, look: LookRow, *, created: bool = False) -> dict[str, Any]:
    """Return a LOOK; ``created`` shows it at the moment of its making, whatever the latency."""
    state = (
        "processing"
        if created
        else status(look, call.sim.account.groups.get(look.group_id), call.now)
    )
    done = state == "completed"
    shown = visible_status(call, look, state)
    return {
        "id": look.id,
        "name": look.name,
        "avatar_type": AVATAR_TYPES[look.kind],
        "group_id": None if call.sim.behaviour.no_group_ids else look.group_id,
        "status": shown,
        "error": ERRORS.get(look.outcome if state == "failed" else shown or ""),
        "preview_image_url": _image_url(call, look) if done else None,
        "preview_video_url": None,
        "image_width": look.width if done else None,
        "image_height": look.height if done else None,
        "preferred_orientation": _orientation(look) if done else None,
        "gender": look.gender,
        "default_voice_id": VOICES.get(look.gender or "") if done else None,
        "supported_api_engines": ["avatar_iv", "avatar_v"] if done else [],
        "tags": [],
    }


def _orientation(look: LookRow) -> str:
    if look.width == look.height:
        return "square"
    return "portrait" if look.height > look.width else "landscape"


def group_view(call: ApiCall, group: GroupRow, *, created: bool = False) -> dict[str, Any]:
    """Return a GROUP; its oldest look stands for it."""
    cover, count = call.sim.account.cover(group.id)
    look = look_view(call, cover, created=created and count == 1) if cover else {}
    return {
        "id": group.id,
        "name": group.name,
        "created_at": group.created_at,
        "looks_count": count,
        "status": look.get("status"),
        "error": look.get("error"),
        "consent_status": None if group.consent == "none" else group.consent,
        "preview_image_url": look.get("preview_image_url"),
        "preview_video_url": None,
        "gender": look.get("gender"),
        "default_voice_id": None,
    }


def asset_view(call: ApiCall, asset: AssetRow, *, state: bool = False) -> dict[str, Any]:
    """Return an asset; ``state`` adds whether its upload is complete."""
    path = f"/files/assets/{asset.id}"
    url = call.link(link(call.sim.dice, path, int(call.now) + LINK_SECONDS))
    view: dict[str, Any] = {
        "asset_id": asset.id,
        "url": url if asset.state == "completed" else None,
        "mime_type": asset.mime_type,
        "size_bytes": asset.size_bytes,
    }
    return {**view, "status": asset.state} if state else view


def user_view(call: ApiCall) -> dict[str, Any]:
    """Return the user, and the one thing that pays for what is made."""
    user = {
        "username": call.sim.settings.username,
        "email": None,
        "first_name": None,
        "last_name": None,
    }
    left = to_usd(balance(call))
    match call.sim.behaviour.billing:
        case "subscription":
            premium, more = ({"remaining": rest, "resets_at": None} for rest in (left, 0))
            plan = {"premium_credits": premium, "add_on_credits": more}
            subscription = {"plan": "creator", "credits": plan}
            return {**user, "billing_type": "subscription", "subscription": subscription}
        case "usage-based":
            used = {
                "spending_cap_usd": to_usd(call.sim.opening_balance),
                "spending_current_usd": to_usd(call.sim.opening_balance - balance(call)),
                "included_credits": 0,
                "remaining_credits": 0,
            }
            return {**user, "billing_type": "usage_based", "usage_based": used}
        case "none":
            return {**user, "billing_type": None}
        case kind:
            currency = "credits" if kind == "credits" else "usd"
            wallet = {"currency": currency, "remaining_balance": left, "auto_reload": _reload(call)}
            return {**user, "billing_type": "wallet", "wallet": wallet}


def _reload(call: ApiCall) -> dict[str, Any] | None:
    reload = call.sim.behaviour.auto_reload
    if reload is None:
        return None
    amount, threshold = float(reload.amount), float(reload.threshold)
    return {"enabled": True, "amount_usd": amount, "threshold_usd": threshold}


def balance(call: ApiCall) -> int:
    """Return what the wallet shows as left, in millionths of a dollar."""
    account = call.sim.account
    hidden = account.not_shown(call.now - call.sim.behaviour.wallet_lag)
    return call.sim.opening_balance - account.spent + hidden


def asset_of(call: ApiCall, asset_id: str) -> AssetRow | None:
    """Return an asset that is there; one may be gone after a while."""
    asset, life = call.sim.account.assets.get(asset_id), call.sim.behaviour.asset_life
    if asset is None or (life and call.now >= asset.made_at + life):
        return None
    return asset
