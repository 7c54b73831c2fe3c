"""``lookbook export``: the results for other programs, from the ledger; offline."""

import sys
from pathlib import Path
from typing import Any

import click

from runner.cli import offline, wiring
from runner.cli.options import (
    account_option,
    format_option,
    manifest_argument,
    simulate_option,
    var_option,
)
from runner.cli.wanted import select_options, wishes_of
from runner.errors import UsageError
from runner.files import write_atomic
from runner.ledger.database import copy_ledger
from runner.ledger.file import read_snapshot
from runner.ledger.places import State
from runner.ledger.results import text_of
from runner.plan.wishes import chosen

__all__ = ["command"]


@click.command("export")
@manifest_argument
@simulate_option
@account_option
@var_option
@select_options
@format_option("json", "jsonl", "csv")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file instead of stdout.",
)
@click.option(
    "--ledger",
    "backup",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a backup of the ledger, one whole file, instead of the results; also beside a run.",
)
def command(
    manifest: Path,
    variables: tuple[tuple[str, str], ...],
    *,
    simulate: bool,
    account: str | None,
    form: str,
    out: Path | None,
    backup: Path | None,
    **options: Any,
) -> int:
    """Print the results of MANIFEST's campaign: ids, pictures, takes and money.

    JSON is the whole document (`lookbook schema results`); JSON Lines and CSV have one row for
    each look. Nothing is asked or changed.

    A ledger that is copied by hand lacks what its -wal holds; --ledger makes a whole copy. To put
    one back: move ledger.sqlite, its -wal and its -shm away, and copy it there.
    """
    wishes = wishes_of(options)
    campaign = wiring.load_campaign(manifest, variables)
    state = offline.state_of(campaign, account=account, simulate=simulate)
    if backup is not None:
        return write_backup(state, backup)
    snapshot, wallet = offline.known(campaign, state)
    only = chosen(campaign, snapshot, wishes)
    results = wiring.results_of(campaign, snapshot, wallet, only)
    if form == "json":
        pieces = text_of(results)
    else:
        from runner.catalog import tables

        pieces = tables.to_csv(results) if form == "csv" else tables.to_jsonl(results)
    if out is None:
        sys.stdout.writelines(pieces)
    else:
        write_atomic(out, (piece.encode() for piece in pieces))
        click.echo(f"wrote {out}", err=True)
    return 0


def write_backup(state: State | None, backup: Path) -> int:
    """Write a whole copy of a ledger. Raises UsageError where there is none."""
    if state is None or not state.ledger.is_file():
        raise UsageError("There is no ledger yet: nothing was ever run.")
    files = [state.ledger, *(Path(f"{state.ledger}{suffix}") for suffix in ("-wal", "-shm"))]
    if backup.resolve() in [file.resolve() for file in files]:
        raise UsageError(f"{backup} is the ledger itself.", hint="Name another file.")
    read_snapshot(state.ledger)  # a damaged ledger is no backup
    copy_ledger(state.ledger, backup)
    click.echo(f"wrote {backup}", err=True)
    return 0
