"""The manifest: text → campaign, with every problem named at its place."""

from runner.manifest.codes import CODES, Code, Severity
from runner.manifest.diagnostics import Diagnostic
from runner.manifest.reader import Reading, load

__all__ = ["CODES", "Code", "Diagnostic", "Reading", "Severity", "load"]
