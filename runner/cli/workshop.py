"""An account that answers, its ledger locked and open: what every command that works needs."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.cli import wiring
from runner.cli.progress import Progress
from runner.errors import AccountError, ApiTrouble, LookbookError, UsageError
from runner.executor.desk import Desk
from runner.executor.tasks import Stopping
from runner.ledger.file import LedgerFile
from runner.ledger.lock import hold
from runner.ledger.places import Places
from runner.ledger.reading import takes_in
from runner.model import Campaign
from runner.policy.budget import Ceilings
from runner.policy.pacing import Pacer

__all__ = ["Workshop", "adopt_results", "workshop"]


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
    clock, entropy = wiring.WallClock(), wiring.Randomness()
    with hold(link.state.folder, now=clock.now()):
        ledger = LedgerFile(
            link.state.ledger, now=clock.now, entropy=entropy, ceilings=ceilings, probe=probe
        )
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


async def adopt_results(work: Workshop, campaign: Campaign, path: Path) -> int:
    """Take what a results document says into an empty ledger; gives how many takes.

    Nothing is bought: the takes belong to this very account. Raises UsageError where the document
    is not ours or another account's.
    """
    results = _read(path)
    takes = takes_in(results, source=str(path))
    if results["account"] != work.link.account.label:
        raise UsageError(
            f"{path} is the account {results['account']}'s, not {work.link.account.label}'s: the "
            "looks in it cannot be used here, and would be bought again.",
            hint="Use the other account's key. To buy everything again: --new-ledger.",
        )
    if results["campaign"] != campaign.name:
        raise UsageError(f"{path} is the campaign {results['campaign']}'s, not {campaign.name}'s.")
    for take, picked in takes:
        await work.ledger.import_take(take, picked=picked)
    return len(takes)


def _stopped(desk: Desk) -> LookbookError:
    """Say why work at the account ended; a run says it in its outcome instead."""
    if desk.account_trouble is not None:
        return AccountError(f"The account needs a person: {desk.account_trouble}")
    return ApiTrouble(desk.stopped or "It was interrupted.")


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from error
