"""Saved plans: the same document, and a refusal that says what moved."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import jsonschema
import pytest

from runner.model import BASE, Campaign, FileImage, Prices
from runner.plan import plan
from runner.plan.options import apply_options, resolve_options
from runner.plan.request import Request
from runner.plan.saved_plan import (
    find_changes,
    plan_document,
    read_saved_plan,
    serialize_plan,
)
from runner.resources import schema
from runner.reviews import Review, ReviewState
from runner.takes import Account, Snapshot
from tests.executor.harness import campaign, look, photo
from tests.plan.made import ACCOUNT, done, held, take

SPRING = campaign(look("navy"), look("night", on="navy"))
THERE = held(take(SPRING, "base"))
WISHES = Request(
    variables=(("light", "soft"),),
    select=("+navy",),
    cascade=True,
    takes=2,
    prices=(("prompt", Decimal("1.25")),),
)


def saved(
    request: Request = WISHES, made_for: Campaign = SPRING, snapshot: Snapshot = THERE
) -> dict[str, Any]:
    adjusted_to = apply_options(made_for, request)
    made = plan(adjusted_to, snapshot, resolve_options(adjusted_to, snapshot, request))
    kept = serialize_plan(made, adjusted_to, snapshot, request)
    text: dict[str, Any] = json.loads(json.dumps(kept))
    return text


def now(
    kept: dict[str, Any],
    campaign_now: Campaign = SPRING,
    snapshot: Snapshot = THERE,
    account: Account = ACCOUNT,
) -> list[str]:
    again = read_saved_plan(kept)
    same = apply_options(campaign_now, again)
    made = plan(same, snapshot, resolve_options(same, snapshot, again))
    return [str(one) for one in find_changes(kept, made, same, snapshot, account)]


def test_a_saved_plan_is_the_printed_one_and_what_it_was_made_from() -> None:
    kept = saved()
    made_from = kept.pop("saved")
    wished = apply_options(SPRING, WISHES)
    assert kept == plan_document(plan(wished, THERE, resolve_options(wished, THERE, WISHES)))
    assert made_from["variables"] == {"light": "soft"}
    assert (kept["count"], kept["cost_usd"]) == (2, 2.5)


@pytest.mark.parametrize("form", [saved(), plan_document(plan(SPRING, Snapshot()))])
def test_both_forms_keep_to_the_schema(form: dict[str, Any]) -> None:
    jsonschema.validate(form, schema("plan"))


def test_the_schema_refuses_what_is_no_plan() -> None:
    wrong = saved()
    wrong["actions"][0]["action"] = "destroy"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schema("plan"))


def test_the_wishes_come_back_as_they_were() -> None:
    kept = saved()
    assert read_saved_plan(kept) == replace(WISHES, saved=kept)


def test_nothing_has_moved_when_nothing_has_changed() -> None:
    assert now(saved()) == []


def test_a_changed_look_is_named() -> None:
    changed = campaign(look("navy", "another"), look("night", on="navy"))
    assert now(saved(), changed) == ["the manifest: navy changed"]


def test_a_new_and_a_removed_look_are_named() -> None:
    changed = campaign(look("navy"), look("red"))
    assert now(saved(), changed) == ["the manifest: night is gone, red is new"]


def test_what_costs_nothing_moves_nothing() -> None:
    same = campaign(
        look("navy")._replace(title="Office", tags=("hero",), line=7), look("night", on="navy")
    )
    assert now(saved(), same) == []


def test_a_file_whose_content_changed_is_named_and_the_manifest_is_not_blamed() -> None:
    base = SPRING.looks[0]
    assert isinstance(base.photo, FileImage)
    other = base._replace(photo=base.photo._replace(sha256="cd" * 32))
    changed = campaign(other, *SPRING.looks[1:])
    assert now(saved(), changed) == ["a file: a.png"]


def test_another_price_is_shown() -> None:
    dearer = replace(SPRING, prices=Prices(photo=Decimal(2), prompt=Decimal(1)))
    assert now(saved(), dearer) == [
        "the price: photo $1.00, prompt $1.25 → photo $2.00, prompt $1.25"
    ]


def test_a_ledger_that_bought_something_since_is_said() -> None:
    assert now(saved(), snapshot=held(take(SPRING, "base"), take(SPRING, "navy"))) == [
        "the ledger: something was bought, picked or deleted since"
    ]


def test_another_pick_is_a_ledger_that_moved() -> None:
    both = (take(SPRING, "base"), take(SPRING, "base", 2))
    kept = saved(snapshot=held(*both))
    assert now(kept, snapshot=held(*both)) == []
    assert now(kept, snapshot=held(*both, picks={"base": "base-2"})) != []


def test_a_picture_that_was_fetched_since_moves_nothing() -> None:
    unfetched = take(SPRING, "base", state=THERE.takes["base"][0].state.COMPLETED, image=None)
    assert now(saved(snapshot=held(unfetched))) == []


def test_another_account_is_said() -> None:
    assert now(saved(), account=Account("api.example", "other")) == [
        "the account: api.example/me → api.example/other"
    ]


def test_a_plan_from_before_the_first_run_holds_for_an_account_without_takes() -> None:
    fresh = saved(snapshot=Snapshot())
    assert now(fresh, snapshot=Snapshot(account=ACCOUNT)) == []
    assert now(fresh, snapshot=done(SPRING)) != []


def test_a_plan_that_comes_out_otherwise_says_where() -> None:
    kept = saved()
    kept["actions"][1]["takes"] = 7
    (said,) = now(kept)
    assert said.startswith("the plan: navy is now create")


def test_what_waits_for_a_person_only_since_the_plan_was_saved_is_said() -> None:
    gated = campaign(look("navy", "n"))
    gated = replace(
        gated, looks=tuple(one._replace(approval=one.key == BASE) for one in gated.looks)
    )
    there = held(take(gated, "base"))
    uid = there.picks["base"]
    approved, rejected = (
        replace(there, reviews={uid: Review(state, "too dark", "Ada", 1.0)})
        for state in (ReviewState.APPROVED, ReviewState.REJECTED)
    )
    kept = saved(Request(), gated, approved)
    assert "waiting" not in kept
    (told,) = now(kept, gated, rejected)
    assert "navy is now blocked, waits for approval of base#1, which was rejected" in told


def test_another_manifest_is_said() -> None:
    other = replace(SPRING, manifest=SPRING.manifest.with_name("other.yaml"))
    assert now(saved(), other) == ["the manifest: it was made for spring.yaml"]


def test_many_changed_looks_are_counted() -> None:
    many = campaign(photo(), *(look(f"k{i}") for i in range(9)))
    changed = campaign(photo(), *(look(f"k{i}", "other") for i in range(9)))
    kept = saved(Request(), many, Snapshot())
    (said,) = now(kept, changed, Snapshot())
    assert said.endswith("and 5 more")


def test_a_file_whose_totals_were_changed_is_not_carried_out() -> None:
    kept = saved()
    assert now(kept | {"cost_usd": 0.5}) == ["the plan: its totals are now 2 for $2.50"]


def test_a_file_that_lists_more_than_would_be_done_is_not_carried_out() -> None:
    kept = saved()
    assert now(kept | {"actions": [*kept["actions"], kept["actions"][0]]})


def test_takes_that_are_a_whole_number_of_any_kind_are_counted() -> None:
    kept = saved()
    kept["saved"]["takes"] = 2.0
    assert now(kept) == []


def test_a_plan_file_asks_for_no_more_takes_than_the_option_does() -> None:
    kept = saved()
    kept["saved"]["takes"] = 10**9
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(kept, schema("plan"))
