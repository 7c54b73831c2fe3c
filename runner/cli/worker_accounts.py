"""The accounts that a worker serves: their keys are found here, and each is asked who it is."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import anyio

from runner.cli.account import open_account
from runner.cli.context import Context
from runner.cli.redact import add_secret
from runner.errors import AccountError, UsageError
from runner.heygen.credentials import find_credentials, find_named_credentials, variable_of
from runner.queue.port import WorkerQueue
from runner.takes import Account

ACCOUNT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
SECRETS = ("HEYGEN_API_KEY", "HEYGEN_API_BASE")


@dataclass(frozen=True, slots=True)
class ServedAccount:
    """An account with the environment in which its runs are carried out: no other key is in it."""

    account: Account
    name: str | None
    environment: Mapping[str, str] = field(repr=False)


def find_accounts_to_serve(context: Context, names: Sequence[str]) -> list[ServedAccount]:
    """Return the accounts of these names, or the one that this environment has the key of.

    Raises UsageError for names that cannot be, AccountError where there is no key, or one that is
    not accepted.
    """
    served = [_ask(context, name) for name in names or (None,)]
    for one in served:
        twins = [other.name for other in served if other.account == one.account]
        if len(twins) > 1:
            raise UsageError(f"{' and '.join(map(str, twins))} are one account: name it once.")
    return served


def _ask(context: Context, name: str | None) -> ServedAccount:
    environment = {
        variable: value
        for variable, value in context.environment.items()
        if not any(variable.startswith(f"{secret}_") for secret in SECRETS)
    }
    if name is None:
        credentials, _ = find_credentials(context.environment, context.home)
    elif not ACCOUNT_NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name of an account.",
            hint="It is one word of letters, digits, - and _, as in --account studio-a.",
        )
    else:
        credentials = find_named_credentials(name, context.environment, context.home)
        base = context.environment.get(variable_of("HEYGEN_API_BASE", name))
        if base:
            environment["HEYGEN_API_BASE"] = base
    add_secret(credentials.key)
    environment["HEYGEN_API_KEY"] = credentials.key

    async def ask() -> Account:
        async with open_account(context._replace(environment=environment)) as opened:
            return opened.account

    return ServedAccount(anyio.run(ask), name, environment)


def note_names(queue: WorkerQueue, served: Sequence[ServedAccount]) -> None:
    """Note which account a name means. Raises AccountError where it means another's already."""
    for one in served:
        if one.name is None:
            continue
        known = queue.name_account(one.name, one.account)
        if known != one.account:
            raise AccountError(
                f"{one.name} is {known.label} in this database, and the key here is "
                f"{one.account.label}'s.",
                hint="Use that account's key, or another name.",
            )
