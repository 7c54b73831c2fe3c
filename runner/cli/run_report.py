"""After a run: results on stdout and on disk, the catalog, and what to do next."""

import sys
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import click

from runner.catalog import PAGE
from runner.cli.face_report import summarize_faces
from runner.cli.fingerprint import Fingerprint
from runner.cli.format import MOST_ROWS, format_results, format_totals, pluralize
from runner.cli.nothing_bought import too_young
from runner.cli.outputs import make_results, write_results
from runner.cli.request import Request
from runner.cli.session import OpenSession
from runner.cli.simulated import serve_command
from runner.cli.terminal import escape_text, show_link
from runner.errors import LookbookError, describe_error
from runner.executor.look_report import Hold, LookReport
from runner.executor.resolve_unknown import Finding
from runner.executor.session import Session
from runner.files import write_output
from runner.model import Campaign
from runner.policy.exit_codes import Exit, Outcome, exit_code
from runner.results.model import Results, Summary
from runner.results.writer import serialize_results
from runner.shell import quote_command
from runner.takes import Account

__all__ = [
    "advise_after_run",
    "advise_to_resume",
    "current_results",
    "print_results",
    "resume_command",
    "write_run_results",
]


def current_results(campaign: Campaign, work: OpenSession) -> Results:
    """Return the results document of what the open ledger holds."""
    return make_results(campaign, work.ledger.snapshot(), work.ledger.wallet)


def print_results(results: Results, request: Request, error: LookbookError | None = None) -> None:
    """Print results in the form that was asked for; whoever reads them may be gone.

    ``error`` is what ended the run, if something did: JSON holds it beside them.
    """
    if error is not None:
        told = describe_error(error.code, error.message, error.hint, error.exit_code)
        results = {**results, "error": told}
    with suppress(BrokenPipeError):
        if request.form == "json":
            sys.stdout.writelines(serialize_results(results))
            sys.stdout.flush()
        elif len(results["looks"]) > MOST_ROWS:
            click.echo(format_totals(results))
        else:
            click.echo(format_results(results))


def write_run_results(
    campaign: Campaign,
    work: OpenSession,
    session: Session,
    outcome: Outcome,
    request: Request,
    *,
    left: Fingerprint,
    error: LookbookError | None = None,
) -> None:
    """Write results and catalog, print them, and say what to do next. Raises StorageError.

    ``error`` is what ended the run, if something did.

    Where nothing has changed since the last run ``left`` them, they stay as they are.
    """
    command = resume_command(campaign, work.account)
    told = advise_after_run(
        outcome,
        session.look_report,
        command,
        resume=resuming(request, command),
        now=work.context.now_at_server(),
    )
    catalog: Path | None = work.state.folder / PAGE
    unchanged = None if session.plan.changes else left.summary()
    brief = request.form == "text" and request.out is None
    if unchanged is not None and brief and is_complete(unchanged):
        click.echo(format_totals(unchanged))
    else:
        results = current_results(campaign, work)
        if results["account"] is None:  # nothing was ever committed: it would be nobody's
            catalog = None
        elif unchanged is None:
            catalog = write_results(results, work.state.folder, work.outside.failpoint)
            left.remember(results)
        if request.out is not None:
            write_output(request.out, (piece.encode() for piece in serialize_results(results)))
        print_results(results, request, error)
        told = [
            *list_consents(results, work),
            *told,
            *describe_faces(results),
            *list_missing_images(results, outcome, command),
        ]
    for line in told:
        click.echo(escape_text(line), err=True)
    if request.form == "text" and catalog is not None:
        click.echo(f"catalog: {catalog}")


def is_complete(summary: Summary) -> bool:
    """Return whether every look is there, so that a table of them would say nothing new."""
    return summary["totals"]["states"].keys() <= {"fetched"}


