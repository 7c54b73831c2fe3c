"""Commands on a ledger that lives in a database: one in memory stands in for it."""

import json
import os
import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import anyio
import click
import pytest
from click.testing import CliRunner, Result

from runner import api
from runner.cli import COMMANDS, FORMER
from runner.cli.complete import complete_takes
from runner.cli.context import Console, Context
from runner.cli.questions import ask_how_to_begin
from runner.cli.redact import redact
from runner.cli.request import load_campaign
from runner.cli.review_desk import ReviewDesk
from runner.cli.shared_ledger import (
    ask_before_empty,
    ask_before_file,
    check_shared,
    remember_takes,
    share_state,
)
from runner.errors import BudgetRefused, LedgerClaimed, LedgerQuestion, LookbookError, UsageError
from runner.ledger.backend import Backend
from runner.ledger.cluster import Cluster
from runner.ledger.ledger import CampaignLedger, LedgerFile
from runner.ledger.reading import read_snapshot
from runner.ledger.shared import NamedDatabase, SharedLedgers, open_database
from runner.ledger.state_dirs import SharedNote, StateDir, StateDirs
from runner.model import Campaign, LookKind
from runner.plan import plan
from runner.plan.request import Request
from runner.policy.budget import CountedPrice, MonthCeiling
from runner.policy.lifecycle import Event
from runner.simulator.behaviour import Behaviour
from runner.simulator.server import Embedded
from runner.simulator.settings import SimulatorSettings
from runner.takes import Account, Snapshot
from tests.ledger.memory import MemoryBackend
from tests.ledger.names import Ticking, intent
from tests.queue.memory import MemoryQueue

ME, ADA = Account("api.example", "me"), Account("api.example", "ada")
MANIFEST = """\
version: 1
campaign: spring
base: {name: Sarah, prompt: "A woman in her 40s, warm smile, coat, studio, soft light"}
looks:
  office: {prompt: "Wearing a navy blazer, modern office, morning light"}
"""


