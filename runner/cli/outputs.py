"""Results and catalog: what every command that changes a ledger leaves beside it.

What an earlier ledger left is kept where a new one begins (``--new-ledger``): the new one counts
its takes from one, so its pictures would take the old ones' names, and its results would be written
over the only record of what was bought before.
"""

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from runner.cli.context import Context
from runner.cli.format import warn
from runner.cli.results_import import write_review_file
from runner.errors import StorageError, UsageError
from runner.files import write_atomic
from runner.ledger.ledger import CampaignLedger
from runner.ledger.state_dirs import StateDir
from runner.model import Campaign
from runner.plan import plan as make_plan
from runner.results.model import Results
from runner.results.times import format_stamp
from runner.results.writer import results_document, serialize_results
from runner.takes import Snapshot


def make_results(
    campaign: Campaign,
    snapshot: Snapshot,
    wallet: Mapping[str, Any] | None,
    only: Collection[str] | None = None,
) -> Results:
    """Return the results document of a campaign, or of some of its looks, as its ledger stands."""
    return results_document(campaign, snapshot, make_plan(campaign, snapshot), wallet, only)


def note_results(
    context: Context,
    campaign: Campaign,
    snapshot: Snapshot,
    wallet: Mapping[str, Any] | None = None,
    **more: Any,
) -> None:
    """Keep results for a program that waits for them, and what the command found out.

    ``more`` are fields of the document that only this command has.
    """
    if awaits_results(context):
        keep_document(context, make_results(campaign, snapshot, wallet), **more)


def awaits_results(context: Context) -> bool:
    """Return whether a program waits for a document."""
    return context.invocation is not None and context.invocation.awaits_results


def keep_document(context: Context, results: Results, **more: Any) -> None:
    """Keep a document that is printed when the command ends, with its error if there is one."""
    if context.invocation is not None:
        context.invocation.results = results
        context.invocation.more |= more


def write_results(
    results: Results, folder: Path, failpoint: Callable[[str], None] = lambda _point: None
) -> Path:
    """Write results.json, the catalog and review.json beside it; return the catalog's path.

    Raises StorageError.
    """
    from runner import catalog

    failpoint("results:before-write")
    write_atomic(folder / "results.json", encode_results(results))
    page = catalog.write_catalog(results, folder)
    try:
        write_review_file(results, folder)
    except UsageError as error:  # it stays as it is, and the ledger has what was decided here
        warn(f"{error.message} {error.hint}")
    failpoint("results:after-write")
    return page


def encode_results(results: Results) -> Iterator[bytes]:
    """Return a results document as files have it: without the pages of consents."""
    return (piece.encode() for piece in serialize_results(results, links=False))


def write_outputs(
    context: Context, campaign: Campaign, ledger: CampaignLedger, state: StateDir
) -> Path:
    """Write results and catalog as an open ledger stands; return the catalog's path."""
    results = make_results(campaign, ledger.snapshot(), ledger.wallet)
    return write_results(results, state.folder, context.failpoint)


KEPT = ("images", "review.json", "results.json")
"""Pictures first: results that are still there name what has to be fetched again."""


def back_up_outputs(state: StateDir, *, now: float) -> None:
    """Rename old pictures and results, and print their new names. Raises StorageError.

    ``now`` is in Unix seconds.
    """
    for name in KEPT:
        old = state.folder / name
        if not os.path.lexists(old):
            continue
        kept = _free(old, now)
        try:
            old.rename(kept)
        except OSError as error:
            raise StorageError(
                f"{old} could not be set aside: {error.strerror or error}.",
                hint="Nothing was sent. Rename it yourself, and run the same command again.",
            ) from error
        click.echo(f"Kept from before: {kept}", err=True)


def _free(old: Path, now: float) -> Path:
    while True:
        stamp = format_stamp(now)
        kept = old.with_name(f"{old.stem}.before-{stamp}{old.suffix}")
        if not os.path.lexists(kept):
            return kept
        now += 1
