"""The manifest that a command is about: read it, and show what it warns of."""

import click

from runner.errors import ManifestError
from runner.model import Campaign
from runner.plan.request import Request


def load_campaign(request: Request) -> Campaign:
    """Read and check the manifest; its warnings go to stderr. Raises ManifestError."""
    from runner.manifest import Severity, load
    from runner.manifest.formats import as_text, count_findings

    reading = load(request.manifest, variables=dict(request.variables), hints=False)
    if reading.campaign is None:
        raise ManifestError(
            f"{request.manifest} cannot be used: {count_findings(reading.diagnostics)}.",
            reading.diagnostics,
        )
    warnings = [found for found in reading.diagnostics if found.severity is Severity.WARNING]
    if warnings:
        click.echo(as_text(warnings) + "\n", err=True)
    return reading.campaign
