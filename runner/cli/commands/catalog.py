"""``lookbook catalog``: the page again, contact sheets, and the pictures as files; offline."""

from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from runner import catalog
from runner.cli.command import Command
from runner.cli.format import format_link
from runner.cli.known_campaign import KnownCampaign, name_ledger, read_known
from runner.cli.options import format_option
from runner.cli.readonly import find_state, refuse_results_alone
from runner.cli.request import load_campaign, target_options
from runner.cli.select_options import select_options
from runner.cli.shared_options import store_option
from runner.cli.shipped_files import (
    CatalogOrder,
    export_pictures,
    make_client_copy,
    print_client_copy,
    print_files,
    write_sheets,
)
from runner.cli.store_sync import StoreSync
from runner.cli.terminal import print_json
from runner.errors import UsageError
from runner.ledger.state_dirs import StateDir, StateDirs, make_state_folder
from runner.model import FileImage
from runner.plan import plan as make_plan
from runner.plan.options import select_looks
from runner.plan.request import Request
from runner.results.model import Results

PICTURES = "pictures"
SHEET = "contact-sheet"


@click.command("catalog", cls=Command)
@target_options
@select_options
@store_option
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
    request: Request, *, embed: bool, audience: str | None, out: Path | None, **options: Any
) -> int:
    """Make the catalog of MANIFEST's campaign from what the ledger holds.

    The page opens from disk and asks no network. Nothing is asked or changed, and nothing is paid.
    Before any run it is a storyboard: every look with its final prompt and its price.
    """
    order = CatalogOrder(**options)
    if order.shown and audience is None:
        raise UsageError("--show says what a client sees.", hint="Add --for client.")
    is_part = bool(request.select or request.exclude)
    if is_part and out is None and audience is None:
        raise UsageError("A part of the catalog would replace all of it.", hint="Add --out FOLDER.")
    if is_part or out is not None or audience is not None or embed:
        request = refuse_store(request)
    campaign = load_campaign(request)
    refuse_results_alone(campaign, request, find_state(campaign, request))
    known = read_known(campaign, request)
    known.mention_other_ledgers()
    state = known.state or StateDirs(campaign.manifest).first()
    if out is None:
        make_state_folder(state)
    store = open_sync(known, state)
    if store is not None:
        store.pull(known.snapshot.all_takes)
    only = select_looks(campaign, known.snapshot, request)
    results, place = known.make_results(only), out or state.folder
    if audience == "client":
        copy = make_client_copy(results, state.folder, place, order)
        review: list[str | Path] = ["lookbook", "review", request.manifest, *name_ledger(request)]
        return print_client_copy(copy, request.form, review)
    planned = _price_planned(known, only)
    photo = campaign.looks[0].photo
    made = make_page(
        *(results, state.folder, place, order),
        planned=planned,
        embed=embed,
        photo=photo.path if isinstance(photo, FileImage) else None,
    )
    if request.form == "json":
        print_json(made)
    else:
        click.echo(f"catalog: {format_link(Path(made['catalog']))}")
        print_files(made)
        if not known.snapshot.takes:
            click.echo("Nothing was run yet: it shows the prompt and the price of every look.")
    copied = store is None or store.publish_results(results, known.snapshot.all_takes)
    # Where some pictures could not be read or copied, a job notices.
    return int(not copied or bool(made.get("pictures", {}).get("skipped")))


def refuse_store(request: Request) -> Request:
    """Return a request without a store that the environment names: it has whole catalogs only.

    Raises UsageError where the command line names one.
    """
    if request.store is not None and request.store.option:
        raise UsageError(
            "A store has the whole catalog, as it lies in the .lookbook folder.",
            hint="Leave out --store, or --out, --select, --exclude, --embed and --for.",
        )
    return replace(request, store=None)


def open_sync(known: KnownCampaign, state: StateDir) -> StoreSync | None:
    """Return what copies a campaign into the store that was named; None before the first run."""
    named, account = known.request.store, known.snapshot.account
    if named is None or account is None:
        return None
    return StoreSync(named, account, known.campaign.name, state)


def make_page(
    results: Results,
    folder: Path,
    place: Path,
    order: CatalogOrder,
    *,
    planned: dict[str, Decimal],
    embed: bool,
    photo: Path | None,
) -> dict[str, Any]:
    """Write the page and what was ordered beside it; return what was made, as JSON values."""
    page = catalog.write_catalog(
        results, folder, embed=embed, target=place, planned=planned, photo=photo
    )
    made: dict[str, Any] = {
        "version": 1,
        "account": results["account"],
        "catalog": str(page.absolute()),
        "contact_sheets": write_sheets(results, folder, place / SHEET, order.sheets),
    }
    if order.wants_pictures() or order.all_takes:
        made["pictures"] = export_pictures(results, folder, place / PICTURES, order)
    return made


def _price_planned(known: KnownCampaign, only: Collection[str] | None) -> dict[str, Decimal]:
    """Return what the next takes of each look cost, of those that are meant and have any."""
    actions = make_plan(known.campaign, known.snapshot).actions
    return {a.key: a.cost for a in actions if a.takes and (only is None or a.key in only)}
