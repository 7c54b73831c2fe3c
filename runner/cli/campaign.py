"""The manifest that a command is about: read it, and show what it warns of."""

from collections.abc import Sequence
from pathlib import Path

import click

from runner.errors import ManifestError
from runner.model import Campaign


def load_campaign(manifest: Path, variables: Sequence[tuple[str, str]]) -> Campaign:
    """Read and check a manifest; its warnings go to stderr. Raises ManifestError."""
    from runner.manifest import Severity, load
    from runner.manifest.formats import as_text, count_findings

    reading = load(manifest, variables=dict(variables), hints=False)
    if reading.campaign is None:
        raise ManifestError(
            f"{manifest} cannot be used: {count_findings(reading.diagnostics)}.",
            reading.diagnostics,
        )
    warnings = [found for found in reading.diagnostics if found.severity is Severity.WARNING]
    if warnings:
        click.echo(as_text(warnings) + "\n", err=True)
    return reading.campaign
