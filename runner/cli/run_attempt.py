"""A run, as often as it is tried: plan, ask, carry out, leave results whatever happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Protocol

import click

from runner.cli.account import open_account
from runner.cli.confirm import (
    can_ask,
    confirm_plan,
    effective_ceilings,
    refuse_unmeasurable,
    run_room,
)
from runner.cli.context import Context
from runner.cli.format import warn
from runner.cli.next_steps import advise_to_resume, resume_command
from runner.cli.outputs import back_up_outputs
from runner.cli.questions import (
    ask_about_account,
    ask_about_copy,
    ask_how_to_begin,
    refuse_unlisted,
)
from runner.cli.run_report import (
    Before,
    EndedRun,
    current_results,
    print_results,
    write_run_results,
)
from runner.cli.session import OpenSession, open_session
from runner.cli.store_sync import SessionSync
from runner.cli.supervise import keep_results, take_in_decisions, with_signals
from runner.cli.terminal import join_lines
from runner.errors import BudgetRefused, LookbookError, PlanMoved, UsageError
from runner.executor.account_listing import list_account
from runner.executor.preflight import verify_ids
from runner.executor.replay_check import check_replays
from runner.executor.session import Session
from runner.ledger.ledger import CampaignLedger
from runner.ledger.state_dirs import StateDirs
from runner.model import Campaign, LookKind
from runner.plan import Plan
from runner.plan import plan as make_plan
from runner.plan.namesakes import Listing
from runner.plan.options import resolve_options
from runner.plan.pricing import Quote, apply_quotes, quote_prices
from runner.plan.request import Errand, Request
from runner.plan.run_eta import RunEta
from runner.plan.saved_plan import Change, find_changes
from runner.policy.exit_codes import exit_code
from runner.queue.pack import Pack
from runner.results.fingerprint import Fingerprint, read_fingerprint
from runner.takes import Account


@dataclass(frozen=True, slots=True)
class Ended:
    """How one attempt ended. ``price`` is which price the wallet contradicts, if that ended it.

    ``room`` is what the run's ceiling then leaves for going on, in USD; None without a ceiling.
    ``pack`` is the run itself where it was agreed to and is to be carried out elsewhere.
    """

    code: int
    price: str | None = None
    room: Decimal | None = None
    pack: Pack | None = None


class Packer(Protocol):
    """Packs a run that was agreed to, for whoever carries it out elsewhere."""

    def check(self, account: Account, campaign: Campaign) -> None:
        """Raise a LookbookError where the campaign cannot be run now, before anything is asked."""

    def pack(
        self, campaign: Campaign, work: OpenSession, plan: Plan, request: Request
    ) -> Pack | None:
        """Return the run, packed; None where it is carried out here."""


async def execute(context: Context, campaign: Campaign, request: Request) -> int:
    """Plan, ask and run against an account that answers; return the exit code."""
    return (await execute_or_pack(context, campaign, request)).code


async def execute_or_pack(
    context: Context, campaign: Campaign, request: Request, packer: Packer | None = None
) -> Ended:
    """Plan, ask and run against an account that answers, unless ``packer`` packs it.

    Where the wallet contradicts a price, a person on a terminal is asked whether to go on at the
    price that it showed; not where that would buy what was bought already once more.
    """
    ended = await attempt(context, campaign, request, packer)
    buys_more = bool(request.reroll) or any(one.errand is Errand.MORE for one in request.basket)
    asks = request.form == "text" and not buys_more
    while ended.price is not None and asks and can_ask(context.console, request):
        click.echo(f"\nThe price is another one: {ended.price}.\n", err=True)
        request = replace(request, max_cost=ended.room, saved=None, new_ledger=False)
        try:
            ended = await attempt(context, campaign, request, packer)
        except (UsageError, BudgetRefused) as error:
            click.echo(error.message, err=True)
            return ended
        except click.Abort:  # who stops at this question stops after what was bought
            return ended
    return ended


async def attempt(
    context: Context, campaign: Campaign, request: Request, packer: Packer | None = None
) -> Ended:
    """Plan, ask and run once, unless ``packer`` packs what was agreed to."""
    async with open_account(context, wait=request.wait) as opened:
        if packer is not None:
            packer.check(opened.account, campaign)
        state = opened.make_state(campaign)
        anew = ask_how_to_begin(context.console, campaign, opened.account, state, request)
        ceilings = effective_ceilings(campaign, request)
        async with open_session(
            opened, campaign, state, ceilings=ceilings, concurrency=request.concurrency
        ) as work:
            share_ceilings(work)
            left = read_fingerprint(state.folder, campaign, work.ledger)
            if not anew:
                await (work.import_reviews() if left.knows_results() else work.import_results())
            ask_about_copy(context.console, campaign, state, work.ledger.snapshot())
            warn_of_distrusted_keys(work.ledger)
            await check_replays(work.context)
            quotes = quote_prices(campaign, work.ledger.snapshot(), request.prices)
            campaign = apply_quotes(campaign, quotes)
            store = SessionSync(work, context.store) if context.store is not None else None
            if store is not None:
                await store.pull(work.ledger.snapshot().all_takes)
            session, refused = await agree_on_plan(campaign, work, request, quotes, anew=anew)
            if packer is not None:
                agreed = replace(request, refused=(*refused.items(),))
                packed = packer.pack(campaign, work, session.plan, agreed)
                if packed is not None:
                    return Ended(0, pack=packed)
            if anew:
                back_up_outputs(state, now=context.clock.now())
            if unfinished := session.plan.unfinished:
                work.progress.begin(unfinished, make_eta(session.plan, work))
            code = await carry_out(campaign, work, session, request, left, store=store)
            if store is not None:
                code = await store.finish(code, request.form)
            return Ended(code, work.context.price_trouble, run_room(work.ledger))


def share_ceilings(work: OpenSession) -> None:
    """Count as this run's own what its earlier beginnings hold, where it is a run of the queue."""
    if work.outside.queued is not None:
        store = work.ledger.store
        resumed = store.ask(partial(store.history.runs_of, work.outside.queued))
        work.ledger.ceilings = replace(work.ledger.ceilings, resumed=resumed)


