"""One contract for every backend: what was committed is there, and nothing else ever is."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runner.canonical import sha256_hex
from runner.errors import LedgerDamaged, LookbookError, StorageError
from runner.executor.ports import OverBudget
from runner.face_measures import FaceMeasure, NoFace
from runner.ledger.backend import MAX_TRIES, Backend, Changes, Places, TransactionUndone
from runner.ledger.copying import copy_backend
from runner.ledger.database import open_for_writing
from runner.ledger.events import Entry, Note
from runner.ledger.ledger import CampaignLedger, LedgerFile
from runner.ledger.loading import OWNER
from runner.ledger.sqlite import SqliteBackend
from runner.ledger.state import Store
from runner.ledger.transactions import Send, StoreOperation, Transactions
from runner.model import LookKind
from runner.plan.renames import KeyRenames
from runner.policy.budget import Ceilings
from runner.policy.lifecycle import Event
from runner.reviews import Review, ReviewState
from runner.takes import Account, Doubled, MeasuredPrice, PriceState, Take, TakeState
from tests.ledger.history import replay_events
from tests.ledger.memory import MemoryBackend
from tests.ledger.names import Ticking, intent

ME = Account("api.example", "me")
Reopen = Callable[[], Backend]


@pytest.fixture(params=["sqlite", "memory", "postgres"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reopen]:
    """Return a function that opens the same rows once more, as the next process would.

    Only the last one may write.
    """
    if request.param == "memory":
        rows = MemoryBackend()
        yield lambda: rows
        return
    if request.param == "postgres":
        with request.getfixturevalue("shared_ledgers")() as claimed:
            yield claimed
        return
    path = tmp_path / "ledger.sqlite"
    opened: list[SqliteBackend] = []

    def once_more() -> Backend:
        opened.append(SqliteBackend(open_for_writing(path), path))
        return opened[-1]

    yield once_more
    for backend in opened:
        backend.close(sound=False)


def open_ledger(reopen: Reopen, ticking: Ticking, *, ceiling: int | None = None) -> CampaignLedger:
    ceilings = Ceilings(run=None if ceiling is None else Decimal(ceiling))
    ledger = CampaignLedger(
        reopen(), now=ticking.now, entropy=ticking, ceilings=ceilings, inline=True
    )
    ledger.begin(ME, "spring", {})
    return ledger


async def buy(ledger: CampaignLedger, look: str, **more: object) -> Take:
    take = await ledger.intend(intent(look, key=f"key-{look}", **more))
    facts = {"avatar_id": f"look-{look}", "group_id": "g"}
    await ledger.record(take.uid, Event.ACCEPTED, facts)
    return await ledger.record(take.uid, Event.COMPLETED, {"completed_at": 5.0})


async def fill(ledger: CampaignLedger) -> None:
    """Write one of everything that a ledger can hold."""
    picture = "QUJD" * 5000
    for look in ("a", "b"):
        await buy(ledger, look, body=f'{{"name":"{look}","data":"{picture}"}}'.encode())
    lost = await ledger.intend(intent("c", key="key-c"))
    await ledger.record(lost.uid, Event.LOST, {"error_message": "réset \u2028 'quoted' \\u0041"})
    await ledger.resend(lost.uid)
    await ledger.record(lost.uid, Event.LOST, {"error_message": "reset"})
    await ledger.note_listed(["stranger", "other"], ["stranger"])
    await ledger.note_listed(["other", "third"], ["stranger"])
    await ledger.save_asset("ff", "asset-1")
    await ledger.save_asset("ee", "asset-2")
    await ledger.forget_asset("asset-1")
    await ledger.note_doubled([Doubled("twin", "name", lost.uid, Decimal("1.50"))])
    measured = MeasuredPrice(Decimal("0.50"), PriceState.CONFIRMED, Decimal("1.00"), 2)
    await ledger.note_price(LookKind.PROMPT, measured)
    await ledger.note_face(FaceMeasure("77", none=NoFace.SMALL))
    await ledger.record_reviews([(lost.uid, Review(ReviewState.APPROVED, by="me", at=3.0))])
    await ledger.follow(KeyRenames({"a": "b", "b": "a"}))
    ledger.note_wallet({"before": 10.0, "after": 8.5, "currency": "usd"})


async def test_whoever_opens_it_next_finds_all_that_was_committed(
    reopen: Reopen, ticking: Ticking
) -> None:
    first = open_ledger(reopen, ticking)
    assert not first.store.backend.has_takes()
    await fill(first)
    uid = first.takes_of("c")[0].uid
    second = open_ledger(reopen, ticking)
    assert second.store.backend.has_takes()
    assert second.snapshot() == first.snapshot()
    assert second.position() == first.position()
    assert second.was_at(first.position())
    assert second.keys() == first.keys() == {"key-a", "key-b", "key-c"}
    assert second.body(uid) == b'{"name":"a"}'
    assert len(second.body(second.takes_of("a")[0].uid)) > 20_000
    assert second.listed_before(uid) == first.listed_before(uid) == frozenset()
    assert second.accepted == {"stranger"}
    assert second.store.history.listed()[0] == {"stranger", "other", "third"}
    assert (second.asset("ff"), second.asset("ee")) == (None, "asset-2")
    assert second.face("77") == first.face("77") is not None
    assert second.wallet == first.wallet is not None
    assert second.ever_doubled() == {"twin"}
    assert not second.honours_keys
    assert second.store.state.last_at > 0


async def test_a_copy_in_a_file_holds_all_of_it_and_is_gone_on_with(
    reopen: Reopen, ticking: Ticking, tmp_path: Path
) -> None:
    await fill(open_ledger(reopen, ticking))
    backend, path = reopen(), tmp_path / "copy.sqlite"
    copy_backend(backend, path)
    with closing(LedgerFile(path, now=ticking.now, entropy=ticking, inline=True)) as copy:
        assert [*copy.store.backend.events()] == [*backend.events()]
        assert copy.snapshot() == Store(backend).snapshot()
        for take in copy.snapshot().all_takes:
            assert take.body_sha256 is not None
            assert copy.body(take.uid) == backend.body(take.body_sha256)
        copy.begin(ME, "spring", {})
        await copy.intend(intent("d", key="key-d"))


async def test_the_tables_are_what_the_events_amount_to(reopen: Reopen, ticking: Ticking) -> None:
    await fill(open_ledger(reopen, ticking))
    backend = reopen()
    rows = [*backend.events()]
    assert [row.seq for row in rows] == [*range(1, len(rows) + 1)]
    folded = replay_events(row.to_entry() for row in rows)
    assert backend.picks() == folded.picks
    assert backend.assets() == folded.assets
    assert {row[0] for row in backend.takes()} == set(folded.takes)
    wanted = (Note.LISTED, Note.PICKED)
    assert [*backend.events(*wanted)] == [row for row in rows if row.kind in wanted]
    assert backend.event(3) == rows[2]
    assert [*backend.events_after(3)] == rows[3:]
    assert backend.last_event() == rows[-1]
    assert backend.last_event_of(None, Note.RUN_STARTED) == rows[0]
    assert (backend.event(0), backend.event(len(rows) + 1)) == (None, None)
    assert backend.last_event(rows[-1].kind) == next(
        row for row in reversed(rows) if row.kind != rows[-1].kind
    )
    assert backend.last_at() == max(row.at for row in rows)


async def test_faces_that_are_forgotten_are_in_no_event(reopen: Reopen, ticking: Ticking) -> None:
    ledger = open_ledger(reopen, ticking)
    face = FaceMeasure("77", bytes(range(256)))
    await ledger.note_face(face)
    await buy(ledger, "a")
    secret = face.to_facts()["descriptor"]
    assert secret in "".join(row.facts for row in ledger.store.backend.events())
    assert await ledger.forget_faces() == 1
    assert not ledger.snapshot().faces
    await ledger.note_face(FaceMeasure("88", none=NoFace.SMALL))  # it is written on as before
    again = open_ledger(reopen, ticking)
    assert again.snapshot().faces["77"].descriptor is None
    assert "88" in again.snapshot().faces
    assert secret not in "".join(row.facts for row in again.store.backend.events())


async def test_a_send_without_an_answer_is_unknown_for_whoever_comes_next(
    reopen: Reopen, ticking: Ticking
) -> None:
    take = await open_ledger(reopen, ticking).intend(intent())
    second = open_ledger(reopen, ticking)
    assert second.take(take.uid).state is TakeState.UNKNOWN
    assert second.snapshot().spent == 1


async def test_an_operation_that_is_refused_leaves_nothing(
    reopen: Reopen, ticking: Ticking
) -> None:
    ledger = open_ledger(reopen, ticking, ceiling=1)
    await ledger.intend(intent("a"))
    events = len([*ledger.store.history.events()])
    with pytest.raises(OverBudget):
        await ledger.intend(intent("b", key="b"))
    assert len([*ledger.store.history.events()]) == events
    assert open_ledger(reopen, ticking).takes_of("b") == []


def test_a_commit_that_is_not_ready_writes_nothing(reopen: Reopen) -> None:
    backend = reopen()
    changes = Changes(
        events=[Entry(1.0, None, None, Note.ASSET_SAVED, {})],
        picks={"a": "1"},
        assets=[("ff", "asset-1")],
        bodies={sha256_hex(b"x"): '["x"]'},
        meta={"campaign": "spring"},
    )

    def fail() -> None:
        raise RuntimeError("the process ends here")

    with pytest.raises(RuntimeError, match="ends here"):
        backend.commit(changes, ready=fail)
    again = reopen()
    assert ([*again.events()], again.picks(), again.assets(), again.meta()) == ([], {}, {}, {})
    with pytest.raises(KeyError):
        again.body(sha256_hex(b"x"))
    again.commit(changes, ready=lambda: None)
    again = reopen()
    assert (again.picks(), again.meta()) == ({"a": "1"}, {"campaign": "spring"})
    assert again.body(sha256_hex(b"x")) == b"x"


def test_one_view_shows_one_moment_whatever_others_commit(reopen: Reopen) -> None:
    reader, writer = reopen(), reopen()
    if writer is reader:
        pytest.skip("no other process writes here")
    started = Entry(1.0, None, None, Note.ASSET_SAVED, {})
    writer.commit(Changes(events=[started], assets=[("ff", "1")]), ready=lambda: None)
    with reader.one_view():
        assert reader.assets() == {"ff": "1"}
        writer.commit(Changes(events=[started], assets=[("ee", "2")]), ready=lambda: None)
        assert reader.assets() == {"ff": "1"}
        last = reader.last_event()
        assert last is not None
        assert last.seq == 1
        assert reader.events_after(1) == []
    assert len(reader.assets()) == len([*reader.events()]) == 2


class SlowBackend(MemoryBackend):
    """Commits, or is read again after a commit that was undone, when it is let."""

    def __init__(self, *, undone: bool) -> None:
        super().__init__()
        self.undone = undone
        self.waiting, self.go_on = threading.Event(), threading.Event()

    def _wait(self) -> None:
        self.waiting.set()
        assert self.go_on.wait(60)

    def picks(self) -> dict[str, str]:
        if self.commits:
            self._wait()
        return super().picks()

    commits = 0

    def commit(self, changes: Changes, *, ready: Callable[[], None]) -> None:
        self.commits += 1
        if not self.undone:
            self._wait()
        elif self.commits == 1:
            raise TransactionUndone("lost")
        super().commit(changes, ready=ready)


@pytest.mark.parametrize("undone", [False, True])
def test_what_is_in_memory_is_read_while_the_backend_is_waited_for(
    ticking: Ticking, *, undone: bool
) -> None:
    backend = SlowBackend(undone=undone)
    store = Store(backend, now=ticking.now)
    transactions = Transactions(store)
    with ThreadPoolExecutor(2) as threads:
        picked = {"look": "a", "take": "1"}
        done = threads.submit(transactions.transact, [lambda held: held.emit(Note.PICKED, picked)])
        assert backend.waiting.wait(60)
        try:
            read = threads.submit(lambda: (store.snapshot(), store.takes_of("a")))
            assert read.result(timeout=20)[1] == []
        finally:
            backend.go_on.set()
        assert done.result(timeout=20) == [None]


class AwayBackend(MemoryBackend):
    """Is waited for in vain: at the commit, or while it is read after a commit that was undone."""

    def __init__(self, *, in_commit: bool) -> None:
        super().__init__()
        self.in_commit, self.commits, self.is_away = in_commit, 0, False
        self.gone = StorageError("memory cannot be reached")

    def one_view(self) -> AbstractContextManager[object]:
        if self.is_away:
            self.is_away = False  # for the second question it is there again
            raise self.gone
        return super().one_view()

    def commit(self, changes: Changes, *, ready: Callable[[], None]) -> None:
        self.commits += 1
        if self.in_commit:
            raise self.gone
        self.is_away = True
        raise TransactionUndone("lost")


@pytest.mark.parametrize("in_commit", [True, False])
def test_a_ledger_whose_backend_was_waited_for_in_vain_is_broken_and_has_what_was_committed(
    ticking: Ticking, *, in_commit: bool
) -> None:
    backend = AwayBackend(in_commit=in_commit)
    store = Store(backend, now=ticking.now)
    transactions = Transactions(store)
    picked = {"look": "a", "take": "1"}
    for _ in range(2):
        with pytest.raises(StorageError, match="cannot be reached"):
            transactions.transact([lambda held: held.emit(Note.PICKED, picked)])
        assert store.state.picks == {}
    assert backend.commits == 1


class UndonePacer:
    """Reserves places in the end, after the database undid that so often."""

    def __init__(self, undone: int) -> None:
        self.left = undone

    def reserve(self, count: int, *, resent: Sequence[str]) -> Places:
        if self.left:
            self.left -= 1
            raise TransactionUndone("deadlock detected")
        return Places(count)

    def abandon(self) -> None:
        """Release nothing."""


class PacedBackend(MemoryBackend):
    pacer: Any = None

    def explain(self, error: Exception) -> LookbookError | None:
        return StorageError(str(error)) if isinstance(error, TransactionUndone) else None


def test_places_that_the_database_undid_are_reserved_again_for_the_whole_batch(
    ticking: Ticking,
) -> None:
    def pick(look: str) -> StoreOperation:
        return lambda held: held.emit(Note.PICKED, {"look": look, "take": "1"})

    backend = PacedBackend()
    store = Store(backend, now=ticking.now)
    transactions = Transactions(store)
    backend.pacer = UndonePacer(MAX_TRIES - 1)
    assert transactions.transact([Send(pick("sent")), pick("beside")]) == [None, None]
    assert backend.picks() == {"sent": "1", "beside": "1"}
    backend.pacer = UndonePacer(MAX_TRIES)
    with pytest.raises(StorageError, match="deadlock detected"):
        transactions.transact([Send(pick("later"))])
    assert store.state.picks == backend.picks()
    transactions.transact([Send(pick("later"))])
    assert backend.picks() == store.state.picks | {"later": "1"}


def test_events_that_disagree_with_the_tables_are_damage(reopen: Reopen, ticking: Ticking) -> None:
    owner = dict.fromkeys(OWNER, "x")
    reopen().commit(Changes(events=[], picks={"a": "nobody"}, meta=owner), ready=lambda: None)
    with pytest.raises(LedgerDamaged, match="picked"):
        CampaignLedger(reopen(), now=ticking.now, entropy=ticking, inline=True)
