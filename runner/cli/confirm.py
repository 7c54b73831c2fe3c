"""Before anything is sent: the plan, the ceilings, the question."""

import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal

import click

from runner.cli.context import Console
from runner.cli.format import warnings_text
from runner.cli.plan_text import format_plan
from runner.cli.session import OpenSession
from runner.cli.spending import (
    billing_notes,
    bought_quotes,
    count_prices,
    price_notes,
    refuse_below_list,
    refuse_contradicted,
)
from runner.cli.terminal import terminal_width
from runner.errors import BudgetRefused, UsageError
from runner.executor.face_gate import find_gated
from runner.executor.refunds import usd_balance
from runner.ledger.ledger import CampaignLedger
from runner.model import Campaign, LookKind
from runner.plan import Plan, fit_budget
from runner.plan.group_sizes import group_notes
from runner.plan.namesakes import Listing
from runner.plan.pricing import Quote, cost_at
from runner.plan.request import Request
from runner.plan.run_eta import estimate_plan
from runner.policy.budget import Ceilings, MonthCeiling
from runner.quantities import format_usd


def effective_ceilings(campaign: Campaign, request: Request) -> Ceilings:
    """Return the ceilings: the lower of the option and the manifest, and the campaign's own."""
    limits = [limit for limit in (request.max_cost, campaign.budget.run_usd) if limit is not None]
    return Ceilings(
        run=min(limits, default=None),
        campaign=campaign.budget.campaign_usd,
        operator=request.max_cost,
    )


def confirm_plan(
    plan: Plan,
    work: OpenSession,
    request: Request,
    *,
    quotes: Mapping[LookKind, Quote],
    warnings: Sequence[str] = (),
    listing: Listing | None = None,
) -> Plan:
    """Show the plan, check it against the ceilings, and ask; return what was agreed to.

    ``quotes`` are the prices it counts, ``listing`` what the account holds. ``warnings`` are the
    manifest's, and stand right above the question. Raises BudgetRefused, or UsageError when it was
    declined.
    """
    room = remaining_budget(work.ledger, plan)
    months = []
    if request.on is not None:
        counted = count_prices(work.ledger.ceilings, plan, quotes).counted
        months = request.on.database.find_ceilings(work.account, plan.campaign, counted)
    tightest = min(months, key=lambda month: month.left, default=None)
    limit = request.max_cost
    if limit is not None:
        limit -= compute_held(work.ledger, plan)
    if request.up_to_budget:
        plan = _fit_ceilings(plan, room, [limit, *(month.left for month in months)], quotes)
    bought = bought_quotes(plan, quotes)
    buys = bool(plan.count or plan.worst_case)
    told = [month.describe() for month in months if buys]
    shows = work.outside.shows_plan
    if shows:
        notes = [*_notes(plan, work, bought, listing), *told] if buys else told
        _show_plan(plan, work, request, notes)
    console = work.outside.console
    if not can_ask(console, request):
        refuse_contradicted(bought)
    if plan.cost or (plan.worst_case and not request.up_to_budget):
        _refuse_over_ceilings(plan, room, tightest)  # each replay is checked when it is sent
    if limit is not None:
        refuse_below_list(plan, bought, limit)
    if tightest is not None:
        refuse_below_list(plan, bought, tightest.left, whose=tightest.whose)
    work.ledger.ceilings = count_prices(work.ledger.ceilings, plan, quotes)
    if warnings and buys and shows:
        click.echo(warnings_text(warnings) + "\n", err=True)
    if buys:
        money = " of simulated money" if work.account.simulated else ""
        question = f"Spend up to {format_usd(plan.worst_case)}{money}?"
        console.confirm_or_refuse(question, yes=request.yes, undone="nothing was sent")
    return plan


