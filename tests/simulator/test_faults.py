"""Faults: what each does to a request, and that the seed alone decides where they strike."""

from typing import Any

import anyio
import httpx
import pytest

from tests.simulator.client import START, MakeSimulator, SimulatorClient, error_of

pytestmark = pytest.mark.anyio


async def charged(simulator: SimulatorClient) -> int:
    return len((await simulator.stats())["charges"])


@pytest.mark.parametrize("kind", ["drop-request", "drop-response"])
async def test_a_dropped_connection_is_the_same_error_as_over_the_wire(
    make: MakeSimulator, kind: str
) -> None:
    simulator = make(faults=[f"{kind}:1"])
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        await simulator.create(key="k")
    assert await charged(simulator) == (1 if kind == "drop-response" else 0)
    assert (await simulator.stats())["faults"] == {kind: 1}


async def test_a_truncated_answer_is_done_and_cut_short(make: MakeSimulator) -> None:
    simulator = make(faults=["truncate:1"])
    with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
        await simulator.create()
    assert await charged(simulator) == 1


async def test_garbage_is_done_and_not_json(make: MakeSimulator) -> None:
    simulator = make(faults=["garbage:1"])
    answer = await simulator.create()
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="Expecting value"):
        answer.json()
    assert await charged(simulator) == 1


@pytest.mark.parametrize(
    ("kind", "status", "code", "done"),
    [
        ("error-500", 500, "internal_error", 0),
        ("error-503", 503, "service_unavailable", 0),
        ("error-500-after", 500, "internal_error", 1),
        ("rate-limit", 429, "rate_limit_exceeded", 0),
    ],
)
async def test_an_error_comes_before_or_after_the_work(
    make: MakeSimulator, kind: str, status: int, code: str, done: int
) -> None:
    simulator = make(faults=[f"{kind}:1"])
    answer = await simulator.create()
    assert error_of(answer)[:2] == (status, code)
    assert answer.headers.get("Retry-After") == ("1" if kind == "rate-limit" else None)
    assert await charged(simulator) == done
    rejected = (await simulator.stats())["rejected"]
    assert rejected == ({} if done else {str(status): 1})


@pytest.mark.parametrize(
    ("kind", "status", "done"),
    [("gateway-403", 403, 0), ("gateway-404", 404, 0), ("gateway-502", 502, 0),
     ("gateway-504", 504, 1)],
)  # fmt: skip
async def test_a_gateway_answers_with_a_page_of_its_own(
    make: MakeSimulator, kind: str, status: int, done: int
) -> None:
    simulator = make(faults=[f"{kind}:1"])
    answer = await simulator.create()
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html")
    assert "error" not in answer.text
    assert await charged(simulator) == done
    assert (await simulator.get("/v3/users/me")).status_code == status


async def test_a_denied_generation_and_an_error_with_200_do_nothing(make: MakeSimulator) -> None:
    for kind, status, code in (
        ("deny", 403, "resource_access_denied"),
        ("error-body", 200, "internal_error"),
    ):
        simulator = make(faults=[f"{kind}:1"])
        assert error_of(await simulator.create())[:2] == (status, code)
        assert (await simulator.get("/v3/users/me")).json()["data"]
        assert await charged(simulator) == 0


async def test_slow_delays_the_answer_and_not_the_work(make: MakeSimulator) -> None:
    simulator = make(faults=["slow:1"], slow_seconds=5.0, latency="fixed:2")
    answer = await simulator.create()
    assert simulator.clock.now == START + 5
    look = await simulator.look(answer.json()["data"]["avatar_item"]["id"])
    assert look["status"] == "completed"


async def test_an_expired_link_is_met_once_and_then_fresh_ones_are_given(
    make: MakeSimulator,
) -> None:
    simulator = make(faults=["expired-link:1"])
    look = await simulator.finished()
    await simulator.look(look["id"])
    stale = (await simulator.look(look["id"]))["preview_image_url"]
    assert (await simulator.get(stale)).status_code == 403
    fresh = (await simulator.look(look["id"]))["preview_image_url"]
    assert (await simulator.get(fresh)).status_code == 200