class MemoryLocation:
    """A ledger that lives as long as the test does (``runner.ledger.location.LedgerLocation``)."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.held = False
        self.rows: MemoryBackend | None = None

    def __str__(self) -> str:
        return self._name

    def read(self) -> Backend | None:
        return self.rows

    @contextmanager
    def peek(self) -> Iterator[Backend | None]:
        yield self.rows

    def is_held(self) -> bool:
        return self.held

    def open(self, *, concurrency: int, **settings: Any) -> CampaignLedger:
        assert concurrency
        if self.held:
            raise LedgerClaimed("Another run holds the ledger.")
        self.rows = self.rows or MemoryBackend()
        return CampaignLedger(self.rows, **settings)


class MemoryDatabase:
    """Holds ledgers by account and campaign (``runner.ledger.shared.LedgerDatabase``)."""

    name = address = "memory"

    def __init__(self) -> None:
        self.ledgers: dict[tuple[Account, str], MemoryLocation] = {}
        self.queue = MemoryQueue()
        self.ceilings: list[MonthCeiling] = []
        self.counted: list[CountedPrice] = []
        self.cluster: Cluster | None = None

    def find_ledger(self, account: Account, campaign: str) -> MemoryLocation:
        place = MemoryLocation(f"{campaign} of {account.label} in memory")
        return self.ledgers.setdefault((account, campaign), place)

    def find_accounts(self, campaign: str) -> list[Account]:
        found = self.ledgers.items()
        return [one[0] for one, place in found if one[1] == campaign and place.rows is not None]

    @contextmanager
    def open_cluster(self) -> Iterator[Cluster | None]:
        yield self.cluster

    def find_ceilings(
        self, account: Account, campaign: str, counted: Iterable[CountedPrice]
    ) -> list[MonthCeiling]:
        assert campaign == "spring"
        self.counted = [*counted]
        return [one for one in self.ceilings if one.account in (None, account.label)]


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> MemoryDatabase:
    made = MemoryDatabase()
    named = NamedDatabase(made, (), "memory")
    monkeypatch.setattr("runner.cli.shared_options.open_database", lambda _address: named)
    monkeypatch.setattr("runner.cli.queue_client.open_queue", lambda _address: made.queue)
    return made


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "spring.yaml"
    path.write_text(MANIFEST)
    return path


def fill(
    ledger: CampaignLedger, manifest: Path, account: Account = ME, *, queued: str | None = None
) -> None:
    """Write down that the base and its look were bought, by a run of the queue if it is named."""
    anyio.run(_fill, ledger, manifest, account, {} if queued is None else {"queued": queued})


async def _fill(
    ledger: CampaignLedger, manifest: Path, account: Account, facts: dict[str, str]
) -> None:
    every = plan(load_campaign(Request(manifest)), Snapshot()).actions
    ledger.begin(account, "spring", facts)
    for action in every:
        more = {} if action.key == "base" else {"reference_look": "base", "reference_id": "id-base"}
        made = intent(action.key, key=f"key-{action.key}", identity=action.identity, **more)
        take = await ledger.intend(made)
        await ledger.record(take.uid, Event.ACCEPTED, {"avatar_id": f"id-{action.key}"})
        await ledger.record(take.uid, Event.COMPLETED, {"completed_at": 5.0})
    ledger.end({"exit": 0, "stopped": None})
    ledger.close()


def settings() -> dict[str, Any]:
    ticking = Ticking()
    return {"now": ticking.now, "entropy": ticking, "inline": True}


def find_command(name: str) -> click.Command:
    command: click.Command = import_module(f"runner.cli.commands.{name}").command
    return command


def invoke(database: MemoryDatabase | None, name: str, manifest: Path, *arguments: str) -> str:
    """Run a command on the database; return what it printed."""
    named = ("--on", "memory") if database is not None else ()
    context = Context(environment={})
    done = CliRunner().invoke(find_command(name), [str(manifest), *arguments, *named], obj=context)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        assert isinstance(done.exception, LookbookError), done.exception
        return f"{done.exception.message} {done.exception.hint}"
    return done.output


def test_offline_commands_read_and_write_the_ledger_in_the_database(
    database: MemoryDatabase, manifest: Path
) -> None:
    assert "lookbook run" in invoke(database, "status", manifest)
    place = database.find_ledger(ME, "spring")
    fill(place.open(concurrency=1, **settings()), manifest)
    status = invoke(database, "status", manifest)
    assert "account api.example/me" in status
    assert "spent $2.00 so far" in status
    assert f"lookbook run {manifest} --on memory --fetch-only" in status
    assert "Nothing to buy: $0.00" in invoke(database, "plan", manifest)
    assert "id-office" in invoke(database, "explain", manifest, "office")
    assert "total $2.00" in invoke(database, "money", manifest)
    assert "id-office" in invoke(database, "export", manifest)
    assert "catalog:" in invoke(database, "catalog", manifest)
    assert "base#1 is approved" in invoke(database, "review", manifest, "--approve", "base")
    assert "office#1 is picked already" in invoke(database, "pick", manifest, "office#1")
    assert [*read_snapshot(place).reviews]
    assert "wrote" in invoke(database, "export", manifest, "--ledger", str(manifest.parent / "b"))
    assert read_snapshot(manifest.parent / "b") == read_snapshot(place)
    state = StateDirs(manifest).first()
    assert state.results.is_file()
    assert not state.ledger.exists()


def test_what_is_decided_while_another_machine_writes_waits_in_the_database(
    database: MemoryDatabase, manifest: Path
) -> None:
    place = database.find_ledger(ME, "spring")
    fill(place.open(concurrency=1, **settings()), manifest)
    place.held = True
    for name, *decided in [
        ("review", "--reject", "office", "--reason", "odd hands"),
        ("pick", "base#1"),
    ]:
        assert "that command takes it in" in invoke(database, name, manifest, *decided)
    assert read_snapshot(place).reviews == {}
    assert "odd hands" in invoke(database, "review", manifest, "--list")
    place.held = False
    assert "catalog:" in invoke(database, "pick", manifest, "office#1")
    assert [one.reason for one in read_snapshot(place).reviews.values()] == ["odd hands"]
    assert place.rows is not None
    assert place.rows.queued_decisions() == []


def test_the_review_page_reads_the_database_and_decides_there(
    database: MemoryDatabase, manifest: Path
) -> None:
    assert "has nothing of spring yet" in invoke(database, "review", manifest)
    place, campaign = database.find_ledger(ME, "spring"), load_campaign(Request(manifest))
    fill(place.open(concurrency=1, **settings()), manifest)
    shared = SharedLedgers(database, ("--on", "memory"))
    context, request = Context(environment={}), Request(manifest, on=shared)
    with closing(ReviewDesk(context, request, campaign, share_state(shared, campaign, ME))) as desk:
        assert set(desk.state()["looks"]) == {"base", "office"}
        assert desk.news() is None
        place.held = True
        assert desk.review({"takes": ["office#1"], "state": "approved"})["waits"]
        told = desk.news()
        assert told is not None
        assert told["looks"]["office"]["takes"][0]["review"]["state"] == "approved"
        assert read_snapshot(place).reviews == {}
        place.held = False
        assert not desk.review({"takes": ["base#1"], "state": "approved"})["waits"]
        assert len(read_snapshot(place).reviews) == 2
        assert desk._basket.command("-", 1.0)[-2:] == ["--on", "memory"]
    assert not StateDirs(manifest).first().ledger.exists()


def test_python_and_adopt_use_the_shared_ledger(
    database: MemoryDatabase, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Embedded(SimulatorSettings(pictures=False)) as simulator:
        for name, value in {"HEYGEN_API_KEY": "k", "HEYGEN_API_BASE": simulator.url}.items():
            monkeypatch.setenv(name, value)
        campaign = api.load(manifest)
        assert api.run(campaign, max_cost=3, on="memory").done
        monkeypatch.setenv("LOOKBOOK_ON", "memory")
        assert api.run(campaign, max_cost=3).done
        assert charges(simulator.url) == 2
        assert api.plan(campaign).count == 0
        with pytest.raises(UsageError, match="A rehearsal has its own ledger"):
            api.run(campaign, simulate=True, on="memory")
        context = Context(environment=dict(os.environ))
        given = [str(manifest), "--on", "memory"]
        listed = CliRunner().invoke(find_command("adopt"), given, obj=context)
    assert "office#1" in listed.output, listed.exception
    assert not StateDirs(manifest).first().ledger.exists()


def test_a_shell_is_told_the_takes_of_a_database_unless_that_keeps_it_waiting(
    database: MemoryDatabase, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = database.find_ledger(ME, "spring")
    fill(place.open(concurrency=1, **settings()), manifest)
    command, end = find_command("pick"), threading.Event()
    context = Context(environment={"LOOKBOOK_ON": "memory"})

    def complete() -> list[str]:
        asked = command.make_context("pick", [str(manifest)], resilient_parsing=True, obj=context)
        return complete_takes(asked, command.params[0], "off")

    assert complete() == ["office#1"]
    monkeypatch.setattr("runner.cli.complete.PATIENCE", 0.05)
    monkeypatch.setattr(MemoryDatabase, "find_accounts", lambda *_: end.wait(60) and [ME])
    assert complete() == []
    end.set()


def test_a_ceiling_of_the_month_is_shown_and_holds_before_any_money_moves(
    database: MemoryDatabase, manifest: Path
) -> None:
    with Embedded(SimulatorSettings(pictures=False)) as simulator:
        environment = {"HEYGEN_API_KEY": "k", "HEYGEN_API_BASE": simulator.url}
        context = Context(environment=environment)
        run = [str(manifest), "--on", "memory", "--yes"]

        def invoke_run(*arguments: str) -> Result:
            return CliRunner().invoke(find_command("run"), [*run, *arguments], obj=context)

        database.ceilings = [
            MonthCeiling(None, "2026-11", Decimal(500), Decimal("499.00"), "ada on laptop")
        ]
        refused = invoke_run()
        assert isinstance(refused.exception, BudgetRefused), refused.output
        assert "The ceiling of all accounts for 2026-11, $500.00, has $1.00 left; ada" in str(
            refused.exception.message
        )
        assert "$500.00, has $1.00 left" in " ".join(refused.output.split())
        assert charges(simulator.url) == 0
        part = invoke_run("--up-to-budget")
        assert "Stopped at a ceiling: 1 bought" in part.output
        assert charges(simulator.url) == 1
    assert "for 2026-11, $500.00, has" in invoke(database, "plan", manifest)


def test_a_price_of_the_manifest_below_the_list_counts_at_list_price_against_the_month(
    database: MemoryDatabase, manifest: Path
) -> None:
    manifest.write_text(MANIFEST + "prices: {prompt: 0.01}\n")
    settings = SimulatorSettings(pictures=False, behaviour=Behaviour(billing="subscription"))
    month = datetime.now(UTC).strftime("%Y-%m")

    def set_ceiling(usd: str, spent: str) -> None:
        database.ceilings = [MonthCeiling(None, month, Decimal(usd), Decimal(spent), "ada")]

    with Embedded(settings) as simulator:
        context = Context(environment={"HEYGEN_API_KEY": "k", "HEYGEN_API_BASE": simulator.url})
        run = [str(manifest), "--on", "memory", "--yes"]

        def invoke_run(*arguments: str) -> Result:
            return CliRunner().invoke(find_command("run"), [*run, *arguments], obj=context)

        def counted() -> list[CountedPrice]:
            return [one for one in database.counted if one.kind is LookKind.PROMPT]

        set_ceiling("1", "0")
        refused = invoke_run()
        assert isinstance(refused.exception, BudgetRefused), refused.output
        assert "$0.02 at the manifest's prices, and $2.00 at the list" in refused.exception.message
        left = f"against the ceiling of all accounts for {month}, which leaves"
        assert f"{left} $1.00" in refused.exception.message
        assert "--price prompt=0.01" in str(refused.exception.hint)
        assert charges(simulator.url) == 0
        assert counted() == [CountedPrice(LookKind.PROMPT, Decimal(1), is_open=True)]
        assert "1 bought" in invoke_run("--up-to-budget").output
        assert charges(simulator.url) == 1
        set_ceiling("1.50", "1")  # what was bought before counts at list price as well
        assert f"{left} $0.50" in str(invoke_run().exception)
        told = " ".join(invoke(database, "plan", manifest).split())
        assert f"for {month}, $1.50, has $0.50 left" in told
        assert counted() == [CountedPrice(LookKind.PROMPT, Decimal(1), is_open=True)]
        invoke_run("--price", "prompt=0.01")  # the operator's own word
        assert charges(simulator.url) == 2
        assert counted() == [CountedPrice(LookKind.PROMPT, Decimal("0.01"), is_open=False)]


def charges(url: str) -> int:
    with urllib.request.urlopen(f"{url}/__simulator__/stats") as answer:
        return len(json.load(answer)["charges"])


def test_where_several_accounts_have_a_campaign_one_must_be_named(
    database: MemoryDatabase, manifest: Path
) -> None:
    for account in (ME, ADA):
        place = database.find_ledger(account, "spring")
        fill(place.open(concurrency=1, **settings()), manifest, account)
    assert "Name one with --account" in invoke(database, "status", manifest)
    assert "account api.example/ada" in invoke(database, "status", manifest, "--account", ADA.label)
    assert "nothing of spring on the account x/y" in invoke(
        database, "status", manifest, "--account", "x/y"
    )


def test_a_folder_whose_ledger_lives_elsewhere_begins_no_file_unasked(
    database: MemoryDatabase, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, campaign = database.find_ledger(ME, "spring"), load_campaign(Request(manifest))
    fill(place.open(concurrency=1, **settings()), manifest)
    assert "base#1 is picked already" in invoke(database, "pick", manifest, "base#1")
    told = invoke(None, "status", manifest)
    assert "spring of api.example/me in memory: add --on, or set LOOKBOOK_ON" in told
    local = StateDirs(manifest).first()
    left = local.find_left_ledger()
    assert left is not None
    with pytest.raises(LedgerQuestion, match="would use"):
        ask_before_file(Console(), campaign, local, left)
    assert not local.ledger.exists()
    other = MemoryDatabase().find_ledger(ADA, "spring")
    with pytest.raises(LedgerQuestion, match=r"is spring of api\.example/me in memory"):
        check_shared(Console(), campaign, replace(local, shared=other), ADA, Snapshot())
    assert StateDirs(manifest).of(ME).folder == local.folder
    assert StateDirs(manifest).of(ADA).folder != local.folder
    local.forget_shared()
    assert local.find_left_ledger() is None


def test_an_empty_ledger_beside_one_that_lives_in_a_database_is_a_question(
    database: MemoryDatabase, manifest: Path
) -> None:
    place, campaign = database.find_ledger(ME, "spring"), load_campaign(Request(manifest))
    fill(place.open(concurrency=1, **settings()), manifest)
    shared = SharedLedgers(database)
    with pytest.raises(LedgerQuestion, match=r"spring of api\.example/me in memory holds"):
        anew(load_campaign(Request(manifest)), ADA, shared)  # another key, on a fresh machine
    invoke(database, "pick", manifest, "base#1")  # after which the folder knows
    assert not anew(campaign, ME, shared)
    for key, on in (ADA, None), (ADA, SharedLedgers(MemoryDatabase())):
        with pytest.raises(LedgerQuestion, match=r"on the account api\.example/me") as asked:
            anew(campaign, key, on)
        assert ("Add --on" in str(asked.value.hint)) is (on is None)
    copied = load_campaign(Request(manifest.rename(manifest.with_name("copy.yaml"))))
    with pytest.raises(LedgerQuestion, match=r"holds the campaign spring") as forgotten:
        anew(copied, ME, None)
    assert "Add --on" in str(forgotten.value.hint)
    assert not anew(copied, ME, shared)
    assert anew(copied, ME, None, new_ledger=True)
    assert not anew(replace(copied, name="autumn"), ME, None)


def anew(
    campaign: Campaign, account: Account, on: SharedLedgers | None, *, new_ledger: bool = False
) -> bool:
    """Return whether a run begins anew with an account's folder, as the command finds it."""
    state = StateDirs(campaign.manifest).of(account)
    state = state if on is None else share_state(on, campaign, account)
    request = Request(campaign.manifest, on=on, new_ledger=new_ledger)
    return ask_how_to_begin(Console(), campaign, account, state, request)


