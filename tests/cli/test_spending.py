"""What a person is told and asked about prices, before anything is sent and after it stopped."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import pytest

from runner.cli import run_attempt
from runner.cli.context import Context
from runner.cli.run_attempt import Ended
from runner.cli.spending import (
    bought_quotes,
    count_prices,
    price_notes,
    price_options,
    refuse_below_list,
    refuse_contradicted,
)
from runner.errors import BudgetRefused, UsageError
from runner.ledger.reading import read_snapshot
from runner.model import Campaign, LookKind, Prices
from runner.plan import Plan, plan
from runner.plan.pricing import Quote, apply_quotes, quote_prices
from runner.plan.request import Request
from runner.plan.steps import Resume
from runner.policy.budget import Ceilings
from runner.replies import UserData
from runner.results.model import Results
from runner.results.reader import read_prices
from runner.results.totals_text import format_totals
from runner.results.writer import results_document
from runner.takes import MeasuredPrice, PriceState, Snapshot
from tests.executor.harness import campaign, look

FIRST_VERSION = Path(__file__).parent.parent / "plan" / "first_version"
FOUR = MeasuredPrice(Decimal(4), PriceState.CONTRADICTED, Decimal(1), 2)
DOLLARS = UserData("me", "usd", Decimal(50))


def planned(made: Campaign, *, measured: MeasuredPrice | None = None) -> tuple[Plan, list[Quote]]:
    known = Snapshot(prices={LookKind.PROMPT: measured} if measured else {})
    quotes = quote_prices(made, known)
    whole = plan(apply_quotes(made, quotes), known)
    return whole, bought_quotes(whole, quotes)


def test_beside_the_plan_stands_what_is_not_confirmed_and_what_the_wallet_showed() -> None:
    _, bought = planned(campaign(look("a")))
    (note,) = price_notes(bought, DOLLARS)
    assert "the first photo look and the first prompt look go alone" in note
    (note,) = price_notes(bought, UserData("me"))
    assert "no wallet in dollars" in note
    assert price_notes(bought) == []
    _, bought = planned(campaign(look("a")), measured=FOUR)
    (note,) = price_notes(bought)
    assert "$4.00 for a prompt look is what this account's wallet showed; $1.00 is what" in note
    assert note.endswith("(to buy at it: --price prompt=4)")
    assert price_options(bought) == "--price prompt=4"  # and ends what `status` says to do next
    assert [n for n in price_notes(bought, DOLLARS) if "prompt" in n] == [note]  # one word of it
    suspected = replace(FOUR, state=PriceState.SUSPECTED, sends=1)
    _, bought = planned(campaign(look("a")), measured=suspected)
    (note,) = price_notes(bought)
    assert "fell by $4.00 for a prompt look, and the plan counts $1.00; the next one" in note
    _, bought = planned(campaign(look("a")), measured=replace(suspected, planned=Decimal(2)))
    assert price_notes(bought) == []  # it was told of another price


def test_another_price_is_refused_with_both_figures_and_how_to_say_it() -> None:
    _, bought = planned(campaign(look("a")), measured=FOUR)
    with pytest.raises(
        BudgetRefused, match=r"cost \$4\.00 on this account.*stated price is \$1\."
    ) as e:
        refuse_contradicted(bought)
    assert e.value.hint is not None
    assert "--price prompt=4, or prices: {prompt: 4} in the manifest" in e.value.hint
    _, bought = planned(
        replace(campaign(look("a")), prices=Prices(prompt=Decimal(4))), measured=FOUR
    )
    refuse_contradicted(bought)  # the manifest says it now


def test_prices_below_the_list_are_refused_only_where_the_ceiling_has_no_room_at_list_price() -> (
    None
):
    free = replace(campaign(look("a"), look("b")), prices=Prices(Decimal(0), Decimal(0)))
    whole, bought = planned(free)
    refuse_below_list(whole, bought, Decimal(3))
    with pytest.raises(
        BudgetRefused, match=r"\$0\.00 at the manifest's prices, and \$3\.00 at the list"
    ):
        refuse_below_list(whole, bought, Decimal("2.99"))
    with pytest.raises(BudgetRefused, match=r"against the ceiling of a for 2026-11, which leaves"):
        refuse_below_list(whole, bought, Decimal(0), whose="the ceiling of a for 2026-11")


def test_a_person_is_asked_about_the_rest_with_what_the_ceiling_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Request] = []
    ends: list[Any] = [Ended(5, "$4.00", Decimal(15)), Ended(5, "$5.00", Decimal(7)), Ended(0)]

    queue: Any = object()
    """It holds a run back while the queue has one of the campaign: each attempt asks it."""

    async def attempt(
        _context: Context, _campaign: Campaign, request: Request, packer: object = None
    ) -> Ended:
        assert packer is queue
        asked.append(request)
        end = ends[len(asked) - 1]
        if isinstance(end, Exception):
            raise end
        assert isinstance(end, Ended)
        return end

    def execute(request: Request) -> int:
        asked.clear()
        whole = campaign(look("a"))
        ended = anyio.run(run_attempt.execute_or_pack, Context(), whole, request, queue)
        return ended.code

    monkeypatch.setattr(run_attempt, "attempt", attempt)
    monkeypatch.setattr(run_attempt, "can_ask", lambda _console, request: not request.yes)
    assert execute(Request(max_cost=Decimal(20))) == 0
    assert [request.max_cost for request in asked] == [20, 15, 7]
    assert execute(Request(max_cost=Decimal(20), yes=True)) == 5
    assert len(asked) == 1
    assert execute(Request(form="json")) == 5
    assert len(asked) == 1
    assert execute(Request(reroll=3)) == 5  # which would buy all three again
    assert len(asked) == 1
    ends[1] = UsageError("Declined; nothing was sent.")
    assert execute(Request(max_cost=Decimal(20))) == 5


def results(measured: Mapping[LookKind, MeasuredPrice], wallet: Mapping[str, Any]) -> Results:
    made, known = campaign(look("a")), Snapshot(prices=measured)
    return results_document(made, known, plan(made, known), wallet)


def test_results_carry_the_measured_prices_to_another_ledger() -> None:
    measured = {LookKind.PROMPT: FOUR}
    assert (
        read_prices(results(measured, {"currency": "usd", "before": None, "after": None}))
        == measured
    )
    assert read_prices(results({}, {"currency": "usd", "before": None, "after": None})) == {}


@pytest.mark.parametrize(
    ("after", "difference", "told"),
    [(7, 0, None), (4, 3, "$3.00 more. Somebody"), (9, -2, "$2.00 less. The wallet may be late")],
)
def test_what_left_the_wallet_beyond_the_ledger_is_told(
    after: int, difference: int, told: str | None
) -> None:
    noted = {"currency": "usd", "before": 10, "after": after, "known": 3, "difference": difference}
    text = format_totals(results({}, noted))
    assert ("the ledger knows of $3.00" in text) == (told is not None)
    assert told is None or told in text


def test_what_left_the_wallet_is_told_beside_what_may_have_been_charged() -> None:
    noted = {"currency": "usd", "before": 10, "after": 5, "known": 3, "difference": 1}
    text = format_totals(results({}, noted))
    assert "knows of $3.00 and of $1.00 that may have been charged: $1.00 more" in text


def test_a_ledger_of_the_first_version_confirms_the_prices_that_its_wallet_agrees_with(
    tmp_path: Path,
) -> None:
    shutil.copytree(FIRST_VERSION, tmp_path / "state")
    snapshot = read_snapshot(tmp_path / "state" / "ledger.sqlite")
    one = MeasuredPrice(Decimal("1.00"), PriceState.CONFIRMED, Decimal("1.00"))
    assert snapshot.prices == {LookKind.PROMPT: one}  # its base was made from a prompt as well


def test_what_a_run_may_only_buy_again_counts_at_list_price_as_well() -> None:
    cheap = replace(campaign(look("a")), prices=Prices(prompt=Decimal("0.10")))
    whole, _ = planned(cheap)
    quotes = quote_prices(cheap, Snapshot())

    def count(step: Resume) -> tuple[object, object]:
        actions = tuple(one._replace(step=step) for one in whole.actions)
        counted = count_prices(Ceilings(), replace(whole, actions=actions), quotes)
        return counted.counts_at, counted.trusted

    listed = {LookKind.PROMPT: Decimal(1)}, {LookKind.PHOTO: Decimal(1)}
    assert count(Resume(retries=1)) == listed
    assert count(Resume()) == ({}, {})


def test_a_price_that_was_confirmed_is_counted_at_also_where_none_of_its_kind_is_bought() -> None:
    cheap = replace(campaign(look("a")), prices=Prices(prompt=Decimal("0.10")))
    tenth = MeasuredPrice(Decimal("0.10"), PriceState.CONFIRMED, Decimal("0.10"))
    whole, _ = planned(cheap)
    photos = replace(whole, actions=tuple(one for one in whole.actions if one.key == "base"))
    for known, prompt in ((None, {}), (tenth, {LookKind.PROMPT: Decimal("0.10")})):
        quotes = quote_prices(cheap, Snapshot(prices={LookKind.PROMPT: known} if known else {}))
        counted = count_prices(Ceilings(), photos, quotes)
        assert counted.counts_at == {}
        assert counted.trusted == {LookKind.PHOTO: Decimal(1), **prompt}
