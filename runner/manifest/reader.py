"""A manifest file → a campaign and everything there is to say about it.

The stages, in order: ``yaml.source`` (bytes to text), ``yaml.document`` (text to mappings with
places), ``schema``, ``expand`` (matrices to drafts), ``build`` (drafts to looks), ``rules``.
"""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from runner.manifest.codes import Severity
from runner.manifest.diagnostics import Diagnostic, Findings
from runner.manifest.expand import expand_campaign
from runner.manifest.quick import conforms
from runner.manifest.yaml.document import parse_yaml
from runner.manifest.yaml.nodes import Map
from runner.manifest.yaml.scalars import describe
from runner.manifest.yaml.source import Source, Unreadable, read_source
from runner.model import Campaign

_NO_VARIABLES: Mapping[str, str] = {}


class Reading(NamedTuple):
    """What a manifest says. ``campaign`` is None when there is any error.

    ``diagnostics`` holds errors, warnings and hints in the order of the file.
    """

    campaign: Campaign | None
    diagnostics: tuple[Diagnostic, ...]


def load(
    path: Path,
    *,
    variables: Mapping[str, str] = _NO_VARIABLES,
    hints: bool = True,
    text: str | None = None,
) -> Reading:
    """Read a manifest and the pictures it names; no network, never an exception for bad content.

    ``variables`` replace those of the manifest (``--var``); ``hints=False`` leaves the advice on
    prompts out. ``text`` is what the file is about to hold.
    """
    try:
        source = read_source(path) if text is None else Source(path, text)
    except Unreadable as error:
        findings = Findings(error.source)
        findings.report(error.code, error.message, error.span, hint=error.hint)
        return Reading(None, findings.all())
    findings = Findings(source, hints=hints)
    with _without_collector():
        campaign = _read(source, variables, findings)
    diagnostics = findings.all()
    if findings.errors or campaign is None:
        return Reading(None, diagnostics)
    warnings = [found for found in diagnostics if found.severity is Severity.WARNING]
    if warnings:
        from runner.manifest.formats import as_summary

        campaign = replace(campaign, warnings=as_summary(warnings))
    return Reading(campaign, diagnostics)


def _read(source: Source, variables: Mapping[str, str], findings: Findings) -> Campaign | None:
    document = parse_yaml(source.text, findings)
    if document is None:
        if not findings.errors:
            message = "the manifest is empty"
            hint = "Start from a commented example: lookbook init"
            findings.report("empty", message, 0, hint=hint)
        return None
    if not isinstance(document, Map):
        message = f"a manifest is a mapping (`key: value`), and this is {describe(document)}"
        findings.report("wrong-type", message, 0, hint="Begin with `version: 1`.")
        return None
    if not conforms(document):
        from runner.manifest.schema import check_schema

        check_schema(document, findings)
        if findings.full:
            return None
    return expand_campaign(document, source, variables, findings)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Suspend the cycle collector: a document is nothing but new objects, and no cycles.

    Walking them again and again is half of the time that reading ten thousand looks takes.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
