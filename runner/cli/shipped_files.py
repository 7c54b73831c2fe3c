"""What ``lookbook catalog`` makes beside its page: sheets and pictures, and a client's copy."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from runner.cli.format import format_link, warn
from runner.cli.terminal import print_json
from runner.errors import UsageError
from runner.quantities import pluralize
from runner.results.model import Results
from runner.shell import quote_command


@dataclass(frozen=True, slots=True)
class CatalogOrder:
    """What is made beside the page, and what a client sees beside pictures and titles."""

    shown: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    pictures: bool = False
    template: str | None = None
    all_takes: bool = False

    def wants_pictures(self) -> bool:
        """Return whether picture files are made: a template for their names asks for them too."""
        return self.pictures or bool(self.template)


def write_sheets(
    results: Results, folder: Path, target: Path, forms: Sequence[str], *, for_client: bool = False
) -> list[str]:
    """Write a contact sheet in each form, as ``target`` with its ending; return the paths."""
    from runner.catalog import sheet

    paths: list[Path] = []
    for form in dict.fromkeys(forms):
        path = target.with_name(f"{target.name}.{form}")
        if form == "pdf":
            paths.append(sheet.write_pdf(results, folder, path, for_client=for_client))
        else:
            paths += sheet.write_png(results, folder, path, for_client=for_client)
    return [str(path.absolute()) for path in paths]


def export_pictures(
    results: Results,
    folder: Path,
    target: Path,
    order: CatalogOrder,
    *,
    disclose: Callable[[Any], Any] = lambda facts: facts,
) -> dict[str, Any]:
    """Export the pictures; return where they are, how many, and which could not be read.

    ``disclose`` decides what a picture says of itself.
    """
    from runner.catalog import album

    made = album.export(
        results,
        folder,
        target,
        template=order.template or album.TEMPLATE,
        every_take=order.all_takes,
        disclose=disclose,
    )
    skipped = [{"take": label, "reason": reason} for label, reason in made.skipped]
    return {"folder": str(target), "files": len(made.files), "skipped": skipped}


def print_files(made: Mapping[str, Any]) -> None:
    """Print for people which sheets and pictures were made, and which could not be read."""
    for path in made["contact_sheets"]:
        click.echo(f"contact sheet: {format_link(Path(path))}")
    exported = made.get("pictures")
    if exported is None:
        return
    for one in exported["skipped"]:
        warn(f"{one['take']}: {one['reason']}")
    click.echo(f"pictures: {pluralize(exported['files'], 'file')} in {exported['folder']}")


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
    name = naming.make_safe_name(results["campaign"]).replace(" ", "-") + PAGE_ENDING
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
