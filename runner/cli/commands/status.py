"""``lookbook status``: every look, its money, and what to do next; offline."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import click

from runner.cli.command import Command
from runner.cli.context import Context, pass_context
from runner.cli.face_report import summarize_faces
from runner.cli.format import format_link, format_results, format_table
from runner.cli.known_campaign import KnownCampaign, plan_offline
from runner.cli.liveness import is_alive
from runner.cli.next_steps import (
    collect_notes,
    describe_last_run,
    format_next_steps,
    list_next_steps,
    serve_command,
)
from runner.cli.options import report_option
from runner.cli.outputs import awaits_results, keep_document
from runner.cli.request import load_campaign, target_options
from runner.cli.review_report import summarize_reviews
from runner.cli.select_options import select_options
from runner.cli.shared_options import name_database
from runner.cli.spending import bought_quotes, price_notes, price_options
from runner.cli.terminal import style, terminal_width
from runner.ledger.reading import read_last_run
from runner.plan import plan as make_plan
from runner.plan.approvals import find_awaited
from runner.plan.options import resolve_options, select_looks
from runner.plan.request import Request
from runner.policy.budget import room_left
from runner.policy.exit_codes import Exit
from runner.policy.look_events import is_stuck
from runner.policy.retry import key_is_alive
from runner.quantities import format_usd
from runner.results.model import Results
from runner.shell import quote_command
from runner.takes import Snapshot, Take
from runner.words import BILLING_WORDS, state_word


@click.command("status", cls=Command)
@target_options
@report_option
@select_options
@click.option("--takes", is_flag=True, help="Show the receipt of every take.")
@pass_context
def command(context: Context, /, request: Request, *, takes: bool) -> int:
    """Show where MANIFEST's campaign stands: looks, pictures, money, and what to do next.

    Reads the ledger of the HeyGen account that was used last (or --account; --simulate: of the
    rehearsal). Nothing is asked or changed; also while a run goes on.
    """
    known, quotes, plan = plan_offline(load_campaign(request), request)
    campaign, state, snapshot = known.campaign, known.state, known.snapshot
    cascaded = resolve_options(campaign, snapshot, replace(request, cascade=True))
    renewed = make_plan(campaign, snapshot, cascaded)
    results = known.make_results(select_looks(campaign, snapshot, request))
    last = read_last_run(state.location) if state is not None else None
    alive = last is not None and state is not None and is_alive(last, state.location)
    steps = list_next_steps(
        plan,
        renewed,
        results,
        same_again(replace(request, simulate=known.is_rehearsal)),
        going=alive is True,
        simulator=serve_command(state) if known.is_rehearsal and state is not None else None,
        room=room_left(campaign.budget, snapshot.spent),
        prices=price_options(bought_quotes(plan, quotes)),
        awaited=[take.label for take in find_awaited(plan, snapshot)],
        undecidable=find_undecidable(snapshot, now=context.clock.now()),
    )
    known.mention_other_ledgers()
    if awaits_results(context):
        told = [{"command": step, "why": why} for step, why in steps]
        keep_document(context, results, next=told, running=alive is True)
        return int(Exit.DONE)
    now, width = context.clock.now(), terminal_width(sys.stdout)
    click.echo(f"{style(campaign.name, bold=True)} · {known.describe_account()}")
    if last is not None:
        click.echo(describe_last_run(last, now=now, alive=alive))
    notes = collect_notes(plan, results, now=now)
    click.echo("\n" + format_results(results, notes=notes, width=width))
    print_standing(known, results, price_notes(bought_quotes(plan, quotes)))
    if takes:
        click.echo("\n" + receipts_text(results, width=width))
    click.echo("\n" + format_next_steps(steps, going=alive is True))
    return int(Exit.DONE)


def find_undecidable(snapshot: Snapshot, *, now: float) -> frozenset[str]:
    """Return the labels of takes that no run decides any more: `lookbook reconcile` does.

    Beyond its key's life a send is never sent again, so a run can only search for it; where that
    finds nothing it stops at the same question every time. `reconcile` searches as well, and asks.
    """
    return frozenset(
        take.label
        for take in snapshot.all_takes
        if (take.unresolved and (take.is_key_spent or _is_key_over(take, now)))
        or is_stuck(take, now=now)
    )


def _is_key_over(take: Take, now: float) -> bool:
    sent_at = take.sent_at
    return sent_at is not None and not key_is_alive(sent_at, now, latest_seen=now)


def print_standing(known: KnownCampaign, results: Results, prices: Sequence[str]) -> None:
    """Print what is to be known of the whole campaign: faces, reviews, money, the catalog."""
    if (faces := summarize_faces(results)) is not None:
        click.echo(f"{faces}; a hint, not a verdict")
    if (reviewed := summarize_reviews(results)) is not None:
        click.echo(f"review: {reviewed}; `lookbook review --list` lists it")
    for note in prices:
        click.echo(note)
    if (budget := known.campaign.budget.campaign_usd) is not None:
        left = format_usd(max(Decimal(0), budget - known.snapshot.spent))
        click.echo(f"the campaign's budget of {format_usd(budget)} leaves {left}")
    if known.state is not None and (page := known.state.folder / "catalog.html").is_file():
        click.echo(f"catalog: {format_link(page)}")


def same_again(request: Request) -> str:
    """Return how a command line about the same looks ends."""
    words: list[str | Path] = [request.manifest, *name_database(request)]
    for option, expressions in (("--select", request.select), ("--exclude", request.exclude)):
        words += [word for expression in expressions for word in (option, expression)]
    return quote_command(*words)


def receipts_text(results: Results, *, width: int | None = None) -> str:
    """Write the receipts: for each take what was charged, perhaps charged, or not charged."""
    rows = [("take", "state", "money", "price", "sent", "picked", "request")]
    rows += [
        (
            f"{look['look']}#{take['take']}",
            state_word(take["state"]),
            BILLING_WORDS[take["billing"]][0],
            format_usd(take["price_usd"]),
            take["sent_at"] or "—",
            "yes" if take["picked"] else "",
            take["request_id"] or "—",
        )
        for look in [*results["looks"], *results["orphans"]]
        for take in look["takes"]
    ]
    return format_table(rows, right=(3,), width=width, drop=(6, 4))
