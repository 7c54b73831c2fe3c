"""Opening the SQLite file: durability, migrations, and how a damaged file is recognised.

WAL mode and ``synchronous=FULL``: a transaction that was committed survives a crash of the process
and a loss of power.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from runner.errors import LedgerDamaged, LookbookError, UsageError
from runner.files import is_stream, open_file, write_output
from runner.ledger.checksum import is_as_left
from runner.ledger.layout import check_layout, list_migrations
from runner.ledger.log import is_foreign_log
from runner.ledger.row_check import find_nonsense
from runner.ledger.sqlite_errors import REBUILD, explain_errors
from runner.ledger.state_check import refuse_odd_file

BESIDE = ("", "-wal", "-shm", "-journal")
"""What SQLite opens beside a ledger, by the endings of the names."""

MAX_VALUE_BYTES = 256 * 1024 * 1024
"""What one value of a ledger may have: a body with pictures in it, with room to spare."""

CHUNK = 1 << 20

SCHEMA_VERSION = len(list_migrations())
"""The version that this program reads and writes (``PRAGMA user_version``)."""


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open or create a ledger, bring it to the present schema, and make every commit durable.

    Raises StorageError, LedgerDamaged, or UsageError for a ledger of a newer program.
    """
    with explain_errors(path):
        _refuse_links(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            _distrust(connection)
            _check(connection, path)
            _check_log(connection, path)
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA busy_timeout = 5000")
            migrate(connection)
        except BaseException:
            connection.close()
            raise
    return connection


@contextmanager
def peek_ledger(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a ledger for one small question, without looking through all of it for damage.

    Whoever reads or writes it afterwards does that. Raises as ``open_for_reading`` does, also where
    the damage is met in answering, whatever it is.
    """
    connection = open_for_reading(path, whole=False)
    try:
        with explain_errors(path):
            yield connection
    except LookbookError:
        raise
    except Exception as error:  # a row is missing, or a text is no number: anybody's ledger
        problem = str(error) or type(error).__name__
        raise LedgerDamaged(f"The ledger {path} is damaged: {problem}.", hint=REBUILD) from error
    finally:
        connection.close()


def open_for_reading(path: Path, *, whole: bool = True) -> sqlite3.Connection:
    """Open a ledger without changing it, also while a run is writing it.

    The ``whole`` file is looked through for damage. Raises LedgerDamaged, or UsageError for a
    ledger of a newer program.
    """
    with explain_errors(path):
        _refuse_links(path)
        uri = path.resolve().as_uri()
        try:
            connection = _connect(f"{uri}?mode=ro", path, whole=whole)
        except sqlite3.OperationalError:
            if os.access(path.parent, os.W_OK):
                raise
            connection = _connect_unshared(path, whole=whole)
        return _as_of_today(connection)


def _connect_unshared(path: Path, *, whole: bool) -> sqlite3.Connection:
    """Return a connection where the folder cannot hold the shared-memory file that WAL needs.

    What a killed run left in the log is read from a copy: SQLite would pass over it.
    """
    log = path.with_name(f"{path.name}-wal")
    if not log.is_file() or not log.stat().st_size:
        return _connect(f"{path.resolve().as_uri()}?immutable=1", path, whole=whole)
    from shutil import copyfile
    from tempfile import TemporaryDirectory

    memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    try:
        with TemporaryDirectory(prefix="lookbook-") as folder:
            copy = Path(folder) / path.name
            copyfile(path, copy)
            copyfile(log, copy.with_name(log.name))
            with closing(_connect(copy.as_uri(), path, whole=whole)) as copied:
                copied.backup(memory)
        _distrust(memory)
    except BaseException:
        memory.close()
        raise
    return memory


def _connect(uri: str, path: Path, *, whole: bool) -> sqlite3.Connection:
    """Return a connection to a ledger that was checked; leave none open where it is refused."""
    # Who follows a ledger in a thread of its own may close it from another, afterwards.
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    try:
        _distrust(connection)
        _check(connection, path, whole=whole)
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_links(path: Path) -> None:
    """Raise UsageError where a ledger, or what SQLite opens beside it, is no plain file.

    SQLite follows links, and waits for pipes.
    """
    for ending in BESIDE:
        refuse_odd_file(path.with_name(f"{path.name}{ending}"))


def _distrust(connection: sqlite3.Connection) -> None:
    """Keep what stands in the file's schema from running functions, and bound each value."""
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)


def checkpoint_wal(path: Path) -> None:
    """Checkpoint what is only in a ledger's write-ahead log into its file.

    Raises as ``open_for_writing`` does.
    """
    connection = open_for_writing(path)
    try:
        with explain_errors(path):
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.close()


def copy_ledger(path: Path, target: Path) -> None:
    """Write a ledger as one whole file, also while a run is writing it; what is there is replaced.

    The file alone, copied by hand, lacks what is only in its log. Raises LedgerDamaged or
    StorageError.
    """
    with (
        explain_errors(target),
        closing(open_for_reading(path)) as source,
        scratch_file(target) as whole,
    ):
        with closing(sqlite3.connect(whole, isolation_level=None)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE").fetchone()
        write_whole(whole, target)


def write_whole(whole: Path, target: Path) -> None:
    """Write a copy that is complete to where it is wanted, at once. Raises StorageError."""
    with open_file(whole, follow=False) as file:
        write_output(target, iter(partial(file.read, CHUNK), b""))


@contextmanager
def scratch_file(target: Path) -> Iterator[Path]:
    """Yield where a copy may grow: beside its target, on the disk that is to hold it."""
    from tempfile import TemporaryDirectory  # few commands make a backup

    folder = None if is_stream(target) else target.parent
    with TemporaryDirectory(prefix=".lookbook-", dir=folder) as name:
        yield Path(name) / "ledger.sqlite"


def _as_of_today(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Return the ledger in the present schema; an older or new one as a copy in memory.

    A run that met a full disk in its first moment leaves a file without any table.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == SCHEMA_VERSION:
        return connection
    copy = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.backup(copy)
        migrate(copy)
    except BaseException:
        copy.close()
        raise
    finally:
        connection.close()
    return copy


def migrate(connection: sqlite3.Connection) -> None:
    """Apply what is missing, each migration in a transaction of its own with its version."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for number, script in enumerate(list_migrations()[version:], start=version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{script}\n;PRAGMA user_version = {number};\nCOMMIT;"
        )


@contextmanager
def one_view(connection: sqlite3.Connection) -> Iterator[None]:
    """Read everything in one transaction: what others commit meanwhile is not seen."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _check(connection: sqlite3.Connection, path: Path, *, whole: bool = True) -> None:
    """Look for damage in one view: a neighbour's run may be making this ledger just now."""
    with one_view(connection):
        _check_view(connection, path, whole=whole)


def _check_view(connection: sqlite3.Connection, path: Path, *, whole: bool) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise UsageError(
            f"{path} was written by a newer lookbook (schema {version}, this one knows "
            f"{SCHEMA_VERSION}).",
            hint="Upgrade lookbook.",
        )
    if (oddity := check_layout(connection, version)) is not None:
        raise LedgerDamaged(f"The ledger {path} is damaged: {oddity}.", hint=REBUILD)
    if not whole:
        return
    if version and (nonsense := find_nonsense(connection)) is not None:
        raise LedgerDamaged(f"The ledger {path} is damaged: {nonsense}.", hint=REBUILD)
    if is_as_left(path):
        return
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise LedgerDamaged(f"The ledger {path} is damaged: {found}.", hint=REBUILD)


def _check_log(connection: sqlite3.Connection, path: Path) -> None:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    if is_foreign_log(path, pages):
        raise LedgerDamaged(
            f"The ledger {path} is damaged: {path.name}-wal, which lies beside it, was written for "
            "another copy of it.",
            hint=REBUILD,
        )
