"""What the page is told and what it may do: reviews, picks, a basket and its price."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import Mock

import anyio
import anyio.lowlevel
import httpx
import pytest
from PIL import Image

from runner.answers import compute_ref
from runner.cli.context import Context
from runner.cli.decision_queue import list_queued
from runner.cli.request import load_campaign, load_saved_plan
from runner.cli.review_desk import ReviewDesk
from runner.cli.review_reading import CampaignReader
from runner.cli.session import OpenSession
from runner.cli.supervise import take_in_decisions, take_pause_wish
from runner.errors import StorageError, UsageError
from runner.ledger.ledger import LedgerFile
from runner.ledger.lock import lock_ledger
from runner.ledger.reading import read_snapshot
from runner.ledger.runs import LastRun
from runner.ledger.shared import SharedLedgers
from runner.ledger.state_dirs import StateDir
from runner.plan.request import Request
from runner.policy.lifecycle import Event
from runner.review.app import _Service, _Stream
from runner.review.desk import Declined
from runner.shell import quote_command
from runner.takes import Account
from tests.ledger.names import Ticking


async def test_a_review_is_written_told_and_undone(page: httpx.AsyncClient, manifest: Path) -> None:
    asked = {"takes": ["base#1"], "state": "rejected", "reason": "too dark", "by": "Ada"}
    assert (await page.post("/api/review", json=asked)).json()["waits"] is False
    state = (await page.get("/api/state")).json()
    review = state["looks"]["base"]["takes"][0]["review"]
    assert (review["state"], review["reason"], review["by"]) == ("rejected", "too dark", "Ada")
    wrong = await page.post("/api/review", json=asked | {"reason": " "})
    assert wrong.status_code == 409
    assert "needs a reason" in wrong.json()["error"]["message"]
    await page.post("/api/review", json={"takes": ["base#1"], "state": "undecided"})
    (review,) = read_snapshot(manifest.with_suffix(".lookbook") / "ledger.sqlite").reviews.values()
    assert review.state == "undecided"


def test_while_a_run_holds_the_ledger_decisions_wait_and_are_shown_all_the_same(
    desk: ReviewDesk, manifest: Path
) -> None:
    desk.state()
    folder = manifest.with_suffix(".lookbook")
    with lock_ledger(folder, now=1.0):
        done = desk.review({"takes": ["office#1"], "state": "approved"})
        assert done["waits"] is True
        assert desk.pick({"take": "base#2"}) == {"before": "base#1", "waits": True}
        news = desk.news()
    assert news is not None
    assert news["looks"]["office"]["takes"][0]["review"]["state"] == "approved"
    assert [take["picked"] for take in news["looks"]["base"]["takes"]] == [False, True]
    assert news["looks"]["office"]["state"] == "stale"
    before = read_snapshot(folder / "ledger.sqlite")
    assert before.picks["base"] == before.takes["base"][0].uid
    desk.close()
    after = read_snapshot(folder / "ledger.sqlite")
    assert after.picks["base"] == after.takes["base"][1].uid
    assert [review.state for review in after.reviews.values()] == ["approved"]
    assert not list_queued(StateDir(folder))


def test_a_run_of_another_process_takes_in_picks_and_the_wish_to_pause(
    manifest: Path, desk: ReviewDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = StateDir(manifest.with_suffix(".lookbook"))
    ticking = Ticking()
    ledger = LedgerFile(state.ledger, now=ticking.now, entropy=ticking, inline=True)
    run = ledger.begin(Account("api.example", "me"), "spring", {})
    desk.state()
    last = LastRun(1.0, "here", 12, run=run)
    monkeypatch.setattr(CampaignReader, "find_run_elsewhere", lambda _self: last)
    with lock_ledger(state.folder, now=1.0):
        desk.pick({"take": "base#2"})
    assert desk.pause() == {"paused": True}
    news = desk.news()
    assert news is not None
    assert news["run"]["paused"] is True
    said: list[str] = []
    context: Any = SimpleNamespace(interrupted=False, observer=SimpleNamespace(said=said.append))
    context.interrupt = lambda: setattr(context, "interrupted", True)
    monkeypatch.setattr("runner.cli.supervise.GLANCE_EVERY", 0.0)
    work = cast("OpenSession", SimpleNamespace(ledger=ledger, state=state, context=context))

    async def run_until_paused() -> None:
        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(take_in_decisions, work)
                while not context.interrupted:
                    await anyio.lowlevel.checkpoint()
                tasks.cancel_scope.cancel()

    anyio.run(run_until_paused)
    base = ledger.picked("base")
    assert base is not None
    assert base.number == 2
    assert "nothing more is sent" in said[0]
    assert not take_pause_wish(state, run)
    ledger.close()
    desk.close()


@pytest.mark.parametrize(
    "hostile",
    [
        "{",
        "[]",
        '{"account": "api.example/me", "picks": [{"look": "base"}]}',
        (
            '{"account": "api.example/me",'
            ' "picks": [{"look": "base", "take": 2, "avatar_id": ["x"], "sha256": null}]}'
        ),
        '{"account": "api.example/other", "picks": []}',
    ],
)
def test_a_decision_that_cannot_be_taken_in_stops_no_run_and_is_told_once(
    manifest: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    hostile: str,
) -> None:
    state = StateDir(manifest.with_suffix(".lookbook"))
    waiting = state.folder / "picks-waiting" / "1.json"
    waiting.parent.mkdir()
    waiting.write_text(hostile)
    ticking = Ticking()
    ledger = LedgerFile(state.ledger, now=ticking.now, entropy=ticking, inline=True)
    ledger.begin(Account("api.example", "me"), "spring", {})
    context: Any = SimpleNamespace(interrupted=True)
    monkeypatch.setattr("runner.cli.supervise.GLANCE_EVERY", 0.0)
    work = cast("OpenSession", SimpleNamespace(ledger=ledger, state=state, context=context))

    async def glance_often() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(take_in_decisions, work)
            for _ in range(20):
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()

    anyio.run(glance_often)
    ledger.close()
    assert capsys.readouterr().err.count("1.json") == 1
    assert waiting.read_text() == hostile


def test_before_a_pick_it_is_told_what_becomes_out_of_date_and_what_renewing_costs(
    desk: ReviewDesk,
) -> None:
    told = desk.consequences({"take": "base#2"})
    assert told == {"stale": ["office"], "current": [], "cost_usd": 1.0, "waits": 0}
    assert desk.pick({"take": "base#2"}) == {"before": "base#1", "waits": False}
    news = desk.news()
    assert news is not None
    assert news["looks"]["office"]["state"] == "stale"
    assert desk.consequences({"take": "base#1"})["current"] == ["office"]
    desk.close()


def test_a_basket_is_priced_and_is_the_plan_that_the_command_line_knows(
    desk: ReviewDesk, manifest: Path
) -> None:
    items = [
        {"look": "street", "errand": "make"},
        {"look": "office", "errand": "more", "takes": 2},
    ]
    basket = desk.fill_basket({"items": items})
    assert (basket["count"], basket["cost_usd"], basket["left_usd"]) == (3, 3.0, 4.0)
    plan_file = manifest.with_suffix(".lookbook") / "basket.json"
    command = quote_command("lookbook", "run", manifest, "--plan", plan_file, "--max-cost", "3.00")
    assert basket["command"] == command
    saved = load_saved_plan(plan_file)
    assert (saved.saved or {})["count"] == 3
    assert [(item.look, str(item.errand)) for item in saved.basket] == [
        ("office", "more"),
        ("street", "make"),
    ]
    with pytest.raises(Declined, match="Something has moved"):
        desk.buy({"plan": basket["plan"], "cost_usd": 2.0})
    with pytest.raises(Declined, match="not generated yet"):
        desk.fill_basket({"items": [{"look": "street", "errand": "more"}]})
    with pytest.raises(ValueError, match="twice"):
        desk.fill_basket({"items": items * 2})
    assert desk.fill_basket({"items": []})["count"] == 0
    assert not plan_file.exists()
    with pytest.raises(Declined, match="nothing to buy"):
        desk.buy({"plan": "", "cost_usd": 0})
    with pytest.raises(Declined, match="has ended"):
        desk.pause()
    desk.close()


def test_a_run_from_the_page_finds_the_database_and_no_argument_holds_its_password(
    desk: ReviewDesk, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[list[Any], dict[str, str]]] = []

    def popen(arguments: list[Any], *, env: dict[str, str], **_more: Any) -> Any:
        started.append((arguments, env))
        return SimpleNamespace(poll=lambda: 0, returncode=0)

    monkeypatch.delenv("LOOKBOOK_ON", raising=False)
    monkeypatch.setattr("runner.cli.review_purchases.subprocess.Popen", popen)
    state, campaign = StateDir(manifest.with_suffix(".lookbook")), load_campaign(Request(manifest))
    for address in ("host=db user=ada password=hunter2", "host=db user=ada"):
        named: Any = SimpleNamespace(address=address, find_ceilings=lambda *_asked: [])
        on = SharedLedgers(named, ("--on", "host=db user=ada"))
        served = ReviewDesk(Context(), Request(manifest, on=on), campaign, state)
        served.state()
        basket = served.fill_basket({"items": [{"look": "street", "errand": "make"}]})
        assert "--on 'host=db user=ada'" in basket["command"]
        served.buy({"plan": basket["plan"], "cost_usd": basket["cost_usd"]})
        served.close()
    (first, its), (second, plain) = started
    assert ("--on" in first, its["LOOKBOOK_ON"]) == (False, "host=db user=ada password=hunter2")
    assert "hunter2" not in " ".join(map(str, first))
    assert ("host=db user=ada" in second, "LOOKBOOK_ON" in plain) == (True, False)


def test_a_basket_outlives_a_killed_server_and_is_one_for_all_that_serve_the_campaign(
    desk: ReviewDesk, manifest: Path
) -> None:
    desk.fill_basket({"items": [{"look": "street", "errand": "make"}]})
    state, campaign = StateDir(manifest.with_suffix(".lookbook")), load_campaign(Request(manifest))
    other = ReviewDesk(Context(), Request(manifest), campaign, state)
    assert [item["look"] for item in other.state()["basket"]["items"]] == ["street"]
    rehearsal = ReviewDesk(Context(), Request(manifest, simulate=True), campaign, state)
    assert rehearsal.state()["basket"]["items"] == []
    other.fill_basket({"items": []})
    news = desk.news()
    assert news is not None
    assert (news["basket"]["items"], news["basket"]["cost_usd"]) == ([], 0.0)
    for served in (rehearsal, other, desk):
        served.close()


def test_a_prompt_is_edited_in_its_place_goes_into_the_basket_and_comes_back_byte_by_byte(
    desk: ReviewDesk, manifest: Path
) -> None:
    before = manifest.read_bytes()
    desk.state()
    told = desk.list_prompt({"look": "office"})
    (part,) = told["parts"]
    assert (part["line"], part["looks"]) == (6, ["office"])
    new = part["text"].replace("morning light", "dusk")
    asked = {"look": "office", "part": "prompt", "text": new, "sha256": told["sha256"]}
    effect = desk.propose_edit(asked)
    assert (effect["changed"], effect["cost_usd"], effect["line"]) == (["office"], 1.0, 6)
    assert manifest.read_bytes() == before
    done = desk.write_edit(asked)
    assert manifest.read_bytes() == before.replace(b"morning light", b"dusk")
    news = desk.news()
    assert news is not None
    assert news["looks"]["office"]["state"] == "changed"
    basket = news["basket"]
    assert (basket["items"], basket["cost_usd"]) == (
        [{"look": "office", "errand": "make", "takes": 1}],
        1.0,
    )
    with pytest.raises(UsageError, match="changed meanwhile"):
        desk.write_edit(asked)
    desk.undo_edit(done)
    assert manifest.read_bytes() == before
    news = desk.news()
    assert news is not None
    assert news["basket"]["items"] == []
    with pytest.raises(Declined, match="taken back"):
        desk.undo_edit(done)
    done = desk.write_edit(asked)
    elsewhere = manifest.read_bytes() + b"# mine\n"
    manifest.write_bytes(elsewhere)
    with pytest.raises(UsageError, match="left as it is"):
        desk.undo_edit(done)
    assert manifest.read_bytes() == elsewhere
    desk.close()


def test_charges_are_listed_with_sums_and_the_command_that_lists_them(
    desk: ReviewDesk, manifest: Path
) -> None:
    told = desk.list_charges({})
    assert (told["total"], told["count"]) == ("$3.00", 3)
    assert sorted((row["take"], row["reason"]) for row in told["rows"]) == [
        ("base#1", "new"),
        ("base#2", "another take"),
        ("office#1", "new"),
    ]
    assert [heading for heading, _ in told["sums"]] == ["Month", "Reason"]
    assert told["command"] == quote_command("lookbook", "money", manifest)
    desk.close()


async def test_a_copy_for_the_client_is_made_saved_and_its_answers_are_taken_in(
    page: httpx.AsyncClient, manifest: Path
) -> None:
    await page.get("/api/state")
    asked: dict[str, object] = {"shown": ["prompts"], "every_take": True}
    none = await page.post("/api/client-copy", json=asked)
    assert "no picture to show" in none.json()["error"]["message"]
    assert (await page.get("/client-copy")).status_code == 404
    folder = manifest.with_suffix(".lookbook")
    (folder / "images").mkdir()
    Image.new("RGB", (8, 10)).save(folder / "images" / "office.1.jpg")
    data = (folder / "images" / "office.1.jpg").read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    ledger = LedgerFile(folder / "ledger.sqlite", now=lambda: 1.0, entropy=Ticking(), inline=True)
    ledger.begin(Account("api.example", "me"), "spring", {})
    uid = ledger.snapshot().takes["office"][0].uid
    facts = {"image": "images/office.1.jpg", "sha256": sha256}
    await ledger.record(uid, Event.FETCHED, facts)
    ledger.end({"exit": 0, "stopped": None})
    ledger.close()
    await page.get("/api/state")
    made = (await page.post("/api/client-copy", json=asked)).json()
    assert made["left_out"] == {"unfinished": 2, "rejected": 0}
    options = ("--for", "client", "--show", "prompts", "--all-takes")
    assert made["command"] == quote_command("lookbook", "catalog", manifest, *options)
    saved = await page.get("/client-copy")
    assert saved.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in saved.headers["content-security-policy"]
    ref = compute_ref("spring", "office", 1, sha256)
    assert ref in saved.text
    one = {"ref": ref, "sha256": sha256, "title": "office", "state": "approved"}
    given = [one | {"at": "2026-01-02T10:00:00.000Z"}]
    answers = {"version": 1, "campaign": "spring", "by": "Jo", "answers": given}
    sent = {"name": "answers.json", "answers": json.dumps(answers)}
    told = await page.post("/api/take-in", json=sent)
    assert told.json()["lines"][0] == "Jo answered: 1 approved, 0 rejected."
    broken = await page.post("/api/take-in", json=sent | {"answers": "{"})
    assert broken.status_code == 409
    assert "answers.json cannot be read" in broken.json()["error"]["message"]


def test_a_manifest_that_becomes_wrong_is_said_and_the_last_good_one_stays(
    desk: ReviewDesk, manifest: Path
) -> None:
    desk.state()
    good = manifest.read_text()
    manifest.write_text(good + "nonsense: 1\n")
    news = desk.news()
    assert news is not None
    assert "cannot be used" in news["problem"]
    manifest.write_text(good.replace("trench coat", "red coat"))
    news = desk.news()
    assert news is not None
    assert news["problem"] is None
    assert "red coat" in news["looks"]["street"]["prompt"]
    desk.close()


async def test_news_is_told_to_every_page_that_listens(desk: ReviewDesk) -> None:
    service = _Service(desk)
    await service._call(desk.state)
    streams = [_Stream(), _Stream()]
    service._streams |= {*streams}
    await service._call(desk.review, {"takes": ["base#1"], "state": "approved"})
    await service._tell_news()
    with anyio.fail_after(1):
        told = [await stream.next() for stream in streams]
    assert told[0] == told[1]
    assert "approved" in told[0]
    await service._call(desk.close)


def test_the_page_is_closed_from_another_thread_than_the_one_that_read(desk: ReviewDesk) -> None:
    with ThreadPoolExecutor(1) as worker:
        assert worker.submit(desk.news).exception() is None
    desk.close()


def test_what_could_not_be_written_is_told_and_written_as_soon_as_it_can_be(
    desk: ReviewDesk, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.cli.review_desk.IDLE", 0.0)
    folder = manifest.with_suffix(".lookbook")
    desk.state()
    desk.review({"takes": ["office#1"], "state": "approved"})
    with monkeypatch.context() as full:
        refuse = Mock(side_effect=StorageError("The disk is full."))
        full.setattr("runner.cli.outputs.write_atomic", refuse)
        news = desk.news()
    assert news is not None
    assert news["problem"] == "The disk is full. It is tried again."
    news = desk.news()
    assert news is not None
    assert news["problem"] is None
    assert '"approved"' in (folder / "results.json").read_text()
    assert desk.news() is None


def test_what_nobody_could_write_in_time_is_written_when_the_page_is_closed(
    manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.cli.review_desk.IDLE", 0.0)
    state, campaign = StateDir(manifest.with_suffix(".lookbook")), load_campaign(Request(manifest))
    desk = ReviewDesk(Context(), Request(manifest), campaign, state)
    desk.state()
    desk.review({"takes": ["office#1"], "state": "approved"})
    with lock_ledger(state.folder, now=0.0):
        desk.news()
    desk.close()
    assert (state.folder / "review.json").is_file()
    assert '"approved"' in (state.folder / "results.json").read_text()
