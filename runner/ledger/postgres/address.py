"""The address of a database: what it names, and what in it is shown to nobody."""

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from runner.errors import UsageError

SECRETS = (
    "password",
    "sslpassword",
    "oauth_client_secret",
    "scram_client_key",
    "scram_server_key",
)
"""The parts of an address that are shown to nobody."""


def describe_address(address: str) -> str:
    """Return which database an address names, without who asks and without a password.

    Raises UsageError for an address that is none. What is wrong with it is not told: the parser
    quotes what may be a password.
    """
    try:
        parts = conninfo_to_dict(address)
    except psycopg.Error:
        raise _refuse_address() from None
    if any("@" in str(parts.get(name, "")) for name in ("host", "port", "dbname")):
        raise _refuse_address()
    place = f"{parts.get('host') or 'localhost'}:{parts.get('port') or 5432}"
    if parts.get("service"):
        place = f"service {parts['service']}"
    return f"postgresql {place}/{parts.get('dbname') or parts.get('user') or ''}".rstrip("/")


def _refuse_address() -> UsageError:
    return UsageError(
        "This is no address of a PostgreSQL database.",
        hint="An example: --on postgresql://lookbook@db.example/studio (in a password, @ is "
        "written %40, / is %2F, and % is %25)",
    )


def split_secrets(address: str) -> tuple[tuple[str, ...], str]:
    """Return the passwords in an address, and the address without them, to be copied."""
    parts = conninfo_to_dict(address)
    found = tuple(str(parts.pop(name)) for name in SECRETS if name in parts)
    return found, make_conninfo("", **parts) if found else address
