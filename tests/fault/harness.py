"""The commands of ``runner.cli`` are the real ones; what they open is the environment's.

Network, clock, randomness and terminal are handed in as a context; what the judge watches beside
them is replaced while one process lives. The ledger commits inline, through the code that its
writer thread runs.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import click

import runner.catalog as catalog_package
from runner.cli import confirm, run_attempt, session, supervise
from runner.cli.account import open_account
from runner.cli.context import Console, Context
from runner.cli.session import OpenSession, open_session
from runner.cli.shared_ledger import remember_takes
from runner.executor import face_measuring
from runner.executor.concurrency import unwrap_exception_group
from runner.executor.session import Session
from runner.ledger import location
from runner.ledger.ledger import LedgerFile
from runner.ledger.lock import lock_ledger
from runner.ledger.state_dirs import StateDir
from runner.model import Campaign
from runner.plan import Plan
from runner.plan.request import Request
from runner.policy.exit_codes import Outcome
from runner.takes import Snapshot
from tests.fault.environment import KEY, Environment, Violation
from tests.fault.faces import Portraits
from tests.fault.network import Network
from tests.fault.process import Clock, Process, RecordingObserver

__all__ = ["install_harness", "make_context", "open_here"]

GLANCE_EVERY = 20.0
"""Seconds between two looks for decisions that wait: a second would be most of what is played."""

Places = dict[tuple[ModuleType, str], Any]

make_catalog = catalog_package.write_catalog


@contextmanager
def install_harness(process: Process) -> Iterator[None]:
    """Make commands open this process's environment until the block ends."""
    setting = _setting(process)
    before = {(module, name): vars(module)[name] for module, name in setting}
    try:
        _put(setting)
        yield
    finally:
        _put(before)


def _put(places: Places) -> None:
    for (module, name), value in places.items():
        vars(module)[name] = value


def _setting(process: Process) -> Places:
    environment = process.environment

    def said(text: object = "", *_args: Any, **_named: Any) -> None:
        if KEY in str(text):
            environment.found(Violation("the key was said"))

    def agreed(plan: Plan, work: OpenSession, request: Request, **named: Any) -> Plan:
        plan = confirm.confirm_plan(plan, work, request, **named)
        at_work = environment.process
        if not at_work.elsewhere:
            environment.judge.agreed(at_work.campaign, plan, work.ledger.ceilings)
        return plan

    return {
        (face_measuring, "MIN_PICTURE"): 1,
        (location, "LedgerFile"): partial(_ledger, process),
        (supervise, "GLANCE_EVERY"): GLANCE_EVERY,
        (session, "lock_ledger"): partial(_hold, environment),
        (session, "remember_takes"): partial(_remember, process),
        (run_attempt, "confirm_plan"): agreed,
        (run_attempt, "with_signals"): partial(_with_ctrl_c, environment),
        (catalog_package, "write_catalog"): lambda _results, folder: folder / "catalog.html",
        (click, "echo"): said,
        (click, "prompt"): partial(_type_name, process),
    }


def make_context(process: Process) -> Context:
    """Return what a command reaches of this process's environment."""
    environment = process.environment
    return Context(
        clock=Clock(environment),
        entropy=process.entropy,
        console=_Console(process),
        environment={"HEYGEN_API_KEY": KEY},
        home=str(environment.folder),
        transport=Network(environment),
        failpoint=process.passes,
        inline=True,
        faces=lambda folder, _at_once: (
            Portraits(environment, folder) if environment.history.faces else None
        ),
        shared=environment.ledgers,
    )


@asynccontextmanager
async def open_here(process: Process, campaign: Campaign) -> AsyncIterator[OpenSession]:
    """Open the account and its ledger, for what a command does offline."""
    async with open_account(make_context(process)) as opened:
        state = opened.make_state(campaign)
        async with open_session(opened, campaign, state) as work:
            yield work


class _Console(Console):
    """A terminal where nobody answers, but on a day that says so."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def can_answer(self) -> bool:
        """Return whether somebody can."""
        return self._process.day.answers

    def can_choose(self) -> bool:
        """Nobody can."""
        return False

    def progress(self, ceiling: Decimal | None) -> Any:
        """Return what writes progress into the log."""
        return _Quiet(self._process.environment)


class _Quiet(RecordingObserver):
    """Says into the log what a progress bar would show."""

    def begin(self, *_what: object, **_more: object) -> None:
        """Draw nothing."""

    def close(self) -> None:
        """Do nothing: nothing was drawn."""


def _type_name(process: Process, question: str, **_named: Any) -> str:
    """Answer what can only be answered with the campaign's name."""
    process.environment.say(f"person: answers “{question}”")
    process.environment.seen["a question answered"] += 1
    return process.campaign.name


def _ledger(process: Process, path: Path, **named: Any) -> LedgerFile:
    """Open a ledger that commits inline; the judge reads only the campaign's own."""
    process.opens(path)
    return LedgerFile(path, **named)


@contextmanager
def _hold(environment: Environment, folder: Path, *, now: float) -> Iterator[None]:
    process = environment.process
    with lock_ledger(folder, now=now):
        process.locked = folder == process.state
        try:
            yield
        finally:
            process.locked = False


def _remember(process: Process, state: StateDir, snapshot: Snapshot) -> None:
    """Write what a folder remembers, unless the process is dead, which Python unwinds."""
    if not process.environment.dead:
        remember_takes(state, snapshot)


async def _with_ctrl_c(
    environment: Environment, running: Session, work: OpenSession, *_beside: object
) -> Outcome:
    outcomes: list[Outcome] = []
    process, loop = environment.process, environment.loop
    with unwrap_exception_group():
        async with anyio.create_task_group() as tasks:

            def ctrl_c() -> None:
                if loop is None:
                    return
                if running.context.interrupted:
                    loop.call_soon(tasks.cancel_scope.cancel)
                    environment.seen["ctrl-c twice"] += 1
                else:
                    loop.call_soon(running.context.interrupt)

            process.ctrl_c = ctrl_c
            if environment.database is not None:
                tasks.start_soon(supervise.take_in_decisions, work)
            outcomes.append(await running.carry_out())
            tasks.cancel_scope.cancel()
    process.ctrl_c = None
    outcome = outcomes[0] if outcomes else await running.end()
    for key, (kind, why) in (running.look_report.held if running.look_report else {}).items():
        environment.say(f"held {key}: {kind}, {why}")
    environment.say(f"outcome: {outcome}")
    return outcome
