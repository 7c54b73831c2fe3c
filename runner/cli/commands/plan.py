"""``lookbook plan``: what a run would do and cost, offline and without a key."""

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from runner.cli.command import Command
from runner.cli.context import Context, pass_context
from runner.cli.format import warn, warnings_text
from runner.cli.known_campaign import KnownCampaign, plan_offline
from runner.cli.options import format_option, readable_manifest_argument
from runner.cli.output_file import OutputFile
from runner.cli.plan_text import format_plan, format_prompts
from runner.cli.request import load_campaign, target_options
from runner.cli.select_options import plan_options
from runner.cli.shared_options import name_database
from runner.cli.spending import bought_quotes, count_prices, price_notes
from runner.cli.terminal import print_json, terminal_width
from runner.errors import UsageError
from runner.files import is_inherited, write_output
from runner.model import LookKind
from runner.plan import Plan
from runner.plan.group_sizes import group_notes
from runner.plan.pricing import Quote
from runner.plan.request import DEFAULT_CONCURRENCY, Request
from runner.plan.run_eta import estimate_plan
from runner.plan.saved_plan import plan_document, serialize_plan
from runner.policy.budget import Ceilings
from runner.policy.exit_codes import Exit
from runner.shell import quote_command


@click.command("plan", cls=Command)
@partial(target_options, manifest=readable_manifest_argument)
@plan_options
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
    type=OutputFile(),
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
    request: Request,
    *,
    form: str,
    everything: bool,
    prompts: bool,
    out: Path | None,
    detailed_exitcode: bool,
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
    is_piped = is_inherited(request.manifest)
    if out is not None and is_piped:
        raise UsageError(
            "A plan is saved for a manifest in a file, beside which a run finds its ledger.",
            hint="Write the manifest to a file first.",
        )
    known, quotes, plan = plan_offline(load_campaign(request), request)
    campaign = known.campaign
    if is_piped:
        warn("A manifest from a pipe has no ledger beside it: this plan makes everything anew.")
    else:
        known.mention_other_ledgers()
    if form == "json":
        print_json(plan_document(plan, prompts=prompts))
    else:
        print_plan(context, known, plan, quotes, everything=everything)
        if prompts:
            click.echo("\n" + format_prompts(plan, everything=everything))
        if campaign.warnings and plan.worst_case:
            click.echo("\n" + warnings_text(campaign.warnings))
    if out is not None:
        save_plan(known, plan, out)
    if not detailed_exitcode:
        return int(Exit.DONE)
    if plan.changes:
        return int(Exit.CHANGES)
    return int(Exit.PERSON if plan.waiting else Exit.DONE)


def print_plan(
    context: Context,
    known: KnownCampaign,
    plan: Plan,
    quotes: Mapping[LookKind, Quote],
    *,
    everything: bool,
) -> None:
    """Print a plan for people, with its price and the time that it takes."""
    now = context.clock.now
    shared, account = known.request.on, known.snapshot.account
    months = []
    if shared is not None and account is not None and plan.count:
        counted = count_prices(Ceilings(), plan, quotes).counted
        months = shared.database.find_ceilings(account, plan.campaign, counted)
    text = format_plan(
        plan,
        where=known.describe_account(),
        ceiling=known.campaign.budget.run_usd,
        everything=everything,
        time=estimate_plan(plan, known.snapshot, slots=DEFAULT_CONCURRENCY, now=now),
        notes=[
            *price_notes(bought_quotes(plan, quotes)),
            *group_notes(plan, known.snapshot),
            *(month.describe() for month in months),
        ],
        width=terminal_width(sys.stdout),
    )
    click.echo(text)


def save_plan(known: KnownCampaign, plan: Plan, out: Path) -> None:
    """Write a plan that ``lookbook run --plan`` carries out, and print that command."""
    request = replace(known.request, simulate=known.is_rehearsal)
    kept = serialize_plan(plan, known.campaign, known.snapshot, request)
    write_output(out, (json.dumps(kept, indent=2, ensure_ascii=False) + "\n").encode())
    options = name_database(request)
    how = quote_command("lookbook", "run", request.manifest, "--plan", out, *options)
    click.echo(f"\nSaved. To do exactly this: {how}", err=True)
