"""``lookbook validate``: every problem of a manifest at once, before a cent is spent."""

from collections.abc import Sequence
from pathlib import Path

import click

from runner.cli.command import Command
from runner.cli.options import format_option, resolve_manifest, var_option
from runner.cli.terminal import print_json, printing_annotations
from runner.manifest import load
from runner.manifest.diagnostics import Diagnostic, count_findings
from runner.model import Campaign, LookKind
from runner.quantities import format_usd


@click.command("validate", cls=Command)
@click.argument(
    "manifest",
    metavar="[MANIFEST]",
    required=False,
    type=click.Path(path_type=Path),
    callback=resolve_manifest,
)
@var_option
@format_option("text", "json", "github", "sarif")
@click.option("--no-hints", is_flag=True, help="Leave the advice on prompts out.")
def command(
    manifest: Path, variables: tuple[tuple[str, str], ...], *, form: str, no_hints: bool
) -> int:
    """Check MANIFEST and the pictures it names, and say everything that is wrong with it.

    No key, no network, nothing is changed. Exits with 0 where a run could begin, with 2 where
    there are errors; warnings and hints leave a manifest valid. docs/manifest.md explains every
    code.

    \b
    Forms:
      text    for people: the place, the line with a caret, and what to do
      json    for programs: schemas/diagnostics.schema.json
      github  annotations in a GitHub Actions workflow
      sarif   for code scanning services
    """
    reading = load(manifest, variables=dict(variables), hints=not no_hints)
    found = reading.diagnostics
    if found or form != "text":
        _print_findings(found, form)
    if form == "text":
        counted = count_findings(found)
        if reading.campaign is None:
            click.echo(f"{manifest} is not valid: {counted}.")
        else:
            click.echo(f"{manifest} is valid: {summary(reading.campaign)}")
            if counted:
                click.echo(f"{counted[0].upper()}{counted[1:]}.")
    return 0 if reading.campaign is not None else 2


def _print_findings(found: Sequence[Diagnostic], form: str) -> None:
    from runner.manifest import formats

    if form == "json":
        print_json(formats.as_json(found))
    elif form == "sarif":
        print_json(formats.as_sarif(found))
    elif form == "text":
        click.echo(formats.as_text(found) + "\n")
    elif found:
        with printing_annotations():
            click.echo(formats.as_github(found))


def summary(campaign: Campaign) -> str:
    """Return how many looks come out, and what they cost if nothing of them exists yet."""
    looks = len(campaign.looks) - 1
    paid = [look for look in campaign.looks if look.kind is not LookKind.EXISTING]
    takes = sum(look.takes for look in paid)
    cost = sum(look.takes * campaign.prices.of(look.kind) for look in paid)
    return (
        f"{looks:,} look{'' if looks == 1 else 's'} and the base,"
        f" {takes:,} generation{'' if takes == 1 else 's'}, {format_usd(cost)} from scratch."
    )
