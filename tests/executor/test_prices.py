"""The wallet is a witness: one generation of an unconfirmed kind goes alone, and what follows."""

from dataclasses import replace
from decimal import Decimal

import pytest

from runner.executor.refunds import SETTLING
from runner.ledger.ledger import LedgerFile
from runner.ledger.reading import read_ledger
from runner.model import Look, LookKind, Prices
from runner.policy.budget import Ceilings
from runner.policy.exit_codes import Exit, exit_code
from runner.replies import AutoReload
from runner.takes import Billing, MeasuredPrice, PriceState
from tests.executor.harness import CHARGED_AND_LOST, Harness, campaign, look, photo

PROMPT = LookKind.PROMPT


def known_prices(harness: Harness) -> dict[LookKind, MeasuredPrice]:
    ledger = harness.open()
    try:
        return dict(ledger.snapshot().prices)
    finally:
        ledger.close()


def many(count: int = 19) -> list[Look]:
    return [look(f"l{number:02}") for number in range(count)]


def sent_at(harness: Harness) -> list[float]:
    """Return when each take was sent, in seconds since the first."""
    ledger = harness.open()
    takes = [take for of in ledger.snapshot().takes.values() for take in of]
    ledger.close()
    times = sorted(take.sent_at or 0.0 for take in takes)
    return [round(time - times[0], 1) for time in times]


def test_a_price_that_the_wallet_shows_at_once_holds_nobody_up(harness: Harness) -> None:
    harness.purse()
    looks = campaign(look("a"), look("b"), look("c"))
    assert exit_code(harness.run(looks)) is Exit.DONE
    assert {kind: price.state for kind, price in known_prices(harness).items()} == {
        LookKind.PHOTO: PriceState.CONFIRMED,
        LookKind.PROMPT: PriceState.CONFIRMED,
    }
    times = sent_at(harness)
    assert times[3] - times[1] < 1.0  # "b" and "c" left as soon as "a" was accepted
    assert harness.heard.words == []
    assert harness.session is not None
    assert harness.session.look_report is not None
    assert harness.session.look_report.notes == []


def test_a_look_that_needs_nothing_leaves_as_soon_as_the_base_was_charged(harness: Harness) -> None:
    harness.purse()
    assert exit_code(harness.run(campaign(look("a", on=None), look("b", on=None)))) is Exit.DONE
    assert sent_at(harness)[-1] < 2.0
    assert harness.heard.words == []


def test_a_look_that_waits_for_another_because_of_its_price_says_so(harness: Harness) -> None:
    harness.purse().lag = 1e9
    harness.api.fate["Sarah — a"] = "stuck"
    harness.run(campaign(look("a")))
    assert harness.heard.words[-1].startswith("a#1 is still in progress")
    harness.run(campaign(look("a"), look("b"), look("c")))
    said = [words for words in harness.heard.words if "its price is not confirmed" in words]
    assert [words.partition(" ")[0] for words in said] == ["b"]
    sent = [harness.take(key).sent_at or 0.0 for key in ("b", "c")]
    assert abs(sent[1] - sent[0]) > harness.api.seconds


def test_a_wallet_that_is_empty_after_the_run_is_compared_like_any(harness: Harness) -> None:
    harness.purse(2)
    harness.run(campaign(look("a")))
    _, noted = read_ledger(harness.folder / "ledger.sqlite")
    assert noted is not None
    assert (noted["after"], noted["known"], noted["difference"]) == (0, 2, 0)


def test_a_real_price_of_four_dollars_stops_before_the_ceiling_is_passed(harness: Harness) -> None:
    purse = harness.purse(prompt=4)
    outcome = harness.run(campaign(*many()), ceilings=Ceilings(run=Decimal(5)))
    assert exit_code(outcome) is Exit.BUDGET
    assert purse.spent == 5  # the base, and one look; $4 more would have passed the ceiling
    assert "fell by $4.00 for a prompt look, and the plan counts $1.00" in (outcome.price or "")
    known = known_prices(harness)[PROMPT]
    first = harness.take("l00")
    assert known == MeasuredPrice(Decimal(4), PriceState.CONTRADICTED, Decimal(1), 1, first.uid)


def test_another_price_is_believed_after_two_single_sends_and_no_more(harness: Harness) -> None:
    purse = harness.purse(prompt=4)
    outcome = harness.run(campaign(*many()), ceilings=Ceilings(run=Decimal(100)))
    assert exit_code(outcome) is Exit.BUDGET
    assert purse.spent == 9
    assert known_prices(harness)[PROMPT].is_settled
    # Both are counted as what they cost from now on.
    assert sum(take.price for key in ("l00", "l01") for take in harness.takes(key)) == 8
    ledger = harness.open()
    assert ledger.snapshot().spent == 9
    ledger.close()


