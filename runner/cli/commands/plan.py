"""``lookbook plan``: what a run would do and cost, offline and without a key."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from runner.cli import readonly
from runner.cli.campaign import load_campaign
from runner.cli.command import Command
from runner.cli.context import Context, pass_context
from runner.cli.eta import estimate_plan
from runner.cli.format import warn, warnings_text
from runner.cli.options import (
    account_option,
    format_option,
    readable_manifest_argument,
    simulate_option,
    var_option,
)
from runner.cli.plan_text import format_plan, format_prompts
from runner.cli.price_questions import bought_quotes, price_notes
from runner.cli.request import DEFAULT_CONCURRENCY
from runner.cli.select_options import parse_plan_options, plan_options
from runner.cli.terminal import terminal_width
from runner.errors import UsageError
from runner.files import is_inherited, write_output
from runner.plan import plan as make_plan
from runner.plan.group_sizes import group_notes
from runner.plan.options import apply_options, resolve_options
from runner.plan.pricing import apply_quotes, quote_prices
from runner.plan.saved_plan import plan_document, serialize_plan
from runner.policy.exit_codes import Exit
from runner.shell import quote_command


@click.command("plan", cls=Command)
@readable_manifest_argument
@simulate_option
@account_option
@plan_options
@var_option
@format_option("text", "json")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="List every look: of a matrix, and those that are done.",
)
@click.option(
    "--prompts", is_flag=True, help="Also show the final prompt of each look, and its price."
)
@click.option(
    "--out",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Save the plan: `lookbook run MANIFEST --plan FILE` carries out exactly this, or refuses.",
)
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    help="Exit with 10 when there is something to do, 0 when there is not.",
)
@pass_context
def command(
    context: Context,
    /,
    manifest: Path,
    variables: tuple[tuple[str, str], ...],
    *,
    simulate: bool,
    account: str | None,
    form: str,
    everything: bool,
    prompts: bool,
    out: Path | None,
    detailed_exitcode: bool,
    **options: Any,
) -> int:
    """Show what `lookbook run` would do with each look of MANIFEST, why, and what it costs.

    Reads the manifest, its files, and the ledger of the HeyGen account that was used last (or
    --account; --simulate: of the rehearsal), with what results.json knows beyond it; it says which.
    Nothing is sent, nothing is changed, no key is needed.

    \b
    Examples:
      lookbook plan spring.yaml --prompts             every final prompt and price
      lookbook plan spring.yaml --select '+tag:hero'  these, and what they need
      lookbook plan spring.yaml --cascade             with what is out of date
      lookbook plan spring.yaml -o plan.json          to read, and carry out later
    """
    if out is not None and is_inherited(manifest):
        raise UsageError(
            "A plan is saved for a manifest in a file, beside which a run finds its ledger.",
            hint="Write the manifest to a file first.",
        )
    plan_options = parse_plan_options(options)
    campaign = apply_options(load_campaign(manifest, variables), plan_options)
    state = readonly.find_state(campaign, account=account, simulate=simulate)
    snapshot, _ = readonly.load_known(campaign, state)
    quotes = quote_prices(campaign, plan_options, snapshot)
    campaign = apply_quotes(campaign, quotes)
    plan = make_plan(campaign, snapshot, resolve_options(campaign, snapshot, plan_options))
    if is_inherited(manifest):
        warn("A manifest from a pipe has no ledger beside it: this plan makes everything anew.")
    elif not simulate and account is None:
        readonly.mention_other_ledgers(campaign, state, snapshot)
    if form == "json":
        click.echo(json.dumps(plan_document(plan, prompts=prompts), indent=2, ensure_ascii=False))
    else:
        where = readonly.describe_target(snapshot, simulate=simulate)
        ceiling = campaign.budget.run_usd
        time = estimate_plan(plan, snapshot, slots=DEFAULT_CONCURRENCY, now=context.clock.now)
        notes = [*price_notes(bought_quotes(plan, quotes)), *group_notes(plan, snapshot)]
        text = format_plan(
            plan,
            where=where,
            ceiling=ceiling,
            everything=everything,
            time=time,
            notes=notes,
            width=terminal_width(sys.stdout),
        )
        click.echo(text)
        if prompts:
            click.echo("\n" + format_prompts(plan, everything=everything))
        if campaign.warnings and plan.worst_case:
            click.echo("\n" + warnings_text(campaign.warnings))
    if out is not None:
        simulated = simulate or (snapshot.account is not None and snapshot.account.simulated)
        kept = serialize_plan(
            plan, campaign, snapshot, plan_options, variables=variables, simulate=simulated
        )
        write_output(out, (json.dumps(kept, indent=2, ensure_ascii=False) + "\n").encode())
        how = quote_command(
            "lookbook", "run", manifest, "--plan", out, *(("--simulate",) if simulated else ())
        )
        click.echo(f"\nSaved. To do exactly this: {how}", err=True)
    if not detailed_exitcode:
        return int(Exit.DONE)
    if plan.changes:
        return int(Exit.CHANGES)
    return int(Exit.PERSON if plan.waiting else Exit.DONE)
