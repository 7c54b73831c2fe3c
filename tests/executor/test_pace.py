"""An account that takes fewer jobs than were asked for: the run finds its limit and holds it."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import pytest

from runner.executor.ports import AccountBusy, Intent, OverMonthCeiling
from runner.executor.rate_gate import PLACE_WAIT
from runner.ledger.ledger import LedgerFile
from runner.policy.budget import MonthCeiling
from runner.policy.exit_codes import Exit, exit_code
from runner.policy.rate_limit import MAX_CONCURRENT_SENDS
from runner.replies import CreatedData, Refusal, Reply
from runner.takes import Take
from tests.executor.harness import LOST_BEFORE, OK, START, Harness, campaign, literal, look, photo

PAUSE = 7.0


@dataclass
class Limited:
    """Lets a scripted account take so many jobs at a time, and watches who asks for more."""

    harness: Harness
    limit: int
    open: int = 0
    sending: int = 0
    paused_until: float = 0.0
    probing: bool = False
    refused: list[float] = field(default_factory=list)
    crowds: list[int] = field(default_factory=list)
    early: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.real = self.harness.api.create_avatar
        self.harness.api.create_avatar = self.create_avatar  # type: ignore[method-assign]

    async def create_avatar(self, body: bytes, key: str) -> Reply[CreatedData]:
        now = self.harness.clock.now()
        if now < self.paused_until:
            self.early.append(now)
        self.sending += 1
        if self.probing:
            self.crowds.append(self.sending)
        try:
            await anyio.sleep(0.2)
            return await self._decide(body, key)
        finally:
            self.sending -= 1

    async def _decide(self, body: bytes, key: str) -> Reply[CreatedData]:
        now = self.harness.clock.now()
        busy = sum(1 for ready in self.harness.api.ready_at.values() if ready > now)
        if busy + self.open >= self.limit:
            self.refused.append(now)
            self.paused_until, self.probing = now + PAUSE, True
            return Refusal(429, "rate_limit_exceeded", "busy", retry_after=PAUSE)
        if now >= self.paused_until:
            self.probing = False
        self.open += 1
        try:
            return await self.real(body, key)
        finally:
            self.open -= 1


def independent(harness: Harness, count: int) -> Any:
    """Make looks that need nothing but a look that exists already."""
    hand = harness.api.add_by_hand("Anybody", "group-9")
    return campaign(look("base", on=literal(hand.id)), *[look(f"l{n}") for n in range(count)])


def makespan(folder: Path, limit: int, asked: int) -> tuple[float, Limited]:
    folder.mkdir()
    harness = Harness(folder)
    account = Limited(harness, limit)
    outcome = harness.run(independent(harness, 120), concurrency=asked)
    assert exit_code(outcome) is Exit.DONE
    assert len(harness.api.charges) == 121
    assert harness.api.in_progress_peak == limit
    return max(harness.api.ready_at.values()) - START, account


def test_an_unknown_limit_is_found_by_one_probe_at_a_time_and_held(tmp_path: Path) -> None:
    _, account = makespan(tmp_path / "unknown", limit=6, asked=40)
    assert account.refused
    assert account.early == []
    assert set(account.crowds) == {1}
    # Ten were refused before the first 429 was heard; afterwards the limit is tried now and then.
    assert len(account.refused) <= 10 + 5


def test_not_to_know_the_limit_costs_no_more_than_the_pauses_that_were_ordered(
    tmp_path: Path,
) -> None:
    known, _ = makespan(tmp_path / "known", limit=6, asked=6)
    unknown, account = makespan(tmp_path / "unknown", limit=6, asked=40)
    ordered = len({round(moment) for moment in account.refused}) * PAUSE
    assert unknown <= 1.03 * known + ordered
    assert account.sending == 0


def test_what_most_looks_wait_for_is_not_kept_waiting_behind_a_crowd(tmp_path: Path) -> None:
    harness = Harness(tmp_path)
    account = Limited(harness, 4)
    hand = harness.api.add_by_hand("Anybody", "group-9")
    chain = [look("c0")] + [look(f"c{n}", on=f"c{n - 1}") for n in range(1, 12)]
    crowd = [look(f"l{n}") for n in range(90)]
    plan = campaign(look("base", on=literal(hand.id)), *crowd, *chain)
    assert exit_code(harness.run(plan, concurrency=100)) is Exit.DONE
    assert account.refused
    names = [harness.api.looks_by_id[look_id].name for look_id, _ in harness.api.charges]
    assert names.index("Sarah — c10") < len(names) - 30


def test_a_replay_that_shows_a_finished_look_takes_no_place_for_ever(tmp_path: Path) -> None:
    harness = Harness(tmp_path)
    harness.api.seconds = 0.0
    harness.api.script.extend([LOST_BEFORE, OK])
    assert exit_code(harness.run(campaign(photo()))) is Exit.DONE
    events = ("intended", "lost", "resent", "accepted", "completed", "fetched")
    assert harness.heard.events == [("base#1", event) for event in events]
    take = harness.take("base")  # it was asked for at once: a replay shows it as it was at creation
    assert (take.completed_at or 0.0) - (take.accepted_at or 0.0) == pytest.approx(0.05, abs=0.001)
    assert harness.session is not None
    assert harness.session._execution is not None
    assert harness.session._execution.look_report.findings == {}
    assert harness.session._execution._rate_gate._in_progress == set()


def test_sends_whose_answers_were_lost_keep_no_other_look_from_being_sent(tmp_path: Path) -> None:
    harness = Harness(tmp_path)
    harness.retry_limits = replace(harness.retry_limits, undecided=99)
    harness.api.script.extend([OK, *[LOST_BEFORE] * MAX_CONCURRENT_SENDS])
    looks = MAX_CONCURRENT_SENDS + 1
    assert exit_code(harness.run(independent(harness, looks), concurrency=2 * looks)) is Exit.DONE
    sent = [harness.take(f"l{number}").sent_at or 0.0 for number in range(looks)]
    assert max(sent) - min(sent) < harness.retry_limits.listed  # before a search for what was lost


def test_a_place_that_other_machines_hold_is_asked_for_by_the_first_in_the_queue_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = Harness(tmp_path)
    real = LedgerFile.intend
    asked: list[float] = []

    async def intend(ledger: LedgerFile, intent: Intent) -> Take:
        asked.append(harness.clock.now() - START)
        if asked[-1] < 60:
            raise AccountBusy(None, 0.0)
        if asked[-1] < 80:
            raise AccountBusy(90 - asked[-1], 5.0)
        return await real(ledger, intent)

    monkeypatch.setattr(LedgerFile, "intend", intend)
    assert exit_code(harness.run(independent(harness, 20), concurrency=20)) is Exit.DONE
    assert len(harness.api.charges) == 21
    assert len([at for at in asked if at < 60]) <= 60 / PLACE_WAIT + MAX_CONCURRENT_SENDS
    assert len([at for at in asked if 60 <= at < 90]) == 1


def test_an_account_that_a_person_paused_is_waited_for_and_said_to_be_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = Harness(tmp_path)
    real = LedgerFile.intend

    async def intend(ledger: LedgerFile, intent: Intent) -> Take:
        if 100 <= harness.clock.now() - START < 160:
            raise AccountBusy(None, 0.0, "The account is paused by ada")
        return await real(ledger, intent)

    monkeypatch.setattr(LedgerFile, "intend", intend)
    harness.api.seconds = 101.0
    assert exit_code(harness.run(independent(harness, 3))) is Exit.DONE
    told = [line for line in harness.heard.words if "paused by ada" in line]
    assert len(told) == 1
    assert "lookbook cluster resume" in told[0]


def test_a_ceiling_of_the_month_stops_buying_and_what_is_under_way_is_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = Harness(tmp_path)
    real = LedgerFile.intend
    ceiling = MonthCeiling("api.example/me", "2026-11", Decimal(3), Decimal(3), "ada on laptop")

    async def intend(ledger: LedgerFile, intent: Intent) -> Take:
        if len(ledger.snapshot().all_takes) == 3:
            raise OverMonthCeiling(ceiling, Decimal(4))
        return await real(ledger, intent)

    monkeypatch.setattr(LedgerFile, "intend", intend)
    outcome = harness.run(independent(harness, 5), concurrency=5)
    assert exit_code(outcome) is Exit.BUDGET
    assert len(outcome.over_budget) == 3
    assert len(harness.api.charges) == 3
    assert len(harness.images.files) == 3
    assert harness.session is not None
    assert harness.session.look_report is not None
    assert ceiling.describe() in harness.session.look_report.notes
    assert ceiling.describe() == (
        "The ceiling of api.example/me for 2026-11, $3.00, has $0.00 left; ada on laptop set it, "
        "and whoever runs the cluster can change it: `lookbook cluster ceiling --help`."
    )


def test_an_account_that_refuses_other_machines_for_long_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = Harness(tmp_path)

    async def intend(_ledger: LedgerFile, _intent: Intent) -> Take:
        raise AccountBusy(None, harness.retry_limits.paused + 1)

    monkeypatch.setattr(LedgerFile, "intend", intend)
    outcome = harness.run(campaign(photo()))
    assert "refuses new jobs" in (outcome.stopped or "")
    assert not harness.api.charges
