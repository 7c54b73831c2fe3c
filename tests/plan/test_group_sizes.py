"""What a plan asks of the account's groups is told before the first cent."""

from typing import Any

from runner.model import Campaign, Look
from runner.plan import plan
from runner.plan.group_sizes import group_notes
from runner.takes import Snapshot
from tests.executor.harness import campaign, existing, literal, look
from tests.plan.made import done, held


def numbered(count: int, **more: Any) -> list[Look]:
    return [look(f"l{number}", **more) for number in range(count)]


def notes(spring: Campaign, known: Snapshot | None = None) -> list[str]:
    snapshot = known or held()
    return group_notes(plan(spring, snapshot), snapshot)


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
