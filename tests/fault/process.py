"""One process of the runner: it carries out one command, and may die at any moment."""

import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from runner.errors import LedgerLocked, LookbookError
from runner.executor.ports import Observer
from runner.ledger.lock import lock_ledger
from runner.model import Campaign
from runner.plan.request import Request
from runner.policy.lifecycle import Event
from runner.takes import Take
from tests.fault.chance import SeededEntropy
from tests.fault.environment import Environment, Killed, Violation
from tests.fault.history import Day, Fault, FaultKind
from tests.fault.reading import look_on
from tests.fault.virtual import VirtualLoop

if TYPE_CHECKING:
    import httpx

    from runner.ledger.location import LedgerLocation
    from runner.ledger.shared import SharedLedgers
    from tests.fault.network import Served

__all__ = ["Clock", "Ended", "Process", "RecordingObserver"]

LONGEST = 12 * 3600.0
"""No command may take longer, in virtual seconds: every wait is bounded."""

MOST_TURNS = 400_000
"""Nor may it turn on the spot."""


FILES = frozenset({"image", "results", "swap"})
"""What is written beside the ledger: no transactions."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: with an exit code, with an error for a person, or killed."""

    code: int | None = None
    error: LookbookError | None = None
    killed: bool = False


class Clock:
    """The runner's clock: true time with a skew of its own."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def now(self) -> float:
        """Return what the runner believes the time is."""
        return self._environment.runner_now()

    async def sleep(self, seconds: float) -> None:
        """Wait in virtual time."""
        await anyio.sleep(max(0.0, seconds))


class RecordingObserver(Observer):
    """Writes what the runner says into the log."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def take_changed(self, take: Take, event: Event) -> None:
        self._environment.say(f"take {take.label} {event} → {take.state} ({take.billing})")

    def looks_blocked(self, looks: Sequence[str], reason: str) -> None:
        self._environment.say(f"blocked {', '.join(looks)}: {reason}")

    def waiting(self, reason: str, seconds: float) -> None:
        self._environment.seen["said waiting"] += 1

    def said(self, message: str) -> None:
        self._environment.say(f"said: {message}")


