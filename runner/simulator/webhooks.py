"""Webhook endpoints: making, listing, changing, deleting, and a new secret."""

from dataclasses import replace
from urllib.parse import urlsplit

from runner.simulator import refusals
from runner.simulator.bodies import Fields, read_json
from runner.simulator.records import Webhook
from runner.simulator.refusals import invalid
from runner.simulator.service import Answer, Call, data, page
from runner.simulator.views import webhook_view

EVENTS = ("photo_avatar_generation.success", "photo_avatar_generation.fail")
"""The events that the simulator knows; the API has others, for products that are not avatars."""

URL_LIMIT = 2048


def create_webhook(call: Call) -> Answer:
    """``POST /v3/webhooks/endpoints``."""
    fields = read_json(call.body, call.headers.get("content-type", ""))
    url = _address(fields.need("url", limit=URL_LIMIT))
    events = _events(fields) or ()
    fields.done()
    webhook = Webhook(
        id=call.sim.dice.name("endpoint_", call.number),
        url=url,
        events=events,
        secret=call.sim.dice.name("whsec_", call.number),
        created_at=int(call.now),
    )
    call.sim.account.put(webhook)
    return data(webhook_view(webhook, secret=True))


def list_webhooks(call: Call) -> Answer:
    """``GET /v3/webhooks/endpoints``: all of them on one page."""
    return page([webhook_view(webhook) for webhook in call.sim.account.webhooks.values()], None)


def change_webhook(call: Call) -> Answer:
    """``PATCH /v3/webhooks/endpoints/{endpoint_id}``: another address, other events."""
    webhook = _webhook(call)
    fields = read_json(call.body, call.headers.get("content-type", ""))
    url = fields.text("url", limit=URL_LIMIT, required=False)
    events = _events(fields)
    fields.done()
    changed = replace(
        webhook,
        url=webhook.url if url is None else _address(url),
        events=webhook.events if events is None else events,
    )
    call.sim.account.put(changed)
    return data(webhook_view(changed))


def delete_webhook(call: Call) -> Answer:
    """``DELETE /v3/webhooks/endpoints/{endpoint_id}``."""
    webhook = _webhook(call)
    call.sim.account.drop(webhook)
    return data({"endpoint_id": webhook.id})


def rotate_secret(call: Call) -> Answer:
    """``POST /v3/webhooks/endpoints/{endpoint_id}/rotate-secret``."""
    webhook = _webhook(call)
    if call.body:
        read_json(call.body, call.headers.get("content-type", "")).done()
    changed = replace(webhook, secret=call.sim.dice.name("whsec_", call.number))
    call.sim.account.put(changed)
    return data(webhook_view(changed, secret=True))


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        sound = False
    if not sound:
        raise invalid("url", "url must be an http or https URL.")
    return url


def _events(fields: Fields) -> tuple[str, ...] | None:
    events = fields.take("events")
    if events is None:
        return None
    if not isinstance(events, list) or any(event not in EVENTS for event in events):
        raise invalid("events", f"events must be a list of {' and '.join(EVENTS)}.")
    return tuple(dict.fromkeys(events))


def _webhook(call: Call) -> Webhook:
    endpoint_id = call.params["endpoint_id"]
    webhook = call.sim.account.webhooks.get(endpoint_id)
    if webhook is None:
        raise refusals.not_found(f"Webhook endpoint {endpoint_id}")
    return webhook
