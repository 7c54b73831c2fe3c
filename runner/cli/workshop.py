"""An account that answers, its ledger locked and open: what every command that works needs."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from runner.cli import wiring
from runner.cli.progress import Progress
from runner.cli.results_import import import_results
from runner.errors import AccountError, ApiTrouble, LookbookError
from runner.executor.concurrency import RunStopped
from runner.executor.context import RunContext
from runner.ledger.ledger import LedgerFile
from runner.ledger.lock import lock_ledger
from runner.ledger.neighbours import read_account_facts, read_neighbours
from runner.ledger.state_dirs import StateDirs
from runner.model import Campaign
from runner.policy.budget import Ceilings
from runner.policy.rate_limit import RateLimiter

__all__ = ["Workshop", "begin", "opened", "use_results", "workshop"]


@dataclass(frozen=True, slots=True)
class Workshop:
    """The open account, its ledger, and the desk that a run or a search works at."""

    link: wiring.Link
    ledger: LedgerFile
    context: RunContext
    progress: Progress


@asynccontextmanager
async def workshop(
    link: wiring.Link,
    *,
    ceilings: Ceilings | None = None,
    concurrency: int = 1,
    failpoint: Callable[[str], None] | None = None,
) -> AsyncIterator[Workshop]:
    """Lock and open the account's ledger. Raises LedgerLocked, LedgerDamaged or StorageError."""
    with lock_ledger(link.state.folder, now=wiring.WallClock().now()):
        async with opened(
            link,
            path=link.state.ledger,
            ceilings=ceilings,
            concurrency=concurrency,
            failpoint=failpoint,
        ) as work:
            yield work


@asynccontextmanager
async def opened(
    link: wiring.Link,
    *,
    path: Path,
    ceilings: Ceilings | None = None,
    concurrency: int = 1,
    failpoint: Callable[[str], None] | None = None,
) -> AsyncIterator[Workshop]:
    """Open a ledger whose folder is locked already. Raises LedgerDamaged or StorageError."""
    clock, entropy = wiring.WallClock(), wiring.Randomness()
    ledger = LedgerFile(
        path, now=clock.now, entropy=entropy, ceilings=ceilings, failpoint=failpoint
    )
    ledger.learn(read_account_facts(link.state, link.account))
    progress = Progress(ceiling=ledger.ceilings.run)
    context = RunContext(
        api=link.api,
        ledger=ledger,
        images=link.images,
        clock=clock,
        entropy=entropy,
        observer=progress,
        retry_limits=link.retry_limits,
        rate_limiter=RateLimiter(concurrency),
        neighbours=partial(read_neighbours, link.state),
    )
    try:
        yield Workshop(link, ledger, context, progress)
    except RunStopped:
        raise _stopped(context) from None
    finally:
        progress.close()
        ledger.close()


def begin(work: Workshop, campaign: Campaign, command: str) -> str:
    """Start a run for a command that buys nothing."""
    run = work.ledger.begin(work.link.account, campaign.name, {"command": command})
    StateDirs(campaign.manifest).use(work.link.state)
    return run


async def use_results(campaign: Campaign, work: Workshop) -> None:
    """Take in what results.json knows and the ledger does not: before anything is decided by it.

    And before it is written anew, which would forget what a newer ledger or a colleague bought.
    """
    context, link = work.context, work.link
    if await import_results(work.ledger, context.entropy, link.account, campaign, link.state):
        StateDirs(campaign.manifest).use(link.state)


def _stopped(context: RunContext) -> LookbookError:
    """Return why work at the account ended; a run says it in its outcome instead."""
    if context.account_trouble is not None:
        return AccountError(f"The account needs a person: {context.account_trouble}")
    return ApiTrouble(context.stopped or "It was interrupted.")
