"""The table of states and events: total, walked, drawn, and never without an end."""

from itertools import product
from pathlib import Path

import pytest

from runner.policy import lifecycle
from runner.policy.lifecycle import BILLING, TABLE, Event, ImpossibleEvent, after
from runner.takes import Billing, TakeState

DRAWING = Path(__file__).parents[2] / "docs" / "lifecycle.md"


def test_every_state_has_a_row() -> None:
    assert set(TABLE) == set(TakeState)


def test_every_event_happens_somewhere() -> None:
    assert {event for row in TABLE.values() for event in row} == set(Event)


@pytest.mark.parametrize(("state", "event"), list(product(TakeState, Event)))
def test_every_pair_either_moves_or_is_impossible(state: TakeState, event: Event) -> None:
    if event in TABLE[state]:
        assert after(state, event) is TABLE[state][event]
    else:
        with pytest.raises(ImpossibleEvent, match=str(event)):
            after(state, event)


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
    assert away == {Event.ACCEPTED, Event.FOUND, Event.ABSOLVED}


def test_nothing_that_was_bought_is_ever_planned_again() -> None:
    bought = (TakeState.PROCESSING, TakeState.PENDING_CONSENT, TakeState.COMPLETED)
    for state in (*bought, TakeState.FETCHED, TakeState.FAILED):
        assert TakeState.PLANNED not in TABLE[state].values()
        assert TakeState.SUBMITTING not in TABLE[state].values()


@pytest.mark.parametrize(
    ("event", "billing"),
    [
        (Event.INTENDED, Billing.RESERVED),
        (Event.LOST, Billing.UNKNOWN),
        (Event.RESENT, Billing.UNKNOWN),
        (Event.ACCEPTED, Billing.BILLED),
        (Event.FOUND, Billing.BILLED),
        (Event.FAILED, Billing.ASSUMED),
        (Event.REFUNDED, Billing.REFUNDED),
        (Event.REFUSED, Billing.NONE),
        (Event.DEFERRED, Billing.NONE),
        (Event.ABSOLVED, Billing.NONE),
    ],
)
def test_what_an_event_says_of_the_money(event: Event, billing: Billing) -> None:
    assert BILLING[event] is billing


def test_the_documentation_draws_every_transition() -> None:
    drawn = DRAWING.read_text("utf-8")
    for state, row in TABLE.items():
        for event, target in row.items():
            assert f"{state} --> {target}: {event}" in drawn, f"{state} --{event}--> {target}"


def test_every_event_and_state_is_described() -> None:
    drawn = DRAWING.read_text("utf-8")
    for name in [*Event, *TakeState]:
        assert f"`{name}`" in drawn
    assert lifecycle.__doc__
