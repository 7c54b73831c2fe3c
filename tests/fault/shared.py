"""The database that several machines share, as bad days play it.

It stands beneath psycopg: every module of ``runner/ledger/postgres`` is the real one, and so are
its statements. Beneath it the tables are SQLite's (``dialect``), or a real server's
(``postgres_tables``). Its clock is the environment's. A connection is lost at any statement, before
or after a commit; the server goes away and comes back. What threads do for a living process
(heartbeats, free places) happens here whenever anybody asks.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from decimal import Decimal
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import anyio
import psycopg

from runner.ledger.backend import Backend
from runner.ledger.postgres import connection as connection_module
from runner.ledger.postgres import location as location_module
from runner.ledger.postgres import owner as owner_module
from runner.ledger.postgres import shared as shared_module
from runner.ledger.postgres.backend import PostgresBackend
from runner.ledger.postgres.connection import PostgresConnection
from runner.ledger.postgres.heartbeat import BEAT, Heartbeat
from runner.ledger.postgres.location import DatabaseLocation
from runner.ledger.postgres.places import UNTOLD, PlaceQueue
from runner.ledger.shared import PostgresDatabase, SharedLedgers
from runner.takes import Account
from tests.fault.dialect import Rows, SqliteTables

if TYPE_CHECKING:
    from tests.fault.environment import Environment
    from tests.fault.process import Process

__all__ = ["JudgedLocation", "SharedDatabase", "Tables", "make_tables"]

ADDRESS = "host=db.example dbname=studio"
"""The address that people give with ``--on``."""

ASIDE = "host=aside.example dbname=studio"
"""The same database, for what is no command's: nothing bad happens on the way."""


class Link(Protocol):
    """A connection to wherever the tables are, which answers as psycopg does."""

    @property
    def closed(self) -> bool:
        """Return whether it is closed."""

    def carry_out(self, statement: str, values: Sequence[Any]) -> Any:
        """Carry out one statement; return what its rows can be fetched from."""

    def commit(self, *, wait: bool) -> None:
        """Commit; where ``wait`` is asked for, return when that is done."""

    def roll_back(self) -> None:
        """End a transaction that is open."""

    def pipeline(self) -> AbstractContextManager[object]:
        """Send statements together."""

    def close(self) -> None:
        """Close it; nothing of an open transaction is kept."""


class Tables(Protocol):
    """Where the tables of a shared database are: in the stand-in, or at a real server."""

    def open(self) -> Link:
        """Open a connection."""

    def ask(self, query: str, *values: object) -> list[Any]:
        """Return what is committed now; values are written ``?``."""

    def view(self, campaign: int) -> Any:
        """Open the rows of one campaign, under the names that a file has."""

    def copy(self) -> None:
        """Keep a copy of everything, as a nightly backup does."""

    def restore(self) -> None:
        """Put the copy in the place of what is there."""

    def close(self) -> None:
        """Leave nothing behind."""


make_tables: ContextVar[Callable[[Path, Callable[[], float]], Tables]] = ContextVar(
    "make_tables", default=SqliteTables
)
"""Makes the tables of an environment, of its folder and its clock."""


class _Time:
    """The time that waits for a connection are measured by."""

    def __init__(self, environment: "Environment") -> None:
        self._environment = environment

    def monotonic(self) -> float:
        """Return the time."""
        return self._environment.now()

    def sleep(self, seconds: float) -> None:
        """Wait, as a thread would: here nothing else goes on meanwhile."""
        if self._environment.loop is None:  # between processes: who judges asks a real server again
            return
        self._environment.alive()
        if seconds > 0:
            self._environment.loop.advance(seconds)


