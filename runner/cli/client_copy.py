"""What ``lookbook catalog --for client`` makes: the client's page, sheets and pictures."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from runner.cli.format import format_link, pluralize, warn
from runner.errors import UsageError
from runner.results.model import Results
from runner.shell import quote_command

PICTURES = "client-pictures"
SHEET = "client-sheet"
PAGE_ENDING = "-for-review.html"


@dataclass(frozen=True, slots=True)
class ClientOrder:
    """What is to be made for a client, and what they see beside pictures and titles."""

    shown: tuple[str, ...]
    sheets: tuple[str, ...]
    pictures: bool
    template: str | None
    every_take: bool


def make_client_copy(
    results: Results, folder: Path, target: Path, order: ClientOrder
) -> dict[str, Any]:
    """Write what was ordered into ``target``; return what was made, as JSON values.

    Raises UsageError where nothing can be shown, StorageError where nothing can be written.
    """
    from runner import catalog
    from runner.catalog import client, naming

    chosen = client.select_for_client(results, every_take=order.every_take)
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
        "contact_sheets": [
            str(path.absolute())
            for form in dict.fromkeys(order.sheets)
            for path in _write_sheet(chosen.results, folder, target / f"{SHEET}.{form}")
        ],
    }
    if order.pictures:
        made["pictures"] = _export(chosen.results, folder, target / PICTURES, order)
    return made


def print_client_copy(made: Mapping[str, Any], form: str, review: Sequence[str | Path]) -> int:
    """Print what was made; return 1 where a picture could not be read, so that a job notices.

    ``review`` is the command that takes in what comes back.
    """
    exported = made.get("pictures", {})
    if form == "json":
        click.echo(json.dumps(made, indent=2, ensure_ascii=False))
        return int(bool(exported.get("skipped")))
    click.echo(f"client's copy: {format_link(Path(made['client']))}")
    for path in made["contact_sheets"]:
        click.echo(f"contact sheet: {format_link(Path(path))}")
    for one in exported.get("skipped", ()):
        warn(f"{one['take']}: {one['reason']}")
    if exported:
        click.echo(f"pictures: {pluralize(exported['files'], 'file')} in {exported['folder']}")
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
    return int(bool(exported.get("skipped")))


def _write_sheet(results: Results, folder: Path, path: Path) -> list[Path]:
    from runner.catalog import sheet

    if path.suffix == ".pdf":
        return [sheet.write_pdf(results, folder, path, for_client=True)]
    return sheet.write_png(results, folder, path, for_client=True)


def _export(results: Results, folder: Path, target: Path, order: ClientOrder) -> dict[str, Any]:
    from runner.catalog import album, client

    named = "{campaign}/{title}_{take}.jpg" if order.every_take else "{campaign}/{title}.jpg"
    disclose = partial(client.withhold, shown={client.Shown(name) for name in order.shown})
    made = album.export(
        results,
        folder,
        target,
        template=order.template or named,
        every_take=order.every_take,
        disclose=disclose,
    )
    skipped = [{"take": label, "reason": reason} for label, reason in made.skipped]
    return {"folder": str(target), "files": len(made.files), "skipped": skipped}
