"""Every wait and every repetition of a run is bounded, and by how much."""

import logging
import re
from dataclasses import replace
from typing import Any

import anyio
import pytest

from runner.executor.context import RunContext
from runner.executor.lists import list_group_looks
from runner.executor.poller import Poller
from runner.executor.ports import Downloaded, FetchFailed
from runner.policy.exit_codes import Exit, exit_code
from runner.replies import Answer, ListPage, LookData, Lost, NotSent, Refusal, Reply
from runner.takes import Take, TakeState
from tests.executor.harness import LOST_BEFORE, OK, Harness, campaign, look, photo


def busy(status: int, retry_after: float) -> Refusal:
    return Refusal(status, "busy", f"HTTP {status}", retry_after=retry_after)


@pytest.mark.parametrize(("retry_after", "waited"), [(120.0, True), (120.1, False)])
def test_a_free_request_waits_two_minutes_at_most_for_another_try(
    harness: Harness, retry_after: float, waited: bool
) -> None:
    replies: list[Reply[Any]] = [busy(429, retry_after), Answer("at last")]
    seconds: list[float] = []

    async def call() -> Reply[Any]:
        return replies.pop(0)

    async def ask(context: RunContext) -> None:
        begun = context.ticks()
        await context.ask(call, what="asking")
        seconds.append(context.ticks() - begun)

    harness.api.seconds = 400.0
    harness.run(campaign(photo()), meanwhile=ask)
    assert seconds == ([pytest.approx(retry_after, abs=1)] if waited else [0.0])
    assert len(replies) == (0 if waited else 1)


def test_a_server_that_names_an_absurd_pause_is_asked_again_within_our_own_bound(
    harness: Harness,
) -> None:
    harness.api.script.extend([LOST_BEFORE, busy(503, 1e9), OK])
    begun = harness.clock.now()
    assert exit_code(harness.run(campaign(photo()))) is Exit.DONE
    assert (
        harness.retry_limits.paused
        <= harness.clock.now() - begun
        < harness.retry_limits.paused + 300
    )
    assert len(harness.api.charges) == 1


def test_every_wait_and_every_decision_is_logged(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "runner")
    harness.api.script.extend([busy(429, 30.0), NotSent("no way"), LOST_BEFORE, busy(503, 9.0), OK])
    harness.api.free_replies.extend([busy(503, 7.0)])
    assert exit_code(harness.run(campaign(photo()))) is Exit.DONE
    told = [record.getMessage() for record in caplog.records]
    assert {record.name for record in caplog.records} == {"runner.executor", "runner.ledger"}
    decisions = [line.split(" (")[0] for line in told if ": send " in line]
    assert decisions == [
        "base#1: send 1: PACED",
        "base#1: send 2: UNREACHED",
        "base#1: send 3: UNDECIDED",
        "base#1: send 4: UNDECIDED",
        "base#1: send 5: BOUGHT",
    ]
    for what in (
        r".*: try 1 of \d+ met HTTP 503 busy: HTTP 503",
        r".*: waiting 7.0 s before the next try",
        r"waiting (29|30)\.\d s: HeyGen asked for a pause \(429\)",
        r"base#1: waiting \S+ s before it is sent again",
        r"base#1: waiting 9.0 s before its replay",
        r"base#1: searched the account: NONE, 0 candidates",
        r"base#1 completed .*",
    ):
        assert any(re.fullmatch(what, line) for line in told), what
    keys = harness.open().keys()
    assert keys
    assert not [line for line in told for key in keys if key in line]


def test_a_look_that_wavers_between_consent_and_processing_is_waited_for_three_times_more(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[str] = []
    until_decided, now = Poller.until_decided, harness.api._now
    shown: list[str] = []

    async def counting(self: Poller, take: Take) -> Take:
        waits.append(take.look)
        return await until_decided(self, take)

    def wavering(one: LookData) -> LookData:
        if one.name != "Sarah — a" or harness.clock.now() < harness.api.ready_at[one.id]:
            return now(one)
        shown.append(one.id)
        return replace(one, status="pending_consent" if len(shown) % 2 else "processing")

    monkeypatch.setattr(Poller, "until_decided", counting)
    harness.api._now = wavering  # type: ignore[method-assign, assignment]
    chain = [look("c0"), *(look(f"c{n}", on=f"c{n - 1}") for n in range(1, 30))]
    outcome = harness.run(campaign(look("a"), *chain))
    assert exit_code(outcome) is Exit.UNDER_WAY
    assert waits.count("a") == 1 + 3
    assert harness.take("c29").state is TakeState.FETCHED


def test_four_pictures_are_fetched_at_a_time(harness: Harness) -> None:
    real, under_way, peak = harness.images.fetch, 0, 0

    async def slow(url: str, *, look: str, number: int) -> Downloaded | FetchFailed:
        nonlocal under_way, peak
        under_way += 1
        peak = max(peak, under_way)
        await anyio.sleep(60)
        under_way -= 1
        return await real(url, look=look, number=number)

    harness.images.fetch = slow  # type: ignore[method-assign]
    harness.run(campaign(*(look(f"l{n}") for n in range(9))))
    assert peak == 4


def test_a_list_without_an_end_is_given_up_and_not_taken_for_the_whole(harness: Harness) -> None:
    pages: list[str | None] = []
    found: list[Any] = []

    async def endless(*, group_id: str | None = None, limit: int = 50, token: str | None = None):  # type: ignore[no-untyped-def]
        pages.append(token)
        return Answer(
            ListPage((LookData(f"x-{len(pages)}", "x", "photo_avatar"),), f"{len(pages)}")
        )

    async def search(context: RunContext) -> None:
        harness.api.looks = endless  # type: ignore[method-assign]
        found.append(await list_group_looks(context, "group"))
        context.interrupt()

    harness.api.seconds = 400.0
    harness.run(campaign(photo()), meanwhile=search)
    assert "more than 200" in str(found[0])
    assert pages == [None, *(f"{n}" for n in range(1, 200))]


def test_a_look_is_missing_for_two_minutes_before_it_counts_as_gone(harness: Harness) -> None:
    asked: list[float] = []

    async def missing(look_id: str) -> Reply[LookData]:
        asked.append(harness.clock.now())
        return Refusal(404, "avatar_not_found", "no such look")

    harness.api.look = missing  # type: ignore[method-assign]
    harness.run(campaign(photo()))
    assert harness.take("base").state is TakeState.FAILED
    assert 120 <= asked[-1] - asked[0] < 240


def test_free_requests_that_stay_unanswered_end_the_sending(harness: Harness) -> None:
    harness.retry_limits = replace(harness.retry_limits, retries=0)

    async def silent(look_id: str) -> Reply[LookData]:
        return Lost("ReadTimeout")

    harness.api.look = silent  # type: ignore[method-assign]
    outcome = harness.run(campaign(look("a")))
    assert "does not answer any more" in (outcome.stopped or "")
    assert harness.takes("a") == []
