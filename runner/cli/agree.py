"""Before anything is sent: which ledger is meant, the plan, the ceilings, the question."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal

import click

from runner.cli import wiring
from runner.cli.billing import billing_notes
from runner.cli.outlook import expected
from runner.cli.request import Request
from runner.cli.show import plan_text, usd, warnings_text
from runner.errors import BudgetRefused, LedgerQuestion, UsageError
from runner.executor.wallet import balance_of
from runner.ledger.file import LedgerFile
from runner.ledger.places import holding
from runner.model import Campaign
from runner.plan import Plan, trim
from runner.policy.budget import Ceilings

__all__ = ["agree", "ask_about_other_ledgers", "ceilings_of"]


def ceilings_of(campaign: Campaign, request: Request) -> Ceilings:
    """Give the ceilings: the lower of the option and the manifest, and the campaign's own."""
    limits = [limit for limit in (request.max_cost, campaign.budget.run_usd) if limit is not None]
    return Ceilings(run=min(limits, default=None), campaign=campaign.budget.campaign_usd)


def ask_about_other_ledgers(campaign: Campaign, link: wiring.Link) -> None:
    """Ask a person before an empty ledger is used beside one that holds this campaign.

    ``--yes`` is no answer to it. Raises LedgerQuestion where nobody gave one.
    """
    others = holding(campaign.manifest, campaign.name, besides=link.state)
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


def agree(
    plan: Plan,
    link: wiring.Link,
    ledger: LedgerFile,
    request: Request,
    *,
    warnings: Sequence[str] = (),
) -> Plan:
    """Show the plan, hold it against the ceilings, and ask; gives what was agreed to.

    ``warnings`` are the manifest's, and stand right above the question. Raises BudgetRefused, or
    UsageError when it was declined.
    """
    room = room_under(ledger, plan)
    if request.up_to_budget and room is not None and plan.cost > room:
        plan = trim(plan, room)
    ceiling = ledger.ceilings.run
    place = f"account {link.account.label} · {link.state.folder}"
    now = wiring.WallClock().now
    time = expected(plan, ledger.snapshot(), slots=request.concurrency, now=now)
    text = plan_text(
        plan,
        where=place,
        wallet=balance_of(link.user),
        ceiling=ceiling,
        time=time,
        notes=billing_notes(link.user, plan.cost) if plan.worst_case else (),
    )
    click.echo(text + "\n", err=True)
    if room is not None and plan.cost > room:
        raise BudgetRefused(
            f"The plan costs {usd(plan.cost)}"
            + (f" and {usd(plan.at_risk)} of unknown outcome" if plan.at_risk else "")
            + f", but the ceilings leave room for {usd(max(room, Decimal(0)))}. Nothing was sent.",
            hint="Raise --max-cost or the manifest's budget, or add --up-to-budget.",
        )
    if warnings and plan.worst_case:
        click.echo(warnings_text(warnings) + "\n", err=True)
    if plan.worst_case and not request.yes:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise UsageError(
                "There is nobody to ask here, so nothing was sent.", hint="Add --yes to go ahead."
            )
        money = " of simulated money" if link.account.simulated else ""
        if not click.confirm(f"Spend up to {usd(plan.worst_case)}{money}?", err=True):
            raise UsageError("Declined; nothing was sent.")
    return plan


def room_under(ledger: LedgerFile, plan: Plan) -> Decimal | None:
    """Give how much the ceilings leave for new takes, after what is of unknown outcome; USD."""
    ceilings = ledger.ceilings
    rooms = []
    if ceilings.run is not None:
        rooms.append(ceilings.run - plan.at_risk)
    if ceilings.campaign is not None:
        rooms.append(ceilings.campaign - ledger.snapshot().spent)
    return min(rooms, default=None)
