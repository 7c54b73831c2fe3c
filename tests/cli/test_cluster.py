"""``lookbook cluster``: what machines share, as people and programs read it; what is set there."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal

import jsonschema
import pytest

from runner.cli import invoke
from runner.ledger.cluster import ClusterAccount, ClusterCampaign, ClusterView
from runner.ledger.shared import NamedDatabase
from runner.policy.budget import MonthCeiling
from runner.queue.pack import Pack
from runner.queue.port import RunState
from runner.resources import schema
from runner.takes import Account
from tests.cli.test_shared import MemoryDatabase
from tests.queue.memory import MemoryQueue

ME, ADA = Account("api.heygen.com", "me"), Account("api.heygen.com", "ada")
SIMULATED = Account("127.0.0.1", "simulated", simulated=True)
NOW = 1_795_000_000.0
Captured = pytest.CaptureFixture[str]


class MemoryCluster:
    """Accounts and campaigns as a test says them (``runner.ledger.cluster.Cluster``)."""

    def __init__(self) -> None:
        mine = ClusterAccount(ME, ("studio-a",), 10, None, None, 0.0, 3, 1, Decimal(12))
        simulated = replace(mine, account=SIMULATED, names=(), limit=None, in_progress=0, unknown=0)
        self._view = ClusterView(
            NOW,
            "2026-11",
            None,
            [replace(mine, account=ADA, names=(), refused_for=30.0), mine, simulated],
            [
                ClusterCampaign(
                    ME, "spring", "process 7 on one", NOW - 90, 20, 3, Decimal(30), Decimal(12)
                ),
                ClusterCampaign(ADA, "autumn", None, None, 0, 0, Decimal(0), Decimal(0)),
            ],
        )

    def view(self) -> ClusterView:
        return self._view

    def _change(self, account: Account, **changes: object) -> None:
        accounts = [
            replace(one, **changes) if one.account == account else one  # type: ignore[arg-type]
            for one in self._view.accounts
        ]
        self._view = replace(self._view, accounts=accounts)

    def set_ceiling(self, account: Account | None, usd: Decimal | None, *, by: str) -> None:
        spent = self._view.spent if account is None else Decimal(12)
        label = None if account is None else account.label
        ceiling = None if usd is None else MonthCeiling(label, "2026-11", usd, spent, by)
        if account is None:
            self._view = replace(self._view, ceiling=ceiling)
        else:
            self._change(account, ceiling=ceiling)

    def pause(self, account: Account, *, by: str) -> None:
        self._change(account, paused_by=by, paused_at=NOW - 3600)

    def resume(self, account: Account) -> None:
        self._change(account, paused_by=None, paused_at=None)


def pack(account: Account, campaign: str) -> Pack:
    none = Decimal(0)
    return Pack(account, campaign, "m.yaml", "m.yaml", b"", {}, {}, {}, none)


class Queue(MemoryQueue):
    """A queue with a worker, a run of spring that goes on, one that waits, and one that ended."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW - 600
        self.enlist("one-7", [ME], 8)
        for campaign in ("winter", "spring", "autumn"):
            self.enqueue(pack(ADA if campaign == "autumn" else ME, campaign), by="bob@desk")
        for run in ("run1", "run2"):
            begun = self.begin(run, "one-7")
            assert begun is not None
            self.write_output(begun, "Stopped at a ceiling.\n", error=True)
            if run == "run1":
                self.end(begun, 5)
        self.now = NOW


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture(autouse=True)
def database(monkeypatch: pytest.MonkeyPatch, queue: Queue) -> MemoryDatabase:
    made = MemoryDatabase()
    made.cluster = MemoryCluster()
    named = NamedDatabase(made, (), "memory")
    monkeypatch.setattr("runner.cli.shared_options.open_database", lambda _address: named)
    monkeypatch.setattr("runner.cli.cluster_open.open_queue", lambda _address: queue)
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    monkeypatch.setattr("socket.gethostname", lambda: "laptop")
    return made


def cluster(capsys: Captured, *arguments: str, code: int = 0, on: bool = True) -> str:
    """Run the command on the database; return what it printed."""
    assert invoke(["cluster", *(("--on", "memory") if on else ()), *arguments]) == code
    told = capsys.readouterr()
    return told.err if code else told.out


