"""What a run came to, as Markdown for the page of a job: ``--summary FILE``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.cli.run_summary import RunSummary
from runner.cli.terminal import escape_text
from runner.errors import ErrorDocument
from runner.quantities import format_usd
from runner.results.model import LookEntry, Totals
from runner.words import state_word

MAX_ROWS = 200
"""So many looks are listed: a job's page shows no more than a megabyte."""


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run tells at its end: ``looks`` are those that it changed and that did not fail.

    ``failures`` and ``told`` are lines, ``catalog`` is the page; None where there is none.
    """

    summary: RunSummary
    looks: Sequence[LookEntry]
    failures: Sequence[str]
    told: Sequence[str]
    totals: Totals
    catalog: Path | None


def format_job_summary(campaign: str, report: RunReport) -> str:
    """Return a report as Markdown."""
    lines = [f"### {_cell(campaign)}", "", f"**{_cell(report.summary.line())}**", ""]
    if report.looks:
        lines += ["| look | state | cost | picture |", "|---|---|---:|---|"]
        lines += [_row(look) for look in report.looks[:MAX_ROWS]]
        rest = len(report.looks) - MAX_ROWS
        lines += [f"| and {rest} more | | | |", ""] if rest > 0 else [""]
    for line in report.failures:
        lines.append(_cell(line) if not line.startswith(" ") else f"  {_cell(line.strip())}")
    lines += [""] if report.failures else []
    lines += [f"- {_cell(line)}" for line in report.told]
    return _join(lines)


def format_error_summary(error: ErrorDocument) -> str:
    """Return what ended a command as Markdown; it may follow a report."""
    lines = ["", f"**Error (exit {error['exit']}):** {_cell(error['message'])}", ""]
    lines += [_cell(error["hint"])] if error["hint"] else []
    return _join(lines)


def _row(look: LookEntry) -> str:
    cost = format_usd(look["cost_usd"]) if look["cost_usd"] else "—"
    cells = (look["look"], state_word(look["state"]), cost, look["image"] or "—")
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    """Return text that Markdown shows as it is, on one line: prompts and names are anybody's."""
    escaped = " ".join(escape_text(line) for line in text.splitlines())
    for char in "\\`*_[]<>|":
        escaped = escaped.replace(char, f"\\{char}")
    return escaped


def _join(lines: Sequence[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"
