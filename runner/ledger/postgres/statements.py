"""One commit of a campaign as the statements of one transaction in PostgreSQL."""

import json
from collections.abc import Iterator
from functools import cache

from runner.ledger.backend import Changes, TakeChange
from runner.ledger.postgres.connection import Statement
from runner.takes import Take

TAKE_COLUMNS = list(Take.__dataclass_fields__)
"""The columns of a take, in the order in which its rows are read."""

_encode = json.JSONEncoder(ensure_ascii=False).encode
_EVENTS = (
    "INSERT INTO lookbook.events (campaign, seq, at, run, take, kind, facts) "
    "SELECT %s, * FROM unnest(%s::bigint[], %s::double precision[], %s::text[], %s::text[], "
    "%s::text[], %s::text[])"
)
_UPSERT = (
    f"INSERT INTO lookbook.takes (campaign, {', '.join(TAKE_COLUMNS)}) "  # noqa: S608 - our names
    f"VALUES (%s, {', '.join('%s' for _ in TAKE_COLUMNS)}) "
    "ON CONFLICT (campaign, uid) DO UPDATE SET "
    f"{', '.join(f'{name} = excluded.{name}' for name in TAKE_COLUMNS)}, "
    "moved_at = clock_timestamp()"
)
_PUT_META = (
    "INSERT INTO lookbook.meta VALUES (%s, %s, %s) "
    "ON CONFLICT (campaign, key) DO UPDATE SET value = excluded.value"
)
_PUT_PICK = (
    "INSERT INTO lookbook.picks VALUES (%s, %s, %s) "
    "ON CONFLICT (campaign, look) DO UPDATE SET take = excluded.take"
)
_PUT_ASSET = (
    "INSERT INTO lookbook.assets VALUES (%s, %s, %s) "
    "ON CONFLICT (campaign, sha256) DO UPDATE SET asset_id = excluded.asset_id"
)
_COUNT_AT = "SELECT lookbook.count_at(%s, %s, %s, %s)"


def make_fence(campaign: int, epoch: int | None, seq: int, more: int = 0) -> Statement:
    """Return what each transaction that writes a campaign begins with."""
    return "SELECT lookbook.advance(%s, %s, %s, %s)", (campaign, epoch, seq, more)


def list_statements(
    changes: Changes, campaign: int, epoch: int | None, seq: int
) -> Iterator[Statement]:
    """Yield what writes a commit's changes, the fence first.

    ``epoch`` is the claim's, ``seq`` the number of the campaign's last event.
    """
    events = changes.events
    yield make_fence(campaign, epoch, seq, len(events))
    for key, value in changes.meta.items():
        yield _PUT_META, (campaign, key, value)
    for table, values in (("blobs", changes.blobs), ("bodies", changes.bodies)):
        for sha256, content in values.items():
            yield (
                f"INSERT INTO lookbook.{table} VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",  # noqa: S608 - our own names
                (campaign, sha256, content),
            )
    if events:
        numbers = [*range(seq + 1, seq + 1 + len(events))]
        rows = [(e.at, e.run, e.take, str(e.kind), _encode(e.facts)) for e in events]
        yield _EVENTS, (campaign, numbers, *map(list, zip(*rows, strict=True)))
    for kind, usd, is_open in changes.counted:
        yield _COUNT_AT, (campaign, str(kind), usd, is_open)
    for change in changes.takes:
        yield _write_take(change, campaign)
    for look, take in changes.picks.items():
        if take is None:
            delete = "DELETE FROM lookbook.picks WHERE campaign = %s AND look = %s"
            yield delete, (campaign, look)
        else:
            yield _PUT_PICK, (campaign, look, take)
    for sha, asset_id in changes.assets:
        if sha is None:
            delete = "DELETE FROM lookbook.assets WHERE campaign = %s AND asset_id = %s"
            yield delete, (campaign, asset_id)
        else:
            yield _PUT_ASSET, (campaign, sha, asset_id)


def _write_take(change: TakeChange, campaign: int) -> Statement:
    values = [*change.columns.values()]
    if change.is_new:
        return _UPSERT, (campaign, *values)
    return _update(tuple(change.columns)), (*values, campaign, change.uid)


@cache
def _update(names: tuple[str, ...]) -> str:
    """Return the statement that updates these columns of one take.

    What happens at HeyGen is stamped by the database's clock: machines need not agree on the time.
    """
    sets = [f"{name} = %s" for name in names]
    if "state" in names or "resent_at" in names:
        sets.append("moved_at = clock_timestamp()")
    return f"UPDATE lookbook.takes SET {', '.join(sets)} WHERE campaign = %s AND uid = %s"  # noqa: S608 - names of our own