def _refuse_over_ceilings(plan: Plan, room: Decimal | None, month: MonthCeiling | None) -> None:
    """Raise BudgetRefused where a plan does not fit; ``month`` is the month's tightest ceiling."""
    costs = f"The plan costs {format_usd(plan.cost)}"
    if month is not None and plan.cost > month.left and (room is None or month.left < room):
        raise BudgetRefused(
            f"{costs}. {month.describe()} Nothing was sent.",
            hint="Add --up-to-budget to buy what fits.",
        )
    if room is None or plan.cost <= room:
        return
    raise BudgetRefused(
        costs
        + (f" and {format_usd(plan.at_risk)} of unknown outcome" if plan.at_risk else "")
        + f", but the ceilings leave room for {format_usd(max(room, Decimal(0)))}. Nothing was "
        "sent.",
        hint="Raise --max-cost or the manifest's budget, or add --up-to-budget.",
    )


def _fit_ceilings(
    plan: Plan,
    room: Decimal | None,
    limits: Sequence[Decimal | None],
    quotes: Mapping[LookKind, Quote],
) -> Plan:
    """Return as much of a plan as ``room`` leaves, and ``limits`` at list price; all in USD."""
    if room is not None and plan.cost > room:
        plan = fit_budget(plan, room)
    counts_at = {kind: quote.counts_at for kind, quote in quotes.items()}
    limit = min((limit for limit in limits if limit is not None), default=None)
    if limit is not None and cost_at(plan, counts_at) > limit:
        plan = fit_budget(plan, limit, counts_at=counts_at)
    return plan


def _notes(
    plan: Plan, work: OpenSession, bought: list[Quote], listing: Listing | None
) -> list[str]:
    """Return what is to be said of prices, of the card, and of the account's groups."""
    return [
        *price_notes(bought, work.user),
        *billing_notes(work.user, plan.cost),
        *group_notes(plan, work.ledger.snapshot(), listing),
    ]


def _show_plan(plan: Plan, work: OpenSession, request: Request, notes: Sequence[str]) -> None:
    """Print the plan on stderr, with ``notes`` below it."""
    known = work.ledger.snapshot()
    now = work.outside.clock.now
    text = format_plan(
        plan,
        where=f"account {work.account.label} · {work.state.folder}",
        wallet=usd_balance(work.user),
        ceiling=work.ledger.ceilings.run,
        time=estimate_plan(plan, known, slots=request.concurrency, now=now),
        notes=notes,
        width=terminal_width(sys.stderr),
    )
    click.echo(text + "\n", err=True)


def can_ask(console: Console, request: Request) -> bool:
    """Return whether there is a person who can be asked."""
    return not request.yes and console.can_answer()


def remaining_budget(ledger: CampaignLedger, plan: Plan) -> Decimal | None:
    """Return how much the ceilings leave for new takes, in USD."""
    ceilings = ledger.ceilings
    rooms = []
    if ceilings.run is not None:
        rooms.append(ceilings.run - compute_held(ledger, plan))
    if ceilings.campaign is not None:
        rooms.append(ceilings.campaign - ledger.snapshot().spent)
    return min(rooms, default=None)


def compute_held(ledger: CampaignLedger, plan: Plan) -> Decimal:
    """Return what a run holds before it buys anything new, in USD.

    That is what it sends again, and what the runs hold which it resumes: their own sends once.
    """
    again = {uid for action in plan.actions for uid in action.step.resume.under_way}
    twice = [
        take.price
        for take in ledger.snapshot().all_takes
        if take.uid in again
        and take.unresolved
        and not take.is_key_spent
        and take.run in ledger.ceilings.resumed
    ]
    return plan.at_risk + ledger.held_by_resumed - sum(twice, Decimal(0))


def run_room(ledger: CampaignLedger) -> Decimal | None:
    """Return what a run that ended has left of its ceiling, by ledger and wallet; USD."""
    limit, wallet = ledger.ceilings.run, ledger.wallet or {}
    if limit is None:
        return None
    before, after = wallet.get("before"), wallet.get("after")
    known = before is not None and after is not None
    fall = Decimal(str(before)) - Decimal(str(after)) if known else Decimal(0)
    return limit - max(ledger.spent_in_run, fall) - ledger.held_by_resumed


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
