"""What events amount to: the state that a ledger's tables cache."""

from decimal import Decimal
from typing import Any

import pytest

from runner.ledger.events import Entry, LedgerState, Note, apply_event
from runner.ledger.facts import price_facts
from runner.model import LookKind
from runner.policy.lifecycle import Event, ImpossibleEvent
from runner.reviews import ReviewState
from runner.takes import Billing, MeasuredPrice, PriceState, TakeState

MADE = {"kind": "prompt", "identity": "i", "ingredients": "", "name": "Sarah", "price": "1.00"}


def fold(*events: tuple[str, str | None, dict[str, Any]]) -> LedgerState:
    state = LedgerState()
    for at, (kind, take, facts) in enumerate(events):
        apply_event(state, Entry(float(at), "run", take, kind, facts))
    return state


def sent(uid: str, look: str, number: int) -> tuple[str, str, dict[str, Any]]:
    return Event.INTENDED, uid, {**MADE, "look": look, "number": number}


def picked(look: str, take: str) -> tuple[str, None, dict[str, Any]]:
    return Note.PICKED, None, {"look": look, "take": take}


def test_a_pick_moves_with_its_take_and_another_take_leaves_it_where_it_is() -> None:
    two = [sent("one", "old", 1), sent("two", "old", 2), picked("old", "one")]
    assert fold(*two, (Note.MOVED, "one", {"look": "new"})).picks == {"new": "one"}
    assert fold(*two, (Note.MOVED, "two", {"look": "new"})).picks == {"old": "one"}
    assert fold(*two, (Note.MOVED, "one", {"look": "old"})).picks == {"old": "one"}


def test_no_number_of_a_look_is_given_twice() -> None:
    state = fold(sent("one", "old", 1), sent("two", "old", 2), (Note.MOVED, "two", {"look": "new"}))
    assert state.numbers == {"old": 2, "new": 2}
    assert fold(sent("two", "a", 2), sent("one", "a", 1)).numbers == {"a": 2}


def test_what_an_event_says_of_the_money_counts_more_than_what_it_usually_means() -> None:
    bought = [sent("one", "a", 1), (Event.ACCEPTED, "one", {"avatar_id": "look-1"})]
    take = fold(*bought).takes["one"]
    assert (take.state, take.billing) == (TakeState.PROCESSING, Billing.BILLED)
    assert take.price == Decimal("1.00")
    found = [sent("one", "a", 1), (Event.LOST, "one", {}), (Event.FOUND, "one", {})]
    assert fold(*found).takes["one"].billing is Billing.BILLED  # as older ledgers have it
    found[-1] = (Event.FOUND, "one", {"billing": "assumed_billed"})
    assert fold(*found).takes["one"].billing is Billing.ASSUMED
    dearer = (Note.REPRICED, "one", {"price": "4"})
    assert fold(*bought, dearer).takes["one"].price == Decimal(4)


def test_the_last_price_that_a_wallet_showed_of_a_kind_counts() -> None:
    four, confirmed = (
        MeasuredPrice(Decimal(4), state, Decimal(1), sends=sends)
        for state, sends in ((PriceState.CONTRADICTED, 1), (PriceState.CONFIRMED, 2))
    )
    told = [
        (Note.PRICE_MEASURED, None, price_facts(LookKind.PROMPT, one)) for one in (four, confirmed)
    ]
    assert fold(told[0]).prices == {LookKind.PROMPT: four}
    assert fold(*told).prices == {LookKind.PROMPT: confirmed}


@pytest.mark.parametrize(
    ("accepted", "state"), [(True, ReviewState.APPROVED), (False, ReviewState.UNDECIDED)]
)
def test_a_face_that_was_accepted_in_an_older_ledger_is_approved(
    accepted: bool, state: ReviewState
) -> None:
    facts = {"take": "one", "accepted": accepted, "by": "Ann"}
    review = fold(sent("one", "a", 1), (Note.FACE_ACCEPTED, None, facts)).reviews["one"]
    assert (review.state, review.by, review.at) == (state, "Ann", 1.0)


def test_an_event_that_cannot_happen_changes_nothing() -> None:
    state = fold(sent("one", "a", 1))
    before = state.takes["one"]
    with pytest.raises(ImpossibleEvent):
        apply_event(state, Entry(9.0, "run", "one", Event.REFUNDED, {}))
    assert state.takes == {"one": before}


def test_an_upload_that_is_forgotten_is_forgotten_for_every_content() -> None:
    saved = [(Note.ASSET_SAVED, None, {"sha256": s, "asset_id": a}) for s, a in ("xa", "yb", "za")]
    state = fold(*saved, (Note.ASSET_FORGOTTEN, None, {"asset_id": "a"}))
    assert state.assets == {"y": "b"}