class Process:
    """Runs one command of one day, with that day's faults.

    ``campaign`` is what it works for, ``asked`` what was asked for beyond that. ``selected`` are
    the only looks it may buy; None: all. ``elsewhere`` says that its ledger is another campaign's,
    or one that is being rebuilt.
    """

    def __init__(self, environment: Environment, number: int, day: Day, campaign: Campaign) -> None:
        self.environment = environment
        self.day = day
        self.campaign = campaign
        self.asked = Request()
        self.selected: frozenset[str] | None = None
        self.with_groups = False
        self.elsewhere = False
        self.locked = False
        self.state = environment.state
        self.ctrl_c: Callable[[], None] | None = None
        self.number = number
        self.entropy = SeededEntropy(environment.chance.of("process", number))
        self._points: Counter[str] = Counter()
        self._requests: Counter[str] = Counter()
        self._transactions = 0
        self.started = environment.elapsed
        self.unlisted: set[str] = set()
        """The groups whose looks this process asked for, and did not get to the end."""
        self._releases: list[Callable[[], None]] = []
        self.loop: VirtualLoop | None = None
        self.stopped = False
        self.was_stopped = False
        self.judge: Any = None
        self._epoch: int | None = None
        self._struck_database: Counter[str] = Counter()

    @property
    def ledger(self) -> "Path | LedgerLocation":
        """Where the campaign's ledger lives."""
        return self.environment.find_ledger(self.state, self.campaign.name)

    @property
    def on(self) -> "SharedLedgers | None":
        """What ``--on`` names."""
        return self.environment.ledgers

    def asks(self, request: "httpx.Request") -> None:
        """Remember of which group a list is asked for."""
        if request.url.path == "/v3/avatars/looks":
            self.unlisted.add(request.url.params.get("group_id", ""))

    def was_told(self, request: "httpx.Request", served: "Served") -> None:
        """Remember that a group's list has arrived whole."""
        ends = served.status == 200 and b'"has_more":false' in served.body
        if request.url.path == "/v3/avatars/looks" and ends:
            self.unlisted.discard(request.url.params.get("group_id", ""))

    # --- life and death -----------------------------------------------------------------------

    def run(self, work: Callable[["Process"], Awaitable[int]]) -> Ended:
        """Carry out a command until it ends, one way or another."""
        environment = self.environment
        environment.dead = False
        environment.process = self
        loop = self.loop = VirtualLoop(environment.elapsed, self._turn)
        with environment.looping(loop):
            try:
                ended = Ended(code=loop.run_until_complete(work(self)))
            except Killed:
                environment.dead = True
                ended = Ended(killed=True)
            except LookbookError as error:
                ended = Ended(error=error)
            finally:
                environment.dead = True
                if environment.database is not None:
                    environment.database.process_ended(self)
                for other in [*environment.besides]:
                    environment.end_beside(other)
        environment.check()
        return ended

    def _turn(self, number: int) -> None:
        environment = self.environment
        if environment.trouble_found is not None:
            raise environment.trouble_found
        if environment.dead:
            raise Killed
        if environment.loop is not None and environment.loop.time() - self.started > LONGEST:
            raise Violation(f"a command takes longer than {LONGEST / 3600:g} hours")
        if number > MOST_TURNS:
            raise Violation("a command turns on the spot")
        for fault in self.day.faults:
            if fault.at != number:
                continue
            if fault.kind is FaultKind.KILL_TURN:
                self._struck(fault.kind)
                raise Killed
            if fault.kind is FaultKind.INTERRUPT and self.ctrl_c is not None:
                self._struck(fault.kind)
                self.ctrl_c()
            elif fault.kind is FaultKind.CLOCK:
                self._struck(fault.kind, f" by {fault.amount:+g} s")
                environment.skew += fault.amount
            elif fault.kind is FaultKind.CONSENT:
                if environment.grant_consents():
                    self._struck(fault.kind)
            elif fault.kind is FaultKind.RIVAL:
                self._rival()
            elif fault.kind is FaultKind.DATABASE_AWAY and environment.database is not None:
                self._struck(fault.kind, f" for {fault.amount:g} s")
                environment.database.go_away(fault.amount)
            elif fault.kind is FaultKind.STOPPED and environment.database is not None:
                self._stop(fault)
            elif fault.kind is FaultKind.BESIDE and environment.database is not None:
                if self.has_claimed and not environment.besides:
                    self._struck(fault.kind)
                    environment.beside()
            elif fault.kind is FaultKind.NEIGHBOUR:
                self._struck(fault.kind)
                environment.neighbour_buys(self._name_of(fault) if fault.amount else None)
            elif fault.kind is FaultKind.ONLOOKER and look_on(environment, self.campaign):
                self._struck(fault.kind)

    def _name_of(self, fault: Fault) -> str | None:
        """Choose one of this campaign's names, for somebody else to use."""
        names = [look.name for look in self.campaign.looks if look.name is not None]
        return names[fault.at % len(names)] if names else None

    def opens(self, ledger: Path) -> None:
        """Record that a ledger is opened."""
        self.elsewhere = ledger != self.ledger

    def _struck(self, kind: FaultKind, more: str = "") -> None:
        self.environment.seen[f"injected {kind}"] += 1
        self.environment.say(f"fault: {kind}{more}")

    def _rival(self) -> None:
        """Start another run: it must be turned away as long as this one holds the ledger."""
        if not self.locked:
            return
        self._struck(FaultKind.RIVAL)
        try:
            with lock_ledger(self.state, now=self.environment.runner_now()):
                raise Violation("two runs hold one ledger")
        except LedgerLocked:
            return

    def _stop(self, fault: Fault) -> None:
        """Stand still, while a colleague runs the same campaign from another checkout."""
        environment = self.environment
        if not (self.locked and self.has_claimed):
            return  # nothing is claimed yet, or not any more
        self._struck(fault.kind, f" for {fault.amount:g} s")
        with environment.stopping():
            self.stopped = self.was_stopped = True
            environment.let_pass(fault.amount)
            environment.colleague()
        self.stopped = False
        if self.is_fenced():
            environment.seen["a process fenced"] += 1
            environment.say("goes on, and was fenced meanwhile")

    def claimed(self, epoch: int | None) -> None:
        """Record that the campaign was claimed in the shared database."""
        self._epoch = epoch

    @property
    def has_claimed(self) -> bool:
        """Return whether it claimed the campaign in the shared database."""
        return self._epoch is not None

    def is_fenced(self) -> bool:
        """Return whether somebody else has claimed the campaign since."""
        return self.was_stopped and self._find_epoch() != self._epoch

    def _find_epoch(self) -> int | None:
        database = self.environment.database
        return None if database is None else database.find_epoch(self.campaign.name)

    def strikes_database(self, point: str) -> bool:
        """Return whether the connection to the shared database is lost here."""
        self._struck_database[point] += 1
        for fault in self.day.faults:
            at = fault.at == self._struck_database[point]
            if fault.kind is FaultKind.DATABASE_LOST and fault.point == point and at:
                self._struck(fault.kind, f" at {point} {fault.at}")
                self.environment.seen[f"database lost {point}"] += 1
                return True
        return False

    def die(self, kind: FaultKind, where: str) -> None:
        """End this process here and now."""
        self._struck(kind, f" at {where}")
        self.environment.dead = True
        raise Killed

    def passes(self, point: str) -> None:
        """Record that a commit point is passed (the probe of the ledger and of the pictures)."""
        environment = self.environment
        environment.alive()
        self._points[point] += 1
        if point in environment.armed:
            environment.armed.discard(point)
            environment.seen[f"killed {point}"] += 1
            self.die(FaultKind.KILL_COMMIT, point)
        for fault in self.day.faults:
            if (
                fault.kind is FaultKind.KILL_COMMIT
                and fault.point == point
                and fault.at == self._points[point]
            ):
                environment.seen[f"killed {point}"] += 1
                self.die(fault.kind, point)
        if point.partition(":")[0] not in FILES:
            self._passes_transaction(point.partition(":")[2])

    def _passes_transaction(self, point: str) -> None:
        if point == "before-commit":
            self._transactions += 1
        for fault in self.day.faults:
            full = fault.kind is FaultKind.DISK_FULL
            if full and fault.point == point and fault.at == self._transactions:
                self._struck(fault.kind, f" {point}")
                raise sqlite3.OperationalError("database or disk is full")
            slow = fault.kind is FaultKind.SLOW_DISK and fault.at <= self._transactions
            if slow and point == "before-commit" and self.environment.loop is not None:
                self.environment.seen[f"injected {fault.kind}"] += 1
                self.environment.loop.advance(fault.amount)
        if point == "after-commit" and not self.elsewhere:
            self.environment.judged(self.environment.judge.committed)

    def passes_request(self, point: str) -> None:
        """Record that a paid request is about to leave, or its answer to be read."""
        self._requests[point] += 1
        kind = FaultKind.KILL_SEND if point == "send" else FaultKind.KILL_ANSWER
        for fault in self.day.faults:
            if fault.kind is kind and fault.at == self._requests[point]:
                self.die(kind, f"paid request {fault.at}")
