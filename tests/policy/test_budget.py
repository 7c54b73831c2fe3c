"""What a take holds of the money, and which ceiling leaves no room for one more."""

from dataclasses import replace
from decimal import Decimal

import pytest

from runner.model import Budget, LookKind
from runner.policy.budget import (
    Ceilings,
    find_exceeded_ceiling,
    reserved_amount,
    reserved_in_run,
    room_left,
)
from runner.takes import Billing, Take

TAKE = Take("uid", "a", 1, LookKind.PROMPT, "navy", "", "Sarah — a")
PRICE = Decimal("1.25")


def priced(billing: Billing, run: str = "this") -> Take:
    return replace(TAKE, price=PRICE, billing=billing, run=run)


def test_a_take_holds_its_price_unless_it_is_certain_that_nothing_was_bought() -> None:
    certain = {Billing.NONE, Billing.REFUNDED}
    wanted = {billing: Decimal(0) if billing in certain else PRICE for billing in Billing}
    assert {billing: reserved_amount(priced(billing)) for billing in Billing} == wanted
    assert reserved_amount(None) == 0


def test_a_run_holds_what_its_own_takes_hold() -> None:
    takes = [priced(Billing.BILLED), priced(Billing.UNKNOWN), priced(Billing.NONE)]
    assert reserved_in_run([*takes, priced(Billing.BILLED, run="earlier")], "this") == 2 * PRICE
    assert reserved_in_run([], "this") == 0


@pytest.mark.parametrize(
    ("run", "campaign", "wanted"),
    [
        ("5", "9", None),  # a ceiling may be reached
        ("5.01", "9", ("the run's ceiling", Decimal(5), Decimal("5.01"))),
        ("5", "9.01", ("the campaign's budget", Decimal(9), Decimal("9.01"))),
        ("6", "10", ("the run's ceiling", Decimal(5), Decimal(6))),
    ],
)
def test_a_ceiling_refuses_the_first_cent_above_it(
    run: str, campaign: str, wanted: tuple[str, Decimal, Decimal] | None
) -> None:
    ceilings = Ceilings(run=Decimal(5), campaign=Decimal(9))
    assert find_exceeded_ceiling(ceilings, run=Decimal(run), campaign=Decimal(campaign)) == wanted


def test_without_a_ceiling_nothing_is_refused() -> None:
    assert find_exceeded_ceiling(Ceilings(), run=Decimal(10**9), campaign=Decimal(10**9)) is None


@pytest.mark.parametrize(
    ("budget", "room"),
    [
        (Budget(), None),
        (Budget(run_usd=Decimal(5)), 5),
        (Budget(campaign_usd=Decimal(7)), 4),
        (Budget(run_usd=Decimal(2), campaign_usd=Decimal(7)), 2),
        (Budget(run_usd=Decimal(5), campaign_usd=Decimal(1)), -2),
    ],
)
def test_the_tightest_ceiling_decides_how_much_room_there_is(
    budget: Budget, room: int | None
) -> None:
    assert room_left(budget, Decimal(3)) == room
