"""Every charge has its reason, read from what there was of its look before."""

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import jsonschema
import pytest

from runner.cli.commands.money import money_text
from runner.resources import schema
from runner.results.charges import Cause, charges_document, list_charges
from runner.takes import Billing, Doubled, Snapshot, Take, TakeState
from tests.executor.harness import campaign, look
from tests.plan.made import held, take

NOVEMBER, DECEMBER = 1_795_000_000.0, 1_796_400_000.0
DIM = campaign(look("a", "a navy blazer, light"), look("night", on="a"))
WASHED = campaign(look("a", "a navy blazer, washed"), look("night", on="a"))
FIRST = take(DIM, "a", sent_at=NOVEMBER)
FAILED = replace(
    FIRST, state=TakeState.FAILED, billing=Billing.ASSUMED, error_message="HeyGen gave no reason"
)
NIGHT = take(DIM, "night", sent_at=NOVEMBER)


@pytest.mark.parametrize(
    ("before", "bought", "cause", "reason"),
    [
        ([], FIRST, Cause.NEW, "new"),
        (
            [FIRST],
            take(WASHED, "a", 2),
            Cause.EDITED,
            "prompt changed: `light` → `washed`",
        ),
        ([FIRST], take(DIM, "a", 2, reroll=True), Cause.ANOTHER, "another take"),
        ([FIRST], take(DIM, "a", 2), Cause.ANOTHER, "another take"),
        ([FAILED], take(DIM, "a", 2), Cause.AGAIN, "a#1 failed: HeyGen gave no reason"),
        (
            [replace(FIRST, state=TakeState.DELETED)],
            take(DIM, "a", 2),
            Cause.DELETED,
            "a#1 was deleted at HeyGen",
        ),
        (
            [FIRST, take(DIM, "a", 2, reroll=True), NIGHT],
            take(DIM, "night", 2, replaces=NIGHT.uid, reference_id="id-a-2"),
            Cause.RENEWED,
            "reference regenerated: a#1 → a#2",
        ),
    ],
)
def test_a_charge_says_why_it_was_made(
    before: list[Take], bought: Take, cause: Cause, reason: str
) -> None:
    bought = replace(bought, sent_at=DECEMBER)
    (charge,) = [
        charge for charge in list_charges(held(*before, bought)) if charge.take == bought.label
    ]
    assert (charge.cause, charge.reason, charge.usd) == (cause, reason, Decimal(1))


def filled() -> Snapshot:
    """Return a ledger with a charge of every kind of certainty, and two that were none."""
    kinds = [Billing.BILLED, Billing.ASSUMED, Billing.UNKNOWN, Billing.RESERVED]
    takes = [
        take(DIM, "a", number, billing=billing, sent_at=at, request_id="=1+1", run="run-1")
        for number, (billing, at) in enumerate(
            zip(
                [*kinds, Billing.REFUNDED, Billing.NONE],
                [NOVEMBER, NOVEMBER + 1, DECEMBER, None, DECEMBER, DECEMBER],
                strict=True,
            ),
            start=1,
        )
    ]
    twice = Doubled("look-9", "Sarah — a", "a#1", Decimal("1.25"), "run-1")
    return replace(held(*takes), doubled=(twice,))


def test_sums_by_month_and_by_cause_are_those_of_the_rows() -> None:
    document = charges_document(filled(), "spring")
    jsonschema.validate(document, schema("money"))
    assert document["total_usd"] == 5.25 == sum(row["usd"] for row in document["charges"])
    assert document["months"] == [
        {"month": "2026-11", "charges": 3, "usd": 3.25},
        {"month": "2026-12", "charges": 1, "usd": 1.0},
        {"month": "unknown", "charges": 1, "usd": 1.0},
    ]
    assert sum(row["usd"] for row in document["causes"]) == 5.25
    dates = [row["date"] for row in document["charges"] if row["date"] is not None]
    assert all(re.fullmatch(r"2026-1[12]-\d\dT\d\d:\d\d:\d\dZ", date) for date in dates)
    assert len(dates) == 4
    assert {row["cause"] for row in document["causes"]} == {"new", "another take", "made twice"}


def test_every_cause_is_in_the_schema() -> None:
    assert schema("money")["definitions"]["cause"]["enum"] == list(Cause)


def test_the_table_fits_and_says_what_is_not_certain() -> None:
    wallet: dict[str, Any] = {"after": 36.0}
    text = money_text(charges_document(filled(), "spring"), wallet, width=60)
    assert max(map(len, text.splitlines()[:-1])) <= 60
    assert "charged?" in text
    assert text.splitlines()[-1] == (
        "total $5.25, of which $4.25 may turn out not to be charged; the wallet held $36.00 after "
        "the last run that bought"
    )
    assert money_text(charges_document(Snapshot(), "spring"), None) == "Nothing was charged."
