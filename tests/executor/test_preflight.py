"""Literal ids are checked before money moves: each is asked for once, and says what is wrong."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runner.errors import ApiTrouble
from runner.executor.context import RunContext
from runner.executor.preflight import Verified, verify_ids
from runner.model import BASE, LiteralRef, Look
from runner.plan import plan
from runner.plan.options import resolve_options
from runner.plan.request import Request
from runner.policy.exit_codes import Exit, exit_code
from runner.replies import Answer, LookData, Refusal, Reply
from runner.takes import Billing, Snapshot, TakeState
from tests.executor.harness import Harness, campaign, existing, look
from tests.plan.made import held, take


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    made = Harness(tmp_path)
    made.api.add_by_hand("Hers", "group-a")
    return made


def verified(harness: Harness, looks: Sequence[Look], *answers: Any) -> Verified | Exception:
    """Check the ids of looks beside a run that buys its base."""
    found: list[Verified | Exception] = []

    async def check(context: RunContext) -> None:
        harness.api.free_replies.extend(answers)
        try:
            found.append(await verify_ids(context, plan(campaign(*looks), Snapshot())))
        except ApiTrouble as error:
            found.append(error)

    harness.run(campaign(), meanwhile=check)
    return found[0]


def reasons(harness: Harness, *looks: Look) -> dict[str, str]:
    found = verified(harness, looks)
    assert isinstance(found, Verified)
    return dict(found.refused)


def test_an_id_that_is_usable_says_its_group_and_is_asked_for_once(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    ask = harness.api.look

    async def counted(look_id: str) -> Reply[LookData]:
        asked.append(look_id)
        return await ask(look_id)

    monkeypatch.setattr(harness.api, "look", counted)
    hers = LiteralRef("hand-0")
    found = verified(harness, [look("a", on=hers), look("b", on=hers)])
    assert found == Verified({}, {"hand-0": "group-a"})
    assert asked.count("hand-0") == 1


def test_each_id_that_cannot_be_used_refuses_its_look_and_says_why(harness: Harness) -> None:
    harness.api.looks_by_id["half"] = replace(
        harness.api.looks_by_id["hand-0"], id="half", status="processing", preview_image_url=None
    )
    found = reasons(
        harness,
        look("fine", on=LiteralRef("hand-0"), group=LiteralRef("group-a")),
        look("gone", on=LiteralRef("nowhere")),
        look("half", on=LiteralRef("half")),
        look("homeless", on=None, group=LiteralRef("no-group")),
    )
    assert found.keys() == {"gone", "half", "homeless"}
    assert "the look nowhere cannot be used" in found["gone"]
    assert found["half"] == "the look half cannot be used: it is processing"
    assert "the group no-group cannot be used" in found["homeless"]


def test_a_reference_that_lives_in_another_group_is_refused_before_money_moves(
    harness: Harness,
) -> None:
    harness.api.add_by_hand("Tom", "group-b")
    crossed = look("a", on=LiteralRef("hand-0"), group=LiteralRef("group-b"))
    assert "hand-0 is in group group-a, not in group-b" in reasons(harness, crossed)["a"]


def test_the_home_of_what_is_under_way_is_asked_for_where_something_is_bought_on_it(
    harness: Harness,
) -> None:
    both = campaign(look("a", on=LiteralRef("hand-0")), look("b", on="a"))
    unknown: dict[str, Any] = {
        "state": TakeState.UNKNOWN,
        "billing": Billing.UNKNOWN,
        "group_id": None,
    }
    base, lost = take(both, BASE), take(both, "a", avatar_id=None, **unknown)
    found: list[Verified] = []

    async def check(context: RunContext) -> None:
        found.append(await verify_ids(context, plan(both, held(base, lost))))
        alone = held(base, lost, take(both, "b"))  # and nothing is bought
        found.append(await verify_ids(context, plan(both, alone)))

    harness.run(campaign(), meanwhile=check)
    assert found == [Verified({}, {"hand-0": "group-a"}), Verified({}, {})]


def test_what_could_not_be_asked_is_no_word_about_an_id(harness: Harness) -> None:
    silent = [Refusal(503, "unavailable", "no")] * 30
    found = verified(harness, [look("a", on=LiteralRef("hand-0"))], *silent)
    assert isinstance(found, ApiTrouble)
    assert found.hint == "Nothing was sent. Run the same command again."


def test_a_retry_fails_as_a_run_where_the_existing_base_is_gone(harness: Harness) -> None:
    gone = campaign(existing(BASE, "nowhere"), look("a"))
    found = verified(harness, gone.looks)
    assert isinstance(found, Verified)
    sent = len(harness.api.posts)
    for request in (Request(), Request(retry=True)):
        asked = replace(resolve_options(gone, Snapshot(), request), refused=found.refused)
        assert exit_code(harness.run(gone, asked=asked)) is Exit.FAILED
    assert len(harness.api.posts) == sent


@pytest.mark.parametrize("listed", [True, False])
def test_a_look_whose_group_cannot_be_found_out_stops_before_anything_is_sent(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, listed: bool
) -> None:
    (theirs,) = harness.api.looks_by_id.values()

    async def look_(look_id: str) -> Reply[LookData]:
        return Answer(replace(theirs, group_id=None))

    async def away(**_options: Any) -> Reply[Any]:
        return Refusal(404, "not_found", "nothing here")

    monkeypatch.setattr(harness.api, "look", look_)
    if not listed:
        monkeypatch.setattr(harness.api, "groups", away)
    found = verified(harness, [existing("hers", theirs.id)])
    if listed:
        assert found == Verified({}, {theirs.id: "group-a"})
    else:
        assert isinstance(found, ApiTrouble)
        assert "Which group the look" in str(found)
