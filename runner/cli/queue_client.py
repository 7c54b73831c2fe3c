"""A run that workers carry out: packed when it was agreed to, queued, followed."""

import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from runner.cli.context import Console
from runner.cli.format import warn
from runner.cli.session import OpenSession
from runner.cli.shared_options import name_database, name_person
from runner.errors import MaybeQueued, StorageError, UsageError
from runner.files import read_file
from runner.ledger.shared import SharedLedgers
from runner.manifest.images import MAX_UPLOAD_BYTES as MAX_PICTURE
from runner.model import Campaign
from runner.plan import Plan
from runner.plan import plan as make_plan
from runner.plan.options import resolve_options
from runner.plan.request import Request
from runner.plan.saved_plan import serialize_plan
from runner.policy.exit_codes import Exit
from runner.queue.opening import open_queue
from runner.queue.pack import Pack, explain_unpackable, list_files, pack_run
from runner.queue.port import QueuedRun, RunQueue, RunState, RunWaiting, WorkerSeen
from runner.shell import quote_command
from runner.takes import Account, Snapshot

if TYPE_CHECKING:
    from runner.queue.postgres.store import PostgresQueue

LOOK_EVERY = 0.3
"""Seconds between two looks at a run that is followed."""

ALONE = 5.0
"""Seconds between two looks whether a worker serves its account."""


@contextmanager
def open_shared_queue(on: SharedLedgers) -> "Iterator[PostgresQueue]":
    """Open the queue of the database that was named."""
    with closing(open_queue(on.database.address)) as queue:
        yield queue


class QueueCheck:
    """Holds back what buys in this process while a run of the same campaign is in the queue.

    That run would find that its plan has moved, and refuse. It is a
    ``runner.cli.run_attempt.Packer`` that packs nothing.
    """

    def __init__(self, queue: "PostgresQueue", request: Request) -> None:
        self._queue = queue
        self._request = request
        self._is_used = queue.is_there()

    def check(self, account: Account, campaign: Campaign) -> None:
        """Raise RunWaiting where the campaign is in the queue already."""
        if self._is_used:
            refuse_queued(self._queue, account, campaign, self._request)

    def pack(
        self, campaign: Campaign, work: OpenSession, plan: Plan, request: Request
    ) -> Pack | None:
        """Look once more: it may have been queued while a person was asked."""
        del plan, request
        self.check(work.account, campaign)
        return None


class RunPacker(QueueCheck):
    """Packs a run that was agreed to, where a worker is to carry it out.

    It is a ``runner.cli.run_attempt.Packer``.
    """

    def __init__(
        self, console: Console, queue: "PostgresQueue", request: Request, *, detach: bool = False
    ) -> None:
        """Take the queue; ``detach`` puts the run into it although no worker serves it yet."""
        super().__init__(queue, request)
        self._console = console
        self._detach = detach
        self._answers = console.answers

    def pack(
        self, campaign: Campaign, work: OpenSession, plan: Plan, request: Request
    ) -> Pack | None:
        """Return the packed run; None, after saying why, where it is carried out here.

        Raises UsageError where it was to be queued and cannot be, and RunWaiting where one was
        queued meanwhile.
        """
        self.check(work.account, campaign)
        workers = self._queue.list_workers() if self._is_used else []
        if not (self._detach or workers):
            return None  # nobody here has workers
        why = self._explain_here(campaign, work.account, request, workers)
        if why is not None:
            if self._detach:
                raise UsageError(f"This cannot be queued: {why}.", hint="Leave out --detach.")
            click.echo(f"This run goes on in this process: {why}.", err=True)
            return None
        snapshot, most = work.ledger.snapshot(), plan.worst_case
        # What a ceiling left out is in it: the worker cuts it down as this did.
        whole = make_plan(campaign, snapshot, resolve_options(campaign, snapshot, request))
        return make_pack(campaign, work.account, whole, snapshot, request, most=most)

    def _explain_here(
        self, campaign: Campaign, account: Account, request: Request, workers: list[WorkerSeen]
    ) -> str | None:
        if not self._detach and not any(worker.serves(account) for worker in workers):
            return f"no living worker serves {account.label}"
        if self._console.answers > self._answers:
            return "a worker would ask again what you have answered"
        return explain_unpackable(campaign, request)


def refuse_queued(queue: RunQueue, account: Account, campaign: Campaign, request: Request) -> None:
    """Raise RunWaiting where a campaign is in the queue already."""
    for run in queue.list_runs(ended=0):
        if (run.account, run.campaign) == (account, campaign.name):
            raise RunWaiting(run, hint=_hint_at(request))


