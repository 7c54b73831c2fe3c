"""Which price still fits under a ledger's ceilings."""

from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from runner.executor.ports import OverBudget, OverMonthCeiling
from runner.ledger.reservations import check_ceilings, check_month_ceilings, compute_room
from runner.model import LookKind
from runner.policy.budget import Ceilings, MonthCeiling
from runner.policy.holdings import Holdings
from runner.takes import Billing, Doubled, MeasuredPrice, PriceState, Take

PHOTO, PROMPT = LookKind.PHOTO, LookKind.PROMPT


def take(uid: str, run: str, billing: Billing = Billing.BILLED) -> Take:
    kind = PROMPT
    return Take(uid, uid, 1, kind, "i", "{}", uid, billing=billing, price=Decimal(1), run=run)


def store(
    *takes: Take, in_run: int = 3, in_campaign: int = 7, price: PriceState | None = None
) -> Any:
    """Return a ledger in the run ``now`` that holds so much, in USD."""
    measured = {} if price is None else {PROMPT: MeasuredPrice(Decimal(1), price, Decimal(1), 2)}
    return SimpleNamespace(
        run="now",
        spent=Decimal(in_campaign),
        spent_in_run=Decimal(in_run),
        intended=lambda _counts_at: Decimal(0),
        lock=nullcontext(),
        holdings=Holdings(takes),
        state=SimpleNamespace(
            prices=measured, takes={one.uid: one for one in takes}, doubled=dict[str, Any]()
        ),
    )


@pytest.mark.parametrize(
    ("run", "campaign", "room"),
    [(None, None, None), (5, None, 2), (None, 8, 1), (5, 8, 1), (4, 9, 1), (3, 7, 0), (1, 9, -2)],
)
def test_the_tightest_ceiling_is_the_room(
    run: int | None, campaign: int | None, room: int | None
) -> None:
    limits = [None if usd is None else Decimal(usd) for usd in (run, campaign)]
    assert compute_room(store(), Ceilings(run=limits[0], campaign=limits[1])) == room


def fits(
    price: str, ceilings: Ceilings, *, earlier: Take | None = None, ledger: Any = None
) -> bool:
    try:
        check_ceilings(ledger or store(), ceilings, PROMPT, Decimal(price), earlier=earlier)
    except OverBudget:
        return False
    return True


def test_a_price_fits_to_the_cent() -> None:
    run, campaign = Ceilings(run=Decimal(5)), Ceilings(campaign=Decimal(8))
    assert [fits(price, run) for price in ("2", "2.01")] == [True, False]
    assert [fits(price, campaign) for price in ("1", "1.01")] == [True, False]


def test_what_the_same_take_held_makes_room_where_it_was_held() -> None:
    run, campaign = Ceilings(run=Decimal(3)), Ceilings(campaign=Decimal(7))
    here, before = take("a", "now"), take("a", "before")
    assert [fits("1", run, earlier=one) for one in (None, here, before)] == [False, True, False]
    assert [fits("1", campaign, earlier=one) for one in (None, here, before)] == [False, True, True]
    freed = take("a", "now", Billing.NONE)
    assert not fits("1", run, earlier=freed)
    assert not fits("1", campaign, earlier=freed)


def test_a_run_that_resumes_others_shares_their_ceilings() -> None:
    before, first, second = take("a", "before"), take("b", "first"), take("c", "second")
    ledger = store(before, first, second)
    ledger.state.doubled["x"] = Doubled("x", "x", "b#1", Decimal(1), "first")
    resumed = Ceilings(run=Decimal(7), resumed=frozenset({"first", "second"}))
    assert compute_room(ledger, resumed) == 1  # of 7: 3 of its own, and 3 of the two it resumes
    assert compute_room(ledger, replace(resumed, resumed=frozenset())) == 4
    assert [fits(price, resumed, ledger=ledger) for price in ("1", "1.01")] == [True, False]
    assert [fits("2", resumed, earlier=one, ledger=ledger) for one in (first, before)] == [
        *(True, False)
    ]
    ledger.state.doubled["x"] = Doubled("x", "x", "b#1", Decimal(1))  # found before a run began
    assert compute_room(ledger, resumed) == 1
    ledger.state.doubled["x"] = Doubled("x", "x", "a#1", Decimal(1))
    assert compute_room(ledger, resumed) == 2
    ledger.state.doubled["x"] = Doubled("x", "x", "b#1", Decimal(1), "first")
    low = replace(resumed, run=None, operator=Decimal("8.5"), counts_at={PROMPT: Decimal("1.5")})
    assert fits("1", low, ledger=ledger)  # the two and the new one count half a dollar more each
    assert not fits("1", replace(low, operator=Decimal("8.4")), ledger=ledger)


