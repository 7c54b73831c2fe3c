"""The API's own forms: what a look, a group, an asset or a user looks like on the wire."""

from typing import Any

from runner.simulator.records import AVATAR_TYPES, Asset, Group, Look, Webhook, usd
from runner.simulator.service import Call
from runner.simulator.signing import LINK_SECONDS, link

ERRORS = {
    "failed": {"code": "generation_failed", "message": "The image could not be generated."},
    "moderated": {"code": "moderation_failed", "message": "The image did not pass moderation."},
}


def status(look: Look, group: Group | None, now: float) -> str:
    """Return what has become of a look by now."""
    if now < look.ready_at:
        return "processing"
    if look.outcome != "completed":
        return "failed"
    if look.needs_consent and (group is None or group.consent != "approved"):
        return "pending_consent"
    return "completed"


def image_path(look: Look) -> str:
    """Where a look's image lies on this server."""
    return f"/files/looks/{look.id}"


def _image_url(call: Call, look: Look) -> str:
    life = -60 if look.expired_link else LINK_SECONDS
    return call.link(link(call.sim.dice, image_path(look), int(call.now) + life))


def look_view(call: Call, look: Look, *, created: bool = False) -> dict[str, Any]:
    """Return a LOOK; ``created`` shows it at the moment of its making, whatever the latency."""
    state = (
        "processing"
        if created
        else status(look, call.sim.account.groups.get(look.group_id), call.now)
    )
    done = state == "completed"
    return {
        "id": look.id,
        "name": look.name,
        "avatar_type": AVATAR_TYPES[look.kind],
        "group_id": look.group_id,
        "status": state,
        "error": ERRORS[look.outcome] if state == "failed" else None,
        "preview_image_url": _image_url(call, look) if done else None,
        "preview_video_url": None,
        "image_width": look.width if done else None,
        "image_height": look.height if done else None,
        "preferred_orientation": _orientation(look) if done else None,
        "gender": look.gender,
        "default_voice_id": None,
        "supported_api_engines": [],
        "tags": [],
    }


def _orientation(look: Look) -> str:
    if look.width == look.height:
        return "square"
    return "portrait" if look.height > look.width else "landscape"


def group_view(call: Call, group: Group, *, created: bool = False) -> dict[str, Any]:
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


def asset_view(call: Call, asset: Asset, *, state: bool = False) -> dict[str, Any]:
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


def user_view(call: Call) -> dict[str, Any]:
    """Return the user and the wallet."""
    return {
        "username": call.sim.settings.username,
        "email": None,
        "first_name": None,
        "last_name": None,
        "billing_type": "wallet",
        "wallet": {"currency": "usd", "remaining_balance": usd(balance(call))},
    }


def balance(call: Call) -> int:
    """Return what is left in the wallet, in millionths of a dollar."""
    return call.sim.opening_balance - call.sim.account.spent


def webhook_view(webhook: Webhook, *, secret: bool = False) -> dict[str, Any]:
    """Return a webhook endpoint; its secret is shown only when it is made or changed."""
    view: dict[str, Any] = {
        "endpoint_id": webhook.id,
        "url": webhook.url,
        "events": list(webhook.events),
        "created_at": webhook.created_at,
    }
    return {**view, "secret": webhook.secret} if secret else view
