"""Contact sheets and picture files, as ``lookbook catalog`` makes them for us and for a client."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from runner.cli.format import format_link, pluralize, warn
from runner.results.model import Results


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