def test_it_shows_accounts_campaigns_and_money_in_eighty_columns(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster(capsys, "ceiling", "studio-a", "500/month")
    cluster(capsys, "ceiling", "all", "$2000.50 / month")
    cluster(capsys, "pause", "ada")
    monkeypatch.setattr("runner.cli.commands.cluster.terminal_width", lambda _stream: 80)
    told = cluster(capsys)
    assert max(map(len, told.splitlines())) <= 80
    flat = " ".join(told.split())
    assert "Accounts · 2026-11 (UTC)" in flat
    assert "studio-a" in told
    assert "$24.00 spent this month by all accounts ceiling of all $2,000.50 (ada@laptop)" in flat
    assert "$1,976.50 left" in flat
    assert "paused by ada@laptop 60 min ago" in flat
    assert "process 7 on one, 2 min ago" in flat
    assert "nobody" in told
    assert "one-7" in told
    assert "silent for 10 min 0 s" in flat
    assert "run1 winter · studio-a ended (5) 10 min ago Stopped at a ceiling." in flat
    assert "run3 autumn · api.heygen.com/ada queued 10 min ago" in flat


def test_programs_read_the_same_in_json(capsys: Captured) -> None:
    cluster(capsys, "ceiling", "studio-a", "500/month")
    cluster(capsys, "pause", "api.heygen.com/ada")
    document = json.loads(cluster(capsys, "--format", "json"))
    jsonschema.validate(document, schema("cluster"))
    ada, me, _ = document["accounts"]
    assert (ada["paused_by"], ada["paused_at"]) == ("ada@laptop", "2026-11-18T10:06:40.000Z")
    assert me["ceiling"] == {"usd": 500.0, "left_usd": 488.0, "set_by": "ada@laptop"}
    assert document["spent_usd"] == 24.0  # the simulator's is no money
    assert [one["state"] for one in document["runs"]] == ["ended", "running", "queued"]
    assert [one["alive"] for one in document["workers"]] == [False]
    assert [one["owner"] for one in document["campaigns"]] == ["process 7 on one", None]


def test_a_ceiling_is_set_for_a_name_an_account_or_all_and_removed(capsys: Captured) -> None:
    told = cluster(capsys, "ceiling", "me", "500/month")
    assert told == (
        "The ceiling of api.heygen.com/me is $500.00 a month; $12.00 of 2026-11 are spent, $488.00 "
        "left.\n"
    )
    told = cluster(capsys, "ceiling", "all", "none")
    assert "There is no ceiling of all accounts any more; $24.00 of 2026-11 are spent" in told
    told = cluster(capsys, "ceiling", "nobody", "5/month", code=2)
    assert "nobody is no account in this database" in told
    assert "studio-a = api.heygen.com/me" in told
    for wrong in ("500", "500/year", "much/month", "-5/month"):
        told = " ".join(cluster(capsys, "ceiling", "me", "--", wrong, code=2).split())
        assert "is not an amount" in told


def test_an_account_is_paused_and_resumed(capsys: Captured, database: MemoryDatabase) -> None:
    told = cluster(capsys, "pause", "studio-a")
    assert "api.heygen.com/me is paused; what was sent goes on. To resume it: " in told
    assert "lookbook cluster resume studio-a --on memory" in told
    assert cluster(capsys, "resume", "studio-a") == "api.heygen.com/me may send again.\n"
    assert database.cluster is not None
    assert all(one.paused_by is None for one in database.cluster.view().accounts)


def test_a_run_is_cancelled_by_its_id_or_its_campaign(capsys: Captured, queue: Queue) -> None:
    def told(*arguments: str) -> str:
        assert invoke(["cluster", "--on", "memory", "cancel", *arguments]) == 0
        return capsys.readouterr().err

    queue.beat("one-7")  # of one that is dead the run would end at once
    assert told("autumn") == "Run run3 is cancelled.\n"
    assert queue.runs["run3"].state is RunState.CANCELLED
    assert "ends when what it sent is answered" in told("run2")
    assert queue.runs["run2"].cancelled
    assert "cancelling" in cluster(capsys)
    assert "has ended already" in told("run1")
    assert "There is no run nothing" in cluster(capsys, "cancel", "nothing", code=2)
    for account in (ME, ADA):
        queue.enqueue(pack(account, "shared"), by="bob@desk")
    assert "in the queue of several accounts: run" in cluster(capsys, "cancel", "shared", code=2)


def test_old_runs_are_deleted_from_the_queue_and_the_engine(
    capsys: Captured, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Engine:
        def forget(self, runs: list[str]) -> None:
            assert queue.find("run1") is not None  # else a crash here would leave its rows for good
            forgotten.extend(runs)

    forgotten: list[str] = []
    monkeypatch.setattr("runner.cli.commands.cluster.open_engine", lambda _address: Engine())
    assert "0 runs that ended" in cluster(capsys, "prune", "--older-than", "1d")
    queue.advance(3 * 86_400)
    told = cluster(capsys, "prune", "--older-than", "2d")
    assert told == (
        "1 run that ended more than 2 days ago deleted, and 0 pictures that no run or schedule has "
        "any more.\n"
    )
    assert forgotten == ["run1"]
    assert [*queue.runs] == ["run2", "run3"]
    for wrong in ("90", "0d", "1h", "-1d", "1.5d"):
        assert "such as 90d" in cluster(capsys, "prune", f"--older-than={wrong}", code=2)


def test_the_database_that_was_typed_counts_before_the_environments(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    @contextmanager
    def opened(self: MemoryDatabase) -> Iterator[MemoryCluster]:
        asked.append(self.address)
        yield MemoryCluster()

    def named(address: str) -> NamedDatabase:
        made = MemoryDatabase()
        made.address = address
        return NamedDatabase(made, (), address)

    monkeypatch.setattr(MemoryDatabase, "open_cluster", opened)
    monkeypatch.setattr("runner.cli.shared_options.open_database", named)
    monkeypatch.setenv("LOOKBOOK_ON", "from-environment")
    for arguments in (
        ["pause", "me"],
        ["--on", "typed", "pause", "me"],
        ["pause", "me", "--on", "typed"],
    ):
        cluster(capsys, *arguments, on=False)
    assert asked == ["from-environment", "typed", "typed"]


def test_what_is_missing_is_said(
    capsys: Captured, database: MemoryDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.cluster = None
    assert "memory has no ledgers yet" in cluster(capsys, code=2)
    monkeypatch.delenv("LOOKBOOK_ON", raising=False)
    assert "set LOOKBOOK_ON" in cluster(capsys, code=2, on=False)
