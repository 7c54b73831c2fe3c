"""``lookbook retry``: buy again what failed, after saying what that costs."""

from pathlib import Path
from typing import Any

import click

from runner.cli import offline, wiring
from runner.cli.run import Request, run_options, start
from runner.cli.show import plural, usd
from runner.cli.wanted import price_option, select_options, wishes_of
from runner.model import Campaign
from runner.plan import plan as make_plan
from runner.plan.moves import with_moves
from runner.plan.sketch import UNDER_WAY
from runner.plan.wishes import Wishes, asked_for
from runner.policy.outcome import Exit
from runner.takes import Billing, Snapshot, Take, TakeState

__all__ = ["command"]

WORDS = {
    Billing.ASSUMED: "assumed billed: the API does not say",
    Billing.REFUNDED: "not billed, as the wallet showed",
    Billing.NONE: "refused, nothing was bought",
}
"""What is known of the money of a failed take."""


@click.command("retry")
@run_options
@select_options
@price_option
def command(manifest: Path, variables: tuple[tuple[str, str], ...], **options: Any) -> int:
    """Buy the looks of MANIFEST that failed once more, each as a new take.

    Says first which failures were billed, or may have been. What was held back because of a failed
    look is generated as well; nothing else is. A plain `lookbook run` never buys a failure again,
    unless the manifest says `retries`.

    \b
    Examples:
      lookbook retry spring.yaml                      whatever failed
      lookbook retry spring.yaml --select tag:hero    only among these
    """
    wishes = wishes_of(options, retry=True)
    campaign = wiring.load_campaign(manifest, variables)
    state = offline.state_of(campaign, account=None, simulate=options["simulate"])
    snapshot, _ = offline.known(campaign, state)
    failed = failures(campaign, snapshot, wishes)
    click.echo(failures_text(failed) + "\n", err=True)
    options["sim"] = options.pop("sim_settings")
    code = start(campaign, Request(**options, wishes=wishes))
    going = sum(take.state in UNDER_WAY for of in snapshot.takes.values() for take in of)
    if failed or code or not going:
        return code
    click.echo(
        f"{plural(going, 'take')} still under way: `lookbook run` goes on with them.", err=True
    )
    return int(Exit.UNDER_WAY)


def failures(campaign: Campaign, snapshot: Snapshot, wishes: Wishes) -> list[Take]:
    """Give the failed takes of the looks that are bought again. Raises UsageError."""
    asked = asked_for(campaign, snapshot, wishes)
    plan = make_plan(campaign, snapshot, asked)
    held = with_moves(snapshot, plan.moves)
    return [
        take
        for action in plan.actions
        if action.key in asked.retry
        for take in held.takes.get(action.key, ())
        if take.state is TakeState.FAILED and take.identity == action.identity
    ]


def failures_text(failed: list[Take]) -> str:
    """Say which failures there are, and what is known of their money."""
    if not failed:
        return "Nothing failed that is not there by now."
    lines = [f"{plural(len(failed), 'take')} failed:"]
    lines += [
        f"  {take.label} {usd(take.price)} ({WORDS.get(take.billing, take.billing)}): "
        f"{take.error_message or take.error_code}"
        for take in failed
    ]
    return "\n".join(lines)
