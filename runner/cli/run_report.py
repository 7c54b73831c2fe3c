"""After a run: results on stdout and on disk, the catalog, and what to do next."""

import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import click

from runner.catalog import PAGE
from runner.cli.face_report import summarize_faces
from runner.cli.failures import FailureGroup, describe_failures, group_failures
from runner.cli.format import MOST_ROWS, format_link, format_looks, name_some
from runner.cli.next_steps import list_given, resume_command, resuming, serve_command
from runner.cli.outputs import encode_results, make_results, write_results
from runner.cli.run_advice import advise_after_run
from runner.cli.run_summary import RunReport, find_changed, format_job_summary, summarize_run
from runner.cli.session import OpenSession
from runner.cli.spending import price_options
from runner.cli.terminal import escape_text, show_link, style, terminal_width
from runner.cli.version_control import advise_about_git
from runner.errors import LookbookError, describe_error
from runner.executor.refunds import usd_balance
from runner.executor.session import Session
from runner.files import write_output
from runner.model import Campaign
from runner.plan import Plan
from runner.plan import plan as make_plan
from runner.plan.approvals import find_awaited
from runner.plan.pricing import quote_prices
from runner.plan.request import Request
from runner.policy.exit_codes import Exit, Outcome, exit_code
from runner.results.fingerprint import Fingerprint
from runner.results.model import LookEntry, Results, Summary, Totals
from runner.results.totals import FAILED, UNSENT, WAITING
from runner.results.totals_text import describe_wallet
from runner.results.writer import serialize_results
from runner.shell import quote_command
from runner.takes import Snapshot


def current_results(campaign: Campaign, work: OpenSession) -> Results:
    """Return the results document of what the open ledger holds."""
    return make_results(campaign, work.ledger.snapshot(), work.ledger.wallet)


def print_results(results: Results, error: LookbookError | None = None) -> None:
    """Print results as JSON; whoever reads them may be gone.

    ``error`` is what ended the run, if something did: it stands beside them.
    """
    if error is not None:
        told = describe_error(error.code, error.message, error.hint, error.exit_code)
        results = {**results, "error": told}
    with suppress(BrokenPipeError):
        sys.stdout.writelines(serialize_results(results))
        sys.stdout.flush()