@pytest.mark.parametrize("database_has", ["another campaign", "nothing any more"])
def test_no_command_calls_a_ledger_empty_where_another_may_be_meant(
    database: MemoryDatabase, manifest: Path, database_has: str
) -> None:
    place, campaign = database.find_ledger(ME, "spring"), load_campaign(Request(manifest))
    fill(place.open(concurrency=1, **settings()), manifest)
    assert "base#1 is picked already" in invoke(database, "pick", manifest, "base#1")
    local = StateDirs(manifest).first()
    name = str(place) if database_has == "nothing any more" else "spring on another database"
    emptied = replace(local, shared=MemoryLocation(name))
    told = r"has none now" if name == str(place) else r"would use spring on another database"
    with pytest.raises(LedgerQuestion, match=told):
        check_shared(Console(), campaign, emptied, ME, Snapshot())
    with pytest.raises(LedgerQuestion, match=told):
        ask_before_empty(Console(), campaign, emptied, ME)
    with pytest.raises(LedgerQuestion, match="would use"):
        ask_before_empty(Console(), campaign, local, ME)
    local.forget_shared()
    ask_before_empty(Console(), campaign, emptied, ME)
    assert local.read_shared_note() is None  # nothing was begun


def test_a_folder_learns_that_its_shared_ledger_is_not_empty_any_more(
    database: MemoryDatabase, manifest: Path
) -> None:
    place, campaign = database.find_ledger(ME, "spring"), load_campaign(Request(manifest))
    state = replace(StateDirs(manifest).first(), shared=place)
    state.folder.mkdir()
    for _ in range(2):  # a run that nobody agreed to is no question to the next one
        check_shared(Console(), campaign, state, ME, Snapshot())
    fill(place.open(concurrency=1, **settings()), manifest)
    remember_takes(state, read_snapshot(place))
    with pytest.raises(LedgerQuestion, match="has none now"):
        check_shared(Console(), campaign, state, ME, Snapshot())


