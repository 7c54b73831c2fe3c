"""A store beside a command's work: what is said, the exit code, and what is done later."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import anyio
import pytest

from runner.canonical import sha256_hex
from runner.cli import store_sync
from runner.cli.commands.worker import command
from runner.cli.context import Context
from runner.cli.session import OpenSession
from runner.cli.store_sync import SessionSync, check_store
from runner.errors import UsageError
from runner.ledger.shared import SharedLedgers
from runner.policy.lifecycle import Event
from runner.store.campaign import name_place
from runner.store.port import NamedStore, StoreTrouble
from runner.takes import Take
from tests.cli.hands import ACCOUNT, Office
from tests.executor.harness import look
from tests.store.memory import AWAY, MemoryStore

NAME = "s3://studio/looks"
PLACE = name_place(ACCOUNT, "spring")


@pytest.fixture
def store(office: Office) -> MemoryStore:
    store = MemoryStore()
    office.context = office.context._replace(store=NamedStore(store, NAME))
    return store


def open_sync(work: OpenSession) -> SessionSync:
    assert work.outside.store is not None
    return SessionSync(work, work.outside.store)


async def fetched(office: Office, work: OpenSession, key: str) -> Take:
    """Write down a take whose picture is on disk."""
    take = await office.bought(work.ledger, key)  # type: ignore[arg-type]
    content = f"picture of {key}".encode()
    image = work.state.folder / "images" / f"{key}.1.png"
    image.parent.mkdir(exist_ok=True)
    image.write_bytes(content)
    facts = {"image": f"images/{image.name}", "sha256": sha256_hex(content)}
    return await work.ledger.record(take.uid, Event.FETCHED, facts)


def write_pages(folder: Path) -> None:
    (folder / "results.json").write_text("{}")
    (folder / "catalog.html").write_text("<html>")


async def test_pictures_are_copied_beside_the_work_and_the_pages_at_its_end(
    office: Office,
    store: MemoryStore,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(store_sync, "EVERY", 0.01)
    monkeypatch.setattr(store_sync, "BATCH", 1)
    async with office.open_session(office.campaign(look("navy"), look("coat"))) as work:
        work.begin("run")
        sync = open_sync(work)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(sync.keep_copying)
            takes = [await fetched(office, work, key) for key in ("navy", "coat")]
            with anyio.fail_after(20):
                while not all(f"{PLACE}/{take.image}" in store.objects for take in takes):  # noqa: ASYNC110
                    await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()
        assert f"{PLACE}/results.json" not in store.objects
        write_pages(work.state.folder)
        assert await sync.finish(0) == 0
        assert await sync.finish(4) == 4
    assert store.objects[f"{PLACE}/catalog.html"] == b"<html>"
    assert f"store: {NAME}/{PLACE}/catalog.html" in capsys.readouterr().out


def test_a_run_with_a_store_asks_it_before_and_copies_to_it_at_the_end(
    office: Office, store: MemoryStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store.trouble = AWAY
    assert office.run(office.campaign(look("navy"))) == 1
    told = capsys.readouterr().err
    assert f"The store {NAME} does not answer: {AWAY.reason}." in told
    assert f"not in {NAME} yet" in told


async def test_a_store_that_is_away_loses_nothing_and_is_told_with_the_code_of_a_failure(
    office: Office, store: MemoryStore, capsys: pytest.CaptureFixture[str]
) -> None:
    store.trouble = AWAY
    async with office.open_session(office.campaign(look("navy"))) as work:
        work.begin("run")
        take = await fetched(office, work, "navy")
        write_pages(work.state.folder)
        sync = open_sync(work)
        await sync.pull([take])
        assert await sync.finish(0) == 1
        assert await sync.finish(4) == 4
    told = capsys.readouterr().err
    assert f"The store {NAME} does not answer: {AWAY.reason}." in told
    assert f"navy#1: not in {NAME} yet: {AWAY.reason}." in told
    assert "`lookbook fetch` with this store copies it" in told
    store.trouble = None
    async with office.open_session(office.campaign(look("navy"))) as work:
        assert await open_sync(work).finish(0) == 0
    assert {f"{PLACE}/{take.image}", f"{PLACE}/catalog.html"} <= store.objects.keys()


async def test_a_store_that_refuses_is_an_error_before_anything_is_sent(
    office: Office, store: MemoryStore
) -> None:
    store.trouble = StoreTrouble("HTTP 403 Forbidden (AccessDenied)", lasting=True)
    async with office.open_session(office.campaign(look("navy"))) as work:
        with pytest.raises(UsageError, match="cannot be used: HTTP 403 Forbidden"):
            await open_sync(work).pull([])


async def test_a_missing_picture_comes_from_the_store_and_a_damaged_one_does_not(
    office: Office, store: MemoryStore, capsys: pytest.CaptureFixture[str]
) -> None:
    async with office.open_session(office.campaign(look("navy"), look("coat"))) as work:
        work.begin("run")
        navy, coat = await fetched(office, work, "navy"), await fetched(office, work, "coat")
        assert await open_sync(work).finish(0) == 0
        store.objects[f"blobs/{coat.sha256}"] = b"half"
        for take in (navy, coat):
            (work.state.folder / str(take.image)).unlink()
        await open_sync(work).pull([navy, coat])
        assert (work.state.folder / str(navy.image)).read_bytes() == b"picture of navy"
        assert not (work.state.folder / str(coat.image)).exists()
    told = capsys.readouterr().err
    assert f"1 picture from {NAME}." in told
    assert "The store has a damaged picture of coat#1" in told


async def test_a_run_that_was_asked_to_stop_copies_nothing_more_and_says_so(
    office: Office, store: MemoryStore, capsys: pytest.CaptureFixture[str]
) -> None:
    async with office.open_session(office.campaign(look("navy"))) as work:
        work.begin("run")
        await fetched(office, work, "navy")
        work.context.interrupt()
        assert await open_sync(work).finish(4) == 4
    assert store.written == []
    assert "1 picture not copied to the store yet" in capsys.readouterr().err


def test_a_worker_says_at_its_start_that_its_store_is_away_and_ends_where_it_refuses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    store = MemoryStore()
    named = NamedStore(store, NAME)
    check_store(named)
    assert (store.asked, capsys.readouterr().err) == (1, "")
    store.trouble = AWAY
    check_store(named)
    assert f"The store {NAME} does not answer: HTTP 503" in capsys.readouterr().err
    store.trouble = StoreTrouble("HTTP 404 Not Found (NoSuchBucket)", lasting=True)
    database: Any = SimpleNamespace(name="memory", address="memory")
    monkeypatch.setattr("runner.queue.opening.open_engine", lambda _address: None)
    worker = cast("Any", command.callback).__wrapped__
    with pytest.raises(UsageError, match="cannot be used: HTTP 404"):
        worker(
            Context(environment={}),
            on=SharedLedgers(database),
            names=(),
            slots=1,
            store=named,
            folder=tmp_path,
            metrics=None,
        )
