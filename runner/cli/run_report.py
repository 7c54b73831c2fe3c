"""After a run: results on stdout and on disk, the catalog, and what to do next."""

import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import click

from runner.catalog import PAGE
from runner.cli.face_report import summarize_faces
from runner.cli.failures import FailureGroup, describe_failures, group_failures
from runner.cli.fingerprint import Fingerprint
from runner.cli.format import (
    MOST_ROWS,
    describe_wallet,
    format_link,
    format_looks,
    name_some,
    pluralize,
)
from runner.cli.job_summary import RunReport, format_job_summary
from runner.cli.nothing_bought import too_young
from runner.cli.outputs import encode_results, make_results, write_results
from runner.cli.price_questions import price_options
from runner.cli.request import Request
from runner.cli.run_summary import find_changed, summarize_run
from runner.cli.session import OpenSession
from runner.cli.simulated import serve_command
from runner.cli.terminal import escape_text, show_link, style, terminal_width
from runner.cli.version_control import advise_about_git
from runner.errors import LookbookError, describe_error
from runner.executor.look_report import Hold, LookReport
from runner.executor.refunds import usd_balance
from runner.executor.resolve_unknown import Finding
from runner.executor.session import Session
from runner.files import write_output
from runner.model import Campaign
from runner.plan import plan as make_plan
from runner.plan.approvals import find_awaited
from runner.plan.options import DEFAULT_OPTIONS
from runner.plan.pricing import quote_prices
from runner.policy.exit_codes import Exit, Outcome, exit_code
from runner.results.model import LookEntry, Results, Summary
from runner.results.writer import FAILED, UNSENT, WAITING, serialize_results
from runner.shell import quote_command
from runner.takes import Account, Snapshot, Take


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


def write_run_results(
    campaign: Campaign,
    work: OpenSession,
    session: Session,
    outcome: Outcome,
    request: Request,
    *,
    before: Before,
    error: LookbookError | None = None,
) -> None:
    """Write results and catalog, print them, and say what to do next. Raises StorageError.

    ``error`` is what ended the run, if something did.

    Where nothing has changed since the last run left them, they stay as they are.
    """
    command = resume_command(campaign, work.account)
    catalog: Path | None = work.state.folder / PAGE
    unchanged = None if session.plan.changes else before.left.summary()
    brief = request.form == "text" and request.out is None and request.summary is None
    looks: Sequence[LookEntry] = ()
    failures: list[FailureGroup] = []
    consents: list[str] = []
    if unchanged is not None and brief and is_complete(unchanged):
        totals, same = unchanged["totals"], unchanged["totals"]["looks"]
    else:
        results = current_results(campaign, work)
        if results["account"] is None:  # nothing was ever committed: it would be nobody's
            catalog = None
        elif unchanged is None:
            catalog = write_results(results, work.state.folder, work.outside.failpoint)
            before.left.remember(results)
        if request.out is not None:
            write_output(request.out, encode_results(results))
        if request.form == "json":
            print_results(results, error)
        totals = results["totals"]
        changed = find_changed(before.snapshot, work.ledger.snapshot(), session.plan.moves)
        failures = group_failures(results["looks"], outcome.failed)
        grouped = {key for group in failures for key in group.keys}
        same = sum(is_untouched(look, changed) for look in results["looks"])
        if totals["looks"] <= MOST_ROWS:
            wanted = changed - grouped
            looks = [look for look in results["looks"] if look["look"] in wanted]
        consents = [*list_consents(results, work), *describe_faces(results)]
    summary = summarize_run(
        outcome,
        totals,
        before.snapshot,
        work.ledger.snapshot(),
        run=work.ledger.run if session.plan.changes else None,
        spent=work.ledger.spent_in_run,
        unchanged=same,
        wallet=last_balance(work),
        seconds=work.context.ticks() - before.ticks,
    )
    awaited: list[Take] = []
    if outcome.approvals:
        held = work.ledger.snapshot()
        awaited = find_awaited(make_plan(campaign, held), held)
    quotes = quote_prices(campaign, DEFAULT_OPTIONS, work.ledger.snapshot())
    told = advise_after_run(
        outcome,
        session.look_report,
        command,
        prices=price_options([*quotes.values()]),
        awaited=[take.label for take in awaited],
        resume=resuming(request, command),
        now=work.context.now_at_server(),
        grouped={key for group in failures for key in group.keys},
    )
    if catalog is not None:
        told += advise_about_git(campaign, work.state)
    if work.account.simulated and summary.bought and exit_code(outcome) is Exit.DONE:
        real = quote_command("lookbook", "plan", campaign.manifest, *list_given(campaign))
        told.append(f"That was a rehearsal: `{real}` says what the real run would cost.")
    report = RunReport(
        summary, looks, describe_failures(failures, command), [*consents, *told], totals, catalog
    )
    print_report(report, request.form)
    if request.summary is not None:
        text = format_job_summary(campaign.name, report)
        write_output(request.summary, [text.encode("utf-8", "backslashreplace")])
        if work.outside.invocation is not None:
            work.outside.invocation.summary_text = text


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


