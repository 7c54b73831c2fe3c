"""What a queue of runs promises, in memory and in PostgreSQL."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from runner.errors import UsageError
from runner.ledger.backend import TransactionUndone
from runner.queue.pack import Pack, UnreadablePack
from runner.queue.port import WORKER_DEAD_AFTER, RunState, RunWaiting, WorkerQueue
from runner.takes import Account
from tests.ledger.postgres import PostgresServer

if TYPE_CHECKING:
    from runner.queue.postgres.store import PostgresQueue

T = TypeVar("T")
PICTURE = b"\x89PNG"
SUM = "6f3d"


def make_pack(user: str, campaign: str = "spring") -> Pack:
    return Pack(
        account=Account("api.example", user),
        campaign=campaign,
        file="spring.yaml",
        named="team/spring.yaml",
        manifest=b"version: 1\r\n# \xc3\xa9\n",
        pictures={"../me.png": SUM},
        plan={"version": 1},
        options={"max_cost": "25.00", "concurrency": 4, "up_to_budget": False, "wait": None},
        most_usd=Decimal("7.00"),
        contents={SUM: PICTURE},
    )


@pytest.fixture
def user() -> str:
    """Return a user whom no other test has: the server is one for all."""
    return secrets.token_hex(6)


def test_a_run_goes_through_the_queue_with_all_that_it_needs(queue: WorkerQueue, user: str) -> None:
    pack = make_pack(user)
    run = queue.enqueue(pack, by="ada@laptop")
    (waiting,) = queue.find_new([pack.account])
    assert (waiting.run, waiting.state, waiting.queued_by) == (run, RunState.QUEUED, "ada@laptop")
    assert queue.find_new([Account("api.example", "nobody")]) == []
    queue.note_handed_over(run)
    assert queue.find_new([pack.account]) == []
    begun = queue.begin(run, "worker")
    assert begun is not None
    assert queue.read_pictures(begun).read_pack() == pack
    assert begun.run.state is RunState.RUNNING
    queue.write_output(begun, "one\ntwo\n", error=True)
    queue.write_output(begun, "{}", error=False)
    assert queue.end(begun, 4)
    ended = queue.find(run)
    assert ended is not None
    assert (ended.state, ended.exit_code, ended.message) == (RunState.ENDED, 4, "two")
    first, second = queue.read_output(run)
    assert (first.text, first.error, second.text, second.error) == ("one\ntwo\n", True, "{}", False)
    assert queue.read_output(run, after=first.number) == [second]
    assert queue.begin(run, "worker") is None
    assert run in [one.run for one in queue.list_runs()]


def test_the_same_campaign_is_queued_once_until_it_has_ended(queue: WorkerQueue, user: str) -> None:
    pack = make_pack(user)
    run = queue.enqueue(pack, by="ada@laptop")
    with pytest.raises(RunWaiting, match=f"run {run}, queued by ada@laptop, waits") as refused:
        queue.enqueue(pack, by="bob@desk")
    assert refused.value.run.run == run
    other = queue.enqueue(make_pack(user, "autumn"), by="bob@desk")
    begun = queue.begin(run, "worker")
    assert begun is not None
    with pytest.raises(RunWaiting, match="is under way"):
        queue.enqueue(pack, by="bob@desk")
    queue.end(begun, 0)
    again = queue.enqueue(pack, by="bob@desk")
    waiting = [one.run for one in queue.list_runs(ended=1) if one.account == pack.account]
    assert waiting == [run, other, again]
    spring = [one.run for one in queue.list_runs(ended=1000, campaign="spring")]
    mine = [one for one in spring if one in waiting]
    assert mine == [run, again]
    assert queue.list_runs(campaign=f"{user}'s") == []


def test_who_was_taken_for_dead_writes_nothing_more(queue: WorkerQueue, user: str) -> None:
    run = queue.enqueue(make_pack(user), by="ada")
    stopped = queue.begin(run, "stopped")
    other = queue.begin(run, "other")
    assert stopped is not None
    assert other is not None
    assert (other.attempt, queue.is_wanted(stopped), queue.is_wanted(other)) == (2, False, True)
    queue.write_output(stopped, "late", error=True)
    assert not queue.end(stopped, 0)
    assert queue.read_output(run) == []
    assert queue.end(other, 0)


def test_a_kill_counts_once_and_only_by_who_has_the_run(queue: WorkerQueue, user: str) -> None:
    run = queue.enqueue(make_pack(user), by="ada")
    handed_on, first = queue.begin(run, "one"), queue.begin(run, "two")
    assert handed_on is not None
    assert first is not None
    assert queue.note_killed(handed_on) == 0
    assert [queue.note_killed(first), queue.note_killed(first)] == [1, 1]
    second = queue.begin(run, "two")
    assert second is not None
    assert queue.note_killed(second) == 2


def damage(queue: Any, run: str, text: str) -> None:
    """Put something else in the place of what was queued."""
    if hasattr(queue, "texts"):
        queue.texts[run] = text
    else:
        queue._fetch("UPDATE lookbook.runs SET pack = %s WHERE id = %s RETURNING 1", text, run)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"account": 1}', "{}", '{"account": ["a", "b", false]}']
)
def test_what_is_no_pack_is_begun_and_read_by_nobody(
    queue: WorkerQueue, user: str, text: str
) -> None:
    run = queue.enqueue(make_pack(user), by="ada")
    damage(queue, run, text)
    begun = queue.begin(run, "one")
    assert begun is not None
    with pytest.raises(UnreadablePack, match="cannot be read here"):
        begun.read_pack()
    assert queue.end(begun, 2)


@pytest.fixture
def shared(request: pytest.FixtureRequest) -> Iterator["PostgresQueue"]:
    """Return the queue in PostgreSQL, for what can only go wrong there."""
    from runner.queue.opening import open_queue

    with closing(open_queue(request.getfixturevalue("server").address())) as opened:
        opened.migrate()
        yield opened


@pytest.mark.distributed
def test_a_statement_that_is_made_again_after_a_lost_answer_changes_nothing(
    shared: "PostgresQueue", user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask_twice(question: Callable[[], T]) -> T:
        question()
        return question()

    monkeypatch.setattr(shared._connection, "repeat", ask_twice)
    run = shared.enqueue(make_pack(user), by="ada")
    begun = shared.begin(run, "worker")
    assert begun is not None
    assert begun.attempt == 1  # of a second one a plan that has moved is made anew
    assert shared.is_wanted(begun)
    handed_on = shared.begin(run, "worker")
    assert handed_on is not None
    assert handed_on.attempt == 2


def act_after(
    queue: Any, statement: str, act: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Act once, right after a statement that begins like this was made."""
    fetch, left = queue._fetch, [act]

    def fetch_and_act(asked: str, *values: object) -> Any:
        rows = fetch(asked, *values)
        if left and asked.strip().startswith(statement):
            left.pop()()
        return rows

    monkeypatch.setattr(queue, "_fetch", fetch_and_act)


