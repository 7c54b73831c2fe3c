"""A ledger that is far away, or not there for a while: the event loop and the polls go on."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio

from runner.executor.context import RunContext
from runner.ledger.ledger import CampaignLedger, LedgerFile
from runner.policy.exit_codes import Exit, exit_code
from runner.policy.lifecycle import Event
from runner.takes import Take, TakeState
from tests.executor.harness import CHARGED_AND_LOST, Harness, campaign, look
from tests.ledger.memory import MemoryBackend

WRITTEN_BY_A_THREAD = {"commit", "explain", "pacer", "one_view", "close"}


class FarBackend(MemoryBackend):
    """Knows which thread asks it, and may be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.guarded: threading.Thread | None = None
        self.asked_on_loop: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        is_read = not name.startswith("_") and name not in WRITTEN_BY_A_THREAD
        found = super().__getattribute__
        if is_read and found("guarded") is threading.current_thread() and callable(found(name)):
            found("asked_on_loop").append(name)
        return found(name)


class FarHarness(Harness):
    """A harness whose ledger is far away. Commits stay in the calling thread: time is virtual."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.backend = FarBackend()

    def open(self, *_: Any) -> LedgerFile:
        ledger: Any = CampaignLedger(
            self.backend, now=self.clock.now, entropy=self.entropy, inline=True
        )
        ledger._is_remote = True  # else so for whoever commits in the calling thread
        return ledger  # type: ignore[no-any-return]


def test_a_run_asks_a_far_ledger_nothing_on_the_event_loop(tmp_path: Path) -> None:
    harness = FarHarness(tmp_path)
    harness.api.script.extend([CHARGED_AND_LOST, CHARGED_AND_LOST, CHARGED_AND_LOST])

    async def guard(_context: RunContext) -> None:
        harness.backend.guarded = threading.current_thread()

    outcome = harness.run(campaign(look("old"), look("a"), look("b")), meanwhile=guard)
    assert exit_code(outcome) is Exit.DONE
    assert harness.api.posts
    harness.backend.guarded = None
    renamed = campaign(look("old", "a prompt for old", name="Another name"), look("a"))
    assert exit_code(harness.run(renamed, meanwhile=guard)) is Exit.DONE
    assert harness.backend.asked_on_loop == []


def test_looks_are_polled_while_a_ledger_is_waited_for(harness: Harness) -> None:
    harness.api.seconds = 200.0
    away, polls = anyio.Event(), list[int]()
    known: dict[str, Callable[..., Any]] = {}

    async def record(uid: str, event: Event, facts: Any, *, wanted: bool = True) -> Take:
        if event is Event.COMPLETED and not away.is_set():
            await away.wait()
        return await known["record"](uid, event, facts, wanted=wanted)  # type: ignore[no-any-return]

    async def be_away(context: RunContext) -> None:
        known["record"] = context.ledger.record
        context.ledger.record = record  # type: ignore[method-assign]
        await context.clock.sleep(20.0)
        first = harness.api.charges[0][0]
        harness.api.ready_at[first] = 0.0
        for _ in range(4):
            await context.clock.sleep(30.0)
            polls.append(len(harness.api.calls))
        assert {take.state for take in context.ledger.snapshot().all_takes} == {
            TakeState.PROCESSING
        }
        away.set()
        await anyio.sleep_forever()

    looks = [look(key, on=None, group=None) for key in "ab"]
    outcome = harness.run(campaign(*looks), meanwhile=be_away)
    assert exit_code(outcome) is Exit.DONE
    assert polls == sorted(set(polls)), harness.api.calls
