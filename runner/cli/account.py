"""The account: open it, ask what is free until it answers, and explain why it does not."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeVar

from runner.cli.context import Context
from runner.cli.format import warn
from runner.cli.shared_ledger import ask_before_empty, share_state
from runner.errors import AccountError, ApiTrouble, LookbookError, UsageError
from runner.executor.context import describe_reply, explain
from runner.executor.ports import Api
from runner.heygen.connection import PROXY_REFUSED
from runner.ledger.reading import has_takes
from runner.ledger.state_dirs import StateDir, StateDirs, make_state_folder
from runner.model import Campaign
from runner.policy.decisions import Free, decide_free
from runner.policy.retry import RetryLimits, backoff
from runner.replies import Answer, NotSent, Refusal, Reply, UserData
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


_CERTIFICATE = "CERTIFICATE_VERIFY_FAILED"

_UNTRUSTED = (
    "Its certificate is not from an authority that this machine trusts. Where a company's proxy "
    "reads what passes, set SSL_CERT_FILE to the file with the company's certificates (PEM); "
    "elsewhere, check the network and this machine's date."
)
_PROXY = (
    "The proxy in HTTPS_PROXY or ALL_PROXY did not pass it on: check its address and its password, "
    "or unset the variable."
)
_UNKNOWN_NAME = (
    "Its name is not known here: check the network, and HEYGEN_API_BASE where it is set."
)
_NOT_SENT_CURES = {
    _CERTIFICATE: _UNTRUSTED,
    PROXY_REFUSED: _PROXY,
    "getaddrinfo": _UNKNOWN_NAME,
    "Name or service not known": _UNKNOWN_NAME,
    "name resolution": _UNKNOWN_NAME,
    "nodename nor servname": _UNKNOWN_NAME,
}
"""A part of what the system says of a connection that was not made, and its cure."""

_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")

_SOMETHING_BETWEEN = (
    "A proxy, a firewall or a VPN on the way answered, not HeyGen, so the key was not looked at. "
    "Try another network, or ask whoever runs this one to let api.heygen.com pass. Nothing was "
    "sent."
)


def is_lasting(reply: Reply[object]) -> bool:
    """Return whether asking again in a moment would change nothing."""
    return isinstance(reply, NotSent) and _CERTIFICATE in reply.reason


def explain_silence(
    reply: Reply[object], environment: Mapping[str, str] = MappingProxyType({})
) -> LookbookError:
    """Return the error for an API that could not be asked, however often it was tried.

    ``environment`` tells whether a proxy stood between.
    """
    proxy = next((name for name in _PROXIES if environment.get(name)), None)
    through = f"{proxy} is set: is that proxy there, and does it let api.heygen.com pass?"
    if isinstance(reply, Refusal) and reply.status in (402, 403):
        hint = "Nothing was sent." if reply.enveloped else _SOMETHING_BETWEEN
        said = explain(reply) if reply.enveloped else describe_reply(reply)
        return AccountError(f"HeyGen cannot be asked: {said}", hint=hint)
    if isinstance(reply, NotSent):
        cures = [cure for part, cure in _NOT_SENT_CURES.items() if part in reply.reason]
        if proxy is not None and (not cures or cures[0] == _UNKNOWN_NAME):
            cures.insert(0, through)
        if cures:
            return ApiTrouble(
                f"No connection to HeyGen: {reply.reason}.", hint=f"{cures[0]} Nothing was sent."
            )
    return ApiTrouble(
        f"HeyGen does not answer: {describe_reply(reply)}",
        hint="Nothing was sent. Run the same command again when it is back.",
    )