def warn_of_distrusted_keys(ledger: CampaignLedger) -> None:
    """Warn where another ledger of the account knows that idempotency keys are not honoured."""
    if ledger.distrusted_by is not None:
        warn(
            "HeyGen does not honour idempotency keys on this account, as "
            f"{ledger.distrusted_by} knows: nothing is sent a second time here either, until "
            "`lookbook reconcile MANIFEST --trust-keys` says that it honours them."
        )


async def agree_on_plan(
    campaign: Campaign,
    work: OpenSession,
    request: Request,
    quotes: Mapping[LookKind, Quote],
    *,
    anew: bool,
) -> tuple[Session, Mapping[str, str]]:
    """Make the plan, and return what carries it out after everything was asked and agreed to.

    Return as well the looks that are not bought because of what the account said, and why.
    """
    try:
        checked = await make_checked_plan(campaign, work, request, anew=anew)
        plan, listing = checked.plan, checked.listing
        accepted = ask_about_account(campaign, work, plan, listing, anew=anew)
        refuse_unmeasurable(plan, work)
        warnings = campaign.warnings
        plan = confirm_plan(plan, work, request, quotes=quotes, warnings=warnings, listing=listing)
    except LookbookError as error:
        if request.form == "json":  # a job that reads stdout finds what there is
            print_results(current_results(campaign, work), error)
        raise
    facts = {
        "max_cost": None if request.max_cost is None else str(request.max_cost),
        "variables": dict(campaign.given),
        **({} if work.outside.queued is None else {"queued": work.outside.queued}),
    }
    session = Session(
        *(work.context, plan, work.account, work.user, request.concurrency, facts),
        listing=listing,
        accepted=accepted,
        doubtful=[kind for kind, quote in quotes.items() if not quote.is_settled],
    )
    return session, checked.refused