class Session:
    """A connection as psycopg has it; ``owner`` is the process that opened it, if one did."""

    def __init__(self, database: "SharedDatabase", owner: "Process | None") -> None:
        self.owner = owner
        self.info = SimpleNamespace(server_version=180_000)
        self._database = database
        self._link = database.tables.open()
        self._is_lost = False
        self._told: list[tuple[str, str]] = []

    @property
    def closed(self) -> bool:
        """Return whether the connection is gone."""
        return self._is_lost or self._link.closed

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """Carry out one statement."""
        self._database.pass_statement(self)
        if self._is_lost:
            raise psycopg.OperationalError("the connection is closed")
        if statement == "ROLLBACK":
            self._told.clear()
            self._link.roll_back()
            return Rows()
        if statement == "COMMIT":
            return self._commit()
        if statement.startswith("SELECT pg_notify("):
            self._told.append((values[0], values[1]))
            return Rows()
        return self._link.carry_out(statement, values)

    def _commit(self) -> Rows:
        database = self._database
        if database.strikes_commit(self, "before-commit"):
            self._lose()
        is_lost = database.strikes_commit(self, "after-commit")
        self._link.commit(wait=is_lost)
        told, self._told = self._told, []
        for _channel, payload in told:
            account, count = payload.split()
            database.line.free(int(account), int(count))
        if is_lost:
            self._lose()
        return Rows()

    def _lose(self) -> NoReturn:
        self.drop()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    def drop(self) -> None:
        """End the connection; nothing of an open transaction is kept."""
        if not self._is_lost:
            self._is_lost = True
            self._link.close()
            self._database.sessions.remove(self)

    close = drop

    def pipeline(self) -> AbstractContextManager[object]:
        """Send statements together."""
        return self._link.pipeline()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Carry out statements in one transaction."""
        self.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._link.roll_back()
            raise
        self.execute("COMMIT")


class _Heart(Heartbeat):
    """A heartbeat without a thread: what it would have stamped is stamped when anybody asks."""

    def __init__(self, backend: PostgresBackend, database: "SharedDatabase") -> None:
        super().__init__(backend, ADDRESS, timer=database.environment.now)
        self.owner = database.environment.process
        self._database = database
        self._beaten_at = database.environment.now()

    def start(self) -> None:
        """Begin to stamp."""
        self._database.hearts.append(self)

    def stop(self) -> None:
        """Stamp no more."""
        if self in self._database.hearts:
            self._database.hearts.remove(self)

    async def follow_loop(self) -> None:
        """Do nothing: the loop shows by its turns that it goes on."""
        await anyio.sleep_forever()

    def age(self) -> float:
        """Return for how long the loop has been held up in one turn."""
        loop = self.owner.loop
        age = 0.0 if loop is None else loop.time() - loop.turned_at
        return 0.0 if age <= BEAT else age

    def pulse(self, connection: PostgresConnection) -> None:
        """Stamp, where a second has passed; a process that was stopped stamps nothing."""
        now = self._database.environment.now()
        if self.owner.stopped or now - self._beaten_at < BEAT:
            return
        self._beaten_at = now
        if not self._backend.beat(connection, age=self.age()):
            self.stop()


class _Listener:
    """Wakes who waits for a place of the account, in virtual time."""

    def __init__(self, database: "SharedDatabase") -> None:
        self._database = database

    @contextmanager
    def wait(self, account: int, since: float) -> Iterator[anyio.Event]:
        """Stand in the line; yield what is set when a place is free, or after a while."""
        freed, loop = anyio.Event(), self._database.environment.loop
        assert loop is not None
        timer = loop.call_later(UNTOLD, freed.set)

        def wake() -> None:
            loop.call_soon(freed.set)

        with self._database.line.wait(account, since, wake):
            yield freed
        timer.cancel()


class SharedDatabase:
    """One database of an environment; ``ledgers`` is what ``--on`` names."""

    def __init__(self, environment: "Environment") -> None:
        self.environment = environment
        self.tables = make_tables.get()(environment.folder, environment.now)
        self.ledgers = SharedLedgers(PostgresDatabase(ADDRESS, "postgresql db.example/studio"))
        self.sessions: list[Session] = []
        self.hearts: list[_Heart] = []
        self.line = PlaceQueue(environment.now)
        self.listener = _Listener(self)
        self._away_until = 0.0
        self._aside: PostgresConnection | None = None
        self._pulsing = False

    # --- instead of psycopg -------------------------------------------------------------------

    def connect(self, address: str, **_settings: Any) -> Session:
        """Open a connection, as ``psycopg.connect`` does."""
        if address == ASIDE:
            session = Session(self, None)
        else:
            self.environment.alive()
            if self.is_away():
                raise psycopg.OperationalError("connection refused")
            session = Session(self, self.environment.process)
        self.sessions.append(session)
        return session

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Reach this database wherever the product connects to one."""
        setting: dict[tuple[ModuleType, str], Any] = {
            (connection_module, "psycopg"): _Psycopg(self),
            (connection_module, "time"): _Time(self.environment),
            (shared_module, "Heartbeat"): lambda backend, _address: _Heart(backend, self),
            (shared_module, "find_listener"): lambda _address: self.listener,
            (location_module, "SharedLedger"): self._open_ledger,
            (owner_module, "secrets"): SimpleNamespace(token_hex=self._draw_token),
        }
        before = {place: vars(place[0])[place[1]] for place in setting}
        for (module, name), value in setting.items():
            vars(module)[name] = value
        try:
            yield
        finally:
            for (module, name), value in before.items():
                vars(module)[name] = value
            for session in [*self.sessions]:
                session.drop()
            self.tables.close()

    def _draw_token(self, size: int) -> str:
        return f"{self.environment.process.entropy.uid()}"[: 2 * size]

    def _open_ledger(self, address: str, account: Account, campaign: str, **settings: Any) -> Any:
        process = self.environment.process
        process.elsewhere = campaign != process.campaign.name
        ledger = shared_module.SharedLedger(address, account, campaign, **settings)
        if not process.elsewhere:
            process.claimed(ledger._shared._epoch)
        return ledger

    # --- what happens to it -------------------------------------------------------------------

    def is_away(self) -> bool:
        """Return whether nobody can reach it now."""
        return self.environment.now() < self._away_until

    def go_away(self, seconds: float) -> None:
        """End every connection, and accept none for so many seconds."""
        self._away_until = self.environment.now() + seconds
        for session in [*self.sessions]:
            if session.owner is not None:
                session.drop()

    def pass_statement(self, session: Session) -> None:
        """Carry a statement over, unless something happens to its connection first."""
        if session.owner is None:
            return
        self.environment.alive()
        self.pulse()
        if self.is_away() or session.owner.strikes_database("statement"):
            session.drop()

    def strikes_commit(self, session: Session, point: str) -> bool:
        """Return whether a connection is lost at this point of a commit."""
        return session.owner is not None and session.owner.strikes_database(point)

    def pulse(self) -> None:
        """Stamp what the heartbeats of living processes would have stamped by now."""
        if self._pulsing or self.is_away() or not self.hearts:
            return
        self._pulsing = True
        try:
            if self._aside is None or self._aside._connection.closed:
                self._aside = PostgresConnection(ASIDE)
            for heart in [*self.hearts]:
                heart.pulse(self._aside)
        finally:
            self._pulsing = False

    def process_ended(self, process: "Process") -> None:
        """End what a process leaves: its heartbeats and its connections."""
        self.pulse()
        self.hearts = [heart for heart in self.hearts if heart.owner is not process]
        for session in [*self.sessions]:
            if session.owner is process:
                session.drop()

    # --- for who judges -----------------------------------------------------------------------

    def find_campaign(self, name: str) -> int | None:
        """Return the id of a campaign that has events; None for none."""
        found = self.tables.ask(
            "SELECT id FROM lookbook.campaigns WHERE name = ? AND seq > 0", name
        )
        return found[0][0] if found else None

    def find_epoch(self, name: str) -> int | None:
        """Return the epoch of a campaign; None where there is none."""
        found = self.tables.ask("SELECT epoch FROM lookbook.campaigns WHERE name = ?", name)
        return found[0][0] if found else None

    def find_account(self) -> Account | None:
        """Return the only account that it knows."""
        found = self.tables.ask('SELECT host, "user" FROM lookbook.accounts')
        return Account(*found[0]) if found else None

    def count_decisions(self) -> int:
        """Return how many decisions wait for whoever writes their ledger."""
        found: int = self.tables.ask("SELECT count(*) FROM lookbook.decisions")[0][0]
        return found

    def bought_at(self) -> dict[str, float]:
        """Return when each take was bought, by the database's clock."""
        bought = "extract(epoch FROM bought_at)::double precision"
        return dict(self.tables.ask(f"SELECT uid, {bought} FROM lookbook.takes"))

    def set_ceiling(self, usd: Decimal | None) -> None:
        """Set the ceiling by month of all accounts; None removes it."""
        self.tables.ask("DELETE FROM lookbook.ceilings RETURNING 1")
        if usd is not None:
            insert = "INSERT INTO lookbook.ceilings (account, usd, set_by) VALUES (NULL, ?, ?)"
            self.tables.ask(f"{insert} RETURNING 1", str(usd), "who pays")

    def copy(self) -> None:
        """Keep a copy of everything, as a nightly backup does."""
        self._disconnect()
        self.tables.copy()

    def restore(self) -> None:
        """Put the copy of everything in its place."""
        self._disconnect()
        self.tables.restore()

    def _disconnect(self) -> None:
        for judge in self.environment.judges:
            judge.close()
        for session in [*self.sessions]:
            session.drop()

    def locate(self, name: str) -> "JudgedLocation":
        """Return a campaign's ledger, for who judges."""
        return JudgedLocation(self, name)

    def view(self, name: str) -> Any:
        """Open the rows of one campaign, under the names that a file has."""
        campaign = self.find_campaign(name)
        if campaign is None:
            raise LookupError(name)
        return self.tables.view(campaign)


