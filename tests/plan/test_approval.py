"""The gate: what a person must approve before anything is made from it."""

from dataclasses import replace

import jsonschema

from runner.model import BASE, Campaign
from runner.plan import ResolvedOptions, plan
from runner.plan.approvals import find_awaited
from runner.plan.model import Plan
from runner.plan.options import resolve_options
from runner.plan.request import Request
from runner.plan.saved_plan import plan_document
from runner.resources import schema
from runner.reviews import Review, ReviewState
from runner.takes import Snapshot, TakeState
from tests.executor.harness import campaign, look
from tests.plan.made import held, take

SPRING = campaign(look("navy"), look("night", on="navy"), look("free", on=None))


def gated(spring: Campaign, *keys: str) -> Campaign:
    looks = tuple(one._replace(approval=one.key in keys) for one in spring.looks)
    return replace(spring, looks=looks)


GATED = gated(SPRING, BASE)


def told(made: Plan) -> dict[str, tuple[str, str, int]]:
    return {a.key: (str(a.action), a.reason, a.waiting) for a in made.actions}


def reviewed(known: Snapshot, state: ReviewState, key: str = BASE) -> Snapshot:
    (made,) = known.takes[key]
    return replace(known, reviews={made.uid: Review(state, "too dark", "Ada", 1.0)})


def test_a_first_run_buys_the_base_and_what_is_made_from_it_waits_outside_of_the_sum() -> None:
    made = plan(GATED, Snapshot())
    why = "waits for approval of base#1"
    assert told(made) == {
        BASE: ("create", "new", 0),
        "navy": ("blocked", why, 1),
        "night": ("blocked", f"navy is not usable: {why}", 1),
        "free": ("create", "new", 0),
    }
    document = plan_document(made)
    jsonschema.validate(document, schema("plan"))
    assert (document["count"], document["cost_usd"]) == (2, 2.0)
    assert document["waiting"] == {"count": 2, "cost_usd": 2.0}
    assert not find_awaited(made, Snapshot())  # there is nothing to look at yet


def test_an_approval_lets_everything_follow_and_a_rejection_says_why_not() -> None:
    there = held(take(GATED, BASE))
    made = plan(GATED, there)
    assert told(made)["navy"] == ("blocked", "waits for approval of base#1", 1)
    assert [one.label for one in find_awaited(made, there)] == ["base#1"]
    approved = reviewed(there, ReviewState.APPROVED)
    assert (plan(GATED, approved).count, plan(GATED, approved).waiting) == (3, 0)
    rejected = plan(GATED, reviewed(there, ReviewState.REJECTED))
    assert told(rejected)["navy"][1] == "waits for approval of base#1, which was rejected: too dark"
    assert (rejected.count, rejected.waiting) == (1, 2)  # nothing is bought by it


def test_what_has_failed_is_a_retrys_and_only_that_waits_for_the_approval() -> None:
    there = held(take(GATED, BASE), take(GATED, "navy", state=TakeState.FAILED))
    made = plan(GATED, there)
    action, why, waiting = told(made)["navy"]
    assert (action, waiting) == ("blocked", 0)
    assert why == "navy#1 failed: no reason given; `lookbook retry` buys it again"
    assert [one.label for one in find_awaited(made, there)] == ["base#1"]  # shown all the same
    asked = resolve_options(GATED, there, Request(retry=True))
    assert asked.selected is not None
    assert "navy" in asked.selected
    assert told(plan(GATED, there, asked))["navy"] == ("blocked", "waits for approval of base#1", 1)


def test_an_approval_belongs_to_the_take_so_another_pick_waits_again() -> None:
    there = held(take(GATED, BASE), take(GATED, BASE, 2))
    first, second = there.takes[BASE]
    there = replace(there, reviews={first.uid: Review(ReviewState.APPROVED, at=1.0)})
    assert plan(GATED, there).count == 3
    again = replace(there, picks={**there.picks, BASE: second.uid})
    assert told(plan(GATED, again))["navy"][1] == "waits for approval of base#2"


def test_what_an_edit_or_a_send_will_make_is_named_as_far_as_that_is_known() -> None:
    under_way = replace(take(GATED, BASE), state=TakeState.PROCESSING, avatar_id=None)
    assert "of base#1" in told(plan(GATED, held(under_way)))["navy"][1]
    not_bought = replace(take(GATED, BASE), state=TakeState.PLANNED, avatar_id=None)
    assert "of base#1" in told(plan(GATED, held(not_bought)))["navy"][1]  # it is sent again
    several = replace(GATED, looks=tuple(one._replace(takes=2) for one in GATED.looks))
    assert told(plan(several, Snapshot()))["navy"][1] == "waits for approval of base"
    edited = campaign(look("navy", "another prompt"), look("night", on="navy"))
    known = reviewed(held(take(SPRING, BASE), take(SPRING, "navy")), ReviewState.APPROVED, "navy")
    why = told(plan(gated(edited, "navy"), known))["night"]
    assert why == ("blocked", "waits for approval of navy#2", 1)


def test_what_is_there_stays_and_is_not_renewed_from_what_nobody_approved() -> None:
    there = held(take(GATED, BASE), take(GATED, "navy"))
    assert told(plan(GATED, there))["navy"][0] == "keep"
    stale = held(take(GATED, BASE), take(GATED, "navy", reference_id="an older take"))
    every = ResolvedOptions(cascade=frozenset({"navy"}))
    action, why, _ = told(plan(GATED, stale, every))["navy"]
    assert action == "stale"
    assert why.endswith("it cannot be regenerated: waits for approval of base#1")
