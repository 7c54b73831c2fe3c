"""Looks and groups: listing, reading, renaming, deleting, and consent."""

from dataclasses import replace

from runner.simulator import refusals
from runner.simulator.checks import RequestForm
from runner.simulator.forms import NAME, NOTHING, PAGE_DEFAULT, PAGE_MOST
from runner.simulator.records import AVATAR_TYPES, GroupRow, LookRow
from runner.simulator.refusals import invalid
from runner.simulator.service import ApiCall, HttpAnswer, data, page
from runner.simulator.signing import LINK_SECONDS, cursor, link, read_cursor
from runner.simulator.views import group_view, look_view, user_view

_NAME = RequestForm(NAME)
_NOTHING = RequestForm(NOTHING)


def get_user(call: ApiCall) -> HttpAnswer:
    """``GET /v3/users/me``."""
    return data(user_view(call))


def list_looks(call: ApiCall) -> HttpAnswer:
    """``GET /v3/avatars/looks``, newest first."""
    public = _ownership(call)
    kind = call.query.get("avatar_type")
    if kind is not None and kind not in AVATAR_TYPES.values():
        raise invalid(
            "avatar_type", "avatar_type must be studio_avatar, digital_twin or photo_avatar."
        )
    group_id = call.query.get("group_id")
    listing = f"looks {group_id!r} {public} {kind}"
    before, limit = _window(call, listing)
    before = _listing_position(call, before)
    looks, more = call.sim.account.find_looks((group_id, public, kind), before, limit)
    token = cursor(call.sim.dice, listing, looks[-1].seq) if more else None
    return page([look_view(call, look) for look in looks], token)


def list_groups(call: ApiCall) -> HttpAnswer:
    """``GET /v3/avatars``, newest first."""
    public = _ownership(call)
    listing = f"groups {public}"
    before, limit = _window(call, listing)
    before = _listing_position(call, before, group=True)
    groups, more = call.sim.account.find_groups(before, limit, public=public)
    token = cursor(call.sim.dice, listing, groups[-1].seq) if more else None
    return page([group_view(call, group) for group in groups], token)


def _ownership(call: ApiCall) -> bool | None:
    ownership = call.query.get("ownership")
    if ownership not in (None, "public", "private"):
        raise invalid("ownership", "ownership must be public or private.")
    return None if ownership is None else ownership == "public"


def _window(call: ApiCall, listing: str) -> tuple[int | None, int]:
    """Return the position a page starts below, and how many rows it may have."""
    text = call.query.get("limit", str(PAGE_DEFAULT))
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= PAGE_MOST):
        raise invalid("limit", f"limit must be a whole number from 1 to {PAGE_MOST}.")
    token = call.query.get("token")
    before = None if token is None else read_cursor(call.sim.dice, listing, token)
    return before, int(text)


def _listing_position(call: ApiCall, before: int | None, *, group: bool = False) -> int | None:
    """Return the position below which rows are old enough to be listed.

    A group is made right before its first look, and comes into the lists together with it.
    """
    lag = call.sim.behaviour.lists_lag
    first = call.sim.account.newer_than(call.now - lag) if lag else None
    if first is None:
        return before
    hidden = first - group
    return hidden if before is None else min(before, hidden)


def get_look(call: ApiCall) -> HttpAnswer:
    """``GET /v3/avatars/looks/{look_id}``."""
    look = _look(call)
    if not look.public and call.now < look.made_at + call.sim.behaviour.reads_lag:
        raise refusals.no_look(look.id)
    return data(look_view(call, look))


def rename_look(call: ApiCall) -> HttpAnswer:
    """``PATCH /v3/avatars/looks/{look_id}``: a new name, free of charge."""
    look = _own_look(call)
    renamed = replace(look, name=_NAME.read(call)["name"])
    call.sim.account.put(renamed)
    return data(look_view(call, renamed))


def delete_look(call: ApiCall) -> HttpAnswer:
    """``DELETE /v3/avatars/looks/{look_id}``; with its last look a group goes too."""
    look = _own_look(call)
    account = call.sim.account
    account.drop(look)
    if account.cover(look.group_id)[0] is None:
        account.drop(account.groups[look.group_id])
    return data({"id": look.id})


def _look(call: ApiCall) -> LookRow:
    look_id = call.params["look_id"]
    look = call.sim.account.looks.get(look_id)
    if look is None:
        raise refusals.no_look(look_id)
    return look


def _own_look(call: ApiCall) -> LookRow:
    look = _look(call)
    if look.public:
        raise refusals.not_yours(f"Look {look.id}")
    return look


def get_group(call: ApiCall) -> HttpAnswer:
    """``GET /v3/avatars/{group_id}``."""
    return data(group_view(call, _group(call)))


def delete_group(call: ApiCall) -> HttpAnswer:
    """``DELETE /v3/avatars/{group_id}``, with every look in it."""
    group = _own_group(call)
    account = call.sim.account
    for look in account.looks_of(group.id):
        account.drop(look)
    account.drop(group)
    return data({"id": group.id})


def start_consent(call: ApiCall) -> HttpAnswer:
    """``POST /v3/avatars/{group_id}/consent``: the address that a person opens."""
    group = _own_group(call)
    if call.body:
        _NOTHING.read(call)
    if group.consent == "none":
        group = replace(group, consent="pending")
        call.sim.account.put(group)
    path = link(call.sim.dice, consent_path(group.id), int(call.now) + LINK_SECONDS)
    return data({"url": call.link(path), "avatar_group": group_view(call, group)})


def consent_path(group_id: str) -> str:
    """Return the path where a person gives consent on this server."""
    return f"/consent/{group_id}"


def _group(call: ApiCall) -> GroupRow:
    group_id = call.params["group_id"]
    group = call.sim.account.groups.get(group_id)
    if group is None:
        raise refusals.no_group(group_id)
    return group


def _own_group(call: ApiCall) -> GroupRow:
    group = _group(call)
    if group.public:
        raise refusals.not_yours(f"Avatar group {group.id}")
    return group
