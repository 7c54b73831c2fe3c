"""Whether a ledger has the tables that this program made, and nothing beside them.

A ledger may come from somebody else. A trigger, a view or an index in it would act on what is
written and read here: a take that was paid for could vanish as it is recorded.
"""

import re
import sqlite3
from functools import cache, lru_cache
from importlib.resources import files

_COMMENT = re.compile(r"--[^\n]*")
_STATISTICS = re.compile(r"sqlite_stat[134]")
"""What ``ANALYZE`` leaves behind, in whatever program somebody opened the file."""

_OLD_INDEX = (
    "the index events_of_a_take",
    "events: CREATE INDEX events_of_a_take ON events (take) WHERE take IS NOT NULL",
)
"""What the very first ledgers had as well; nothing has been asked of it since."""


def list_migrations() -> list[str]:
    """Return the SQL of every migration, oldest first; number N leads to schema version N."""
    folder = files("runner.ledger") / "migrations"
    return [
        entry.read_text("utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".sql")
    ]


def check_layout(connection: sqlite3.Connection, version: int) -> str | None:
    """Return in words what a ledger of a schema version has that it should not; None where nothing.

    A file that was only just begun has no table at all. Raises sqlite3.Error.
    """
    if version < 0:
        return f"its version is {version}"
    found = _read_layout(connection)
    known = _layout_of(version)
    if found.get(_OLD_INDEX[0]) == _OLD_INDEX[1]:
        del found[_OLD_INDEX[0]]
    for name in sorted(found.keys() ^ known.keys()):
        return f"{name} is missing" if name in known else f"it holds {name}, which is none of ours"
    changed = sorted(name for name in known if found[name] != known[name])
    return f"{changed[0]} is not as it was made" if changed else None


@cache
def _layout_of(version: int) -> dict[str, str]:
    connection = sqlite3.connect(":memory:")
    try:
        for script in list_migrations()[:version]:
            connection.executescript(script)
        return _read_layout(connection)
    finally:
        connection.close()


def _read_layout(connection: sqlite3.Connection) -> dict[str, str]:
    """Return what a schema holds: its SQL without comments and white space, by kind and name."""
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")
    return {
        f"the {kind} {name}": f"{table}: {_normalize(sql or '')}"
        for kind, name, table, sql in rows
        if not (kind == "table" and _STATISTICS.fullmatch(name))
        if not (kind == "index" and sql is None)  # SQLite's own, of a key
    }


@lru_cache(100)  # every ledger has the same few
def _normalize(sql: str) -> str:
    """Return SQL without comments, white space, and what differs in the very first ledgers."""
    text = " ".join(_COMMENT.sub("", sql).split())
    return text.replace(" NOT NULL PRIMARY KEY", " PRIMARY KEY").removesuffix(", WITHOUT ROWID")
