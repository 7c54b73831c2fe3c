"""What a look is called, by its takes and by what the plan would do with it."""

import json
from dataclasses import replace

import jsonschema
import pytest

from runner.model import BASE
from runner.plan import plan
from runner.plan.look_state import look_states
from runner.resources import schema
from runner.results.writer import results_document, serialize_results
from runner.takes import Snapshot, Take, TakeState
from tests.executor.harness import campaign, look
from tests.plan.made import held, take

SPRING = campaign(look("navy"), look("night", on="navy"))
EDITED = campaign(look("navy", "a red blazer"), look("night", on="navy"))
FEWER = campaign(look("other"))


def called(snapshot: Snapshot, key: str = "navy", *, wanted: object = EDITED) -> str:
    return str(look_states(plan(wanted, snapshot).actions, snapshot)[key])  # type: ignore[arg-type]


def navy(state: TakeState) -> Take:
    picture = state is TakeState.FETCHED
    return replace(take(SPRING, "navy"), state=state, image="navy.png" if picture else None)


@pytest.mark.parametrize(
    ("state", "before", "after"),
    [
        (TakeState.FETCHED, "fetched", "changed"),
        (TakeState.COMPLETED, "completed", "changed"),
        (TakeState.FAILED, "failed", "changed"),
        (TakeState.PROCESSING, "processing", "changed"),
        (TakeState.UNKNOWN, "unknown", "changed"),
        (TakeState.DELETED, "planned", "changed"),
        (TakeState.PLANNED, "planned", "planned"),
    ],
)
def test_a_look_that_was_edited_is_changed_once_anything_was_sent(
    state: TakeState, before: str, after: str
) -> None:
    there = held(take(SPRING, BASE), navy(state))
    assert called(there, wanted=SPRING) == before
    assert called(there) == after


def test_an_edit_that_was_sent_is_in_its_own_state() -> None:
    edit = replace(take(EDITED, "navy", 2), state=TakeState.PROCESSING)
    assert called(held(take(SPRING, BASE), take(SPRING, "navy"), edit)) == "processing"


def test_what_an_edited_look_needs_and_cannot_have_blocks_it() -> None:
    broken = replace(take(SPRING, BASE), state=TakeState.FAILED)
    assert called(held(broken, take(SPRING, "navy"))) == "blocked"


def test_a_look_that_the_manifest_no_longer_has_is_in_its_picks_state() -> None:
    later = replace(take(EDITED, "navy", 2), state=TakeState.FAILED)
    there = held(take(SPRING, BASE), take(SPRING, "navy"), later)
    assert called(there, wanted=FEWER) == "fetched"


def test_a_changed_look_keeps_picture_and_bill_and_says_why() -> None:
    there = held(take(SPRING, BASE), take(SPRING, "navy"))
    results = json.loads(
        "".join(serialize_results(results_document(EDITED, there, plan(EDITED, there), None, None)))
    )
    jsonschema.validate(results, schema("results"))
    entry = next(entry for entry in results["looks"] if entry["look"] == "navy")
    assert (entry["state"], entry["cost_usd"]) == ("changed", 1.0)
    assert (entry["image"], entry["avatar_id"]) == ("images/navy.1.png", "id-navy-1")
    assert entry["reason"].startswith("prompt changed")