def make_eta(plan: Plan, work: OpenSession) -> RunEta:
    """Return how long a plan takes, at the pace that the account allows."""
    rate_limiter, now = work.context.rate_limiter, work.context.clock.now
    return RunEta(plan, work.ledger.snapshot(), slots=lambda: rate_limiter.limit, now=now)


@dataclass(frozen=True, slots=True)
class CheckedPlan:
    """A plan that was checked against the account.

    ``listing`` is what was listed, None where nothing is bought. ``refused`` are the looks that are
    not bought because of what the account said, or could not say, and why.
    """

    plan: Plan
    listing: Listing | None
    refused: Mapping[str, str]


async def make_checked_plan(
    campaign: Campaign, work: OpenSession, request: Request, *, anew: bool
) -> CheckedPlan:
    """Make the plan, checked against the account: its ids, and looks it already holds.

    Raises UsageError where a saved plan is to be carried out and something has moved.
    """
    snapshot = work.ledger.snapshot()
    asked = resolve_options(campaign, snapshot, request)
    plan = make_plan(campaign, snapshot, asked)
    verified = await verify_ids(work.context, plan)
    refused = {**verified.refused, **asked.refused}
    if verified.refused:
        plan = make_plan(campaign, snapshot, replace(asked, refused=refused))
    if request.saved is not None:
        changes = find_changes(request.saved, plan, campaign, snapshot, work.account)
        if changes:
            raise _explain_moved(changes, campaign, work)
    listing = await list_account(work.context, plan, verified.groups)
    if listing is not None and (unlisted := refuse_unlisted(work, listing, anew=anew)):
        refused |= unlisted
        plan = make_plan(campaign, snapshot, replace(asked, refused=refused))
    return CheckedPlan(plan, listing, refused)


def _explain_moved(changes: Sequence[Change], campaign: Campaign, work: OpenSession) -> PlanMoved:
    """Return why a plan that was saved, or agreed to before it was queued, is not carried out."""
    plan, hint = "The saved plan", "Look at a new plan, and save that one."
    if work.outside.queued is not None:
        plan = "The plan that was agreed to"
        hint = f"`lookbook run {resume_command(campaign, work)}` makes a new one."
    return PlanMoved(
        f"{plan} was not carried out, because something has moved since:\n"
        + join_lines(f"  {change}" for change in changes),
        kinds=[change.kind for change in changes],
        hint=f"Nothing was sent. {hint}",
    )


async def carry_out(
    campaign: Campaign,
    work: OpenSession,
    session: Session,
    request: Request,
    left: Fingerprint,
    *,
    store: SessionSync | None,
) -> int:
    """Run, then leave results whatever happened. Return the exit code."""
    StateDirs(campaign.manifest).use(work.state)
    if work.outside.invocation is not None:
        work.outside.invocation.began = True
    before = Before(left, work.ledger.snapshot(), work.context.ticks())
    trouble: LookbookError | None = None
    beside = (
        work.ledger.keep_alive,
        *(() if store is None else (store.keep_copying,)),
        partial(keep_results, campaign, work, left),
        partial(take_in_decisions, work),
    )
    try:
        outcome = await with_signals(session, work, beside)
    except LookbookError as error:
        trouble = error
        outcome = session.outcome()
    work.progress.close()
    run = EndedRun(campaign, work, session, outcome, request, before, trouble)
    if trouble is not None:
        advise_to_resume(trouble, request, run.command)
    try:
        write_run_results(run)
    except LookbookError as error:
        advise_to_resume(error, request, run.command)
        trouble = trouble or error
    if trouble is not None:
        raise trouble
    return int(exit_code(outcome))
