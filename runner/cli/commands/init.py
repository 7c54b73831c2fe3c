"""``lookbook init``: a manifest to begin with, commented, or made from a spreadsheet."""

import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runner.cli.command import Command
from runner.cli.invocation import refuse_undecodable
from runner.errors import ManifestError, UsageError
from runner.shell import quote_command

if TYPE_CHECKING:
    from runner.manifest.spreadsheet import Sheet
    from runner.model import Campaign


@click.command("init", cls=Command)
@click.argument("manifest", metavar="[MANIFEST]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--photo",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The photo of the character (JPEG or PNG); without it the base is a prompt to replace.",
)
@click.option(
    "--from-csv",
    "--from-sheet",
    "sheet",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="Make the looks from a spreadsheet, one row a look; - reads stdin.",
)
@click.option("--name", default="Sarah", show_default=True, help="The character's name.")
@click.option("--campaign", help="The campaign's name; default: the file's.")
@click.option("--prompt", help="The prompt of rows that give none, as in 'Wearing ${outfit}'.")
@click.option(
    "--extra",
    type=click.Choice(["variables", "tags", "ignore"]),
    default="variables",
    show_default=True,
    help="What becomes of columns that are no fields of a look.",
)
@click.option("--force", is_flag=True, help="Replace MANIFEST if it exists.")
def command(
    manifest: Path | None,
    *,
    sheet: Path | None,
    photo: Path | None,
    name: str,
    campaign: str | None,
    prompt: str | None,
    extra: str,
    force: bool,
) -> int:
    """Write a commented MANIFEST that is valid as it is (default: campaign.yaml).

    Beside it goes the schema with which an editor completes and checks it.

    With --from-csv its looks come from a spreadsheet: CSV, or a workbook with the extra `xlsx`.
    Columns such as `outfit` and `setting` are enough: keys and the prompt are made from them, and
    where every combination is there they become a matrix. What was understood is printed.

    The first row names the columns, in any case. Fields of a look are `key` (or `title`),
    `prompt`, `avatar_id` (another row's key, `base`, an id, or `null`), `avatar_group_id`,
    `reference_images` and `tags` (several in one cell: `;`), `takes`, `retries`, `name`,
    `existing`. Other columns become variables, so that --prompt 'Wearing ${outfit}, ${setting}'
    can be said once.

    \b
    Examples:
      lookbook init spring.yaml --photo me.jpg
      lookbook init spring.yaml --photo me.jpg --from-csv looks.csv
    """
    for given in (manifest, sheet, photo):
        if given is not None:
            refuse_undecodable(given)
    named = sheet is not None and str(sheet) != "-"
    target = manifest or Path(f"{sheet.stem}.yaml" if sheet and named else "campaign.yaml")
    sources = [path for path in (sheet if named else None, photo) if path]
    _refuse_target(target, force=force, sources=sources)
    title = campaign or re.sub(r"[^\w.-]+", "-", target.stem)
    picture = Path(os.path.relpath(photo, target.parent)).as_posix() if photo else None
    if sheet is not None:
        from runner.manifest.sheet_manifest import describe_sheet, sheet_manifest

        looks = _sheet(sheet, extra, prompt)
        text = sheet_manifest(looks, title, target.name, name=name, photo=picture)
        return _write(target, text, describe_sheet(looks))
    if prompt is not None:
        raise UsageError("--prompt is for --from-csv.", hint="Edit the manifest instead.")
    from runner.manifest.starter import starter_manifest

    return _write(target, starter_manifest(title, target.name, name=name, photo=picture))


def _refuse_target(target: Path, *, force: bool, sources: Sequence[Path]) -> None:
    """Raise UsageError where something lies there that is not to be replaced."""
    if not os.path.lexists(target):  # unlike a Path's `exists` it raises nothing for odd names
        return
    if not force:
        raise UsageError(f"{target} exists already.", hint="Name another file, or add --force.")
    if target.is_symlink():
        raise UsageError(
            f"{target} is a symbolic link, and only a file itself is replaced.",
            hint=f"Name {os.path.realpath(target)}.",
        )
    if any(target.samefile(path) for path in sources):
        raise UsageError(
            f"{target} is what the manifest is to be made from; nothing was written.",
            hint="Name another file for the manifest.",
        )


def _sheet(path: Path, extra: str, prompt: str | None) -> "Sheet":
    """Read a spreadsheet. Raises ManifestError with every bad cell."""
    from runner.manifest.sheet_manifest import prompt_slip
    from runner.manifest.spreadsheet import read_sheet

    sheet = read_sheet(path, extra=extra, prompt=prompt)
    if sheet.problems:
        count = len(sheet.problems)
        noun = "problem" if count == 1 else "problems"
        raise ManifestError(
            f"{'the sheet' if str(path) == '-' else path} has {count} {noun}; nothing was written.",
            sheet.problems,
        )
    if prompt is not None and (slip := prompt_slip(sheet, sheet.prompt or prompt)):
        message, hint = slip
        raise UsageError(f"{message} Nothing was written.", hint=hint)
    return sheet


def _write(target: Path, text: str, understood: Sequence[str] = ()) -> int:
    """Write a manifest that is valid; nothing is written while it is not. Raises ManifestError."""
    from runner.cli.commands.validate import summary
    from runner.cli.editor_schema import write_schema
    from runner.files import write_atomic
    from runner.manifest import load
    from runner.manifest.diagnostics import count_findings

    reading = load(target, hints=False, text=text)
    if reading.campaign is None:
        raise ManifestError(
            f"{target} would not be valid: {count_findings(reading.diagnostics)}. Nothing was "
            "written: correct what it is made from, and repeat the command.",
            reading.diagnostics,
        )
    mode = stat.S_IMODE(target.stat().st_mode) if os.path.lexists(target) else None
    write_atomic(target, text.encode(), mode=mode)
    write_schema(target.parent)
    for line in understood:
        click.echo(line)
    if understood:
        click.echo(f"first prompt: {first_prompt(reading.campaign)}")
    click.echo(f"{target} is written: {summary(reading.campaign)}")
    rehearsal = quote_command("lookbook", "run", target, "--simulate")
    click.echo(f"Rehearse it, free: {rehearsal}", err=True)
    return 0


def first_prompt(campaign: "Campaign") -> str:
    """Return the text that the first look after the base sends."""
    return next((look.prompt for look in campaign.looks[1:] if look.prompt), "none")
