"""What ``lookbook catalog --for client`` makes: the client's page, sheets and pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from runner.cli.format import format_link, pluralize
from runner.cli.shipped_files import CatalogOrder, export_pictures, print_files, write_sheets
from runner.cli.terminal import print_json
from runner.errors import UsageError
from runner.results.model import Results
from runner.shell import quote_command

PICTURES = "client-pictures"
SHEET = "client-sheet"
PAGE_ENDING = "-for-review.html"


def make_client_copy(
    results: Results, folder: Path, target: Path, order: CatalogOrder
) -> dict[str, Any]:
    """Write what was ordered into ``target``; return what was made, as JSON values.

    Raises UsageError where nothing can be shown, StorageError where nothing can be written.
    """
    from runner import catalog
    from runner.catalog import client, naming

    chosen = client.select_for_client(results, every_take=order.all_takes)
    if not chosen.results["looks"]:
        raise UsageError(
            "There is no picture to show to a client.",
            hint="Looks without a picture are left out, and those whose take was rejected.",
        )
    name = naming.safe(results["campaign"]).replace(" ", "-") + PAGE_ENDING
    page = catalog.write_client_copy(chosen.results, folder, target / name, order.shown)
    made: dict[str, Any] = {
        "version": 1,
        "account": results["account"],
        "client": str(page.absolute()),
        "left_out": {"unfinished": chosen.unfinished, "rejected": chosen.rejected},
        "contact_sheets": write_sheets(
            chosen.results, folder, target / SHEET, order.sheets, for_client=True
        ),
    }
    if order.wants_pictures():
        named = "{campaign}/{title}_{take}.jpg" if order.all_takes else "{campaign}/{title}.jpg"
        made["pictures"] = export_pictures(
            *(chosen.results, folder, target / PICTURES),
            replace(order, template=order.template or named),
            disclose=partial(client.withhold, shown={client.Shown(name) for name in order.shown}),
        )
    return made


def print_client_copy(made: Mapping[str, Any], form: str, review: Sequence[str | Path]) -> int:
    """Print what was made; return 1 where a picture could not be read, so that a job notices.

    ``review`` is the command that takes in what comes back.
    """
    some_unreadable = bool(made.get("pictures", {}).get("skipped"))
    if form == "json":
        print_json(made)
        return int(some_unreadable)
    click.echo(f"client's copy: {format_link(Path(made['client']))}")
    print_files(made)
    reasons = {"unfinished": "without a picture", "rejected": "rejected"}
    left = [
        f"{pluralize(made['left_out'][kind], 'look')} {words}"
        for kind, words in reasons.items()
        if made["left_out"][kind]
    ]
    if left:
        click.echo(f"Not in it: {', '.join(left)}.", err=True)
    back = quote_command(*review, "--take-in", "answers.json")
    click.echo(f"Send it. What comes back is taken in with: {back}", err=True)
    return int(some_unreadable)
