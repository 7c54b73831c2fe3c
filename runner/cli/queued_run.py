"""A queued run, carried out in a process of its own: the code path of ``lookbook run --plan``.

The first line of stdin says what to do; when stdin ends, the worker has ended, and so does this.
"""

import json
import os
import signal
import sys
import threading
import time
from contextlib import nullcontext, redirect_stderr
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import click

from runner.cli.boundary import run_command
from runner.cli.commands.run import start
from runner.cli.context import Context, pass_context
from runner.cli.options import format_option
from runner.cli.request import load_campaign
from runner.cli.shared_ledger import share_state
from runner.cli.shared_options import on_option, store_option
from runner.errors import DatabaseAway, LedgerClaimed, LedgerLocked, PlanMoved, UsageError
from runner.ledger.reading import has_begun, is_progress_of
from runner.ledger.shared import SharedLedgers
from runner.ledger.state_dirs import SharedNote, make_state_folder
from runner.model import Campaign
from runner.plan.request import Request
from runner.plan.saved_plan import ChangeKind
from runner.queue.pack import Pack, explain_unpackable, list_files
from runner.store.port import NamedStore

ORPHANED = 3.0
"""Seconds that a run has to end by itself when its worker has ended: less than it takes others to
notice."""

AWAY = 60.0
"""Seconds after its beginning in which a run tries again to reach its database: a server that takes
no more connections for now is no end of a run that was queued."""

AWAY_PAUSE = 2.0

HELD_PAUSE = 0.5
"""Seconds between two tries to claim a campaign that another run holds."""


def main() -> int:
    """Carry out what the first line of stdin says; return the exit code."""
    order = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_worker, daemon=True).start()
    return run_command(_make_command(order), sys.argv[1:])  # type: ignore[arg-type]  # has main


def _make_command(order: dict[str, Any]) -> click.Command:
    @click.command("run")
    @format_option("text", "json")
    @on_option
    @store_option
    @pass_context
    def command(
        context: Context,
        *,
        form: str,  # noqa: ARG001 - the pack has it too
        on: SharedLedgers,
        store: NamedStore | None,
    ) -> int:
        pack = Pack.from_json(order["pack"], {})
        on = on._replace(option=tuple(pack.options.get("on", ())))
        request = replace(pack.request(), manifest=Path(pack.file), on=on, store=store)
        context = context._replace(queued=order["run"], named_manifest=Path(pack.named))
        return carry_out_queued(context, pack, request, attempt=order["attempt"])

    return command


def _end_with_worker() -> None:
    """End as Ctrl-C once ends a run when the worker ends, and then at once."""
    while os.read(0, 1):  # past the buffer, whose lock would be held at the end
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(ORPHANED)
    os._exit(1)


def carry_out_queued(context: Context, pack: Pack, request: Request, *, attempt: int) -> int:
    """Carry out the plan that was agreed to; return the exit code.

    Where an earlier attempt has bought of it, what is left is planned anew: within what was agreed
    to be spent, and without what would buy a second time. Waits while another process holds the
    campaign. Raises PlanMoved where anything else moved since it was agreed to.
    """
    is_scheduled = request.saved is None
    is_first = attempt == 1 and not is_scheduled  # its plan was shown when it was agreed to
    with redirect_stderr(StringIO()) if is_first else nullcontext():
        campaign = _limit(load_campaign(request), pack)
    _check_pictures(campaign, pack, request)
    context = context._replace(account=pack.account, shows_plan=not is_first, shows_catalog=False)
    _remember_ledger(campaign, pack, request.on)
    told, begun = False, time.monotonic()
    moved: PlanMoved | None = None
    while True:
        try:
            if moved is not None:
                if not _is_own_progress(moved, context, campaign, pack, request):
                    raise moved
                request, moved = _resume(request), None
            if request.cascade and is_scheduled and _has_begun(context, campaign, pack, request):
                request = _resume(request)  # what it cascaded to may be under way
            return start(context, campaign, request)
        except (LedgerClaimed, LedgerLocked) as error:
            if not told:
                click.echo(f"{error.message} This run waits for it.", err=True)
            told = True
            time.sleep(HELD_PAUSE)
        except DatabaseAway as error:  # its worker reached it a moment ago
            if time.monotonic() > begun + AWAY:
                raise
            click.echo(f"{error.message} It is tried again.", err=True)
            time.sleep(AWAY_PAUSE)
        except PlanMoved as error:
            if request.saved is None or error is moved:
                raise
            moved = error  # whose doing that was the ledger tells, which may be away for now


def _remember_ledger(campaign: Campaign, pack: Pack, on: SharedLedgers) -> None:
    """Note which ledger is meant, as the folder notes it in which it was planned and agreed to."""
    state = share_state(on, campaign, pack.account)
    make_state_folder(state)
    ledger, note = str(state.shared), state.read_shared_note()
    if note is None or note.ledger != ledger:
        state.remember_shared(SharedNote(ledger, pack.account.label, campaign.name))


def _check_pictures(campaign: Campaign, pack: Pack, request: Request) -> None:
    """Raise UsageError where a manifest names a picture that was not packed with it."""
    for image in list_files(campaign):
        if pack.pictures.get(image.source) != image.sha256:
            raise UsageError(
                f"The picture {image.source} was not queued with the manifest. Nothing was sent."
            )
    if (why := explain_unpackable(campaign, request)) is not None:
        raise UsageError(f"A worker does not carry this out: {why}. Nothing was sent.")


def _is_own_progress(
    error: PlanMoved, context: Context, campaign: Campaign, pack: Pack, request: Request
) -> bool:
    """Return whether nothing moved but the ledger, and that by this very run before."""
    if context.queued is None or error.kinds != {ChangeKind.LEDGER}:
        return False
    location = share_state(request.on, campaign, pack.account).location
    return is_progress_of(location, context.queued)


def _has_begun(context: Context, campaign: Campaign, pack: Pack, request: Request) -> bool:
    """Return whether this very run began to buy before, here or on another worker."""
    location = share_state(request.on, campaign, pack.account).location
    return context.queued is not None and has_begun(location, context.queued)


def _limit(campaign: Campaign, pack: Pack) -> Campaign:
    """Return the campaign with no higher ceiling for a run than the sum that was agreed to."""
    limits = (campaign.budget.run_usd, pack.most_usd)
    most = min(limit for limit in limits if limit is not None)
    return replace(campaign, budget=campaign.budget._replace(run_usd=most))


def _resume(request: Request) -> Request:
    """Return what resumes a run that was interrupted: the same looks, as far as they were bought.

    What is out of date is not bought again: some of it may be under way.
    """
    if request.cascade:
        click.echo(
            "This run was interrupted: what is under way is finished. What --cascade meant and "
            "was not begun is not bought: run it again for that.",
            err=True,
        )
    return replace(
        request,
        saved=None,
        cascade=False,
        up_to_budget=True,
        new_ledger=False,
    )


if __name__ == "__main__":
    sys.exit(main())
