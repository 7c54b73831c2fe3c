"""A run knows what the account holds before money moves: one listing, remembered, bounded."""

from dataclasses import replace
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from runner.executor.context import RunContext
from runner.plan.namesakes import Listing
from runner.plan.target_groups import TargetGroup
from runner.policy.exit_codes import Exit, exit_code
from runner.replies import Answer, GroupData, ListPage, LookData, Lost, Refusal, Reply
from runner.takes import Neighbours
from tests.executor.harness import (
    LOST_BEFORE,
    OK,
    Harness,
    campaign,
    look,
    photo,
)


def listing_of(world: Harness) -> Listing | None:
    assert world.session is not None
    return world.session.listing


def test_a_base_that_was_renamed_is_found_by_a_ledger_that_knows_nothing(world: Harness) -> None:
    theirs = world.api.add_by_hand("Sarah", "old-group")
    world.api.groups_by_id["old-group"] = GroupData("old-group", "Sara with a typo", 0.0)
    world.api.add_by_hand("Sarah — solo", "solos")  # a group that bears the name of another look
    world.api.add_by_hand("Tom", "toms")
    world.run(campaign(look("a"), look("solo", on=None)))
    seen = listing_of(world)
    assert seen is not None
    assert dict(seen.named) == {"Sarah": ("old-group",), "Sarah — solo": ("solos",)}
    assert [one.id for one in seen.looks["old-group"]] == [theirs.id]
    world.api.calls.clear()
    world.run(campaign(look("a"), look("b"), look("solo", on=None)))
    assert world.api.calls.count("looks") == 1  # the group that it made is all it asks for


