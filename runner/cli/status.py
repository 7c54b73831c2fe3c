"""``lookbook status``: every look, its money, and what to do next; offline."""

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from runner.cli import wiring
from runner.cli.options import account_option, manifest_argument, simulate_option, var_option
from runner.cli.show import plural, results_text, table, usd
from runner.cli.wanted import select_options, wishes_of
from runner.plan import Action, Plan
from runner.plan import plan as make_plan
from runner.plan.wishes import asked_for, chosen

__all__ = ["command"]


@click.command("status")
@manifest_argument
@simulate_option
@account_option
@var_option
@select_options
@click.option("--takes", is_flag=True, help="Show the receipt of every take.")
def command(
    manifest: Path,
    variables: tuple[tuple[str, str], ...],
    *,
    simulate: bool,
    account: str | None,
    takes: bool,
    **options: Any,
) -> int:
    """Show where MANIFEST's campaign stands: looks, pictures, money, and what to do next.

    Reads the ledger of the account that was used last (or --account, or --simulate). Nothing is
    asked or changed; also while a run goes on.
    """
    wishes = wishes_of(options)
    campaign = wiring.load_campaign(manifest, variables)
    state = wiring.offline_state(campaign, account=account, simulate=simulate)
    snapshot, wallet = wiring.offline(state)
    only = chosen(campaign, snapshot, wishes)
    plan = make_plan(campaign, snapshot, asked_for(campaign, snapshot, wishes))
    results = wiring.results_of(campaign, snapshot, wallet, only)
    click.echo(f"{click.style(campaign.name, bold=True)} · {wiring.where(snapshot)}\n")
    click.echo(results_text(results))
    if takes:
        click.echo("\n" + receipts_text(results))
    cascaded = asked_for(campaign, snapshot, replace(wishes, cascade=True))
    renewed = make_plan(campaign, snapshot, cascaded)
    if not simulate and account is None:
        wiring.warn_of_other_ledgers(campaign, state, snapshot)
    rehearsal = simulate or (snapshot.account is not None and snapshot.account.simulated)
    same = [str(manifest), *(["--simulate"] if rehearsal else [])]
    for option, expressions in (("--select", wishes.select), ("--exclude", wishes.exclude)):
        same += [word for expression in expressions for word in (option, expression)]
    click.echo("\n" + next_step(plan, renewed, results, shlex.join(same)))
    return 0


def receipts_text(results: dict[str, Any]) -> str:
    """Write the receipts: for each take what was reserved, billed, assumed, refunded or unknown."""
    rows = [("take", "state", "billing", "price", "sent", "picked", "request")]
    rows += [
        (
            f"{look['look']}#{take['take']}",
            take["state"],
            take["billing"],
            usd(take["price_usd"]),
            take["sent_at"] or "—",
            "yes" if take["picked"] else "",
            take["request_id"] or "—",
        )
        for look in [*results["looks"], *results["orphans"]]
        for take in look["takes"]
    ]
    return table(rows, right=(3,))


def next_step(plan: Plan, renewed: Plan, results: dict[str, Any], suffix: str) -> str:
    """Say what to do next, as commands that can be copied; ``suffix`` ends each of them.

    ``renewed`` is the plan that also brings up to date what is stale.
    """
    states = results["totals"]["states"]
    consents = {
        take["consent_url"]: None
        for look in results["looks"]
        for take in look["takes"]
        if take["state"] == "pending_consent" and "consent_url" in take
    }
    lines = [f"A person's consent is needed: open {url}" for url in consents]
    takes = [t for look in [*results["looks"], *results["orphans"]] for t in look["takes"]]
    if any(take["state"] in ("unknown", "submitting") for take in takes):
        lines.append(
            f"Outcomes are unknown: `lookbook run {suffix}` sends them again under their own keys "
            f"or searches; `lookbook reconcile {suffix}` shows what is known."
        )
    if states.get("failed"):
        lines.append(f"Some looks failed: `lookbook retry {suffix}` buys them again.")
    if states.get("stale"):
        more = plural(renewed.count - plan.count, "generation")
        lines.append(
            "Stale looks were made from an older take of their reference; they stay. To bring them "
            f"up to date: `lookbook run {suffix} --cascade` "
            f"({more}, {usd(renewed.cost - plan.cost)})."
        )
    to_do = [a for a in plan.actions if a.action in (Action.CREATE, Action.RESUME, Action.ADOPT)]
    if to_do:
        looks = plural(len(to_do), "look")
        lines.append(f"Next: `lookbook run {suffix}` ({looks}, {usd(plan.cost)}).")
    if any(take["state"] == "completed" for take in takes):
        lines.append(f"Next: `lookbook fetch {suffix}` (pictures are missing; free).")
    return "\n".join(lines) or "Everything is done."
