"""A run that workers carry out, as who queues it and who carries it out see it; in memory."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import anyio
import click
import pytest
from click.testing import CliRunner, Result

from runner.cli import invoke, queued_run, run_attempt
from runner.cli.confirm import effective_ceilings, remaining_budget
from runner.cli.context import Console, Context
from runner.cli.next_steps import resume_command, resuming
from runner.cli.queue_client import RunPacker
from runner.cli.queued_run import _make_command, carry_out_queued
from runner.cli.request import load_campaign
from runner.cli.run_attempt import (
    CheckedPlan,
    _explain_moved,
    make_checked_plan,
    share_ceilings,
)
from runner.errors import (
    DatabaseAway,
    LedgerClaimed,
    LookbookError,
    PlanMoved,
    StorageError,
    UsageError,
)
from runner.executor.ports import Intent, OverBudget
from runner.executor.preflight import Verified
from runner.ledger.ledger import CampaignLedger
from runner.ledger.reading import read_snapshot
from runner.ledger.shared import SharedLedgers
from runner.model import Campaign
from runner.plan import fit_budget, plan
from runner.plan.model import PlannedLook
from runner.plan.request import Request
from runner.plan.saved_plan import Change, ChangeKind
from runner.policy.budget import Ceilings
from runner.policy.lifecycle import Event
from runner.queue.pack import Pack
from runner.queue.port import WORKER_DEAD_AFTER, Output
from runner.takes import Snapshot
from tests.cli.test_shared import (
    ADA,
    ME,
    MemoryDatabase,
    database,
    fill,
    find_command,
    manifest,
    settings,
)
from tests.ledger.names import intent
from tests.manifest.test_images import picture

__all__ = ["database", "manifest"]


def run(
    database: MemoryDatabase,
    manifest: Path,
    *arguments: str,
    more: Mapping[str, str] = MappingProxyType({}),
) -> tuple[int | None, str, Result]:
    """Run ``lookbook run`` without a key; return its exit code and all that it said."""
    context = Context(environment=more, home=str(manifest.parent))
    given = [str(manifest), *arguments, "--on", "memory"]
    done = CliRunner().invoke(find_command("run"), given, obj=context, standalone_mode=False)
    if isinstance(done.exception, LookbookError):
        error = done.exception
        return error.exit_code, f"{done.output}{error.message}\n{error.hint}", done
    assert done.exception is None, done.exception
    return done.return_value, done.output, done


def work_of(ledger: CampaignLedger, queued: str | None = "run1") -> Any:
    """Return as much of an open session as planning and packing ask."""
    outside = SimpleNamespace(queued=queued)
    return SimpleNamespace(account=ME, ledger=ledger, outside=outside, context=None)


def test_without_a_key_a_run_is_planned_by_the_ledger_and_queued_once(
    database: MemoryDatabase, manifest: Path
) -> None:
    code, said, _ = run(database, manifest, "--detach", "--yes")
    assert (code, "cannot be told without a key" in said) == (2, True)
    database.queue.enlist("one", [ME], 8)
    code, said, _ = run(database, manifest, "--detach")
    assert (code, "nobody to ask here, so nothing was queued" in said) == (2, True)
    code, said, _ = run(database, manifest, "--detach", "--yes", "--max-cost", "1")
    assert (code, "leave room for $1.00" in said) == (5, True)
    code, said, _ = run(database, manifest, "--detach", "--yes", "--max-cost", "3")
    assert code == 0
    assert "2 generations to buy: $2.00" in said
    assert "planned by the shared ledger alone" in said
    assert "Queued: run run1 of spring on api.example/me." in said
    pack = database.queue.packs["run1"]
    assert (pack.account, pack.most_usd, pack.file) == (ME, Decimal(2), "spring.yaml")
    assert pack.request().max_cost == Decimal(3)
    assert pack.options["on"] == ["--on", "memory"]
    code, said, _ = run(database, manifest, "--detach", "--yes")
    assert code == 2
    assert "in the queue already: run run1" in said
    assert f"lookbook run {manifest} --on memory --follow" in said
    assert "is cancelled" in run(database, manifest, "--cancel")[1]
    code, said, _ = run(database, manifest, "--follow")
    assert (code, "Run run1 was cancelled" in said) == (2, True)
    assert "has ended already" in run(database, manifest, "--cancel")[1]
    code, said, done = run(database, manifest, "--detach", "--yes", "--format", "json")
    assert json.loads(done.stdout)["run"] != "run1"


def test_what_cannot_be_queued_is_refused_before_anybody_is_asked(
    database: MemoryDatabase, manifest: Path, tmp_path: Path
) -> None:
    pytest.importorskip("obstore", reason="the extra `distributed` brings it")
    database.queue.enlist("one", [ME], 8)
    for key in ("", "sk-0123456789"):
        for option in ("--store", "--out", "--summary"):
            given = (option, str(tmp_path if option == "--store" else tmp_path / "x"))
            code, said, _ = run(
                database, manifest, "--detach", *given, more={"HEYGEN_API_KEY": key}
            )
            assert (code, "This cannot be queued: --" in said, option in said) == (2, True, True)
            assert "Leave out --detach" in said
            assert "to buy" not in said
    code, said, _ = run(
        database, manifest, "--detach", "--yes", more={"LOOKBOOK_STORE": str(tmp_path)}
    )
    assert (code, "LOOKBOOK_STORE of this machine does not go along" in said) == (0, True)


def test_ctrl_c_before_a_run_is_shown_says_that_the_run_goes_on(
    manifest: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def press_ctrl_c(_address: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("runner.cli.shared_options.open_database", press_ctrl_c)
    assert invoke(["run", str(manifest), "--on", "memory", "--follow"]) == 4
    assert "a run that is queued goes on. The same command follows it" in capsys.readouterr().err
    assert invoke(["run", str(manifest), "--on", "memory", "--cancel"]) == 2


def test_ctrl_c_while_a_run_is_queued_says_that_it_may_be_in_the_queue(
    database: MemoryDatabase, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.queue.enlist("one", [ME], 8)
    enqueue = database.queue.enqueue

    def press_ctrl_c(pack: Pack, *, by: str) -> str:
        enqueue(pack, by=by)
        raise KeyboardInterrupt

    monkeypatch.setattr(database.queue, "enqueue", press_ctrl_c)
    code, said, _ = run(database, manifest, "--detach", "--yes")
    assert (code, "may be in the queue" in said) == (4, True)
    assert f"lookbook run {manifest} --on memory --follow" in said
    assert "run1" in database.queue.runs


def test_commands_to_copy_name_the_manifest_as_who_queued_it_does(
    database: MemoryDatabase, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.queue.enlist("one", [ME], 8)
    monkeypatch.chdir(manifest.parent.parent)
    named = manifest.relative_to(manifest.parent.parent)
    assert run(database, named, "--detach", "--yes", "--cascade")[0] == 0
    pack = database.queue.packs["run1"]
    seen: list[tuple[Context, Request]] = []

    def note(context: Context, _pack: Pack, request: Request, *, attempt: int) -> int:
        seen.append((context._replace(shared=request.on), request))
        return attempt

    monkeypatch.setattr(queued_run, "carry_out_queued", note)
    monkeypatch.chdir(manifest.parent)
    order = {"pack": pack.to_json(), "run": "run1", "attempt": 1}
    given = ["--on", "postgresql://worker@db/studio"]
    assert CliRunner().invoke(_make_command(order), given, standalone_mode=False).return_value == 1
    ((context, request),) = seen
    ledger = database.find_ledger(ME, "spring").open(concurrency=1, **settings())
    work = work_of(ledger)
    work.outside, campaign = context, load_campaign(request)
    command = f"{named} --on memory"
    assert resume_command(campaign, work) == command
    assert f"`lookbook run {command}` resumes" in resuming(request, command, is_queued=True)
    change = Change(ChangeKind.PRICE, "photo $1.00 → $2.00")
    moved = _explain_moved([change], campaign, work)
    assert "The plan that was agreed to was not carried out" in moved.message
    assert f"`lookbook run {command}` makes a new one" in str(moved.hint)
    ledger.close()


def test_the_account_is_named_where_several_may_be_meant(
    database: MemoryDatabase, manifest: Path
) -> None:
    database.queue.enlist("one", [ME, ADA], 8)
    database.queue.name_account("studio-b", ADA)
    code, said, _ = run(database, manifest, "--detach", "--yes")
    assert (code, "api.example/ada, api.example/me" in said) == (2, True)
    assert run(database, manifest, "--detach", "--yes", "--account", "nobody")[0] == 2
    assert run(database, manifest, "--detach", "--yes", "--account", "studio-b")[0] == 0
    assert run(database, manifest, "--detach", "--yes", "--account", ME.label)[0] == 0
    code, said, _ = run(database, manifest, "--follow")
    assert (code, "Several accounts have runs of spring" in said) == (2, True)
    fill(database.find_ledger(ADA, "spring").open(concurrency=1, **settings()), manifest)
    assert run(database, manifest, "--cancel", "--account", "studio-b")[0] == 0
    code, said, _ = run(database, manifest, "--detach", "--yes")  # whoever has the campaign
    assert (code, "Nothing to buy" in said) == (0, True)
    assert run(database, manifest, "--cancel", "--account", ME.label)[0] == 0
    code, said, _ = run(database, manifest, "--detach", "--yes", "--account", ME.label)
    assert (code, "run it once where the key is" in said) == (2, True)


@pytest.mark.parametrize("scheduled", [False, True])
def test_another_teams_campaign_of_the_same_name_is_not_queued_without_a_key(
    database: MemoryDatabase, manifest: Path, *, scheduled: bool
) -> None:
    database.queue.enlist("one", [ME], 8)
    fill(database.find_ledger(ME, "spring").open(concurrency=1, **settings()), manifest)
    manifest.write_text(manifest.read_text().replace("40s", "20s"))
    if scheduled:
        context = Context(environment={}, home=str(manifest.parent))
        line = ["schedule", "add", "0 2 * * *", str(manifest), "--max-cost", "5", "--on", "memory"]
        done = CliRunner().invoke(find_command("cluster"), line, obj=context)
        code, said = getattr(done.exception, "exit_code", 0), str(done.exception)
    else:
        code, said, _ = run(database, manifest, "--detach", "--yes")
    assert (code, "was made from another base" in said) == (2, True)
    assert not database.queue.packs


def test_a_run_is_followed_to_its_exit_code_and_goes_on_without_whoever_follows(
    database: MemoryDatabase, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.queue.enlist("one", [ME], 8)
    run(database, manifest, "--detach", "--yes")
    begun = database.queue.begin("run1", "one")
    assert begun is not None
    database.queue.write_output(begun, "[1/2] base#1 generated\n", error=True)

    def press_ctrl_c(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("runner.cli.queue_client.time.sleep", press_ctrl_c)
    database.queue.advance(WORKER_DEAD_AFTER + 1)
    code, said, _ = run(database, manifest, "--follow")
    assert code == 4
    assert "base#1 generated" in said
    assert "No worker serves api.example/me now" in said
    assert f"Run run1 goes on.\nTo follow it: lookbook run {manifest} --on memory --follow" in said

    def lose(_run: str, *, after: int = 0) -> list[Output]:
        raise StorageError(f"The database is away after {after}.")

    with monkeypatch.context() as away:
        away.setattr(database.queue, "read_output", lose)
        code, said, _ = run(database, manifest, "--follow")
    assert (code, "Run run1 goes on, or waits" in said, "--cancel" in said) == (1, True, True)
    database.queue.write_output(begun, "Done: 2 bought\n", error=False)
    database.queue.end(begun, 6)
    code, said, done = run(database, manifest, "--follow")
    assert (code, done.stdout) == (6, "Done: 2 bought\n")
    assert "--fetch-only" in said


def test_options_of_the_queue_need_a_database_and_exclude_each_other(
    database: MemoryDatabase, manifest: Path
) -> None:
    for option in ("--detach", "--follow", "--cancel"):
        done = CliRunner().invoke(
            find_command("run"), [str(manifest), option], obj=Context(environment={})
        )
        assert "Runs are queued in a database" in str(done.exception)
    assert run(database, manifest, "--detach", "--follow")[0] == 2
    assert "knows no run of" in run(database, manifest, "--follow")[1]
    assert run(database, manifest, "--detach", "--yes", "--new-ledger")[0] == 2


class Work:
    """As much of an open session as packing asks."""

    def __init__(self) -> None:
        self.account, self.ledger = ME, self

    def snapshot(self) -> Snapshot:
        return Snapshot()


def test_a_run_is_packed_only_where_a_worker_can_carry_it_out(
    database: MemoryDatabase, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = Request(manifest, on=SharedLedgers(database))
    campaign = load_campaign(request)
    made = plan(campaign, Snapshot())
    console = Console()
    queue: Any = database.queue

    def pack(asked: Request = request) -> Pack | None:
        work: Any = Work()
        return RunPacker(console, queue, asked).pack(campaign, work, made, asked)

    assert pack() is None
    assert capsys.readouterr().err == ""  # who has no workers hears of none
    database.queue.enlist("one", [ADA], 8)
    assert pack() is None
    assert "no living worker serves api.example/me" in capsys.readouterr().err
    database.queue.enlist("two", [ME], 8)
    packed = pack()
    assert packed is not None
    assert packed.manifest == manifest.read_bytes()
    assert packed.most_usd == Decimal(2)
    whole, made = made, fit_budget(made, Decimal(1))
    packed = pack(replace(request, up_to_budget=True))
    assert packed is not None
    assert packed.most_usd == Decimal(1)  # what was asked about, and not what the whole plan costs
    assert packed.plan["count"] == whole.count == 2
    assert pack(replace(request, new_ledger=True)) is None
    assert pack(replace(request, summary=manifest)) is None
    work: Any = Work()
    packer = RunPacker(console, queue, request)
    console.note_answer()
    assert packer.pack(campaign, work, made, request) is None
    assert "what you have answered" in capsys.readouterr().err
    database.queue.advance(WORKER_DEAD_AFTER + 1)
    assert pack() is None


@pytest.fixture
def queued(database: MemoryDatabase, manifest: Path) -> Pack:
    """Return a run that was queued with a ceiling of 3 dollars."""
    database.queue.enlist("one", [ME], 8)
    assert run(database, manifest, "--detach", "--yes", "--max-cost", "3", "--cascade")[0] == 0
    return database.queue.packs["run1"]


LOOKS = """\
  second: {prompt: "Wearing a red coat, at a harbour, evening light"}
  third: {prompt: "Wearing a linen shirt, in a garden, soft light"}
  fourth: {prompt: "Wearing a grey suit, in a library, warm light"}
  fifth: {prompt: "Wearing a raincoat, on a bridge, overcast sky"}
