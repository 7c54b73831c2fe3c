"""``lookbook simulator``: serve the simulated HeyGen API on this machine."""

from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from runner.cli.command import Command
from runner.cli.options import Usd
from runner.errors import UsageError


@click.command("simulator", cls=Command)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8765,
    show_default=True,
    help="The port on 127.0.0.1; 0 takes any free one.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="The same seed, the same luck."
)
@click.option(
    "--latency",
    default="lognormal:4,0.4",
    show_default=True,
    metavar="SHAPE",
    help="How long a generation takes: fixed:SECONDS, uniform:A,B or lognormal:MEDIAN,SIGMA.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    help="How many generations may be in progress at once.",
)
@click.option(
    "--balance", type=Usd(), metavar="USD", help="The wallet; without it, it never runs dry."
)
@click.option(
    "--pictures",
    type=click.Choice(["on", "off"]),
    default="on",
    show_default=True,
    help="Draw portraits, or serve a tiny picture for load tests.",
)
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the account in this file; without it, it lives as long as the process.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="KIND:PROBABILITY",
    help="Inject trouble, repeatable: drop-request, drop-response, truncate, garbage, error-500, "
    "error-503, error-500-after, slow, rate-limit, gateway-403, gateway-404, gateway-502, "
    "gateway-504; for generations conflict, not-ready, deny, error-body, fail-generation, "
    "moderation, consent, expired-link, odd-status, drift.",
)
@click.option(
    "--behave",
    "behaviours",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="Let the account depart from the API's page, repeatable: ignore-keys[=avatars], "
    "lists-lag=SECONDS, reads-lag, wallet-lag, reference-lag, asset-life, gateway-lasts, "
    "lists-404, lists-gateway-404, photo-price=USD, prompt-price, charge-at-completion, "
    "no-refunds, store-refusals, no-group, no-group-ids, "
    "statuses=capitals (or unlisted, absent), forbid[=WORDS], max-groups=N, max-looks, "
    "daily-quota, money-status=403, billing=subscription (or credits, usage-based, none), "
    "auto-reload=75,5. All are off unless named.",
)
def command(
    *,
    port: int,
    seed: int,
    latency: str,
    concurrency: int,
    balance: Decimal | None,
    pictures: str,
    state: Path | None,
    faults: tuple[str, ...],
    behaviours: tuple[str, ...],
) -> int:
    """Serve HeyGen's v3 API on 127.0.0.1, simulated, until it is ended. Any key is accepted.

    Open the address in a browser to see the account; /__simulator__/stats has the figures. Point
    any client to it: HEYGEN_API_BASE=http://127.0.0.1:8765 HEYGEN_API_KEY=anything.
    """
    from runner.simulator.behaviour import Behaviour
    from runner.simulator.journal import StateError
    from runner.simulator.server import serve
    from runner.simulator.settings import Fault, Latency, SimulatorSettings

    try:
        settings = SimulatorSettings(
            seed=seed,
            latency=Latency.parse(latency),
            concurrency=concurrency,
            balance=balance,
            pictures=pictures == "on",
            faults=tuple(Fault.parse(text) for text in faults),
            behaviour=Behaviour.parse(behaviours),
            state=state,
        )
    except (ValueError, InvalidOperation) as error:
        raise UsageError(str(error), hint="See: lookbook simulator --help") from error
    try:
        serve(settings, port, ready=lambda url: click.echo(f"listening on {url}"))
    except StateError as error:
        raise UsageError(f"{error}.", hint="Choose another --state file.") from error
    except OSError as error:
        raise UsageError(
            f"The port {port} cannot be used: {error.strerror or error}.",
            hint="Choose another --port; 0 takes any free one.",
        ) from error
    return 0
