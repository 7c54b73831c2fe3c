"""The table of states and events: total, walked, described, and never without an end."""

import re
from itertools import product
from pathlib import Path

from runner.policy import lifecycle
from runner.policy.lifecycle import BILLING, TABLE, Event, ImpossibleEvent, next_state
from runner.takes import COUNTING, Billing, TakeState

PAGE = Path(__file__).parents[2] / "docs" / "lifecycle.md"


def test_every_state_has_a_row() -> None:
    assert set(TABLE) == set(TakeState)


def test_every_event_happens_somewhere() -> None:
    assert {event for row in TABLE.values() for event in row} == set(Event)


def test_the_drawing_in_the_code_has_every_event_and_state_under_its_name() -> None:
    drawn = set(re.findall(r"\b[A-Z_]{4,}\b", lifecycle.__doc__ or ""))
    assert drawn == {one.name for one in (*Event, *TakeState)}


def test_what_is_not_in_the_table_is_impossible() -> None:
    impossible = {}
    for state, event in product(TakeState, Event):
        try:
            next_state(state, event)
        except ImpossibleEvent as error:
            impossible[state, event] = str(error)
    listed = {(state, event) for state, row in TABLE.items() for event in row}
    assert set(impossible) == set(product(TakeState, Event)) - listed
    told = {(s, e): f"a take that is {s} cannot meet the event {e}" for s, e in impossible}
    assert impossible == told


def test_every_state_can_be_reached_from_planned() -> None:
    reached = {TakeState.PLANNED}
    while True:
        more = reached | {state for known in reached for state in TABLE[known].values()}
        if more == reached:
            break
        reached = more
    assert reached == set(TakeState)


def test_from_unknown_only_a_purchase_a_search_or_a_person_leads_away() -> None:
    away = {event for event, state in TABLE[TakeState.UNKNOWN].items() if state != "unknown"}
    assert away == {Event.ACCEPTED, Event.FOUND, Event.NOT_BOUGHT}


def test_nothing_that_was_bought_is_ever_planned_again() -> None:
    bought = (TakeState.PROCESSING, TakeState.PENDING_CONSENT, TakeState.COMPLETED)
    for state in (*bought, TakeState.FETCHED, TakeState.FAILED):
        assert TakeState.PLANNED not in TABLE[state].values()
        assert TakeState.SUBMITTING not in TABLE[state].values()


def test_only_what_was_decisively_refused_or_paid_by_nobody_holds_no_money() -> None:
    holding = {event for event, billing in BILLING.items() if billing in COUNTING}
    certain = {Event.REFUSED, Event.RETURNED, Event.NOT_BOUGHT, Event.REFUNDED, Event.ADOPTED}
    assert set(BILLING) - holding == certain
    # A look that is there was charged for; whether a failed one was, nobody says.
    assert {e for e, billing in BILLING.items() if billing is Billing.BILLED} == {
        Event.ACCEPTED,
        Event.FOUND,
        Event.RECOVERED,
    }
    assert BILLING[Event.FAILED] is Billing.ASSUMED
    assert BILLING[Event.REFUNDED] is Billing.REFUNDED


def test_every_event_and_state_is_described() -> None:
    told = PAGE.read_text("utf-8")
    for name in [*Event, *TakeState]:
        assert f"`{name}`" in told
    assert lifecycle.__doc__
