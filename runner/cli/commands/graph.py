"""``lookbook graph``: who references whom, as a drawing in text."""

import click

from runner.cli.command import Command
from runner.cli.options import format_option, readable_manifest_argument, var_option
from runner.cli.request import as_request, load_campaign
from runner.plan.request import Request


@click.command("graph", cls=Command)
@readable_manifest_argument
@var_option
@format_option("mermaid", "dot")
@as_request
def command(request: Request, *, form: str) -> int:
    """Print the looks of MANIFEST and their references as Mermaid or DOT.

    An arrow leads from a look to what it conditions; a dotted one only says in whose group a look
    is saved. Looks without an arrow to them begin a face of their own. Offline and free.

    \b
    Mermaid shows in GitHub and GitLab pages; DOT is drawn by Graphviz:
      lookbook graph spring.yaml --format dot | dot -Tsvg > spring.svg
    """
    from runner.manifest.diagram import as_dot, as_mermaid

    campaign = load_campaign(request)
    click.echo(as_mermaid(campaign) if form == "mermaid" else as_dot(campaign))
    return 0