class Before(NamedTuple):
    """What there was before a run: results that an earlier one left, takes, and the time."""

    left: Fingerprint
    snapshot: Snapshot
    ticks: float


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that is over. ``error`` is what ended it, if something did."""

    campaign: Campaign
    work: OpenSession
    session: Session
    outcome: Outcome
    request: Request
    before: Before
    error: LookbookError | None = None

    @property
    def command(self) -> str:
        """Return the end of a command about the same campaign and ledger."""
        return resume_command(self.campaign, self.work)


class _Documents(NamedTuple):
    """What the results say of a run: ``same`` looks that it left alone, ``notes`` for people.

    ``aside`` looks were not selected and are not there.

    ``looks`` are those to be listed, ``catalog`` is None where nothing was ever committed.
    """

    totals: Totals
    same: int
    catalog: Path | None
    looks: Sequence[LookEntry] = ()
    failures: Sequence[FailureGroup] = ()
    notes: Sequence[str] = ()
    aside: int = 0


def write_run_results(run: EndedRun) -> None:
    """Write results and catalog, print them, and say what to do next. Raises StorageError."""
    work, request = run.work, run.request
    found = _write_documents(run)
    if not work.outside.shows_catalog:
        found = found._replace(catalog=None)
    summary = summarize_run(
        run.outcome,
        found.totals,
        run.before.snapshot,
        work.ledger.snapshot(),
        run=work.ledger.run if run.session.plan.changes else None,
        spent=work.ledger.spent_in_run,
        unchanged=found.same,
        aside=found.aside,
        wallet=last_balance(work),
        seconds=work.context.ticks() - run.before.ticks,
    )
    told = [*found.notes, *_advise(run, found.failures, bought=summary.bought > 0)]
    if found.catalog is not None:
        told += advise_about_git(run.campaign, work.state)
    if work.account.simulated and summary.bought and exit_code(run.outcome) is Exit.DONE:
        real = quote_command("lookbook", "plan", run.campaign.manifest, *list_given(run.campaign))
        told.append(f"That was a rehearsal: `{real}` says what the real run would cost.")
    told_below = set(run.outcome.approvals)
    groups = [group for group in found.failures if not told_below.issuperset(group.keys)]
    failures = describe_failures(groups, run.command)
    report = RunReport(summary, found.looks, failures, told, found.totals, found.catalog)
    print_report(report, request.form)
    if request.summary is not None:
        text = format_job_summary(run.campaign.name, report)
        write_output(request.summary, [text.encode("utf-8", "backslashreplace")])
        if work.outside.invocation is not None:
            work.outside.invocation.summary_text = text


def _write_documents(run: EndedRun) -> _Documents:
    """Write results and catalog, and what else was asked for; return what they say of the run.

    Where nothing has changed since the last run left them, they stay as they are.
    """
    work, request, left = run.work, run.request, run.before.left
    catalog: Path | None = work.state.folder / PAGE
    unchanged = None if run.session.plan.changes else left.summary()
    brief = request.form == "text" and request.out is None and request.summary is None
    if unchanged is not None and brief and is_complete(unchanged):
        return _Documents(unchanged["totals"], unchanged["totals"]["looks"], catalog)
    results = current_results(run.campaign, work)
    if results["account"] is None:  # nothing was ever committed: it would be nobody's
        catalog = None
    elif unchanged is None:
        catalog = write_results(results, work.state.folder, work.outside.failpoint)
        left.remember(results)
    if request.out is not None:
        write_output(request.out, encode_results(results))
    if request.form == "json":
        print_results(results, run.error)
    now, moves = work.ledger.snapshot(), run.session.plan.moves
    changed = find_changed(run.before.snapshot, now, moves)
    failures = group_failures(results["looks"], run.outcome.failed)
    wanted = changed - _name_failed(failures)
    few = results["totals"]["looks"] <= MOST_ROWS
    return _Documents(
        results["totals"],
        sum(is_untouched(look, changed) for look in results["looks"]),
        catalog,
        [look for look in results["looks"] if few and look["look"] in wanted],
        failures,
        [*list_consents(results, work), *describe_faces(results)],
        _count_aside(results, run.session.plan),
    )


def _count_aside(results: Results, plan: Plan) -> int:
    """Return how many looks nobody selected and nobody bought so far."""
    aside = {action.key for action in plan.actions if not action.selected}
    return sum(look["look"] in aside and look["state"] in UNSENT for look in results["looks"])


def _name_failed(failures: Sequence[FailureGroup]) -> set[str]:
    return {key for group in failures for key in group.keys}


def _advise(run: EndedRun, failures: Sequence[FailureGroup], *, bought: bool) -> list[str]:
    """Return in words how the run ended and what to do next, as the ledger stands."""
    held, campaign = run.work.ledger.snapshot(), run.campaign
    look_report, is_queued = run.session.look_report, run.work.outside.queued is not None
    awaited: list[str] = []
    if run.outcome.approvals:
        awaited = [take.label for take in find_awaited(make_plan(campaign, held), held)]
    if look_report is not None:  # what the plan does not know: no face could be measured
        awaited += sorted({*look_report.unmeasured} - {*awaited})
    return advise_after_run(
        run.outcome,
        look_report,
        run.command,
        prices=price_options([*quote_prices(campaign, held).values()]),
        awaited=awaited,
        resume=resuming(run.request, run.command, bought=bought, is_queued=is_queued),
        now=run.work.context.now_at_server(),
        grouped=_name_failed(failures),
        is_elsewhere=is_queued,
    )


def is_untouched(look: LookEntry, changed: Collection[str]) -> bool:
    """Return whether a run left a look as it was, and it is there."""
    return look["look"] not in changed and look["state"] not in FAILED | WAITING | UNSENT


def last_balance(work: OpenSession) -> Decimal | None:
    """Return what the wallet holds, in USD; None where it was not read after a purchase."""
    if not work.ledger.spent_in_run:
        return usd_balance(work.user)
    after = (work.ledger.wallet or {}).get("after")
    return Decimal(str(after)) if after is not None else None


def print_report(report: RunReport, form: str) -> None:
    """Print what a run came to: rows and the last line on stdout, what to do next on stderr."""
    machine = form == "json"
    width = terminal_width(sys.stderr if machine else sys.stdout)
    with suppress(BrokenPipeError):
        if report.looks and not machine:
            click.echo(f"{format_looks(report.looks, width=width)}\n")
        for line in report.failures:
            click.echo(escape_text(line), err=True)
        click.echo(style(report.summary.line(), bold=True), err=machine)
        for line in [*describe_wallet(report.totals), *report.told]:
            click.echo(escape_text(line), err=True)
        if report.catalog is not None and not machine:
            click.echo(f"catalog: {format_link(report.catalog)}")


def is_complete(summary: Summary) -> bool:
    """Return whether every look is there, so that a table of them would say nothing new."""
    return summary["totals"]["states"].keys() <= {"fetched"}


def describe_faces(results: Results) -> list[str]:
    """Return in a line how many faces differ, where any does or was not measured yet."""
    looks = results["looks"]
    telling = any(look.get("likeness", {}).get("differs") for look in looks)
    late = any(look["image"] is not None and "likeness" not in look for look in looks)
    faces = summarize_faces(results)
    return [f"{faces}; `lookbook faces` lists them"] if faces and (telling or late) else []


def list_consents(results: Results, work: OpenSession) -> list[str]:
    """Return which pages a person has to open, each once, with the looks that wait for it."""
    waiting: dict[str, list[str]] = {}
    pageless: list[str] = []
    for look in results["looks"]:
        for take in look["takes"]:
            if take["state"] != "pending_consent":
                continue
            if "consent_url" in take:
                waiting.setdefault(take["consent_url"], []).append(look["look"])
            else:
                pageless.append(look["look"])
    lines = [
        f"A person's consent is needed for {name_some(w)}: {show_link(url)}"
        for url, w in waiting.items()
    ]
    if pageless:
        lines.append(
            f"A person's consent is needed for {name_some(pageless)}; HeyGen gave no page for it "
            "yet: the next run asks again."
        )
    if lines and work.account.simulated:
        lines.append(
            f"The embedded simulator ends with this command; `{serve_command(work.state)}` "
            "serves the same account, and its page shows the consents."
        )
    return lines
