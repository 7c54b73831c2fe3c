"""Which price a plan counts, and what a ceiling counts while that price is open."""

from dataclasses import replace
from decimal import Decimal

import pytest

from runner.model import LookKind, Prices
from runner.plan import fit_budget, plan
from runner.plan.options import apply_options
from runner.plan.pricing import Quote, apply_quotes, cost_at, quote_prices
from runner.plan.request import Request
from runner.takes import MeasuredPrice, PriceState, Snapshot
from tests.executor.harness import campaign, look

PROMPT = LookKind.PROMPT
CONFIRMED, CONTRADICTED, SUSPECTED = (
    PriceState.CONFIRMED,
    PriceState.CONTRADICTED,
    PriceState.SUSPECTED,
)


def quote(
    stated: str, *measured: object, option: str | None = None, sends: int = 2
) -> tuple[str, str, str]:
    """Return price, what counts against the ceiling, and whether it is settled, open or refused."""
    made = replace(campaign(look("a")), prices=Prices(prompt=Decimal(stated)))
    said = () if option is None else (("prompt", Decimal(option)),)
    prices = {}
    if measured:
        usd, state = measured
        assert isinstance(state, PriceState)
        prices = {PROMPT: MeasuredPrice(Decimal(str(usd)), state, Decimal(1), sends)}
    made = apply_options(made, Request(prices=said))
    found: Quote = quote_prices(made, Snapshot(prices=prices), said)[PROMPT]
    end = "refused" if found.is_refused else "settled" if found.is_settled else "open"
    return str(found.price), str(found.counts_at), end


def test_the_first_word_is_the_operators_then_the_wallets_then_the_manifests() -> None:
    assert quote("1.00") == ("1.00", "1.00", "open")
    assert quote("4") == ("4", "4", "open")
    assert quote("1.00", "1.00", CONFIRMED) == ("1.00", "1.00", "settled")
    assert quote("1.00", 4, CONTRADICTED) == ("4", "4", "refused")
    assert quote("1.00", 4, CONFIRMED) == ("4", "4", "refused")  # said once, and not this time
    assert quote("4", 4, CONTRADICTED) == ("4", "4", "settled")
    assert quote("4", 4, CONTRADICTED, sends=1) == ("4", "4", "open")
    assert quote("1.00", 4, CONTRADICTED, option="4") == ("4", "4", "settled")
    assert quote("1.00", 4, CONTRADICTED, option="3") == ("3", "3", "open")
    assert quote("1.00", 4, SUSPECTED) == ("1.00", "1.00", "open")
    assert quote("4", "1.00", CONFIRMED) == ("1.00", "1.00", "open")  # cheaper than said
    assert quote("4", "1.00", CONTRADICTED) == ("1.00", "1.00", "refused")
    assert quote("1.00", 4, CONTRADICTED, option="4", sends=1) == ("4", "4", "open")


def test_a_price_below_the_list_counts_at_list_price_until_it_is_confirmed() -> None:
    assert quote("0") == ("0", "1.00", "open")
    assert quote("0.5", "0.5", SUSPECTED) == ("0.5", "1.00", "open")
    assert quote("0.5", "0.5", CONTRADICTED, sends=1) == ("0.5", "1.00", "open")
    assert quote("0.5", "0.5", CONFIRMED) == ("0.5", "0.5", "settled")
    assert quote("1.00", option="0.5") == ("0.5", "0.5", "open")  # the operator's own word
    assert quote("0.2", "0.5", CONFIRMED) == ("0.5", "0.5", "refused")


def test_a_plan_is_made_at_the_price_that_the_wallet_showed() -> None:
    made = campaign(look("a"), look("b"))
    four = MeasuredPrice(Decimal(4), CONTRADICTED, Decimal(1), 2)
    quotes = quote_prices(made, Snapshot(prices={PROMPT: four}))
    assert plan(apply_quotes(made, quotes), Snapshot()).cost == 1 + 4 + 4


def test_every_take_costs_its_own_price_or_a_higher_one_that_counts() -> None:
    cheap = Prices(photo=Decimal("0.25"), prompt=Decimal("0.5"))
    made = plan(replace(campaign(look("a", takes=3)), prices=cheap), Snapshot())
    assert cost_at(made, {}) == made.cost == Decimal("1.75")
    assert cost_at(made, {PROMPT: Decimal(4)}) == Decimal("12.25")
    assert cost_at(made, {PROMPT: Decimal("0.1")}) == Decimal("1.75")


@pytest.mark.parametrize(("room", "left_out"), [(3, ()), (2, ("b",)), (1, ("a", "b"))])
def test_a_plan_is_trimmed_to_what_counts(room: int, left_out: tuple[str, ...]) -> None:
    free = Prices(Decimal(0), Decimal(0))
    made = plan(replace(campaign(look("a"), look("b")), prices=free), Snapshot())
    listed = {LookKind.PHOTO: Decimal(1), PROMPT: Decimal(1)}
    assert made.cost == 0
    assert cost_at(made, listed) == 3
    trimmed = fit_budget(made, Decimal(room), counts_at=listed)
    assert trimmed.left_out == left_out
    again = fit_budget(trimmed, Decimal(99), counts_at=listed)
    assert again.left_out == left_out  # what one ceiling left out stays out