def age_runs(queue: Any, runs: list[str], days: int) -> None:
    """Move the end of runs so many days into the past."""
    if hasattr(queue, "advance"):
        for run in runs:
            known = queue.runs[run]
            queue.runs[run] = replace(known, ended_at=known.ended_at - days * 86_400)
        return
    statement = (
        "UPDATE lookbook.runs SET ended_at = ended_at - make_interval(days => %s) "
        "WHERE id = ANY(%s) RETURNING 1"
    )
    queue._fetch(statement, days, runs)


def test_what_ended_long_ago_is_deleted_and_nothing_else(queue: WorkerQueue, user: str) -> None:
    own = replace(make_pack(user), pictures={"me.png": user}, contents={user: PICTURE})
    packs = [replace(own, campaign=name) for name in ("old", "young", "running")]
    runs = [queue.enqueue(pack, by="ada") for pack in packs]
    for run in runs:
        begun = queue.begin(run, "worker")
        assert begun is not None
        queue.write_output(begun, "one\n", error=True)
        if run != runs[2]:
            assert queue.end(begun, 0)
    old, young, running = runs
    age_runs(queue, [old], 91)
    found = queue.find_old_runs(90 * 86_400.0)
    assert (old in found, young in found, running in found) == (True, False, False)
    queue.delete_runs([old, running])  # never one that has not ended
    assert queue.find(old) is None
    assert queue.read_output(old) == []
    assert [bool(queue.read_output(run)) for run in (young, running)] == [True, True]
    again = queue.begin(running, "other")
    assert again is not None
    assert queue.read_pictures(again).contents == {user: PICTURE}
    assert queue.end(again, 0)
    age_runs(queue, [young, running], 91)
    assert queue.delete_runs(queue.find_old_runs(90 * 86_400.0)) >= 1


