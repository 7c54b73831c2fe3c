"""When the wallet shows that failed generations were not billed, and when it shows nothing."""

from decimal import Decimal

import pytest

from runner.executor.refunds import find_refunded, usd_balance
from runner.model import LookKind
from runner.replies import UserData
from runner.takes import Billing, Take, TakeState


def made(uid: str, state: TakeState, billing: Billing, *, run: str = "run") -> Take:
    return Take(
        uid,
        uid,
        1,
        LookKind.PROMPT,
        "i",
        "{}",
        uid,
        state=state,
        billing=billing,
        price=Decimal(1),
        run=run,
    )


FAILED = made("failed", TakeState.FAILED, Billing.ASSUMED)
DONE = made("done", TakeState.FETCHED, Billing.BILLED)


def find(*takes: Take, before: str | None = "10", after: str | None = "9") -> list[Take]:
    """Return which takes a wallet shows to be refunded, after a run that billed one dollar."""
    balances = [None if text is None else Decimal(text) for text in (before, after)]
    return find_refunded(takes, "run", *balances, earlier={"earlier"})


def test_a_wallet_that_went_down_by_what_is_billed_shows_that_failures_were_not() -> None:
    again = made("again", TakeState.FAILED, Billing.ASSUMED)
    assert find(FAILED, DONE) == [FAILED]
    assert find(FAILED, again, DONE) == [FAILED, again]
    assert find(FAILED, after="10") == [FAILED]


@pytest.mark.parametrize("after", ["8.99", "9.01", "8", "10", None])
def test_any_other_fall_of_the_wallet_shows_nothing(after: str | None) -> None:
    assert find(FAILED, DONE, after=after) == []
    assert find(FAILED, DONE, before=None) == []


def test_takes_of_other_runs_and_what_did_not_fail_are_never_refunded() -> None:
    others = made("other", TakeState.FAILED, Billing.ASSUMED, run="another")
    assert find(FAILED, DONE, others) == [FAILED]
    assert find(others, after="10") == []
    assert find(DONE) == []


@pytest.mark.parametrize(
    ("state", "billing"),
    [
        (TakeState.PROCESSING, Billing.BILLED),
        (TakeState.UNKNOWN, Billing.UNKNOWN),
        (TakeState.FETCHED, Billing.UNKNOWN),
        (TakeState.FETCHED, Billing.RESERVED),
        (TakeState.FETCHED, Billing.ASSUMED),
    ],
)
def test_a_wallet_shows_nothing_while_another_take_is_undecided(
    state: TakeState, billing: Billing
) -> None:
    for after in ("8", "9", "10"):
        assert find(FAILED, DONE, made("open", state, billing), after=after) == []


@pytest.mark.parametrize(
    ("state", "run", "shows"),
    [
        (TakeState.FETCHED, "run", False),  # sent again: nobody knows which of both was billed
        (TakeState.FAILED, "another", False),  # nor whether its refund is in this wallet
        (TakeState.FETCHED, "another", True),
    ],
)
def test_a_take_that_was_under_way_before_spoils_what_the_wallet_shows(
    state: TakeState, run: str, shows: bool
) -> None:
    earlier = made("earlier", state, Billing.NONE, run=run)
    assert find(FAILED, DONE, earlier) == ([FAILED] if shows else [])


def test_only_a_balance_in_dollars_is_one() -> None:
    def balance(currency: str | None) -> Decimal | None:
        return usd_balance(UserData("me", balance=Decimal(5), currency=currency))

    assert [balance(c) for c in ("usd", "USD", None)] == [5, 5, 5]
    assert balance("eur") is None