@pytest.mark.parametrize("name", ["reconcile", "refresh"])
def test_comparing_commands_ask_before_they_call_a_folder_empty(
    database: MemoryDatabase, manifest: Path, name: str
) -> None:
    state = StateDirs(manifest).first()
    state.folder.mkdir()
    with Embedded(SimulatorSettings(pictures=False)) as simulator:
        environment = {"HEYGEN_API_KEY": "k", "HEYGEN_API_BASE": simulator.url}
        context = Context(environment=environment)
        state.remember_shared(SharedNote("spring in a database", None, "spring", begun=True))
        done = CliRunner().invoke(find_command(name), [str(manifest)], obj=context)
    assert isinstance(done.exception, LedgerQuestion), done.output
    assert "is spring in a database" in done.exception.message


@pytest.mark.parametrize("with_file", [False, True])
def test_a_database_without_the_campaign_is_never_replaced_by_the_folders_file(
    database: MemoryDatabase, manifest: Path, *, with_file: bool
) -> None:
    local = StateDirs(manifest).first()
    fill(LedgerFile(local.ledger, **settings()), manifest)
    assert "catalog:" in invoke(None, "pick", manifest, "base#1")  # which writes results.json
    before = read_snapshot(local.ledger)
    if not with_file:
        local.ledger.unlink()
    for command in ("review", "--reject", "base"), ("pick", "office#1"), ("faces",), ("catalog",):
        told = invoke(database, *command[:1], manifest, *command[1:])
        assert "There is no ledger on memory yet" in told
        assert f"lookbook run {manifest} --on memory" in told
    assert "2 takes of" in invoke(database, "status", manifest)
    if with_file:
        assert read_snapshot(local.ledger) == before
    local.results.unlink()
    assert "memory has nothing of spring yet" in invoke(database, "pick", manifest, "base#1")


