"""What a browser opens: the account's page, consent, and the pictures."""

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from runner.simulator import refusals
from runner.simulator.looks import consent_path
from runner.simulator.openapi import openapi_document
from runner.simulator.pictures import draw_look
from runner.simulator.records import GroupRow, LookRow
from runner.simulator.refusals import ApiError
from runner.simulator.service import ApiCall, HttpAnswer, json_bytes
from runner.simulator.settings import SimulatorSettings
from runner.simulator.signing import check_link
from runner.simulator.stats import make_stats
from runner.simulator.views import image_path, look_view, status

if TYPE_CHECKING:
    from jinja2 import Environment

GROUPS_SHOWN, LOOKS_SHOWN, CHARGES_SHOWN = 60, 60, 200
"""How much of a large account one page shows, the newest first."""

PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'",
    "Cache-Control": "no-store",
}
LINK_QUERY = frozenset({"expires", "signature"})


def stats(call: ApiCall) -> HttpAnswer:
    """``GET /__simulator__/stats``."""
    return HttpAnswer(200, json_bytes(make_stats(call.sim)))


def openapi(_: ApiCall) -> HttpAnswer:
    """``GET /openapi.json``."""
    return HttpAnswer(200, json_bytes(openapi_document()))


async def look_image(call: ApiCall) -> HttpAnswer:
    """Serve a look's picture through its signed address; a key is not needed, and noted."""
    look = call.sim.account.looks.get(call.params["look_id"])
    if "x-api-key" in call.headers or "authorization" in call.headers:
        call.sim.account.count("leaks", "images")
    if look is None:
        raise refusals.not_found("The picture")
    try:
        check_link(call.sim.dice, image_path(look), call.query, call.now)
    except ApiError:
        if look.expired_link:  # the client has met the expired link; from now on it gets fresh ones
            call.sim.account.put(replace(look, expired_link=False))
        raise
    return await _draw(call, look)


async def own_image(call: ApiCall) -> HttpAnswer:
    """Serve the same picture to the account's page, without a signature, figures or faults."""
    look = call.sim.account.looks.get(call.params["look_id"])
    if look is None:
        raise refusals.not_found("The picture")
    return await _draw(call, look)


async def _draw(call: ApiCall, look: LookRow) -> HttpAnswer:
    group = call.sim.account.groups.get(look.group_id)
    if status(look, group, call.now) != "completed":
        raise refusals.not_found("The picture")
    pictures = call.sim.pictures
    picture = pictures.cached(look.face, look.scene)
    if picture is None:
        from anyio.to_thread import run_sync

        picture = await run_sync(draw_look, look.face, look.scene)
        pictures.keep(look.face, look.scene, picture)
    return HttpAnswer(200, picture, pictures.media_type)


def give_consent(call: ApiCall) -> HttpAnswer:
    """Serve the page behind a consent URL; opening it gives the consent."""
    group_id = call.params["group_id"]
    check_link(call.sim.dice, consent_path(group_id), call.query, call.now)
    group = call.sim.account.groups.get(group_id)
    if group is None:
        raise refusals.no_group(group_id)
    call.sim.account.put(replace(group, consent="approved"))
    return _html("consent.html", group=group)


def account_page(call: ApiCall) -> HttpAnswer:
    """Serve the page at ``/``: the account, for a person."""
    account, settings = call.sim.account, call.sim.settings
    groups, _ = account.find_groups(None, GROUPS_SHOWN, public=False)
    shown = [_group_shown(call, group) for group in groups]
    numbers = make_stats(call.sim)
    return _html(
        "account.html",
        username=settings.username,
        settings=_summary(settings),
        endless=settings.balance is None,
        figures=numbers,
        groups=shown,
        charges=numbers["charges"][: -CHARGES_SHOWN - 1 : -1],
    )


def _group_shown(call: ApiCall, group: GroupRow) -> dict[str, Any]:
    looks, _ = call.sim.account.find_looks((group.id, None, None), None, LOOKS_SHOWN)
    return {
        "id": group.id,
        "name": group.name,
        "looks_count": call.sim.account.cover(group.id)[1],
        "looks": [(look_view(call, look), look.prompt) for look in looks],
    }


def _summary(settings: SimulatorSettings) -> str:
    faults = ", ".join(map(str, settings.faults)) or "none"
    otherwise = ", ".join(settings.behaviour.texts())
    odd = f" It departs from the API's page: {otherwise}." if otherwise else ""
    return f"Seed {settings.seed}, latency {settings.latency}, faults: {faults}.{odd}"


def _html(template: str, **values: object) -> HttpAnswer:
    text = _templates().get_template(template).render(values)
    return HttpAnswer(200, text.encode(), "text/html; charset=utf-8", PAGE_HEADERS)


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("runner.simulator"), autoescape=True, undefined=StrictUndefined
    )