def resume_command(campaign: Campaign, account: Account) -> str:
    """Return the end of a command about this campaign and account, to be copied."""
    simulate = ["--simulate"] if account.simulated else []
    given = [text for name, value in campaign.given for text in ("--var", f"{name}={value}")]
    return quote_command(campaign.manifest, *simulate, *given)


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
    for look in results["looks"]:
        for take in look["takes"]:
            if take["state"] == "pending_consent" and "consent_url" in take:
                waiting.setdefault(take["consent_url"], []).append(look["look"])
    lines = [
        f"A person's consent is needed for {', '.join(w)}: {show_link(url)}"
        for url, w in waiting.items()
    ]
    if lines and work.account.simulated:
        lines.append(
            f"The embedded simulator ends with this command; `{serve_command(work.state)}` "
            "serves the same account, and its page shows the consents."
        )
    return lines


def list_missing_images(results: Results, outcome: Outcome, command: str) -> list[str]:
    """Return what to do where HeyGen does not know what a look is made from or saved to."""
    unknown = ("avatar_not_found", "avatar_group_not_found")
    named = [
        look["look"]
        for look in results["looks"]
        if look["look"] in outcome.failed and look["takes"]
        if look["takes"][-1].get("error", {}).get("code", "").lower() in unknown
    ]
    if not named:
        return []
    line = (
        f"HeyGen does not know what {', '.join(named)} {'is' if len(named) == 1 else 'are'} made "
        f"from: `lookbook refresh {command} --record` finds out what was deleted there."
    )
    return [line]


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
) -> list[str]:
    """Return in words how the run ended and what to do next; ``command`` ends what can be copied.

    ``resume`` is how to go on with what is under way, ``now`` the time at the server.
    """
    lines: list[str] = []
    if look_report is not None:
        stopped = outcome.account is not None or outcome.stopped is not None
        lines += [*look_report.notes, *_held(look_report, stopped=stopped)]
        lines += [_undecided(finding, now) for finding in look_report.findings.values()]
        lines += [f"{take}: no picture yet: {why}" for take, why in look_report.pictures.items()]
        if look_report.pictures:
            lines.append(f"`lookbook fetch {command}` tries again; it costs nothing.")
    if outcome.over_budget:
        left = pluralize(len(outcome.over_budget), "look")
        lines.append(f"{left} left out: a ceiling has no room ({', '.join(outcome.over_budget)}).")
    code = exit_code(outcome)
    if code is Exit.UNDER_WAY:
        lines.append(f"Work is still under way: {resume}")
    elif code is Exit.PERSON:
        lines += _ask_person(outcome, command, resume)
    elif outcome.failed and not outcome.stopped and _are_unsent(outcome.failed, look_report):
        lines.append("Nothing was bought for what was not sent: run the same command again.")
    elif outcome.failed and not outcome.stopped and not (look_report and look_report.pictures):
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
            "If that is what HeyGen takes, say so with `--price TYPE=USD` or `prices:` in the "
            "manifest; the rest is then bought at that price. Its billing page shows the charges."
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


def _held(look_report: LookReport, *, stopped: bool) -> list[str]:
    """Return why looks could not be sent; a failed take says it itself, in its line of the table.

    Where the whole run was ``stopped``, what was not sent for that reason needs no line of its own.
    """
    told = (Hold.FAILED,) if stopped else (Hold.FAILED, Hold.UNSENT)
    return [
        f"{key} was not sent: {why}"
        for key, (hold, why) in look_report.held.items()
        if hold in told and key not in look_report.broken
    ]


def _are_unsent(keys: Collection[str], look_report: LookReport | None) -> bool:
    """Return whether nothing was bought for any of these looks, so that a plain run sends them."""
    held = look_report.held if look_report is not None else {}
    return all(key in held and held[key][0] is Hold.UNSENT for key in keys) and not (
        look_report is not None and look_report.broken.intersection(keys)
    )


def _undecided(finding: Finding, now: float | None) -> str:
    if finding.problem is not None:
        return f"{finding.take.label}: its outcome is unknown; {finding.problem}"
    found = len(finding.candidates)
    looks = "no look fits" if not found else f"{found} looks fit" if found > 1 else "one look fits"
    rivals = f", and so does {', '.join(finding.rivals)}" if finding.rivals else ""
    young = too_young(finding.take, now) if not found and now is not None else None
    doubt = f" ({young})" if young else ""
    return f"{finding.take.label}: its outcome is unknown; {looks}{rivals}{doubt}."
