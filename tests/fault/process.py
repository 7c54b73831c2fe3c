"""One process of the runner: it opens what a command opens, works, and may die at any moment."""

import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from runner.answers import Answer, UserData
from runner.errors import AccountError, ApiTrouble, LedgerLocked, LookbookError
from runner.executor.desk import Desk
from runner.executor.ports import Observer
from runner.heygen.client import HeyGen
from runner.heygen.credentials import Credentials
from runner.images.downloader import Downloader
from runner.ledger.file import LedgerFile
from runner.ledger.lock import hold
from runner.model import Account, Take
from runner.policy.budget import Ceilings
from runner.policy.lifecycle import Event
from runner.policy.pacing import Pacer
from runner.policy.patience import Patience, backoff
from runner.policy.verdict import Free, judge_free
from tests.fault.chance import SeededEntropy
from tests.fault.history import Day, MishapKind
from tests.fault.network import Network
from tests.fault.virtual import VirtualLoop
from tests.fault.world import KEY, Killed, Violation, World

__all__ = ["Bench", "Ended", "Process"]

LONGEST = 12 * 3600.0
"""No command may take longer, in virtual seconds: every wait is bounded."""

MOST_TURNS = 400_000
"""Nor may it turn on the spot."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: with an exit code, with an error for a person, or killed."""

    code: int | None = None
    error: LookbookError | None = None
    killed: bool = False


@dataclass(frozen=True, slots=True)
class Bench:
    """What a command works with."""

    desk: Desk
    ledger: LedgerFile
    account: Account
    user: UserData


class Clock:
    """The runner's clock: true time with a skew of its own."""

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> float:
        """Give what the runner believes the time is."""
        return self._world.runner_now()

    async def sleep(self, seconds: float) -> None:
        """Wait in virtual time."""
        await anyio.sleep(max(0.0, seconds))


class Ear(Observer):
    """Writes what the runner says into the log."""

    def __init__(self, world: World) -> None:
        self._world = world

    def take_changed(self, take: Take, event: Event) -> None:
        self._world.say(f"take {take.label} {event} → {take.state} ({take.billing})")

    def looks_blocked(self, looks: Sequence[str], reason: str) -> None:
        self._world.say(f"blocked {', '.join(looks)}: {reason}")

    def waiting(self, reason: str, seconds: float) -> None:
        self._world.seen["said waiting"] += 1

    def said(self, message: str) -> None:
        self._world.say(f"said: {message}")