def resume_command(campaign: Campaign, account: Account) -> str:
    """Return the end of a command about this campaign and account, to be copied."""
    simulate = ["--simulate"] if account.simulated else []
    return quote_command(campaign.manifest, *simulate, *list_given(campaign))


def list_given(campaign: Campaign) -> list[str]:
    """Return the ``--var`` options that a campaign was read with."""
    return [text for name, value in campaign.given for text in ("--var", f"{name}={value}")]


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


def is_repeatable(request: Request) -> bool:
    """Return whether the same command resumes, and neither buys more nor refuses what has moved."""
    options = request.plan_options
    return not (options.reroll or options.retry or options.cascade or request.saved)


def resuming(request: Request, command: str) -> str:
    """Return in words how to go on with what is under way; ``command`` ends what can be copied.

    What is not repeatable is no way to resume.
    """
    plan_options = request.plan_options
    if is_repeatable(request):
        return "run the same command again to resume."
    limits = [quote_command("--select", text) for text in plan_options.select]
    limits += [quote_command("--exclude", text) for text in plan_options.exclude]
    resume = " ".join(["lookbook run", command, *limits])
    return f"`{resume}` resumes it, and buys none of it again."


def advise_to_resume(error: LookbookError, request: Request, command: str) -> None:
    """Put a command that buys nothing twice into the hint of what ended a run."""
    if is_repeatable(request):
        return
    error.hint = (
        "Nothing that was paid for is lost. When that is mended, do not run the same command "
        f"again: {resuming(request, command)}"
    )


def advise_after_run(
    outcome: Outcome,
    look_report: LookReport | None,
    command: str,
    *,
    resume: str = "run the same command again to resume.",
    now: float | None = None,
    grouped: Collection[str] = (),
    awaited: Collection[str] = (),
    prices: str = "",
) -> list[str]:
    """Return in words how the run ended and what to do next; ``command`` ends what can be copied.

    ``resume`` is how to go on with what is under way, ``now`` the time at the server. ``grouped``
    are the looks whose failures are told elsewhere, with their cures, ``awaited`` the takes that a
    person has to decide about, ``prices`` the options that say what the wallet showed.
    """
    lines: list[str] = []
    if look_report is not None:
        stopped = outcome.account is not None or outcome.stopped is not None
        lines += [*look_report.notes, *_held(look_report, grouped, stopped=stopped)]
        lines += [_undecided(finding, now) for finding in look_report.findings.values()]
        lines += [f"{take}: no picture yet: {why}" for take, why in look_report.pictures.items()]
        if look_report.pictures:
            lines.append(f"`lookbook run {command} --fetch-only` tries again; it costs nothing.")
    if outcome.over_budget:
        left = pluralize(len(outcome.over_budget), "look")
        lines.append(f"{left} left out: a ceiling has no room ({', '.join(outcome.over_budget)}).")
    code = exit_code(outcome)
    if code is Exit.UNDER_WAY:
        lines.append(f"Work is still under way: {resume}")
    elif code is Exit.PERSON:
        lines += _ask_person(outcome, command, resume)
        if outcome.approvals and look_report is not None:
            lines += _ask_approval(outcome.approvals, look_report, command, resume, awaited)
    elif outcome.failed and not outcome.stopped and _are_unsent(outcome.failed, look_report):
        lines.append("Nothing was bought for what was not sent: run the same command again.")
    elif is_untold(outcome, grouped) and _is_retryable(look_report):
        lines.append(f"`lookbook retry {command}` buys failures again, after saying what it costs.")
    if outcome.account:  # last, where it is read
        why = outcome.account.rstrip(".")
        lines.append(
            f"The account needs a person: {why}. When that is mended (key, permission or wallet), "
            f"{resume}"
        )
    elif outcome.stopped:
        lines.append(f"The run was stopped: {outcome.stopped}")
    if outcome.price is not None:
        lines.append(
            f"If that is what HeyGen takes, say so with `{prices or '--price TYPE=USD'}` or "
            "`prices:` in the manifest; the rest is then bought at that price. Its billing page "
            "shows the charges."
        )
    return lines


