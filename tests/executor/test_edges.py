"""Edges that a review of the money found: each of these once cost, lost or waited too much."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from runner.executor.context import RunContext
from runner.model import FileImage
from runner.policy.exit_codes import Exit, exit_code
from runner.replies import LookData, Lost, Refusal, Reply
from runner.takes import Billing, TakeState
from tests.executor.harness import (
    CHARGED_AND_LOST,
    OK,
    Harness,
    campaign,
    literal,
    look,
    photo,
)


def refusal(status: int, code: str = "refused", retry_after: float | None = None) -> Refusal:
    return Refusal(status, code, f"HTTP {status}", retry_after=retry_after)


def test_a_take_that_nobody_wants_any_more_does_not_become_the_pick(world: Harness) -> None:
    world.run(campaign(look("a", "navy")))

    async def leave(context: RunContext) -> None:
        await anyio.sleep(5)
        context.interrupt()

    world.run(campaign(look("a", "red")), meanwhile=leave)
    world.run(campaign(look("a", "navy"), look("b", on="a")))
    navy, red = world.takes("a")
    assert red.state is TakeState.FETCHED  # paid for, and not lost
    assert world.take("b").reference_id == navy.avatar_id


@pytest.mark.parametrize("retry_after", [0.0, 0.001])
def test_a_429_that_names_no_real_pause_is_paced_and_bounded(
    world: Harness, retry_after: float
) -> None:
    world.retry_limits = replace(world.retry_limits, paused=60)
    world.api.script.extend([refusal(429, retry_after=retry_after)] * 10_000)
    outcome = world.run(campaign(photo()))
    assert "429" in (outcome.stopped or "")
    assert len(world.api.posts) <= 61


def test_an_undecided_take_that_is_one_too_many_is_not_sent_again(world: Harness) -> None:
    world.api.script.extend([OK, OK, CHARGED_AND_LOST] + [Lost("ReadTimeout")] * 20)
    world.run(campaign(look("a", takes=2)), concurrency=1)
    world.api.script.clear()
    posts = len(world.api.posts)
    outcome = world.run(campaign(look("a", takes=1)))
    assert len(world.api.posts) == posts
    assert exit_code(outcome) is Exit.DONE  # searched, found, kept
    assert len(world.api.charges) == 3


def test_a_failure_is_not_bought_again_beside_an_unknown_send_that_is_one_too_many(
    world: Harness,
) -> None:
    world.api.lag = 3600.0
    world.api.fate["Sarah — a"] = "failed"
    world.api.script.extend([OK, CHARGED_AND_LOST] + [Lost("ReadTimeout")] * 40)
    world.run(campaign(look("a", takes=2, retries=1)), concurrency=1)
    assert [take.state for take in world.takes("a")] == [TakeState.UNKNOWN] * 2
    world.api.script.clear()
    world.run(campaign(look("a", takes=1, retries=1)))
    first, second = world.takes("a")
    assert (first.state, second.state) == (TakeState.FAILED, TakeState.UNKNOWN)


def test_one_404_does_not_lose_a_look(world: Harness) -> None:
    real, asked = world.api.look, [0]

    async def lagging(look_id: str) -> Reply[LookData]:
        asked[0] += 1
        found = await real(look_id)
        return refusal(404, "avatar_not_found") if asked[0] == 1 else found

    world.api.look = lagging  # type: ignore[method-assign]
    assert exit_code(world.run(campaign(photo()))) is Exit.DONE
    assert len(world.api.charges) == 1


def test_a_look_that_stays_missing_is_gone(world: Harness) -> None:
    real = world.api.look

    async def missing(look_id: str) -> Reply[LookData]:
        await real(look_id)
        return refusal(404, "avatar_not_found")

    world.api.look = missing  # type: ignore[method-assign]
    outcome = world.run(campaign(photo()))
    assert exit_code(outcome) is Exit.FAILED
    assert world.take("base").billing is Billing.ASSUMED


def test_a_take_bought_after_an_edit_is_picked_also_in_a_row_that_was_planned_before(
    world: Harness,
) -> None:
    world.api.script.extend([OK, refusal(402), OK])
    world.run(campaign(look("a", takes=2)), concurrency=1)
    world.run(campaign(look("a", takes=2)))
    world.run(campaign(look("a", "another prompt")))
    ledger = world.open()
    pick = ledger.picked("a")
    ledger.close()
    assert pick is not None
    assert pick.number == max(take.number for take in world.takes("a"))


def test_a_consent_page_that_cannot_be_had_stops_only_what_waits_for_it(world: Harness) -> None:
    world.api.fate["Sarah — a"] = "consent"

    async def refused(group_id: str, key: str) -> Reply[Any]:
        return refusal(403, "forbidden")

    world.api.consent = refused  # type: ignore[method-assign]
    outcome = world.run(campaign(look("a"), look("b", on="a"), look("c")))
    assert exit_code(outcome) is Exit.PERSON
    assert world.take("c").state is TakeState.FETCHED


def test_a_group_that_is_gone_is_a_question_to_a_person_and_not_to_tomorrow(world: Harness) -> None:
    world.api.script.extend([OK] + [Lost("ReadTimeout")] * 20)
    world.run(campaign(look("a")))
    world.api.script.clear()
    world.later(30 * 3600)

    async def gone(*_: Any, **__: Any) -> Reply[Any]:
        return refusal(404, "avatar_group_not_found")

    world.api.looks = gone  # type: ignore[method-assign]
    world.api.group = gone  # type: ignore[method-assign]
    assert exit_code(world.run(campaign(look("a")))) is Exit.PERSON


def test_an_asset_that_is_gone_is_uploaded_again_by_the_next_try(world: Harness) -> None:
    style = FileImage(Path("/x/s.png"), "s.png", "cd" * 32, "image/png", 9, 64, 64)
    world.run(campaign(photo()))
    world.api.script.append(refusal(400, "download_failed"))
    plan = campaign(look("a", images=(style,)))
    world.run(plan)
    assert world.take("a").state is TakeState.FAILED
    assert exit_code(world.run(plan, retry=("a",))) is Exit.DONE
    assert world.api.calls.count("upload") == 3  # the photo, the style, the style again


def test_a_stop_does_not_wait_for_a_status_request_that_hangs(world: Harness) -> None:
    async def hang(look_id: str) -> Reply[LookData]:
        await anyio.sleep(10_000)
        return refusal(500)

    async def interrupt(context: RunContext) -> None:
        await anyio.sleep(10)
        context.interrupt()

    world.api.look = hang  # type: ignore[method-assign]
    begun = world.clock.now()
    outcome = world.run(campaign(photo()), meanwhile=interrupt)
    assert exit_code(outcome) is Exit.UNDER_WAY
    assert world.clock.now() - begun < 60


def test_an_account_that_answers_nothing_any_more_stops_sending(world: Harness) -> None:
    async def silent(*_: Any, **__: Any) -> Reply[Any]:
        await anyio.sleep(0.05)
        return refusal(503)

    world.api.look = world.api.looks = silent  # type: ignore[method-assign]
    looks = [look(f"l{n}", on=None) for n in range(60)]
    outcome = world.run(campaign(*looks), concurrency=2)
    assert "does not answer" in (outcome.stopped or "")
    assert len(world.api.charges) <= 4


def test_looks_that_never_finish_stop_the_buying(world: Harness) -> None:
    looks = [look(f"l{n}", on=None) for n in range(60)]
    for one in looks:
        world.api.fate[one.name or ""] = "stuck"
    outcome = world.run(campaign(*looks), concurrency=4)
    assert "in a row" in (outcome.stopped or "")
    assert len(world.api.charges) <= 2 + world.retry_limits.failures + 4


@pytest.mark.parametrize("denied", ["a reference", "a group"])
def test_one_404_about_what_a_lost_send_names_is_not_believed(world: Harness, denied: str) -> None:
    """Else nothing fits, and the body leaves again: a second charge where keys are ignored."""
    hers = world.api.add_by_hand("Anna", "her-group")
    world.api.honours_keys = False
    world.api.script.extend([OK, CHARGED_AND_LOST])
    reads = {"a reference": ["look"], "a group": ["looks", "group"]}[denied]
    for name in reads:
        deny_once_sent(world, name)
    assert exit_code(world.run(campaign(look("a", on=literal(hers.id))))) is Exit.DONE
    assert len(world.api.posts) == len(world.api.charges) == 2


def deny_once_sent(world: Harness, name: str) -> None:
    """Answer the first such question after the second send with the API's own 404; of looks only
    that about the one that was made by hand."""
    ask, denied = getattr(world.api, name), list[str]()

    async def question(*given: Any, **named: Any) -> Reply[Any]:
        reply: Reply[Any] = await ask(*given, **named)
        if len(world.api.charges) < 2 or denied or (name == "look" and given != ("hand-0",)):
            return reply
        denied.append(name)
        return refusal(404, "not_found")

    setattr(world.api, name, question)