@pytest.mark.distributed
def test_a_picture_is_there_whenever_it_is_pruned(
    shared: "PostgresQueue", user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = replace(make_pack(user), pictures={"me.png": user}, contents={user: PICTURE})
    statement = "SELECT sha256 FROM lookbook.pack_blobs"
    shared._keep_pictures(pack)
    with closing(shared.again()) as other:
        act_after(shared, statement, lambda: other.delete_runs([]), monkeypatch)
        begun = shared.begin(shared.enqueue(pack, by="ada"), "worker")
    assert begun is not None
    assert shared.read_pictures(begun).contents == {user: PICTURE}
    assert shared.end(begun, 0)
    pytest.importorskip("croniter", reason="make test-distributed installs it")
    schedule = shared.add_schedule(pack, "0 2 * * *", "UTC", by="ada")
    age_runs(shared, [begun.run.run], 91)
    shared.delete_runs([begun.run.run])
    assert shared.read_pictures(begun).contents == {user: PICTURE}
    assert shared.remove_schedule(schedule)
    assert shared.delete_runs([]) == 1
    assert shared.read_pictures(begun).contents == {}


@pytest.mark.distributed
def test_a_statement_that_the_database_undid_is_made_again(
    shared: "PostgresQueue", user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock that is held for seconds, or a deadlock, ends no worker."""
    run = shared.enqueue(make_pack(user), by="ada")
    fetch = shared._connection.fetch
    undone: list[str] = []

    def undo_once(statement: str, values: Any = ()) -> Any:
        if not undone:
            undone.append(statement)
            raise TransactionUndone("a lock was not had")
        return fetch(statement, values)

    monkeypatch.setattr(shared._connection, "fetch", undo_once)
    begun = shared.begin(run, "worker")
    assert begun is not None
    undone.clear()
    assert shared.end(begun, 0)
    assert undone


@pytest.mark.distributed
def test_pictures_that_take_longer_together_than_a_statement_may_are_read(
    shared: "PostgresQueue", user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runner.ledger.postgres import connection
    from runner.queue.postgres import store

    contents = {f"{user}{number}": PICTURE for number in range(3)}
    pictures = {f"{name}.png": name for name in contents}
    pack = replace(make_pack(user), pictures=pictures, contents=contents)
    run = shared.enqueue(pack, by="ada")
    slow = store.PICTURE.replace("SELECT", "SELECT pg_sleep(0.8)::text,", 1)
    monkeypatch.setattr(store, "PICTURE", f"SELECT sha256, data FROM ({slow}) AS slow")
    monkeypatch.setattr(connection, "TRANSACTION_TIMEOUT", "2s")
    with closing(shared.again()) as far:
        begun = far.begin(run, "worker")
        assert begun is not None
        assert far.read_pictures(begun).contents == contents


@pytest.mark.distributed
def test_unused_pictures_that_take_longer_together_than_a_transaction_may_are_deleted(
    shared: "PostgresQueue", user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runner.ledger.postgres import connection
    from runner.queue.postgres import pruning

    contents = {f"{user}{number}": PICTURE for number in range(3)}
    pictures = {f"{name}.png": name for name in contents}
    shared._keep_pictures(replace(make_pack(user), pictures=pictures, contents=contents))
    slow = pruning.DELETE_UNUSED.replace("RETURNING 1", "RETURNING pg_sleep(0.8)::text")
    monkeypatch.setattr(pruning, "DELETE_UNUSED", slow)
    monkeypatch.setattr(pruning, "PICTURES_AT_ONCE", 1)
    monkeypatch.setattr(connection, "TRANSACTION_TIMEOUT", "2s")
    with closing(shared.again()) as far:
        assert far.delete_runs([]) >= len(contents)
        assert far.delete_runs([]) == 0


@pytest.mark.distributed
def test_who_may_not_delete_runs_is_told_who_may(
    shared: "PostgresQueue", user: str, request: pytest.FixtureRequest
) -> None:
    from runner.queue.opening import open_queue

    server: PostgresServer = request.getfixturevalue("server")
    for statement in (f"CREATE ROLE c{user} LOGIN", f"GRANT USAGE ON SCHEMA lookbook TO c{user}"):
        server.call_tool("psql", "-q", "-c", statement, server.address())
    address = server.address().replace("lookbook@", f"c{user}@")
    with closing(open_queue(address)) as client, pytest.raises(UsageError) as refused:
        client.find_old_runs(0.0)
    assert "Prune as the owner" in str(refused.value.hint)


@pytest.mark.distributed
def test_a_run_gets_an_id_that_no_other_has(
    shared: "PostgresQueue", user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, free = secrets.token_hex(8), secrets.token_hex(8)
    ids = iter((taken, taken, free))
    monkeypatch.setattr("runner.queue.postgres.store.make_id", lambda: next(ids))
    assert shared.enqueue(make_pack(user, "autumn"), by="ada") == taken
    assert shared.enqueue(make_pack(user), by="ada") == free


@pytest.mark.distributed
def test_what_a_program_of_another_protocol_queued_is_left_to_it(
    shared: "PostgresQueue", user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account("api.example", user)
    with monkeypatch.context() as newer:
        newer.setattr("runner.queue.postgres.store.PROTOCOL", 99)
        strange = shared.enqueue(make_pack(user), by="ada")
        shared.enlist(f"newer-{user}", [account], 1)
        assert [run.run for run in shared.find_new([account])] == [strange]
    ours = shared.enqueue(make_pack(user, "autumn"), by="ada")
    assert [run.run for run in shared.find_new([account])] == [ours]
    (seen,) = [worker for worker in shared.list_workers() if worker.name == f"newer-{user}"]
    assert not seen.serves(account)


@pytest.mark.distributed
def test_a_run_is_silent_while_the_claim_of_its_process_shows_no_sign_of_life(
    shared: "PostgresQueue", server: PostgresServer, user: str
) -> None:
    from runner.ledger.postgres.backend import PostgresBackend
    from runner.ledger.postgres.connection import PostgresConnection
    from runner.ledger.postgres.owner import name_owner

    pack = make_pack(user)
    run = shared.enqueue(pack, by="ada")
    shared.enqueue(make_pack(user, "autumn"), by="ada")
    with closing(PostgresConnection(server.address())) as connection:
        backend = PostgresBackend.make(connection, pack.account, pack.campaign, concurrency=1)
        assert shared.find_silent({run: 71}) == []  # it holds nothing yet
        backend.claim(name_owner(71))
        assert shared.find_silent({run: 71}) == []
        backend.beat(connection, age=WORKER_DEAD_AFTER + 1)
        assert shared.find_silent({run: 71}) == [run]
        assert shared.find_silent({run: 7}) == []  # somebody else's claim


@pytest.mark.distributed
def test_two_workers_never_hold_the_same_attempt(
    shared: "PostgresQueue", user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = shared.enqueue(make_pack(user), by="ada")
    with closing(shared.again()) as other:
        faster: list[Any] = []
        act_after(shared, "", lambda: faster.append(other.begin(run, "other")), monkeypatch)
        begun = shared.begin(run, "worker")
        assert begun is not None
        assert {begun.attempt, faster[0].attempt} == {1, 2}
        assert shared.is_wanted(begun) != other.is_wanted(faster[0])


@pytest.mark.distributed
def test_a_run_that_waited_for_one_which_ends_meanwhile_is_queued(
    shared: "PostgresQueue", user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = make_pack(user)
    first = shared.begin(shared.enqueue(pack, by="ada"), "worker")
    assert first is not None
    with closing(shared.again()) as other:
        statement = "INSERT INTO lookbook.runs"
        act_after(shared, statement, lambda: other.end(first, 0), monkeypatch)
        run = shared.enqueue(pack, by="bob")
    queued = shared.find(run)
    assert queued is not None
    assert queued.queued_by == "bob"


def test_a_run_is_cancelled_at_once_or_by_its_worker(queue: WorkerQueue, user: str) -> None:
    worker = f"worker-{user}"
    queue.enlist(worker, [Account("api.example", user)], 1)
    run = queue.enqueue(make_pack(user), by="ada")
    queue.cancel(run)
    waiting = queue.find(run)
    assert waiting is not None
    assert waiting.state is RunState.CANCELLED
    assert queue.begin(run, worker) is None
    again = queue.enqueue(make_pack(user), by="ada")
    begun = queue.begin(again, worker)
    assert begun is not None
    queue.cancel(again)
    assert not queue.is_wanted(begun)
    running = queue.find(again)
    assert running is not None
    assert (running.state, running.cancelled) == (RunState.RUNNING, True)
    assert queue.begin(again, "other") is None  # its worker died over it: that ends it as well
    ended = queue.find(again)
    assert ended is not None
    assert ended.state is RunState.CANCELLED
    assert queue.cancel("unknown") is None
    orphan = queue.enqueue(make_pack(user), by="ada")
    assert queue.begin(orphan, worker) is not None
    queue.leave(worker)
    queue.cancel(orphan)  # there is nobody to ask, and whoever wants to run it here is free to
    left = queue.find(orphan)
    assert left is not None
    assert left.state is RunState.CANCELLED


def grow_old(queue: Any, request: pytest.FixtureRequest) -> None:
    if hasattr(queue, "advance"):
        queue.advance(WORKER_DEAD_AFTER + 1)
        return
    from runner.ledger.postgres.connection import PostgresConnection

    server: PostgresServer = request.getfixturevalue("server")
    connection = PostgresConnection(server.address())
    statement = "UPDATE lookbook.workers SET beat_at = beat_at - interval '5 s' RETURNING 1"
    connection.fetch(statement)
    connection.close()


def test_a_worker_lives_while_it_says_so(
    queue: WorkerQueue, user: str, request: pytest.FixtureRequest
) -> None:
    mine, other = Account("api.example", user), Account("api.example", f"{user}2")
    name = f"one-{user}"
    queue.enlist(name, [mine, other], 8)
    (seen,) = [worker for worker in queue.list_workers() if worker.name == name]
    assert seen.accounts == (mine, other)
    assert seen.serves(mine)
    assert not seen.serves(Account("api.example", "nobody"))
    assert not replace(seen, protocol=0).serves(mine)
    grow_old(queue, request)
    (seen,) = [worker for worker in queue.list_workers() if worker.name == name]
    assert not seen.serves(mine)
    assert queue.beat(name)
    assert name not in queue.remove_dead_workers()
    grow_old(queue, request)
    assert name in queue.remove_dead_workers()
    assert not queue.beat(name)
    queue.enlist(name, [mine], 8)
    queue.leave(name)
    assert not queue.beat(name)


def test_the_name_of_an_account_is_its_first_owners(queue: WorkerQueue, user: str) -> None:
    mine = Account("api.example", user)
    assert queue.name_account(user, mine) == mine
    assert queue.name_account(user, Account("api.example", "other")) == mine
    assert queue.find_named(user) == mine
    assert queue.find_named("nobody's") is None