@pytest.mark.parametrize("said", ["no group", "gone"])
def test_a_group_is_asked_for_itself_where_the_list_of_all_looks_is_not_whole(
    world: Harness, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    ours = world.api.add_by_hand("Sarah", "group")
    listed = world.api.looks

    async def lacking(*, group_id: str | None = None, **options: Any) -> Reply[ListPage[LookData]]:
        reply = await listed(group_id=group_id, **options)
        if group_id is not None:
            return reply
        if said == "gone":
            return Refusal(404, "not_found", "nothing here")
        assert isinstance(reply, Answer)
        items = tuple(replace(one, group_id=None) for one in reply.data.items)
        return Answer(replace(reply.data, items=items))

    monkeypatch.setattr(world.api, "looks", lacking)
    world.run(campaign(photo(), look("solo", on=None)))
    seen = listing_of(world)
    assert seen is not None
    assert dict(seen.named) == {"Sarah": ("group",)}
    assert [one.id for one in seen.looks["group"]] == [ours.id]


def test_a_list_of_groups_that_is_not_there_is_not_an_account_without_groups(
    world: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(**_: Any) -> Reply[ListPage[GroupData]]:
        return Refusal(404, "not_found", "nothing here")

    monkeypatch.setattr(world.api, "groups", gone)
    world.run(campaign(photo()))
    seen = listing_of(world)
    assert seen is not None
    assert len(seen.problems) == 1


def test_groups_are_listed_once_by_name_and_then_only_the_group_that_the_ledger_knows(
    world: Harness,
) -> None:
    stranger = world.api.add_by_hand("Sarah — a", "old-group")
    world.api.groups_by_id["old-group"] = GroupData("old-group", "Sarah", 0.0)
    world.api.add_by_hand("Tom", "toms")
    world.run(campaign(look("a")))
    assert world.api.calls[:2] == ["groups", "looks"]
    seen = listing_of(world)
    assert seen is not None
    assert dict(seen.named) == {"Sarah": ("old-group",)}
    assert [*seen.looks] == ["old-group"]
    ledger = world.open()
    assert ledger.store.history.listed()[0] == {"old-group", stranger.id}
    ledger.close()
    world.api.calls.clear()
    world.run(campaign(look("a"), look("b")))
    assert "groups" not in world.api.calls
    assert world.api.calls.count("looks") == 1
    seen = listing_of(world)
    assert seen is not None
    assert [*seen.looks] == [world.take("base").group_id]
    world.api.calls.clear()
    world.run(campaign(look("a"), look("b")))
    assert world.api.calls == []  # an idle run asks for nothing


def test_a_search_never_adopts_what_was_listed_before_the_first_send(world: Harness) -> None:
    """Spring's base has the same name, was made a minute ago, and no file here knows it."""
    spring = world.api.add_by_hand("Sarah", "spring-group")
    made = GroupData("spring-group", "Sarah", world.clock.now())
    world.api.groups_by_id["spring-group"] = made
    world.api.script.extend([LOST_BEFORE, Refusal(400, "invalid_parameter", "no"), OK])
    outcome = world.run(campaign(photo(), look("a")))
    assert exit_code(outcome) is Exit.UNDER_WAY  # a replay that is refused decides nothing
    assert world.take("base").avatar_id is None
    ledger = world.open()
    assert spring.id in ledger.listed_before(world.take("base").uid)
    ledger.close()


def test_a_list_that_circles_or_has_no_end_is_told_as_what_it_is(world: Harness) -> None:
    async def circling(*, token: str | None = None, **_: Any) -> Reply[ListPage[LookData]]:
        return Answer(ListPage((LookData("x", "x", "photo_avatar"),), "again"))

    async def endless(*, token: str | None = None, **_: Any) -> Reply[ListPage[LookData]]:
        return Answer(ListPage((), str(int(token or 0) + 1)))

    async def silent(**_: Any) -> Reply[ListPage[LookData]]:
        await anyio.sleep(2)
        return Lost("ReadTimeout")

    world.run(campaign(photo()))
    home = TargetGroup(group=world.take("base").group_id)
    for lists, words in (
        (circling, "begins again"),
        (endless, "more than"),
        (silent, "ReadTimeout"),
    ):
        world.api.looks = lists  # type: ignore[method-assign]
        world.run(campaign(look("a")), meanwhile=_stop)
        seen = listing_of(world)
        assert seen is not None
        assert words in seen.problems[home]
    assert "Listing what the account holds, before anything is bought." in world.heard.words


async def _stop(context: RunContext) -> None:
    context.interrupt()
    await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("renamed", [False, True])
@pytest.mark.parametrize("made", [True, False])
def test_a_group_that_a_neighbour_knows_is_listed_for_what_a_lost_ledger_of_ours_has_in_it(
    world: Harness, made: bool, renamed: bool
) -> None:
    """Summer's looks stand in the group of our base: what they are explains no more."""
    ours = world.api.add_by_hand("Sarah", "group")
    theirs = world.api.add_by_hand("Sarah — summer", "group")
    if renamed:
        world.api.groups_by_id["group"] = GroupData("group", "Sara with a typo", 0.0)
    known = frozenset({"group", theirs.id})
    world.neighbours = Neighbours(known, taken_over=frozenset() if made else known)
    world.run(campaign(photo()))
    seen = listing_of(world)
    assert seen is not None
    assert dict(seen.named) == {"Sarah": ("group",)}
    assert [one.id for one in seen.looks["group"]] == [ours.id, theirs.id]


def test_a_renamed_group_of_looks_that_neighbours_made_is_explained(world: Harness) -> None:
    springs = world.api.add_by_hand("Sarah", "group")
    world.api.groups_by_id["group"] = GroupData("group", "Sara with a typo", 0.0)
    world.neighbours = Neighbours(frozenset({"group", springs.id}))
    world.run(campaign(photo()))
    seen = listing_of(world)
    assert seen is not None
    assert dict(seen.named) == {}


@pytest.mark.parametrize(("name", "listed"), [("Sarah of spring", 0), ("Sara with a typo", 1)])
def test_the_account_is_not_listed_where_neighbours_made_all_of_its_groups(
    world: Harness, name: str, listed: int
) -> None:
    springs = world.api.add_by_hand("Sarah of spring", "group")
    world.api.groups_by_id["group"] = GroupData("group", name, 0.0)
    founded = frozenset({("group", springs.name)})
    world.neighbours = Neighbours(frozenset({"group", springs.id}), founded=founded)
    world.run(campaign(photo()))
    assert world.api.calls.count("looks") == listed


def test_a_list_of_more_looks_than_are_taken_ends_there_and_says_so(world: Harness) -> None:
    asked: list[str | None] = []

    async def crowded(*, token: str | None = None, **_: Any) -> Reply[ListPage[LookData]]:
        asked.append(token)
        page = tuple(LookData(f"{token}-{n}", "x", "photo_avatar") for n in range(3000))
        return Answer(ListPage(page, str(len(asked))))

    world.run(campaign(photo()))
    home = TargetGroup(group=world.take("base").group_id)
    world.api.looks = crowded  # type: ignore[method-assign]
    world.run(campaign(look("a")), meanwhile=_stop)
    seen = listing_of(world)
    assert seen is not None
    assert "there are more than 12,000" in seen.problems[home]
    assert len(asked) == 4  # the first page that passes MAX_LISTED is the last
