"""``lookbook export``: the results for other programs, from the ledger; offline."""

import json
from pathlib import Path

import click

from runner.cli import wiring
from runner.cli.options import (
    account_option,
    format_option,
    manifest_argument,
    simulate_option,
    var_option,
)
from runner.files import write_atomic

__all__ = ["command"]


@click.command("export")
@manifest_argument
@simulate_option
@account_option
@var_option
@format_option("json", "jsonl", "csv")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file instead of stdout.",
)
def command(
    manifest: Path,
    variables: tuple[tuple[str, str], ...],
    *,
    simulate: bool,
    account: str | None,
    form: str,
    out: Path | None,
) -> int:
    """Print the results of MANIFEST's campaign: ids, pictures, takes and money.

    JSON is the whole document (`lookbook schema results`); JSON Lines and CSV have one row for
    each look. Nothing is asked or changed.
    """
    campaign = wiring.load_campaign(manifest, variables)
    state = wiring.offline_state(campaign, account=account, simulate=simulate)
    snapshot, wallet = wiring.offline(state)
    results = wiring.results_of(campaign, snapshot, wallet)
    if form == "json":
        text = json.dumps(results, indent=2, ensure_ascii=False) + "\n"
    else:
        from runner.catalog import tables

        text = tables.to_csv(results) if form == "csv" else tables.to_jsonl(results)
    if out is None:
        click.echo(text, nl=False)
    else:
        write_atomic(out, text.encode())
        click.echo(f"wrote {out}", err=True)
    return 0
