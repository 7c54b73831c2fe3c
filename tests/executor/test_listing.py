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


def listing_of(harness: Harness) -> Listing | None:
    assert harness.session is not None
    return harness.session.listing


def test_a_base_that_was_renamed_is_found_by_a_ledger_that_knows_nothing(harness: Harness) -> None:
    theirs = harness.api.add_by_hand("Sarah", "old-group")
    harness.api.groups_by_id["old-group"] = GroupData("old-group", "Sara with a typo", 0.0)
    harness.api.add_by_hand("Sarah — solo", "solos")  # a group that bears the name of another look
    harness.api.add_by_hand("Tom", "toms")
    harness.run(campaign(look("a"), look("solo", on=None)))
    seen = listing_of(harness)
    assert seen is not None
    assert dict(seen.named) == {"Sarah": ("old-group",), "Sarah — solo": ("solos",)}
    assert [one.id for one in seen.looks["old-group"]] == [theirs.id]
    harness.api.calls.clear()
    harness.run(campaign(look("a"), look("b"), look("solo", on=None)))
    assert harness.api.calls.count("looks") == 1  # the group that it made is all it asks for


@pytest.mark.parametrize("said", ["no group", "gone"])
def test_a_group_is_asked_for_itself_where_the_list_of_all_looks_is_not_whole(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    ours = harness.api.add_by_hand("Sarah", "group")
    listed = harness.api.looks

    async def lacking(*, group_id: str | None = None, **options: Any) -> Reply[ListPage[LookData]]:
        reply = await listed(group_id=group_id, **options)
        if group_id is not None:
            return reply
        if said == "gone":
            return Refusal(404, "not_found", "nothing here")
        assert isinstance(reply, Answer)
        items = tuple(replace(one, group_id=None) for one in reply.data.items)
        return Answer(replace(reply.data, items=items))

    monkeypatch.setattr(harness.api, "looks", lacking)
    harness.run(campaign(photo(), look("solo", on=None)))
    seen = listing_of(harness)
    assert seen is not None
    assert dict(seen.named) == {"Sarah": ("group",)}
    assert [one.id for one in seen.looks["group"]] == [ours.id]


def test_a_list_of_groups_that_is_not_there_is_not_an_account_without_groups(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(**_: Any) -> Reply[ListPage[GroupData]]:
        return Refusal(404, "not_found", "nothing here")

    monkeypatch.setattr(harness.api, "groups", gone)
    harness.run(campaign(photo()))
    seen = listing_of(harness)
    assert seen is not None
    assert len(seen.problems) == 1


def test_groups_are_listed_once_by_name_and_then_only_the_group_that_the_ledger_knows(
    harness: Harness,
) -> None:
    stranger = harness.api.add_by_hand("Sarah — a", "old-group")
    harness.api.groups_by_id["old-group"] = GroupData("old-group", "Sarah", 0.0)
    harness.api.add_by_hand("Tom", "toms")
    harness.run(campaign(look("a")))
    assert harness.api.calls[:2] == ["groups", "looks"]
    seen = listing_of(harness)
    assert seen is not None
    assert dict(seen.named) == {"Sarah": ("old-group",)}
    assert [*seen.looks] == ["old-group"]
    ledger = harness.open()
    assert ledger.store.history.listed()[0] == {"old-group", stranger.id}
    ledger.close()
    harness.api.calls.clear()
    harness.run(campaign(look("a"), look("b")))
    assert "groups" not in harness.api.calls
    assert harness.api.calls.count("looks") == 1
    seen = listing_of(harness)
    assert seen is not None
    assert [*seen.looks] == [harness.take("base").group_id]
    harness.api.calls.clear()
    harness.run(campaign(look("a"), look("b")))
    assert harness.api.calls == []  # an idle run asks for nothing


def test_a_search_never_adopts_what_was_listed_before_the_first_send(harness: Harness) -> None:
    """Spring's base has the same name, was made a minute ago, and no file here knows it."""
    spring = harness.api.add_by_hand("Sarah", "spring-group")
    made = GroupData("spring-group", "Sarah", harness.clock.now())
    harness.api.groups_by_id["spring-group"] = made
    harness.api.script.extend([LOST_BEFORE, Refusal(400, "invalid_parameter", "no"), OK])
    outcome = harness.run(campaign(photo(), look("a")))
    assert exit_code(outcome) is Exit.UNDER_WAY  # a replay that is refused decides nothing
    assert harness.take("base").avatar_id is None
    ledger = harness.open()
    assert spring.id in ledger.listed_before(harness.take("base").uid)
    ledger.close()


def test_a_list_that_circles_or_has_no_end_is_told_as_what_it_is(harness: Harness) -> None:
    async def circling(*, token: str | None = None, **_: Any) -> Reply[ListPage[LookData]]:
        return Answer(ListPage((LookData("x", "x", "photo_avatar"),), "again"))

    async def endless(*, token: str | None = None, **_: Any) -> Reply[ListPage[LookData]]:
        return Answer(ListPage((), str(int(token or 0) + 1)))

    async def silent(**_: Any) -> Reply[ListPage[LookData]]:
        await anyio.sleep(2)
        return Lost("ReadTimeout")

    harness.run(campaign(photo()))
    home = TargetGroup(group=harness.take("base").group_id)
    for lists, words in (
        (circling, "begins again"),
        (endless, "more than"),
        (silent, "ReadTimeout"),
    ):
        harness.api.looks = lists  # type: ignore[method-assign]
        harness.run(campaign(look("a")), meanwhile=_stop)
        seen = listing_of(harness)
        assert seen is not None
        assert words in seen.problems[home]
    assert "Listing what the account holds, before anything is bought." in harness.heard.words


async def _stop(context: RunContext) -> None:
    context.interrupt()
    await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize("renamed", [False, True])
@pytest.mark.parametrize("made", [True, False])
def test_a_group_that_a_neighbour_knows_is_listed_for_what_a_lost_ledger_of_ours_has_in_it(
    harness: Harness, made: bool, renamed: bool
) -> None:
    """Summer's looks stand in the group of our base: what they are explains no more."""
    ours = harness.api.add_by_hand("Sarah", "group")
    theirs = harness.api.add_by_hand("Sarah — summer", "group")
    if renamed:
        harness.api.groups_by_id["group"] = GroupData("group", "Sara with a typo", 0.0)
    known = frozenset({"group", theirs.id})
    harness.neighbours = Neighbours(known, taken_over=frozenset() if made else known)
    harness.run(campaign(photo()))
    seen = listing_of(harness)
    assert seen is not None
    assert dict(seen.named) == {"Sarah": ("group",)}
    assert [one.id for one in seen.looks["group"]] == [ours.id, theirs.id]


def test_a_renamed_group_of_looks_that_neighbours_made_is_explained(harness: Harness) -> None:
    springs = harness.api.add_by_hand("Sarah", "group")
    harness.api.groups_by_id["group"] = GroupData("group", "Sara with a typo", 0.0)
    harness.neighbours = Neighbours(frozenset({"group", springs.id}))
    harness.run(campaign(photo()))
    seen = listing_of(harness)
    assert seen is not None
    assert dict(seen.named) == {}


@pytest.mark.parametrize(("name", "listed"), [("Sarah of spring", 0), ("Sara with a typo", 1)])
def test_the_account_is_not_listed_where_neighbours_made_all_of_its_groups(
    harness: Harness, name: str, listed: int
) -> None:
    springs = harness.api.add_by_hand("Sarah of spring", "group")
    harness.api.groups_by_id["group"] = GroupData("group", name, 0.0)
    founded = frozenset({("group", springs.name)})
    harness.neighbours = Neighbours(frozenset({"group", springs.id}), founded=founded)
    harness.run(campaign(photo()))
    assert harness.api.calls.count("looks") == listed


def test_a_list_of_more_looks_than_are_taken_ends_there_and_says_so(harness: Harness) -> None:
    asked: list[str | None] = []

    async def crowded(*, token: str | None = None, **_: Any) -> Reply[ListPage[LookData]]:
        asked.append(token)
        page = tuple(LookData(f"{token}-{n}", "x", "photo_avatar") for n in range(3000))
        return Answer(ListPage(page, str(len(asked))))

    harness.run(campaign(photo()))
    home = TargetGroup(group=harness.take("base").group_id)
    harness.api.looks = crowded  # type: ignore[method-assign]
    harness.run(campaign(look("a")), meanwhile=_stop)
    seen = listing_of(harness)
    assert seen is not None
    assert "there are more than 12,000" in seen.problems[home]
    assert len(asked) == 4  # the first page that passes MAX_LISTED is the last
