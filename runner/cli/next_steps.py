"""What to do next with a campaign, and how its last run ended, in words. Pure."""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal

from runner.cli.failures import group_failures
from runner.cli.session import OpenSession
from runner.cli.shared_options import options_of
from runner.cli.terminal import escape_text, show_link, style
from runner.errors import LookbookError
from runner.ledger.runs import LastRun
from runner.ledger.state_dirs import StateDir
from runner.model import Campaign
from runner.plan import Action, Plan
from runner.plan.request import Request
from runner.policy.cures import Cure
from runner.policy.exit_codes import Exit
from runner.quantities import format_age, format_usd, pluralize
from runner.results.model import Results, TakeEntry
from runner.shell import quote_command

ENDS = {
    Exit.DONE: "done",
    Exit.FAILED: "some looks failed or are blocked",
    Exit.ACCOUNT: "the account needed a person",
    Exit.UNDER_WAY: "with work still under way",
    Exit.BUDGET: "a ceiling left looks out",
    Exit.PERSON: "a person is needed: an unknown outcome, a consent, or an approval",
}


def describe_last_run(last: LastRun, *, now: float, alive: bool | None) -> str:
    """Return when the last run was and how it ended.

    ``alive`` is whether its process is there still; None where that cannot be known.
    """
    if last.ended_at is None:
        who = f"process {last.pid} on {last.host}, begun {format_age(now - last.started_at)}"
        if alive:
            return f"A run is going on: {who}."
        if alive is None:
            return f"A run is going on, or ended without saying how: {who}."
        return (
            f"The last run was killed, or met an error of its own: {who}. What it bought is "
            "recorded."
        )
    text = f"Last run: ended {format_age(now - last.ended_at)}"
    if last.stopped:
        return f"{text}, stopped: {escape_text(last.stopped)}"
    end = ENDS.get(Exit(last.exit)) if last.exit in set(ENDS) else None
    return f"{text}, {end}." if end else f"{text}."


def collect_notes(plan: Plan, results: Results, *, now: float) -> dict[str, str]:
    """Return what is to be said of looks that are not finished, by look key."""
    reasons = {action.key: action.reason for action in plan.actions if action.reason != "new"}
    notes = {}
    for look in results["looks"]:
        takes = look["takes"]
        if look["state"] in ("planned", "stale", "blocked", "changed"):
            notes[look["look"]] = reasons.get(look["look"], "")
        elif look["state"] == "processing":
            notes[look["look"]] = f"sent {format_age(now - _seconds(takes[-1]['sent_at'], now))}"
            if "error" in takes[-1]:
                notes[look["look"]] += f"; {takes[-1]['error']['message']}"
        elif look["state"] == "pending_consent":
            notes[look["look"]] = "waits for a person's consent"
        elif look["state"] == "unknown" and takes and "error" in takes[-1]:
            notes[look["look"]] = takes[-1]["error"]["message"]
    return notes


def list_next_steps(
    plan: Plan,
    renewed: Plan,
    results: Results,
    command: str,
    *,
    going: bool = False,
    simulator: str | None = None,
    room: Decimal | None = None,
    prices: str = "",
    awaited: Sequence[str] = (),
    undecidable: Collection[str] = (),
) -> list[tuple[str, str]]:
    """Return what to do next: commands that can be copied, and why; ``command`` ends each of them.

    ``renewed`` is the plan that also brings up to date what is stale. ``going`` says that a run is
    at work now. ``simulator`` is the command that serves the simulated account, ``room`` what the
    ceilings leave for this campaign, in USD, ``prices`` the options that a run is refused without,
    ``awaited`` the takes that a person has to approve first, ``undecidable`` those that no run
    decides any more.
    """
    looks = [*results["looks"], *results["orphans"]]
    takes = [take for look in looks for take in look["takes"]]
    steps = _person_steps(plan, takes, command, simulator, awaited)
    if going:
        return steps
    moving = [
        take
        for look in looks
        for take in look["takes"]
        if f"{look['look']}#{take['take']}" not in undecidable
    ]
    idle = bool(undecidable) or not plan.changes
    steps += _run_step(plan, moving, f"{command} {prices}".rstrip(), room, idle=idle)
    if undecidable or any(take["state"] in ("unknown", "submitting") for take in takes):
        what = "shows what is known of unknown outcomes, and takes a decision"
        steps.append((f"lookbook reconcile {command}", what))
    steps += _cure_steps(results, command)
    if results["totals"]["states"].get("stale"):
        more = pluralize(renewed.count - plan.count, "generation")
        price = format_usd(renewed.cost - plan.cost)
        renew = f"also renews what is out of date ({more} more, {price})"
        steps.append((f"lookbook run {command} --cascade", renew))
    if any(take["state"] == "completed" for take in takes):
        steps.append((f"lookbook run {command} --fetch-only", "fetches missing pictures; free"))
    return steps


