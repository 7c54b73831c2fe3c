"""What a campaign's rows in PostgreSQL say, and those of its account's other campaigns."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from runner.ledger.backend import EventRow, TransactionUndone, repeat_undone
from runner.ledger.bodies import join_body, list_blobs
from runner.ledger.postgres.connection import ConnectionLost, PostgresConnection
from runner.ledger.postgres.statements import TAKE_COLUMNS

_EVENT = "SELECT seq, at, run, take, kind, facts FROM lookbook.events WHERE campaign = %s"


class CampaignRows:
    """The rows of one campaign, for reading (``runner.ledger.backend.Backend``)."""

    def __init__(self, connection: PostgresConnection, campaign: int) -> None:
        self._connection = connection
        self._campaign = campaign
        self._in_view = False

    @contextmanager
    def one_view(self) -> Iterator[None]:
        """Read everything in one transaction that sees one moment.

        Raises TransactionUndone where its connection is lost: half of it was read.
        """
        self._fetch("SELECT 1")  # a connection that was lost meanwhile is made anew
        self._in_view = True
        try:
            with self._connection.view():
                yield
        except ConnectionLost as error:
            raise TransactionUndone(str(error)) from error
        finally:
            self._in_view = False

    def _fetch(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a statement that may be repeated, unless it is part of a view."""
        if self._in_view:
            return self._connection.fetch(statement, values)
        return self._connection.repeat(lambda: self._connection.fetch(statement, values))

    def _mine(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return self._fetch(statement, self._campaign, *values)

    def _at_length(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what is read of a whole account: that may take longer than a transaction does."""

        def read() -> list[tuple[Any, ...]]:
            with self.one_view():
                return self._mine(statement, *values)

        return repeat_undone(read)

    def _events(self, rest: str, *values: object) -> list[EventRow]:
        return [EventRow._make(row) for row in self._mine(f"{_EVENT} {rest}", *values)]

    def _one(self, rest: str, *values: object) -> EventRow | None:
        return next(iter(self._events(rest, *values)), None)

    def meta(self) -> dict[str, str]:
        return dict(self._mine("SELECT key, value FROM lookbook.meta WHERE campaign = %s"))

    def takes(self) -> Iterable[Sequence[Any]]:
        columns = ", ".join(TAKE_COLUMNS)
        return self._mine(f"SELECT {columns} FROM lookbook.takes WHERE campaign = %s")  # noqa: S608 - our own names

    def has_takes(self) -> bool:
        return bool(
            self._mine(
                "SELECT 1 FROM lookbook.takes WHERE campaign = %s AND state <> 'planned' LIMIT 1"
            )
        )

    def picks(self) -> dict[str, str]:
        return dict(self._mine("SELECT look, take FROM lookbook.picks WHERE campaign = %s"))

    def assets(self) -> dict[str, str]:
        return dict(self._mine("SELECT sha256, asset_id FROM lookbook.assets WHERE campaign = %s"))

    def events(self, *kinds: str) -> Iterable[EventRow]:
        if not kinds:
            return self._events("ORDER BY seq")
        return self._events("AND kind = ANY(%s) ORDER BY seq", [*map(str, kinds)])

    def event(self, seq: int) -> EventRow | None:
        return self._one("AND seq = %s", seq)

    def last_event(self, *besides: str) -> EventRow | None:
        rest = "AND kind <> ALL(%s::text[]) ORDER BY seq DESC LIMIT 1"
        return self._one(rest, [*map(str, besides)])

    def events_after(self, seq: int) -> Sequence[EventRow]:
        return self._events("AND seq > %s ORDER BY seq", seq)

    def last_event_of(self, take: str | None, kind: str) -> EventRow | None:
        rest = "AND take IS NOT DISTINCT FROM %s AND kind = %s ORDER BY seq DESC LIMIT 1"
        return self._one(rest, take, str(kind))

    def last_at(self) -> float:
        rows = self._mine("SELECT max(at) FROM lookbook.events WHERE campaign = %s")
        return rows[0][0] or 0.0

    def body(self, sha256: str) -> bytes:
        found = self._mine(
            "SELECT pieces FROM lookbook.bodies WHERE campaign = %s AND sha256 = %s", sha256
        )
        if not found:
            raise KeyError(sha256)
        wanted = list_blobs(found[0][0])
        blobs = dict(
            self._mine(
                "SELECT sha256, data FROM lookbook.blobs WHERE campaign = %s AND sha256 = ANY(%s)",
                wanted,
            )
        )
        if not blobs.keys() >= {*wanted}:
            raise ValueError(f"a piece of the stored body {sha256} is missing")
        return join_body(found[0][0], blobs, sha256)

    def takes_besides(self) -> list[tuple[Any, ...]]:
        """Return what the account's other campaigns hold: campaign, and ``KnownTakes`` of it."""
        return self._at_length(
            "SELECT other.name, look || '#' || number, take.name, state, kind, avatar_id, group_id "
            "FROM lookbook.campaigns mine JOIN lookbook.campaigns other "
            "ON other.account = mine.account AND other.id <> mine.id "
            "JOIN lookbook.takes take ON take.campaign = other.id WHERE mine.id = %s "
            "ORDER BY other.name"
        )

    def facts_besides(self, kinds: Sequence[str]) -> list[tuple[Any, ...]]:
        """Return what they learned of the account: campaign, and ``KnownFacts`` of it, in order."""
        return self._at_length(
            "SELECT other.name, at, kind, facts FROM lookbook.campaigns mine "
            "JOIN lookbook.campaigns other ON other.account = mine.account AND other.id <> mine.id "
            "JOIN lookbook.events event ON event.campaign = other.id "
            "WHERE mine.id = %s AND kind = ANY(%s) ORDER BY other.name, event.seq",
            [*map(str, kinds)],
        )

    def moved_besides(self) -> bool:
        """Return whether a take of another campaign of the account moved since this was claimed.

        By the database's clock.
        """
        rows = self._mine(
            "SELECT EXISTS (SELECT FROM lookbook.campaigns mine JOIN lookbook.campaigns other "
            "ON other.account = mine.account AND other.id <> mine.id WHERE mine.id = %s "
            "AND mine.claimed_at < (SELECT max(moved_at) FROM lookbook.takes take "
            "WHERE take.campaign = other.id AND take.kind <> 'existing'))"
        )
        return bool(rows[0][0])
