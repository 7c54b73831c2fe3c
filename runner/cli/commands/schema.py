"""``lookbook schema``: the published forms, for editors and other programs."""

import click

from runner.cli.command import Command
from runner.cli.terminal import write_utf8
from runner.resources import schema_names, schema_text


@click.command("schema", cls=Command)
@click.argument("name", type=click.Choice(schema_names()), metavar="[NAME]", default="manifest")
def command(name: str) -> int:
    """Print a JSON Schema: of the manifest, or of what another command prints.

    To have an editor complete and explain a manifest that `init` did not write, save the schema
    beside it as lookbook.schema.json and put this on the manifest's first line:

    \b
      # yaml-language-server: $schema=lookbook.schema.json
    """
    write_utf8()
    click.echo(schema_text(name), nl=False)
    return 0
