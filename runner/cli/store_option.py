"""``--store``: the folder or bucket that several machines share for pictures and pages."""

import click

from runner.cli.context import Context
from runner.cli.redact import add_secret
from runner.errors import UsageError
from runner.extras import install_command
from runner.store.port import NamedStore

VARIABLE = "LOOKBOOK_STORE"


def _find_store(
    ctx: click.Context, _param: click.Parameter, value: str | None
) -> NamedStore | None:
    """Return the store that was named, if one was (a callback)."""
    context: Context = ctx.ensure_object(Context)
    if value is None and ctx.params.get("simulate"):
        return None  # as with the shared ledger: a rehearsal takes only what its own line names
    address = context.environment.get(VARIABLE) if value is None else value
    if address is None:
        return None
    if not (address := address.strip()):
        raise UsageError(
            f"{VARIABLE if value is None else '--store'} names no store: it is empty.",
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
    f"several machines can share, and take pictures from there; also from {VARIABLE}.",
)
