"""The state file: nothing that was answered is lost, and nothing else is believed."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from runner.simulator.blobs import Blobs
from runner.simulator.journal import StateError
from tests.simulator.client import DAY, MakeWorld, SimulatorClient, png

pytestmark = pytest.mark.anyio


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "account" / "state"


def content(path: Path) -> bytes:
    """Read a file; it is small, and these tests have nothing else to do meanwhile."""
    return path.read_bytes()


def write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def everything(world: SimulatorClient) -> dict[str, Any]:
    """Return what a client can see of an account, links aside."""
    pages = {}
    for path in ("/v3/avatars/looks", "/v3/avatars"):
        pages[path] = (await world.get(path, params={"limit": 50})).json()
    text = json.dumps(pages)
    return {"pages": text.split("signature")[0], "stats": await world.stats()}


async def reopened(
    make: MakeWorld, world: SimulatorClient, state: Path, **options: Any
) -> SimulatorClient:
    """The same account in a new simulator, at the same moment of time."""
    world.close()
    again = make(state=state, **options)
    again.clock.now = world.clock.now
    return again


async def test_an_account_outlives_its_simulator(make: MakeWorld, state: Path) -> None:
    world = make(state=state, faults=["fail-generation:0.3"])
    base = await world.finished(name="Sarah")
    for index in range(5):
        await world.made(avatar_id=base["id"], name=f"Look {index}", key=f"k{index}")
        world.wait(5)
    await world.client.delete(f"/v3/avatars/looks/{base['id']}")
    asset = await world.asset(png())
    before = await everything(world)
    world = await reopened(make, world, state)
    after = await everything(world)
    assert after["pages"] == before["pages"]
    for name in ("charges", "looks", "groups", "spent_usd", "peak_in_progress"):
        assert after["stats"][name] == before["stats"][name]
    link = (await world.get(f"/v3/assets/{asset}")).json()["data"]["url"]
    assert (await world.get(link)).content == png()


async def test_endpoints_of_webhooks_in_an_older_state_file_are_left_out(
    make: MakeWorld, state: Path
) -> None:
    world = make(state=state)
    await world.made(name="Sarah")
    before = await everything(world)
    world.close()
    row = {"id": "endpoint_1", "url": "https://a.example/", "events": [], "secret": "s"}
    entries = [["webhook", {**row, "created_at": 1}], ["-", "webhook", "endpoint_1"]]
    write(state, content(state) + json.dumps(entries).encode() + b"\n")
    assert (await everything(await reopened(make, world, state)))["pages"] == before["pages"]
    assert b"webhook" not in content(state)


async def test_idempotency_and_ready_times_survive(make: MakeWorld, state: Path) -> None:
    world = make(state=state, latency="fixed:100")
    first = await world.create(key="k")
    look_id = first.json()["data"]["avatar_item"]["id"]
    world.wait(60)
    world = await reopened(make, world, state, latency="fixed:100")
    assert (await world.create(key="k")).content == first.content
    assert (await world.look(look_id))["status"] == "processing"
    assert (await world.stats())["in_progress"] == 1
    world.wait(40)
    assert (await world.look(look_id))["status"] == "completed"
    world.wait(DAY)
    second = await world.create(key="k")
    assert second.content != first.content
    world = await reopened(make, world, state, latency="fixed:100")
    assert (await world.create(key="k")).content == second.content
    world.wait(DAY)
    assert (await world.create(key="k")).content != second.content


async def test_chance_goes_on_where_it_was(make: MakeWorld, state: Path) -> None:
    unbroken = make(faults=["error-503:0.5"])
    broken = make(state=state, faults=["error-503:0.5"])
    one, other = [], []
    for index in range(20):
        one.append((await unbroken.get("/v3/users/me")).status_code)
        other.append((await broken.get("/v3/users/me")).status_code)
        if index == 10:
            broken = await reopened(make, broken, state, faults=["error-503:0.5"])
    assert one == other


async def test_a_line_torn_by_a_crash_is_dropped_whole(make: MakeWorld, state: Path) -> None:
    world = make(state=state)
    await world.finished(name="Kept", key="kept")
    kept = content(state)
    await world.create(name="Torn", key="torn")
    line = content(state)[len(kept) :]
    world.close()
    for length in (1, len(line) // 2, len(line) - 1):
        write(state, kept + line[:length])
        world = make(state=state)
        figures = await world.stats()
        assert [charge["name"] for charge in figures["charges"]] == ["Kept"]
        assert (figures["looks"], figures["groups"]) == (1, 1)
        world.close()


async def test_what_was_answered_is_in_the_file_already(make: MakeWorld, state: Path) -> None:
    world = make(state=state)
    await world.create(key="k")
    assert b'"idempotency_key":"k"' in content(state)
    for _ in range(3):
        await world.get("/v3/users/me")
    assert content(state).count(b"GET /v3/users/me") == 3


async def test_the_file_is_rewritten_shorter_when_it_is_opened(
    make: MakeWorld, state: Path
) -> None:
    world = make(state=state)
    for _ in range(300):
        await world.get("/v3/users/me")
    long = len(content(state))
    world = await reopened(make, world, state)
    assert len(content(state)) < long / 3
    assert (await world.stats())["requests"] == {"GET /v3/users/me": 300}


async def test_a_file_that_a_live_simulator_holds_is_refused(make: MakeWorld, state: Path) -> None:
    world = make(state=state)
    with pytest.raises(StateError, match="in use"):
        make(state=state)
    world.close()
    make(state=state)


WRONG = (
    b"hello\n",
    b"no line break",
    b"[]\n",
    b'{"simulator":99}\n',
    b'{"simulator":1}\n["x"]\n',
    b'{"simulator":1}\n[["x",1]]\n',
    b'{"simulator":1}\n[["look",{"id":"a"}]]\n',
    b'{"simulator":1}\n7\n',
    b'{"simulator":1}\n' + b"[" * 100_000 + b"\n",
    b'{"simulator":1}\n[["group",{"seq":[],"id":"g","name":"G","created_at":1}]]\n',
    b'{"simulator":1}\n[["look",{"seq":1,"id":"l","kind":"other","made_at":NaN}]]\n',
)


@pytest.mark.parametrize("wrong", WRONG)
def test_a_file_that_is_no_state_is_refused_and_left_alone(
    make: MakeWorld, tmp_path: Path, wrong: bytes
) -> None:
    path = tmp_path / "state"
    path.write_bytes(wrong)
    with pytest.raises(StateError, match="state"):
        make(state=path)
    assert path.read_bytes() == wrong
    path.unlink()
    make(state=path)


@pytest.mark.parametrize("ending", ["", ".lock", ".new", ".files"])
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_state_file_that_leads_elsewhere_is_refused(
    make: MakeWorld, tmp_path: Path, ending: str, kind: str
) -> None:
    place, victim = tmp_path / f"state{ending}", tmp_path / "victim"
    victim.write_text("somebody's")
    if kind == "link":
        place.symlink_to(victim)
    else:
        os.mkfifo(place)
    with pytest.raises(StateError, match=r"is not a (file|folder)"):
        make(state=tmp_path / "state")
    assert victim.read_text() == "somebody's"


@pytest.mark.parametrize("name", ["../victim", "victim", "", ".", "A" * 64])
async def test_files_that_a_state_file_names_elsewhere_are_neither_read_nor_deleted(
    make: MakeWorld, state: Path, name: str
) -> None:
    world = make(state=state)
    asset = await world.asset(png())
    digest = next(state.with_name("state.files").iterdir()).name
    world.close()
    for victim in (state.with_name("victim"), state.with_name("state.files") / "victim"):
        victim.write_text("somebody's")
    write(state, content(state).replace(digest.encode(), name.encode()))
    again = make(state=state)
    link = (await again.get(f"/v3/assets/{asset}")).json()["data"]["url"]
    assert (await again.client.get(link)).status_code == 404
    assert (await again.client.delete(f"/v3/assets/{asset}")).status_code == 200
    assert state.with_name("victim").exists()
    assert (state.with_name("state.files") / "victim").exists()


def test_a_stored_file_that_is_a_link_or_a_pipe_is_not_there(tmp_path: Path) -> None:
    digest, blobs = "a" * 64, Blobs(tmp_path)
    (tmp_path / "victim").write_text("somebody's")
    (tmp_path / digest).symlink_to(tmp_path / "victim")
    assert blobs.read(digest) is None
    (tmp_path / digest).unlink()
    os.mkfifo(tmp_path / digest)
    assert blobs.read(digest) is None


async def test_deleted_files_leave_the_folder(make: MakeWorld, state: Path) -> None:
    world = make(state=state)
    one, other = await world.asset(png(9, 9)), await world.asset(png(9, 9))
    folder = state.with_name("state.files")
    assert len(files(folder)) == 1
    await world.client.delete(f"/v3/assets/{one}")
    assert len(files(folder)) == 1
    await world.client.delete(f"/v3/assets/{other}")
    assert files(folder) == []


async def test_without_a_state_file_nothing_is_left_behind(make: MakeWorld) -> None:
    world = make()
    await world.asset(png(9, 9))
    folder = world.sim.blobs.folder
    assert folder is not None
    assert files(folder)
    world.close()
    assert not Path.exists(folder)
