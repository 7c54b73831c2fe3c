"""What one run did, in one line, and as Markdown for a job's page (``--summary FILE``). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from runner.cli.terminal import escape_text
from runner.errors import ErrorDocument
from runner.plan.renames import KeyRenames, apply_renames
from runner.policy.exit_codes import Exit, Outcome, exit_code
from runner.quantities import format_duration, format_usd
from runner.results.model import LookEntry, Totals
from runner.results.totals import UNSENT
from runner.takes import COUNTING, Snapshot
from runner.words import state_word

VERDICTS = {
    Exit.DONE: "Done",
    Exit.FAILED: "Done, not all of it",
    Exit.ACCOUNT: "Stopped, the account needs a person",
    Exit.UNDER_WAY: "Not finished",
    Exit.BUDGET: "Stopped at a ceiling",
    Exit.PERSON: "A person is needed",
}


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What one run did. ``spent`` and ``wallet`` are USD, ``seconds`` how long it took.

    ``completed`` are takes that earlier runs bought, and that are there since this one.
    """

    verdict: str
    bought: int
    spent: Decimal
    completed: int
    failed: int
    blocked: int
    waiting: int
    left_out: int
    unsent: int
    aside: int
    unchanged: int
    wallet: Decimal | None
    seconds: float
    simulated: bool

    def line(self) -> str:
        """Return it as the line that ends a run."""
        money = format_usd(self.spent) + (" of simulated money" if self.simulated else "")
        counts = [f"{self.bought} bought ({money})"]
        counts += [f"{self.completed} completed"] if self.completed else []
        counts.append(f"{self.failed} failed")
        counts += [f"{self.blocked} blocked"] if self.blocked else []
        counts += [f"{self.waiting} waiting"] if self.waiting else []
        counts += [f"{self.left_out} left out"] if self.left_out else []
        counts += [f"{self.unsent} not sent"] if self.unsent else []
        counts += [f"{self.aside} not selected"] if self.aside else []
        counts.append(f"{self.unchanged} unchanged")
        parts = [f"{self.verdict}: {', '.join(counts)}"]
        if self.wallet is not None and not self.simulated:
            parts.append(f"wallet {format_usd(self.wallet)}")
        return " · ".join([*parts, format_duration(self.seconds)])


def find_changed(before: Snapshot, after: Snapshot, moves: KeyRenames) -> frozenset[str]:
    """Return the looks whose takes or pick a run has changed; a renamed key is no change.

    ``moves`` are what the run followed: ``after`` has the new keys.
    """
    before = apply_renames(before, moves)

    def is_changed(key: str) -> bool:
        same_takes = before.takes.get(key) == after.takes[key]
        return not same_takes or before.picks.get(key) != after.picks.get(key)

    return frozenset(filter(is_changed, after.takes))


def summarize_run(
    outcome: Outcome,
    totals: Totals,
    before: Snapshot,
    after: Snapshot,
    *,
    run: str | None,
    spent: Decimal,
    unchanged: int,
    aside: int,
    wallet: Decimal | None,
    seconds: float,
) -> RunSummary:
    """Sum up a run. ``run`` is its id in the ledger, ``unchanged`` how many looks it left alone.

    ``aside`` is how many were not selected and are not there. ``before`` and ``after`` are what the
    ledger held, ``spent`` what it counts of the run, with what was made twice.
    """
    takes = after.all_takes
    bought = {take.uid for take in takes if run and take.run == run and take.billing in COUNTING}
    going = {take.uid for take in before.all_takes if take.in_flight} - bought
    code = exit_code(outcome)
    unsent = sum(totals["states"].get(state, 0) for state in UNSENT)
    stopped = code in (Exit.FAILED, Exit.BUDGET) and outcome.stopped is not None
    return RunSummary(
        verdict="Stopped" if stopped else VERDICTS[code],
        bought=len(bought),
        spent=spent,
        completed=sum(take.usable and take.uid in going for take in takes),
        failed=totals["states"].get("failed", 0),
        blocked=totals["states"].get("blocked", 0),
        waiting=totals.get("waiting", 0),
        left_out=len(outcome.over_budget),
        unsent=max(0, unsent - aside - len(outcome.over_budget)),
        aside=aside,
        unchanged=unchanged,
        wallet=wallet,
        seconds=seconds,
        simulated=after.account is not None and after.account.simulated,
    )


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
