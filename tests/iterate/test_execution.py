"""Cascades, rerolls and selections as they are carried out, in virtual time."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from runner.errors import ApiTrouble
from runner.executor.concurrency import RunStopped
from runner.executor.context import RunContext
from runner.executor.preflight import verify_ids
from runner.model import Campaign
from runner.plan import ResolvedOptions, fit_budget, plan
from runner.policy.exit_codes import Exit, exit_code
from runner.policy.lifecycle import Event
from runner.policy.rate_limit import RateLimiter
from runner.replies import GroupData, Refusal
from runner.takes import Account, TakeState
from tests.executor.harness import Harness, campaign, existing, literal, look, run_virtual

CHAIN = campaign(look("a"), look("b", on="a"), look("c", on="b"), look("red"))
EVERY = frozenset(one.key for one in CHAIN.looks)


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    with closing(Harness(tmp_path)) as made:
        yield made


def generated(harness: Harness, made: Campaign = CHAIN) -> Harness:
    assert exit_code(harness.run(made)) is Exit.DONE
    return harness


def picked(harness: Harness, key: str) -> int:
    ledger = harness.open()
    try:
        pick = ledger.picked(key)
        assert pick is not None
        return pick.number
    finally:
        ledger.close()


def pick(harness: Harness, key: str, number: int) -> None:
    async def go() -> None:
        ledger = harness.open()
        try:
            await ledger.pick(key, harness.takes(key)[number - 1].uid)
        finally:
            ledger.close()

    run_virtual(go)


def with_a_new_pick(harness: Harness) -> Harness:
    """Return a harness in which a#2 is picked, so that b is stale, and c would be."""
    generated(harness).run(CHAIN, asked=ResolvedOptions(selected=frozenset("a"), reroll={"a": 1}))
    pick(harness, "a", 2)
    return harness


def test_a_reroll_is_paid_once_and_changes_no_pick(harness: Harness) -> None:
    generated(harness)
    outcome = harness.run(CHAIN, asked=ResolvedOptions(selected=frozenset("a"), reroll={"a": 2}))
    assert exit_code(outcome) is Exit.DONE
    assert len(harness.api.charges) == 5 + 2
    assert (picked(harness, "a"), len(harness.takes("a"))) == (1, 3)
    assert all(take.reroll for take in harness.takes("a")[1:])


def test_a_reroll_that_fails_is_a_failed_run_although_the_pick_is_fine(harness: Harness) -> None:
    generated(harness)
    harness.api.fate["Sarah — a"] = "failed"
    assert (
        exit_code(
            harness.run(CHAIN, asked=ResolvedOptions(selected=frozenset("a"), reroll={"a": 1}))
        )
        is Exit.FAILED
    )
    assert picked(harness, "a") == 1


def test_more_takes_leave_the_pick_alone(harness: Harness) -> None:
    generated(harness)
    looks = tuple(one._replace(takes=3) if one.key == "a" else one for one in CHAIN.looks)
    assert exit_code(harness.run(replace(CHAIN, looks=looks))) is Exit.DONE
    assert (picked(harness, "a"), len(harness.takes("a"))) == (1, 3)


def test_takes_that_a_ceiling_left_out_are_budget_and_no_failure(harness: Harness) -> None:
    three = campaign(look("a", takes=3))
    outcome = harness.run(three, trimmed=lambda whole: fit_budget(whole, Decimal(2)))
    assert (exit_code(outcome), outcome.over_budget) == (Exit.BUDGET, ("a",))
    assert len(harness.takes("a")) == 1
    assert exit_code(harness.run(three)) is Exit.DONE
    assert (picked(harness, "a"), len(harness.takes("a"))) == (1, 3)


def test_a_cascade_generates_each_look_from_the_new_take_of_its_reference(harness: Harness) -> None:
    with_a_new_pick(harness)
    outcome = harness.run(CHAIN, asked=ResolvedOptions(cascade=EVERY))
    assert exit_code(outcome) is Exit.DONE
    b, c = harness.take("b"), harness.take("c")
    assert (b.number, c.number) == (2, 2)
    assert b.reference_id == harness.takes("a")[1].avatar_id
    assert c.reference_id == b.avatar_id
    assert [picked(harness, key) for key in "abc"] == [2, 2, 2]
    assert len(harness.takes("red")) == 1


def test_without_a_cascade_stale_looks_stay_as_they_are_and_the_run_is_done(
    harness: Harness,
) -> None:
    with_a_new_pick(harness)
    charged = len(harness.api.charges)
    assert exit_code(harness.run(CHAIN)) is Exit.DONE
    assert len(harness.api.charges) == charged


