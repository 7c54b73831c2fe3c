"""``lookbook export``: the results for other programs, from the ledger; offline."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from runner.cli.command import Command
from runner.cli.options import format_option
from runner.cli.select_options import parse_plan_options, select_options
from runner.cli.target import Target, target_options
from runner.cli.terminal import printing_data
from runner.errors import UsageError
from runner.files import write_output
from runner.ledger.database import copy_ledger
from runner.ledger.ledger import read_snapshot
from runner.ledger.state_dirs import StateDir
from runner.plan.options import select_looks
from runner.results.writer import serialize_results


@click.command("export", cls=Command)
@target_options
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
    target: Target,
    *,
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
    plan_options = parse_plan_options(options)
    campaign = target.load_campaign()
    if backup is not None:
        return write_backup(target.find_state(campaign), backup)
    known = target.read(campaign)
    results = known.make_results(select_looks(campaign, known.snapshot, plan_options))
    if form == "json":
        pieces = serialize_results(results, links=False)
    else:
        from runner.catalog import tables

        pieces = tables.to_csv(results) if form == "csv" else tables.to_jsonl(results)
    if out is None:
        with printing_data() if form == "csv" else nullcontext():
            sys.stdout.writelines(pieces)
    else:
        write_output(out, (piece.encode() for piece in pieces))
        click.echo(f"wrote {out}", err=True)
    return 0


def write_backup(state: StateDir | None, backup: Path) -> int:
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
