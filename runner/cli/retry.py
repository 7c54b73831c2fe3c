"""``lookbook retry``: buy again what failed, after saying what that costs."""

from pathlib import Path
from typing import Any

import click

from runner.cli import wiring
from runner.cli.run import Request, run_options, start
from runner.cli.show import plural, usd
from runner.errors import UsageError
from runner.ledger.places import Places
from runner.model import Billing, Campaign, Snapshot, Take, TakeState

__all__ = ["command"]


@click.command("retry")
@run_options
@click.option(
    "--look",
    "looks",
    multiple=True,
    metavar="LOOK",
    help="Only this look; repeatable. The default is every look that failed.",
)
def command(
    manifest: Path,
    variables: tuple[tuple[str, str], ...],
    looks: tuple[str, ...],
    **options: Any,
) -> int:
    """Buy the looks of MANIFEST that failed once more, each as a new take.

    Says first which failures were billed, or may have been. A plain `lookbook run` never buys a
    failure again, unless the manifest says `retries`.
    """
    campaign = wiring.load_campaign(manifest, variables)
    state = Places(campaign.manifest).simulated() if options["simulate"] else None
    snapshot, _ = wiring.offline(
        state or wiring.offline_state(campaign, account=None, simulate=False)
    )
    failed = failures(campaign, snapshot, looks)
    click.echo(failures_text(failed) + "\n", err=True)
    options["sim"] = options.pop("sim_settings")
    return start(campaign, Request(**options, retry=frozenset(take.look for take in failed)))


def failures(campaign: Campaign, snapshot: Snapshot, looks: tuple[str, ...]) -> list[Take]:
    """Give the failed takes of the looks that were named, or of all. Raises UsageError."""
    known = {look.key for look in campaign.looks}
    strangers = [look for look in looks if look not in known]
    if strangers:
        raise UsageError(f"{strangers[0]} is not a look of {campaign.manifest.name}.")
    return [
        take
        for key in (looks or [look.key for look in campaign.looks])
        for take in snapshot.takes.get(key, ())
        if take.state is TakeState.FAILED
    ]


def failures_text(failed: list[Take]) -> str:
    """Say which failures there are, and what is known of their money."""
    if not failed:
        return "Nothing failed."
    words = {
        Billing.ASSUMED: "assumed billed: the API does not say",
        Billing.REFUNDED: "not billed, as the wallet showed",
        Billing.NONE: "refused, nothing was bought",
    }
    lines = [f"{plural(len(failed), 'take')} failed:"]
    lines += [
        f"  {take.label} {usd(take.price)} ({words.get(take.billing, take.billing)}): "
        f"{take.error_message or take.error_code}"
        for take in failed
    ]
    return "\n".join(lines)