def test_a_low_price_counts_at_list_price_against_the_operators_word_until_it_is_confirmed() -> (
    None
):
    def limit(usd: str, of: LookKind = PROMPT) -> Ceilings:
        return Ceilings(operator=Decimal(usd), counts_at={of: Decimal("1.5")})

    bought = [take("a", "now"), take("b", "now"), take("c", "before")]
    # Three dollars are held, one is added; this run's prompt looks count half a dollar more each.
    assert fits("1", limit("5.5"), ledger=store(*bought))
    assert not fits("1", limit("5.49"), ledger=store(*bought))
    again = store(*bought, in_run=3)
    assert fits("1", limit("4"), ledger=again, earlier=bought[0])  # it counts once
    assert not fits("1", limit("3.99"), ledger=again, earlier=bought[0])
    assert fits("1", limit("5.5"), ledger=store(*bought), earlier=bought[2])  # new in this run
    assert not fits("1", limit("5.49"), ledger=store(*bought), earlier=bought[2])
    assert fits("1", limit("0", PHOTO), ledger=store(*bought)) is False
    assert fits("1", limit("4", PHOTO), ledger=store(*bought))
    freed = take("d", "now", Billing.NONE)  # a 429 sent it back: it holds nothing
    for earlier in (None, freed):
        assert fits("1", limit("4.5"), ledger=store(freed), earlier=earlier)
        assert not fits("1", limit("4.49"), ledger=store(freed), earlier=earlier)
    for state in PriceState:
        open_still = state is not PriceState.CONFIRMED
        assert fits("1", limit("0"), ledger=store(*bought, price=state)) is not open_still
    assert fits("1", Ceilings(counts_at={PROMPT: Decimal(9)}), ledger=store(*bought))


def month_fits(ledger: Any, ceilings: Ceilings, usd: str, price: str = "0.01") -> bool:
    """Return whether one more prompt look fits, where three dollars were spent before."""
    ledger.month_ceilings = [MonthCeiling(None, "2026-11", Decimal(usd), Decimal(3), "ada")]
    try:
        check_month_ceilings(ledger, ceilings, PROMPT, Decimal(price))
    except OverMonthCeiling:
        return False
    return True


def test_a_low_price_counts_at_list_price_against_a_month_until_it_is_confirmed() -> None:
    listed = Ceilings(counts_at={PROMPT: Decimal(1)})
    assert month_fits(store(), listed, "4")
    assert not month_fits(store(), listed, "3.99")
    assert month_fits(store(), Ceilings(), "3.01")  # the operator's own word
    assert not month_fits(store(), Ceilings(), "3")
    leaving = store()  # the transaction under way intends two takes
    leaving.intended = lambda counts_at: 2 * counts_at.get(PROMPT, Decimal("0.01"))
    assert month_fits(leaving, listed, "6")
    assert not month_fits(leaving, listed, "5.99")
    assert month_fits(leaving, Ceilings(), "3.03")
    assert not month_fits(leaving, Ceilings(), "3.02")
    assert month_fits(store(price=PriceState.CONFIRMED), listed, "3.01")
    assert not month_fits(store(price=PriceState.CONTRADICTED), listed, "3.99")
    assert month_fits(store(), Ceilings(counts_at={PHOTO: Decimal(1)}), "3.01")
    assert month_fits(store(), listed, "6", price="3")  # a price above stays what it is