def make_pack(
    campaign: Campaign,
    account: Account,
    plan: Plan,
    snapshot: Snapshot,
    request: Request,
    *,
    most: Decimal | None = None,
) -> Pack:
    """Pack what was agreed to: the manifest as it was read, and pictures that did not change since.

    ``most`` is the sum that was asked about, in USD, where it is not the plan's own. Raises
    UsageError where a picture changed meanwhile.
    """
    return pack_run(
        *(campaign, account, request, serialize_plan(plan, campaign, snapshot, request)),
        pictures={
            image.source: read_file(image.path, MAX_PICTURE) for image in list_files(campaign)
        },
        most=plan.worst_case if most is None else most,
        on=name_database(request),
    )


@contextmanager
def explain_interrupt(told: str, hint: str) -> Iterator[None]:
    """Raise MaybeQueued for a Ctrl-C while something is committed: whether it was is not known."""
    try:
        yield
    except KeyboardInterrupt:
        raise MaybeQueued(told, hint=hint) from None


def enqueue(queue: RunQueue, pack: Pack, request: Request) -> str:
    """Queue a run; return its id. Raises RunWaiting while the same campaign is in the queue."""
    try:
        return queue.enqueue(pack, by=name_person())
    except RunWaiting as error:
        error.hint = _hint_at(request)
        raise


def _hint_at(request: Request) -> str:
    return f"{advise_to_follow(request)}\nNothing was queued, nothing was sent."


def advise_to_follow(request: Request) -> str:
    """Return the commands that follow and cancel the run of a campaign."""
    return (
        f"To follow it: {name_command(request, '--follow')}\n"
        f"To cancel it: {name_command(request, '--cancel')}"
    )


def name_command(request: Request, option: str) -> str:
    """Return the command that follows or cancels the run of a campaign."""
    return quote_command("lookbook", "run", request.manifest, *name_database(request), option)


def find_run(queue: RunQueue, campaign: Campaign, account: Account | None) -> QueuedRun:
    """Return the run of a campaign that is in the queue, or was last. Raises UsageError."""
    runs = [
        run
        for run in queue.list_runs(ended=1000, campaign=campaign.name)
        if account in (None, run.account)
    ]
    if not runs:
        raise UsageError(f"The queue of this database knows no run of {campaign.name}.")
    if len({run.account for run in runs}) > 1:
        raise UsageError(
            f"Several accounts have runs of {campaign.name}: "
            f"{', '.join(sorted({run.account.label for run in runs}))}.",
            hint="Name one with --account.",
        )
    return runs[-1]


def follow(queue: RunQueue, run: str, request: Request) -> int:
    """Show what a run writes until it has ended; return its exit code.

    Ctrl-C ends the showing, not the run.
    """
    try:
        code = _follow(queue, run)
    except KeyboardInterrupt:
        click.echo(f"\nRun {run} goes on.\n{advise_to_follow(request)}", err=True)
        return int(Exit.UNDER_WAY)
    except StorageError as error:  # of the following alone
        error.hint = f"Run {run} goes on, or waits as well.\n{advise_to_follow(request)}"
        raise
    if code in (Exit.DONE, Exit.FAILED, Exit.UNDER_WAY, Exit.PERSON):
        click.echo(
            "Pictures and catalog lie with the worker. To have them here, for nothing: "
            + name_command(request, "--fetch-only"),
            err=True,
        )
    return code


def _follow(queue: RunQueue, run: str) -> int:
    shown, looked = 0, float("-inf")
    while True:
        there = queue.find(run)
        for piece in queue.read_output(run, after=shown):
            click.echo(piece.text, nl=False, err=piece.error)
            shown = piece.number
        if there is None:
            raise UsageError(f"There is no run {run}.")
        if there.ended_at is not None:
            if not queue.read_output(run, after=shown):
                return report_end(there)
            continue
        if time.monotonic() - looked > ALONE:
            looked = time.monotonic()
            if not any(worker.serves(there.account) for worker in queue.list_workers()):
                warn(f"No worker serves {there.account.label} now: run {run} waits for one.")
                looked = float("inf")
        sys.stdout.flush()
        time.sleep(LOOK_EVERY)


def report_end(run: QueuedRun) -> int:
    """Report how a run ended, where it did not say so itself; return its exit code."""
    if run.state is RunState.CANCELLED:
        click.echo(f"Run {run.run} was cancelled.", err=True)
    return int(Exit.USAGE) if run.exit_code is None else run.exit_code


def cancel(queue: RunQueue, run: QueuedRun) -> int:
    """Take a run out of the queue, or ask its worker to end it; return the exit code."""
    if run.ended_at is not None:
        click.echo(f"Run {run.run} has ended already.", err=True)
        return int(Exit.DONE)
    queue.cancel(run.run)
    now = queue.find(run.run)
    click.echo(
        f"Run {run.run} is cancelled."
        if now is None or now.ended_at is not None
        else f"Run {run.run} sends nothing more, and ends when what it sent is answered.",
        err=True,
    )
    return int(Exit.DONE)