"""


def test_what_was_sent_without_an_answer_counts_once_where_a_run_is_resumed(
    database: MemoryDatabase, manifest: Path
) -> None:
    manifest.write_text(manifest.read_text() + LOOKS)
    campaign, place, same = (
        *(load_campaign(Request(manifest)), database.find_ledger(ME, "spring"), settings()),
    )
    looks = plan(campaign, Snapshot()).actions
    assert len(looks) == 6

    def intend(action: PlannedLook) -> Intent:
        more = {"reference_look": "base", "reference_id": "id-base"} if action.needs else {}
        return intent(action.key, key=f"key-{action.key}", identity=action.identity, **more)

    async def buy_and_die() -> None:
        ledger = place.open(concurrency=1, **same)
        ledger.begin(ME, "spring", {"queued": "run1"})
        for action in looks[:4]:
            take = await ledger.intend(intend(action))
            if action in looks[:2]:
                await ledger.record(take.uid, Event.ACCEPTED, {"avatar_id": f"id-{take.look}"})
                await ledger.record(take.uid, Event.COMPLETED, {"completed_at": 5.0})
        ledger.close()

    async def resume(usd: Decimal) -> None:
        ledger = place.open(concurrency=1, ceilings=Ceilings(run=usd, operator=usd), **same)
        share_ceilings(work_of(ledger))
        left = plan(campaign, ledger.snapshot())
        assert (left.at_risk, left.cost) == (Decimal(2), Decimal(2))
        assert remaining_budget(ledger, left) == usd - 4
        ledger.begin(ME, "spring", {})
        for take in [one for one in ledger.snapshot().all_takes if one.unresolved]:
            await ledger.resend(take.uid)
        assert ledger.room() == usd - 4
        for action in looks[4 : int(usd)]:
            await ledger.intend(intend(action))
        with pytest.raises(OverBudget):
            await ledger.intend(intent("another", key="another"))
        ledger.close()

    anyio.run(buy_and_die)
    anyio.run(resume, Decimal(5))  # what fits of it
    place.rows = None
    anyio.run(buy_and_die)
    anyio.run(resume, Decimal(6))  # the whole of it
    assert read_snapshot(place).spent == Decimal(6)


Answers = list[LookbookError | int]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[Campaign, Request]]]:
    """Return what lets runs end with what is given, and returns what was started."""

    def script(*answers: LookbookError | int) -> list[tuple[Campaign, Request]]:
        left, seen = iter(answers), []

        def start(context: Context, campaign: Campaign, request: Request) -> int:
            assert not context.shows_catalog
            assert context.account == ME
            seen.append((campaign, request))
            answer = next(left)
            if isinstance(answer, int):
                return answer
            raise answer

        monkeypatch.setattr(queued_run, "start", start)
        monkeypatch.setattr("runner.cli.queued_run.time.sleep", lambda _seconds: None)
        return seen

    return script


LEDGER_MOVED = PlanMoved("something has moved", kinds={ChangeKind.LEDGER})


async def pick_again(ledger: CampaignLedger) -> None:
    (take,) = ledger.snapshot().takes["base"]
    await ledger.pick("base", take.uid)
    ledger.close()


def carry_out(
    queued: Pack, database: MemoryDatabase, manifest: Path, attempt: int, context: Context
) -> int:
    on = SharedLedgers(database)
    request = replace(queued.request(), manifest=manifest, on=on)
    context = context._replace(queued="run1")
    return carry_out_queued(context, queued, request, attempt=attempt)


def test_a_queued_run_waits_a_minute_for_a_database_that_takes_no_more_connections(
    queued: Pack,
    database: MemoryDatabase,
    manifest: Path,
    started: Callable[..., list[tuple[Campaign, Request]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    away = DatabaseAway("The studio cannot be reached: too many connections.")
    seen = started(away, away, 0, away)
    assert carry_out(queued, database, manifest, 1, Context()) == 0
    assert len(seen) == 3
    monkeypatch.setattr(queued_run, "AWAY", -1.0)
    with pytest.raises(DatabaseAway):
        carry_out(queued, database, manifest, 1, Context())


def test_a_worker_carries_out_the_plan_that_was_agreed_to_or_refuses(
    queued: Pack,
    database: MemoryDatabase,
    manifest: Path,
    started: Callable[..., list[tuple[Campaign, Request]]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    held = LedgerClaimed("Another run holds the ledger.")
    seen = started(held, held, 4)
    assert carry_out(queued, database, manifest, 1, Context()) == 4
    assert capsys.readouterr().err.count("This run waits for it") == 1
    assert all(request.saved == queued.plan and request.yes for _, request in seen)
    started(LEDGER_MOVED)
    with pytest.raises(PlanMoved):
        carry_out(queued, database, manifest, 1, Context())


@pytest.mark.parametrize(
    ("bought_by", "kinds", "resumes"),
    [
        ("run1", {"the ledger"}, True),
        ("run1", {"the ledger", "the price"}, False),
        ("run1", {"the manifest"}, False),
        ("run2", {"the ledger"}, False),
        (None, {"the ledger"}, False),
    ],
)
def test_only_what_a_queued_run_has_bought_itself_lets_it_go_on_after_its_plan_moved(
    queued: Pack,
    database: MemoryDatabase,
    manifest: Path,
    started: Callable[..., list[tuple[Campaign, Request]]],
    bought_by: str | None,
    kinds: set[str],
    *,
    resumes: bool,
) -> None:
    place = database.find_ledger(ME, "spring")
    fill(place.open(concurrency=1, **settings()), manifest, queued=bought_by)
    seen = started(PlanMoved("something has moved", kinds=kinds), 0)
    if not resumes:
        with pytest.raises(PlanMoved):
            carry_out(queued, database, manifest, 2, Context())
        return
    assert carry_out(queued, database, manifest, 2, Context()) == 0
    assert [request.saved is None for _, request in seen] == [False, True]
    ledger = place.open(concurrency=1, **settings())
    ledger.begin(ME, "spring", {})  # somebody fetches, which buys nothing
    ledger.end({"exit": 0, "stopped": None})
    ledger.close()
    started(LEDGER_MOVED, 0)
    assert carry_out(queued, database, manifest, 3, Context()) == 0
    anyio.run(pick_again, place.open(concurrency=1, **settings()))
    started(LEDGER_MOVED)
    with pytest.raises(PlanMoved):  # somebody picked meanwhile
        carry_out(queued, database, manifest, 4, Context())


def test_a_run_whose_plan_moved_asks_again_whose_doing_it_was_where_the_database_is_away(
    queued: Pack,
    database: MemoryDatabase,
    manifest: Path,
    started: Callable[..., list[tuple[Campaign, Request]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refusals = [DatabaseAway("The studio cannot be reached.")]
    asked: list[object] = []

    def is_own_progress(*given: object) -> bool:
        asked.append(given[0])
        if refusals:
            raise refusals.pop()
        return True

    monkeypatch.setattr(queued_run, "_is_own_progress", is_own_progress)
    held = LedgerClaimed("Another run holds the ledger.")
    seen = started(LEDGER_MOVED, held, 0)  # asked once: what others do later is none of it
    assert carry_out(queued, database, manifest, 2, Context()) == 0
    assert [request.saved is None for _, request in seen] == [False, True, True]
    assert asked == [LEDGER_MOVED] * 2


def test_a_worker_refuses_a_picture_that_was_not_packed(
    queued: Pack,
    database: MemoryDatabase,
    manifest: Path,
    started: Callable[..., list[tuple[Campaign, Request]]],
) -> None:
    seen = started()
    secret = manifest.parent.parent / "secret.png"
    secret.write_bytes(picture("PNG", 600, 600))
    text = manifest.read_text().replace('prompt: "A woman', 'photo: secret.png, title: "A woman')
    for named in ("../secret.png", str(secret)):
        manifest.write_text(text.replace("secret.png", named))
        with pytest.raises(UsageError, match="was not queued with the manifest"):
            carry_out(queued, database, manifest, 1, Context())
    packed = replace(queued, pictures={str(secret): sha256(secret.read_bytes()).hexdigest()})
    with pytest.raises(UsageError, match="no path relative"):
        carry_out(packed, database, manifest, 1, Context())
    assert seen == []


def test_a_manifest_that_is_edited_during_the_question_is_packed_as_it_was_shown(
    database: MemoryDatabase, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.queue.enlist("one", [ME], 8)
    shown = manifest.read_bytes()

    def edit(*_given: object, **_more: object) -> None:
        manifest.write_bytes(shown.replace(b"navy", b"red"))

    monkeypatch.setattr("runner.cli.context.Console.confirm_or_refuse", edit)
    assert run(database, manifest, "--detach")[0] == 0
    assert manifest.read_bytes() != shown
    assert database.queue.packs["run1"].manifest == shown


def test_a_run_that_is_handed_on_spends_no_more_than_was_agreed_to(
    queued: Pack,
    database: MemoryDatabase,
    manifest: Path,
    started: Callable[..., list[tuple[Campaign, Request]]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = database.find_ledger(ME, "spring")
    fill(place.open(concurrency=1, **settings()), manifest, queued="run1")
    assert read_snapshot(place).spent == Decimal(2)
    seen = started(LEDGER_MOVED, 0)
    assert carry_out(queued, database, manifest, 2, Context()) == 0
    (_, first), (campaign, second) = seen
    assert first.saved == queued.plan
    assert (second.saved, second.cascade, second.up_to_budget) == (None, False, True)
    assert not second.new_ledger
    assert (second.max_cost, campaign.budget.run_usd) == (Decimal(3), queued.most_usd)
    assert effective_ceilings(campaign, second) == Ceilings(run=Decimal(2), operator=Decimal(3))
    assert second.select == first.select
    assert "What --cascade meant" in capsys.readouterr().err


@pytest.mark.parametrize("bought", [True, False])
def test_a_scheduled_run_whose_database_goes_away_cascades_again_only_where_nothing_was_begun(
    queued: Pack,
    database: MemoryDatabase,
    manifest: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    bought: bool,
) -> None:
    place, seen = database.find_ledger(ME, "spring"), []

    def start(_context: Context, _campaign: Campaign, request: Request) -> int:
        seen.append(request.cascade)
        if len(seen) == 1:
            if bought:
                fill(place.open(concurrency=1, **settings()), manifest, queued="run1")
            raise DatabaseAway("The studio cannot be reached: too many connections.")
        return 0

    monkeypatch.setattr(queued_run, "start", start)
    monkeypatch.setattr("runner.cli.queued_run.time.sleep", lambda _seconds: None)
    assert carry_out(queued.to_repeat(), database, manifest, 1, Context()) == 0
    assert seen == [True, not bought]


def test_a_run_that_is_handed_on_shares_the_ceilings_of_its_own_beginnings_alone(
    database: MemoryDatabase, manifest: Path
) -> None:
    place, same = database.find_ledger(ME, "spring"), settings()  # each run has a name of its own
    fill(place.open(concurrency=1, **same), manifest, queued="run1")

    async def buy_more(who: dict[str, str], key: str) -> None:
        ledger = place.open(concurrency=1, **same)
        ledger.begin(ME, "spring", who)
        await ledger.intend(intent("office", key=key))
        ledger.close()

    for who, key in (({"queued": "run2"}, "theirs"), ({}, "a colleague's")):
        anyio.run(buy_more, who, key)
    for queued, held in (("run1", 2), ("run2", 1), ("run3", 0), (None, 0)):
        ledger = place.open(concurrency=1, ceilings=Ceilings(run=Decimal(5)), **same)
        share_ceilings(work_of(ledger, queued))
        assert ledger.room() == 5 - held
        ledger.close()


def test_what_the_account_spoke_against_is_left_out_by_the_worker_as_well(
    database: MemoryDatabase, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest.write_text(manifest.read_text() + LOOKS)
    request = Request(manifest, on=SharedLedgers(database), yes=True)
    campaign = load_campaign(request)
    database.queue.enlist("two", [ME], 8)
    ledger = database.find_ledger(ME, "spring").open(concurrency=1, **settings())
    work = work_of(ledger)

    def say(refused: dict[str, str], unlisted: dict[str, str]) -> None:
        async def verify(*_given: object) -> Verified:
            return Verified(refused, {})

        async def listed(*_given: object) -> object:
            return object()

        monkeypatch.setattr(run_attempt, "verify_ids", verify)
        monkeypatch.setattr(run_attempt, "list_account", listed)
        monkeypatch.setattr(run_attempt, "refuse_unlisted", lambda *_given, **_more: unlisted)

    def check(asked: Request) -> CheckedPlan:
        return anyio.run(partial(make_checked_plan, campaign, work, asked, anew=False))

    for up_to_budget in (False, True):
        say({"second": "the look l1 cannot be used"}, {"third": "no list"})
        shown = check(request)
        agreed = fit_budget(shown.plan, Decimal(2)) if up_to_budget else shown.plan
        asked = replace(request, up_to_budget=up_to_budget, refused=(*shown.refused.items(),))
        queue: Any = database.queue
        packed = RunPacker(Console(), queue, asked).pack(campaign, work, agreed, asked)
        assert packed is not None
        assert packed.most_usd == agreed.worst_case
        for refused, unlisted in (({}, {}), ({"second": "it is gone"}, {"fourth": "no list"})):
            say(refused, unlisted)
            carried_out = check(replace(packed.request(), manifest=manifest))
            left_out = {**shown.refused, **unlisted}
            assert carried_out.refused == left_out
            assert {a.key for a in carried_out.plan.actions if not a.takes} == {*left_out}
    ledger.close()


def schedule(manifest: Path, *arguments: str) -> str:
    """Run ``lookbook cluster schedule`` without a key; return all that it said."""
    context = Context(environment={}, home=str(manifest.parent))
    given = ["--on", "memory", "schedule", *arguments]
    done = CliRunner().invoke(find_command("cluster"), given, obj=context, standalone_mode=False)
    if isinstance(done.exception, click.UsageError):
        return done.exception.format_message()
    if isinstance(done.exception, LookbookError):
        return done.exception.message
    assert done.exception is None, done.exception
    return done.output


def test_a_schedule_runs_what_is_new_each_time_within_its_ceiling(
    database: MemoryDatabase,
    manifest: Path,
    started: Callable[..., list[tuple[Campaign, Request]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("croniter", reason="the extra `distributed` brings it")
    monkeypatch.setattr("runner.cli.cluster_open.open_queue", lambda _address: database.queue)
    monkeypatch.setattr(database, "cluster", object())
    database.queue.enlist("one", [ME], 8)
    add = ("add", "0 2 * * *", str(manifest), "--zone", "Europe/Berlin")
    assert "Missing option '--max-cost'" in schedule(manifest, *add)
    assert "is not a cron expression" in schedule(
        manifest, "add", "daily", str(manifest), "--max-cost", "3"
    )
    said = schedule(manifest, *add, "--max-cost", "3")
    assert (
        "spring on api.example/me at '0 2 * * *' (Europe/Berlin), next on 1970-01-01 02:00 CET"
        in (" ".join(said.split()))
    )
    assert "spends at most $3.00" in said
    (made,) = database.queue.list_schedules()
    assert made.id in schedule(manifest, "list")
    database.queue.now = made.next_at
    (due,) = database.queue.start_due([ME])
    queued = database.queue.packs[due.last_run or ""]
    seen = started(5, 0)
    assert carry_out(queued, database, manifest, 1, Context()) == 5
    fill(database.find_ledger(ME, "spring").open(concurrency=1, **settings()), manifest)
    assert carry_out(queued, database, manifest, 2, Context()) == 0
    assert [(one.saved, one.max_cost, one.up_to_budget) for _, one in seen] == [
        (None, Decimal(3), True)
    ] * 2
    assert "is removed" in schedule(manifest, "remove", made.id)
    assert "There is no schedule" in schedule(manifest, "remove", made.id)
    assert "none: `lookbook cluster schedule add`" in schedule(manifest, "list")
