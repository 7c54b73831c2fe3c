"""Whether a wallet bears out a price: pure decisions, handed what was read."""

from decimal import Decimal

import pytest

from runner.model import LookKind
from runner.policy.price_check import (
    Phase,
    PriceCheck,
    Spending,
    begin_check,
    compare_spending,
    infer_prices,
    measure,
)
from runner.takes import Billing, Doubled, MeasuredPrice, PriceState, Take, TakeState

ONE = Decimal(1)
FOUR = Decimal(4)


def falls(
    *sends: int | Decimal | None, room: int | None = None, price: Decimal = ONE
) -> PriceCheck:
    """Return the check after single sends during which the wallet fell by so much."""
    check = PriceCheck(LookKind.PROMPT, price)
    for fall in sends:
        assert check.goes_alone
        check = check.after_send(None if fall is None else Decimal(fall))
        held = sum((max(price, one) for one in check.falls), Decimal(0))
        check = check.before_send(None if room is None else Decimal(room) - held)
    return check


@pytest.mark.parametrize(
    ("sends", "room", "phase"),
    [
        ((1,), None, Phase.CONFIRMED),
        ((0,), None, Phase.UNMOVED),
        ((None,), None, Phase.UNCONFIRMED),
        ((None, None, None, 1), None, Phase.CONFIRMED),
        ((4,), None, Phase.SUSPECTED),
        ((4,), 8, Phase.SUSPECTED),
        ((4,), 7, Phase.CONTRADICTED),  # a second send at $4 would pass the ceiling
        ((4,), 5, Phase.CONTRADICTED),
        ((4, None), None, Phase.SUSPECTED),
        ((4, 4), None, Phase.CONTRADICTED),
        ((4, 1), None, Phase.CONFIRMED),  # somebody else bought the other three
        ((4, 3), None, Phase.CONTRADICTED),
        ((4, 0), None, Phase.CONTRADICTED),
        ((4, -70), None, Phase.CONTRADICTED),
        ((-70,), 1, Phase.UNCONFIRMED),  # somebody filled the wallet up
        ((-70, -70), None, Phase.UNMOVED),
        ((-70, 4), None, Phase.CONTRADICTED),
        ((-70, 1), None, Phase.CONFIRMED),
        ((Decimal("0.5"),), 1, Phase.CONTRADICTED),  # no room for the planned price either
        ((Decimal("0.5"),), 2, Phase.SUSPECTED),
    ],
)
def test_a_price_is_confirmed_or_contradicted_by_two_single_sends_at_the_most(
    sends: tuple[int | Decimal | None, ...], room: int | None, phase: Phase
) -> None:
    assert falls(*sends, room=room).phase is phase


def test_what_is_remembered_is_the_least_that_left_the_wallet() -> None:
    confirmed = MeasuredPrice(ONE, PriceState.CONFIRMED, ONE)
    contradicted = MeasuredPrice(FOUR, PriceState.CONTRADICTED, ONE, 2)
    assert falls(1).measured == confirmed
    assert falls(0).measured is None
    assert falls(4).measured == MeasuredPrice(FOUR, PriceState.SUSPECTED, ONE, 1)
    assert falls(4, 4).measured == contradicted
    assert contradicted.is_settled
    odd = falls(7, 4).measured
    assert odd is not None
    assert (odd.usd, odd.is_settled) == (FOUR, False)


def test_a_price_of_nothing_is_never_confirmed_by_a_wallet_that_did_not_move() -> None:
    assert falls(0, price=Decimal(0)).phase is Phase.UNMOVED
    assert falls(1, price=Decimal(0)).phase is Phase.SUSPECTED


@pytest.mark.parametrize(
    ("known", "phase"),
    [
        (None, Phase.UNCONFIRMED),
        (MeasuredPrice(ONE, PriceState.CONFIRMED, ONE), Phase.CONFIRMED),
        (MeasuredPrice(ONE, PriceState.CONTRADICTED, FOUR, 2), Phase.CONFIRMED),
        (MeasuredPrice(ONE, PriceState.CONTRADICTED, FOUR, 1), Phase.UNCONFIRMED),
        (MeasuredPrice(FOUR, PriceState.CONFIRMED, FOUR), Phase.UNCONFIRMED),
        (MeasuredPrice(FOUR, PriceState.SUSPECTED, ONE), Phase.SUSPECTED),
        (MeasuredPrice(FOUR, PriceState.SUSPECTED, FOUR + 1), Phase.UNCONFIRMED),
        (MeasuredPrice(FOUR, PriceState.CONTRADICTED, ONE, 2), Phase.UNCONFIRMED),
    ],
)
def test_a_check_begins_with_what_the_account_is_known_to_take(
    known: MeasuredPrice | None, phase: Phase
) -> None:
    check = begin_check(LookKind.PROMPT, ONE, known)
    assert check.phase is phase
    if phase is Phase.SUSPECTED:  # the next send is the second, not another first
        assert check.after_send(FOUR).phase is Phase.CONTRADICTED
        assert check.before_send(FOUR) is check
        assert check.before_send(FOUR - ONE).phase is Phase.CONTRADICTED
    else:
        assert check.before_send(Decimal(0)) is check


