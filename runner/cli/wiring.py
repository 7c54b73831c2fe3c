"""The only place that knows every part: it reads the environment and ties the pieces together."""

import logging
import os
import secrets
import shlex
import time
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import ExitStack, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

import anyio
import click

from runner.errors import (
    AccountError,
    ApiTrouble,
    LedgerLocked,
    ManifestError,
    StorageError,
    UsageError,
)
from runner.executor.context import describe_reply, explain
from runner.executor.ports import Api, Images
from runner.files import make_folder, write_atomic
from runner.ledger.state_dirs import StateDir, StateDirs
from runner.model import Campaign
from runner.plan import plan as make_plan
from runner.policy.decisions import Free, decide_free
from runner.policy.retry import RetryLimits, backoff
from runner.replies import Answer, Refusal, Reply, UserData
from runner.results.model import Results
from runner.results.writer import results_document, serialize_results
from runner.takes import Account, Snapshot

__all__ = [
    "Link",
    "Randomness",
    "WallClock",
    "ask_account",
    "connect",
    "knock",
    "load_campaign",
    "results_of",
    "simulator",
    "warn",
    "write_results",
]

LISTED_BY_THE_SIMULATOR = 0.5
"""Seconds after which the embedded simulator's lists show what was made: they do so at once."""

log = logging.getLogger("runner.cli")

Sim = Sequence[tuple[str, str]]
T = TypeVar("T")


class WallClock:
    """Real time (``runner.executor.ports.Clock``)."""

    def now(self) -> float:
        """Return the wall clock in Unix seconds."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await anyio.sleep(max(0.0, seconds))


class Randomness:
    """Real randomness (``runner.executor.ports.Entropy``), from the system's own source."""

    def __init__(self) -> None:
        self._random = secrets.SystemRandom()

    def key(self) -> str:
        """Return a fresh idempotency key of 192 bits."""
        return f"lookbook-{secrets.token_hex(24)}"

    def uid(self) -> str:
        """Return a fresh name for a take or a run."""
        return secrets.token_hex(8)

    def random(self) -> float:
        """Return a number in [0, 1)."""
        return self._random.random()


def warn(message: str) -> None:
    """Write something to stderr that a person should read."""
    click.echo(f"{click.style('Warning:', fg='yellow')} {message}", err=True)


def load_campaign(manifest: Path, variables: Sequence[tuple[str, str]]) -> Campaign:
    """Read and check a manifest; its warnings go to stderr. Raises ManifestError."""
    from runner.manifest import Severity, load
    from runner.manifest.formats import as_text, count_findings

    reading = load(manifest, variables=dict(variables), hints=False)
    if reading.campaign is None:
        raise ManifestError(
            f"{manifest} cannot be used: {count_findings(reading.diagnostics)}.",
            reading.diagnostics,
        )
    warnings = [found for found in reading.diagnostics if found.severity is Severity.WARNING]
    if warnings:
        click.echo(as_text(warnings) + "\n", err=True)
    return reading.campaign


# --- the account ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Link:
    """An account that answers: its API, its pictures, and where its state lies."""

    api: Api
    images: Images
    account: Account
    user: UserData
    state: StateDir
    retry_limits: RetryLimits


@contextmanager
def simulator(state: StateDir, settings: Sim) -> Iterator[str]:
    """Run the embedded simulator, whose account outlives the command; return its URL.

    Raises LedgerLocked when another run uses it, StorageError when its folder cannot be written.
    """
    from runner.simulator.journal import StateError
    from runner.simulator.server import Embedded

    path = state.folder / "simulator.state"
    with ExitStack() as stack:
        make_folder(state.folder)
        try:
            embedded = stack.enter_context(Embedded(simulator_settings(settings, path)))
        except StateError as error:
            raise LedgerLocked(
                f"The embedded simulator cannot start: {error}.",
                hint="Wait for the other run to end.",
            ) from error
        except OSError as error:
            raise StorageError(
                f"The folder {state.folder} cannot be written: {error.strerror or error}.",
                hint="The folder beside the manifest must be writable.",
            ) from error
        yield embedded.url


def simulator_settings(settings: Sim, state: Path) -> Any:
    """Read ``--sim KEY=VALUE``. Raises UsageError for what is no setting."""
    from runner.simulator.behaviour import Behaviour
    from runner.simulator.settings import Fault, Latency, SimulatorSettings

    values: dict[str, Any] = {"state": state, "latency": Latency.parse("lognormal:2.5,0.35")}
    readers: dict[str, Callable[[str], Any]] = {
        "latency": Latency.parse,
        "concurrency": int,
        "balance": Decimal,
        "seed": int,
        "pictures": lambda text: {"on": True, "off": False}[text],
    }
    try:
        values["faults"] = tuple(Fault.parse(text) for key, text in settings if key == "fault")
        values["behaviour"] = Behaviour.parse(text for key, text in settings if key == "behave")
        for key, text in settings:
            if key not in ("fault", "behave"):
                values[key] = readers[key](text)
        return SimulatorSettings(**values)
    except (ValueError, KeyError, InvalidOperation) as error:
        known = ", ".join([*readers, "fault", "behave"])
        raise UsageError(
            f"--sim cannot be read: {error}", hint=f"It sets one of {known}, as in latency=fixed:2."
        ) from error