def test_a_cascade_that_fails_keeps_the_old_pictures_and_sends_no_dependent(
    harness: Harness,
) -> None:
    with_a_new_pick(harness)
    harness.api.fate["Sarah — b"] = "failed"
    outcome = harness.run(CHAIN, asked=ResolvedOptions(cascade=EVERY))
    assert exit_code(outcome) is Exit.FAILED
    assert set(outcome.failed) == {"b", "c"}
    assert [picked(harness, key) for key in "bc"] == [1, 1]
    assert len(harness.takes("c")) == 1


def test_a_cascade_that_was_stopped_goes_on_without_buying_twice(harness: Harness) -> None:
    with_a_new_pick(harness)
    harness.api.fate["Sarah — b"] = "stuck"
    harness.retry_limits = replace(harness.retry_limits, processing=60.0)
    assert exit_code(harness.run(CHAIN, asked=ResolvedOptions(cascade=EVERY))) is Exit.UNDER_WAY
    assert len(harness.takes("c")) == 1
    del harness.api.fate["Sarah — b"]
    harness.run(CHAIN, asked=ResolvedOptions(cascade=EVERY))
    assert [len(harness.takes(key)) for key in "bc"] == [2, 2]
    assert harness.take("c").reference_id == harness.take("b").avatar_id


def test_what_is_not_selected_is_neither_bought_nor_counted(harness: Harness) -> None:
    generated(harness, campaign(look("red")))
    outcome = harness.run(CHAIN, asked=ResolvedOptions(selected=frozenset("a")))
    assert exit_code(outcome) is Exit.DONE
    assert [len(harness.takes(key)) for key in "abc"] == [1, 0, 0]


def test_a_selected_look_without_its_reference_is_a_failed_run(harness: Harness) -> None:
    outcome = harness.run(CHAIN, asked=ResolvedOptions(selected=frozenset("b")))
    assert (exit_code(outcome), outcome.failed) == (Exit.FAILED, ("b",))
    assert harness.api.charges == []


def test_what_is_under_way_is_finished_although_it_is_not_selected(harness: Harness) -> None:
    generated(harness)
    harness.api.fate["Sarah — red"] = "stuck"
    harness.retry_limits = replace(harness.retry_limits, processing=60.0)
    harness.run(CHAIN, asked=ResolvedOptions(selected=frozenset({"red"}), reroll={"red": 1}))
    del harness.api.fate["Sarah — red"]
    assert (
        exit_code(harness.run(CHAIN, asked=ResolvedOptions(selected=frozenset("a")))) is Exit.DONE
    )
    assert harness.take("red").usable


def test_a_look_that_is_not_selected_keeps_its_name(harness: Harness) -> None:
    generated(harness)
    looks = tuple(one._replace(name="New") if one.key == "red" else one for one in CHAIN.looks)
    harness.run(replace(CHAIN, looks=looks), asked=ResolvedOptions(selected=frozenset("a")))
    assert "rename" not in harness.api.calls
    harness.run(replace(CHAIN, looks=looks))
    assert harness.take("red").name == "New"


def test_a_deleted_pick_is_replaced_by_what_is_bought_anew(harness: Harness) -> None:
    generated(harness)

    async def delete() -> None:
        ledger = harness.open()
        try:
            await ledger.record(harness.take("a").uid, Event.DELETED, {})
        finally:
            ledger.close()

    run_virtual(delete)
    assert exit_code(harness.run(CHAIN)) is Exit.DONE
    assert [take.state for take in harness.takes("a")] == [TakeState.DELETED, TakeState.FETCHED]
    assert picked(harness, "a") == 2
    assert len(harness.takes("b")) == 1


# --- literal ids ----------------------------------------------------------------------------------


def refused(harness: Harness, made: Campaign) -> dict[str, str]:
    """Ask an account about a campaign's literal ids; return a stop as text."""

    async def go() -> dict[str, str]:
        ledger = harness.open()
        context = RunContext(
            api=harness.api,
            ledger=ledger,
            images=harness.images,
            clock=harness.clock,
            entropy=harness.entropy,
            observer=harness.heard,
            retry_limits=harness.retry_limits,
            rate_limiter=RateLimiter(1),
        )
        try:
            return {**(await verify_ids(context, plan(made, ledger.snapshot()))).refused}
        except RunStopped:
            return {"stopped": str(context.account_trouble)}
        finally:
            ledger.close()

    return run_virtual(go)


