"""The account: open it, and ask what is free until it answers."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from runner.cli.context import Context
from runner.cli.format import warn
from runner.cli.shared_ledger import ask_before_empty, share_state
from runner.cli.unreachable import explain_silence, is_lasting
from runner.errors import AccountError, ApiTrouble, UsageError
from runner.executor.context import describe_reply, explain
from runner.executor.ports import Api
from runner.ledger.reading import has_takes
from runner.ledger.state_dirs import StateDir, StateDirs, make_state_folder
from runner.model import Campaign
from runner.policy.decisions import Free, decide_free
from runner.policy.retry import RetryLimits, backoff
from runner.replies import Answer, Reply, UserData
from runner.takes import Account

LISTED_BY_THE_SIMULATOR = 0.5
"""Seconds after which the embedded simulator's lists show what was made: they do so at once."""

log = logging.getLogger("runner.cli")

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


@asynccontextmanager
async def open_account(
    context: Context, *, wait: float | None = None
) -> AsyncIterator[OpenAccount]:
    """Open the account: the embedded simulator's, or the one that the key belongs to.

    Raises AccountError or ApiTrouble when the account does not answer, UsageError for settings that
    cannot be used.
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