@pytest.mark.parametrize("given", [{}, {"LOOKBOOK_ON": "postgresql://db.example/studio"}])
def test_an_address_that_is_empty_means_no_file(manifest: Path, given: dict[str, str]) -> None:
    for arguments, environment in ([], {"LOOKBOOK_ON": ""}), (["--on", " "], given):
        context = Context(environment=environment)
        line = [str(manifest), *arguments]
        done = CliRunner().invoke(find_command("plan"), line, obj=context)
        assert isinstance(done.exception, UsageError), done.output
        assert "names no database: it is empty" in done.exception.message


def test_a_run_on_another_machine_is_known_to_go_on(
    database: MemoryDatabase, manifest: Path
) -> None:
    place = database.find_ledger(ME, "spring")
    fill(place.open(concurrency=1, **settings()), manifest)
    place.open(concurrency=1, **settings()).begin(ME, "spring", {})  # and never ends
    assert "The last run was killed" in invoke(database, "status", manifest)
    place.held = True
    assert "A run is going on: process" in invoke(database, "status", manifest)


def test_another_teams_campaign_of_the_same_name_is_a_question(
    database: MemoryDatabase, manifest: Path
) -> None:
    place = database.find_ledger(ME, "spring")
    fill(place.open(concurrency=1, **settings()), manifest)
    mine = replace(StateDirs(manifest).first(), shared=place)
    mine.folder.mkdir()
    manifest.write_text(MANIFEST.replace("40s", "20s"))
    other, snapshot = load_campaign(Request(manifest)), read_snapshot(place)
    with pytest.raises(LedgerQuestion, match="made from another base"):
        check_shared(Console(), other, mine, ME, snapshot)
    manifest.write_text(MANIFEST)
    check_shared(Console(), load_campaign(Request(manifest)), mine, ME, snapshot)
    check_shared(Console(), other, mine, ME, snapshot)  # the same folder may change its base


