"""What a plan asks of the account's groups is told before the first cent."""

from typing import Any

from runner.model import Campaign, Look
from runner.plan import plan
from runner.plan.group_sizes import group_notes
from runner.plan.namesakes import Listing
from runner.plan.target_groups import find_target_groups
from runner.replies import GroupData, LookData
from runner.takes import Snapshot
from tests.executor.harness import campaign, existing, literal, look
from tests.plan.made import done, held


def numbered(count: int, **more: Any) -> list[Look]:
    return [look(f"l{number}", **more) for number in range(count)]


def notes(
    spring: Campaign, known: Snapshot | None = None, listing: Listing | None = None
) -> list[str]:
    snapshot = known or held()
    return group_notes(plan(spring, snapshot), snapshot, listing)


def seen(spring: Campaign, known: Snapshot, count: int, group: str = "group") -> Listing:
    """Return a listing that shows so many looks in a group, most of them other campaigns'."""
    homes = find_target_groups(plan(spring, known), known, {"look_x": "group-x"})
    looks = tuple(LookData(f"other-{n}", "other", "photo_avatar", group) for n in range(count))
    return Listing(homes, looks={group: looks})


def test_a_group_of_more_than_500_looks_is_told() -> None:
    assert notes(campaign(*numbered(500))) == []
    (note,) = notes(campaign(*numbered(501)))
    assert "501 looks would be in the group of base" in note
    chain = [look("l0"), *[look(f"l{n}", on=f"l{n - 1}") for n in range(1, 501)]]
    assert len(notes(campaign(*chain))) == 1


def test_what_the_group_holds_already_counts_and_a_campaign_that_is_done_is_silent() -> None:
    first = campaign(*numbered(300))
    assert notes(first, done(first)) == []
    (note,) = notes(campaign(*numbered(501)), done(first))
    assert "502 looks" in note  # the base is one of them


def test_looks_on_a_literal_id_or_on_an_existing_base_count_for_that_group() -> None:
    (note,) = notes(campaign(*numbered(501, on=literal("look_x"))))
    assert "look_x" in note
    (note,) = notes(campaign(existing("base", "look_y"), *numbered(501)))
    assert "group of base" in note


def test_many_groups_are_told() -> None:
    assert notes(campaign(*numbered(2, on=None))) == []
    (note,) = notes(campaign(*numbered(3, on=None)))
    assert "4 groups would be made" in note


def test_what_the_account_holds_counts_whoever_made_it_and_a_deleted_look_does_not() -> None:
    known = done(campaign())
    spring = campaign(*numbered(2))
    assert notes(spring, known, seen(spring, known, 498)) == []
    (note,) = notes(spring, known, seen(spring, known, 499))
    assert "501 looks would be in the group of base" in note
    first = campaign(*numbered(400))
    more = campaign(*numbered(600))
    assert len(notes(more, done(first))) == 1
    assert notes(more, done(first), seen(more, done(first), 300)) == []


def test_the_group_of_a_literal_reference_is_counted_as_the_account_lists_it() -> None:
    spring = campaign(*numbered(2, on=literal("look_x")))
    assert notes(spring, held(), seen(spring, held(), 498, "group-x")) == []
    (note,) = notes(spring, held(), seen(spring, held(), 499, "group-x"))
    assert "501 looks would be in the group of look_x" in note


def groups(count: int) -> Listing:
    return Listing(groups=tuple(GroupData(f"g{n}", "other", 0.0) for n in range(count)))


def test_groups_that_the_account_has_count_unless_it_evidently_may_have_more() -> None:
    spring = campaign()
    assert notes(spring, None, groups(2)) == []
    (note,) = notes(spring, None, groups(3))
    assert "1 group would be made beside the 3 that the account has" in note
    assert notes(spring, None, groups(4)) == []
    assert notes(campaign(*numbered(3, on=None)), None, groups(4)) == []
    assert notes(spring, done(spring), groups(3)) == []
