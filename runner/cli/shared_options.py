"""``--on`` and ``--store``: the database and the place for pictures that several machines share.

A command line names them, or the environment does; a rehearsal takes only what its own line names.
"""

import getpass
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace

import click

from runner.cli.context import Context
from runner.cli.format import warn
from runner.cli.redact import add_secret
from runner.errors import UsageError
from runner.extras import install_command
from runner.ledger.shared import SharedLedgers, open_database
from runner.plan.request import Request
from runner.store.port import NamedStore

ON_VAR = "LOOKBOOK_ON"
STORE_VAR = "LOOKBOOK_STORE"


def _name_database(
    ctx: click.Context, _param: click.Parameter, value: str | None
) -> SharedLedgers | None:
    """Return the database that was named, if one was (a callback)."""
    context: Context = ctx.ensure_object(Context)
    if ctx.resilient_parsing:  # a shell asks what may follow: it finds the address by itself
        ctx.meta[ON_VAR] = value or context.environment.get(ON_VAR)
        return None
    if value is None and ctx.params.get("simulate"):
        return None  # a rehearsal is never shared: what the environment names need not be right
    return find_database(value, context.environment, told=warn)


def find_database(
    value: str | None,
    environment: Mapping[str, str],
    *,
    named: str = "--on",
    told: Callable[[str], None] = lambda _words: None,
) -> SharedLedgers | None:
    """Return the database that was named, or that the environment names; None for none.

    ``named`` is where ``value`` was given; ``told`` is told of a password there. Raises UsageError.
    """
    address = environment.get(ON_VAR) if value is None else value
    if address is None:
        return None
    if not address.strip():
        raise UsageError(
            f"{ON_VAR if value is None else named} names no database: it is empty.",
            hint="Give it the database's address. For a ledger in a file "
            + (f"unset {ON_VAR}." if value is None else f"leave out {named}."),
        )
    database, passwords, shown = open_database(address)
    for password in passwords:
        add_secret(password)
    if value is not None and passwords:
        told(
            "A password on the command line is seen by everybody on this machine, and stays in the "
            f"shell's history. Put the address into {ON_VAR}, or the password into PGPASSWORD or "
            "a service file."
        )
    return SharedLedgers(database, ("--on", shown) if value is not None else ())


on_option = click.option(
    "--on",
    metavar="ADDRESS",
    callback=_name_database,
    help="Keep the ledger in this PostgreSQL database, which several machines can share, and not "
    f"in a file; also from {ON_VAR}. Pictures and catalog stay beside the manifest.",
)


def _find_store(
    ctx: click.Context, _param: click.Parameter, value: str | None
) -> NamedStore | None:
    """Return the store that was named, if one was (a callback)."""
    context: Context = ctx.ensure_object(Context)
    if value is None and ctx.params.get("simulate"):
        return None  # as with --on
    address = context.environment.get(STORE_VAR) if value is None else value
    if address is None:
        return None
    if not (address := address.strip()):
        raise UsageError(
            f"{STORE_VAR if value is None else '--store'} names no store: it is empty.",
            hint="Give it a folder or s3://BUCKET/FOLDER, or leave it out.",
        )
    try:
        from runner.store.objects import find_store_secrets, open_store
    except ImportError:
        raise UsageError(
            "A shared store needs the extra `distributed`, which is not installed.",
            hint=f"Install it: {install_command('distributed')}",
        ) from None
    for secret in find_store_secrets(context.environment):
        add_secret(secret)
    option = ("--store", address) if value is not None else ()
    return NamedStore(open_store(address, context.environment), address.rstrip("/"), option)


store_option = click.option(
    "--store",
    metavar="FOLDER|s3://…",
    callback=_find_store,
    help="Also keep pictures, results.json and the catalog in this folder or S3 bucket, which "
    f"several machines can share, and take pictures from there; also from {STORE_VAR}.",
)


def name_person() -> str:
    """Return who gives this command, for people who share the database."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = "somebody"
    name = f"{user}@{socket.gethostname()}"
    return name.encode("utf-8", "replace").decode()  # the environment may name one in any bytes


def options_of(shared: SharedLedgers | None) -> tuple[str, ...]:
    """Return the option that means the same database in another command, to be copied."""
    return shared.option if shared is not None else ()


def name_database(request: Request) -> tuple[str, ...]:
    """Return the options that mean the simulator, or the same database, in another command."""
    return ("--simulate",) if request.simulate else options_of(request.on)


def hand_on_database(request: Request) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return options and environment by which a child process finds the same database.

    An address with a password is never an argument, which everybody on this machine could read.
    """
    on = None if request.simulate else request.on
    if on is None or on.database.address in on.option or not on.option:
        return name_database(request), {}
    return (), {ON_VAR: on.database.address}


def refuse_rehearsal(request: Request) -> Request:
    """Return a request that shares no rehearsal: what the environment names is left out.

    Raises UsageError where the command line asks for both.
    """
    if request.simulate and options_of(request.on):
        raise UsageError(
            "A rehearsal has its own ledger beside the manifest.",
            hint="Leave out --on, or --simulate.",
        )
    if not request.simulate:
        return request
    named = request.store if request.store is not None and request.store.option else None
    return replace(request, on=None, store=named)
