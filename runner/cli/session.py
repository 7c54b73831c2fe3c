"""The ways in: an account with its ledger locked, or a ledger alone; and one way to finish."""

from collections.abc import AsyncIterator, Iterator
from contextlib import (
    AbstractContextManager,
    ExitStack,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from runner.cli.account import OpenAccount
from runner.cli.context import Context
from runner.cli.outputs import note_results, write_outputs
from runner.cli.progress import Progress
from runner.cli.results_import import import_results, import_reviews
from runner.cli.shared_ledger import ask_before_file, check_shared, remember_takes
from runner.errors import AccountError, ApiTrouble, LookbookError, UsageError
from runner.executor.concurrency import RunStopped
from runner.executor.context import RunContext
from runner.executor.ports import Api
from runner.ledger.ledger import CampaignLedger
from runner.ledger.location import FileLocation, LedgerLocation
from runner.ledger.lock import lock_ledger
from runner.ledger.neighbours import read_account_facts, read_neighbours
from runner.ledger.state_dirs import StateDir, StateDirs
from runner.model import Campaign
from runner.plan import Plan
from runner.plan import plan as make_plan
from runner.policy.budget import Ceilings
from runner.policy.rate_limit import RateLimiter
from runner.replies import UserData
from runner.takes import Account, Snapshot

if TYPE_CHECKING:
    from runner.images.downloader import Downloader


@dataclass(frozen=True, slots=True)
class OpenSession:
    """An account that answers, its ledger locked and open, and what a run works with.

    ``outside`` is the command's context, ``context`` the executor's.
    """

    outside: Context
    campaign: Campaign
    api: Api
    account: Account
    user: UserData
    state: StateDir
    ledger: CampaignLedger
    context: RunContext
    progress: Progress

    def begin(self, command: str) -> None:
        """Start a run for a command that buys nothing."""
        self.ledger.begin(self.account, self.campaign.name, {"command": command})
        StateDirs(self.campaign.manifest).use(self.state)

    def finish(self, code: int) -> Path:
        """End the run, write results and catalog anew; return the catalog's path."""
        self.ledger.end({"exit": code, "stopped": None})
        return write_outputs(self.outside, self.campaign, self.ledger, self.state)

    async def import_reviews(self) -> None:
        """Import what review.json tells, where results.json is known to have no news."""
        await import_reviews(self.ledger, self.state, ())

    async def import_results(self) -> None:
        """Import what results.json knows and the ledger does not.

        Before anything is decided by it, and before it is written anew, which would forget what a
        newer ledger or a colleague bought.
        """
        if await import_results(
            self.ledger, self.context.entropy, self.account, self.campaign, self.state
        ):
            StateDirs(self.campaign.manifest).use(self.state)


@asynccontextmanager
async def open_session(
    opened: OpenAccount,
    campaign: Campaign,
    state: StateDir,
    *,
    ceilings: Ceilings | None = None,
    concurrency: int = 1,
    beside: Path | None = None,
) -> AsyncIterator[OpenSession]:
    """Open an account's ledger, and what fetches pictures.

    The folder is locked, unless ``beside`` names another ledger file for a caller who locked it.
    Raises LedgerLocked, LedgerDamaged or StorageError.
    """
    outside = opened.context
    async with _make_downloader(opened, state) as images:
        with ExitStack() as stack:
            if beside is None:
                stack.enter_context(lock_state(outside, state))
            location = FileLocation(beside) if beside is not None else state.location
            if (left := state.find_left_ledger()) is not None:
                ask_before_file(outside.console, campaign, state, left)
            ledger = _open(outside, location, ceilings, concurrency)
            stack.callback(ledger.close)
            if state.shared is not None:
                check_shared(outside.console, campaign, state, opened.account, ledger.snapshot())
            ledger.learn(read_account_facts(state, opened.account, ledger.elsewhere))
            if outside.invocation is not None:
                outside.invocation.folder = state.folder
            progress = outside.console.progress(ledger.ceilings.run)
            stack.callback(progress.close)
            context = RunContext(
                api=opened.api,
                ledger=ledger,
                images=images,
                clock=outside.clock,
                entropy=outside.entropy,
                observer=progress,
                retry_limits=opened.retry_limits,
                rate_limiter=RateLimiter(concurrency),
                neighbours=partial(read_neighbours, state, ledger.elsewhere),
                faces=outside.faces(state.folder, 1),
            )
            account = (opened.api, opened.account, opened.user)
            try:
                yield OpenSession(outside, campaign, *account, state, ledger, context, progress)
            except RunStopped:
                raise explain_stop(context) from None
            finally:
                with suppress(Exception):  # as below
                    if not ledger.transactions.is_broken:
                        remember_takes(state, ledger.snapshot())
                with suppress(Exception):  # whatever ended the command is what has to be told
                    note_results(outside, campaign, ledger.snapshot(), ledger.wallet)


def _make_downloader(opened: OpenAccount, state: StateDir) -> "Downloader":
    from runner.images.downloader import Downloader

    outside = opened.context
    return Downloader(
        state.folder,
        transport=outside.transport,
        allow_http=opened.allow_http,
        plain=outside.simulated_at is not None,
        allow_private=opened.allow_private,
        inline=outside.inline,
        failpoint=outside.failpoint,
        kept=partial(_prepare_thumb, state.folder),
    )


def _prepare_thumb(folder: Path, image: str, sha256: str) -> None:
    """Make a picture's thumbnail while HeyGen makes others, so that the catalog is soon there."""
    from runner.catalog.pictures import prepare_thumb  # its Pillow is slow to import

    prepare_thumb(folder, image, sha256)


def lock_state(context: Context, state: StateDir) -> AbstractContextManager[None]:
    """Hold the lock of a state folder. Raises LedgerLocked where another command holds it."""
    return lock_ledger(state.folder, now=context.clock.now())


def _open(
    context: Context,
    location: LedgerLocation,
    ceilings: Ceilings | None = None,
    concurrency: int = 1,
) -> CampaignLedger:
    return location.open(
        concurrency=concurrency,
        now=context.clock.now,
        entropy=context.entropy,
        ceilings=ceilings,
        failpoint=context.failpoint,
        inline=context.inline,
    )


def explain_stop(context: RunContext) -> LookbookError:
    """Return why work at the account ended; a run says it in its outcome instead."""
    if context.account_trouble is not None:
        return AccountError(f"The account needs a person: {context.account_trouble}")
    return ApiTrouble(context.stopped or "It was interrupted.")


# --- offline --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenLedger:
    """A ledger opened without asking the account; its looks have the manifest's keys."""

    context: Context
    ledger: CampaignLedger
    state: StateDir
    account: Account
    campaign: Campaign

    def snapshot(self) -> Snapshot:
        """Return what it holds now."""
        return self.ledger.snapshot()

    def plan(self) -> Plan:
        """Return the plan as it stands now."""
        return make_plan(self.campaign, self.snapshot())

    def write_outputs(self) -> Path:
        """Write results.json and the catalog anew; return the catalog's path."""
        return write_outputs(self.context, self.campaign, self.ledger, self.state)


@contextmanager
def open_ledger(
    context: Context, campaign: Campaign, state: StateDir, command: str
) -> Iterator[OpenLedger]:
    """Lock and open a ledger for one command. Raises LedgerLocked, LedgerDamaged, StorageError."""
    with lock_state(context, state):
        if (left := state.find_left_ledger()) is not None:
            ask_before_file(context.console, campaign, state, left)
        ledger = _open(context._replace(inline=True), state.location)
        try:
            account = ledger.snapshot().account
            if account is None:
                raise UsageError(f"{state.location} belongs to no account yet.")
            if state.shared is not None:
                check_shared(context.console, campaign, state, account, ledger.snapshot())
            anyio.run(import_results, ledger, context.entropy, account, campaign, state)
            ledger.begin(account, campaign.name, {"command": command})
            moves = make_plan(campaign, ledger.snapshot()).moves
            if moves:
                anyio.run(ledger.follow, moves)
            try:
                yield OpenLedger(context, ledger, state, account, campaign)
            except UsageError as error:
                ledger.end({"exit": error.exit_code, "stopped": error.message})
                raise
            ledger.end({"exit": 0, "stopped": None})
        finally:
            with suppress(Exception):  # as above
                note_results(context, campaign, ledger.snapshot(), ledger.wallet)
            ledger.close()
