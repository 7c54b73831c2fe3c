"""The state file: nothing that was answered is lost, and nothing else is believed."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from runner.simulator.blobs import Blobs
from runner.simulator.journal import StateError
from tests.simulator.client import DAY, MakeSimulator, SimulatorClient, png

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


async def everything(simulator: SimulatorClient) -> dict[str, Any]:
    """Return what a client can see of an account, links aside."""
    pages = {}
    for path in ("/v3/avatars/looks", "/v3/avatars"):
        pages[path] = (await simulator.get(path, params={"limit": 50})).json()
    text = json.dumps(pages)
    return {"pages": text.split("signature")[0], "stats": await simulator.stats()}


async def reopened(
    make: MakeSimulator, simulator: SimulatorClient, state: Path, **options: Any
) -> SimulatorClient:
    """The same account in a new simulator, at the same moment of time."""
    simulator.close()
    again = make(state=state, **options)
    again.clock.now = simulator.clock.now
    return again


async def test_an_account_outlives_its_simulator(make: MakeSimulator, state: Path) -> None:
    simulator = make(state=state, faults=["fail-generation:0.3"])
    base = await simulator.finished(name="Sarah")
    for index in range(5):
        await simulator.made(avatar_id=base["id"], name=f"Look {index}", key=f"k{index}")
        simulator.wait(5)
    await simulator.client.delete(f"/v3/avatars/looks/{base['id']}")
    asset = await simulator.asset(png())
    before = await everything(simulator)
    simulator = await reopened(make, simulator, state)
    after = await everything(simulator)
    assert after["pages"] == before["pages"]
    for name in ("charges", "looks", "groups", "spent_usd", "peak_in_progress"):
        assert after["stats"][name] == before["stats"][name]
    link = (await simulator.get(f"/v3/assets/{asset}")).json()["data"]["url"]
    assert (await simulator.get(link)).content == png()


async def test_endpoints_of_webhooks_in_an_older_state_file_are_left_out(
    make: MakeSimulator, state: Path
) -> None:
    simulator = make(state=state)
    await simulator.made(name="Sarah")
    before = await everything(simulator)
    simulator.close()
    row = {"id": "endpoint_1", "url": "https://a.example/", "events": [], "secret": "s"}
    entries = [["webhook", {**row, "created_at": 1}], ["-", "webhook", "endpoint_1"]]
    write(state, content(state) + json.dumps(entries).encode() + b"\n")
    assert (await everything(await reopened(make, simulator, state)))["pages"] == before["pages"]
    assert b"webhook" not in content(state)


async def test_idempotency_and_ready_times_survive(make: MakeSimulator, state: Path) -> None:
    simulator = make(state=state, latency="fixed:100")
    first = await simulator.create(key="k")
    look_id = first.json()["data"]["avatar_item"]["id"]
    simulator.wait(60)
    simulator = await reopened(make, simulator, state, latency="fixed:100")
    assert (await simulator.create(key="k")).content == first.content
    assert (await simulator.look(look_id))["status"] == "processing"
    assert (await simulator.stats())["in_progress"] == 1
    simulator.wait(40)
    assert (await simulator.look(look_id))["status"] == "completed"
    simulator.wait(DAY)
    second = await simulator.create(key="k")
    assert second.content != first.content
    simulator = await reopened(make, simulator, state, latency="fixed:100")
    assert (await simulator.create(key="k")).content == second.content
    simulator.wait(DAY)
    assert (await simulator.create(key="k")).content != second.content


async def test_chance_goes_on_where_it_was(make: MakeSimulator, state: Path) -> None:
    unbroken = make(faults=["error-503:0.5"])
    broken = make(state=state, faults=["error-503:0.5"])
    one, other = [], []
    for index in range(20):
        one.append((await unbroken.get("/v3/users/me")).status_code)
        other.append((await broken.get("/v3/users/me")).status_code)
        if index == 10:
            broken = await reopened(make, broken, state, faults=["error-503:0.5"])
    assert one == other


async def test_a_line_torn_by_a_crash_is_dropped_whole(make: MakeSimulator, state: Path) -> None:
    simulator = make(state=state)
    await simulator.finished(name="Kept", key="kept")
    kept = content(state)
    await simulator.create(name="Torn", key="torn")
    line = content(state)[len(kept) :]
    simulator.close()
    for length in (1, len(line) // 2, len(line) - 1):
        write(state, kept + line[:length])
        simulator = make(state=state)
        figures = await simulator.stats()
        assert [charge["name"] for charge in figures["charges"]] == ["Kept"]
        assert (figures["looks"], figures["groups"]) == (1, 1)
        simulator.close()


async def test_what_was_answered_is_in_the_file_already(make: MakeSimulator, state: Path) -> None:
    simulator = make(state=state)
    await simulator.create(key="k")
    assert b'"idempotency_key":"k"' in content(state)
    for _ in range(3):
        await simulator.get("/v3/users/me")
    assert content(state).count(b"GET /v3/users/me") == 3


async def test_the_file_is_rewritten_shorter_when_it_is_opened(
    make: MakeSimulator, state: Path
) -> None:
    simulator = make(state=state)
    for _ in range(300):
        await simulator.get("/v3/users/me")
    long = len(content(state))
    simulator = await reopened(make, simulator, state)
    assert len(content(state)) < long / 3
    assert (await simulator.stats())["requests"] == {"GET /v3/users/me": 300}


async def test_a_file_that_a_live_simulator_holds_is_refused(
    make: MakeSimulator, state: Path
) -> None:
    simulator = make(state=state)
    with pytest.raises(StateError, match="in use"):
        make(state=state)
    simulator.close()
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
    make: MakeSimulator, tmp_path: Path, wrong: bytes
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
    make: MakeSimulator, tmp_path: Path, ending: str, kind: str
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
    make: MakeSimulator, state: Path, name: str
) -> None:
    simulator = make(state=state)
    asset = await simulator.asset(png())
    digest = next(state.with_name("state.files").iterdir()).name
    simulator.close()
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


async def test_deleted_files_leave_the_folder(make: MakeSimulator, state: Path) -> None:
    simulator = make(state=state)
    one, other = await simulator.asset(png(9, 9)), await simulator.asset(png(9, 9))
    folder = state.with_name("state.files")
    assert len(files(folder)) == 1
    await simulator.client.delete(f"/v3/assets/{one}")
    assert len(files(folder)) == 1
    await simulator.client.delete(f"/v3/assets/{other}")
    assert files(folder) == []


async def test_without_a_state_file_nothing_is_left_behind(make: MakeSimulator) -> None:
    simulator = make()
    await simulator.asset(png(9, 9))
    folder = simulator.sim.blobs.folder
    assert folder is not None
    assert files(folder)
    simulator.close()
    assert not Path.exists(folder)