class _Psycopg:
    """psycopg, but for how a connection is made."""

    def __init__(self, database: SharedDatabase) -> None:
        self.connect = database.connect

    def __getattr__(self, name: str) -> Any:
        """Return what psycopg has."""
        return getattr(psycopg, name)


class JudgedLocation:
    """A campaign's ledger, read beside all trouble (``runner.ledger.location.LedgerLocation``)."""

    def __init__(self, database: SharedDatabase, campaign: str) -> None:
        self.database = database
        self.campaign = campaign

    def __str__(self) -> str:
        """Return the campaign's name."""
        return f"{self.campaign} in the shared database"

    def exists(self) -> bool:
        """Return whether it has any events."""
        return self.database.find_campaign(self.campaign) is not None

    def _located(self) -> DatabaseLocation | None:
        account = self.database.find_account()
        return DatabaseLocation(ASIDE, "", account, self.campaign) if account else None

    def read(self) -> Backend | None:
        """Open its rows for reading."""
        found = self._located()
        return found.read() if found is not None and self.exists() else None

    @contextmanager
    def peek(self) -> Iterator[Backend | None]:
        """Open its rows for one small question."""
        found = self._located()
        if found is None:
            yield None
            return
        with found.peek() as backend:
            yield backend

    def is_held(self) -> bool | None:
        """Return whether a living process writes it."""
        found = self._located()
        return found is not None and found.is_held()

    def open(self, **_settings: Any) -> Any:
        """Refuse: who judges writes nothing."""
        raise TypeError("the judge writes nothing")