async def test_a_look_that_drifts_shows_somebody_else_and_passes_that_on(
    make: MakeSimulator,
) -> None:
    simulator = make()
    base = await simulator.finished()
    faithful = await simulator.finished(avatar_id=base["id"])
    simulator.sim.settings = make(faults=["drift:1"]).sim.settings
    drifted = await simulator.finished(avatar_id=base["id"])
    own = await simulator.finished()
    simulator.sim.settings = make().sim.settings
    after = await simulator.finished(avatar_id=drifted["id"])
    faces = simulator.sim.account.looks
    first, kept, other, more = (faces[look["id"]] for look in (base, faithful, drifted, after))
    assert kept.face == first.face
    assert other.face != first.face
    assert other.gender == first.gender
    assert more.face == other.face
    assert faces[own["id"]].face not in (first.face, other.face)
    assert (await simulator.stats())["faults"]["drift"] == 1


async def test_own_pages_and_figures_suffer_no_faults_and_need_no_key(make: MakeSimulator) -> None:
    simulator = make(faults=["drop-request:1"])
    anyone = httpx.AsyncClient(transport=httpx.ASGITransport(simulator.app))
    for path in ("/", "/__simulator__/stats", "/openapi.json"):
        assert (await anyone.get(f"http://simulator.test{path}")).status_code == 200
    assert (await simulator.stats())["requests"] == {}


async def test_pictures_can_be_lost_on_the_way_too(make: MakeSimulator) -> None:
    simulator = make()
    link = (await simulator.finished())["preview_image_url"]
    simulator.sim.settings = make(faults=["truncate:1"]).sim.settings
    with pytest.raises(httpx.RemoteProtocolError):
        await simulator.get(link)


async def test_a_probability_strikes_about_as_often_as_it_says(make: MakeSimulator) -> None:
    simulator = make(faults=["error-503:0.2", "rate-limit:0.05"])
    for _ in range(400):
        await simulator.get("/v3/users/me")
    faults = (await simulator.stats())["faults"]
    assert 50 <= faults["error-503"] <= 110
    assert 5 <= faults["rate-limit"] <= 40


async def a_run(simulator: SimulatorClient) -> list[Any]:
    """A little of everything, and whatever came of it."""
    seen: list[Any] = []
    for index in range(30):
        try:
            answer = await simulator.create(key=f"key-{index}", name=f"Look {index}")
            seen.append((answer.status_code, answer.text, dict(answer.headers)))
            listed = await simulator.get("/v3/avatars/looks", params={"limit": 5})
            seen.append(listed.text)
        except httpx.TransportError as error:
            seen.append(repr(error))
        simulator.wait(3)
    return [*seen, await simulator.stats()]


FAULTS = ["drop-response:0.1", "error-500:0.1", "fail-generation:0.2", "slow:0.1", "garbage:0.1"]


async def test_two_simulators_with_one_seed_answer_alike(make: MakeSimulator) -> None:
    options: dict[str, Any] = {"faults": FAULTS, "latency": "lognormal:4,0.4", "concurrency": 2}
    one, other = make(seed=7, **options), make(seed=7, **options)
    assert await a_run(one) == await a_run(other)
    third = make(seed=8, **options)
    assert await a_run(third) != await a_run(make(seed=7, **options))


async def test_one_fault_does_not_move_where_another_strikes(make: MakeSimulator) -> None:
    async def refused(faults: list[str]) -> list[int]:
        simulator = make(faults=faults)
        answers = [await simulator.get("/v3/users/me") for _ in range(60)]
        return [index for index, answer in enumerate(answers) if answer.status_code == 503]

    assert await refused(["error-503:0.2"]) == await refused(["slow:0.5", "error-503:0.2"])


def test_the_simulator_runs_on_both_event_loops(make: MakeSimulator, any_loop: str) -> None:
    simulator = make(faults=["slow:1", "drop-response:0.5"])
    outcome = anyio.run(a_run, simulator, backend=any_loop)
    assert outcome == anyio.run(a_run, make(faults=["slow:1", "drop-response:0.5"]))


async def test_a_call_that_the_client_gave_up_frees_its_key(make: MakeSimulator) -> None:
    simulator = make(faults=["slow:1"])
    simulator.sim.sleep = anyio.sleep
    with anyio.move_on_after(0.01):
        await simulator.create(key="k")
    simulator.sim.sleep = simulator.clock.sleep
    assert (await simulator.create(key="k")).status_code == 200
    assert await charged(simulator) == 1
