"""Before anything is sent: which ledger is meant, the plan, the ceilings, the question."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

import click

from runner.cli import wiring
from runner.cli.billing import billing_notes
from runner.cli.eta import estimate_plan
from runner.cli.format import format_plan, warnings_text
from runner.cli.price_questions import (
    bought_quotes,
    price_notes,
    refuse_below_list,
    refuse_contradicted,
)
from runner.cli.request import Request
from runner.errors import BudgetRefused, LedgerQuestion, UsageError
from runner.executor.refunds import usd_balance
from runner.ledger.ledger import LedgerFile
from runner.ledger.state_dirs import find_other_ledgers
from runner.model import Campaign, LookKind
from runner.plan import Plan, fit_budget
from runner.plan.group_sizes import group_notes
from runner.plan.pricing import Quote, cost_at
from runner.policy.budget import Ceilings
from runner.quantities import format_usd

__all__ = ["ask_about_other_ledgers", "can_ask", "confirm_plan", "effective_ceilings"]


def effective_ceilings(campaign: Campaign, request: Request) -> Ceilings:
    """Return the ceilings: the lower of the option and the manifest, and the campaign's own."""
    limits = [limit for limit in (request.max_cost, campaign.budget.run_usd) if limit is not None]
    return Ceilings(
        run=min(limits, default=None),
        campaign=campaign.budget.campaign_usd,
        operator=request.max_cost,
    )


def ask_about_other_ledgers(campaign: Campaign, link: wiring.Link) -> None:
    """Ask a person before an empty ledger is used beside one that holds this campaign.

    ``--yes`` is no answer to it. Raises LedgerQuestion where nobody gave one.
    """
    others = find_other_ledgers(campaign.manifest, campaign.name, besides=link.state)
    if not others:
        return
    with suppress(OSError):
        # Empty, it would be in the way of the folder that is renamed to it; a run makes it anew.
        link.state.folder.rmdir()
    others.sort(key=lambda other: other[1] != link.account)  # our own first
    path, account = others[0]
    question = (
        f"The ledger of {link.account.label} is empty, but {path} holds the campaign "
        f"{campaign.name} on the account {account.label}. A run here would buy everything again."
    )
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise LedgerQuestion(
            question,
            hint="If the manifest was renamed, rename its .lookbook folder as well. If it is "
            "another account's key, use the other key. To buy everything again: --new-ledger.",
        )
    click.echo(question, err=True)
    typed = click.prompt("Type the campaign's name to buy everything again", default="", err=True)
    if typed != campaign.name:
        raise LedgerQuestion("Nothing was sent.")


def confirm_plan(
    plan: Plan,
    link: wiring.Link,
    ledger: LedgerFile,
    request: Request,
    *,
    quotes: Mapping[LookKind, Quote],
    warnings: Sequence[str] = (),
) -> Plan:
    """Show the plan, check it against the ceilings, and ask; return what was agreed to.

    ``quotes`` are the prices it counts. ``warnings`` are the manifest's, and stand right above the
    question. Raises BudgetRefused, or UsageError when it was declined.
    """
    room = remaining_budget(ledger, plan)
    limit = None if request.max_cost is None else request.max_cost - plan.at_risk
    counts_at = {kind: quote.counts_at for kind, quote in quotes.items()}
    if request.up_to_budget and room is not None and plan.cost > room:
        plan = fit_budget(plan, room)
    if request.up_to_budget and limit is not None and cost_at(plan, counts_at) > limit:
        plan = fit_budget(plan, limit, counts_at=counts_at)
    bought = bought_quotes(plan, quotes)
    buys = bool(plan.count or plan.worst_case)
    ceiling = ledger.ceilings.run
    place = f"account {link.account.label} · {link.state.folder}"
    now = wiring.WallClock().now
    time = estimate_plan(plan, ledger.snapshot(), slots=request.concurrency, now=now)
    text = format_plan(
        plan,
        where=place,
        wallet=usd_balance(link.user),
        ceiling=ceiling,
        time=time,
        notes=[
            *price_notes(bought, link.user),
            *billing_notes(link.user, plan.cost),
            *group_notes(plan, ledger.snapshot()),
        ]
        if buys
        else (),
    )
    click.echo(text + "\n", err=True)
    asks = can_ask(request)
    if not asks:
        refuse_contradicted(bought)
    if room is not None and plan.cost > room:
        raise BudgetRefused(
            f"The plan costs {format_usd(plan.cost)}"
            + (f" and {format_usd(plan.at_risk)} of unknown outcome" if plan.at_risk else "")
            + f", but the ceilings leave room for {format_usd(max(room, Decimal(0)))}. Nothing "
            "was sent.",
            hint="Raise --max-cost or the manifest's budget, or add --up-to-budget.",
        )
    if limit is not None:
        refuse_below_list(plan, bought, limit)
        surcharge = {q.kind: q.counts_at - q.price for q in bought if q.counts_at > q.price}
        ledger.ceilings = replace(ledger.ceilings, surcharge=surcharge)
    if warnings and buys:
        click.echo(warnings_text(warnings) + "\n", err=True)
    if buys and not request.yes:
        if not asks:
            raise UsageError(
                "There is nobody to ask here, so nothing was sent.", hint="Add --yes to go ahead."
            )
        money = " of simulated money" if link.account.simulated else ""
        if not click.confirm(f"Spend up to {format_usd(plan.worst_case)}{money}?", err=True):
            raise UsageError("Declined; nothing was sent.")
    return plan


def can_ask(request: Request) -> bool:
    """Return whether there is a person who can be asked."""
    return not request.yes and sys.stdin.isatty() and sys.stderr.isatty()


def remaining_budget(ledger: LedgerFile, plan: Plan) -> Decimal | None:
    """Return how much the ceilings leave for new takes, after what is of unknown outcome; USD."""
    ceilings = ledger.ceilings
    rooms = []
    if ceilings.run is not None:
        rooms.append(ceilings.run - plan.at_risk)
    if ceilings.campaign is not None:
        rooms.append(ceilings.campaign - ledger.snapshot().spent)
    return min(rooms, default=None)