def test_what_only_the_folders_own_ledger_knows_is_a_question(
    database: MemoryDatabase, manifest: Path
) -> None:
    local = StateDirs(manifest).first()
    fill(LedgerFile(local.ledger, **settings()), manifest)
    place, campaign = database.find_ledger(ME, "spring"), load_campaign(Request(manifest))
    here: StateDir = replace(local, shared=place)
    with pytest.raises(LedgerQuestion, match=r"holds 2 takes that the shared ledger would not"):
        check_shared(Console(), campaign, here, ME, Snapshot())
    assert "catalog:" in invoke(None, "pick", manifest, "base#1")  # which writes results.json
    written = local.results.read_text()
    for other in {"account": ADA.label}, {"campaign": "autumn"}:  # nothing is taken in from those
        local.results.write_text(json.dumps({**json.loads(written), **other}))
        with pytest.raises(LedgerQuestion, match="holds 2 takes"):
            check_shared(Console(), campaign, here, ME, Snapshot())
    local.results.write_text(written)
    check_shared(Console(), campaign, here, ME, Snapshot())


def test_without_the_extra_one_sentence_says_what_to_install(
    manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("runner.ledger.postgres")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("runner.ledger.postgres", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    told = invoke(None, "plan", manifest, "--on", "postgresql://db.example/studio")
    assert "`distributed`, which is not installed" in told
    assert "lookbook-runner[distributed]" in told


def test_a_rehearsal_is_never_shared(database: MemoryDatabase, manifest: Path) -> None:
    assert "Leave out --on" in invoke(database, "status", manifest, "--simulate")


def test_a_rehearsal_does_not_read_the_address_in_the_environment(manifest: Path) -> None:
    context = Context(environment={"LOOKBOOK_ON": "no address"})
    for arguments in ([str(manifest), "--simulate"], ["--simulate", str(manifest)]):
        done = CliRunner().invoke(find_command("status"), arguments, obj=context)
        assert (done.exit_code, "planned" in done.output) == (0, True), done.output


def test_a_password_in_an_address_is_warned_about_and_never_printed(
    manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("psycopg")
    address = "postgresql://me:hunter2@127.0.0.1:1/studio"
    told = invoke(None, "plan", manifest, "--on", address)
    assert "cannot be reached" in told
    found = open_database(address)
    assert found.passwords == ("hunter2",)
    assert "hunter2" not in f"{told}{found.shown}{found.database.name}"
    assert "me" in found.shown
    assert redact(f"arguments: ['--on', '{address}']") == (
        "arguments: ['--on', 'postgresql://***@127.0.0.1:1/studio']"
    )
    assert redact("password=hunter2 host=db") == "password=*** host=db"
    assert redact("postgresql://me:hunt@er2@db/studio") == "postgresql://***@db/studio"


def test_every_secret_of_an_address_is_warned_about_and_masked(manifest: Path) -> None:
    pytest.importorskip("psycopg")
    for name in ("sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"):
        address = f"postgresql://me@127.0.0.1:1/studio?{name}=of-{name}"
        arguments = [str(manifest), "--on", address]
        done = CliRunner().invoke(find_command("plan"), arguments, obj=Context(environment={}))
        assert "A password on the command line" in done.output
        found = open_database(address)
        assert found.passwords == (f"of-{name}",)
        assert f"of-{name}" not in found.shown
        assert f"of-{name}" not in redact(f"it said of-{name}.")


def test_neither_help_nor_a_local_plan_imports_anything_of_postgresql(
    manifest: Path, process_env: dict[str, str]
) -> None:
    program = (
        "import sys; from runner.cli import invoke\n"
        "codes = [invoke(['run', '--help']), invoke(['plan', 'spring.yaml'])]\n"
        "found = [m for m in sys.modules if m.startswith(('psycopg', 'runner.ledger.postgres'))]\n"
        "sys.exit(f'{codes} {found}' if any(codes) or found else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=manifest.parent,
        env=process_env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_option_is_there_where_a_command_goes_by_it_and_nowhere_else() -> None:
    documented = Path(__file__).parents[2] / "docs" / "many-machines.md"
    paragraph = documented.read_text("utf-8").partition("`--on` is there for ")[2].partition(".")[0]
    having = {
        name
        for name in (*COMMANDS, *FORMER)
        if any("--on" in option.opts for option in find_command(name).params)
    }
    assert having == {*re.findall(r"`(\w+)`", paragraph)}
