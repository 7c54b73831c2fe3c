"""Looks that name no group: their ``group_id`` is null in every answer, and nothing is lost."""

from dataclasses import replace
from typing import Any

import pytest

from runner.policy.exit_codes import Exit, exit_code
from runner.replies import Answer, GroupData, ListPage, LookData, Refusal, Reply
from runner.takes import Billing
from tests.executor.harness import (
    CHARGED_AND_LOST,
    OK,
    Harness,
    campaign,
    literal,
    look,
    photo,
)


@pytest.fixture
def nameless(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> Harness:
    """An account whose looks name no group; only the list of one group tells which are in it."""
    one, listed, create = harness.api.look, harness.api.looks, harness.api.create_avatar

    async def look_(look_id: str) -> Reply[LookData]:
        reply = await one(look_id)
        return Answer(replace(reply.data, group_id=None)) if isinstance(reply, Answer) else reply

    async def looks(*, group_id: str | None = None, **options: Any) -> Reply[ListPage[LookData]]:
        reply = await listed(group_id=group_id, **options)
        if not isinstance(reply, Answer):
            return reply
        items = tuple(replace(one, group_id=group_id) for one in reply.data.items)
        return Answer(replace(reply.data, items=items))

    async def created(body: bytes, key: str) -> Any:
        reply = await create(body, key)
        if not isinstance(reply, Answer):
            return reply
        bare = replace(reply.data.look, group_id=None)
        return Answer(replace(reply.data, look=bare, group=None))

    monkeypatch.setattr(harness.api, "look", look_)
    monkeypatch.setattr(harness.api, "looks", looks)
    monkeypatch.setattr(harness.api, "create_avatar", created)
    return harness


def groups_of(harness: Harness, *looks: str) -> set[str | None]:
    return {take.group_id for key in looks for take in harness.takes(key)}


def test_a_look_is_saved_where_its_reference_is_and_the_base_s_group_is_searched_for(
    nameless: Harness,
) -> None:
    outcome = nameless.run(campaign(photo(), look("a"), look("b", on="a", group="base")))
    assert exit_code(outcome) is Exit.DONE
    assert groups_of(nameless, "base", "a", "b") == nameless.api.groups_by_id.keys()


def test_a_lost_answer_is_found_in_the_group_of_its_reference(nameless: Harness) -> None:
    nameless.run(campaign(photo()))
    nameless.api.script.extend([CHARGED_AND_LOST])
    outcome = nameless.run(campaign(photo(), look("a")))
    assert exit_code(outcome) is Exit.DONE
    assert len(nameless.api.charges) == 2
    assert groups_of(nameless, "base", "a") == nameless.api.groups_by_id.keys()


def test_a_ledger_that_got_lost_is_asked_about_all_the_same(nameless: Harness) -> None:
    nameless.api.add_by_hand("Sarah", "old-group")
    nameless.run(campaign(photo()))
    assert nameless.session is not None
    assert nameless.session.listing is not None
    assert dict(nameless.session.listing.named) == {"Sarah": ("old-group",)}


def test_a_list_that_is_not_found_is_no_empty_group(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.run(campaign(photo()))
    listed = harness.api.looks

    async def away(*, group_id: str | None = None, **options: Any) -> Reply[ListPage[LookData]]:
        if group_id is not None:
            return Refusal(404, "not_found", "nothing here")
        return await listed(group_id=group_id, **options)

    monkeypatch.setattr(harness.api, "looks", away)
    harness.run(campaign(photo(), look("a")))
    assert harness.session is not None
    assert harness.session.listing is not None
    assert [*harness.session.listing.looks] == []
    assert all("404" in why for why in harness.session.listing.problems.values())
    assert harness.session.listing.problems


@pytest.mark.parametrize("named", [True, False])
def test_a_lost_ledger_buys_nothing_while_the_lists_that_may_show_its_looks_are_away(
    harness: Harness, request: pytest.FixtureRequest, named: bool
) -> None:
    """Somebody renamed the group, so that only its looks' names tell that it is ours."""
    if not named:
        request.getfixturevalue("nameless")
    harness.api.add_by_hand("Sarah", "old-group")
    harness.api.groups_by_id["old-group"] = GroupData("old-group", "Sara with a typo", 0.0)
    listed = harness.api.looks

    async def away(*, group_id: str | None = None, **options: Any) -> Reply[ListPage[LookData]]:
        if (group_id is None) is named:
            return Refusal(404, "not_found", "nothing here")
        return await listed(group_id=group_id, **options)

    harness.api.looks = away  # type: ignore[method-assign]
    harness.run(campaign(photo()))
    assert harness.session is not None
    assert harness.session.listing is not None
    assert [home.name for home in harness.session.listing.problems] == ["Sarah"]


def test_a_lost_answer_is_found_in_the_group_of_a_reference_that_is_named_by_its_id(
    harness: Harness,
) -> None:
    harness.api.add_by_hand("Hers", "group-hers")
    harness.api.script.extend([OK, CHARGED_AND_LOST])
    outcome = harness.run(campaign(look("a", on=literal("hand-0"))), concurrency=1)
    assert exit_code(outcome) is Exit.DONE
    assert len(harness.api.charges) == len(harness.api.posts) == 2
    assert groups_of(harness, "a") == {"group-hers"}


def test_a_lost_answer_whose_reference_cannot_be_asked_for_is_left_to_the_next_run(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.api.add_by_hand("Hers", "group-hers")
    harness.api.script.extend([OK, CHARGED_AND_LOST])
    real = harness.api.look

    async def away(look_id: str) -> Reply[LookData]:
        if look_id == "hand-0" and len(harness.api.posts) > 1:
            return Refusal(503, "unavailable", "no")
        return await real(look_id)

    monkeypatch.setattr(harness.api, "look", away)
    wanted = campaign(look("a", on=literal("hand-0")))
    harness.run(wanted, concurrency=1)
    assert len(harness.api.posts) == 2  # not again before the account has been searched
    monkeypatch.setattr(harness.api, "look", real)
    harness.later(60)
    assert exit_code(harness.run(wanted)) is Exit.DONE
    assert len(harness.api.posts) == 2
    assert harness.take("a").billing is Billing.ASSUMED


def test_the_consent_page_of_a_look_whose_group_is_found_late_is_asked_for_then(
    nameless: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    nameless.api.fate["Sarah — a"] = "consent"
    hidden = True
    real = nameless.api.groups

    async def groups(**options: Any) -> Reply[ListPage[GroupData]]:
        reply = await real(**options)
        return Answer(ListPage(())) if hidden and isinstance(reply, Answer) else reply

    monkeypatch.setattr(nameless.api, "groups", groups)
    alone = campaign(look("a", on=None))
    assert exit_code(nameless.run(alone)) is Exit.PERSON
    assert nameless.take("a").consent_url is None
    hidden = False
    assert exit_code(nameless.run(alone)) is Exit.PERSON
    group_id = nameless.take("a").group_id
    assert group_id in nameless.api.groups_by_id
    assert nameless.take("a").consent_url == f"https://consent/{group_id}"
