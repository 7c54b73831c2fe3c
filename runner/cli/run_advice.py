"""How a run ended, in words, and what to do next. Pure."""

from collections.abc import Collection

from runner.cli.format import name_some
from runner.cli.nothing_bought import too_young
from runner.executor.findings import Finding
from runner.executor.look_report import Hold, LookReport
from runner.policy.exit_codes import Exit, Outcome, exit_code
from runner.quantities import pluralize


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
    is_elsewhere: bool = False,
) -> list[str]:
    """Return in words how the run ended and what to do next; ``command`` ends what can be copied.

    ``resume`` is how to go on with what is under way, ``now`` the time at the server. ``grouped``
    are the looks whose failures are told elsewhere, with their cures, ``awaited`` the takes that a
    person has to decide about, ``prices`` the options that say what the wallet showed.
    ``is_elsewhere``: commands are copied on another machine than the one that has the pictures.
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
            lines += _get_pictures(look_report, command) if not is_elsewhere else []
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
        lines.append(_explain_stop(outcome, code, resume))
    if outcome.price is not None:
        lines.append(
            f"If that is what HeyGen takes, say so with `{prices or '--price TYPE=USD'}` or "
            "`prices:` in the manifest; the rest is then bought at that price. Its billing page "
            "shows the charges."
        )
    return lines


def _explain_stop(outcome: Outcome, code: Exit, resume: str) -> str:
    """Return why sending stopped, and how to go on where no other line says so."""
    why = outcome.stopped or ""
    if code is Exit.UNDER_WAY or outcome.price is not None:
        return f"The run was stopped: {why}"
    return (
        f"The run was stopped: {why.rstrip('.')}. Nothing was bought for what was not sent; when "
        f"that is over, {resume}"
    )


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
        f"{pluralize(len(looks), 'look')} ({name_some(looks)}){_agree(why, len(looks))}"
        for why, looks in reasons.items()
    ]
    if awaited:
        agree = " ".join(f"--approve {label}" for label in awaited)
        lines.append(f"`lookbook review {command} {agree}` approves; then {resume}")
    return lines


def _get_pictures(look_report: LookReport, command: str) -> list[str]:
    """Return how faces may be measured without which a person has to approve takes."""
    if not look_report.unmeasured:
        return []
    again = f"`lookbook run {command} --fetch-only` gets it again, for nothing"
    return [f"Where a picture is missing, {again}; `lookbook faces {command}` says more."]


def _agree(why: str, count: int) -> str:
    """Return a reason that says what one look waits for as a sentence about so many."""
    if not why.startswith("waits "):
        return f": {why}"
    return f" {'waits' if count == 1 else 'wait'} {why.removeprefix('waits ')}"


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
