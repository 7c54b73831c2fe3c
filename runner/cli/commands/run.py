"""``lookbook run``: show the plan, ask, carry it out, leave results and a catalog."""

import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio
import click

from runner.cli.account import open_account
from runner.cli.account_question import ask_about_account, refuse_unlisted
from runner.cli.backup import back_up_outputs
from runner.cli.campaign import load_campaign
from runner.cli.command import Command
from runner.cli.confirm import ask_about_other_ledgers, can_ask, confirm_plan, effective_ceilings
from runner.cli.context import Context, pass_context
from runner.cli.copied_folder import ask_about_copy
from runner.cli.eta import RunEta
from runner.cli.fingerprint import Fingerprint, read_fingerprint
from runner.cli.format import warn
from runner.cli.keep_results import keep_results, take_in_decisions
from runner.cli.options import (
    Usd,
    env_file_option,
    format_option,
    manifest_argument,
    sim_option,
    simulate_option,
    summary_option,
    var_option,
    yes_option,
)
from runner.cli.pausing import stop_sending
from runner.cli.request import DEFAULT_CONCURRENCY, Request
from runner.cli.results_import import read_results, tells_of_takes
from runner.cli.run_report import (
    Before,
    advise_to_resume,
    current_results,
    print_results,
    resume_command,
    write_run_results,
)
from runner.cli.select_options import load_saved_plan, parse_plan_options, plan_options
from runner.cli.session import OpenSession, open_session
from runner.cli.simulated import run_on_account
from runner.cli.terminal import join_lines
from runner.errors import BudgetRefused, LookbookError, UsageError
from runner.executor.account_listing import list_account
from runner.executor.concurrency import unwrap_exception_group
from runner.executor.context import RunContext
from runner.executor.face_gate import find_gated
from runner.executor.preflight import verify_ids
from runner.executor.replay_check import check_replays
from runner.executor.session import Session
from runner.ledger.ledger import CampaignLedger
from runner.ledger.reading import has_takes
from runner.ledger.state_dirs import StateDir, StateDirs
from runner.model import Campaign
from runner.plan import Plan
from runner.plan import plan as make_plan
from runner.plan.namesakes import Listing
from runner.plan.options import DEFAULT_OPTIONS, apply_options, resolve_options
from runner.plan.pricing import apply_quotes, quote_prices
from runner.plan.saved_plan import find_changes
from runner.policy.exit_codes import Outcome, exit_code
from runner.takes import Account

F = TypeVar("F", bound=Callable[..., Any])


def run_options(function: Any) -> Any:
    """Add the options of every command that may buy."""
    for option in reversed(
        [
            manifest_argument,
            simulate_option,
            yes_option,
            click.option(
                "--max-cost",
                type=Usd(),
                metavar="USD",
                help="Spend at most this in this run, whatever happens.",
            ),
            click.option(
                "--up-to-budget",
                is_flag=True,
                help="Where the plan costs more than a ceiling: send what fits, most depended-upon "
                "looks first, instead of refusing.",
            ),
            click.option(
                "--max-concurrency",
                "concurrency",
                type=click.IntRange(1, 10_000),
                default=DEFAULT_CONCURRENCY,
                show_default=True,
                metavar="N",
                help="How many looks may be in progress at once; the account has a limit as well.",
            ),
            click.option(
                "--wait",
                "--timeout",
                "wait",
                type=click.FloatRange(min=0),
                metavar="SECONDS",
                help="How long one look may stay in processing before this run stops waiting for "
                "it (default 1800); the next run goes on.",
            ),
            var_option,
            format_option("text", "json"),
            click.option(
                "--out",
                type=click.Path(dir_okay=False, path_type=Path),
                help="Also write the results (JSON) to this file.",
            ),
            summary_option,
            env_file_option,
            sim_option,
        ]
    ):
        function = option(function)
    return function


def new_ledger_option(*, hidden: bool = False) -> Callable[[F], F]:
    """Return ``--new-ledger``, which only the first run of a campaign needs."""
    return click.option(
        "--new-ledger",
        is_flag=True,
        hidden=hidden,
        help="Start an empty ledger although another one here, or the account, holds this "
        "campaign: everything is bought again. Ignored where this ledger has takes.",
    )