def _person_steps(
    plan: Plan,
    takes: Sequence[TakeEntry],
    command: str,
    simulator: str | None,
    awaited: Sequence[str],
) -> list[tuple[str, str]]:
    """Return what waits for a person: consents to be given, takes to be approved."""
    steps = [(f"open {show_link(url)}", "a person's consent is needed") for url in _consents(takes)]
    if steps and simulator:
        steps = [(simulator, "serves the simulated account; a consent is granted on its page")]
    if awaited:
        agree = " ".join(f"--approve {label}" for label in awaited)
        waits = f"{pluralize(plan.waiting, 'generation')}, {format_usd(plan.waiting_cost)}"
        steps.append((f"lookbook review {command} {agree}", f"lets a run go on with {waits}"))
    return steps


def _cure_steps(results: Results, command: str) -> list[tuple[str, str]]:
    """Return what helps against the failures that there are."""
    cures = {group.cure for group in group_failures(results["looks"]) if group.looks}
    steps = []
    if cures - {Cure.EDIT, Cure.EDIT_PROMPT, Cure.REFRESH}:
        again = "buys what failed again; a changed prompt is bought by run instead"
        steps.append((f"lookbook retry {command}", again))
    if Cure.REFRESH in cures:
        steps.append((f"lookbook reconcile {command} --record", "finds out what HeyGen deleted"))
    if cures & {Cure.EDIT, Cure.EDIT_PROMPT}:
        steps.append((f"lookbook plan {command}", "after a change of what was refused; free"))
    return steps


def format_next_steps(steps: Sequence[tuple[str, str]], *, going: bool = False) -> str:
    """Write what to do next; ``going`` says that a run is at work now."""
    if not steps:
        return "Next: wait for the run." if going else "Everything is done."
    lines = [f"  {style(step, bold=True)}\n      {why}" for step, why in steps]
    return "\n".join(["Next:", *lines])


def _run_step(
    plan: Plan, takes: Sequence[TakeEntry], command: str, room: Decimal | None, *, idle: bool
) -> list[tuple[str, str]]:
    """Return what a run would do, and what it would cost; nothing free where it is ``idle``."""
    what = []
    if any(take["state"] in ("unknown", "submitting") for take in takes):
        what.append("finds out unknown outcomes without paying twice")
    waiting = sum(take["state"] in ("processing", "pending_consent") for take in takes)
    if waiting:
        what.append(f"waits for {pluralize(waiting, 'look')} under way")
    if any(action.action is Action.ADOPT for action in plan.actions):
        what.append("takes over looks that exist")
    if plan.count:
        what.append(f"buys {pluralize(plan.count, 'generation')} for {format_usd(plan.cost)}")
    if not what and idle:
        return []
    text = ", ".join(what) or "brings names and picks up to date; free"
    step = f"lookbook run {command}"
    if room is not None and plan.cost > room:
        step += " --up-to-budget"
        text += f", as far as the budget has room ({format_usd(max(room, Decimal(0)))})"
    return [(step, text)]


def _consents(takes: Sequence[TakeEntry]) -> list[str]:
    pending = [take for take in takes if take["state"] == "pending_consent"]
    return list(dict.fromkeys(take["consent_url"] for take in pending if "consent_url" in take))


def _seconds(moment: str | None, otherwise: float) -> float:
    return datetime.fromisoformat(moment).timestamp() if moment else otherwise


def resume_command(campaign: Campaign, work: OpenSession) -> str:
    """Return the end of a command about this campaign and its ledger, to be copied."""
    ledger = ["--simulate"] if work.account.simulated else options_of(work.outside.shared)
    manifest = work.outside.named_manifest or campaign.manifest
    return quote_command(manifest, *ledger, *list_given(campaign))


def list_given(campaign: Campaign) -> list[str]:
    """Return the ``--var`` options that a campaign was read with."""
    return [text for name, value in campaign.given for text in ("--var", f"{name}={value}")]


def is_repeatable(request: Request) -> bool:
    """Return whether the same command resumes, and neither buys more nor refuses what has moved."""
    return not (request.reroll or request.retry or request.cascade or request.saved)


def resuming(
    request: Request, command: str, *, bought: bool = True, is_queued: bool = False
) -> str:
    """Return in words how to go on with what is under way; ``command`` ends what can be copied.

    What is not repeatable is no way to resume, unless the run ``bought`` nothing at all. A run of
    the queue is no command that whoever reads this has typed.
    """
    if not is_queued and (is_repeatable(request) or not bought):
        return "run the same command again to resume."
    select = request.select or tuple(dict.fromkeys(item.look for item in request.basket))
    limits = [quote_command("--select", text) for text in select]
    limits += [quote_command("--exclude", text) for text in request.exclude]
    store = [quote_command(*request.store.option)] if request.store is not None else []
    resume = " ".join(["lookbook run", command, *filter(None, store), *limits])
    return f"`{resume}` resumes it, and buys none of it again."


def advise_to_resume(error: LookbookError, request: Request, command: str) -> None:
    """Put a command that buys nothing twice into the hint of what ended a run."""
    if is_repeatable(request):
        return
    error.hint = (
        "Nothing that was paid for is lost. When that is mended, do not run the same command "
        f"again: {resuming(request, command)}"
    )


def serve_command(state: StateDir) -> str:
    """Return the command that serves the simulated account of a state folder."""
    return quote_command("lookbook", "simulator", "--state", state.folder / "simulator.state")