def test_somebody_else_who_buys_meanwhile_is_no_other_price(harness: Harness) -> None:
    purse = harness.purse()
    real = harness.api.create_avatar
    bought: list[str] = []

    async def busy(body: bytes, key: str) -> object:
        if b'"prompt"' in body and not bought:
            bought.append(key)
            purse.buy_elsewhere("3")
        return await real(body, key)

    harness.api.create_avatar = busy  # type: ignore[method-assign,assignment]
    outcome = harness.run(campaign(*many(4)))
    assert exit_code(outcome) is Exit.DONE
    assert known_prices(harness)[PROMPT].state is PriceState.CONFIRMED
    assert any("one more goes alone" in words for words in harness.heard.words)
    ledger = harness.open()
    assert ledger.wallet is not None
    assert ledger.wallet["difference"] == 3.0  # it is told all the same
    ledger.close()


def test_a_wallet_that_other_campaigns_bought_from_is_not_waited_for(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    purse = harness.purse()
    harness.run(campaign(photo()))
    took: list[float] = []
    for shared in (False, True):
        monkeypatch.setattr(LedgerFile, "others_bought", lambda _ledger, now=shared: now)
        begun = harness.clock.now()
        purse.buy_elsewhere("3", at=begun + 1)
        harness.run(campaign(look(f"a{shared}")))
        took.append(harness.clock.now() - begun)
        ledger = harness.open()
        assert ledger.wallet is not None
        assert ("difference" in ledger.wallet) is not shared
        ledger.close()
    assert took[0] - took[1] == pytest.approx(sum(SETTLING), abs=1.0)


def test_a_wallet_that_is_charged_at_completion_is_waited_for_once(harness: Harness) -> None:
    harness.purse().at_completion = True
    assert exit_code(harness.run(campaign(*many(5)))) is Exit.DONE
    assert known_prices(harness)[PROMPT].state is PriceState.CONFIRMED
    times = sent_at(harness)
    assert times[2] - times[1] > harness.api.seconds  # the first look alone
    assert times[-1] - times[2] < 1.0  # then everything
    before = harness.clock.now()
    harness.run(campaign(*many(5), look("new"), look("newer")))
    assert harness.clock.now() - before < harness.api.seconds + 10  # never again


def test_a_wallet_that_never_moves_contradicts_nothing_and_is_told_once(harness: Harness) -> None:
    harness.purse().lag = 1e9
    assert exit_code(harness.run(campaign(*many(4)))) is Exit.DONE
    assert known_prices(harness) == {}
    assert harness.session is not None
    assert harness.session.look_report is not None
    notes = harness.session.look_report.notes
    assert len(notes) == 2  # one for each kind
    assert all("is not confirmed yet" in note for note in notes)


def test_a_wallet_that_is_late_never_confirms_a_look_by_what_the_base_cost(
    harness: Harness,
) -> None:
    purse = harness.purse(prompt=4)
    purse.lag = harness.api.seconds + 15  # the base shows only while the first look is under way
    harness.run(campaign(*many(4)))
    assert PROMPT not in known_prices(harness) or known_prices(harness)[PROMPT].usd == 4


def test_the_next_run_knows_what_a_late_wallet_came_to(harness: Harness) -> None:
    harness.purse().lag = 300.0
    assert exit_code(harness.run(campaign(look("a")))) is Exit.DONE
    assert known_prices(harness) == {}
    harness.later(3600)
    assert exit_code(harness.run(campaign(look("a"), look("b")))) is Exit.DONE
    assert {price.usd for price in known_prices(harness).values()} == {Decimal(1)}


def test_an_account_without_a_dollar_wallet_runs_on_and_says_so(harness: Harness) -> None:
    assert exit_code(harness.run(campaign(*many(4)))) is Exit.DONE
    assert sent_at(harness)[-1] - sent_at(harness)[1] < 1.0
    assert harness.session is not None
    assert harness.session.look_report is not None
    notes = " ".join(harness.session.look_report.notes)
    assert notes.count("no wallet in dollars") == 2


def test_auto_reload_in_the_middle_is_no_other_price(harness: Harness) -> None:
    purse = harness.purse(5)
    real = harness.api.create_avatar

    async def refilled(body: bytes, key: str) -> object:
        reply = await real(body, key)
        if purse.shown < 5:
            purse.buy_elsewhere("-75")
        return reply

    harness.api.create_avatar = refilled  # type: ignore[method-assign,assignment]
    harness.api.reload = AutoReload(Decimal(75), Decimal(5))
    assert exit_code(harness.run(campaign(look("a")))) is Exit.DONE
    assert {price.state for price in known_prices(harness).values()} == {PriceState.CONFIRMED}


def test_a_send_whose_answer_was_lost_tells_a_price_once_it_is_found(harness: Harness) -> None:
    purse = harness.purse(prompt=4)
    harness.api.script.extend(["ok", CHARGED_AND_LOST])
    outcome = harness.run(campaign(*many()), ceilings=Ceilings(run=Decimal(100)))
    assert exit_code(outcome) is Exit.BUDGET
    assert purse.spent == 9


def test_a_failure_that_may_never_be_charged_proves_nothing_of_a_price(harness: Harness) -> None:
    purse = harness.purse(prompt=4)
    purse.at_completion = True
    harness.api.fate["Sarah — l00"] = "failed"
    outcome = harness.run(campaign(*many()), ceilings=Ceilings(run=Decimal(100)))
    assert exit_code(outcome) is Exit.BUDGET
    assert purse.spent == 9


def test_a_suspicion_outlives_the_run_and_the_next_send_is_the_second(harness: Harness) -> None:
    purse = harness.purse(prompt=4)
    assert exit_code(harness.run(campaign(look("a")))) is Exit.DONE  # nothing was left to send
    assert known_prices(harness)[PROMPT].state is PriceState.SUSPECTED
    assert exit_code(harness.run(campaign(look("a"), look("b"), look("c")))) is Exit.BUDGET
    assert purse.spent == 9
    assert [harness.take(key).price for key in "ab"] == [4, 4]  # whichever run bought them


@pytest.mark.parametrize(
    ("ceilings", "spent"),
    [
        (Ceilings(run=Decimal(3)), 5),
        (Ceilings(run=Decimal(4)), 9),  # what an earlier run bought is none of this run's
        (Ceilings(campaign=Decimal(8)), 5),
        (Ceilings(campaign=Decimal(9)), 9),
    ],
)
def test_a_suspected_price_is_tried_again_only_where_the_ceilings_have_room_for_it(
    harness: Harness, ceilings: Ceilings, spent: int
) -> None:
    purse = harness.purse(prompt=4)
    harness.run(campaign(look("a")))
    outcome = harness.run(campaign(look("a"), look("b"), look("c")), ceilings=ceilings)
    assert exit_code(outcome) is Exit.BUDGET
    assert purse.spent == spent
    assert "fell by $4.00 for a prompt look, and the plan counts $1.00" in (outcome.price or "")


def test_a_price_that_a_person_says_counts_for_what_showed_it_before_more_is_bought(
    harness: Harness,
) -> None:
    purse = harness.purse(prompt=4)
    harness.run(campaign(look("a")))
    dear = replace(campaign(look("a"), look("b")), prices=Prices(prompt=Decimal(4)))
    outcome = harness.run(dear, ceilings=Ceilings(campaign=Decimal(8)))
    assert exit_code(outcome) is Exit.BUDGET
    assert purse.spent == 5
    outcome = harness.run(dear, ceilings=Ceilings(campaign=Decimal(9)))
    assert exit_code(outcome) is Exit.DONE
    assert purse.spent == 9
    assert known_prices(harness)[PROMPT].state is PriceState.CONFIRMED


def test_nothing_is_called_refunded_by_a_wallet_that_never_showed_a_price(harness: Harness) -> None:
    purse = harness.purse()
    purse.lag = 1e9
    harness.api.fate["Sarah — a"] = "failed"
    harness.run(campaign(look("a")))
    assert harness.take("a").billing is Billing.ASSUMED


@pytest.mark.parametrize("another", [(), (look("b"),)])
def test_a_failure_is_refunded_only_once_a_look_of_its_kind_has_confirmed_the_price(
    harness: Harness, another: tuple[Look, ...]
) -> None:
    purse = harness.purse()
    harness.run(campaign(photo()))
    harness.api.seconds = 0.0  # it has failed when the wallet is read for the first time
    harness.api.fate["Sarah — a"] = "failed"
    harness.run(campaign(photo(), look("a"), *another))
    assert purse.spent == 1 + len(another)
    assert (PROMPT in known_prices(harness)) == bool(another)
    told = Billing.REFUNDED if another else Billing.ASSUMED
    assert harness.take("a").billing is told


def test_a_wallet_that_may_still_show_the_charge_of_a_failure_is_waited_for(
    harness: Harness,
) -> None:
    purse = harness.purse()
    harness.run(campaign(photo(), look("a")))
    purse.lag, purse.refunds, harness.api.seconds = 20.0, False, 2.0
    harness.api.fate["Sarah — b"] = "failed"
    harness.run(campaign(photo(), look("a"), look("b")))
    assert harness.take("b").billing is Billing.ASSUMED


def test_a_refund_needs_two_readings_that_agree(harness: Harness) -> None:
    purse = harness.purse()
    harness.api.fate["Sarah — a"] = "failed"
    harness.run(campaign(photo()))
    begun = harness.clock.now()
    purse.refunds = False
    purse.buy_elsewhere("-1", at=begun + 31)  # somebody fills it up just when the failure shows
    purse.buy_elsewhere("1", at=begun + 36)
    harness.run(campaign(photo(), look("a")))
    assert harness.take("a").billing is Billing.ASSUMED