@click.command("run", cls=Command)
@run_options
@new_ledger_option()
@plan_options
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    metavar="FILE",
    help="Carry out exactly the plan that `lookbook plan -o FILE` saved, or refuse.",
)
@click.option(
    "--fetch-only",
    is_flag=True,
    help="Buy nothing: check every picture on disk against its checksum, and fetch what is missing "
    "or was changed.",
)
@pass_context
def command(
    context: Context,
    /,
    manifest: Path,
    variables: tuple[tuple[str, str], ...],
    plan_file: Path | None,
    **options: Any,
) -> int:
    """Generate the looks of MANIFEST that are not there yet, each paid for exactly once.

    Shows the plan with its price and asks; --yes answers. Running the same command again resumes:
    nothing that was paid for is paid again. Ctrl-C stops sending and leaves cleanly, a second one
    leaves at once; both resume. Results and the catalog lie in MANIFEST's .lookbook folder.

    \b
    Examples:
      lookbook run spring.yaml --simulate           rehearse it for nothing
      lookbook run spring.yaml --max-cost 25        spend $25 at the most
      lookbook run spring.yaml --yes --format json  in a nightly job
      lookbook run spring.yaml --select tag:hero    these looks only
      lookbook run spring.yaml --cascade            also what is out of date
    """
    fetch_only = options.pop("fetch_only")
    plan_options, saved = parse_plan_options(options), None
    if plan_file is not None:
        saved = load_saved_plan(plan_file)
        if variables or plan_options != DEFAULT_OPTIONS or options["up_to_budget"]:
            raise UsageError("A saved plan says already which looks, takes and prices are meant.")
        if saved.simulate != options["simulate"]:
            wrong = "for the simulator: add" if saved.simulate else "for a real account: leave out"
            raise UsageError(f"{plan_file} is {wrong} --simulate.")
        plan_options, variables = saved.plan_options, saved.variables
    campaign = load_campaign(manifest, variables)
    request = Request(**options, plan_options=plan_options, saved=saved)
    return (
        fetch_pictures(context, campaign, request)
        if fetch_only
        else start(context, campaign, request)
    )


def fetch_pictures(context: Context, campaign: Campaign, request: Request) -> int:
    """Fetch what is missing and buy nothing; return the exit code."""
    from runner.cli.commands.fetch import fetch

    work = partial(fetch, campaign=campaign, plan_options=request.plan_options)
    stdout = sys.stderr if request.form == "json" else sys.stdout
    with redirect_stdout(stdout):
        return run_on_account(
            context, campaign, work, simulate=request.simulate, sim=request.sim_settings
        )


def start(context: Context, campaign: Campaign, request: Request) -> int:
    """Run what was asked for; return the exit code. Raises a LookbookError when it cannot begin."""
    campaign = apply_options(campaign, request.plan_options)
    work = partial(execute, campaign=campaign, request=request)
    return run_on_account(
        context, campaign, work, simulate=request.simulate, sim=request.sim_settings
    )


@dataclass(frozen=True, slots=True)
class Ended:
    """How one attempt ended. ``price`` is which price the wallet contradicts, if that ended it.

    ``room`` is what the run's ceiling then leaves for going on, in USD; None without a ceiling.
    """

    code: int
    price: str | None = None
    room: Decimal | None = None


async def execute(context: Context, campaign: Campaign, request: Request) -> int:
    """Plan, ask and run against an account that answers; return the exit code.

    Where the wallet contradicts a price, a person on a terminal is asked whether to go on at the
    price that it showed.
    """
    ended = await attempt(context, campaign, request)
    while ended.price is not None and request.form == "text" and can_ask(context.console, request):
        click.echo(f"\nThe price is another one: {ended.price}.\n", err=True)
        request = replace(request, max_cost=ended.room, saved=None, new_ledger=False)
        try:
            ended = await attempt(context, campaign, request)
        except (UsageError, BudgetRefused) as error:
            click.echo(error.message, err=True)
            return ended.code
    return ended.code


