"""Options of a command, and a saved plan, become one ``Request``; its manifest is read."""

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import Any

import click

from runner.canonical import parse_json
from runner.cli.options import (
    account_option,
    env_file_option,
    hidden_sim_option,
    manifest_argument,
    report_option,
    simulate_option,
    var_option,
)
from runner.cli.shared_options import on_option, refuse_rehearsal
from runner.errors import ManifestError, UsageError, shorten
from runner.files import MAX_RESULTS_BYTES, read_given
from runner.model import Campaign
from runner.plan.request import Request
from runner.plan.saved_plan import read_saved_plan
from runner.resources import check_document

_FIELDS = tuple(field.name for field in fields(Request))


def as_request(function: Callable[..., Any]) -> Any:
    """Hand a command its options as one ``Request``, without those that it names itself."""
    own = signature(function).parameters

    @wraps(function)
    def command(*args: Any, **options: Any) -> Any:
        names = [name for name in _FIELDS if name in options and name not in own]
        request = refuse_rehearsal(Request(**{name: options.pop(name) for name in names}))
        return function(*args, request, **options)

    return command


def target_options(function: Callable[..., Any], manifest: Any = manifest_argument) -> Any:
    """Add the options that name a campaign and the ledger that an offline command reads."""
    return manifest(simulate_option(account_option(on_option(var_option(as_request(function))))))


def account_options(function: Callable[..., Any]) -> Any:
    """Add the options of a command that asks the account about a campaign and generates nothing."""
    asked = hidden_sim_option(env_file_option(as_request(function)))
    return simulate_option(var_option(report_option(on_option(asked))))


def load_campaign(request: Request) -> Campaign:
    """Read and check the manifest; its warnings go to stderr. Raises ManifestError."""
    from runner.manifest import Severity, load
    from runner.manifest.diagnostics import count_findings
    from runner.manifest.formats import as_text

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


def load_saved_plan(path: Path) -> Request:
    """Read a plan that ``plan -o`` saved. Raises UsageError for another file."""
    try:
        document = parse_json(read_given(path, MAX_RESULTS_BYTES))
        check_document(document, "plan")
    except (OSError, ValueError, RecursionError) as error:
        problem = str(getattr(error, "message", None) or getattr(error, "strerror", None) or error)
        raise UsageError(
            f"{path} is not a saved plan: {shorten(problem)}.",
            hint="`lookbook plan -o FILE` saves one.",
        ) from error
    if "saved" not in document:
        raise UsageError(
            f"{path} is a printed plan, which does not say what it was made from.",
            hint="`lookbook plan -o FILE` saves one that can be carried out.",
        )
    return read_saved_plan(document)
