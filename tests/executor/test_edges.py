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


def test_a_take_that_nobody_wants_any_more_does_not_become_the_pick(harness: Harness) -> None:
    harness.run(campaign(look("a", "navy")))

    async def leave(context: RunContext) -> None:
        await anyio.sleep(5)
        context.interrupt()

    harness.run(campaign(look("a", "red")), meanwhile=leave)
    harness.run(campaign(look("a", "navy"), look("b", on="a")))
    navy, red = harness.takes("a")
    assert red.state is TakeState.FETCHED  # paid for, and not lost
    assert harness.take("b").reference_id == navy.avatar_id


@pytest.mark.parametrize("retry_after", [0.0, 0.001])
def test_a_429_that_names_no_real_pause_is_paced_and_bounded(
    harness: Harness, retry_after: float
) -> None:
    harness.retry_limits = replace(harness.retry_limits, paused=60)
    harness.api.script.extend([refusal(429, retry_after=retry_after)] * 10_000)
    outcome = harness.run(campaign(photo()))
    assert "429" in (outcome.stopped or "")
    assert len(harness.api.posts) <= 61


def test_an_undecided_take_that_is_one_too_many_is_not_sent_again(harness: Harness) -> None:
    harness.api.script.extend([OK, OK, CHARGED_AND_LOST] + [Lost("ReadTimeout")] * 20)
    harness.run(campaign(look("a", takes=2)), concurrency=1)
    harness.api.script.clear()
    posts = len(harness.api.posts)
    outcome = harness.run(campaign(look("a", takes=1)))
    assert len(harness.api.posts) == posts
    assert exit_code(outcome) is Exit.DONE  # searched, found, kept
    assert len(harness.api.charges) == 3


def test_a_failure_is_not_bought_again_beside_an_unknown_send_that_is_one_too_many(
    harness: Harness,
) -> None:
    harness.api.lag = 3600.0
    harness.api.fate["Sarah — a"] = "failed"
    harness.api.script.extend([OK, CHARGED_AND_LOST] + [Lost("ReadTimeout")] * 40)
    harness.run(campaign(look("a", takes=2, retries=1)), concurrency=1)
    assert [take.state for take in harness.takes("a")] == [TakeState.UNKNOWN] * 2
    harness.api.script.clear()
    harness.run(campaign(look("a", takes=1, retries=1)))
    first, second = harness.takes("a")
    assert (first.state, second.state) == (TakeState.FAILED, TakeState.UNKNOWN)


def test_one_404_does_not_lose_a_look(harness: Harness) -> None:
    real, asked = harness.api.look, [0]

    async def lagging(look_id: str) -> Reply[LookData]:
        asked[0] += 1
        found = await real(look_id)
        return refusal(404, "avatar_not_found") if asked[0] == 1 else found

    harness.api.look = lagging  # type: ignore[method-assign]
    assert exit_code(harness.run(campaign(photo()))) is Exit.DONE
    assert len(harness.api.charges) == 1


def test_a_look_that_stays_missing_is_gone(harness: Harness) -> None:
    real = harness.api.look

    async def missing(look_id: str) -> Reply[LookData]:
        await real(look_id)
        return refusal(404, "avatar_not_found")

    harness.api.look = missing  # type: ignore[method-assign]
    outcome = harness.run(campaign(photo()))
    assert exit_code(outcome) is Exit.FAILED
    assert harness.take("base").billing is Billing.ASSUMED


def test_a_take_bought_after_an_edit_is_picked_also_in_a_row_that_was_planned_before(
    harness: Harness,
) -> None:
    harness.api.script.extend([OK, refusal(402), OK])
    harness.run(campaign(look("a", takes=2)), concurrency=1)
    harness.run(campaign(look("a", takes=2)))
    harness.run(campaign(look("a", "another prompt")))
    ledger = harness.open()
    pick = ledger.picked("a")
    ledger.close()
    assert pick is not None
    assert pick.number == max(take.number for take in harness.takes("a"))


def test_a_consent_page_that_cannot_be_had_stops_only_what_waits_for_it(harness: Harness) -> None:
    harness.api.fate["Sarah — a"] = "consent"

    async def refused(group_id: str, key: str) -> Reply[Any]:
        return refusal(403, "forbidden")

    harness.api.consent = refused  # type: ignore[method-assign]
    outcome = harness.run(campaign(look("a"), look("b", on="a"), look("c")))
    assert exit_code(outcome) is Exit.PERSON
    assert harness.take("c").state is TakeState.FETCHED


