"""The account: the real one, or the embedded simulator's, which lies beside the manifest.

Open it, and ask what is free until it answers.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

import anyio

from runner.cli.context import Context
from runner.cli.format import warn
from runner.cli.shared_ledger import ask_before_empty, share_state
from runner.cli.silence import explain_silence, is_lasting
from runner.errors import AccountError, ApiTrouble, LedgerLocked, StorageError, UsageError
from runner.executor.context import describe_reply, explain
from runner.executor.ports import Api
from runner.ledger.reading import has_takes
from runner.ledger.state_dirs import StateDir, StateDirs, make_state_folder
from runner.model import Campaign
from runner.plan.request import Request
from runner.policy.decisions import Free, decide_free
from runner.policy.retry import RetryLimits, backoff
from runner.replies import Answer, Reply, UserData
from runner.takes import Account

LISTED_BY_THE_SIMULATOR = 0.5
"""Seconds after which the embedded simulator's lists show what was made: they do so at once."""

log = logging.getLogger("runner.cli")

Sim = Sequence[tuple[str, str]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OpenAccount:
    """An account whose API answers, before it is known which campaign it is about.

    ``allow_http`` and ``allow_private`` say which links of its may be followed.
    """

    context: Context
    api: Api
    account: Account
    user: UserData
    retry_limits: RetryLimits
    allow_http: bool
    allow_private: bool

    def make_state(self, campaign: Campaign, *, damaged: bool = False) -> StateDir:
        """Return the folder beside the manifest where this account's state lies; it is made.

        ``damaged`` says that a ledger that cannot be read is what this is about.
        """
        shared = None if self.account.simulated else self.context.shared
        if shared is not None:
            state = share_state(shared, campaign, self.account)
        else:
            state = StateDirs(campaign.manifest).of(self.account, damaged=damaged)
        make_state_folder(state)
        return state

    def require_state(self, campaign: Campaign) -> StateDir:
        """Return the same folder. Raises UsageError where this account never bought anything."""
        state = self.make_state(campaign)
        if not has_takes(state.location):
            ask_before_empty(self.context.console, campaign, state, self.account)
            raise UsageError(
                f"The account {self.account.label} has no looks of {campaign.name} yet.",
                hint="`lookbook run` generates them.",
            )
        return state


@contextmanager
def use_account(context: Context, campaign: Campaign, request: Request) -> Iterator[Context]:
    """Yield the context of work at what a request names: account, database, store.

    The account is the real one, or the embedded simulator's, which runs meanwhile. Raises
    UsageError for settings of a simulator that is not used, and what ``simulator`` raises.
    """
    if request.sim_settings and not request.simulate:
        raise UsageError("--sim sets the embedded simulator.", hint="Add --simulate.")
    state = StateDirs(campaign.manifest).simulated()
    here = simulator(state, request.sim_settings) if request.simulate else nullcontext(None)
    with here as url:
        yield context._replace(simulated_at=url, shared=request.on, store=request.store)


def run_on_account(
    context: Context, campaign: Campaign, work: Callable[[Context], Awaitable[T]], request: Request
) -> T:
    """Carry out work at the account that a request names, in an event loop of its own."""
    with use_account(context, campaign, request) as placed:
        return anyio.run(work, placed)


@asynccontextmanager
async def open_account(
    context: Context, *, wait: float | None = None
) -> AsyncIterator[OpenAccount]:
    """Open the account: the embedded simulator's, or the one that the key belongs to.

    Raises AccountError or ApiTrouble when the account does not answer, UsageError for settings that
    cannot be used and for a key that is not the expected account's.
    """
    from runner.heygen.client import HeyGen
    from runner.heygen.credentials import Credentials, find_credentials
    from runner.heygen.network import check_network_settings
    from runner.heygen.settings import read_settings

    warnings: tuple[str, ...] = ()
    if context.simulated_at is not None:  # whatever is set for the real API does not matter here
        settings = read_settings({**context.environment, "HEYGEN_API_BASE": context.simulated_at})
        credentials = Credentials("sim", "the simulator")
    else:
        settings = read_settings(context.environment)
        if context.transport is None:
            check_network_settings(context.environment)
        credentials, warnings = find_credentials(context.environment, context.home)
    for warning in warnings:
        warn(warning)
    retry_limits = _retry_limits(settings.max_retries, wait)
    async with HeyGen(
        credentials,
        settings.address,
        transport=context.transport,
        allow_http=settings.allow_http,
        now=context.clock.now,
    ) as api:
        user = await ask_account(context, api.me, retry_limits)
        if context.simulated_at is not None:
            account = Account("simulator", user.username, simulated=True)
            retry_limits = replace(retry_limits, listed=LISTED_BY_THE_SIMULATOR)
        else:
            account = Account(api.address.host, user.username)
        if context.account is not None and context.account != account:
            raise UsageError(
                f"The run is for {context.account.label}, and this key is {account.label}'s. "
                "Nothing was sent."
            )
        links = (settings.allow_http, api.address.is_private)
        yield OpenAccount(context, api, account, user, retry_limits, *links)


def _retry_limits(retries: int | None, wait: float | None) -> RetryLimits:
    default = RetryLimits()
    return RetryLimits(
        retries=default.retries if retries is None else retries,
        processing=default.processing if wait is None else wait,
    )


async def ask_account(
    context: Context, call: Callable[[], Awaitable[Reply[T]]], retry_limits: RetryLimits
) -> T:
    """Retry a free request within the configured limits. Raises AccountError or ApiTrouble."""
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
        if attempt > retry_limits.retries or is_lasting(reply):
            raise explain_silence(reply, context.environment)
        warn(f"HeyGen does not answer ({describe_reply(reply)}); trying again.")
        wait = backoff(attempt, context.entropy.random())
        log.info("waiting %.1f s before try %d of %d", wait, attempt + 1, retry_limits.retries + 1)
        await context.clock.sleep(wait)


# --- the embedded simulator -----------------------------------------------------------------------


@contextmanager
def simulator(state: StateDir, settings: Sim) -> Iterator[str]:
    """Run the embedded simulator, whose account outlives the command; return its URL.

    Raises LedgerLocked when another run uses it, StorageError when its folder cannot be written.
    """
    from runner.simulator.journal import StateError
    from runner.simulator.server import Embedded

    path = state.folder / "simulator.state"
    with ExitStack() as stack:
        make_state_folder(state)
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
