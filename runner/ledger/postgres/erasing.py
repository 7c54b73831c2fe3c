"""Erases personal data from events of a shared ledger, which the owner of the tables alone may.

Events are append-only: a trigger refuses changes. It is off within one transaction, in which nobody
else can write events, and is on again when that is committed or undone.
"""

from collections.abc import Mapping
from typing import Any

from runner.errors import UsageError
from runner.ledger.postgres.connection import LENGTHEN, PostgresConnection, Statement

IS_OWNER = (
    "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'lookbook.events'::regclass"
)
CHANGE = "ALTER TABLE lookbook.events {} TRIGGER events_are_append_only"
REPLACE = (
    "UPDATE lookbook.events event SET facts = anew.facts "
    "FROM unnest(%s::bigint[], %s::text[]) AS anew (seq, facts) "
    "WHERE event.campaign = %s AND event.seq = anew.seq"
)


def erase_facts(
    connection: PostgresConnection, campaign: int, fence: Statement, facts: Mapping[int, Any]
) -> None:
    """Replace the facts of a campaign's events by number, as JSON text; ``fence`` comes first.

    Raises UsageError for whoever may not.
    """
    if connection.repeat(lambda: connection.fetch(IS_OWNER)) != [(True,)]:
        raise UsageError(
            "Only the owner of the shared ledger's tables may erase events.",
            hint="Run the same command as that user of the database (docs/operations.md). "
            "Nothing was changed.",
        )
    connection.run(
        [
            ("BEGIN", ()),
            *LENGTHEN,
            fence,
            (CHANGE.format("DISABLE"), ()),
            (REPLACE, ([*facts], [*facts.values()], campaign)),
            (CHANGE.format("ENABLE"), ()),
            ("COMMIT", ()),
        ]
    )
