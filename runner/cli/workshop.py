"""An account that answers, its ledger locked and open: what every command that works needs."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from runner.canonical import parse_json
from runner.cli import wiring
from runner.cli.progress import Progress
from runner.errors import AccountError, ApiTrouble, LookbookError, UsageError
from runner.executor.desk import Desk
from runner.executor.tasks import Stopping
from runner.ledger.file import LedgerFile
from runner.ledger.fold import numbers_of
from runner.ledger.lock import hold
from runner.ledger.places import Places
from runner.model import Campaign, Snapshot, Take, TakeState
from runner.policy.budget import Ceilings
from runner.policy.pacing import Pacer

__all__ = [
    "Workshop",
    "adopt_results",
    "begin",
    "opened",
    "read_results",
    "results_for",
    "workshop",
]


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


def results_for(work: Workshop, campaign: Campaign, path: Path) -> list[tuple[Take, bool]]:
    """Give the takes of a results document of this account and campaign, and which are picked.

    Raises UsageError where the document is not ours, or another account's or campaign's.
    """
    from runner.ledger.reading import takes_in  # jsonschema is slow to import

    results = read_results(path)
    if not isinstance(results, dict):
        raise UsageError(f"{path} is not a results document.")
    if results.get("account") != work.link.account.label:
        raise UsageError(
            f"{path} is the account {results.get('account')}'s, not {work.link.account.label}'s: "
            "the looks in it cannot be used here, and would be bought again.",
            hint="Use the other account's key. To buy everything again: --new-ledger.",
        )
    if results.get("campaign") != campaign.name:
        raise UsageError(
            f"{path} is the campaign {results.get('campaign')}'s, not {campaign.name}'s."
        )
    return takes_in(results, source=str(path))


async def adopt_results(work: Workshop, campaign: Campaign, path: Path) -> int:
    """Take in what results.json knows and the ledger does not; gives how many takes.

    A colleague with this account may have run the campaign meanwhile, or the ledger is empty here.
    Nothing is bought by it, and what it names is not bought again. All of it or nothing is
    committed. Raises UsageError for an empty ledger beside a document that cannot be used.
    """
    snapshot = work.ledger.snapshot()
    every = [take for takes in snapshot.takes.values() for take in takes]
    known = [take for take in every if take.state is not TakeState.PLANNED]
    if known and not _tells_more(read_results(path), work, campaign, {t.avatar_id for t in known}):
        return 0
    takes = results_for(work, campaign, path)
    if every:
        takes = _beside(snapshot, work, takes, unsent=not known)
    if takes:
        begin(work, campaign, "adopt results.json")
        await work.ledger.import_takes(takes)
    return len(takes)


def _tells_more(results: Any, work: Workshop, campaign: Campaign, known: set[str | None]) -> bool:
    """Whether a document of this account and campaign names looks that the ledger lacks."""
    try:
        mine = (results["account"], results["campaign"]) == (work.link.account.label, campaign.name)
        looks = [*results["looks"], *results["orphans"]]
        ids = {take["avatar_id"] for look in looks for take in look["takes"]}
    except (KeyError, TypeError):
        return False
    return mine and bool(ids - known - {None})


def _beside(
    snapshot: Snapshot, work: Workshop, takes: list[tuple[Take, bool]], *, unsent: bool
) -> list[tuple[Take, bool]]:
    """Give the takes that a ledger lacks, under names and numbers that are free in it.

    A ledger from which nothing was sent (``unsent``) also lacks those whose outcome is unknown, of
    looks that it has no take of: where it has one, a person may have decided already.
    """
    every = [take for known in snapshot.takes.values() for take in known]
    ours = {take.avatar_id for take in every}
    keys = {take.key for take in every}  # of these the ledger finds out by itself
    numbers = numbers_of(every)
    added: list[tuple[Take, bool]] = []
    for take, picked in takes:
        bought = take.avatar_id is not None and take.avatar_id not in ours and take.key not in keys
        doubtful = unsent and take.state is TakeState.UNKNOWN and take.look not in snapshot.takes
        if bought or doubtful:
            numbers[take.look] = numbers.get(take.look, 0) + 1
            renamed = replace(take, uid=work.desk.entropy.uid(), number=numbers[take.look])
            added.append((renamed, picked and snapshot.pick(take.look) is None))
    return added


def _stopped(desk: Desk) -> LookbookError:
    """Say why work at the account ended; a run says it in its outcome instead."""
    if desk.account_trouble is not None:
        return AccountError(f"The account needs a person: {desk.account_trouble}")
    return ApiTrouble(desk.stopped or "It was interrupted.")


def read_results(path: Path) -> Any:
    """Read a JSON file. Raises UsageError."""
    try:
        return parse_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from error