async def attempt(context: Context, campaign: Campaign, request: Request) -> Ended:
    """Plan, ask and run once."""
    async with open_account(context, wait=request.wait) as opened:
        state = opened.make_state(campaign)
        if is_new(state) and not (request.simulate or request.new_ledger):
            ask_about_other_ledgers(context.console, campaign, opened.account, state)
        anew = request.new_ledger and begins_anew(state, opened.account, campaign)
        ceilings = effective_ceilings(campaign, request)
        async with open_session(
            opened, campaign, state, ceilings=ceilings, concurrency=request.concurrency
        ) as work:
            left = read_fingerprint(state, campaign, work.ledger)
            if not anew:
                await (work.import_reviews() if left.knows_results() else work.import_results())
            ask_about_copy(context.console, campaign, state, work.ledger.snapshot())
            if (folder := work.ledger.distrusted_by) is not None:
                warn(
                    f"HeyGen does not honour idempotency keys on this account, as {folder} knows: "
                    "nothing is sent a second time here either, until `lookbook reconcile MANIFEST "
                    "--trust-keys` says that it honours them."
                )
            await check_replays(work.context)
            quotes = quote_prices(campaign, request.plan_options, work.ledger.snapshot())
            campaign = apply_quotes(campaign, quotes)
            try:
                plan, listing = await planned(campaign, work, request)
                accepted = ask_about_account(campaign, work, plan, listing, anew=anew)
                refuse_unmeasurable(plan, work)
                plan = confirm_plan(plan, work, request, quotes=quotes, warnings=campaign.warnings)
            except LookbookError as error:
                if request.form == "json":  # a job that reads stdout finds what there is
                    print_results(current_results(campaign, work), error)
                raise
            if anew:
                back_up_outputs(state, now=context.clock.now())
            if hand := in_hand(plan):
                work.progress.begin(hand, outlook_of(plan, work))
            facts = {
                "max_cost": None if request.max_cost is None else str(request.max_cost),
                "variables": dict(campaign.given),
            }
            session = Session(
                *(work.context, plan, work.account, work.user, request.concurrency, facts),
                listing=listing,
                accepted=accepted,
                doubtful=[kind for kind, quote in quotes.items() if not quote.is_settled],
            )
            code = await carry_out(campaign, work, session, request, left)
            return Ended(code, work.context.price_trouble, run_room(work.ledger))


def refuse_unmeasurable(plan: Plan, work: OpenSession) -> None:
    """Raise UsageError where a face would decide what is bought, and none can be measured."""
    if work.context.faces is not None:
        return
    snapshot = work.ledger.snapshot()
    picks = {key: snapshot.pick(key) for key in find_gated(plan)[0]}
    gated = [key for key, pick in picks.items() if pick is None or not snapshot.is_approved(pick)]
    if not gated:
        return
    from runner.faces.models import explain_missing

    looks = ", ".join(sorted(gated)[:3])
    raise UsageError(
        f"`likeness` holds what references {looks}, and faces cannot be measured here.",
        hint=f"{explain_missing()} Or leave out `hold`. Nothing was sent.",
    )


def run_room(ledger: CampaignLedger) -> Decimal | None:
    """Return what a run that ended has left of its ceiling, by ledger and wallet; USD."""
    limit, wallet = ledger.ceilings.run, ledger.wallet or {}
    if limit is None:
        return None
    before, after = wallet.get("before"), wallet.get("after")
    known = before is not None and after is not None
    fall = Decimal(str(before)) - Decimal(str(after)) if known else Decimal(0)
    return limit - max(ledger.spent_in_run, fall)


def is_new(state: StateDir) -> bool:
    """Return whether nothing was ever bought here, by the ledger and by colleagues' results."""
    return not has_takes(state.location) and not tells_of_takes(state.results)


def begins_anew(state: StateDir, account: Account, campaign: Campaign) -> bool:
    """Return whether ``--new-ledger`` is an answer here: nothing that lies here is this campaign's.

    It answers once, so that it can stand in no nightly line; what it does not do is said.
    """
    begun = has_takes(state.location)
    try:
        results = read_results(state.results)
        ours = (results["account"], results["campaign"]) == (account.label, campaign.name)
        begun = begun or (ours and any(look["takes"] for look in results["looks"]))
    except (LookbookError, LookupError, TypeError):
        pass  # what cannot be read is nothing of ours; a new ledger keeps it under another name
    if begun:
        warn(f"--new-ledger is ignored: {state.folder} has takes of this campaign.")
    return not begun


