"""``lookbook money``: every charge, why it was made, and how sure it is; offline."""

import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import click

from runner.cli.command import Command
from runner.cli.format import format_table
from runner.cli.known_campaign import read_campaign
from runner.cli.options import format_option
from runner.cli.request import target_options
from runner.cli.terminal import print_json, printing_data, style, terminal_width
from runner.plan import plan as make_plan
from runner.plan.renames import apply_renames
from runner.plan.request import Request
from runner.quantities import format_usd, pluralize
from runner.results.charges import charges_document
from runner.words import BILLING_WORDS

COLUMNS = ("date", "look", "take", "cause", "reason", "usd", "certainty", "request_id", "run")


@click.command("money", cls=Command)
@target_options
@format_option("text", "json", "csv")
def command(request: Request, *, form: str) -> int:
    """Show every charge of MANIFEST's campaign: when, for which take, why, and how sure it is.

    With sums by month and by reason. Times are UTC. A failed generation counts as charged until
    the wallet shows otherwise, because HeyGen does not say; its row says "charged?". Nothing is
    asked or changed.

    \b
    Examples:
      lookbook money spring.yaml
      lookbook money spring.yaml --format csv > money.csv
    """
    known = read_campaign(request)
    campaign = known.campaign
    snapshot = apply_renames(known.snapshot, make_plan(campaign, known.snapshot).moves)
    document = charges_document(snapshot, campaign.name)
    if form == "json":
        print_json(document)
    elif form == "csv":
        from runner.catalog.tables import write_csv

        rows = ([charge[column] for column in COLUMNS] for charge in document["charges"])
        with printing_data():
            sys.stdout.writelines(write_csv(COLUMNS, rows))
    else:
        click.echo(f"{style(campaign.name, bold=True)} · {known.describe_account()}\n")
        click.echo(money_text(document, known.wallet, width=terminal_width(sys.stdout)))
    known.mention_other_ledgers()
    return 0


def money_text(
    document: Mapping[str, Any], wallet: Mapping[str, Any] | None, *, width: int | None = None
) -> str:
    """Write charges and sums as tables; ``wallet`` is what the last run that bought noted."""
    if not document["charges"]:
        return "Nothing was charged."
    rows = [("date", "take", "USD", "", "request", "run", "why")]
    rows += [
        (
            (charge["date"] or "—")[:10],
            charge["take"],
            format_usd(charge["usd"]),
            BILLING_WORDS[charge["certainty"]][0],
            charge["request_id"] or "—",
            charge["run"] or "—",
            charge["reason"],
        )
        for charge in document["charges"]
    ]
    months = [
        (of["month"], pluralize(of["charges"], "charge"), format_usd(of["usd"]))
        for of in document["months"]
    ]
    causes = [
        (of["cause"], pluralize(of["charges"], "charge"), format_usd(of["usd"]))
        for of in document["causes"]
    ]
    total = f"total {format_usd(document['total_usd'])}"
    unsure = _unsure(document)
    if unsure:
        total += f", of which {format_usd(unsure)} may turn out not to be charged"
    if wallet is not None and wallet.get("after") is not None:
        total += f"; the wallet held {format_usd(wallet['after'])} after the last run that bought"
    return "\n\n".join(
        [
            format_table(rows, right=(2,), width=width, drop=(5, 4), flow=True),
            format_table([*months, *causes], right=(1, 2), width=width),
            total,
        ]
    )


def _unsure(document: Mapping[str, Any]) -> Decimal:
    """Return what is not certain to have been charged, in USD."""
    return sum(
        (
            Decimal(str(charge["usd"]))
            for charge in document["charges"]
            if charge["certainty"] != "billed"
        ),
        Decimal(0),
    )