class Process:
    """Runs one command of one day, with that day's mishaps."""

    def __init__(self, world: World, number: int, day: Day) -> None:
        self.world = world
        self.day = day
        self.state = world.folder / "bad-days.lookbook"
        self.ctrl_c: Callable[[], None] | None = None
        self.number = number
        self._entropy = SeededEntropy(world.chance.of("process", number))
        self._points: Counter[str] = Counter()
        self._requests: Counter[str] = Counter()
        self._transactions = 0
        self._started = world.elapsed
        self._releases: list[Callable[[], None]] = []

    @property
    def ledger_path(self) -> Path:
        return self.state / "ledger.sqlite"

    # --- life and death -----------------------------------------------------------------------

    def run(self, work: Callable[["Process"], Awaitable[int]]) -> Ended:
        """Carry out a command until it ends, one way or another."""
        world = self.world
        world.dead = False
        world.process = self
        loop = VirtualLoop(world.elapsed, self._turn)
        with world.looping(loop):
            try:
                ended = Ended(code=loop.run_until_complete(work(self)))
            except Killed:
                world.dead = True
                ended = Ended(killed=True)
            except LookbookError as error:
                ended = Ended(error=error)
            finally:
                world.dead = True
        world.check()
        return ended

    def _turn(self, number: int) -> None:
        world = self.world
        if world.trouble_found is not None:
            raise world.trouble_found
        if world.dead:
            raise Killed
        if world.loop is not None and world.loop.time() - self._started > LONGEST:
            raise Violation(f"a command takes longer than {LONGEST / 3600:g} hours")
        if number > MOST_TURNS:
            raise Violation("a command turns on the spot")
        for mishap in self.day.mishaps:
            if mishap.at != number:
                continue
            if mishap.kind is MishapKind.KILL_TURN:
                self._struck(mishap.kind)
                raise Killed
            if mishap.kind is MishapKind.INTERRUPT and self.ctrl_c is not None:
                self._struck(mishap.kind)
                self.ctrl_c()
            elif mishap.kind is MishapKind.CLOCK:
                self._struck(mishap.kind, f" by {mishap.amount:+g} s")
                world.skew += mishap.amount
            elif mishap.kind is MishapKind.CONSENT:
                if world.grant_consents():
                    self._struck(mishap.kind)
            elif mishap.kind is MishapKind.RIVAL:
                self._rival()

    def _struck(self, kind: MishapKind, more: str = "") -> None:
        self.world.seen[f"mishap {kind}"] += 1
        self.world.say(f"mishap: {kind}{more}")

    def _rival(self) -> None:
        """Start another run: it must be turned away as long as this one holds the ledger."""
        if not self._points["lock"]:
            return
        self._struck(MishapKind.RIVAL)
        try:
            with hold(self.state, now=self.world.runner_now()):
                raise Violation("two runs hold one ledger")
        except LedgerLocked:
            return

    def die(self, kind: MishapKind, where: str) -> None:
        """End this process here and now."""
        self._struck(kind, f" at {where}")
        self.world.dead = True
        raise Killed

    def passes(self, point: str) -> None:
        """Hear that a commit point is passed (the probe of the ledger and of the pictures)."""
        world = self.world
        world.alive()
        self._points[point] += 1
        if point in world.armed:
            world.armed.discard(point)
            world.seen[f"killed {point}"] += 1
            self.die(MishapKind.KILL_COMMIT, point)
        for mishap in self.day.mishaps:
            if (
                mishap.kind is MishapKind.KILL_COMMIT
                and mishap.point == point
                and mishap.at == self._points[point]
            ):
                world.seen[f"killed {point}"] += 1
                self.die(mishap.kind, point)
        if not point.startswith("image:"):
            self._passes_transaction(point.partition(":")[2])

    def _passes_transaction(self, point: str) -> None:
        if point == "before-commit":
            self._transactions += 1
        for mishap in self.day.mishaps:
            full = mishap.kind is MishapKind.DISK_FULL
            if full and mishap.point == point and mishap.at == self._transactions:
                self._struck(mishap.kind, f" {point}")
                raise sqlite3.OperationalError("database or disk is full")
            slow = mishap.kind is MishapKind.SLOW_DISK and mishap.at <= self._transactions
            if slow and point == "before-commit" and self.world.loop is not None:
                self.world.seen[f"mishap {mishap.kind}"] += 1
                self.world.loop.advance(mishap.amount)
        if point == "after-commit":
            self.world.judged(self.world.judge.committed)

    def passes_request(self, point: str) -> None:
        """Hear that a paid request is about to leave, or its answer to be read."""
        self._requests[point] += 1
        kind = MishapKind.KILL_SEND if point == "send" else MishapKind.KILL_ANSWER
        for mishap in self.day.mishaps:
            if mishap.kind is kind and mishap.at == self._requests[point]:
                self.die(kind, f"paid request {mishap.at}")

    # --- what a command opens -----------------------------------------------------------------

    @asynccontextmanager
    async def open(self, ceilings: Ceilings) -> AsyncIterator[Bench]:
        """Open account, lock and ledger as the commands do (``runner.cli.workshop``)."""
        world, clock = self.world, Clock(self.world)
        network = Network(world)
        async with HeyGen(
            Credentials(KEY), "https://api.heygen.com", transport=network, now=clock.now
        ) as api:
            hello = await self._hello(api)
            account = Account(api.address.host, hello.data.username)
            self.state.mkdir(parents=True, exist_ok=True)
            pictures = Downloader(self.state, transport=network, inline=True, probe=self.passes)
            async with pictures as images:
                with hold(self.state, now=clock.now()):
                    self._points["lock"] = 1
                    ledger = LedgerFile(
                        self.ledger_path,
                        now=clock.now,
                        entropy=self._entropy,
                        ceilings=ceilings,
                        probe=self.passes,
                        inline=True,
                    )
                    desk = Desk(
                        api=api,
                        ledger=ledger,
                        images=images,
                        clock=clock,
                        entropy=self._entropy,
                        observer=Ear(world),
                        patience=Patience(),
                        pacer=Pacer(self.day.concurrency),
                    )
                    try:
                        yield Bench(desk, ledger, account, hello.data)
                    finally:
                        self._points["lock"] = 0
                        ledger.close()

    async def _hello(self, api: HeyGen) -> Answer[UserData]:
        attempt = 0
        while True:
            attempt += 1
            reply = await api.me()
            if isinstance(reply, Answer):
                return reply
            verdict = judge_free(reply)
            if verdict is Free.PERSON:
                raise AccountError("HeyGen does not accept the key")
            if verdict is not Free.AGAIN or attempt > Patience().retries:
                raise ApiTrouble("HeyGen does not answer")
            await anyio.sleep(backoff(attempt, self._entropy.random()))


Work = Callable[[Process], Awaitable[Any]]
