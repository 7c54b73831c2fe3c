"""Deletes runs that ended long ago from the queue's tables, and pictures that nothing needs then.

The ledger is another thing: no table of it is named here. A picture is kept once for all runs that
have it. Whoever queues a run looks for its pictures once more after its row is there; here rows of
pictures are locked before the last look at who has them: none is deleted under a new run.
"""

from collections.abc import Sequence

from runner.errors import UsageError
from runner.ledger.postgres.connection import Fetch, PostgresConnection

AT_ONCE = 500
"""So many runs are deleted in one statement: none may take for seconds."""
PICTURES_AT_ONCE = 20
"""So many pictures are deleted in one transaction: the server ends one that lasts for seconds."""

MAY_DELETE = (
    "SELECT bool_and(has_table_privilege(name, 'DELETE')) "
    "FROM unnest(ARRAY['lookbook.runs', 'lookbook.run_output', 'lookbook.pack_blobs']) AS name"
)
FIND = (
    "SELECT id FROM lookbook.runs WHERE ended_at < clock_timestamp() - make_interval(secs => %s) "
    "ORDER BY ended_at"
)
DELETE_RUNS = """
WITH gone AS (DELETE FROM lookbook.runs WHERE id = ANY(%s) AND ended_at IS NOT NULL RETURNING id)
DELETE FROM lookbook.run_output WHERE run IN (SELECT id FROM gone) RETURNING 1
"""
A_WHILE_AGO = "SELECT clock_timestamp() - interval '10 min'"
USED = """
SELECT picture.value FROM (
    SELECT pack FROM lookbook.runs WHERE queued_at > %s
     UNION ALL SELECT pack FROM lookbook.schedules) packed,
    json_each_text(CASE WHEN NOT packed.pack IS JSON OBJECT THEN NULL
                        WHEN json_typeof(packed.pack::json -> 'pictures') = 'object'
                        THEN packed.pack::json -> 'pictures' END) picture
"""
"""The pictures of packs; one that nobody can read has none."""

UNUSED = f"SELECT sha256 FROM lookbook.pack_blobs WHERE sha256 NOT IN ({USED})"  # noqa: S608 - our own words
LOCK = "SELECT 1 FROM lookbook.pack_blobs WHERE sha256 = ANY(%s) ORDER BY sha256 FOR UPDATE"
DELETE_UNUSED = (
    f"DELETE FROM lookbook.pack_blobs WHERE sha256 = ANY(%s) AND sha256 NOT IN ({USED}) RETURNING 1"  # noqa: S608 - our own words
)
EVER = "-infinity"


def find_old_runs(fetch: Fetch, age: float) -> list[str]:
    """Return the runs that ended more than so many seconds ago. Raises UsageError."""
    if fetch(MAY_DELETE) != [(True,)]:
        raise UsageError(
            "This user of the database may not delete runs.",
            hint="Prune as the owner of the tables: docs/operations.md, under "
            '"Roles with the least rights". Nothing was deleted.',
        )
    return [run for (run,) in fetch(FIND, age)]


def delete_runs(fetch: Fetch, runs: Sequence[str]) -> None:
    """Delete those of some runs that have ended, and what they wrote."""
    for first in range(0, len(runs), AT_ONCE):
        fetch(DELETE_RUNS, [*runs[first : first + AT_ONCE]])


def delete_unused_pictures(connection: PostgresConnection) -> int:
    """Delete the pictures that no run and no schedule has; return how many.

    What takes long, to read every pack, locks nothing.
    """
    since = connection.fetch(A_WHILE_AGO)[0][0]
    with connection.view():
        unused = [found for (found,) in connection.fetch(UNUSED, (EVER,))]
    deleted = 0
    for first in range(0, len(unused), PICTURES_AT_ONCE):
        some = unused[first : first + PICTURES_AT_ONCE]
        connection.run([("BEGIN", ()), (LOCK, (some,))])
        deleted += len(connection.fetch(DELETE_UNUSED, (some, since)))
        connection.run([("COMMIT", ())])
    return deleted
