"""A plan under a ceiling: what most looks hang on goes first, and nothing without its reference."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.model import BASE, Campaign, Prices
from runner.plan import Action, fit_budget, plan
from runner.plan.steps import Create
from runner.takes import Snapshot, TakeState
from tests.executor.harness import campaign, literal, look
from tests.plan.made import done, held, take

SPRING = campaign(look("red"), look("navy"), look("night", on="navy"))


def bought(made: Campaign, room: int, snapshot: Snapshot | None = None) -> dict[str, int]:
    trimmed = fit_budget(plan(made, snapshot or Snapshot()), Decimal(room))
    return {action.key: action.takes for action in trimmed.actions if action.takes}


def test_what_most_looks_depend_on_goes_first() -> None:
    assert bought(SPRING, 2) == {BASE: 1, "navy": 1}
    assert bought(SPRING, 3) == {BASE: 1, "navy": 1, "red": 1}


def test_what_is_left_out_is_blocked_and_named() -> None:
    trimmed = fit_budget(plan(SPRING, Snapshot()), Decimal(2))
    assert trimmed.left_out == ("red", "night")
    blocked = [action for action in trimmed.actions if action.key in trimmed.left_out]
    assert {action.action for action in blocked} == {Action.BLOCKED}
    assert "the ceiling has no room" in blocked[0].reason


def test_what_is_under_way_is_finished_although_no_more_of_it_fits() -> None:
    two = campaign(look("navy", takes=2))
    snapshot = held(take(two, BASE), take(two, "navy", state=TakeState.PROCESSING))
    (_, navy) = fit_budget(plan(two, snapshot), Decimal(0)).actions
    assert (navy.action, navy.takes) == (Action.RESUME, 0)


def test_some_takes_of_a_look_may_fit() -> None:
    three = campaign(look("navy", takes=3))
    (_, navy) = fit_budget(plan(three, done(campaign(look("other")))), Decimal(2)).actions[:2]
    assert isinstance(navy.step, Create)
    assert (navy.takes, navy.wanted, navy.step.short, navy.cost) == (2, 2, 1, Decimal(2))
    assert navy.reason == "new; 2 of 3 takes fit under the ceiling"


@pytest.mark.parametrize(
    ("room", "fitting"),
    [
        ("0", {}),
        ("0.5", {"free": 1}),  # "a" has no reference, and takes no room away
        ("3", {"free": 1}),
        ("4", {BASE: 1}),
        ("4.99", {BASE: 1, "a": 1}),
        ("5.49", {BASE: 1, "a": 2}),
        ("6", {BASE: 1, "a": 3, "free": 1}),
    ],
)
def test_each_kind_takes_its_own_price_of_the_room(room: str, fitting: dict[str, int]) -> None:
    made = campaign(look("a", takes=3), look("free", on=literal("look-1")))
    made = replace(made, prices=Prices(photo=Decimal(4), prompt=Decimal("0.5")))
    trimmed = fit_budget(plan(made, Snapshot()), Decimal(room))
    assert {action.key: action.takes for action in trimmed.actions if action.takes} == fitting


def test_what_costs_nothing_always_fits() -> None:
    made = replace(SPRING, prices=Prices(Decimal(0), Decimal(0)))
    assert fit_budget(plan(made, Snapshot()), Decimal(0)).left_out == ()


def test_what_needs_no_money_is_left_as_it_is() -> None:
    there = plan(SPRING, done(SPRING))
    assert fit_budget(there, Decimal(0)) == there


@given(st.integers(0, 12), st.data())
def test_the_ceiling_holds_and_no_look_goes_without_its_reference(
    room: int, data: st.DataObject
) -> None:
    keys = [f"k{i}" for i in range(6)]
    looks = [
        look(
            key,
            on=data.draw(st.sampled_from([BASE, *keys[:i]])),
            takes=data.draw(st.integers(1, 3)),
        )
        for i, key in enumerate(keys)
    ]
    trimmed = fit_budget(plan(campaign(*looks), Snapshot()), Decimal(room))
    assert trimmed.cost <= room
    there = {action.key for action in trimmed.actions if action.takes}
    assert all(set(action.needs) <= there for action in trimmed.actions if action.takes)
