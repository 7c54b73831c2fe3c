"""An account that answers, its ledger locked and open: what every command that works needs."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from runner.cli import wiring
from runner.cli.intake import adopt_results
from runner.cli.progress import Progress
from runner.errors import AccountError, ApiTrouble, LookbookError
from runner.executor.desk import Desk
from runner.executor.tasks import Stopping
from runner.ledger.file import LedgerFile
from runner.ledger.lock import hold
from runner.ledger.neighbours import read_neighbours
from runner.ledger.places import Places
from runner.model import Campaign
from runner.policy.budget import Ceilings
from runner.policy.pacing import Pacer

__all__ = ["Workshop", "begin", "opened", "use_results", "workshop"]


@dataclass(frozen=True, slots=True)
class Workshop:
    """The open account, its ledger, and the desk that a run or a search works at."""

    link: wiring.Link
    ledger: LedgerFile
    desk: Desk
    progress: Progress


@asynccontextmanager
async def workshop(
    link: wiring.Link,
    *,
    ceilings: Ceilings | None = None,
    concurrency: int = 1,
    probe: Callable[[str], None] | None = None,
) -> AsyncIterator[Workshop]:
    """Lock and open the account's ledger. Raises LedgerLocked, LedgerDamaged or StorageError."""
    with hold(link.state.folder, now=wiring.WallClock().now()):
        async with opened(
            link, path=link.state.ledger, ceilings=ceilings, concurrency=concurrency, probe=probe
        ) as work:
            yield work


@asynccontextmanager
async def opened(
    link: wiring.Link,
    *,
    path: Path,
    ceilings: Ceilings | None = None,
    concurrency: int = 1,
    probe: Callable[[str], None] | None = None,
) -> AsyncIterator[Workshop]:
    """Open a ledger whose folder is locked already. Raises LedgerDamaged or StorageError."""
    clock, entropy = wiring.WallClock(), wiring.Randomness()
    ledger = LedgerFile(path, now=clock.now, entropy=entropy, ceilings=ceilings, probe=probe)
    progress = Progress(ceiling=ledger.ceilings.run)
    desk = Desk(
        api=link.api,
        ledger=ledger,
        images=link.images,
        clock=clock,
        entropy=entropy,
        observer=progress,
        patience=link.patience,
        pacer=Pacer(concurrency),
        neighbours=partial(read_neighbours, link.state),
    )
    try:
        yield Workshop(link, ledger, desk, progress)
    except Stopping:
        raise _stopped(desk) from None
    finally:
        progress.close()
        ledger.close()


def begin(work: Workshop, campaign: Campaign, command: str) -> str:
    """Start a run for a command that buys nothing."""
    run = work.ledger.begin(work.link.account, campaign.name, {"command": command})
    Places(campaign.manifest).use(work.link.state)
    return run


async def use_results(campaign: Campaign, work: Workshop) -> None:
    """Take in what results.json knows and the ledger does not: before anything is decided by it.

    And before it is written anew, which would forget what a newer ledger or a colleague bought.
    """
    desk, link = work.desk, work.link
    if await adopt_results(work.ledger, desk.entropy, link.account, campaign, link.state):
        Places(campaign.manifest).use(link.state)


def _stopped(desk: Desk) -> LookbookError:
    """Say why work at the account ended; a run says it in its outcome instead."""
    if desk.account_trouble is not None:
        return AccountError(f"The account needs a person: {desk.account_trouble}")
    return ApiTrouble(desk.stopped or "It was interrupted.")
