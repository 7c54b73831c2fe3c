"""``lookbook catalog``: the page again, contact sheets, and the pictures as files; offline."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from runner import catalog
from runner.cli import readonly
from runner.cli.campaign import load_campaign
from runner.cli.client_copy import ClientOrder, make_client_copy, print_client_copy
from runner.cli.command import Command
from runner.cli.format import format_link, pluralize, warn
from runner.cli.options import (
    account_option,
    format_option,
    manifest_argument,
    simulate_option,
    var_option,
)
from runner.cli.outputs import make_results
from runner.cli.select_options import parse_plan_options, select_options
from runner.errors import UsageError
from runner.ledger.state_dirs import StateDirs, make_state_folder
from runner.plan import plan as make_plan
from runner.plan.options import DEFAULT_OPTIONS, select_looks
from runner.results.model import Results

PICTURES = "pictures"
SHEET = "contact-sheet"


@click.command("catalog", cls=Command)
@manifest_argument
@simulate_option
@account_option
@var_option
@select_options
@click.option("--embed", is_flag=True, help="Put the pictures into the page: one file to send.")
@click.option(
    "--contact-sheet",
    "sheets",
    type=click.Choice(["png", "pdf"]),
    multiple=True,
    help="Also make a contact sheet; repeatable.",
)
@click.option("--pictures", is_flag=True, help="Also export the picked pictures, described inside.")
@click.option(
    "--names",
    "template",
    metavar="TEMPLATE",
    help="How exported pictures are called, from {campaign}, {look}, {title}, {take}, {matrix}, "
    "{avatar_id}, {ext} and the axes of the matrices: '{campaign}/{outfit}_{setting}_{take}.jpg'. "
    "The ending decides the format; .{ext} keeps it. Default: '{campaign}/{look}_{take}.jpg'.",
)
@click.option(
    "--all-takes", is_flag=True, help="Export every take's picture, not only the picked one's."
)
@click.option(
    "--for",
    "audience",
    type=click.Choice(["client"]),
    help="Make the client's copy instead: one file without prices, ids, prompts and failures, in "
    "which pictures are approved, rejected and remarked on. Sheets and pictures are theirs too.",
)
@click.option(
    "--show",
    "shown",
    type=click.Choice(["prompts", "prices", "ids"]),
    multiple=True,
    help="Show this to the client all the same; repeatable.",
)
@format_option("text", "json")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Put all of it into this folder, ready to hand over; the default is the .lookbook folder.",
)
def command(
    manifest: Path,
    variables: tuple[tuple[str, str], ...],
    *,
    simulate: bool,
    account: str | None,
    embed: bool,
    sheets: tuple[str, ...],
    pictures: bool,
    template: str | None,
    all_takes: bool,
    audience: str | None,
    shown: tuple[str, ...],
    form: str,
    out: Path | None,
    **options: Any,
) -> int:
    """Make the catalog of MANIFEST's campaign from what the ledger holds.

    The page opens from disk and asks no network. Nothing is asked or changed, and nothing is paid.
    Before any run it is a storyboard: every look with its final prompt and its price.
    """
    plan_options = parse_plan_options(options)
    if shown and audience is None:
        raise UsageError("--show says what a client sees.", hint="Add --for client.")
    if plan_options != DEFAULT_OPTIONS and out is None and audience is None:
        raise UsageError("A part of the catalog would replace all of it.", hint="Add --out FOLDER.")
    campaign = load_campaign(manifest, variables)
    state = readonly.find_state(campaign, account=account, simulate=simulate)
    if state is not None and not state.ledger.is_file() and state.results.is_file():
        raise readonly.refuse_results_only(state, campaign)
    snapshot, wallet = readonly.load_known(campaign, state)
    if not snapshot.takes and not simulate and account is None:
        readonly.mention_other_ledgers(campaign, state, snapshot)
    if state is None:
        state = StateDirs(campaign.manifest).first()
    if out is None:
        make_state_folder(state)
    only = select_looks(campaign, snapshot, plan_options)
    results = make_results(campaign, snapshot, wallet, only)
    target = out or state.folder
    if audience == "client":
        order = ClientOrder(shown, sheets, pictures or bool(template), template, all_takes)
        copy = make_client_copy(results, state.folder, target, order)
        where = ("--simulate",) if simulate else ("--account", account) if account else ()
        return print_client_copy(copy, form, ("lookbook", "review", manifest, *where))
    actions = make_plan(campaign, snapshot).actions
    planned = {a.key: a.cost for a in actions if a.takes and (only is None or a.key in only)}
    made: dict[str, Any] = {"version": 1, "account": results["account"]}
    page = catalog.write_catalog(results, state.folder, embed=embed, target=out, planned=planned)
    made["catalog"] = str(page.absolute())
    sheet_files = [
        p for kind in dict.fromkeys(sheets) for p in _sheet(results, state.folder, target, kind)
    ]
    made["contact_sheets"] = [str(path.absolute()) for path in sheet_files]
    if pictures or template or all_takes:
        made["pictures"] = _export(
            results, state.folder, target / PICTURES, template, all_takes=all_takes
        )
    if form == "json":
        click.echo(json.dumps(made, indent=2, ensure_ascii=False))
    else:
        print_made(made)
        if not snapshot.takes:
            click.echo("Nothing was run yet: it shows the prompt and the price of every look.")
    # Where some pictures could not be read, a job notices.
    return int(bool(made.get("pictures", {}).get("skipped")))


def print_made(made: Mapping[str, Any]) -> None:
    """Print for people what was made."""
    click.echo(f"catalog: {format_link(Path(made['catalog']))}")
    for path in made["contact_sheets"]:
        click.echo(f"contact sheet: {format_link(Path(path))}")
    if (exported := made.get("pictures")) is None:
        return
    for one in exported["skipped"]:
        warn(f"{one['take']}: {one['reason']}")
    click.echo(f"pictures: {pluralize(exported['files'], 'file')} in {exported['folder']}")


def _sheet(results: Results, folder: Path, target: Path, form: str) -> list[Path]:
    from runner.catalog import sheet

    path = target / f"{SHEET}.{form}"
    if form == "pdf":
        return [sheet.write_pdf(results, folder, path)]
    return sheet.write_png(results, folder, path)


def _export(
    results: Results, folder: Path, target: Path, template: str | None, *, all_takes: bool
) -> dict[str, Any]:
    """Export the pictures; return where they are, how many, and which could not be read."""
    from runner.catalog import album

    made = album.export(
        results, folder, target, template=template or album.TEMPLATE, every_take=all_takes
    )
    skipped = [{"take": label, "reason": reason} for label, reason in made.skipped]
    return {"folder": str(target), "files": len(made.files), "skipped": skipped}