def test_ids_that_the_account_does_not_have_are_refused_before_anything_is_sent(
    harness: Harness,
) -> None:
    there = harness.api.add_by_hand("there", "group-x").id
    harness.api.groups_by_id["group-x"] = GroupData("group-x", "X", 0.0)
    found = refused(
        harness,
        campaign(
            existing("gone", "look-nowhere"),
            look("good", on=literal(there), group=literal("group-x")),
            look("bad", on=literal("look-nowhere")),
            existing("here", there),
        ),
    )
    assert set(found) == {"gone", "bad"}
    assert "look-nowhere cannot be used: HTTP 404" in found["bad"]


def test_a_look_that_another_checkout_renamed_keeps_that_name_and_the_way_on_is_said(
    harness: Harness, tmp_path: Path
) -> None:
    harness.run(campaign(look("a")))
    ledger = harness.open()
    bought = [(t, True) for of_look in ledger.snapshot().takes.values() for t in of_look]
    ledger.close()
    there = Harness(tmp_path / "checkout")
    there.folder.mkdir()
    there.api, there.clock = harness.api, harness.clock
    ledger = there.open()
    ledger.begin(Account("api.example", "me"), "spring", {})
    run_virtual(lambda: ledger.import_takes(bought))
    ledger.close()
    harness.run(campaign(look("a", name="Sarah — theirs")))
    there.run(campaign(look("a", name="Sarah — ours")))
    assert harness.api.looks_by_id[harness.take("a").avatar_id or ""].name == "Sarah — theirs"
    assert there.session is not None
    assert there.session.look_report is not None
    (note,) = there.session.look_report.notes[-1:]
    assert "a#1 keeps its name at HeyGen: only results.json tells of it" in note
    assert "If another checkout renamed it, bring its results.json here" in note


def test_an_id_that_was_seen_completed_lately_is_asked_for_again_for_a_minute(
    harness: Harness,
) -> None:
    harness.run(campaign(look("a")))
    mine = harness.take("a").avatar_id or ""
    made = campaign(look("a"), look("b", on=literal(mine)))
    gone = Refusal(404, "avatar_not_found", "no such avatar")
    harness.api.free_replies.extend([gone] * 3)
    begun = harness.clock.now()
    assert refused(harness, made) == {}
    harness.api.free_replies.extend([gone] * 20)
    assert "HTTP 404" in refused(harness, made)["b"]
    assert harness.clock.now() - begun < 600
    harness.api.free_replies.clear()
    harness.later(3600)
    harness.api.free_replies.append(gone)
    assert "HTTP 404" in refused(harness, made)["b"]  # it was completed long ago: asked for once


def test_a_reference_outside_the_literal_group_is_refused(harness: Harness) -> None:
    there = harness.api.add_by_hand("there", "group-x").id
    harness.api.groups_by_id["group-y"] = GroupData("group-y", "Y", 0.0)
    found = refused(harness, campaign(look("a", on=literal(there), group=literal("group-y"))))
    assert found == {"a": f"its reference {there} is in group group-x, not in group-y where it "
                     "would be saved"}  # fmt: skip


def test_a_look_that_is_not_finished_cannot_be_referenced(harness: Harness) -> None:
    there = harness.api.add_by_hand("there", "group-x")
    harness.api.looks_by_id[there.id] = replace(there, status="processing")
    found = refused(harness, campaign(look("a", on=literal(there.id))))
    assert found == {"a": f"the look {there.id} cannot be used: it is processing"}


def test_each_id_is_asked_for_once(harness: Harness) -> None:
    there = harness.api.add_by_hand("there", "group-x").id
    looks = [look(f"a{i}", on=literal(there)) for i in range(5)]
    assert refused(harness, campaign(*looks)) == {}
    assert harness.api.calls == ["look"]


def test_a_key_that_is_refused_while_asking_stops_everything(harness: Harness) -> None:
    harness.api.free_replies.append(Refusal(403, "forbidden", "not yours"))
    found = refused(harness, campaign(look("a", on=literal("look-1"))))
    assert found["stopped"].startswith("asking for the look look-1: HTTP 403 forbidden: not yours")


def test_an_account_that_does_not_answer_is_trouble_and_no_refusal(harness: Harness) -> None:
    harness.api.free_replies.extend([Refusal(503, "unavailable", "busy")] * 9)
    with pytest.raises(ApiTrouble, match="could not be asked"):
        refused(harness, campaign(look("a", on=literal("look-1"))))
