"""What a look at HeyGen says of its take: every state with every status, known or not."""

from itertools import product

from runner.policy.lifecycle import TABLE, Event, next_state
from runner.policy.look_events import STATUSES, UNKNOWN_STATUS, events_of
from runner.replies import LookData
from runner.takes import TakeState

PICTURE = "https://images.example/1"
TOLD = "HeyGen shows the status on_hold"


def shown(status: str | None, *, picture: bool = True, words: str | None = None) -> LookData:
    url = PICTURE if picture else None
    return LookData("look_1", "Sarah", "photo_avatar", "group_1", status, None, words, url)


def test_every_state_and_status_lead_through_the_table_and_are_told_once() -> None:
    statuses = [*STATUSES, "on_hold", "unreadable", ""]
    for state, status, picture, told in product(TakeState, statuses, (True, False), (None, TOLD)):
        at, code, words = state, UNKNOWN_STATUS if told else None, told
        for event, facts in events_of(state, shown(status, picture=picture), now=7.0, shown=told):
            assert event in TABLE[at], (state, status)
            at = next_state(at, event)
            code, words = facts.get("error_code", code), facts.get("error_message", words)
        if state not in (TakeState.PROCESSING, TakeState.PENDING_CONSENT):
            assert at is state
            continue
        unknown = status not in STATUSES
        assert (code == UNKNOWN_STATUS) == unknown, (state, status, told)
        if unknown:
            assert at is TakeState.PROCESSING  # also where a consent was waited for
            assert (status or "") in (words or "")
            again = events_of(at, shown(status, picture=picture), now=8.0, shown=words)
            assert again == []
        ready = status in (None, "completed") and picture
        assert (at is TakeState.COMPLETED) == ready
        assert (at is TakeState.FAILED) == (status == "failed")


def test_the_message_beside_an_unknown_status_is_kept() -> None:
    ((event, facts),) = events_of(TakeState.PROCESSING, shown("on_hold", words="why"), now=1.0)
    assert event is Event.SHOWN
    assert facts == {"error_code": UNKNOWN_STATUS, "error_message": f"{TOLD}: why"}


def test_a_look_that_waits_for_consent_tells_its_group_since_the_page_is_the_group_s() -> None:
    ((event, facts),) = events_of(TakeState.PROCESSING, shown("pending_consent"), now=1.0)
    assert (event, facts) == (Event.CONSENT, {"group_id": "group_1"})
