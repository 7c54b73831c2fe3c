"""What a run needs of its surroundings, checked one by one, with what to do about each."""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

from runner.cli.account import ask_account
from runner.cli.context import Context
from runner.cli.spending import billing_notes
from runner.errors import LookbookError
from runner.executor.refunds import usd_balance
from runner.heygen.client import HeyGen
from runner.heygen.credentials import find_credentials
from runner.heygen.network import check_network_settings
from runner.heygen.settings import ApiSettings, read_settings
from runner.ledger.sqlite_errors import explain_sqlite_error
from runner.policy.exit_codes import Exit
from runner.policy.retry import RetryLimits
from runner.quantities import format_duration, format_usd
from runner.replies import Answer, Reply, UserData

OK, WARNING, FAILED = "ok", "warning", "failed"

MAX_CLOCK_ERROR = 60.0
"""Seconds by which the clock may differ from HeyGen's."""

MIN_FREE_BYTES = 1_000_000_000
"""What a disk should have free: a picture takes one to three megabytes."""

PROXIES = ("HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")

SYNCED = ("Dropbox", "OneDrive", "Google Drive", "GoogleDrive", "iCloud Drive", "CloudStorage")
"""Parts of the paths of folders that another program copies while they are written."""

SCRIPTS = {
    "Chinese": "\u6f22",
    "Japanese": "\u3042",
    "Korean": "\ud55c",
    "Arabic": "\u0639",
    "Hebrew": "\u05d0",
    "Devanagari": "\u0915",
    "Thai": "\u0e01",
}
"""A letter of each script that contact sheets take from a font of this machine."""


@dataclass(frozen=True, slots=True)
class Check:
    """What was found: ``status`` is ok, warning or failed, ``exit`` the code of a failure."""

    name: str
    status: str
    message: str
    hint: str | None = None
    exit: Exit = Exit.DONE

    @classmethod
    def fail(cls, name: str, error: LookbookError) -> "Check":
        """Return the failure that an error tells of."""
        return cls(name, FAILED, error.message, error.hint, Exit(error.exit_code))


async def check_surroundings(context: Context, folder: Path, tell: Callable[[Check], None]) -> None:
    """Check network, key, account, wallet, clock, the folder and the fonts; report each."""
    try:
        check_network_settings(context.environment)
        tell(Check("network", OK, _describe_network(context.environment)))
        await _check_account(context, read_settings(context.environment), tell)
    except LookbookError as error:
        tell(Check.fail("network", error))
    tell(_check_folder(folder))
    tell(_check_room(folder))
    tell(_check_fonts())


async def _check_account(
    context: Context, settings: ApiSettings, tell: Callable[[Check], None]
) -> None:
    """Check the key, and ask its account who it is; what depends on a failure is not told."""
    try:
        credentials, warnings = find_credentials(context.environment, context.home)
    except LookbookError as error:
        tell(Check.fail("key", error))
        return
    status = WARNING if warnings else OK
    tell(Check("key", status, f"found in {credentials.source}", " ".join(warnings) or None))
    replies: list[Reply[UserData]] = []
    async with HeyGen(
        credentials,
        settings.address,
        transport=context.transport,
        allow_http=settings.allow_http,
        now=context.clock.now,
    ) as api:

        async def call() -> Reply[UserData]:
            replies.append(await api.me())
            return replies[-1]

        try:
            user = await ask_account(context, call, RetryLimits(retries=1))
        except LookbookError as error:
            tell(Check.fail("account", error))
            return
    tell(Check("account", OK, f"{settings.address.host}/{user.username}"))
    tell(_check_wallet(user))
    tell(_check_clock(replies[-1], context.clock.now()))


def _describe_network(environment: Mapping[str, str]) -> str:
    """Return which proxies and certificates are set; of a proxy neither user nor password."""
    found = []
    for name in (*PROXIES, *map(str.lower, PROXIES)):
        if value := environment.get(name):
            parts = urlsplit(value)
            scheme = f"{parts.scheme}://" if parts.netloc else ""  # a proxy may stand without one
            shown = scheme + (parts.netloc or value).rpartition("@")[2]
            found.append(f"{name} {shown}")
    found += [f"{name} {environment[name]}" for name in CERTIFICATES if environment.get(name)]
    return ", ".join(found) or "no proxy, no certificates of its own"


def _check_wallet(user: UserData) -> Check:
    balance, notes = usd_balance(user), " ".join(billing_notes(user, Decimal(0)))
    if balance is None:
        return Check("wallet", OK, notes or "HeyGen tells of none", None)
    if balance <= 0 and user.auto_reload is None:
        hint = "Top it up at heygen.com (Settings, API): what is bought here is paid from it."
        return Check("wallet", FAILED, f"{format_usd(balance)}: empty", hint, Exit.ACCOUNT)
    return Check("wallet", OK, format_usd(balance), notes or None)


def _check_clock(reply: Reply[UserData], now: float) -> Check:
    there = reply.server_time if isinstance(reply, Answer) else None
    if there is None:
        return Check("clock", OK, "HeyGen's answer had no time to compare it with")
    off = now - there
    if abs(off) <= MAX_CLOCK_ERROR:
        return Check("clock", OK, "agrees with HeyGen's")
    which = "ahead of" if off > 0 else "behind"
    hint = "Set this machine's clock: what a lost answer bought is decided by the time."
    return Check("clock", WARNING, f"{format_duration(abs(off))} {which} HeyGen's", hint)


def _check_folder(folder: Path) -> Check:
    """Try what a ledger does in the folder: a database with a log beside it."""
    try:
        with tempfile.TemporaryDirectory(prefix=".lookbook-doctor-", dir=folder) as place:
            _try_database(Path(place) / "try.sqlite")
    except (OSError, LookbookError) as error:
        why = error.message if isinstance(error, LookbookError) else error.strerror or error
        hint = "A campaign keeps its ledger and pictures beside the manifest: use another folder."
        return Check("folder", FAILED, f"{folder} cannot be used: {why}", hint, Exit.FAILED)
    if part := next((name for name in SYNCED if name in str(folder)), None):
        hint = (
            "A program that copies a ledger while it is written can damage it: see docs/money.md."
        )
        return Check("folder", WARNING, f"{folder} is synchronized ({part})", hint)
    return Check("folder", OK, f"{folder} can hold a ledger")


def _try_database(path: Path) -> None:
    """Write a database as ledgers are written. Raises LookbookError."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = wal")
            connection.execute("CREATE TABLE tried (value)")
            connection.commit()
    except sqlite3.Error as error:
        raise explain_sqlite_error(error, path) from error


def _check_room(folder: Path) -> Check:
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Check("disk", WARNING, f"cannot be asked: {error.strerror or error}")
    told = f"{free / 1e9:,.1f} GB free"
    if free < MIN_FREE_BYTES:
        return Check("disk", WARNING, told, "A picture takes one to three megabytes.")
    return Check("disk", OK, told)


def _check_fonts() -> Check:
    """Return which scripts a contact sheet can set; the program's own typefaces have the rest."""
    missing = list(_find_unset_scripts())
    if not missing:
        return Check("fonts", OK, "contact sheets have every common script")
    hint = "Only contact sheets need them. Debian and Ubuntu: fonts-noto-core, fonts-noto-cjk."
    return Check("fonts", WARNING, f"none for {', '.join(missing)}", hint)


def _find_unset_scripts() -> Iterator[str]:
    from runner.catalog.sheet.lettering import choose_typeface

    for name, letter in SCRIPTS.items():
        if letter not in choose_typeface(letter, "sans")[1]:
            yield name
