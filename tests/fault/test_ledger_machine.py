"""Any sequence of what can happen to a ledger, legal or not, against a model of it in memory."""

import shutil
import sqlite3
import tempfile
from collections.abc import Coroutine
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from runner.errors import StorageError
from runner.executor.ports import Intent, OverBudget
from runner.ledger.ledger import LedgerFile
from runner.ledger.reading import read_snapshot
from runner.model import LookKind
from runner.policy.budget import Ceilings
from runner.policy.lifecycle import BILLING, TABLE, Event, ImpossibleEvent
from runner.takes import COUNTING, Account, Billing, Take, TakeState
from tests.fault.chance import SeededEntropy
from tests.fault.environment import Killed
from tests.ledger.history import replay_events

T = TypeVar("T")

LOOKS = ("base", "office", "street")
PRICES = st.sampled_from([Decimal("1.00"), Decimal("0.37"), Decimal("2.50")])
CEILINGS = st.none() | st.sampled_from([Decimal(2), Decimal(5), Decimal(12)])
STEPS = [event for event in Event if event not in (Event.INTENDED, Event.RESENT, Event.ADOPTED)]


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """Carry out a coroutine that waits for nothing: an inline ledger's."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    raise AssertionError("an inline ledger waited for something")


class Trouble:
    """A probe that kills, or fills the disk, at the next commit point of its kind."""

    def __init__(self) -> None:
        self.point: str | None = None
        self.error: BaseException | None = None

    def __call__(self, point: str) -> None:
        if self.point is not None and self.error is not None and point.endswith(self.point):
            error, self.point, self.error = self.error, None, None
            raise error


class LedgerMachine(RuleBasedStateMachine):
    """``takes`` is the model: state, billing, price and run of every take."""

    def __init__(self) -> None:
        super().__init__()
        memory = Path("/dev/shm")
        place = memory if memory.is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix="lookbook-machine-", dir=place))
        self.trouble = Trouble()
        self.entropy = SeededEntropy(Random("machine"))
        self.takes: dict[str, tuple[TakeState, Billing, Decimal, str]] = {}
        self.assets: dict[str, str] = {}
        self.run = ""
        self.clock = 1_800_000_000.0
        self.ledger: LedgerFile

    def teardown(self) -> None:
        self.ledger.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- what happens -------------------------------------------------------------------------

    @initialize(run=CEILINGS, campaign=CEILINGS)
    def open(self, run: Decimal | None, campaign: Decimal | None) -> None:
        self.ledger = LedgerFile(
            self.folder / "ledger.sqlite",
            now=self.now,
            entropy=self.entropy,
            ceilings=Ceilings(run, campaign),
            failpoint=self.trouble,
            inline=True,
        )
        self.run = self.ledger.begin(Account("api.test", "me"), "machine", {})
        for uid, (state, billing, price, of_run) in self.takes.items():
            if state is TakeState.SUBMITTING:  # whoever sent it is gone
                self.takes[uid] = TakeState.UNKNOWN, Billing.UNKNOWN, price, of_run
            else:
                self.takes[uid] = state, billing, price, of_run

    @rule(run=CEILINGS, campaign=CEILINGS)
    def end_and_begin_again(self, run: Decimal | None, campaign: Decimal | None) -> None:
        self.ledger.end({"exit": 0})
        self.ledger.close()
        self.open(run, campaign)

    @rule(look=st.sampled_from(LOOKS), price=PRICES, again=st.integers(0, 5))
    def intend(self, look: str, price: Decimal, again: int) -> None:
        planned = self.of_state(TakeState.PLANNED)
        take = planned[again % len(planned)] if planned and again < 3 else None
        intent = self.intent(self.look_of(take) if take else look, price, take)
        fits = self.fits(price, None)
        try:
            done = at_once(self.ledger.intend(intent))
        except OverBudget:
            assert not fits
            return
        assert fits
        self.takes[done.uid] = TakeState.SUBMITTING, Billing.RESERVED, price, self.run
        assert self.ledger.body(done.uid) == intent.body

    @precondition(lambda self: self.takes)
    @rule(data=st.data())
    def resend(self, data: st.DataObject) -> None:
        uid = data.draw(st.sampled_from(sorted(self.takes)))
        state, _, price, _ = self.takes[uid]
        fits = self.fits(price, uid)
        try:
            at_once(self.ledger.resend(uid))
        except OverBudget:
            assert not fits
        except ImpossibleEvent:
            assert state is not TakeState.UNKNOWN
        else:
            assert fits
            assert state is TakeState.UNKNOWN
            self.takes[uid] = TakeState.UNKNOWN, Billing.UNKNOWN, price, self.run

    @precondition(lambda self: self.takes)
    @rule(data=st.data(), event=st.sampled_from(STEPS))
    def record(self, data: st.DataObject, event: Event) -> None:
        uid = data.draw(st.sampled_from(sorted(self.takes)))
        state, billing, price, run = self.takes[uid]
        try:
            at_once(self.ledger.record(uid, event, {}))
        except ImpossibleEvent:
            assert event not in TABLE[state]
        else:
            after = TABLE[state][event]
            self.takes[uid] = after, BILLING.get(event, billing), price, run

    @rule(sha256=st.sampled_from("abc"), asset=st.sampled_from("xyz"), forget=st.booleans())
    def asset(self, sha256: str, asset: str, forget: bool) -> None:
        if forget:
            at_once(self.ledger.forget_asset(asset))
            self.assets = {key: value for key, value in self.assets.items() if value != asset}
        else:
            at_once(self.ledger.save_asset(sha256, asset))
            self.assets[sha256] = asset
        assert {key: self.ledger.asset(key) for key in self.assets} == self.assets

    @rule(look=st.sampled_from(LOOKS), price=PRICES, after=st.booleans(), killed=st.booleans())
    def trouble_at_a_commit(self, look: str, price: Decimal, after: bool, killed: bool) -> None:
        """A kill, or a full disk, before the commit or after it: only the file knows."""
        if not self.fits(price, None):
            return
        self.trouble.point = "after-commit" if after else "before-commit"
        full = sqlite3.OperationalError("database or disk is full")
        self.trouble.error = Killed() if killed else full
        before = {*self.takes}
        with pytest.raises(Killed if killed else StorageError):
            at_once(self.ledger.intend(self.intent(look, price, None)))
        if not killed:  # a ledger that may have lost something takes nothing more
            with pytest.raises(StorageError):
                at_once(self.ledger.save_asset("a", "x"))
        self.ledger.close()
        on_disk = {
            take.uid: take
            for takes in read_snapshot(self.folder / "ledger.sqlite").takes.values()
            for take in takes
        }
        assert len(on_disk) == len(before) + after
        for uid in on_disk.keys() - before:
            self.takes[uid] = TakeState.SUBMITTING, Billing.RESERVED, price, self.run
        self.open(None, None)

    # --- what must hold -----------------------------------------------------------------------

    @invariant()
    def the_ledger_is_what_happened(self) -> None:
        for snapshot in (self.ledger.snapshot(), read_snapshot(self.folder / "ledger.sqlite")):
            takes = [take for of_look in snapshot.takes.values() for take in of_look]
            found = {take.uid: (take.state, take.billing, take.price, take.run) for take in takes}
            assert found == self.takes
            assert snapshot.spent == self.held()

    @invariant()
    def the_events_rebuild_it(self) -> None:
        state = replay_events(self.ledger.store.history.events())
        assert state.takes == self.ledger.store.state.takes
        assert state.picks == self.ledger.store.state.picks
        assert state.assets == self.assets

    @invariant()
    def numbers_are_used_once(self) -> None:
        numbers = [(take.look, take.number) for take in self.ledger.store.state.takes.values()]
        assert len({*numbers}) == len(numbers)

    # --- helpers ------------------------------------------------------------------------------

    def now(self) -> float:
        self.clock += 1.0
        return self.clock

    def intent(self, look: str, price: Decimal, take: str | None) -> Intent:
        key = self.entropy.key()
        body = f'{{"key":"{key}"}}'.encode()
        return Intent(look, LookKind.PROMPT, "i" * 64, "{}", look, body, key, price, take=take)

    def look_of(self, uid: str) -> str:
        take: Take = self.ledger.take(uid)
        return take.look

    def of_state(self, state: TakeState) -> list[str]:
        return sorted(uid for uid, take in self.takes.items() if take[0] is state)

    def held(self, *, run: str | None = None, without: str | None = None) -> Decimal:
        return sum(
            (
                price
                for uid, (_, billing, price, of_run) in self.takes.items()
                if billing in COUNTING and uid != without and run in (None, of_run)
            ),
            Decimal(0),
        )

    def fits(self, price: Decimal, uid: str | None) -> bool:
        ceilings = self.ledger.ceilings
        run = self.held(run=self.run, without=uid) + price
        campaign = self.held(without=uid) + price
        if ceilings.run is not None and run > ceilings.run:
            return False
        return ceilings.campaign is None or campaign <= ceilings.campaign


LedgerMachine.TestCase.settings = settings(
    max_examples=settings().max_examples // 3,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

TestLedger = pytest.mark.slow(LedgerMachine.TestCase)