@dataclass(frozen=True, slots=True)
class Door:
    """An account that answers, before it is known which campaign it is about."""

    api: Api
    account: Account
    user: UserData
    retry_limits: RetryLimits
    allow_http: bool


@asynccontextmanager
async def knock(*, simulated_at: str | None, wait: float | None = None) -> AsyncIterator[Door]:
    """Open the account: the embedded simulator's at a URL, or the one that the key belongs to.

    Raises AccountError or ApiTrouble when the account does not answer, UsageError for settings that
    cannot be used.
    """
    from runner.heygen.client import HeyGen
    from runner.heygen.credentials import Credentials, find_credentials
    from runner.heygen.settings import read_settings

    environment: Mapping[str, str] = os.environ
    warnings: tuple[str, ...] = ()
    if simulated_at is not None:  # whatever is set for the real API does not matter here
        settings = read_settings({**environment, "HEYGEN_API_BASE": simulated_at})
        credentials = Credentials("sim", "the simulator")
    else:
        settings = read_settings(environment)
        credentials, warnings = find_credentials(environment, Path.home())
    for warning in warnings:
        warn(warning)
    retry_limits = _patience(settings.max_retries, wait)
    async with HeyGen(credentials, settings.address, allow_http=settings.allow_http) as api:
        user = await ask_account(api.me, retry_limits)
        if simulated_at is not None:
            account = Account("simulator", user.username, simulated=True)
        else:
            account = Account(api.address.host, user.username)
        if account.simulated:
            retry_limits = replace(retry_limits, listed=LISTED_BY_THE_SIMULATOR)
        yield Door(api, account, user, retry_limits, settings.allow_http)


@asynccontextmanager
async def connect(
    campaign: Campaign,
    *,
    simulated_at: str | None,
    failpoint: Callable[[str], None] | None = None,
    wait: float | None = None,
    damaged: bool = False,
) -> AsyncIterator[Link]:
    """Open the account and the state that it has beside the manifest. Raises as ``knock`` does.

    ``damaged`` says that a ledger that cannot be read is what this is about.
    """
    from runner.images.downloader import Downloader

    async with knock(simulated_at=simulated_at, wait=wait) as door:
        state = StateDirs(campaign.manifest).of(door.account, damaged=damaged)
        make_folder(state.folder)
        pictures = Downloader(
            state.folder, allow_http=door.allow_http, failpoint=failpoint or (lambda _point: None)
        )
        async with pictures as images:
            yield Link(door.api, images, door.account, door.user, state, door.retry_limits)


def _patience(retries: int | None, wait: float | None) -> RetryLimits:
    default = RetryLimits()
    return RetryLimits(
        retries=default.retries if retries is None else retries,
        processing=default.processing if wait is None else wait,
    )


async def ask_account(call: Callable[[], Awaitable[Reply[T]]], retry_limits: RetryLimits) -> T:
    """Retry an idempotent request within the configured limits.

    Raises AccountError or ApiTrouble.
    """
    attempt = 0
    while True:
        attempt += 1
        reply = await call()
        if isinstance(reply, Answer):
            return reply.data
        verdict = decide_free(reply)
        if verdict is Free.PERSON:
            raise AccountError(
                f"HeyGen does not accept the key: {explain(reply)}",
                hint="Check HEYGEN_API_KEY. Nothing was sent but this question.",
            )
        if verdict is not Free.AGAIN:
            raise ApiTrouble(f"HeyGen refuses: {describe_reply(reply)}", hint="Nothing was sent.")
        if attempt > retry_limits.retries:
            if isinstance(reply, Refusal) and reply.status in (402, 403):
                raise AccountError(
                    f"HeyGen cannot be asked: {explain(reply)}", hint="Nothing was sent."
                )
            raise ApiTrouble(
                f"HeyGen does not answer: {describe_reply(reply)}",
                hint="Nothing was sent. Run the same command again when it is back.",
            )
        warn(f"HeyGen does not answer ({describe_reply(reply)}); trying again.")
        wait = backoff(attempt, secrets.SystemRandom().random())
        log.info("waiting %.1f s before try %d of %d", wait, attempt + 1, retry_limits.retries + 1)
        await anyio.sleep(wait)


# --- offline --------------------------------------------------------------------------------------


def serving(state: StateDir) -> str:
    """Return the command that serves the simulated account of a state folder."""
    return f"lookbook simulator --state {shlex.quote(str(state.folder / 'simulator.state'))}"


# --- results --------------------------------------------------------------------------------------


def results_of(
    campaign: Campaign,
    snapshot: Snapshot,
    wallet: Mapping[str, Any] | None,
    only: Collection[str] | None = None,
) -> Results:
    """Return the results document of a campaign, or of some of its looks, as its ledger stands."""
    return results_document(campaign, snapshot, make_plan(campaign, snapshot), wallet, only)


def write_results(results: Results, folder: Path) -> Path:
    """Write results.json and the catalog beside it; return the catalog's path.

    Raises StorageError.
    """
    from runner import catalog

    write_atomic(folder / "results.json", (piece.encode() for piece in serialize_results(results)))
    return catalog.write_catalog(results, folder)


def simulated(state: StateDir, settings: Sim, *, simulate: bool) -> Any:
    """Return the embedded simulator as a context, or nothing where it is not wanted."""
    if settings and not simulate:
        raise UsageError("--sim sets the embedded simulator.", hint="Add --simulate.")
    return simulator(state, settings) if simulate else nullcontext(None)
