"""The stage: the commands of ``runner.cli`` are the real ones, what they open is the world's.

Account, network, clock, randomness, terminal: whatever a command reaches for by itself is replaced
while one process lives. The ledger commits inline, through the code that its writer thread runs.
"""

import io
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import anyio
import click

import runner.catalog as catalog_package
from runner.cli import confirm, rebuild, run_report, wiring, workshop
from runner.cli.commands import run
from runner.cli.request import Request
from runner.executor.concurrency import unwrap_exception_group
from runner.executor.session import Session
from runner.heygen.client import HeyGen
from runner.heygen.credentials import Credentials
from runner.images import downloader
from runner.ledger.ledger import LedgerFile
from runner.ledger.lock import lock_ledger
from runner.plan import Plan
from runner.policy.exit_codes import Outcome
from runner.policy.retry import RetryLimits
from runner.takes import Account
from tests.fault.environment import KEY, Violation
from tests.fault.network import Network
from tests.fault.process import Clock, Process, RecordingObserver

if TYPE_CHECKING:
    from runner.images.downloader import Downloader

__all__ = ["install_harness"]

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
    world = process.world

    def said(text: object = "", *_args: Any, **_named: Any) -> None:
        if KEY in str(text):
            world.found(Violation("the key was said"))

    def agreed(plan: Plan, link: Any, ledger: LedgerFile, request: Request, **named: Any) -> Plan:
        plan = confirm.confirm_plan(plan, link, ledger, request, **named)
        if not process.elsewhere:
            world.judge.agreed(process.campaign, plan, ledger.ceilings)
        return plan

    return {
        (wiring, "WallClock"): partial(Clock, world),
        (wiring, "Randomness"): lambda: process.entropy,
        (wiring, "secrets"): SimpleNamespace(SystemRandom=lambda: process.entropy),
        (wiring, "knock"): partial(_knock, process),
        (wiring, "write_results"): partial(_write_results, process, wiring.write_results),
        (workshop, "LedgerFile"): partial(_ledger, process),
        (workshop, "Progress"): lambda **_named: _Quiet(world),
        (downloader, "Downloader"): partial(_pictures, process, downloader.Downloader),
        (workshop, "lock_ledger"): partial(_hold, process),
        (rebuild, "lock_ledger"): partial(_hold, process),
        (run, "confirm_plan"): agreed,
        (run, "with_signals"): partial(_with_ctrl_c, process),
        (confirm, "format_plan"): lambda *_args, **_named: "",
        (run_report, "format_results"): lambda *_args, **_named: "",
        (rebuild, "os"): SimpleNamespace(link=partial(_link, process)),
        (rebuild, "datetime"): SimpleNamespace(
            now=lambda _zone: datetime.fromtimestamp(world.runner_now(), UTC)
        ),
        (catalog_package, "write_catalog"): lambda _results, folder: folder / "catalog.html",
        (click, "echo"): said,
        (sys, "stdin"): io.StringIO(),
    }


class _Quiet(RecordingObserver):
    """Says into the log what a progress bar would show."""

    def begin(self, *_what: object, **_more: object) -> None:
        """Draw nothing."""

    def close(self) -> None:
        """Do nothing: nothing was drawn."""


def _ledger(process: Process, path: Path, **named: Any) -> LedgerFile:
    """Open a ledger that commits inline; the judge reads only the campaign's own."""
    process.opens(path)
    return LedgerFile(path, **{**named, "failpoint": process.passes, "inline": True})


@contextmanager
def _hold(process: Process, folder: Path, *, now: float) -> Iterator[None]:
    with lock_ledger(folder, now=now):
        process.locked = folder == process.state
        try:
            yield
        finally:
            process.locked = False


def _pictures(process: Process, kind: "type[Downloader]", folder: Path, **_named: Any) -> Any:
    return kind(folder, transport=Network(process.world), inline=True, failpoint=process.passes)


def _write_results(process: Process, write: Any, results: Mapping[str, Any], folder: Path) -> Path:
    process.passes("results:before-write")
    catalog: Path = write(results, folder)
    process.passes("results:after-write")
    return catalog


def _link(process: Process, source: Path, target: Path) -> None:
    process.passes("swap:before-link")
    os.link(source, target)
    process.passes("swap:after-link")


@asynccontextmanager
async def _knock(
    process: Process, *, simulated_at: str | None, wait: float | None = None
) -> AsyncIterator[wiring.Door]:
    world = process.world
    clock = Clock(world)
    async with HeyGen(
        Credentials(KEY), "https://api.heygen.com", transport=Network(world), now=clock.now
    ) as api:
        user = await wiring.ask_account(api.me, RetryLimits())
        account = Account(api.address.host, user.username)
        yield wiring.Door(api, account, user, RetryLimits(), allow_http=False)


async def _with_ctrl_c(process: Process, session: Session, *_shown: object) -> Outcome:
    outcomes: list[Outcome] = []
    world, loop = process.world, process.world.loop
    with unwrap_exception_group():
        async with anyio.create_task_group() as tasks:

            def ctrl_c() -> None:
                if loop is None:
                    return
                if session.context.interrupted:
                    loop.call_soon(tasks.cancel_scope.cancel)
                    world.seen["ctrl-c twice"] += 1
                else:
                    loop.call_soon(session.context.interrupt)

            process.ctrl_c = ctrl_c
            outcomes.append(await session.carry_out())
            tasks.cancel_scope.cancel()
    process.ctrl_c = None
    outcome = outcomes[0] if outcomes else session.end()
    for key, (kind, why) in (session.look_report.held if session.look_report else {}).items():
        world.say(f"held {key}: {kind}, {why}")
    world.say(f"outcome: {outcome}")
    return outcome