@pytest.mark.parametrize(
    ("after", "owed", "reload", "fall"),
    [
        ("9", "0", None, "1"),
        ("9.0000000001", "0", None, "1"),
        ("10", "0", None, "0"),
        ("6", "0", None, "4"),
        ("15", "0", None, "-5"),
        ("84", "0", "75", "1"),  # the wallet fell below its threshold, and filled itself up
        ("9", "1", None, "0"),  # only what was bought before shows
        ("8", "1", None, "1"),
        ("5", "1", None, "4"),
        ("9.5", "1", None, "0"),
        ("6", "0", "75", "4"),  # it did not fill itself up
        ("83", "1", "75", "1"),
        ("15", "1", None, "-5"),
        ("9.1", "0.2", None, "0.7"),
        ("8.0000000001", "1", None, "1"),
        ("8.997", "1", None, "0"),
        ("8.995", "0", None, "1.005"),  # to half a cent, and not more
        ("9.995", "0", None, "0.005"),
        ("10.005", "0", None, "-0.005"),
    ],
)
def test_a_fall_is_what_one_generation_cost(
    after: str, owed: str, reload: str | None, fall: str
) -> None:
    filled = Decimal(reload) if reload else None
    found = measure(Decimal(10), Decimal(after), ONE, owed=Decimal(owed), reload=filled)
    assert found == Decimal(fall)


def take(run: str, kind: LookKind, price: str, billing: Billing = Billing.BILLED) -> Take:
    uid = f"{run}-{kind}-{price}-{billing}"
    state = TakeState.FAILED if billing is Billing.ASSUMED else TakeState.FETCHED
    return Take(*(uid, "a", 1, kind, "i", "{}", "n", state, billing), price=Decimal(price), run=run)


def spent(run: str, dollars: str) -> Spending:
    return Spending(run, Decimal(100), Decimal(100) - Decimal(dollars))


def test_runs_of_an_older_ledger_confirm_a_price_where_the_wallet_agrees() -> None:
    photo, prompt = LookKind.PHOTO, LookKind.PROMPT
    both = [take("r", photo, "1"), take("r", prompt, "2")]
    prices = infer_prices(both, [spent("r", "3")])
    assert {kind: price.usd for kind, price in prices.items()} == {photo: ONE, prompt: Decimal(2)}
    assert all(price.is_settled for price in prices.values())
    failed = take("r", prompt, "1", Billing.ASSUMED)
    mixed = [take("r", prompt, "1"), take("r", prompt, "2")]
    for takes, dollars in (
        (both, "4"),  # it cost more than was planned
        ([*both, failed], "4"),
        ([*both, failed], "3"),  # a failure that may have been billed, and another price
        (mixed, "3"),  # the sum agrees, and says nothing of either price
        ([take("r", prompt, "0")], "0"),
        ([], "0"),
    ):
        assert infer_prices(takes, [spent("r", dollars)]) == {}


@pytest.mark.parametrize(
    ("left", "amount"),
    [
        ("3", 0),
        ("4", 0),
        ("3.5", 0),
        ("4.001", 0),  # less than half a cent
        ("5", 1),
        ("7", 3),
        ("2", "-1"),
        ("-72", "-75"),
    ],
)
def test_what_left_the_wallet_is_compared_with_what_the_ledger_can_explain(
    left: str, amount: str
) -> None:
    takes = [
        take("r", LookKind.PROMPT, "2"),
        take("r", LookKind.PROMPT, "1", Billing.ASSUMED),
        take("other", LookKind.PROMPT, "7"),
    ]
    doubled = [
        Doubled("look-8", "n", "a#1", ONE, run="r"),
        Doubled("look-9", "n", "a#1", FOUR, run="other"),
    ]
    found = compare_spending(takes, spent("r", left), doubled=doubled)
    assert (found.known, found.possible) == (Decimal(3), ONE)
    assert found.amount == Decimal(amount)