def _ask_person(outcome: Outcome, command: str, resume: str) -> list[str]:
    """Return what a person has to do: decide about unknown outcomes, give a consent."""
    lines = []
    if outcome.persons:
        lines.append(f"`lookbook reconcile {command}` shows what is known and takes a decision.")
    if outcome.consents:
        lines.append(f"Once the consent is given, {resume}")
    return lines


def _ask_approval(
    keys: Collection[str],
    look_report: LookReport,
    command: str,
    resume: str,
    awaited: Collection[str],
) -> list[str]:
    """Return what waits until a person has looked at something, and how that is decided."""
    reasons: dict[str, list[str]] = {}
    for key in keys:
        why = look_report.explain(key).rpartition(" is not usable: ")[2]
        reasons.setdefault(why, []).append(key)
    lines = [
        f"{pluralize(len(looks), 'look')} ({name_some(looks)}): {why}"
        for why, looks in reasons.items()
    ]
    if awaited:
        agree = " ".join(f"--approve {label}" for label in awaited)
        lines.append(f"`lookbook review {command} {agree}` approves; then {resume}")
    return lines


def is_untold(outcome: Outcome, grouped: Collection[str]) -> bool:
    """Return whether a look failed that no group of failures tells of."""
    return outcome.stopped is None and not set(outcome.failed) <= set(grouped)


def _held(look_report: LookReport, grouped: Collection[str], *, stopped: bool) -> list[str]:
    """Return why looks could not be sent, one line for each reason.

    Where the whole run was ``stopped``, what was not sent for that reason needs no line of its own.
    """
    told = (Hold.FAILED,) if stopped else (Hold.FAILED, Hold.UNSENT)
    reasons: dict[str, list[str]] = {}
    for key, (hold, why) in look_report.held.items():
        if hold in told and key not in look_report.broken and key not in grouped:
            reasons.setdefault(why, []).append(key)
    return [
        f"{name_some(keys)} {'was' if len(keys) == 1 else 'were'} not sent: {why}"
        for why, keys in reasons.items()
    ]


def _are_unsent(keys: Collection[str], look_report: LookReport | None) -> bool:
    """Return whether nothing was bought for any of these looks, so that a plain run sends them."""
    held = look_report.held if look_report is not None else {}
    return all(key in held and held[key][0] is Hold.UNSENT for key in keys) and not (
        look_report is not None and look_report.broken.intersection(keys)
    )


def _is_retryable(look_report: LookReport | None) -> bool:
    """Return whether `lookbook retry` may buy something: no picture, nothing that never failed."""
    return look_report is None or (look_report.retryable and not look_report.pictures)


def _undecided(finding: Finding, now: float | None) -> str:
    if finding.problem is not None:
        return f"{finding.take.label}: its outcome is unknown; {finding.problem}"
    found = len(finding.candidates)
    looks = "no look fits" if not found else f"{found} looks fit" if found > 1 else "one look fits"
    rivals = f", and so does {', '.join(finding.rivals)}" if finding.rivals else ""
    young = too_young(finding.take, now) if not found and now is not None else None
    doubt = f" ({young})" if young else ""
    return f"{finding.take.label}: its outcome is unknown; {looks}{rivals}{doubt}."