def in_hand(plan: Plan) -> int:
    """Return how many takes a run has to finish."""
    under_way = sum(len(action.under_way) for action in plan.actions)
    return plan.count + under_way + len(plan.unwanted_in_flight)


def outlook_of(plan: Plan, work: OpenSession) -> RunEta:
    """Return how long a plan takes, at the pace that the account allows."""
    rate_limiter, now = work.context.rate_limiter, work.context.clock.now
    return RunEta(plan, work.ledger.snapshot(), slots=lambda: rate_limiter.limit, now=now)


async def planned(
    campaign: Campaign, work: OpenSession, request: Request
) -> tuple[Plan, Listing | None]:
    """Make the plan, checked against the account: its ids, and looks it already holds.

    Return what was listed as well, None where nothing is bought. Raises UsageError where a saved
    plan is to be carried out and something has moved.
    """
    snapshot = work.ledger.snapshot()
    asked = resolve_options(campaign, snapshot, request.plan_options)
    plan = make_plan(campaign, snapshot, asked)
    verified = await verify_ids(work.context, plan)
    refused = dict(verified.refused)
    if refused:
        plan = make_plan(campaign, snapshot, replace(asked, refused=refused))
    if request.saved is not None:
        changes = find_changes(request.saved, plan, campaign, snapshot, work.account)
        if changes:
            raise UsageError(
                "The saved plan was not carried out, because something has moved since:\n"
                + join_lines(f"  {change}" for change in changes),
                hint="Nothing was sent. Look at a new plan, and save that one.",
            )
    listing = await list_account(work.context, plan, verified.groups)
    if listing is not None and (unlisted := refuse_unlisted(work, listing)):
        plan = make_plan(campaign, snapshot, replace(asked, refused=refused | unlisted))
    return plan, listing


async def carry_out(
    campaign: Campaign, work: OpenSession, session: Session, request: Request, left: Fingerprint
) -> int:
    """Run, then leave results whatever happened. Return the exit code."""
    StateDirs(campaign.manifest).use(work.state)
    before = Before(left, work.ledger.snapshot(), work.context.ticks())
    trouble: LookbookError | None = None
    try:
        beside = (partial(keep_results, campaign, work, left), partial(take_in_decisions, work))
        outcome = await with_signals(session, work, beside)
    except LookbookError as error:
        trouble = error
        outcome = session.outcome()
    work.progress.close()
    command = resume_command(campaign, work.account)
    if trouble is not None:
        advise_to_resume(trouble, request, command)
    try:
        write_run_results(campaign, work, session, outcome, request, before=before, error=trouble)
    except LookbookError as error:
        advise_to_resume(error, request, command)
        trouble = trouble or error
    if trouble is not None:
        raise trouble
    return int(exit_code(outcome))


async def with_signals(
    session: Session, work: OpenSession, beside: Sequence[Callable[[], Coroutine[Any, Any, None]]]
) -> Outcome:
    """Carry out the plan; a signal stops sending, a second one leaves at once.

    What is done ``beside`` it ends with it.
    """
    outcomes: list[Outcome] = []
    with unwrap_exception_group():
        async with anyio.create_task_group() as tasks:
            if work.outside.handles_signals:
                tasks.start_soon(listen, session.context, tasks.cancel_scope)
            tasks.start_soon(work.progress.keep_fresh)
            for task in beside:
                tasks.start_soon(task)
            outcomes.append(await session.carry_out())
            tasks.cancel_scope.cancel()
    return outcomes[0] if outcomes else session.end()


def _stopping_signals() -> list[signal.Signals]:
    """Return the signals that stop a run; SIGHUP, of a closed terminal, unless ``nohup`` hid it."""
    found = [signal.SIGINT, signal.SIGTERM]
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:
        found.append(hangup)
    return found


async def listen(context: RunContext, scope: anyio.CancelScope) -> None:
    """Handle signals: the first stops sending, the second ends everything."""
    with anyio.open_signal_receiver(*_stopping_signals()) as received:
        async for _number in received:
            if context.interrupted:
                scope.cancel()
                return
            stop_sending(context)