def test_a_group_that_is_gone_is_a_question_to_a_person_and_not_to_tomorrow(
    harness: Harness,
) -> None:
    harness.api.script.extend([OK] + [Lost("ReadTimeout")] * 20)
    harness.run(campaign(look("a")))
    harness.api.script.clear()
    harness.later(30 * 3600)

    async def gone(*_: Any, **__: Any) -> Reply[Any]:
        return refusal(404, "avatar_group_not_found")

    harness.api.looks = gone  # type: ignore[method-assign]
    harness.api.group = gone  # type: ignore[method-assign]
    assert exit_code(harness.run(campaign(look("a")))) is Exit.PERSON


def test_an_asset_that_is_gone_is_uploaded_again_by_the_next_try(harness: Harness) -> None:
    style = FileImage(Path("/x/s.png"), "s.png", "cd" * 32, "image/png", 9, 64, 64)
    harness.run(campaign(photo()))
    harness.api.script.append(refusal(400, "download_failed"))
    plan = campaign(look("a", images=(style,)))
    harness.run(plan)
    assert harness.take("a").state is TakeState.FAILED
    assert exit_code(harness.run(plan, retry=("a",))) is Exit.DONE
    assert harness.api.calls.count("upload") == 3  # the photo, the style, the style again


def test_a_stop_does_not_wait_for_a_status_request_that_hangs(harness: Harness) -> None:
    async def hang(look_id: str) -> Reply[LookData]:
        await anyio.sleep(10_000)
        return refusal(500)

    async def interrupt(context: RunContext) -> None:
        await anyio.sleep(10)
        context.interrupt()

    harness.api.look = hang  # type: ignore[method-assign]
    begun = harness.clock.now()
    outcome = harness.run(campaign(photo()), meanwhile=interrupt)
    assert exit_code(outcome) is Exit.UNDER_WAY
    assert harness.clock.now() - begun < 60


def test_an_account_that_answers_nothing_any_more_stops_sending(harness: Harness) -> None:
    async def silent(*_: Any, **__: Any) -> Reply[Any]:
        await anyio.sleep(0.05)
        return refusal(503)

    harness.api.look = harness.api.looks = silent  # type: ignore[method-assign]
    looks = [look(f"l{n}", on=None) for n in range(60)]
    outcome = harness.run(campaign(*looks), concurrency=2)
    assert "does not answer" in (outcome.stopped or "")
    assert len(harness.api.charges) <= 4


def test_looks_that_never_finish_stop_the_buying(harness: Harness) -> None:
    looks = [look(f"l{n}", on=None) for n in range(60)]
    for one in looks:
        harness.api.fate[one.name or ""] = "stuck"
    outcome = harness.run(campaign(*looks), concurrency=4)
    assert "in a row" in (outcome.stopped or "")
    assert len(harness.api.charges) <= 2 + harness.retry_limits.failures + 4


@pytest.mark.parametrize("denied", ["a reference", "a group"])
def test_one_404_about_what_a_lost_send_names_is_not_believed(
    harness: Harness, denied: str
) -> None:
    """Else nothing fits, and the body leaves again: a second charge where keys are ignored."""
    hers = harness.api.add_by_hand("Anna", "her-group")
    harness.api.honours_keys = False
    harness.api.script.extend([OK, CHARGED_AND_LOST])
    reads = {"a reference": ["look"], "a group": ["looks", "group"]}[denied]
    for name in reads:
        deny_once_sent(harness, name)
    assert exit_code(harness.run(campaign(look("a", on=literal(hers.id))))) is Exit.DONE
    assert len(harness.api.posts) == len(harness.api.charges) == 2


def deny_once_sent(harness: Harness, name: str) -> None:
    """Answer the first such question after the second send with the API's own 404; of looks only
    that about the one that was made by hand."""
    ask, denied = getattr(harness.api, name), list[str]()

    async def question(*given: Any, **named: Any) -> Reply[Any]:
        reply: Reply[Any] = await ask(*given, **named)
        if len(harness.api.charges) < 2 or denied or (name == "look" and given != ("hand-0",)):
            return reply
        denied.append(name)
        return refusal(404, "not_found")

    setattr(harness.api, name, question)
