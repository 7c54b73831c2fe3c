"""``lookbook plan``: what a run would do and cost, offline and without a key."""

import json
from pathlib import Path
from typing import Any

import click

from runner.cli import wiring
from runner.cli.options import (
    account_option,
    format_option,
    manifest_argument,
    simulate_option,
    var_option,
)
from runner.cli.show import plan_text
from runner.plan import Plan
from runner.policy.outcome import Exit

__all__ = ["command", "plan_document"]


@click.command("plan")
@manifest_argument
@simulate_option
@account_option
@var_option
@format_option("text", "json")
@click.option("--all", "everything", is_flag=True, help="Also list every look that is done.")
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    help="Exit with 10 when there is something to do, 0 when there is not.",
)
def command(
    manifest: Path,
    variables: tuple[tuple[str, str], ...],
    *,
    simulate: bool,
    account: str | None,
    form: str,
    everything: bool,
    detailed_exitcode: bool,
) -> int:
    """Show what `lookbook run` would do with each look of MANIFEST, why, and what it costs.

    Reads the manifest, its files, and the ledger of the account that was used last (or --account,
    or --simulate); it says which. Nothing is sent, nothing is changed, no key is needed.
    """
    campaign = wiring.load_campaign(manifest, variables)
    state = wiring.offline_state(campaign, account=account, simulate=simulate)
    plan, snapshot = wiring.offline_plan(campaign, state)
    if form == "json":
        click.echo(json.dumps(plan_document(plan), indent=2, ensure_ascii=False))
    else:
        where = wiring.where(snapshot, simulate=simulate)
        ceiling = campaign.budget.run_usd
        click.echo(plan_text(plan, where=where, ceiling=ceiling, everything=everything))
    return int(Exit.CHANGES if detailed_exitcode and plan.changes else Exit.DONE)


def plan_document(plan: Plan) -> dict[str, Any]:
    """Give the plan as other programs read it (``schemas/plan.schema.json``)."""
    return {
        "version": 1,
        "campaign": plan.campaign,
        "account": plan.account,
        "count": plan.count,
        "cost_usd": float(plan.cost),
        "worst_case_usd": float(plan.worst_case),
        "actions": [
            {
                "look": action.key,
                "action": str(action.action),
                "reason": action.reason,
                "takes": action.takes,
                "cost_usd": float(action.cost),
                "reference": action.reference,
            }
            for action in plan.actions
        ],
    }
